"""Digests by which a batch commits to what no signature covers: readings of the access ledger, and outcomes without an answer.

A commitment is SHA-512 over JSON in one canonical form (keys sorted, no spaces, UTF-8; a moment as ISO 8601 in UTC with microseconds; bytes in hex). That of a reading is salted, so
that it says nothing until the reading itself is shown; that of an outcome holds the random request id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha512
from typing import Any, Final
from uuid import UUID

READING_FIELDS: Final = (
    "agreement", "at", "basis_en", "basis_mn", "civil_id", "consent", "consumer", "consumer_title_en", "consumer_title_mn", "fields", "id", "issue", "message_id",
    "organisation", "organisation_name_en", "organisation_name_mn", "provider", "provider_name_en", "provider_name_mn", "purpose", "purpose_title_en", "purpose_title_mn", "receipt",
    "request_id", "salt", "secrecy_basis_mn", "service", "service_title_en", "service_title_mn", "visible_at",
)  # fmt: skip
OUTCOME_FIELDS: Final = (
    "agreement", "at", "client", "digest", "direction", "duration_us", "error_type", "id", "issue", "message_id", "purpose", "reason", "request_id", "retention", "service",
    "status", "user_id",
)  # fmt: skip

_READY: Final = (str, int, type(None))
"""What JSON knows by itself."""
_encoded: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Made once: ``json.dumps`` would make an encoder for each."""


def text_of_reading(values: Mapping[str, Any]) -> str:
    """A ledger entry in its canonical form, for its person to hash themselves."""
    return _text(values, READING_FIELDS)


def of_reading(values: Mapping[str, Any]) -> bytes:
    """Commitment of a ledger entry, whose columns ``values`` gives (those of its place in the batch excepted)."""
    return _commitment(values, READING_FIELDS)


def of_outcome(values: Mapping[str, Any]) -> bytes:
    """Commitment of a message record without signature."""
    return _commitment(values, OUTCOME_FIELDS)


def _commitment(values: Mapping[str, Any], names: tuple[str, ...]) -> bytes:
    return sha512(_text(values, names).encode("utf-8", "surrogateescape")).digest()


def _text(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return _encoded({name: value if isinstance(value := values[name], _READY) else _plain(value) for name in names})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return list(value)
