"""Software statements (RFC 7591 §2.3): issued by an administrator, used once by an organisation's own program, taken back while they are unused.

What a statement says stands in its signature; here stands only that there is one. Whether it was used is decided by the same single insert as its use at the
endpoint (:meth:`.storage.DatabaseStorage.use_once`): of a registration and a taking back at once, the one that comes first counts and the other is told so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from toono.identity import contracts, models
from toono.identity.contracts import StatementState
from toono.identity.domain.oidc import registration
from toono.identity.errors import ReasonMissing, StatementOver
from toono.identity.limits import LIMITS
from toono.identity.operations import engine, keys
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed, NotFound
from toono.kernel.text import clean

KEPT_AFTER_EXPIRY = timedelta(days=1)
"""How much longer than a statement it is remembered that it was taken back."""


def _administrator(actor: Actor) -> None:
    if actor.role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{actor} looks after no statements")


def issue(*, actor: Actor, software_id: str, client_name: str, bounds: Mapping[str, Any]) -> str:
    """A signed statement; whoever may issue one was asked before."""
    provider, moment = engine.provider(), now()
    claims = registration.statement_claims(
        issuer=provider.issuer, issued=int(moment.timestamp()), identifier=provider.identifier(), software_id=software_id, client_name=client_name,
        bounds=bounds,
    )  # fmt: skip
    with transaction.atomic():
        models.SoftwareStatement.objects.create(
            identifier=claims["jti"], software_id=software_id, client_name=client_name, organisation=str(bounds.get("organisation", "")),
            issued_at=moment, expires_at=moment + LIMITS.software_statement_lifetime, issued_by_id=actor.person_id,
        )  # fmt: skip
        audit.record(actor=actor, action="identity.issue_software_statement", subject=f"software:{software_id}", statement=claims["jti"])
    return keys.sign(claims, registration.STATEMENT_TYPE)


def note_use(identifier: str, client_id: str) -> None:
    """Which client was registered with it. In the transaction that registers it."""
    models.SoftwareStatement.objects.filter(identifier=identifier).update(used_at=now(), client_id=client_id)


def listing(*, actor: Actor, limit: int, offset: int) -> contracts.StatementListing:
    """All that were issued, the newest first.

    :raises NotAllowed: not an administrator.
    """
    _administrator(actor)
    rows = models.SoftwareStatement.objects.select_related("issued_by", "taken_back_by").order_by("-issued_at", "identifier")
    return contracts.StatementListing(entries=tuple(_entry(row) for row in rows[offset : offset + limit]), total=rows.count())


def take_back(*, actor: Actor, identifier: str, reason: str) -> None:
    """From now on nobody registers with it; a client that was registered with it before stays. Audited; a second time changes nothing.

    :raises ReasonMissing:
    :raises StatementOver: it was used, or its time is over.
    :raises NotFound:
    :raises NotAllowed: not an administrator.
    """
    _administrator(actor)
    why = clean(reason)[:500]
    if not why:
        raise ReasonMissing
    with transaction.atomic():
        row = models.SoftwareStatement.objects.filter(identifier=identifier).first() if identifier.isprintable() else None
        if row is None:
            raise NotFound(f"no statement {identifier[:40]!r}")
        if row.taken_back_at is not None:
            return
        # First the value that a registration inserts as well, then the row, as a registration does: so neither waits for the other in a circle.
        first = engine.storage.use_once(registration.STATEMENT, identifier, row.expires_at + KEPT_AFTER_EXPIRY)
        if not first or row.expires_at <= now():
            if models.SoftwareStatement.objects.filter(identifier=identifier, taken_back_at__isnull=False).exists():
                return  # another administrator, or the other of two clicks, at the same moment
            raise StatementOver
        models.SoftwareStatement.objects.filter(identifier=identifier).update(
            taken_back_at=now(), taken_back_by=actor.person_id, reason=why
        )
        audit.record(
            actor=actor, action="identity.take_back_software_statement", subject=f"software:{row.software_id}", statement=identifier,
            organisation=row.organisation, reason=why,
        )  # fmt: skip


def _entry(row: models.SoftwareStatement) -> contracts.StatementEntry:
    return contracts.StatementEntry(
        identifier=row.identifier, software_id=row.software_id, client_name=row.client_name, organisation=row.organisation, issued_at=row.issued_at,
        expires_at=row.expires_at, issued_by=_name(row.issued_by), state=_state(row), used_at=row.used_at, client_id=row.client_id,
        taken_back_at=row.taken_back_at, taken_back_by=_name(row.taken_back_by), reason=row.reason,
    )  # fmt: skip


def _name(person: models.Person | None) -> str:
    return f"{person.patronymic} {person.given_name}".strip() if person is not None else ""


def _state(row: models.SoftwareStatement) -> StatementState:
    if row.taken_back_at is not None:
        return StatementState.TAKEN_BACK
    if row.used_at is not None:
        return StatementState.USED
    return StatementState.UNUSED if row.expires_at > now() else StatementState.EXPIRED
