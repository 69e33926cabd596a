"""Remove what has ended: nothing about a sign-in is kept longer than needed. The audit stays."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore

from toono.identity import models
from toono.identity.limits import LIMITS
from toono.identity.operations import sessions
from toono.kernel.clock import now


def remove_ended() -> None:
    """Each table by an index; a second run at the same time finds nothing left and harms nothing."""
    sessions.end_aged()
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
    models.Session.objects.filter(expires_at__lt=before).exclude(ended_at=None).delete()  # so that no end goes untold
    models.Guard.objects.filter(changed_at__lt=now() - LIMITS.guard_kept).delete()


def remove_expired_cookies() -> None:
    """Rows of Django's own sessions (the portal's cookies, which hold the person's session id and a language) whose time is over."""
    SessionStore.clear_expired()
