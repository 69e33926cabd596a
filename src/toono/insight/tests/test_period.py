"""Periods that people ask for."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.insight.domain.period import Period, choices, day, month, wished
from toono.insight.errors import NotADate, PeriodReversed, PeriodTooLong

TODAY = date(2026, 11, 22)


@given(st.dates(date(2001, 1, 1), date(2900, 1, 1)))
def test_a_month_holds_its_day_and_ends_before_the_next_first(some_day: date) -> None:
    period = month(some_day)
    assert period.since.day == 1
    assert period.since <= some_day <= period.until
    assert (period.until + timedelta(days=1)).day == 1
    assert len(list(period.days())) == period.until.day


@pytest.mark.parametrize("typed", ["2026-11-02", "2026.11.02", " 2026/11/2 ", "2026.11.2"])
def test_a_date_is_read_as_people_write_it(typed: str) -> None:
    assert day(typed, field="since") == date(2026, 11, 2)


@pytest.mark.parametrize("typed", ["2026-02-30", "yesterday", "", "0001-01-01", "9999-12-31", "2026-11", "20261122", "٢٠٢٦-01-01x"])
def test_what_is_no_date_is_told_with_its_field(typed: str) -> None:
    with pytest.raises(NotADate) as refused:
        day(typed, field="until")
    assert refused.value.data == {"field": "until"}


def test_no_wish_means_this_month() -> None:
    assert wished("", " ", today=TODAY) == Period(date(2026, 11, 1), date(2026, 11, 30))


def test_one_bound_means_the_rest_of_its_month() -> None:
    assert wished("2026-02-10", "", today=TODAY) == Period(date(2026, 2, 10), date(2026, 2, 28))
    assert wished("", "2026-02-10", today=TODAY) == Period(date(2026, 2, 1), date(2026, 2, 10))


def test_a_single_day_is_a_period() -> None:
    assert list(wished("2026-11-22", "2026-11-22", today=TODAY).days()) == [TODAY]


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(PeriodReversed):
        wished("2026-11-22", "2026-11-21", today=TODAY)


def test_a_leap_year_is_a_period_and_a_day_more_is_refused() -> None:
    assert wished("2028-01-01", "2028-12-31", today=TODAY)
    with pytest.raises(PeriodTooLong):
        wished("2028-01-01", "2029-01-01", today=TODAY)


def test_the_offered_periods_hold_today_or_end_before_this_month() -> None:
    offered = {choice.name: choice.period for choice in choices(date(2026, 1, 31))}
    assert offered["last_month"] == Period(date(2025, 12, 1), date(2025, 12, 31))
    assert offered["thirty_days"] == Period(date(2026, 1, 2), date(2026, 1, 31))
    assert offered["this_year"] == Period(date(2026, 1, 1), date(2026, 12, 31))
