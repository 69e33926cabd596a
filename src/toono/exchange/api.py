"""The door of the exchange: calls of the platform's own systems, a person's ledger, evidence for auditors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import toono.registry.api as registry
from toono.exchange import ledger as _ledger
from toono.exchange import limits, queries
from toono.exchange import traffic as _traffic
from toono.exchange.contracts import (
    Answer,
    CallOutcome,
    Consent,
    ConsentAnswer,
    ConsentOffer,
    Direction,
    Evidence,
    EvidenceFile,
    LoggedMessage,
    LogReport,
    NewReading,
    Reading,
    ReadingCount,
    RootInfo,
    Traffic,
    UsagePage,
    Verdict,
)
from toono.exchange.domain import grants as _grants
from toono.exchange.errors import MessageNotFound
from toono.exchange.operations import asic as _asic
from toono.exchange.operations import call as _call
from toono.exchange.operations import check_log as _check_log
from toono.exchange.operations import consent as _consent
from toono.exchange.operations import evidence as _evidence
from toono.exchange.operations import partitions as _partitions
from toono.exchange.operations import proofs as _proofs
from toono.exchange.operations import stamp as _stamp
from toono.exchange.operations import trust as _trust
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.settings import settings

__all__ = [
    "Answer",
    "CallOutcome",
    "Consent",
    "ConsentAnswer",
    "ConsentOffer",
    "Direction",
    "Evidence",
    "EvidenceFile",
    "LogReport",
    "LoggedMessage",
    "NewReading",
    "Reading",
    "ReadingCount",
    "RootInfo",
    "Traffic",
    "UsagePage",
    "Verdict",
    "asic",
    "became_visible",
    "call",
    "call_counts",
    "consent_offer",
    "consent_return",
    "consents",
    "container",
    "explained_message",
    "gateway_grants",
    "give_consent",
    "message",
    "messages_by_receipt",
    "newly_visible",
    "outcomes",
    "prepare_storage",
    "proof",
    "published_root",
    "published_roots",
    "readers",
    "reading",
    "reading_proof",
    "readings",
    "readings_to_tell",
    "settled_until",
    "stamp_now",
    "traffic",
    "usage",
    "usage_since",
    "verification_configuration",
    "verify_log",
    "withdraw_consent",
]  # fmt: skip


def call(
    *,
    system: str,
    service: str,
    path: str,
    purpose: str,
    case: str | None,
    user: str | None,
    deadline_seconds: float = 5.0,
    message_id: str | None = None,
) -> Answer:
    """Read from a register (GET) through the gateway, signed with the key of one of the platform's own systems.

    :param system: the platform's system that asks, ``portal`` or its whole identifier.
    :param service: ``MN/GOV/state-registration/population/address``.
    :param path: below the service, percent-encoded, with its leading slash.
    :param purpose: code of a purpose in the agreement.
    :param case: number of the case for which the data are needed; the person sees it.
    :param user: on whose behalf: country code and civil id of the citizen or officer, ``MN123456789012``.
    :param deadline_seconds: the caller waits no longer than this for a sign of life.
    :param message_id: to be known by before the call is made, for a question afterwards; else one is made.
    :raises NotInRegister: the register knows nothing under this path.
    :raises SubjectMismatch: it answered about another person.
    :raises ProviderFault: it did not answer, or not sensibly.
    :raises ExchangeUnavailable: the exchange itself cannot serve.
    :raises ExchangeRefused: there is no right to this call.
    """
    return _call.call(
        system=system, service=service, path=path, purpose=purpose, case=case, user=user, deadline_seconds=deadline_seconds, message_id=message_id
    )  # fmt: skip


# -- access ledger ------------------------------------------------------------------------------------------------


def readings(
    *,
    actor: Actor,
    civil_id: str,
    organisation: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: str | None = None,
    limit: int = 20,
) -> list[Reading]:
    """Who has read this person's data, newest first. What a law still keeps back is in no answer of the ledger.

    The caller has made sure that ``civil_id`` is that of ``actor.person_id`` (it has it from ``identity``).

    :param organisation: code of the only organisation to be shown.
    :param since: from this moment on; ``until``: before this moment.
    :param before: go on after the reading that has this ``cursor``.
    :raises NotAllowed: the actor is no signed-in citizen.
    :raises PlaceMalformed: ``before`` is no cursor.
    """
    _own(actor)
    return _ledger.readings(civil_id=civil_id, organisation=organisation, since=since, until=until, before=before, limit=limit)


def reading(*, actor: Actor, civil_id: str, reading_id: UUID) -> Reading:
    """One entry of the person's ledger.

    :raises NotAllowed: the actor is no signed-in citizen.
    :raises ReadingNotFound: there is none, or none that they may know of.
    """
    _own(actor)
    return _ledger.reading_of(_ledger.reading(civil_id=civil_id, reading_id=reading_id))


def reading_proof(*, actor: Actor, civil_id: str, reading_id: UUID) -> dict[str, object]:
    """What lets the person check alone that the entry stood in the evidence from the beginning: its text (whose SHA-512 is the commitment), the content of its
    batch (64 bytes for each commitment; the entry's at ``leaf``), and the link of that batch in its chain. Raises as :func:`reading`.
    """
    _own(actor)
    return _ledger.proof(_ledger.reading(civil_id=civil_id, reading_id=reading_id))


def readers(*, actor: Actor, civil_id: str) -> list[ReadingCount]:
    """Which organisations have read this person's data, most often first. :raises NotAllowed: the actor is no signed-in citizen."""
    _own(actor)
    return _ledger.organisations(civil_id=civil_id)


def newly_visible(*, actor: Actor, since: datetime, until: datetime, after: UUID | None = None, limit: int = 1_000) -> list[NewReading]:
    """Readings of all persons that their persons may know of since a moment from ``since`` to before ``until``, in the order of ids.

    For the platform's own processes, which tell persons of them. ``until`` is taken back so far that nothing can still be committed before it.

    :param after: go on after this id.
    :raises NotAllowed: the actor is no process of the platform.
    """
    _platform(actor)
    settled = min(until, now() - timedelta(seconds=limits.LEDGER_SETTLE_SECONDS))
    return _ledger.newly_visible(since=since, until=settled, after=after, limit=max(1, min(limit, limits.NEW_READINGS)))


def settled_until() -> datetime:
    """The moment up to which :func:`newly_visible` can be believed to be complete."""
    return now() - timedelta(seconds=limits.LEDGER_SETTLE_SECONDS)


def readings_to_tell(*, actor: Actor, ids: Collection[UUID]) -> list[Reading]:
    """These entries, as far as their persons may know of them. :raises NotAllowed: the actor is no process of the platform."""
    _platform(actor)
    return _ledger.readings_of(ids)


def became_visible(*, actor: Actor, civil_id: str, since: datetime, until: datetime) -> list[ReadingCount]:
    """How often each organisation read this person's data, as far as they may know of it since a moment in this time.

    :raises NotAllowed: the actor is no process of the platform.
    """
    _platform(actor)
    return _ledger.became_visible(civil_id=civil_id, since=since, until=until)


def usage(
    *, actor: Actor, civil_id: str, since: datetime | None, until: datetime | None, register: str | None, offset: int, limit: int
) -> UsagePage:  # fmt: skip
    """A part of a person's ledger, newest first, for another portal that asks through the exchange on the person's behalf.

    :param actor: a process of the platform, which has made sure that the person asks.
    :param register: code of the system whose services were read; None: of any.
    :raises NotAllowed: the actor is no process of the platform.
    """
    _platform(actor)
    return _ledger.usage(civil_id=civil_id, since=since, until=until, register=register, offset=offset, limit=min(limit, limits.USAGE_MOST))


def usage_since() -> datetime | None:
    """The moment of the first reading in the ledger; None while it is empty. Entries are never removed."""
    return _ledger.first_at()


# -- consents -----------------------------------------------------------------------------------------------------


def consent_offer(*, actor: Actor, civil_id: str, agreement: str) -> ConsentOffer:
    """What an agreement asks the person to let happen: who reads which fields of which register, for what, how long.

    :raises NotAllowed: the actor is no signed-in citizen.
    :raises ConsentNotOffered: no such agreement, it needs no consent, or it is not in force.
    """
    _own(actor)
    return _consent.offer(civil_id=civil_id, agreement=agreement)


def give_consent(
    *, actor: Actor, civil_id: str, regnum: str, agreement: str, purposes: Sequence[str], token: str
) -> tuple[UUID, ...]:  # fmt: skip
    """Let the agreement's consumer read the person's data for these purposes; ids of the consents. The same again changes nothing.

    An earlier consent that shows less is replaced. Rows are never removed.

    :param civil_id: and ``regnum``: those of ``actor.person_id``, from ``identity``; the gateway finds the consent by either.
    :param token: of the offer that was shown.
    :raises NotAllowed, ConsentNotOffered: as :func:`consent_offer`.
    :raises ConsentOfferChanged: the agreement says something else than what was shown; nothing was given.
    :raises ConsentPurposeMissing: none, or one that the agreement does not have.
    """
    _own(actor)
    return _consent.give(actor=actor, civil_id=civil_id, regnum=regnum, agreement=agreement, purposes=purposes, token=token)


def consent_return(*, agreement: str, return_to: str, state: str, answer: ConsentAnswer) -> str:
    """The address at which the person goes on after the page of consent: ``return_to`` with ``consent=given`` or ``refused``, and ``state``.

    It says nothing about the person, and the consumer does not need to believe it: the gateway asks the consent itself on every call.

    :param return_to: as the consumer's link had it.
    :param state: up to 200 unreserved characters (RFC 3986 §2.3), or empty.
    :raises ConsentReturnUnknown: the agreement's consumer has not registered exactly this address, or the state has another form.
    """
    return _consent.way_back(agreement=agreement, return_to=return_to, state=state, answer=answer)


def withdraw_consent(*, actor: Actor, civil_id: str, consent_id: UUID) -> None:
    """Take a consent back; the next call by it is refused. A second time changes nothing.

    :raises NotAllowed: the actor is no signed-in citizen.
    :raises ConsentNotFound: there is none, or it is another's.
    """
    _own(actor)
    _consent.withdraw(actor=actor, civil_id=civil_id, consent_id=consent_id)


def consents(*, actor: Actor, civil_id: str) -> list[Consent]:
    """All that the person ever gave: those that stand, then the others, newest first. :raises NotAllowed: the actor is no signed-in citizen."""
    _own(actor)
    return _consent.consents(civil_id=civil_id)


# -- traffic ------------------------------------------------------------------------------------------------------


def traffic(*, actor: Actor, since: datetime, until: datetime, step: timedelta) -> Traffic:
    """What the gateways carried from ``since`` to before ``until``: by service, consumer and outcome, and the calls of each ``step``.

    An administrator sees everything, a representative the calls that their organisation made or served.

    :raises NotAllowed: the actor is neither.
    """
    if actor.person_id is None or not (actor.role is Role.ADMINISTRATOR or (actor.role is Role.REPRESENTATIVE and actor.organisation)):
        raise NotAllowed(f"{actor} may not see the traffic")
    organisation = actor.organisation if actor.role is Role.REPRESENTATIVE else None
    return _traffic.traffic(since=since, until=until, step=step, organisation=organisation)


def call_counts() -> dict[tuple[str, str], int]:
    """Calls of the last seven days by consumer and service, for the picture of who calls whom."""
    until = now()
    return _traffic.call_counts(since=until - timedelta(days=limits.CALL_COUNT_DAYS), until=until)


def _own(actor: Actor) -> None:
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} has no access ledger")


