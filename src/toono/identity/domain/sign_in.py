"""Rules of signing in by a code: when a code may be asked for, which code counts, when a number is locked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toono.identity.limits import LIMITS


def typed_code(value: str) -> str | None:
    """The six digits that a person meant (spaces and dashes forgiven), or None."""
    digits = re.sub(r"[\s\-]", "", value)
    return digits if re.fullmatch(r"[0-9]{6}", digits) else None


def wait_before_next_code(asked_at: list[datetime], now: datetime) -> timedelta | None:
    """How long to wait for a new code, or None if it may be given now.

    :param asked_at: the codes of the last day that were not used to sign in, in any order.
    """
    known = sorted(asked_at)
    waits = [known[-1] + LIMITS.code_interval - now] if known else []
    for most, within in ((LIMITS.codes_per_hour, timedelta(hours=1)), (LIMITS.codes_per_day, timedelta(days=1))):
        recent = [moment for moment in known if now - moment < within]
        if len(recent) >= most:
            waits.append(recent[-most] + within - now)
    longest = max(waits, default=timedelta())
    return longest if longest > timedelta() else None


def lock_after(failures: int) -> timedelta | None:
    """How long to lock after so many wrong codes in a row: at each tenth, 15 minutes, then twice as long each time."""
    locks, rest = divmod(failures, LIMITS.failures_before_lock)
    if rest or not locks:
        return None
    doublings: int = 2 ** min(locks - 1, 20)
    return min(LIMITS.first_lock * doublings, LIMITS.longest_lock)


class Verdict(StrEnum):
    """What an entered code is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED_UP = "used_up"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A code entered for a challenge."""

    created_at: datetime
    drawn_at: datetime | None
    tries: int
    used: bool
    matches: bool
    tries_allowed: int = LIMITS.code_tries
    """Fewer while many codes are being guessed (:attr:`.Limits.platform_failures`)."""


def judge(entry: Entry, now: datetime) -> Verdict:
    """The same sequence for every number, so that an unknown one is answered like a known one with a wrong code."""
    if entry.used or entry.tries >= entry.tries_allowed:
        return Verdict.USED_UP
    if now > (entry.drawn_at or entry.created_at) + LIMITS.code_lifetime:
        return Verdict.EXPIRED
    return Verdict.RIGHT if entry.matches else Verdict.WRONG
