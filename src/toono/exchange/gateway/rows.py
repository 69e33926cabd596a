"""Rows as PostgreSQL reads them, packed where the call stands, so that a writer only joins them into arrays of columns.

One statement takes a whole batch: arrays in binary form (one for each column) that ``unnest`` turns into rows. So a commit is one message
to the database and one back. The columns are named here once; a test compares them with the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from struct import Struct
from typing import Final, NamedTuple, get_args, get_type_hints
from uuid import UUID

MESSAGE_TABLE: Final = "exchange_messagerecord"
LEDGER_TABLE: Final = "exchange_ledgerentry"
NONCE_TABLE: Final = "exchange_seennonce"

_NULL: Final = b"\xff\xff\xff\xff"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_length = Struct("!i").pack
_four = Struct("!ii").pack
_eight = Struct("!iq").pack
_array = Struct("!iiiii").pack
_empty = Struct("!iii").pack


class ColumnType(NamedTuple):
    """A type of column, with the identifiers that PostgreSQL gives it and its array (``pg_type``; they never change)."""

    name: str
    element_oid: int
    array_oid: int


TYPES: Final[dict[type, ColumnType]] = {
    UUID: ColumnType("uuid", 2950, 2951),
    str: ColumnType("text", 25, 1009),
    datetime: ColumnType("timestamptz", 1184, 1185),
    int: ColumnType("int4", 23, 1007),
    bytes: ColumnType("bytea", 17, 1001),
}


class MessageRow(NamedTuple):
    """One record of the message log. The fields are the columns."""

    id: UUID
    message_id: str
    request_id: UUID
    direction: str
    at: datetime
    client: str
    service: str
    purpose: str
    agreement: str
    issue: str | None
    user_id: str | None
    status: int | None
    error_type: str | None
    reason: str | None
    head: bytes
    body: bytes
    digest: bytes | None
    signature: bytes | None
    certificate_serial: str | None
    duration_us: int | None


class LedgerRow(NamedTuple):
    """One reading of a person's data. The fields are the columns; names and titles as they were then."""

    id: UUID
    civil_id: str
    at: datetime
    message_id: str
    request_id: UUID
    consumer: str
    consumer_title_mn: str
    consumer_title_en: str
    organisation: str
    organisation_name_mn: str
    organisation_name_en: str
    provider: str
    provider_name_mn: str
    provider_name_en: str
    service: str
    service_title_mn: str
    service_title_en: str
    purpose: str
    purpose_title_mn: str
    purpose_title_en: str
    basis_mn: str
    issue: str | None
    receipt: str


class NonceRow(NamedTuple):
    """A nonce under which a call is forwarded."""

    nonce: bytes
    expires_at: datetime


class UsedNonce(NamedTuple):
    """Stands beside a :class:`MessageRow`: the nonce on which its writing depends."""

    used: bytes | None


Row = MessageRow | LedgerRow | NonceRow | UsedNonce
Packed = tuple[bytes, ...]
"""A row, each value in binary form after its length."""


def types_of(row: type[Row]) -> tuple[ColumnType, ...]:
    """The types of the columns of ``row``, from its annotations."""
    return tuple(TYPES[get_args(hint)[0] if get_args(hint) else hint] for hint in get_type_hints(row).values())


def packed(row: Row) -> Packed:
    """The values of ``row`` as elements of arrays (PostgreSQL: ``array_recv``)."""
    return tuple([_element(value) for value in row])


def _element(value: UUID | str | datetime | int | bytes | None) -> bytes:
    if value is None:
        return _NULL
    if type(value) is str:
        raw = value.encode()
        return _length(len(raw)) + raw
    if type(value) is bytes:
        return _length(len(value)) + value
    if type(value) is int:
        return _four(4, value)
    if isinstance(value, UUID):
        return b"\x00\x00\x00\x10" + value.bytes
    if isinstance(value, datetime):
        since = value - _EPOCH
        return _eight(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
    raise TypeError(f"{type(value).__name__} has no column type")


def columns(rows: Sequence[Packed], types: Sequence[ColumnType]) -> list[bytes]:
    """One array for each column."""
    if not rows:
        return [_empty(0, 0, kind.element_oid) for kind in types]
    return [
        _array(1, 1, kind.element_oid, len(rows), 1) + b"".join(column) for kind, column in zip(types, zip(*rows, strict=True), strict=True)
    ]


def _unnest(*rows: type[Row]) -> str:
    """The arrays of ``rows`` side by side, as one table ``new``."""
    names = [name for row in rows for name in row._fields]
    arrays = [f"%b::{kind.name}[]" for row in rows for kind in types_of(row)]
    return f"unnest({', '.join(arrays)}) AS new ({', '.join(names)})"


MESSAGE_TYPES: Final = types_of(MessageRow)
LEDGER_TYPES: Final = types_of(LedgerRow)
NONCE_TYPES: Final = types_of(NonceRow)
USED_TYPES: Final = types_of(UsedNonce)

_MESSAGE_COLUMNS: Final = ", ".join(MessageRow._fields)
_LEDGER_COLUMNS: Final = ", ".join(LedgerRow._fields)

APPEND: Final = f"""
WITH fresh AS (
    INSERT INTO {NONCE_TABLE} (nonce, expires_at) SELECT nonce, expires_at FROM {_unnest(NonceRow)}
    ON CONFLICT (nonce) DO NOTHING RETURNING nonce
), messages AS (
    INSERT INTO {MESSAGE_TABLE} ({_MESSAGE_COLUMNS}) SELECT {_MESSAGE_COLUMNS} FROM {_unnest(MessageRow, UsedNonce)}
    WHERE used IS NULL OR used IN (SELECT nonce FROM fresh)
), readings AS (
    INSERT INTO {LEDGER_TABLE} ({_LEDGER_COLUMNS}) SELECT {_LEDGER_COLUMNS} FROM {_unnest(LedgerRow)}
)
SELECT nonce FROM fresh
"""  # noqa: S608 - fixed names
"""Nonces, messages and readings of a batch, in one transaction. A message whose nonce is not fresh is left out; the fresh ones come back.

Arrays in this order: :class:`NonceRow`, :class:`MessageRow`, :class:`UsedNonce`, :class:`LedgerRow`.
"""
