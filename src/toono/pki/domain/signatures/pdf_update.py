"""Incremental updates of a PDF (ISO 32000-1 §7.5.6): new and changed objects after the file, which itself stays byte for byte. Pure."""

from __future__ import annotations

import hashlib
import zlib

from toono.pki.domain.signatures import pdf_syntax as syntax
from toono.pki.domain.signatures.pdf_file import PdfFile

_KEPT_IN_TRAILER = (b"/Root", b"/Info")


class Update:
    """Objects to be written after ``file``; :meth:`written` gives the whole."""

    def __init__(self, file: PdfFile) -> None:
        self.file = file
        self._next = file.size
        self._bodies: dict[int, bytes] = {}

    def add(self, body: bytes) -> bytes:
        """A new object; its reference."""
        number = self.reserve()
        self._bodies[number] = body
        return b"%d 0 R" % number

    def add_stream(self, content: bytes, members: bytes = b"", *, packed: bool = True) -> bytes:
        """A new stream object; its reference."""
        if packed:
            content, members = zlib.compress(content), members + b"/Filter/FlateDecode"
        return self.add(b"<<%s/Length %d>>\nstream\n%s\nendstream" % (members, len(content), content))

    def reserve(self) -> int:
        """A number whose object comes later by :meth:`replace`."""
        self._next += 1
        return self._next - 1

    def replace(self, number: int, body: bytes) -> None:
        """This body in place of what the object was."""
        self._bodies[number] = body

    def current(self, number: int) -> dict[bytes, bytes]:
        """The dictionary as this update has it."""
        body = self._bodies.get(number)
        return self.file.members(number) if body is None else syntax.dictionary(body)

    def written(self) -> tuple[bytes, dict[int, int]]:
        """What comes after the file, and where in the whole each object's body begins."""
        base = self.file.data
        parts = [b"" if base.endswith((b"\n", b"\r")) else b"\n"]
        at = len(base) + len(parts[0])
        heads, places = {}, {}
        for number, body in self._bodies.items():
            head = b"%d 0 obj\n" % number
            heads[number], places[number] = at, at + len(head)
            parts += (head, body, b"\nendobj\n")
            at += len(head) + len(body) + 8
        parts.append(self._section(heads, at, hashlib.sha256(b"".join(parts)).digest()[:16]))
        return b"".join(parts), places

    def _section(self, heads: dict[int, int], at: int, version: bytes) -> bytes:
        if self.file.has_streams:
            return self._stream(heads, at, version)
        rows = b"".join(
            b"%d %d\n" % (first, len(run)) + b"".join(b"%010d 00000 n\r\n" % heads[number] for number in run) for first, run in _runs(heads)
        )
        trailer = syntax.written(self._trailer(version, self._next))
        return b"xref\n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (rows, trailer, at)

    def _stream(self, heads: dict[int, int], at: int, version: bytes) -> bytes:
        own = self.reserve()
        heads = {**heads, own: at}
        index = b" ".join(b"%d %d" % (first, len(run)) for first, run in _runs(heads))
        content = zlib.compress(b"".join(b"\x01" + heads[number].to_bytes(5, "big") + b"\x00" for number in sorted(heads)))
        members = {
            b"/Type": b"/XRef",
            b"/W": b"[1 5 1]",
            b"/Index": b"[" + index + b"]",
            b"/Filter": b"/FlateDecode",
            b"/Length": b"%d" % len(content),
            **self._trailer(version, self._next),
        }
        return b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (own, syntax.written(members), content, at)

    def _trailer(self, version: bytes, size: int) -> dict[bytes, bytes]:
        """The file's identifier keeps its first half and gets a new second one (§14.4)."""
        fresh = b"<" + version.hex().encode() + b">"
        identifier = syntax.array(self.file.resolved(self.file.trailer.get(b"/ID", b"[]")))
        first = identifier[0] if identifier else fresh
        kept = {name: self.file.trailer[name] for name in _KEPT_IN_TRAILER if name in self.file.trailer}
        return {b"/Size": b"%d" % size, b"/Prev": b"%d" % self.file.start, **kept, b"/ID": b"[" + first + fresh + b"]"}


def _runs(heads: dict[int, int]) -> list[tuple[int, list[int]]]:
    """Numbers that follow one another, as sections of the table."""
    runs: list[tuple[int, list[int]]] = []
    for number in sorted(heads):
        if runs and runs[-1][0] + len(runs[-1][1]) == number:
            runs[-1][1].append(number)
        else:
            runs.append((number, [number]))
    return runs
