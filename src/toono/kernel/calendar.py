"""Working time: days, hours, Mongolian public holidays (lunar ones included) and transfers by decree."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import holidays

from toono.kernel.clock import ULAANBAATAR

DAY_STARTS, LUNCH_STARTS, LUNCH_ENDS, DAY_ENDS = time(8, 0), time(12, 0), time(13, 0), time(17, 0)

# Days moved by a decree of the Government: the day and whether work is done on it.
DECREED: dict[date, bool] = {}


@cache
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("MN", years=year))


def is_working_day(day: date) -> bool:
    """Whether offices are open on ``day``."""
    if day in DECREED:
        return DECREED[day]
    return day.weekday() < 5 and day not in _public_holidays(day.year)


def _periods(day: date) -> list[tuple[datetime, datetime]]:
    if not is_working_day(day):
        return []
    return [
        (datetime.combine(day, DAY_STARTS, ULAANBAATAR), datetime.combine(day, LUNCH_STARTS, ULAANBAATAR)),
        (datetime.combine(day, LUNCH_ENDS, ULAANBAATAR), datetime.combine(day, DAY_ENDS, ULAANBAATAR)),
    ]


def add_working_time(start: datetime, duration: timedelta) -> datetime:
    """The moment at which ``duration`` of working time has passed since ``start`` (UTC). One working day has 8 hours."""
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
    total, day = timedelta(), start.astimezone(ULAANBAATAR).date()
    while day <= end.astimezone(ULAANBAATAR).date():
        for opens, closes in _periods(day):
            total += max(min(closes, end) - max(opens, start), timedelta())
        day += timedelta(days=1)
    return total