def _platform(actor: Actor) -> None:
    if actor.role is not Role.SYSTEM:
        raise NotAllowed(f"{actor} may not read everybody's ledger")


# -- evidence -----------------------------------------------------------------------------------------------------


def message(*, actor: Actor, message_id: str) -> Evidence:
    """Everything that the message log knows of ``message_id``, with each record checked anew. Looking is itself recorded.

    An administrator sees every message, a representative those that their organisation has sent or received.

    :raises NotAllowed: the actor is neither.
    :raises MessageNotFound: the log knows nothing of it that the actor may see.
    """
    found = queries.evidence(message_id=message_id, party=_party(actor))
    audit.record(actor=actor, action="exchange.read_message", subject=f"message:{message_id[:190]}", records=len(found.messages))
    return found


def outcomes(*, client: str, message_id: str) -> tuple[CallOutcome, ...]:
    """What became of the calls that a system made under a message id. The caller has made sure that a gateway asks, for a client that has proved itself.

    :raises MessageNotFound: it made none.
    """
    return queries.outcomes(message_id=message_id, client=client)


def messages_by_receipt(*, actor: Actor, receipt: bytes, around: datetime) -> tuple[LoggedMessage, ...]:
    """Messages with this receipt (SHA-512) some minutes before and after a moment. Looking is itself recorded.

    :raises NotAllowed: as :func:`message`.
    :raises MessageNotFound: none that the actor may see.
    """
    party = _party(actor)
    found = queries.logged(queries.records_by_receipt(receipt=receipt, around=around, party=party))
    audit.record(actor=actor, action="exchange.read_message", subject=f"receipt:{receipt.hex()[:64]}", records=len(found))
    if not found:
        raise MessageNotFound("receipt")
    return found


