"""The rules of codes: forms forgiven, waits, locks, verdicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.identity.domain.device import device_name
from toono.identity.domain.sign_in import Entry, Verdict, judge, lock_after, typed_code, wait_before_next_code
from toono.identity.limits import LIMITS

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("typed", ["012345", " 012 345 ", "012-345", "0 1 2 3 4 5", "012\u00a0345"])
def test_spaces_and_dashes_in_a_code_are_forgiven(typed):
    assert typed_code(typed) == "012345"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "１２３４５６", "+12345", "12345\n6x"])
def test_anything_but_six_digits_is_no_code(typed):
    assert typed_code(typed) is None


def test_the_first_code_is_given_at_once_and_the_next_after_a_minute():
    assert wait_before_next_code([], NOW) is None
    assert wait_before_next_code([NOW - timedelta(seconds=20)], NOW) == timedelta(seconds=40)
    assert wait_before_next_code([NOW - MINUTE], NOW) is None


def test_the_sixth_code_waits_until_the_first_is_an_hour_old():
    asked = [NOW - MINUTE * n for n in (50, 40, 30, 20, 10)]
    assert wait_before_next_code(asked, NOW) == MINUTE * 10
    assert wait_before_next_code(asked[1:], NOW) is None


@given(st.lists(st.integers(0, 7200), max_size=12))
def test_whoever_waits_as_told_is_given_a_code(ages):
    asked = [NOW - timedelta(seconds=age) for age in ages]
    wait = wait_before_next_code(asked, NOW)
    assert wait is None or wait_before_next_code(asked, NOW + wait) is None or len(ages) > LIMITS.codes_per_hour


@given(st.lists(st.integers(0, 100_000), max_size=200))
def test_no_hour_sees_more_codes_than_allowed(steps):
    """Somebody asks again and again, at any times: what is given never exceeds the limits."""
    given_at: list[datetime] = []
    moment = NOW
    for step in steps:
        moment += timedelta(seconds=step % 300)
        if wait_before_next_code([m for m in given_at if moment - m < timedelta(hours=1)], moment) is None:
            given_at.append(moment)
    for first in given_at:
        assert sum(1 for m in given_at if timedelta() <= m - first < timedelta(hours=1)) <= LIMITS.codes_per_hour
    assert all(later - earlier >= LIMITS.code_interval for earlier, later in pairwise(given_at))


def test_each_tenth_failure_locks_and_for_longer_each_time():
    assert [lock_after(n) for n in (0, 1, 9, 11, 19)] == [None] * 5
    assert [lock_after(n) for n in (10, 20, 30)] == [MINUTE * 15, MINUTE * 30, MINUTE * 60]
    assert lock_after(100) == lock_after(100_000) == timedelta(hours=24)


def entry(**changes) -> Entry:
    return Entry(**{"created_at": NOW, "drawn_at": NOW, "tries": 0, "used": False, "matches": True} | changes)


def test_a_right_code_is_right_for_five_minutes_from_when_it_was_drawn():
    assert judge(entry(), NOW + MINUTE * 5) == Verdict.RIGHT
    assert judge(entry(), NOW + MINUTE * 5 + timedelta(seconds=1)) == Verdict.EXPIRED
    assert judge(entry(created_at=NOW - MINUTE * 8), NOW) == Verdict.RIGHT


def test_a_code_is_dead_after_five_tries_or_one_use():
    assert judge(entry(tries=4), NOW) == Verdict.RIGHT
    assert judge(entry(tries=5), NOW) == Verdict.USED_UP
    assert judge(entry(used=True), NOW) == Verdict.USED_UP


def test_an_unknown_number_is_answered_like_a_known_one_with_a_wrong_code():
    for later in (MINUTE, MINUTE * 6):
        unknown = judge(entry(drawn_at=None, matches=False), NOW + later)
        assert unknown == judge(entry(matches=False), NOW + later)


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        (
            "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("curl/8.0", "curl/8.0"),
        ("", ""),
    ],
)
def test_a_device_is_named_so_that_its_owner_knows_it(claim, name):
    assert device_name(claim) == name
