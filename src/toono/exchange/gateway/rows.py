"""Rows in PostgreSQL's binary COPY format (PostgreSQL manual, COPY, «Binary Format»).

Rows are packed where the call stands, so that the writer only joins them. The columns are named here once; a test compares them with the tables.
"""

from __future__ import annotations

from datetime import UTC, datetime
from struct import Struct
from typing import Final, NamedTuple
from uuid import UUID

SIGNATURE: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_length = Struct("!i").pack
_eight = Struct("!iq").pack
_four = Struct("!ii").pack
_columns = Struct("!h").pack

MESSAGE_TABLE: Final = "exchange_messagerecord"
LEDGER_TABLE: Final = "exchange_ledgerentry"
NONCE_TABLE: Final = "exchange_seennonce"


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


def copy_statement(table: str, row: type[MessageRow] | type[LedgerRow]) -> str:
    """The COPY command for rows of this kind."""
    return f"COPY {table} ({', '.join(row._fields)}) FROM STDIN (FORMAT BINARY)"


def packed(row: MessageRow | LedgerRow) -> bytes:
    """The row as COPY reads it."""
    parts = [_columns(len(row))]
    for value in row:
        if value is None:
            parts.append(_NULL)
        elif type(value) is str:
            raw = value.encode()
            parts.append(_length(len(raw)))
            parts.append(raw)
        elif type(value) is bytes:
            parts.append(_length(len(value)))
            parts.append(value)
        elif type(value) is int:
            parts.append(_four(4, value))
        elif isinstance(value, UUID):
            parts.append(b"\x00\x00\x00\x10" + value.bytes)
        elif isinstance(value, datetime):
            since = value - _EPOCH
            parts.append(_eight(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds))
        else:
            raise TypeError(f"{type(value).__name__} has no column type")
    return b"".join(parts)
