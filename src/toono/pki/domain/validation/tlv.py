"""Reading BER and DER (ITU-T X.690) in place: bounds of elements, never a copy of a large file.

Indefinite lengths are read, since OpenSSL streams them; whoever needs DER says so with :func:`is_definite`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toono.pki.domain.validation import limits


class Malformed(ValueError):
    """The bytes are not what the format says."""


class TooLarge(Malformed):
    """The file is larger than is looked at: nothing is said of its form."""


class Unread(Malformed):
    """The file may be as the format says, but has a form that is not read here: nothing is said of its worth."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a view: ``start`` its tag, ``body``–``end`` its content, ``stop`` the first byte after it."""

    view: memoryview
    tag: int
    start: int
    body: int
    end: int
    stop: int

    @property
    def content(self) -> bytes:
        return bytes(self.view[self.body : self.end])

    @property
    def encoded(self) -> bytes:
        return bytes(self.view[self.start : self.stop])

    @property
    def size(self) -> int:
        return self.end - self.body


def read(view: memoryview, at: int = 0, limit: int | None = None, depth: int = 0) -> Element:
    """The element that starts at ``at``.

    :raises Malformed:
    """
    limit = len(view) if limit is None else limit
    if depth > limits.DEPTH:
        raise TooLarge("nested too deeply")
    if at + 2 > limit:
        raise Malformed("ends within a tag")
    tag, first = view[at], view[at + 1]
    if tag & 0x1F == 0x1F:
        raise Malformed("a tag of more than one byte")
    if first == 0x80:
        return _indefinite(view, tag, at, limit, depth)
    body, length = at + 2, first
    if first & 0x80:
        count = first & 0x7F
        if count > 8 or body + count > limit:
            raise Malformed("a length that cannot be")
        length = int.from_bytes(view[body : body + count], "big")
        body += count
    if body + length > limit:
        raise Malformed("ends within an element")
    return Element(view, tag, at, body, body + length, body + length)


def whole(data: bytes | memoryview) -> Element:
    """The one element that ``data`` is.

    :raises Malformed: also when something follows it.
    """
    view = memoryview(data)
    found = read(view)
    if found.stop != len(view):
        raise Malformed("something follows the end")
    return found


def children(parent: Element, depth: int = 0, most: int = limits.ELEMENTS) -> Iterator[Element]:
    """The elements inside a constructed one.

    :raises Malformed:
    """
    if not parent.tag & 0x20:
        raise Malformed("not constructed")
    at, count = parent.body, 0
    while at < parent.end:
        count += 1
        if count > most:
            raise TooLarge("too many elements")
        child = read(parent.view, at, parent.end, depth + 1)
        yield child
        at = child.stop


def items(parent: Element, tag: int | None = None) -> list[Element]:
    """The children as a list; with ``tag`` the parent must have that tag.

    :raises Malformed:
    """
    if tag is not None and parent.tag != tag:
        raise Malformed(f"tag {parent.tag:#x} where {tag:#x} belongs")
    return list(children(parent))


def _indefinite(view: memoryview, tag: int, at: int, limit: int, depth: int) -> Element:
    if not tag & 0x20:
        raise Malformed("an indefinite length without children")
    place, count = at + 2, 0
    while True:
        if place + 2 > limit:
            raise Malformed("an indefinite length without end")
        if view[place] == 0 and view[place + 1] == 0:
            return Element(view, tag, at, at + 2, place, place + 2)
        count += 1
        if count > limits.PIECES:
            raise TooLarge("too many elements")
        place = read(view, place, limit, depth + 1).stop


def is_definite(element: Element) -> bool:
    """Whether its own length stands before its content."""
    return element.view[element.start + 1] != 0x80


def oid(element: Element) -> str:
    """:raises Malformed:"""
    data = element.content
    if element.tag != 0x06 or not data or len(data) > 64 or data[-1] & 0x80:
        raise Malformed("not an object identifier")
    arcs, value = [], 0
    for byte in data:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def integer(element: Element) -> int:
    """:raises Malformed:"""
    if element.tag != 0x02 or not 0 < element.size <= 64:
        raise Malformed("not an integer")
    return int.from_bytes(element.content, "big", signed=True)


def octet_parts(element: Element, depth: int = 0) -> Iterator[memoryview]:
    """The pieces of an octet string, primitive or constructed (X.690 §8.7).

    :raises Malformed:
    """
    if element.tag == 0x04:
        yield element.view[element.body : element.end]
    elif element.tag == 0x24 and depth < 4:
        for child in children(element, most=limits.PIECES):
            yield from octet_parts(child, depth + 1)
    else:
        raise Malformed("not an octet string")


def octets(element: Element) -> bytes:
    """:raises Malformed:"""
    return b"".join(octet_parts(element))
