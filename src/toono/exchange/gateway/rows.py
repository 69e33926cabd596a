"""Rows as PostgreSQL reads them, packed where the call stands, so that a writer only joins them into arrays of columns.

One statement takes a whole batch: arrays in binary form (one for each column) that ``unnest`` turns into rows. So a commit is one message
to the database and one back. The columns are named here once; a test compares them with the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from struct import Struct
from typing import Final, NamedTuple, get_args, get_type_hints
from uuid import UUID

BATCH_TABLE: Final = "exchange_batch"
SIGNATURE_TABLE: Final = "exchange_signature"
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


class TextArray(tuple[str, ...]):
    """A column ``text[]``. ``unnest`` would take arrays of arrays apart, so it travels as one text and is split in the statement."""

    __slots__ = ()


TYPES: Final[dict[type, ColumnType]] = {
    UUID: ColumnType("uuid", 2950, 2951),
    str: ColumnType("text", 25, 1009),
    TextArray: ColumnType("text", 25, 1009),
    datetime: ColumnType("timestamptz", 1184, 1185),
    int: ColumnType("int4", 23, 1007),
    bool: ColumnType("bool", 16, 1000),
    bytes: ColumnType("bytea", 17, 1001),
}


class BatchRow(NamedTuple):
    """One commit: a link of a writer's chain. The fields of this and the following rows are the columns."""

    id: UUID
    gateway: str
    chain: UUID
    number: int
    at: datetime
    content: bytes
    link: bytes


class SignatureRow(NamedTuple):
    """One signature of one member over its messages of the batch."""

    id: UUID
    batch: UUID
    position: int
    member: str
    certificate_serial: str
    ocsp: bytes | None
    at: datetime
    leaves: bytes
    direct: bool
    value: bytes
    document_digest: bytes


class MessageRow(NamedTuple):
    """One record of the message log, as far as its call knows it; :class:`Place` follows when it is sealed."""

    id: UUID
    retention: str
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
    duration_us: int | None


class Place(NamedTuple):
    """Where a message stands in the evidence."""

    batch: UUID
    signature: UUID | None
    leaf: int


class LedgerRow(NamedTuple):
    """One reading of a person's data; names and titles as they were then. :class:`LedgerPlace` follows when it is sealed."""

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
    agreement: str
    purpose: str
    purpose_title_mn: str
    purpose_title_en: str
    basis_mn: str
    basis_en: str
    issue: str | None
    fields: TextArray
    consent: UUID | None
    receipt: str
    visible_at: datetime
    secrecy_basis_mn: str | None
    salt: bytes


class LedgerPlace(NamedTuple):
    """Where the commitment of a reading stands in the evidence."""

    batch: UUID
    leaf: int


class NonceRow(NamedTuple):
    """What a call uses up: it is not done if somebody has used it before."""

    nonce: bytes
    expires_at: datetime
    request_id: UUID | None = None
    fingerprint: bytes | None = None
    held_until: datetime | None = None


Row = BatchRow | SignatureRow | MessageRow | Place | LedgerRow | LedgerPlace | NonceRow
Packed = tuple[bytes, ...]
"""A row, each value in binary form after its length."""


def types_of(row: type[Row]) -> tuple[ColumnType, ...]:
    """The types of the columns of ``row``, from its annotations."""
    return tuple(TYPES[get_args(hint)[0] if get_args(hint) else hint] for hint in get_type_hints(row).values())


def packed(row: Row) -> Packed:
    """The values of ``row`` as elements of arrays (PostgreSQL: ``array_recv``)."""
    return tuple([_element(value) for value in row])


def _element(value: UUID | str | TextArray | datetime | int | bool | bytes | None) -> bytes:
    if value is None:
        return _NULL
    if type(value) is str:
        raw = value.encode()
        return _length(len(raw)) + raw
    if type(value) is bytes:
        return _length(len(value)) + value
    if type(value) is int:
        return _four(4, value)
    if type(value) is bool:
        return b"\x00\x00\x00\x01\x01" if value else b"\x00\x00\x00\x01\x00"
    if isinstance(value, TextArray):
        return _element("\n".join(value))
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


_numbers: Final = count(1)


def _insert(table: str, *rows: type[Row]) -> str:
    """Insert the arrays of ``rows``, which stand side by side."""
    columns = [(name, hint) for row in rows for name, hint in get_type_hints(row).items()]
    names = ", ".join(name for name, _ in columns)
    arrays = ", ".join(f"${next(_numbers)}::{kind.name}[]" for row in rows for kind in types_of(row))
    values = ", ".join(f"string_to_array({name}, E'\\n')" if hint is TextArray else name for name, hint in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) AS new ({names})"  # noqa: S608 - fixed names


BATCH_TYPES: Final = types_of(BatchRow)
SIGNATURE_TYPES: Final = types_of(SignatureRow)
MESSAGE_TYPES: Final = types_of(MessageRow) + types_of(Place)
LEDGER_TYPES: Final = types_of(LedgerRow) + types_of(LedgerPlace)
NONCE_TYPES: Final = types_of(NonceRow)

_STEPS: Final = (
    _insert(BATCH_TABLE, BatchRow),
    _insert(NONCE_TABLE, NonceRow),
    _insert(SIGNATURE_TABLE, SignatureRow),
    _insert(MESSAGE_TABLE, MessageRow, Place),
    _insert(LEDGER_TABLE, LedgerRow, LedgerPlace),
)
APPEND: Final = "WITH " + ", ".join(f"step{number} AS ({step})" for number, step in enumerate(_STEPS)) + " SELECT WHERE false"
"""A whole batch in one statement, which is one transaction: :class:`BatchRow`, :class:`NonceRow`, :class:`SignatureRow`,
:class:`MessageRow` with :class:`Place`, :class:`LedgerRow` with :class:`LedgerPlace`. Its parameters are numbered as the server wants them: turning ``%s`` into them
would cost more than the rest of sending it."""
