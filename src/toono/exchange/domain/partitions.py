"""Which partition holds which rows: ids are UUIDv7 and rise with time, so a period of time is a range of ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_NAME: Final = re.compile(r"_([0-9]{4})_([0-9]{2})(?:_([0-9]{2}))?")


def floor(moment: datetime) -> UUID:
    """The lowest of all ids that are made in the millisecond of ``moment`` or later (RFC 9562 §5.7)."""
    return UUID(int=((moment - _EPOCH) // _MILLISECOND) << 80)


def moment_of(identifier: UUID) -> datetime:
    """The millisecond in which a UUIDv7 was made."""
    return _EPOCH + (identifier.int >> 80) * _MILLISECOND


class Length(StrEnum):
    """How much time one partition holds."""

    DAY = "day"
    MONTH = "month"


class Period(NamedTuple):
    """A day or a month of UTC; ``end`` is not included."""

    begin: datetime
    end: datetime
    suffix: str
    """``2026_11_22`` or ``2026_11``: how the partition's name ends."""

    @property
    def bounds(self) -> tuple[UUID, UUID]:
        """Lowest id inside and lowest id after."""
        return floor(self.begin), floor(self.end)


def period(moment: datetime, length: Length) -> Period:
    """The period in which ``moment`` lies."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if length is Length.DAY:
        return Period(day, day + timedelta(days=1), f"{day:%Y_%m_%d}")
    begin = day.replace(day=1)
    return Period(begin, (begin + timedelta(days=32)).replace(day=1), f"{begin:%Y_%m}")


def periods(begin: datetime, end: datetime, length: Length) -> Iterator[Period]:
    """Every period from the one of ``begin`` to the one of ``end``."""
    current = period(begin, length)
    while current.begin <= end:
        yield current
        current = period(current.end, length)


class Table(NamedTuple):
    """A table whose rows are kept by period."""

    name: str
    length: Length
    ahead: timedelta
    """So far ahead there is always a partition."""
    append_only: bool
    packed: bool
    """Rows stay whole up to eight kilobytes (``toast_tuple_target``); for messages."""
    key: str = "id"
    """Column with the UUIDv7 by which rows are parted."""

    def partition(self, wanted: Period) -> str:
        """Name of the partition of ``wanted``."""
        return f"{self.name}_{wanted.suffix}"

    @property
    def rest(self) -> str:
        """Name of the partition for rows that have no other."""
        return f"{self.name}_other"

    def period_of(self, partition: str) -> Period | None:
        """The period of a partition of this table by its name; None for any other name."""
        found = _NAME.fullmatch(partition.removeprefix(self.name)) if partition.startswith(self.name) else None
        if found is None or (found[3] is not None) is not (self.length is Length.DAY):
            return None
        try:
            return period(datetime(int(found[1]), int(found[2]), int(found[3] or 1), tzinfo=UTC), self.length)
        except ValueError:
            return None


_DAYS, _MONTHS = timedelta(days=3), timedelta(days=62)

MESSAGES: Final = {
    "short": Table("exchange_messagerecord_short", Length.DAY, _DAYS, append_only=True, packed=True),
    "standard": Table("exchange_messagerecord_standard", Length.MONTH, _MONTHS, append_only=True, packed=True),
    "long": Table("exchange_messagerecord_long", Length.MONTH, _MONTHS, append_only=True, packed=True),
}
"""The message log by class of retention."""
LEDGER: Final = Table("exchange_ledgerentry", Length.MONTH, _MONTHS, append_only=True, packed=False)
SIGNATURES: Final = Table("exchange_signature", Length.MONTH, _MONTHS, append_only=True, packed=False)
PLACES: Final = Table("exchange_stampleaf", Length.MONTH, _MONTHS, append_only=True, packed=False, key="subject")
"""Places under time-stamps, by what stands there."""
TRAFFIC: Final = Table("exchange_traffic", Length.MONTH, _MONTHS, append_only=False, packed=False)
TABLES: Final = (*MESSAGES.values(), LEDGER, SIGNATURES, PLACES, TRAFFIC)
