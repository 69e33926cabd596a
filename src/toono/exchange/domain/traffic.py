"""Durations of calls as a histogram: few numbers, added up over gateways and hours, from which percentiles are estimated."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

BOUNDS_MS: Final[tuple[int, ...]] = (
    1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 40, 55, 75, 100, 150, 200, 300, 400, 550, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 30_000, 60_000,
)  # fmt: skip
"""Upper bounds in milliseconds, included. One more count stands for what took longer."""
COUNTS: Final = len(BOUNDS_MS) + 1


def bucket(seconds: float) -> int:
    """Place of a duration among the counts."""
    return bisect_left(BOUNDS_MS, seconds * 1000)


def percentile(counts: Sequence[int], q: float) -> float:
    """Estimate of the ``q``-th percentile (0 to 100) in milliseconds: as if the calls of a place were spread evenly over it.

    The error is smaller than the place's own width. What took longer than the last bound counts as that bound; of no calls it is 0.
    """
    rank = sum(counts) * q / 100
    passed = 0
    for place, count in enumerate(counts):
        if count and passed + count >= rank:
            lower = BOUNDS_MS[place - 1] if place else 0
            upper = BOUNDS_MS[min(place, len(BOUNDS_MS) - 1)]
            return lower + (upper - lower) * max(0.0, rank - passed) / count
        passed += count
    return 0.0


def added(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Both histograms together; counts by bounds of another release are refused.

    :raises ValueError: they have not the same number of counts.
    """
    return [a + b for a, b in zip(first, second, strict=True)]
