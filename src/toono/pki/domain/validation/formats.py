"""Which kind of signed file it is, by its first bytes, and its reading. Never by its name: that is the sender's word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from toono.pki.contracts import SignedFileKind, SubIndication
from toono.pki.domain.validation import cms, containers, jades, limits, pdf, xades
from toono.pki.domain.validation.cms import Source
from toono.pki.domain.validation.reading import Reading

PIECE_BYTES = 1024 * 1024
_MARKS = (b"\xef\xbb\xbf<", b"<", b"\xfe\xff", b"\xff\xfe")


class ViewStream:
    """A file's bytes as a stream, without a copy of them: what the readers of PDF and zip ask for."""

    def __init__(self, view: memoryview) -> None:
        self._view, self._place = view, 0
        self.closed = False

    def read(self, count: int = -1) -> bytes:
        end = len(self._view) if count is None or count < 0 else min(len(self._view), self._place + count)
        found = bytes(self._view[self._place : end])
        self._place = max(self._place, end)
        return found

    def readinto(self, buffer: bytearray) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def seek(self, place: int, whence: int = 0) -> int:
        place += {0: 0, 1: self._place, 2: len(self._view)}[whence]
        if place < 0:
            raise ValueError("a place before the file")
        self._place = place
        return place

    def tell(self) -> int:
        return self._place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def flush(self) -> None:
        return None

    def close(self) -> None:
        self.closed = True


def read(content: memoryview, signed: memoryview | None = None) -> Reading:
    """What a file says of itself; ``signed`` is what a detached signature was made over, when it was given too."""
    if len(content) > limits.FILE_BYTES or (signed is not None and len(signed) > limits.FILE_BYTES):
        return Reading(failure=SubIndication.GENERIC, detail="the file is larger than the limit")
    head = bytes(content[:1024])
    detached = _source(signed) if signed is not None else None
    if b"%PDF-" in head:
        return pdf.read(_stream(content))
    if head.startswith(b"PK\x03\x04"):
        return containers.read(_stream(content))
    if cms.looks_like_cms(content):
        return cms.read(content, cms.digests_of(detached) if detached else None)
    if head.lstrip().startswith(_MARKS):
        if len(content) > limits.XML_BYTES:
            return Reading(kind=SignedFileKind.XADES, failure=SubIndication.GENERIC, detail="the XML is larger than the limit")
        return xades.read(bytes(content), (lambda _uri: detached) if detached else None)
    if jades.looks_like_jws(head):
        if len(content) > limits.JSON_BYTES:
            return Reading(kind=SignedFileKind.JADES, failure=SubIndication.GENERIC, detail="the JWS is larger than the limit")
        return jades.read(bytes(content), detached)
    return Reading()


def _stream(content: memoryview) -> BinaryIO:
    return ViewStream(content)  # type: ignore[return-value]


def _source(view: memoryview) -> Source:
    def pieces() -> Iterator[memoryview]:
        for place in range(0, len(view), PIECE_BYTES):
            yield view[place : place + PIECE_BYTES]

    return pieces
