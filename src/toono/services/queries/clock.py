"""The clock of a case, as its log tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from toono.services.contracts import Phase, TermView, Text
from toono.services.domain import terms
from toono.services.domain.definition import Definition
from toono.services.domain.terms import Clock, ClockEvent, ClockKind, Length
from toono.services.models import Case, CaseLog

PREFIX = "clock_"
"""Of the log's kinds that tell of the clock: ``clock_started``, ``clock_paused`` …"""


def history(case: Case, definition: Definition) -> tuple[Length, list[ClockEvent]]:
    """The length of the term and everything that happened to it, in order."""
    lines = list(CaseLog.objects.filter(case=case, kind__startswith=PREFIX).order_by("id").values_list("kind", "data"))
    lines = [line for line in lines if "at" in line[1]]  # a case whose contents were removed at the end of its time has none
    started = case.term_started_at or case.submitted_at
    if not lines and started is not None:
        whole = Length(definition.term.working_hours, definition.term.calendar_days)
        return (Length(case.term_hours, case.term_days) if case.term_hours or case.term_days else whole), list(terms.start_of(started))
    because = lines[0][1].get("because") if lines else None
    return Length(case.term_hours, case.term_days, Text(**because) if because else None), [_event(kind, data) for kind, data in lines]


def overdue(case: Case, phase: Phase, at: datetime) -> bool:
    """Whether an undecided case is late, by its row alone. While the clock stands, the case is with somebody else than the organisation."""
    return case.due_at is not None and at > case.due_at and phase in {Phase.WITH_OFFICER, Phase.WITH_EXPERT}


def _event(kind: str, data: dict[str, str]) -> ClockEvent:
    return ClockEvent(
        ClockKind(kind.removeprefix(PREFIX)), datetime.fromisoformat(data["at"]), int(data.get("hours", 0)), data.get("reason", "")
    )


def interruptions(case_ids: Iterable[UUID]) -> dict[UUID, list[ClockEvent]]:
    """What made the clocks of these cases stand and go on, in order; a case whose clock never stood is not among them."""
    kinds = [f"{PREFIX}{kind.value}" for kind in (ClockKind.PAUSED, ClockKind.RESUMED, ClockKind.RESTARTED)]
    found: dict[UUID, list[ClockEvent]] = defaultdict(list)
    lines = CaseLog.objects.filter(case__in=list(case_ids), kind__in=kinds, data__has_key="at").order_by("id")
    for case_id, kind, data in lines.values_list("case_id", "kind", "data"):
        found[case_id].append(_event(kind, data))
    return found


def reading(case: Case, definition: Definition) -> Clock:
    """Where the clock of a case stands, whose term has started."""
    length, events = history(case, definition)
    return terms.run(definition.term, length, events)


def view(case: Case, definition: Definition, at: datetime) -> TermView | None:
    """The clock in words, for pages; None for a case whose term has not started."""
    if case.submitted_at is None or case.due_at is None:
        return None
    length, events = history(case, definition)
    return terms.view(definition.term, length, events, case.decided_at or at)
