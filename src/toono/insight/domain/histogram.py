"""A small fixed histogram of working time: counts per bucket add up over days and offices, and medians can be read from them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

_MINUTE, _HOUR, _DAY = 60, 3_600, 8 * 3_600

EDGES: tuple[int, ...] = (
    10, 1 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    1 * _HOUR, 2 * _HOUR, 3 * _HOUR, 4 * _HOUR, 6 * _HOUR,
    1 * _DAY, 12 * _HOUR, 2 * _DAY, 3 * _DAY, 4 * _DAY, 5 * _DAY, 7 * _DAY, 10 * _DAY, 15 * _DAY, 20 * _DAY, 30 * _DAY, 60 * _DAY,
)  # fmt: skip
"""Upper edges of the buckets in seconds of working time; a working day has eight hours. What lies at or past the last edge has
a bucket of its own. Stored counters name buckets by position: the edges never change; another scale would be another table."""


def bucket(seconds: int) -> int:
    """Number of the bucket that holds ``seconds``: lower edge included, upper edge not."""
    return bisect_right(EDGES, seconds)


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """Seconds within which ``share`` (0 to 1) of what was counted lies, by straight line inside the bucket; None if all is empty.

    The answer lies in the same bucket as the exact one. In the open last bucket it is the bucket's lower edge.
    """
    total = sum(counts.values())
    if not total:
        return None
    wanted, passed = share * total, 0
    for number in sorted(n for n, count in counts.items() if count):
        if passed + counts[number] >= wanted:
            lower = EDGES[number - 1] if number else 0
            upper = EDGES[number] if number < len(EDGES) else lower
            return round(lower + (upper - lower) * (wanted - passed) / counts[number])
        passed += counts[number]
    return EDGES[-1]
