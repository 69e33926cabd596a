"""What each event adds to which counter. Live counting and rebuilding both go through here, so they cannot differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from toono.feedback.events import CaseRated
from toono.insight.domain.histogram import bucket
from toono.kernel.calendar import working_time_between
from toono.kernel.clock import local
from toono.services.contracts import Outcome
from toono.services.events import CaseDecided, CaseEvent, CaseLapsed, CaseSubmitted, CaseWithdrawn, DocumentIssued

Counted = CaseSubmitted | CaseDecided | CaseWithdrawn | CaseLapsed | DocumentIssued | CaseRated
COUNTED: dict[str, type[Counted]] = {e.name: e for e in (CaseSubmitted, CaseDecided, CaseWithdrawn, CaseLapsed, DocumentIssued, CaseRated)}
"""The events that are counted, by name."""

Key = tuple[date | str | int, ...]


class CaseAmounts(NamedTuple):
    """What is counted at :attr:`Counter.CASES`; the columns of the table, in this order."""

    submitted: int = 0
    granted: int = 0
    refused: int = 0
    withdrawn: int = 0
    """Ended without a decision: taken back, or lapsed."""
    documents: int = 0
    on_time: int = 0
    working_seconds: int = 0


class Counter(StrEnum):
    """The tables of counters."""

    CASES = "cases"
    """Key: day, service, organisation, channel, aimag. Amounts: :class:`CaseAmounts`."""
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
        return (_cases(event, event.submitted_at or event.occurred_at, CaseAmounts(submitted=1)),)
    if isinstance(event, DocumentIssued):
        return (_cases(event, event.occurred_at, CaseAmounts(documents=1)),)
    if isinstance(event, CaseWithdrawn | CaseLapsed):
        return (_cases(event, event.occurred_at, CaseAmounts(withdrawn=1)),)
    return _decided(event)


def _decided(event: CaseDecided) -> tuple[Increment, ...]:
    decided_at = event.decided_at or event.occurred_at
    seconds = round(working_time_between(event.submitted_at or decided_at, decided_at).total_seconds())
    amounts = CaseAmounts(
        granted=int(event.outcome == Outcome.GRANTED),
        refused=int(event.outcome == Outcome.REFUSED),
        on_time=int(event.due_at is None or decided_at <= event.due_at),
        working_seconds=seconds,
    )
    times = Increment(Counter.DECISION_TIMES, (_day(decided_at), event.service, event.organisation, bucket(seconds)), (1,))
    return _cases(event, decided_at, amounts), times


def _cases(event: CaseEvent, at: datetime, amounts: CaseAmounts) -> Increment:
    return Increment(Counter.CASES, (_day(at), event.service, event.organisation, event.channel, event.aimag_code or ""), amounts)


def _day(at: datetime) -> date:
    return local(at).date()
