"""Answer a certificate status request (OCSP), for every authority."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from django.db import Error as DatabaseFault
from django.db import close_old_connections, connection

from toono.kernel.clock import now
from toono.kernel.settings import settings
from toono.pki import queries
from toono.pki.adapters.signer import sharing_client
from toono.pki.adapters.status_changes import StatusChanges
from toono.pki.contracts import Profile, RevocationReason, StatusAnswer
from toono.pki.domain import status
from toono.pki.domain.profiles import AUTHORITIES
from toono.pki.domain.status_requests import CertificateId, MalformedRequest, StatusRequest, parse
from toono.pki.errors import SignerRefused, SignerUnavailable
from toono.pki.models import Certificate
from toono.pki.operations.kept_answers import Answering, Kept, KeptAnswers
from toono.pki.signing import RemoteKey

AUTHORITIES_READ_SECONDS = 60.0
"""A new responder is used after this time at the latest, even if nothing is heard."""

KEPT = KeptAnswers()


@dataclass(frozen=True)
class _Table:
    answering: dict[status.Question, Answering]
    generation: int
    read_at: float


_table = _Table({}, -1, 0.0)


def follow_changes() -> None:
    """Hear of changes in the background, so that answers may be kept. Called once by a process that answers."""
    StatusChanges(settings().database_dsn, heard=KEPT.forget, confirmed=KEPT.confirm).start()


def answer_status(*, request: bytes) -> StatusAnswer:
    """The answer, whatever was asked; never an exception for a bad request."""
    try:
        asked, moment = parse(request), now()
    except MalformedRequest:
        return _refused(status.Refusal.MALFORMED_REQUEST)
    kept = KEPT.find(asked.certificates[0], moment) if len(asked.certificates) == 1 else None
    if kept and asked.nonce is None:
        return kept.answer
    try:
        if kept:
            return _signed(asked, [kept.status], kept.answering, moment.replace(microsecond=0))
        if not connection.in_atomic_block:  # whoever signs asks too, and would lose the connection with its transaction
            close_old_connections()  # what answers stands before Django, which would do this for each request
        return _made(asked, moment.replace(microsecond=0))
    except (SignerUnavailable, SignerRefused, DatabaseFault):
        return _refused(status.Refusal.TRY_LATER)


def _made(asked: StatusRequest, moment: datetime) -> StatusAnswer:
    """An answer by what the database says now."""
    generation = KEPT.generation
    answering = _answering(asked.certificates, generation, moment)
    if answering is None:
        return _refused(status.Refusal.UNAUTHORIZED)
    found = _found(asked.certificates, answering)
    answer = _signed(asked, found, answering, moment)
    if answer.keepable and len(found) == 1:
        KEPT.keep(asked.certificates[0], Kept(answer, answering, found[0]), generation)
    return answer


def _signed(asked: StatusRequest, found: Sequence[status.Status], answering: Answering, moment: datetime) -> StatusAnswer:
    der = status.answer(asked, found, responder=answering.responder, now=moment)
    keepable = asked.nonce is None and all(one.known for one in found)
    return StatusAnswer(der=der, produced_at=moment, fresh_until=moment + status.ANSWER_LIFETIME, keepable=keepable)


def _answering(certificates: Sequence[CertificateId], generation: int, moment: datetime) -> Answering | None:
    """The authority of all that is asked about; None where there is none, or more than one: nobody may sign for two."""
    named = {status.question(one) for one in certificates}
    table = _current_table(generation, moment)
    found = {id(answering): answering for name in named if name and (answering := table.get(name))}
    if len(found) != 1 or any(name not in table for name in named):
        return None
    return next(iter(found.values()))


def _found(certificates: Sequence[CertificateId], answering: Answering) -> list[status.Status]:
    serials = [queries.hexadecimal(one.serial) for one in certificates]
    rows = Certificate.objects.filter(serial__in=serials, issuer_serial__in=answering.serials)
    known = {serial: _status(at, reason) for serial, at, reason in rows.values_list("serial", "revoked_at", "reason")}
    return [known.get(serial, status.UNKNOWN) for serial in serials]


def _status(revoked_at: datetime | None, reason: str | None) -> status.Status:
    if revoked_at is None or reason is None:
        return status.Status(known=True)
    return status.Status(known=True, revoked=status.Revoked(revoked_at.replace(microsecond=0), RevocationReason(reason)))


def _current_table(generation: int, moment: datetime) -> dict[status.Question, Answering]:
    """Who answers for whom, read again after anything was heard and after a minute; by a process that does not listen, every time."""
    global _table
    table = _table
    if not KEPT.trusted or table.generation != generation or time.monotonic() - table.read_at > AUTHORITIES_READ_SECONDS:
        table = _Table(_read_authorities(moment), generation, time.monotonic())
        _table = table
    return table.answering


def _read_authorities(moment: datetime) -> dict[status.Question, Answering]:
    valid = Certificate.objects.filter(revoked_at__isnull=True, not_before__lte=moment, not_after__gt=moment).order_by("issued_at")
    by_key: dict[tuple[status.Question, ...], list[Certificate]] = {}
    for row in valid.filter(profile__in=[profile.value for profile in AUTHORITIES]):
        by_key.setdefault(tuple(status.questions(queries.parsed(row.pem))), []).append(row)
    delegates = {row.issuer_serial: row for row in valid.filter(profile=Profile.OCSP.value)}  # the newest of each stands
    found: dict[status.Question, Answering] = {}
    for questions, rows in by_key.items():
        serials = frozenset(row.serial for row in rows)
        own = [delegates[serial] for serial in serials if serial in delegates]
        row = max(own, key=lambda delegate: delegate.issued_at) if own else rows[-1]
        certificate = queries.parsed(row.pem)
        public = certificate.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            key = RemoteKey(sharing_client(), row.key, public)
            found |= dict.fromkeys(questions, Answering(serials, status.Responder.of(certificate, key)))
    return found


def _refused(reason: status.Refusal) -> StatusAnswer:
    return StatusAnswer(der=status.refusal(reason))
