"""Medians read from the histogram."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from toono.insight.domain.histogram import EDGES, bucket, percentile

TIMES = st.lists(st.integers(0, 2_000_000), min_size=1, max_size=200)
SHARES = st.floats(0.01, 1)


def test_edges_rise() -> None:
    assert list(EDGES) == sorted(set(EDGES))


def test_an_edge_belongs_to_the_bucket_above_it() -> None:
    assert bucket(0) == 0
    assert bucket(9) == 0
    assert bucket(10) == 1
    assert bucket(EDGES[-1] - 1) == len(EDGES) - 1
    assert bucket(EDGES[-1]) == len(EDGES)


def test_nothing_counted_has_no_median() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({3: 0}, 0.5) is None


def test_the_median_of_one_bucket_lies_in_its_middle() -> None:
    assert percentile({1: 10}, 0.5) == 35  # between 10 and 60 seconds


def test_an_empty_bucket_between_two_is_passed_over() -> None:
    assert percentile({0: 1, 5: 1}, 0.5) == 10
    assert percentile({0: 1, 5: 1}, 0.9) == round(1800 + 1800 * 0.8)


def test_what_is_past_the_last_edge_is_told_as_that_edge() -> None:
    assert percentile({len(EDGES): 7}, 0.9) == EDGES[-1]


@given(TIMES, SHARES)
def test_the_answer_lies_in_the_bucket_of_the_exact_one(times: list[int], share: float) -> None:
    exact = sorted(times)[math.ceil(share * len(times) - 1e-9) - 1]
    found = percentile(Counter(bucket(t) for t in times), share)
    assert found is not None
    number = bucket(exact)
    lower, upper = (EDGES[number - 1] if number else 0), EDGES[min(number, len(EDGES) - 1)]
    assert lower <= found <= upper


@given(TIMES, TIMES)
def test_days_add_up_to_the_period(one: list[int], other: list[int]) -> None:
    together = Counter(bucket(t) for t in one) + Counter(bucket(t) for t in other)
    assert percentile(together, 0.5) == percentile(Counter(bucket(t) for t in one + other), 0.5)


@given(TIMES)
def test_a_larger_share_takes_no_less_time(times: list[int]) -> None:
    counts = Counter(bucket(t) for t in times)
    found = [percentile(counts, share) for share in (0.1, 0.5, 0.9, 1)]
    assert found == sorted(found, key=lambda seconds: seconds or 0)
