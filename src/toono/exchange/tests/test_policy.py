"""Rates, quotas, hours and breakers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.exchange import limits
from toono.exchange.domain.policy import Breaker, BreakerState, DayQuota, TokenBucket, day_of, is_open, seconds_to_next_day, seconds_to_open
from toono.registry.contracts import Hours

# -- rate -------------------------------------------------------------------------------------------------------------


def take(bucket: TokenBucket, now: float) -> bool:
    if bucket.wait_seconds(now) > 0:
        return False
    bucket.take()
    return True


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    bucket = TokenBucket(2, 4, 100.0)
    assert [take(bucket, 100.0) for _ in range(6)] == [True] * 4 + [False] * 2
    assert bucket.wait_seconds(100.0) == pytest.approx(0.5)
    assert [take(bucket, 100.25), take(bucket, 100.5), take(bucket, 100.5)] == [False, True, False]
    assert [take(bucket, 200.0) for _ in range(5)] == [True] * 4 + [False]


def test_a_clock_that_goes_back_gives_nothing_twice() -> None:
    bucket = TokenBucket(1, 1, 100.0)
    assert take(bucket, 100.0)
    assert not take(bucket, 50.0) and not take(bucket, 100.9) and take(bucket, 101.0)


@given(st.integers(1, 20), st.integers(1, 20), st.lists(st.floats(0, 2), max_size=200))
def test_no_sequence_of_calls_gets_more_than_the_burst_and_the_rate(rate: int, burst: int, pauses: list[float]) -> None:
    bucket, now, taken = TokenBucket(rate, burst, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        taken += take(bucket, now)
    assert taken <= burst + rate * now + 1e-6


# -- quota ------------------------------------------------------------------------------------------------------------

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def test_a_quota_counts_what_is_under_way_what_is_written_and_what_others_wrote() -> None:
    used = DayQuota(MONDAY)
    for _ in range(3):
        used.take(MONDAY)
    assert used.left(10, MONDAY) == 7
    used.written(2, MONDAY)
    assert used.left(10, MONDAY) == 7
    assert used.heard(6, MONDAY)
    assert (used.left(10, MONDAY), used.left(9, MONDAY), used.left(5, MONDAY)) == (1, 0, 0)
    used.give_back(MONDAY)
    assert used.left(10, MONDAY) == 2


def test_a_new_day_begins_with_nothing_used_and_the_old_one_does_not_come_back() -> None:
    used = DayQuota(MONDAY)
    used.take(MONDAY)
    used.take(TUESDAY)
    assert used.left(10, TUESDAY) == 9
    used.give_back(MONDAY)
    used.written(1, MONDAY)
    assert not used.heard(5, MONDAY)
    assert used.left(10, TUESDAY) == 9


def test_the_count_of_a_day_that_has_not_begun_here_is_not_taken_yet() -> None:
    used = DayQuota(MONDAY)
    assert not used.heard(5, TUESDAY)
    assert used.left(10, MONDAY) == 10


def test_a_day_is_one_of_ulaanbaatar() -> None:
    assert day_of(datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC)) == MONDAY
    assert day_of(datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == TUESDAY
    assert seconds_to_next_day(datetime(2026, 3, 2, 15, 59, 59, 500_000, tzinfo=UTC)) == 1
    assert seconds_to_next_day(datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == 86_400


# -- hours ------------------------------------------------------------------------------------------------------------


def local(day: int, clock: str) -> datetime:
    """March 2026: the 2nd is a Monday."""
    hour, minute = clock.split(":")
    return datetime(2026, 3, day, int(hour), int(minute), tzinfo=UTC) - timedelta(hours=8)


WORK = Hours(weekdays=(1, 2, 3, 4, 5), begin=time(9), end=time(18))
NIGHT = Hours(weekdays=(5, 7), begin=time(22), end=time(6))
SATURDAY = Hours(weekdays=(6,), begin=time(8), end=time(7, 59))
NONE = Hours(weekdays=(1, 2, 3, 4, 5, 6, 7), begin=time(8), end=time(8))
NEVER = Hours(weekdays=(), begin=time(0), end=time(0))


@pytest.mark.parametrize(
    ("hours", "day", "clock", "wait"),
    [
        (WORK, 2, "09:00", 0), (WORK, 2, "17:59", 0), (WORK, 2, "18:00", 15 * 3600), (WORK, 2, "08:59", 60), (WORK, 6, "18:00", 63 * 3600), (WORK, 7, "12:00", 45 * 3600),
        (NIGHT, 6, "22:00", 0), (NIGHT, 7, "05:59", 0), (NIGHT, 7, "06:00", 40 * 3600), (NIGHT, 7, "22:00", 24 * 3600), (NIGHT, 8, "22:00", 0), (NIGHT, 9, "05:00", 0),
        (NIGHT, 9, "22:00", 4 * 86_400), (NIGHT, 6, "05:00", 17 * 3600),
        (SATURDAY, 7, "08:00", 0), (SATURDAY, 8, "07:58", 0), (SATURDAY, 8, "08:00", 6 * 86_400), (SATURDAY, 7, "07:59", 60),
        (NEVER, 2, "12:00", None), (NONE, 2, "08:00", None), (NONE, 2, "12:00", None),
    ],
)  # fmt: skip
def test_hours_are_those_of_ulaanbaatar_also_over_midnight(hours: Hours, day: int, clock: str, wait: int | None) -> None:
    moment = local(day, clock)
    assert (is_open(hours, moment), seconds_to_open(hours, moment)) == (wait == 0, wait)


CLOCKS = st.times().map(lambda t: t.replace(microsecond=0))


@given(st.sets(st.integers(1, 7), min_size=1), CLOCKS, CLOCKS, st.integers(0, 5 * 365 * 86_400))
def test_after_the_wait_it_is_open_and_not_before(days: set[int], begin: time, end: time, seconds: int) -> None:
    hours, at = Hours(weekdays=tuple(days), begin=begin, end=end), local(2, "00:00") + timedelta(seconds=seconds)
    wait = seconds_to_open(hours, at)
    if begin == end:
        assert wait is None and not is_open(hours, at)
        return
    assert wait is not None and is_open(hours, at + timedelta(seconds=wait))
    assert wait == 0 or not is_open(hours, at + timedelta(seconds=wait - 1))


# -- breaker ----------------------------------------------------------------------------------------------------------

PAUSE, LONGEST = limits.BREAKER_OPEN_SECONDS


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(limits.BREAKER_FAILURES):
        assert breaker.allow(now)
        breaker.failed(now)
    assert breaker.state is BreakerState.OPEN
    return breaker


def test_failures_in_a_row_open_it_and_a_success_between_them_does_not() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(limits.BREAKER_FAILURES - 1):
            breaker.failed(0)
        breaker.succeeded(0)
    assert breaker.state is BreakerState.CLOSED
    assert not opened().allow(0)


def test_more_than_half_of_failures_opens_it_too() -> None:
    breaker = Breaker()
    states = []
    for good in ([False, False, True] * limits.BREAKER_WINDOW)[: limits.BREAKER_WINDOW]:
        breaker.succeeded(0) if good else breaker.failed(0)
        states.append(breaker.state)
    assert states == [BreakerState.CLOSED] * (limits.BREAKER_WINDOW - 1) + [BreakerState.OPEN]


def test_after_its_pause_one_probe_goes_through_and_its_success_closes_it() -> None:
    breaker = opened()
    assert not breaker.allow(PAUSE - 0.01) and breaker.retry_after(PAUSE - 0.01) == 1
    assert [breaker.allow(PAUSE), breaker.allow(PAUSE), breaker.allow(PAUSE + 1)] == [True, False, False]
    breaker.succeeded(PAUSE + 2)
    assert breaker.state is BreakerState.CLOSED and breaker.allow(PAUSE + 2)


def test_what_was_before_it_opened_is_forgotten_when_it_closes() -> None:
    breaker = opened()
    breaker.allow(PAUSE)
    breaker.succeeded(PAUSE)
    for good in ([False, False, True] * limits.BREAKER_WINDOW)[: limits.BREAKER_WINDOW - 1]:
        breaker.succeeded(PAUSE) if good else breaker.failed(PAUSE)
    assert breaker.state is BreakerState.CLOSED


def test_each_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    breaker, now, pauses = opened(), 0.0, []
    for _ in range(8):
        wait = breaker.retry_after(now)
        pauses.append(wait)
        assert not breaker.allow(now + wait - 0.5)
        now += wait
        assert breaker.allow(now)
        breaker.failed(now)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60] and (PAUSE, LONGEST) == (2, 60)
    breaker.allow(now + LONGEST)
    breaker.succeeded(now + LONGEST)
    for _ in range(limits.BREAKER_FAILURES):
        breaker.failed(now + LONGEST)
    assert breaker.retry_after(now + LONGEST) == PAUSE


def test_calls_that_began_before_it_opened_neither_close_it_nor_lengthen_the_pause() -> None:
    breaker = opened()
    breaker.succeeded(1)
    breaker.failed(1.5)
    assert breaker.state is BreakerState.OPEN and breaker.allow(PAUSE)


def test_a_probe_that_nobody_hears_of_again_makes_room_for_another() -> None:
    breaker = opened()
    assert breaker.allow(PAUSE) and not breaker.allow(PAUSE + limits.BREAKER_PROBE_SECONDS - 1)
    assert breaker.allow(PAUSE + limits.BREAKER_PROBE_SECONDS)
