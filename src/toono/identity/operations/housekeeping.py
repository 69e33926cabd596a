"""Remove what has ended: nothing about a sign-in is kept longer than needed. The audit stays."""

from __future__ import annotations

from toono.identity import models
from toono.identity.limits import LIMITS
from toono.kernel.clock import now


def remove_ended() -> None:
    """Each table by an index; a second run at the same time finds nothing left and harms nothing."""
    before = now() - LIMITS.kept_after_end
    models.AccessToken.objects.filter(expires_at__lt=before).delete()
    models.AuthorizationCode.objects.filter(expires_at__lt=before).delete()
    models.RefreshToken.objects.filter(expires_at__lt=before).delete()
    models.UsedValue.objects.filter(expires_at__lt=now() - LIMITS.clock_skew).delete()
    models.PushedRequest.objects.filter(expires_at__lt=before).delete()
    models.Approval.objects.filter(expires_at__lt=before).delete()
    models.LogoutDelivery.objects.filter(created_at__lt=now() - LIMITS.logout_ledger_kept).delete()
    spent = models.Grant.objects.filter(created_at__lt=before, authorizationcode=None, accesstoken=None, refreshtoken=None, approval=None)
    spent.delete()
    models.Flow.objects.filter(expires_at__lt=before).delete()
    models.Challenge.objects.filter(flow=None, created_at__lt=before).delete()
    models.AddressCount.objects.filter(window_start__lt=before).delete()
    models.Session.objects.filter(expires_at__lt=before).delete()
    models.Guard.objects.filter(changed_at__lt=now() - LIMITS.guard_kept).delete()
