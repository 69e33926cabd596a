"""Suspend, revive, revoke a certificate.

Revoking is the slice that others are copied from: a page calls the door, the door this operation, the operation asks the rule,
and event, step and audit leave in the same transaction. See the room's README.
"""

from __future__ import annotations

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.outbox import publish
from toono.pki import queries
from toono.pki.contracts import CertificateAct, CertificateInfo, CertificateState, Profile, RevocationReason
from toono.pki.domain.life_cycle import check_revival, check_revocation, check_suspension, may
from toono.pki.domain.revocation import state
from toono.pki.errors import CertificateNotFound
from toono.pki.events import CertificateRevived, CertificateRevoked, CertificateSuspended
from toono.pki.models import Certificate
from toono.pki.operations.steps import note, suspended_by_holder


def revoke_certificate(*, actor: Actor, serial: str, reason: RevocationReason) -> CertificateInfo:
    """From the commit on the certificate is revoked: status requests say so at once, the list soon after.

    Of a suspended certificate the moment of the suspension stays the one from which it is not good (X.509 §9.5.3.1).
    """
    with transaction.atomic():
        row = _locked(serial)
        _check_right(actor, row, CertificateAct.REVOKE)
        check_revocation(profile=Profile(row.profile), state=_state(row), reason=reason, holder=_holder(actor, row))
        revoke_row(row, actor=actor, reason=reason)
    return queries.info(row)


def revoke_row(row: Certificate, *, actor: Actor, reason: RevocationReason) -> None:
    """The writing alone. The caller holds the row's lock and has checked right and rule."""
    moment = now()
    row.revoked_at, row.reason = row.revoked_at or moment, reason.value
    row.save(update_fields=["revoked_at", "reason"])
    note(row, CertificateAct.REVOKE, actor=actor, reason=reason, at=moment)
    publish(CertificateRevoked(serial=row.serial, key=row.key, profile=Profile(row.profile), reason=reason, holder_id=row.holder_id))
    audit.record(actor=actor, action="pki.revoke_certificate", subject=f"certificate:{row.serial}", key=row.key, reason=reason.value)


def suspend_certificate(*, actor: Actor, serial: str) -> CertificateInfo:
    """From the commit on the certificate is not good until it is revived."""
    with transaction.atomic():
        row = _locked(serial)
        _check_right(actor, row, CertificateAct.SUSPEND)
        check_suspension(profile=Profile(row.profile), state=_state(row))
        row.revoked_at, row.reason = now(), RevocationReason.CERTIFICATE_HOLD.value
        row.save(update_fields=["revoked_at", "reason"])
        note(row, CertificateAct.SUSPEND, actor=actor, at=row.revoked_at)
        publish(CertificateSuspended(serial=row.serial, key=row.key, profile=Profile(row.profile), holder_id=row.holder_id))
        audit.record(actor=actor, action="pki.suspend_certificate", subject=f"certificate:{row.serial}", key=row.key)
    return queries.info(row)


def revive_certificate(*, actor: Actor, serial: str) -> CertificateInfo:
    """A suspended certificate is good again; that it was suspended, and when, stays in its history."""
    with transaction.atomic():
        row = _locked(serial)
        _check_right(actor, row, CertificateAct.REVIVE)
        check_revival(state=_state(row), holder=_holder(actor, row), suspended_by_holder=suspended_by_holder(row))
        row.revoked_at, row.reason = None, None
        row.save(update_fields=["revoked_at", "reason"])
        note(row, CertificateAct.REVIVE, actor=actor)
        publish(CertificateRevived(serial=row.serial, key=row.key, profile=Profile(row.profile), holder_id=row.holder_id))
        audit.record(actor=actor, action="pki.revive_certificate", subject=f"certificate:{row.serial}", key=row.key)
    return queries.info(row)


def _state(row: Certificate) -> CertificateState:
    return state(not_after=row.not_after, revoked_at=row.revoked_at, now=now(), reason=row.reason)


def _holder(actor: Actor, row: Certificate) -> bool:
    """Whether the holder acts as such: an administrator who holds a certificate too acts as an administrator."""
    return actor.role is not Role.ADMINISTRATOR and _own(actor, row)


def _own(actor: Actor, row: Certificate) -> bool:
    return row.holder_id is not None and actor.person_id == row.holder_id


def _check_right(actor: Actor, row: Certificate, act: CertificateAct) -> None:
    if not may(role=actor.role, act=act, profile=Profile(row.profile), own=_own(actor, row)):
        raise NotAllowed(f"{actor} may not {act} certificate {row.serial}")


def _locked(serial: str) -> Certificate:
    """The row, locked until the end of the transaction.

    Of two who revoke at once, the second waits here (a millisecond or so), then reads what the first wrote and is told so by the rule.
    Without the lock both would pass the rule, and the second's reason would overwrite the first's.
    """
    row = Certificate.objects.select_for_update().filter(serial=serial).first()
    if row is None:
        raise CertificateNotFound(f"serial {serial[:40]}")
    return row
