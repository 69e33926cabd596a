"""When the digest of a week is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HOUR: Final = 9
"""Nobody is woken: the digest is told from nine o'clock on Monday on, by the clock of Ulaanbaatar."""


def begin(moment: datetime, zone: ZoneInfo) -> datetime:
    """Midnight before the Monday of the week in which ``moment`` lies, by the clock of ``zone``."""
    there = moment.astimezone(zone)
    return (there - timedelta(days=there.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def told_up_to(moment: datetime, zone: ZoneInfo) -> datetime:
    """The end of the last week whose digest may be told at ``moment``."""
    monday = begin(moment, zone)
    return monday if moment.astimezone(zone) >= monday.replace(hour=HOUR) else monday - timedelta(days=7)
