"""The one clock. Rules take a time as a value; operations ask :func:`now`; tests set it with :func:`at`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ULAANBAATAR = ZoneInfo("Asia/Ulaanbaatar")

_shift: ContextVar[timedelta] = ContextVar("clock_shift", default=timedelta())


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) + _shift.get()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Inside the block it is ``moment`` (and time goes on from there). For tests and simulations."""
    token = _shift.set(moment - datetime.now(UTC))
    try:
        yield
    finally:
        _shift.reset(token)


def local(moment: datetime) -> datetime:
    """The same moment by the clock on the wall in Ulaanbaatar."""
    return moment.astimezone(ULAANBAATAR)
