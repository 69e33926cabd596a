"""How the message log is cut into archives: by spans of the day, so that the same messages always come into the same file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha512
from typing import NamedTuple

from toono.exchange import limits


class Span(NamedTuple):
    """A time of the day in UTC; ``end`` is not included. No span reaches over the end of a day, so none over that of a partition."""

    begin: datetime
    end: datetime


def span(moment: datetime) -> Span:
    """The span in which ``moment`` lies."""
    day = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    begin = day - timedelta(hours=day.hour % limits.ARCHIVE_HOURS)
    return Span(begin, begin + timedelta(hours=limits.ARCHIVE_HOURS))


def is_settled(wanted: Span, moment: datetime) -> bool:
    """Whether nothing can arrive in a span any more."""
    return wanted.end + timedelta(seconds=limits.ARCHIVE_SETTLE_SECONDS) <= moment


def name(retention: str, first: datetime, last: datetime, content: bytes) -> str:
    """File name as X-Road's: ``mlog-<class>-<from>-<to>-<16 hex>.zip``; the hex digits begin the SHA-512 of the file."""
    moments = f"{first.astimezone(UTC):%Y%m%d%H%M%S}-{last.astimezone(UTC):%Y%m%d%H%M%S}"
    return f"mlog-{retention}-{moments}-{sha512(content).hexdigest()[:16]}.zip"
