"""What each event adds to which counter. Live counting and rebuilding both go through here, so they cannot differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from toono.feedback.events import CaseRated
from toono.insight.domain.histogram import bucket
from toono.kernel.calendar import working_time_between
from toono.kernel.clock import local
from toono.services.contracts import Outcome
from toono.services.events import CaseDecided, CaseSubmitted, DocumentIssued

Counted = CaseSubmitted | CaseDecided | DocumentIssued | CaseRated
COUNTED: dict[str, type[Counted]] = {e.name: e for e in (CaseSubmitted, CaseDecided, DocumentIssued, CaseRated)}
"""The events that are counted, by name."""

Key = tuple[date | str | int, ...]


class Counter(StrEnum):
    """The tables of counters."""

    CASES = "cases"
    """Key: day, service, organisation, channel, aimag. Amounts: submitted, granted, refused, withdrawn, documents,
    on_time, working_seconds."""
    DECISION_TIMES = "decision_times"
    """Key: day, service, organisation, bucket of the histogram. Amount: decisions."""
    RATINGS = "ratings"
    """Key: day, service, organisation. Amounts: ratings, stars."""


@dataclass(frozen=True)
class Increment:
    """Add ``amounts`` to the counters at ``key``."""

    counter: Counter
    key: Key
    amounts: tuple[int, ...]


def increments(event: Counted) -> tuple[Increment, ...]:
    """What the event adds, at most once to each table."""
    if isinstance(event, CaseRated):
        key = (_day(event.occurred_at), event.service, event.organisation)
        return (Increment(Counter.RATINGS, key, (1, event.stars)),)
    if isinstance(event, CaseSubmitted):
        return (_cases(event, event.submitted_at or event.occurred_at, submitted=1),)
    if isinstance(event, DocumentIssued):
        return (_cases(event, event.occurred_at, documents=1),)
    if event.submitted_at is None:
        return ()  # a draft that was thrown away was never asked of anybody
    decided_at = event.decided_at or event.occurred_at
    if event.outcome == Outcome.WITHDRAWN:
        return (_cases(event, decided_at, withdrawn=1),)
    return _decided(event, event.submitted_at, decided_at)


def _decided(event: CaseDecided, submitted_at: datetime, decided_at: datetime) -> tuple[Increment, ...]:
    seconds = round(working_time_between(submitted_at, decided_at).total_seconds())
    cases = _cases(
        event,
        decided_at,
        granted=int(event.outcome == Outcome.GRANTED),
        refused=int(event.outcome == Outcome.REFUSED),
        on_time=int(event.due_at is None or decided_at <= event.due_at),
        working_seconds=seconds,
    )
    times = Increment(Counter.DECISION_TIMES, (_day(decided_at), event.service, event.organisation, bucket(seconds)), (1,))
    return cases, times


def _cases(
    event: CaseSubmitted | CaseDecided | DocumentIssued,
    at: datetime,
    *,
    submitted: int = 0,
    granted: int = 0,
    refused: int = 0,
    withdrawn: int = 0,
    documents: int = 0,
    on_time: int = 0,
    working_seconds: int = 0,
) -> Increment:
    key = (_day(at), event.service, event.organisation, event.channel, event.aimag_code or "")
    return Increment(Counter.CASES, key, (submitted, granted, refused, withdrawn, documents, on_time, working_seconds))


def _day(at: datetime) -> date:
    return local(at).date()
