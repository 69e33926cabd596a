"""Revoke a certificate.

This is the slice that others are copied from: a page calls the door, the door this operation, the operation asks the rule,
and event and audit leave in the same transaction. See the room's README.
"""

from __future__ import annotations

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.outbox import publish
from toono.pki import queries
from toono.pki.contracts import CertificateInfo, Profile, RevocationReason
from toono.pki.domain.revocation import check_revocation, state
from toono.pki.errors import CertificateNotFound
from toono.pki.events import CertificateRevoked
from toono.pki.models import Certificate


def revoke_certificate(*, actor: Actor, serial: str, reason: RevocationReason) -> CertificateInfo:
    """From the commit on the certificate is revoked: status requests say so at once, the list soon after."""
    if actor.role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{actor} may not revoke certificates")
    with transaction.atomic():
        row = _locked(serial)
        moment = now()
        check_revocation(
            profile=Profile(row.profile),
            state=state(not_after=row.not_after, revoked_at=row.revoked_at, now=moment),
            reason=reason,
        )
        row.revoked_at, row.reason = moment, reason.value
        row.save(update_fields=["revoked_at", "reason"])
        publish(CertificateRevoked(serial=row.serial, key=row.key, profile=Profile(row.profile), reason=reason))
        audit.record(actor=actor, action="pki.revoke_certificate", subject=f"certificate:{row.serial}", key=row.key, reason=reason.value)
    return queries.info(row)


def _locked(serial: str) -> Certificate:
    """The row, locked until the end of the transaction.

    Of two administrators who revoke at once, the second waits here (a millisecond or so), then reads what the first wrote and is
    told so by the rule. Without the lock both would pass the rule, and the second's reason would overwrite the first's.
    """
    row = Certificate.objects.select_for_update().filter(serial=serial).first()
    if row is None:
        raise CertificateNotFound(f"serial {serial[:40]}")
    return row