def explained_message(*, actor: Actor, record_id: UUID, language: Literal["mn", "en"]) -> tuple[LoggedMessage, tuple[str, ...]]:
    """One record, and what it proves in sentences. Looking is itself recorded. Raises as :func:`message`."""
    record = queries.record(record_id=record_id, party=_party(actor))
    audit.record(actor=actor, action="exchange.read_message", subject=f"record:{record_id}", records=1)
    [found] = queries.logged([record])
    return found, _evidence.explain(record, language)


def container(*, actor: Actor, record_id: UUID) -> EvidenceFile:
    """The signed message as an ASiC-E container, with its time-stamp where it has one. Taking it is itself recorded.

    :raises NotSigned: the record is an outcome without an answer.
    :raises EvidenceIncomplete: the log is damaged.
    """
    record = queries.record(record_id=record_id, party=_party(actor))
    found = _evidence.container_file(record)
    audit.record(actor=actor, action="exchange.take_container", subject=f"record:{record_id}", name=found.name)
    return found


def asic(*, client: str, message_id: str, direction: Direction | None, unique: bool, force: bool) -> EvidenceFile:
    """X-Road's ``/asic``: signed documents of ``client``. The caller has made sure that a gateway asks, for a client that has proved itself.

    :param direction: only requests, or only responses.
    :param unique: one container (the newest) instead of a ZIP file; needs a direction.
    :param force: give a time-stamp now to what has none.
    :raises AsicParametersContradict, AsicNotFound, AsicNotStamped, AsicStampFailed, EvidenceIncomplete: see there.
    """
    return _asic.answer(_asic.Question(client=client, message_id=message_id, direction=direction, unique=unique, force=force))


