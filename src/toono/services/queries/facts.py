"""Facts of a case: which are there, which are pending, what conditions read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from toono.services.contracts import FactState, FactView, FieldLine, Text
from toono.services.domain.definition import Definition, FactUse
from toono.services.models import Case, Fact
from toono.services.queries import definitions

IDENTITY = "person.identity"


def current(case: Case) -> dict[str, Fact]:
    """The facts that count, by name."""
    return {fact.name: fact for fact in Fact.objects.filter(case=case, retired_at__isnull=True)}


def needed(definition: Definition, have: dict[str, Fact], at: datetime) -> list[FactUse]:
    """Facts that were never read, or are older than the definition allows."""
    return [u for u in definition.facts if u.name not in have or have[u.name].answered_at < at - timedelta(hours=u.fresh_hours)]


def values(have: dict[str, Fact]) -> dict[str, dict[str, Any]]:
    """As conditions read them; an absent fact is absent."""
    return {name: {line["name"]: line["value"] for line in fact.value} for name, fact in have.items() if not fact.absent}


def views(definition: Definition, have: dict[str, Fact]) -> tuple[FactView, ...]:
    """As people read them, in the order of the definition."""
    return tuple(_view(use, have[use.name]) if use.name in have else _pending(use) for use in definition.facts)


def _view(use: FactUse, fact: Fact) -> FactView:
    return FactView(
        name=use.name,
        meaning=use.meaning,
        title=Text(**fact.title),
        source=Text(**fact.source),
        state=FactState.ABSENT if fact.absent else FactState.READ,
        answered_at=fact.answered_at,
        message_id=fact.message_id,
        fields=tuple(FieldLine(name=line["name"], label=Text(**line["label"]), value=line["value"]) for line in fact.value),
    )


def _pending(use: FactUse) -> FactView:
    meaning = definitions.meanings().find(use.meaning)
    unknown = Text(mn=use.meaning, en=use.meaning)
    return FactView(
        name=use.name, meaning=use.meaning, title=meaning.title if meaning else unknown, source=meaning.source if meaning else unknown,
        state=FactState.PENDING, answered_at=None, message_id=None, fields=(),
    )  # fmt: skip


def applicant(case_number: str, have: dict[str, Fact]) -> str:
    """«Б.Сарнай»; the case's number while the register is silent."""
    fact = next((f for f in have.values() if f.meaning == IDENTITY and not f.absent), None)
    if fact is None:
        return case_number
    names = {line["name"]: line["value"] for line in fact.value}
    return f"{names['patronymic'][0]}.{names['given_name']}"
