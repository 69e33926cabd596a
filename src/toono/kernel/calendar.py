"""Working time: days, hours, Mongolian public holidays (lunar ones included) and days moved by decree.

Days that the Government moved are data: those known when this was written stand in :data:`KNOWN`, later ones in the database, from where
:mod:`toono.kernel.decrees` brings them into each process with :func:`use`. Without it the known ones count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import holidays

from toono.kernel.clock import ULAANBAATAR

DAY_STARTS, LUNCH_STARTS, LUNCH_ENDS, DAY_ENDS = time(8, 0), time(12, 0), time(13, 0), time(17, 0)
DAY_HOURS = 8
"""Working hours of a working day."""


@dataclass(frozen=True)
class Decreed:
    """A day that the Government made a working day, or a day off."""

    works: bool
    decree: str
    """Date and number, as it is quoted."""


_EVE_2026 = "Засгийн газрын 2026 оны 01 сарын 21-ний өдрийн шийдвэр"
KNOWN: Mapping[date, Decreed] = {date(2026, 2, 17): Decreed(False, _EVE_2026), date(2026, 2, 28): Decreed(True, _EVE_2026)}
"""The eve of Tsagaan Sar 2026, moved to a Saturday (Labour Law, article 43.3; announced on https://old.mnb.mn/i/340161)."""

_in_force: Mapping[date, Decreed] = KNOWN
_here: ContextVar[Mapping[date, Decreed] | None] = ContextVar("decreed_days", default=None)


def use(days: Mapping[date, Decreed]) -> None:
    """From now on these decreed days, beside the known ones, count in this process. One assignment: readers see the old or the new."""
    global _in_force
    _in_force = {**KNOWN, **days}


@contextmanager
def decreed(days: Mapping[date, Decreed]) -> Iterator[None]:
    """Inside the block exactly these decreed days count. For tests and simulations."""
    token = _here.set(days)
    try:
        yield
    finally:
        _here.reset(token)


def decreed_days() -> Mapping[date, Decreed]:
    """The decreed days that count here and now."""
    here = _here.get()
    return _in_force if here is None else here


@cache
def _public_holidays(year: int) -> dict[date, tuple[str, str]]:
    english = holidays.country_holidays("MN", years=year, language="en_US")
    return {day: (name, english[day]) for day, name in holidays.country_holidays("MN", years=year, language="mn").items()}


def holiday(day: date) -> tuple[str, str] | None:
    """Name of the public holiday on ``day``, in Mongolian and English."""
    return _public_holidays(day.year).get(day)


def is_working_day(day: date) -> bool:
    """Whether offices are open on ``day``. A decree goes before the week and the holidays."""
    moved = decreed_days().get(day)
    if moved is not None:
        return moved.works
    return day.weekday() < 5 and day not in _public_holidays(day.year)


def next_working_day(day: date) -> date:
    """``day`` itself if offices are open on it, else the first day after it on which they are."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def opening(day: date) -> datetime:
    """When offices open on ``day``, as Ulaanbaatar's clock shows it."""
    return datetime.combine(day, DAY_STARTS, ULAANBAATAR)


def closing(day: date) -> datetime:
    """When offices close on ``day``."""
    return datetime.combine(day, DAY_ENDS, ULAANBAATAR)


@cache
def _hours(day: date) -> tuple[tuple[datetime, datetime], ...]:
    return (
        (opening(day).astimezone(UTC), datetime.combine(day, LUNCH_STARTS, ULAANBAATAR).astimezone(UTC)),
        (datetime.combine(day, LUNCH_ENDS, ULAANBAATAR).astimezone(UTC), closing(day).astimezone(UTC)),
    )


def _periods(day: date) -> tuple[tuple[datetime, datetime], ...]:
    return _hours(day) if is_working_day(day) else ()


def add_working_time(start: datetime, duration: timedelta) -> datetime:
    """The moment at which ``duration`` of working time has passed since ``start`` (UTC). One working day has 8 hours."""
    if duration <= timedelta():
        return start.astimezone(UTC)
    left, day = duration, start.astimezone(ULAANBAATAR).date()
    while True:
        for opens, closes in _periods(day):
            begins = max(opens, start)
            if begins < closes:
                if left <= closes - begins:
                    return (begins + left).astimezone(UTC)
                left -= closes - begins
        day += timedelta(days=1)


def working_time_between(start: datetime, end: datetime) -> timedelta:
    """Working time that passed from ``start`` to ``end``; nothing if ``end`` is earlier."""
    total, day, last = timedelta(), start.astimezone(ULAANBAATAR).date(), end.astimezone(ULAANBAATAR).date()
    while day <= last:
        for opens, closes in _periods(day):
            total += max(min(closes, end) - max(opens, start), timedelta())
        day += timedelta(days=1)
    return total