def verification_configuration() -> bytes:
    """X-Road's ``/verificationconf``: a ZIP file with whom a verifier of our containers believes. Public."""
    return _trust.verification_configuration()


def proof(*, receipt: bytes, message_id: str) -> dict[str, Any]:
    """The way from a message up to the published root of its hour, in digests only (``domain/proofs.py``). For anybody who has both receipt and message id.

    :raises ReceiptNotFound: no signed message has both.
    :raises NotStampedYet: ask again in a minute.
    """
    return _proofs.proof(receipt=receipt, message_id=message_id)


def published_roots(*, before: str | None = None) -> list[RootInfo]:
    """Published hours, newest first; ``before`` is the name of an hour. :raises RootNotFound: it is none."""
    return queries.published_roots(before=before)


def published_root(*, name: str) -> dict[str, Any]:
    """One published hour: ``name``, ``hour``, ``leaves`` (digests of its time-stamps, base64), ``previous``, ``root``, ``jws``.

    :raises RootNotFound: no such hour has been published.
    """
    return queries.published_root(name=name)


def stamp_now(*, actor: Actor) -> int:
    """Give a time-stamp to everything that has none; how many signatures and links got one.

    :raises NotAllowed: the actor is neither administrator nor process of the platform.
    :raises SignerUnavailable: the time-stamping unit does not answer.
    """
    if actor.role not in {Role.ADMINISTRATOR, Role.SYSTEM}:
        raise NotAllowed(f"{actor} may not ask for time-stamps")
    return _stamp.stamp_pending(at_once=True)


def verify_log(*, actor: Actor, since: datetime, until: datetime) -> LogReport:
    """Check the whole log of a time against itself: chains, signatures, messages, readings, time-stamps, hourly roots (``operations/check_log.py``).

    :raises NotAllowed: the actor is neither administrator nor process of the platform.
    """
    if actor.role not in {Role.ADMINISTRATOR, Role.SYSTEM}:
        raise NotAllowed(f"{actor} may not check the log")
    return _check_log.check_log(since=since, until=until)


def prepare_storage() -> None:
    """Partitions and guards of the large tables, from now to some days or months ahead. After each migration, and by a timer."""
    _partitions.prepare_storage()


def _party(actor: Actor) -> str | None:
    """Whose messages the actor may see: None for all."""
    if actor.role is Role.ADMINISTRATOR and actor.person_id is not None:
        return None
    if actor.role is Role.REPRESENTATIVE and actor.person_id is not None and actor.organisation is not None:
        organisation = registry.organisation(actor.organisation)
        return f"{settings().exchange_instance}/{organisation.member_class}/{organisation.code}"
    raise NotAllowed(f"{actor} may not read the message log")


def gateway_grants(role: str) -> list[str]:
    """SQL that gives the gateway's login its narrow rights and takes every other on these tables; to be run after each migration."""
    return _grants.statements(role)
