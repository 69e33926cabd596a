"""DER (ITU-T X.690), as much of it as a time-stamp needs. Bytes in, bytes out.

A general library makes thousands of objects for one token (14 ms); these few lines take some microseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

NULL = b"\x05\x00"


def element(tag: int, *parts: bytes) -> bytes:
    """Tag, length in its shortest form (§10.1), content."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    return element(0x30, *parts)


def set_of(*parts: bytes, tag: int = 0x31) -> bytes:
    """Members in the order of their encodings (§11.6); strict readers refuse another order."""
    return element(tag, *sorted(parts))


def explicit(number: int, content: bytes) -> bytes:
    """``[number] EXPLICIT``"""
    return element(0xA0 | number, content)


def integer(number: int) -> bytes:
    """Shortest two's complement (§8.3)."""
    bits = (number if number >= 0 else ~number).bit_length()
    return element(0x02, number.to_bytes(bits // 8 + 1, "big", signed=True))


def octets(content: bytes) -> bytes:
    return element(0x04, content)


@cache
def oid(dotted: str) -> bytes:
    """§8.19"""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return element(0x06, *(_base128(arc) for arc in (first * 40 + second, *rest)))


def _base128(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(0x80 | number & 0x7F)
    return bytes(reversed(groups))


def generalized_time(moment: datetime) -> bytes:
    """Whole seconds, UTC (§11.7)."""
    return element(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())
