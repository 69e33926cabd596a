"""The syntax of PDF (ISO 32000-1 §7.2, §7.3), as much of it as an incremental update must read: where an object ends, what a dictionary holds.

Values stay the bytes they are: what is not understood is copied, never made anew.
"""

from __future__ import annotations

import re

DEPTH_LIMIT = 60

_SPACE = re.compile(rb"(?:[\x00\t\n\x0c\r ]+|%[^\r\n]*)*")
_REFERENCE = re.compile(rb"(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+R(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])")
_WORD = re.compile(rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]+")
_SIMPLE = re.compile(
    rb"/[^\x00\t\n\x0c\r ()<>\[\]{}/%]*"  # a name
    rb"|<[0-9A-Fa-f\x00\t\n\x0c\r ]*>"  # a string as hexadecimal digits
    rb"|" + _REFERENCE.pattern + rb"|" + _WORD.pattern
)
_SPACES = b"\x00\t\n\x0c\r %"
_IN_STRING = re.compile(rb"[^()\\]*")


class UnfamiliarPdf(ValueError):
    """A structure that this reader does not know, or a damaged file. Another reader may still know it."""


def after_space(data: bytes, at: int) -> int:
    """Place of the next token."""
    if at < len(data) and data[at] not in _SPACES:
        return at
    found = _SPACE.match(data, at)
    return found.end() if found else at


def end_of(data: bytes, at: int, depth: int = 0) -> int:
    """Where the object that begins at ``at`` ends.

    :raises UnfamiliarPdf:
    """
    if depth > DEPTH_LIMIT:
        raise UnfamiliarPdf("objects are nested too deeply")
    found = _SIMPLE.match(data, at)
    if found:
        return found.end()
    if data.startswith(b"<<", at):
        return _end_of_members(data, at + 2, b">>", depth)
    if data.startswith(b"[", at):
        return _end_of_members(data, at + 1, b"]", depth)
    if data.startswith(b"(", at):
        return _end_of_string(data, at)
    raise UnfamiliarPdf(f"no object at {at}")


def dictionary(data: bytes, at: int = 0) -> dict[bytes, bytes]:
    """Members of the dictionary that begins at ``at``: names with their slash, values as they are written.

    :raises UnfamiliarPdf: no dictionary, a name twice (readers differ in which one they take), or a name in another spelling.
    """
    if data[at : at + 2] != b"<<":
        raise UnfamiliarPdf("no dictionary where one is expected")
    members: dict[bytes, bytes] = {}
    at = after_space(data, at + 2)
    while not data.startswith(b">>", at):
        name, at = _taken(data, at)
        value, at = _taken(data, after_space(data, at))
        if not name.startswith(b"/") or b"#" in name or name in members:
            raise UnfamiliarPdf(f"a dictionary with the name {name[:40]!r}")
        members[name] = value
        at = after_space(data, at)
    return members


def array(data: bytes) -> list[bytes]:
    """Members of an array, as they are written.

    :raises UnfamiliarPdf:
    """
    if not data.startswith(b"["):
        raise UnfamiliarPdf("no array where one is expected")
    members: list[bytes] = []
    at = after_space(data, 1)
    while data[at : at + 1] != b"]":
        member, at = _taken(data, at)
        members.append(member)
        at = after_space(data, at)
    return members


def reference(value: bytes) -> int | None:
    """Number of the object that an indirect reference names; None for anything else. Generations but 0 are not known.

    :raises UnfamiliarPdf: another generation.
    """
    found = _REFERENCE.fullmatch(value)
    if found is None:
        return None
    if int(found[2]):
        raise UnfamiliarPdf("an object of a later generation")
    return int(found[1])


def integer(value: bytes | None) -> int:
    """:raises UnfamiliarPdf: no number that is whole and not negative."""
    if value is None or not value.isdigit() or len(value) > 10:
        raise UnfamiliarPdf(f"a number is expected, not {value!r}"[:80])
    return int(value)


def written(members: dict[bytes, bytes]) -> bytes:
    """The dictionary as bytes."""
    return b"<<" + b"".join(name + b" " + value for name, value in members.items()) + b">>"


def text(value: str) -> bytes:
    """A text string (§7.9.2.2): ASCII as it is, all else in UTF-16."""
    encoded = value.encode() if value.isascii() else b"\xfe\xff" + value.encode("utf-16-be")
    return b"(" + re.sub(rb"([\\()])", rb"\\\1", encoded).replace(b"\r", b"\\r") + b")"


def _taken(data: bytes, at: int) -> tuple[bytes, int]:
    end = end_of(data, at)
    return data[at:end], end


def _end_of_members(data: bytes, at: int, closing: bytes, depth: int) -> int:
    at = after_space(data, at)
    while not data.startswith(closing, at):
        at = after_space(data, end_of(data, at, depth + 1))
    return at + len(closing)


def _end_of_string(data: bytes, at: int) -> int:
    opened = 0
    while at < len(data):
        character = data[at : at + 1]
        if character == b"\\":
            at += 2
            continue
        opened += (character == b"(") - (character == b")")
        at += 1
        if not opened:
            return at
        found = _IN_STRING.match(data, at)
        at = found.end() if found else at
    raise UnfamiliarPdf("a string does not end")
