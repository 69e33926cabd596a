"""Renew in time what the platform issued: the status responder, the time-stamping unit, seals, message keys."""

from __future__ import annotations

from datetime import timedelta

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.pki import queries
from toono.pki.contracts import Profile, SubjectName
from toono.pki.domain.profiles import PROFILES
from toono.pki.models import Certificate
from toono.pki.operations.issue_certificate import issue_certificate

_LONGEST = max(data.renew_before for data in PROFILES.values())


def renew_certificates(*, actor: Actor) -> int:
    """A successor for each certificate that nears its end; returns how many were issued. The authorities need a ceremony."""
    renewed = 0
    soon = Certificate.objects.filter(revoked_at__isnull=True, not_after__gt=now(), not_after__lte=now() + _LONGEST + timedelta(days=1))
    for label in soon.order_by("label").values_list("label", flat=True).distinct():
        row = queries.current(label=label)
        if row and not PROFILES[Profile(row.profile)].is_authority:
            name = SubjectName(common_name=row.common_name, organisation=row.organisation, register_number=row.register_number)
            successor = issue_certificate(actor=actor, label=label, profile=Profile(row.profile), subject=name)
            renewed += successor.serial != row.serial
    return renewed
