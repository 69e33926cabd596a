"""How long before its end an agreement is told of."""

from __future__ import annotations

from datetime import timedelta

THRESHOLDS = (30, 7, 1)
"""Days before the end."""
FIRST = THRESHOLDS[0]


def threshold(left: timedelta) -> int | None:
    """The nearest threshold that was passed; None before the first. Where several were passed at once, one warning says it all."""
    passed = [days for days in THRESHOLDS if left <= timedelta(days=days)]
    return min(passed) if passed else None
