"""Periods of whole days, both ends included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from toono.insight.errors import NotADate, PeriodReversed, PeriodTooLong

LONGEST_DAYS = 366
_SHAPE = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")


@dataclass(frozen=True)
class Period:
    """From ``since`` to ``until``, both included.

    :raises PeriodReversed: it ends before it begins.
    :raises PeriodTooLong: it is longer than a year.
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise PeriodReversed(f"{self.since} to {self.until}")
        if (self.until - self.since).days >= LONGEST_DAYS:
            raise PeriodTooLong(f"{self.since} to {self.until}")

    def days(self) -> Iterator[date]:
        return (self.since + timedelta(days=n) for n in range((self.until - self.since).days + 1))


def day(typed: str, *, field: str) -> date:
    """The date that a person wrote into ``field``, as 2026.11.22 or 2026-11-22.

    :raises NotADate: it is none, or lies outside the years 2000 to 2999; its data name the field.
    """
    found = _SHAPE.fullmatch(typed.strip())
    try:
        value = date(*map(int, found.groups())) if found else None
    except ValueError:
        value = None
    if value is None or not 2000 <= value.year < 3000:
        raise NotADate(f"«{typed[:40]}»", field=field)
    return value


def month(of: date) -> Period:
    """The calendar month in which the day lies."""
    first = of.replace(day=1)
    return Period(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def wished(since: str, until: str, *, today: date) -> Period:
    """The period that somebody asked for; empty bounds mean this month, one empty bound a month beside the other.

    :raises NotADate: a bound is no date.
    :raises PeriodReversed: it ends before it begins.
    :raises PeriodTooLong: it is longer than a year.
    """
    begins = day(since, field="since") if since.strip() else None
    ends = day(until, field="until") if until.strip() else None
    if begins and ends:
        return Period(begins, ends)
    if begins:
        return Period(begins, month(begins).until)
    if ends:
        return Period(month(ends).since, ends)
    return month(today)


@dataclass(frozen=True)
class Choice:
    """A period that one link offers."""

    name: str
    """``this_month``, ``last_month``, ``thirty_days``, ``this_year``."""
    period: Period


def choices(today: date) -> tuple[Choice, ...]:
    """The periods that people ask for most."""
    this = month(today)
    return (
        Choice("this_month", this),
        Choice("last_month", month(this.since - timedelta(days=1))),
        Choice("thirty_days", Period(today - timedelta(days=29), today)),
        Choice("this_year", Period(date(today.year, 1, 1), date(today.year, 12, 31))),
    )
