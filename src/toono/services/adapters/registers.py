"""Asking a register for a fact, through the exchange."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from toono.exchange import api as exchange
from toono.exchange.errors import ExchangeRefused, ExchangeUnavailable, NotInRegister, ProviderFault, SubjectMismatch
from toono.identity.contracts import Person
from toono.kernel.clock import now
from toono.kernel.text import clean
from toono.services.domain.definition import FactUse, Meaning
from toono.services.errors import RegisterSilent

SYSTEM = "portal"
"""Toono's own client system on the exchange."""
DEADLINE_SECONDS = 4.0


@dataclass(frozen=True)
class Reading:
    """What the register said."""

    absent: bool
    lines: list[dict[str, Any]]
    answered_at: datetime
    message_id: str | None
    receipt: str | None
    aimag_code: str | None = None


def read(*, use: FactUse, meaning: Meaning, person: Person, case_number: str) -> Reading:
    """The fact about ``person``, asked for the purpose and under the case's number.

    :raises RegisterSilent: no answer, a refusal, or one that cannot be believed. All may be different later.
    """
    identifiers = {"civil_id": person.civil_id, "regnum": person.regnum}
    try:
        answer = exchange.call(
            system=SYSTEM, service=meaning.service, path=meaning.path.format(**identifiers), purpose=use.purpose, case=case_number,
            user=f"MN{person.civil_id}", deadline_seconds=DEADLINE_SECONDS,
        )  # fmt: skip
    except NotInRegister:
        return Reading(absent=True, lines=[], answered_at=now(), message_id=None, receipt=None)
    except (ExchangeUnavailable, ProviderFault, SubjectMismatch, ExchangeRefused) as error:
        raise RegisterSilent(f"{use.meaning}: {error}", cause=error.code) from error
    return Reading(
        absent=False, lines=_lines(meaning, answer.body), answered_at=answer.answered_at, message_id=answer.message_id, receipt=answer.receipt,
        aimag_code=_aimag(meaning, answer.body),
    )  # fmt: skip


def _lines(meaning: Meaning, body: Any) -> list[dict[str, Any]]:
    """The declared fields of the answer, and nothing else of it."""
    lines = []
    for field in meaning.fields:
        value = _shown(_at(body, field.pointer), field.kind)
        if value:
            lines.append({"name": field.name, "label": field.label.model_dump(), "value": value})
        elif field.required:
            raise RegisterSilent(f"{meaning.code}: the answer has no {field.pointer}", cause="incomplete")
    return lines


def _aimag(meaning: Meaning, body: Any) -> str | None:
    code = _at(body, meaning.aimag_pointer) if meaning.aimag_pointer else None
    return code if isinstance(code, str) and re.fullmatch(r"[0-9]{2}", code) else None


def _at(body: Any, pointer: str) -> Any:
    """RFC 6901 over objects; None where the way ends."""
    for part in pointer.split("/")[1:]:
        if not isinstance(body, dict):
            return None
        body = body.get(part.replace("~1", "/").replace("~0", "~"))
    return body


def _shown(value: Any, kind: str) -> str:
    if value is None or isinstance(value, dict | list | bool):
        return ""
    text = clean(str(value))[:500]
    if kind == "date":
        try:
            return f"{date.fromisoformat(text[:10]):%Y.%m.%d}"
        except ValueError:
            return ""
    return text
