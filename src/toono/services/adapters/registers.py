"""Asking a register for a fact, through the exchange."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from toono.exchange import api as exchange
from toono.exchange.contracts import Answer
from toono.exchange.errors import ExchangeRefused, ExchangeUnavailable, NotInRegister, ProviderFault, SubjectMismatch
from toono.identity.contracts import Person
from toono.kernel.clock import now
from toono.services.domain.contents import Incomplete, content
from toono.services.domain.definition import FactUse, Meaning, MeaningSubject
from toono.services.domain.lines import Line, lines
from toono.services.domain.needs import VARIABLES
from toono.services.errors import ConsentMissing, RegisterSilent

SYSTEM = "portal"
"""Toono's own client system on the exchange."""
DEADLINE_SECONDS = 4.0
_BY_REGNUM = "/persons/by-regnum/{}"
_CONSENT_MISSING = "consent_missing"
"""The gateway's reason (exchange/gateway/consents.py)."""


@dataclass(frozen=True)
class Reading:
    """What the register said."""

    absent: bool
    lines: list[Line]
    answered_at: datetime
    message_id: str | None
    receipt: str | None
    aimag_code: str | None = None
    items: list[list[Line]] = field(default_factory=list)
    subject: str = ""
    """Of whom or what; empty for the person themselves."""


def read(
    *, use: FactUse, meaning: Meaning, person: Person, case_number: str, subject: str = "", deadline_seconds: float = DEADLINE_SECONDS
) -> Reading:
    """The fact about ``subject`` (empty: ``person``), asked for the purpose and under the case's number.

    :param subject: civil id of a child or relative, register number of a person whom the applicant named, plate, number of a property,
        of a parcel, of a legal entity.
    :raises RegisterSilent: no answer, a refusal, or one that cannot be believed. All may be different later.
    :raises ConsentMissing: the person has not consented; the register was not asked.
    """

    def call(service: str, path: str) -> Answer:
        return exchange.call(
            system=SYSTEM, service=service, path=path, purpose=use.purpose, case=case_number, user=f"MN{person.civil_id}",
            deadline_seconds=deadline_seconds,
        )  # fmt: skip

    try:
        key = _key(meaning, person, subject, call)
        answer = call(meaning.service, _path(meaning, person, key))
        _check_subject(meaning, key, answer.body)
        told = content(meaning, answer.body)
    except NotInRegister as error:
        message_id = str(error.data.get("message_id") or "") or None
        return Reading(absent=True, lines=[], answered_at=now(), message_id=message_id, receipt=None, subject=subject)
    except ExchangeRefused as error:
        kind = ConsentMissing if error.data.get("reason") == _CONSENT_MISSING else RegisterSilent
        raise kind(f"{use.meaning}: {error}", cause=error.code) from error
    except (ExchangeUnavailable, ProviderFault, SubjectMismatch) as error:
        raise RegisterSilent(f"{use.meaning}: {error}", cause=error.code) from error
    except Incomplete as error:
        raise RegisterSilent(str(error), cause="incomplete") from error
    return Reading(
        absent=False, lines=lines(meaning.fields, told.fields), answered_at=answer.answered_at, message_id=answer.message_id,
        receipt=answer.receipt, aimag_code=_aimag(meaning, answer.body), subject=subject,
        items=[lines(meaning.items.fields, item) for item in told.items] if meaning.items else [],
    )  # fmt: skip


def _key(meaning: Meaning, person: Person, subject: str, call: Callable[[str, str], Answer]) -> str:
    """By what the register is asked: a person's civil id, or the number of a thing."""
    if meaning.subject is not MeaningSubject.PERSON or re.fullmatch(r"[0-9]{12}", subject):
        return subject
    if not subject:
        return person.civil_id
    service = f"{meaning.service.split('/')[0]}/GOV/state-registration/population/person"
    answer = call(service, _BY_REGNUM.format(quote(subject, safe=""))).body
    body = answer if isinstance(answer, dict) else {}
    civil_id = body.get("civil_id")
    if not isinstance(civil_id, str) or body.get("regnum") != subject:
        raise RegisterSilent(f"{meaning.code}: the population register did not name {subject[:2]}…", cause="incomplete")
    return civil_id


def _path(meaning: Meaning, person: Person, key: str) -> str:
    """The template filled in, percent-encoded."""
    variables = {VARIABLES[meaning.subject]: quote(key, safe="")}
    if key == person.civil_id:
        variables["regnum"] = quote(person.regnum, safe="")
    return meaning.path.format(**variables)


def _check_subject(meaning: Meaning, key: str, body: Any) -> None:
    """The answer is about what was asked for. Of persons and what they own the gateway checks it too; of a legal entity nobody else does.

    :raises RegisterSilent: it is about another.
    """
    echo = body.get(VARIABLES[meaning.subject]) if isinstance(body, dict) else None
    if echo is not None and str(echo).upper() != key.upper():
        raise RegisterSilent(f"{meaning.code}: the answer is about another", cause="other_subject")


def _aimag(meaning: Meaning, body: Any) -> str | None:
    code = body.get(meaning.aimag_pointer.removeprefix("/")) if meaning.aimag_pointer and isinstance(body, dict) else None
    return code if isinstance(code, str) and re.fullmatch(r"[0-9]{2}", code) else None
