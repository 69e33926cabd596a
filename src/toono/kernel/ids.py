"""Identifiers: UUIDv7 for rows, short codes for people."""

from __future__ import annotations

import os
import secrets
import threading
import time
from uuid import UUID

# No vowels, so that no word appears; no 0/O, 1/I/L, so that none is misread.
_LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"
_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then random bits; rises within this process."""
    return UUID(int=_version7())


def uuid7_text() -> str:
    """The same as text, at half its price: for what is only ever written down."""
    digits = f"{_version7():032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _version7() -> int:
    global _last
    with _lock:
        stamp = max(time.time_ns() // 1_000 * 4096 // 1000, _last + 1)  # milliseconds and 12 bits of fraction
        _last = stamp
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    return (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2


def public_code(length: int = 8) -> str:
    """A random code to print or to read aloud; ``length`` characters carry 4.75 bits each."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
