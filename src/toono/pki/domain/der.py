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


def utc_time(moment: datetime) -> bytes:
    """As RFC 5652 §11.3 asks for moments before 2050."""
    return element(0x17, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


def length(data: bytes, at: int = 0) -> tuple[int, int]:
    """Where the content of the element at ``at`` begins, and where the element ends.

    :raises ValueError: no definite length, or more than there is.
    """
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        raise ValueError("no element, or one with a long tag")
    first, begin = data[at + 1], at + 2
    if first >= 0x80:
        begin += first & 0x7F
        if not 0x81 <= first <= 0x84 or begin > len(data):
            raise ValueError("an element without a definite length")
        first = int.from_bytes(data[at + 2 : begin], "big")
    if begin + first > len(data):
        raise ValueError("an element longer than its data")
    return begin, begin + first


def children(data: bytes) -> list[bytes]:
    """The elements inside the constructed element that ``data`` is, each as it is encoded.

    :raises ValueError: broken, or something follows.
    """
    at, end = length(data)
    if end != len(data):
        raise ValueError("something follows the element")
    found = []
    while at < end:
        _, after = length(data, at)
        found.append(data[at:after])
        at = after
    return found
