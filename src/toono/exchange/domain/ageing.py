"""What grows old, and how long the exchange goes on with it: as usual, then with a warning, then not (``ExchangePolicy``).

The centre may be down for a while without stopping anybody's work; how long is the policy's to say, and it is said to the caller in time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, NamedTuple

from toono.registry.contracts import ExchangePolicy

_NOTHING: Final = timedelta()


class Grade(IntEnum):
    """Ordered: the worst of several is their maximum."""

    FRESH = 0
    STALE = 1
    DEAD = 2


class Judgement(NamedTuple):
    """How old one thing is."""

    grade: Grade
    reason: str
    """Stable: ``configuration_stale``, ``configuration_expired``, ``ocsp_stale``, ``ocsp_too_old``, ``stamps_stale``, ``stamps_too_old``; empty while fresh."""
    ends_at: datetime | None
    """When calls will be refused, or since when they are; None while fresh."""


FRESH: Final = Judgement(Grade.FRESH, "", None)


def grade(age: timedelta, *, fresh: timedelta, grace: timedelta) -> Grade:
    """Fresh below ``fresh``, dead from ``fresh + grace`` on."""
    if age < fresh:
        return Grade.FRESH
    return Grade.STALE if age < fresh + grace else Grade.DEAD


def configuration(now: datetime, *, expires_at: datetime, policy: ExchangePolicy) -> Judgement:
    """The configuration: fresh until it expires."""
    grace = timedelta(seconds=policy.configuration_grace_seconds)
    found = grade(now - expires_at, fresh=_NOTHING, grace=grace)
    return _judgement(found, "configuration_stale", "configuration_expired", expires_at + grace)


def ocsp(now: datetime, *, this_update: datetime, next_update: datetime | None, policy: ExchangePolicy) -> Judgement:
    """An OCSP response: fresh for the policy's time after ``thisUpdate``, and not beyond its own ``nextUpdate``."""
    fresh, grace = timedelta(seconds=policy.ocsp_fresh_seconds), timedelta(seconds=policy.ocsp_grace_seconds)
    found = grade(now - this_update, fresh=fresh, grace=grace)
    if found is Grade.FRESH and next_update is not None and now >= next_update:
        found = Grade.STALE
    return _judgement(found, "ocsp_stale", "ocsp_too_old", this_update + fresh + grace)


def stamps(now: datetime, *, oldest_unstamped: datetime | None, policy: ExchangePolicy) -> Judgement:
    """The time-stamps: how long the oldest signature has been waiting for one."""
    if oldest_unstamped is None:
        return FRESH
    fresh, grace = timedelta(seconds=policy.stamp_fresh_seconds), timedelta(seconds=policy.stamp_grace_seconds)
    found = grade(now - oldest_unstamped, fresh=fresh, grace=grace)
    return _judgement(found, "stamps_stale", "stamps_too_old", oldest_unstamped + fresh + grace)


def refresh_due(now: datetime, *, this_update: datetime, next_update: datetime | None, policy: ExchangePolicy) -> bool:
    """Whether an OCSP response is to be fetched anew: at half of its fresh time, or at half of its own validity where that is sooner."""
    half = timedelta(seconds=policy.ocsp_fresh_seconds) / 2
    if next_update is not None and next_update > this_update:
        half = min(half, (next_update - this_update) / 2)
    return now - this_update >= half


def _judgement(found: Grade, stale: str, dead: str, ends_at: datetime) -> Judgement:
    if found is Grade.FRESH:
        return FRESH
    return Judgement(found, stale if found is Grade.STALE else dead, ends_at)
