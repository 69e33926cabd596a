"""Rules of the access ledger that need no table: where a page goes on, what a proof says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from toono.exchange.domain.commitment import READING_FIELDS

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


def disclosed(values: Mapping[str, Any]) -> str:
    """The text whose SHA-512 is the commitment of a reading (``domain/commitment.py``), for its person to hash themselves."""
    return json.dumps({name: _plain(values[name]) for name in READING_FIELDS}, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return list(value)
