"""Today, for rules that take a day as a value."""

from __future__ import annotations

from datetime import date

from toono.kernel.clock import local, now


def today() -> date:
    """The day on the wall in Ulaanbaatar."""
    return local(now()).date()
