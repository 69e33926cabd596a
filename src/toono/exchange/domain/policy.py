"""Rates, quotas, hours and broken providers: small machines to which the moment is told.

``now`` is seconds of a clock that only goes forward; a day is a date by the calendar of Ulaanbaatar.
"""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, timedelta
from enum import Enum
from math import ceil

from toono.exchange import limits
from toono.kernel.clock import ULAANBAATAR
from toono.registry.contracts import Hours

# -- rate ------------------------------------------------------------------------------------------------------------


class TokenBucket:
    """At most ``rate`` calls a second in the long run, and ``burst`` at once. It counts the calls of one process."""

    __slots__ = ("_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate, self.burst = rate, burst
        self._tokens, self._at = burst, now

    def wait_seconds(self, now: float) -> float:
        """Seconds until a call may be made; 0: now."""
        self._tokens = min(self.burst, self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = max(self._at, now)
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / self.rate

    def take(self) -> None:
        """A call is made; :meth:`wait_seconds` has just said that it may be."""
        self._tokens -= 1


# -- quota -----------------------------------------------------------------------------------------------------------


class DayQuota:
    """How much of a day's quota is used: what every gateway has written down, and what this process has not written yet.

    ``settled`` follows the table of traffic; other gateways appear in it some seconds late, so that together they may go beyond the quota
    by what they carry in that time, and never by more.
    """

    __slots__ = ("_pending", "_settled", "day")

    def __init__(self, day: date) -> None:
        self.day = day
        self._settled, self._pending = 0, 0

    def _turn(self, day: date) -> None:
        if day > self.day:
            self.day, self._settled, self._pending = day, 0, 0

    def left(self, quota: int, day: date) -> int:
        """Calls that may still be made on ``day``."""
        self._turn(day)
        return max(0, quota - self._settled - self._pending)

    def take(self, day: date) -> None:
        """A call of this process is under way."""
        self._turn(day)
        self._pending += 1

    def give_back(self, day: date) -> None:
        """A call that was taken came to nothing: the provider never heard of it."""
        if day == self.day:
            self._pending -= 1

    def written(self, calls: int, day: date) -> None:
        """So many calls of this process stand in the table now."""
        if day == self.day:
            self._pending -= calls
            self._settled += calls

    def heard(self, calls: int, day: date) -> bool:
        """So many calls were found in the table; whether they were counted: those of another day are not."""
        if day != self.day:
            return False
        self._settled += calls
        return True


def day_of(moment: datetime) -> date:
    """The day of ``moment`` in Ulaanbaatar."""
    return moment.astimezone(ULAANBAATAR).date()


def day_begins(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ULAANBAATAR)


def seconds_to_next_day(moment: datetime) -> int:
    """Whole seconds until midnight in Ulaanbaatar, at least 1."""
    following = day_begins(day_of(moment) + timedelta(days=1))
    return max(1, ceil((following - moment).total_seconds()))


# -- hours -----------------------------------------------------------------------------------------------------------


def is_open(hours: Hours, moment: datetime) -> bool:
    """Whether calls may be made at ``moment``. Hours that end when they begin are none."""
    local = moment.astimezone(ULAANBAATAR)
    today, clock = local.isoweekday(), local.time()
    if hours.begin <= hours.end:
        return today in hours.weekdays and hours.begin <= clock < hours.end
    yesterday = today - 1 or 7  # Sunday
    return (today in hours.weekdays and clock >= hours.begin) or (yesterday in hours.weekdays and clock < hours.end)


def seconds_to_open(hours: Hours, moment: datetime) -> int | None:
    """Whole seconds until calls may be made again; 0 where they may be now, None where they never may."""
    if is_open(hours, moment):
        return 0
    if hours.begin == hours.end:
        return None
    today = day_of(moment)
    for ahead in range(8):
        day = today + timedelta(days=ahead)
        begin = datetime.combine(day, hours.begin, tzinfo=ULAANBAATAR)
        if day.isoweekday() in hours.weekdays and begin > moment:
            return ceil((begin - moment).total_seconds())
    return None


# -- broken providers ------------------------------------------------------------------------------------------------


class BreakerState(Enum):
    CLOSED = "closed"  # calls go through
    OPEN = "open"  # none does
    HALF_OPEN = "half_open"  # one does, to see


class Breaker:
    """Keeps calls away from a provider that fails, and lets one through now and then to see whether it is back.

    It opens after some failures in a row, or when more than half of the last outcomes are failures; the time to the next probe doubles with each
    probe that fails. Every :meth:`allow` that let a call go is followed by :meth:`succeeded` or :meth:`failed`; a probe of which neither is heard is given up.
    """

    def __init__(self) -> None:
        self._outcomes: deque[bool] = deque(maxlen=limits.BREAKER_WINDOW)
        self._in_a_row = 0
        self._pause = limits.BREAKER_OPEN_SECONDS[0]
        self._until = 0.0
        self.state: BreakerState = BreakerState.CLOSED

    def allow(self, now: float) -> bool:
        """Whether a call may be made. A yes in an open breaker is the probe: until its outcome is told the next answer is no."""
        if self.state is BreakerState.CLOSED:
            return True
        if now < self._until:
            return False
        self.state, self._until = BreakerState.HALF_OPEN, now + limits.BREAKER_PROBE_SECONDS
        return True

    def retry_after(self, now: float) -> int:
        """Whole seconds until it is worth asking again, at least 1."""
        return max(1, ceil(min(self._until - now, self._pause)))

    def succeeded(self, now: float) -> None:
        """A call got an answer. One that began before the breaker opened does not close it."""
        if self.state is BreakerState.OPEN:
            return
        self._outcomes.append(True)
        self._in_a_row = 0
        if self.state is BreakerState.HALF_OPEN:
            self._close()

    def failed(self, now: float) -> None:
        """A call got none."""
        if self.state is BreakerState.OPEN:
            return
        self._outcomes.append(False)
        self._in_a_row += 1
        if self.state is BreakerState.HALF_OPEN:
            self._pause = min(self._pause * 2, limits.BREAKER_OPEN_SECONDS[1])
            self._open(now)
        elif self._in_a_row >= limits.BREAKER_FAILURES or self._mostly_failures():
            self._open(now)

    def _mostly_failures(self) -> bool:
        return len(self._outcomes) == limits.BREAKER_WINDOW and self._outcomes.count(False) * 2 > limits.BREAKER_WINDOW

    def _open(self, now: float) -> None:
        self.state, self._until = BreakerState.OPEN, now + self._pause

    def _close(self) -> None:
        self.state, self._pause = BreakerState.CLOSED, limits.BREAKER_OPEN_SECONDS[0]
        self._outcomes.clear()
