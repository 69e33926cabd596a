"""Noting a step in the life of a certificate. The caller holds the transaction of the step itself."""

from __future__ import annotations

from datetime import datetime

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.pki.contracts import CertificateAct, RevocationReason
from toono.pki.models import Certificate, CertificateStep


def note(
    row: Certificate, act: CertificateAct, *, actor: Actor, reason: RevocationReason | None = None, at: datetime | None = None
) -> CertificateStep:
    """A step that ``actor`` did, for the history that is never changed."""
    return CertificateStep.objects.create(
        certificate=row,
        act=act.value,
        at=at or now(),
        reason=reason.value if reason else None,
        role=actor.role.value,
        person_id=actor.person_id,
        process=actor.process or "",
        holder=row.holder_id is not None and actor.person_id == row.holder_id,
    )


def suspended_by_holder(row: Certificate) -> bool:
    """Whether it was the holder who suspended it last."""
    last = CertificateStep.objects.filter(certificate=row, act=CertificateAct.SUSPEND.value).order_by("-at", "-id").first()
    return last is not None and last.holder
