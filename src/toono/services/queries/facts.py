"""Facts of a case: which are there, which are pending, what conditions read, what people read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from toono.services.contracts import Applicant, FactState, FactView, Text
from toono.services.domain import readings
from toono.services.domain.contents import Content
from toono.services.domain.contents import values as typed
from toono.services.domain.definition import Definition, FactUse
from toono.services.domain.lines import content, field_lines
from toono.services.domain.readings import Known, Situation
from toono.services.models import Case, Fact
from toono.services.queries import definitions

IDENTITY = "person.identity"
Have = Mapping[str, Fact]
"""Facts of a case that count, by name."""


_remembered: ContextVar[dict[UUID, dict[str, Fact]] | None] = ContextVar("facts_remembered", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Inside the block the facts of a case are read from the database once, however many rules ask for them.

    For who holds the case's row: under its lock nobody else changes them, and who changes them says :func:`forget`.
    """
    token = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(token)


def forget(case: Case) -> None:
    """The facts of the case have changed."""
    if (remembered := _remembered.get()) is not None:
        remembered.pop(case.id, None)


def current(case: Case) -> dict[str, Fact]:
    """The facts that count, by name; also those that do not concern the case."""
    remembered = _remembered.get()
    if remembered is not None and case.id in remembered:
        return dict(remembered[case.id])
    found = {fact.name: fact for fact in Fact.objects.filter(case=case, retired_at__isnull=True)}
    if remembered is not None:
        remembered[case.id] = dict(found)
    return found


def as_of(case: Case, at: datetime) -> dict[str, Fact]:
    """The facts that counted at a moment."""
    then = Fact.objects.filter(Q(retired_at__isnull=True) | Q(retired_at__gt=at), case=case, answered_at__lte=at)
    return {fact.name: fact for fact in then.order_by("answered_at", "id")}


def told(fact: Fact) -> Content:
    """What the register said; empty where it holds nothing."""
    return content(fact.value, fact.items)


def contents(have: Have) -> dict[str, Content]:
    """The facts that the registers hold, by name."""
    return {name: told(fact) for name, fact in have.items() if not fact.absent}


def values(have: Have) -> dict[str, dict[str, Any]]:
    """As conditions read them. A pending fact is missing; of one that the register does not hold, and of one that does not concern the
    case, nothing is known: no field, no items."""
    return {name: typed(told(fact)) for name, fact in have.items()}


def known(have: Have) -> dict[str, Known]:
    """As the plan of readings reads them."""
    return {name: Known(fact.subject, fact.answered_at, fact.asked, None if fact.absent else told(fact)) for name, fact in have.items()}


def situation(case: Case) -> Situation:
    """What facts depend on besides each other."""
    return Situation(Applicant(case.applicant), case.subject, case.answers)


def views(definition: Definition, have: Have) -> tuple[FactView, ...]:
    """As people read them, in the order of the definition; what does not concern the case is not shown."""
    return tuple(_view(use, have[use.name]) if use.name in have else _pending(use) for use in definition.facts if _concerns(use, have))


def _concerns(use: FactUse, have: Have) -> bool:
    return use.name not in have or have[use.name].asked


def _view(use: FactUse, fact: Fact) -> FactView:
    return FactView(
        name=use.name,
        meaning=use.meaning,
        title=Text(**fact.title),
        source=Text(**fact.source),
        state=FactState.ABSENT if fact.absent else FactState.READ,
        answered_at=fact.answered_at,
        message_id=fact.message_id,
        fields=field_lines(fact.value),
        items=tuple(field_lines(item) for item in fact.items),
        subject=fact.subject,
    )


def _pending(use: FactUse) -> FactView:
    meaning = definitions.meanings().find(use.meaning)
    unknown = Text(mn=use.meaning, en=use.meaning)
    return FactView(
        name=use.name, meaning=use.meaning, title=meaning.title if meaning else unknown, source=meaning.source if meaning else unknown,
        state=FactState.PENDING, answered_at=None, message_id=None, fields=(),
        consent=consent_agreement(meaning.service) if meaning and meaning.consent else None,
    )  # fmt: skip


def consent_agreement(service: str) -> str:
    """Name of the portal's agreement on a service of the exchange: ``portal-credit-loans``."""
    system, code = service.split("/")[-2:]
    return f"portal-{system}-{code}"


def waiting_for_consent(definition: Definition, have: Have) -> list[FactUse]:
    """Facts without which the case cannot go on, and which the person has not let be read."""
    needed = set(readings.used(definition))
    lacking = [use for use in definition.facts if use.name not in have and use.name in needed]
    return [use for use in lacking if (meaning := definitions.meanings().find(use.meaning)) and meaning.consent]


def applicant(case_number: str, have: Have) -> str:
    """«Б.Сарнай»; the case's number while the register is silent."""
    fact = next((f for f in have.values() if f.meaning == IDENTITY and not f.absent and not f.subject), None)
    if fact is None:
        return case_number
    names = {line["name"]: line["value"] for line in fact.value}
    return f"{names['patronymic'][0]}.{names['given_name']}" if names.get("patronymic") else str(names["given_name"])
