"""The door of the exchange: calls of the platform's own systems, a person's ledger, evidence for auditors."""

from __future__ import annotations

from datetime import datetime

from toono.exchange import queries
from toono.exchange.contracts import Answer, Direction, Evidence, LoggedMessage, Reading, Verdict
from toono.exchange.domain import grants as _grants
from toono.exchange.operations import call as _call
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed

__all__ = ["Answer", "Direction", "Evidence", "LoggedMessage", "Reading", "Verdict", "call", "gateway_grants", "message", "readings"]


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


def readings(*, actor: Actor, civil_id: str, limit: int = 20, before: datetime | None = None) -> list[Reading]:
    """Who has read this person's data, newest first; ``before`` goes on from the last one's ``at``.

    The caller has made sure that ``civil_id`` is that of ``actor.person_id`` (it has it from ``identity``).

    :raises NotAllowed: the actor is no signed-in citizen.
    """
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} may not read an access ledger")
    return queries.readings(civil_id=civil_id, limit=limit, before=before)


def message(*, actor: Actor, message_id: str) -> Evidence:
    """Everything that the message log knows of ``message_id``, with each signature checked anew. Looking is itself recorded.

    :raises NotAllowed: the actor is no administrator.
    :raises MessageNotFound: the log knows nothing of it.
    """
    if actor.role is not Role.ADMINISTRATOR or actor.person_id is None:
        raise NotAllowed(f"{actor} may not read the message log")
    evidence = queries.evidence(message_id=message_id)
    audit.record(actor=actor, action="exchange.read_message", subject=f"message:{message_id[:190]}", records=len(evidence.messages))
    return evidence


def gateway_grants(role: str) -> list[str]:
    """SQL that gives the gateway's login its narrow rights and takes every other on these tables; to be run after each migration."""
    return _grants.statements(role)
