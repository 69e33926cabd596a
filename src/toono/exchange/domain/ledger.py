"""Rules of the access ledger that need no table: where a page goes on."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR: Final = re.compile(r"(\d{1,17})-([0-9a-f]{32})", re.ASCII)


class Cursor(NamedTuple):
    """The last reading of a page; the next page begins after it."""

    at: datetime
    id: UUID


def cursor(text: str) -> Cursor:
    """The place that :attr:`toono.exchange.contracts.Reading.cursor` names.

    :raises ValueError: it names none.
    """
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise ValueError("not a cursor")
    try:
        return Cursor(_EPOCH + timedelta(microseconds=int(found[1])), UUID(found[2]))
    except OverflowError:
        raise ValueError("not a moment") from None
