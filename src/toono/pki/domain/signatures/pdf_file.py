"""Reading the structure of a PDF: where its objects stand (ISO 32000-1 §7.5), its catalogue, pages and form fields. Pure.

What is encrypted, hybrid, or damaged is :class:`UnfamiliarPdf`: signing such a file is left to a general library.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from functools import cached_property

from toono.pki.domain.signatures import pdf_syntax as syntax
from toono.pki.domain.signatures.pdf_syntax import UnfamiliarPdf

SECTIONS_LIMIT = 500
"""Incremental updates that are followed back."""
OBJECTS_LIMIT = 1_000_000
STREAM_LIMIT_BYTES = 16 * 1024 * 1024
PAGES_LIMIT = 20_000

_ENTRY_BYTES = 20
_HEADING = re.compile(rb"(\d{1,10}) (\d{1,10})[\t ]*\r?\n|(\d{1,10}) (\d{1,10})[\t ]*\r")
_OBJECT = re.compile(rb"(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj")
_START = re.compile(rb"startxref[\t ]*(?:\r\n|\r|\n)[\t ]*(\d{1,12})[\x00\t\n\x0c\r ]*%%EOF[\x00\t\n\x0c\r ]*\Z")
_STREAM = re.compile(rb"stream(?:\r\n|\n)")


class PdfFile:
    """A file that stands whole in memory. Every lookup reads only what it needs."""

    def __init__(self, data: bytes) -> None:
        """:raises UnfamiliarPdf:"""
        if not data.startswith(b"%PDF-"):
            raise UnfamiliarPdf("no PDF, or something stands before it")
        found = _START.search(data, max(0, len(data) - 1100))
        if found is None:
            raise UnfamiliarPdf("the file does not end as a PDF does")
        self.data = data
        self.start = int(found[1])
        """Where the newest cross-reference section begins; an update points back to it."""
        self._tables: list[tuple[int, int, int]] = []  # first number, count, place of the entries; newest first
        self._streamed: dict[int, tuple[int, int, int]] = {}  # kind and two fields of a cross-reference stream's entry
        self._unpacked: dict[int, bytes] = {}
        self._read: dict[int, dict[bytes, bytes]] = {}
        self.has_streams = data.startswith(b"xref", self.start) is False
        """Whether the newest section is a cross-reference stream: an update must then be one too."""
        self.trailer = self._read_sections()
        if b"/Encrypt" in self.trailer or b"/Root" not in self.trailer:
            raise UnfamiliarPdf("encrypted, or without a catalogue")

    # -- objects -----------------------------------------------------------------------------------------------

    def object(self, number: int) -> bytes:
        """The object's bytes from its first token on; for a stream, up to the end of its dictionary.

        :raises UnfamiliarPdf:
        """
        kind, place, index = self._place(number)
        if kind == 2:
            return self._packed(place, index, number)
        begin = self._body(number, place)
        return self.data[begin : syntax.end_of(self.data, begin)]

    def _body(self, number: int, place: int) -> int:
        """Where the first token of an object stands."""
        found = _OBJECT.match(self.data, place)
        if found is None or int(found[1]) != number or int(found[2]):
            raise UnfamiliarPdf(f"object {number} is not where the table says")
        return syntax.after_space(self.data, found.end())

    def resolved(self, value: bytes) -> bytes:
        """The value itself, or the object that it names."""
        for _ in range(8):
            number = syntax.reference(value)
            if number is None:
                return value
            value = self.object(number)
        raise UnfamiliarPdf("references in a circle")

    def dictionary(self, value: bytes) -> dict[bytes, bytes]:
        """Members of the dictionary that the value is or names."""
        number = syntax.reference(value)
        return syntax.dictionary(value) if number is None else self.members(number)

    def members(self, number: int) -> dict[bytes, bytes]:
        """Members of the dictionary that is object ``number``; read once."""
        if number not in self._read:
            kind, place, _ = self._place(number)
            if kind == 1:
                self._read[number] = syntax.dictionary(self.data, self._body(number, place))
            else:
                self._read[number] = syntax.dictionary(self.object(number))
        return dict(self._read[number])

    def stream(self, number: int) -> bytes:
        """Content of a stream object: as it is, or inflated.

        :raises UnfamiliarPdf: another filter, or more than 16 MB.
        """
        kind, place, _ = self._place(number)
        if kind != 1:
            raise UnfamiliarPdf("a stream in an object stream")
        return self._stream_at(self._body(number, place))[1]

    # -- the document ------------------------------------------------------------------------------------------

    @cached_property
    def size(self) -> int:
        """One more than the highest object number."""
        return syntax.integer(self.trailer.get(b"/Size"))

    @cached_property
    def root(self) -> int:
        """Number of the catalogue."""
        number = syntax.reference(self.trailer[b"/Root"])
        if number is None:
            raise UnfamiliarPdf("the catalogue is no indirect object")
        return number

    @cached_property
    def catalogue(self) -> dict[bytes, bytes]:
        return self.members(self.root)

    @cached_property
    def form(self) -> dict[bytes, bytes]:
        """The interactive form; empty where there is none."""
        return self.dictionary(self.catalogue[b"/AcroForm"]) if b"/AcroForm" in self.catalogue else {}

    def fields(self) -> list[bytes]:
        """Top-level fields of the form, as references."""
        return syntax.array(self.resolved(self.form.get(b"/Fields", b"[]")))

    def signatures(self) -> list[dict[bytes, bytes]]:
        """Dictionaries of all signatures and document time-stamps, in the order of the form."""
        return [self.dictionary(field[b"/V"]) for field in self._signature_fields() if b"/V" in field]

    def _signature_fields(self) -> Iterator[dict[bytes, bytes]]:
        waiting, seen = list(reversed(self.fields())), 0
        while waiting and seen < OBJECTS_LIMIT:
            field = self.dictionary(waiting.pop())
            seen += 1
            if field.get(b"/FT") == b"/Sig":
                yield field
            elif b"/Kids" in field and b"/T" in field:
                waiting += reversed(syntax.array(self.resolved(field[b"/Kids"])))
                if seen + len(waiting) > 10_000:
                    raise UnfamiliarPdf("a form of too many fields")

    def permission(self) -> int | None:
        """What a certifying signature still allows (ISO 32000-1 table 254): 1 nothing, 2 forms and signatures, 3 also notes. None: no such signature."""
        permissions = self.dictionary(self.catalogue[b"/Perms"]) if b"/Perms" in self.catalogue else {}
        if b"/DocMDP" not in permissions:
            return None
        certifying = self.dictionary(permissions[b"/DocMDP"])
        for method in syntax.array(self.resolved(certifying.get(b"/Reference", b"[]"))):
            members = self.dictionary(method)
            if members.get(b"/TransformMethod") == b"/DocMDP":
                return syntax.integer(self.dictionary(members.get(b"/TransformParams", b"<<>>")).get(b"/P", b"2"))
        return 2

    def page(self, index: int = 0) -> int:
        """Object number of the page of this place in the document; negative ones count from the end.

        :raises IndexError: there is no such page.
        """
        if index == 0:
            return next(self._pages(), None) or self._no_page()
        return list(self._pages())[index]

    def _no_page(self) -> int:
        raise UnfamiliarPdf("a document without a page")

    def _pages(self) -> Iterator[int]:
        waiting, seen = [self.catalogue.get(b"/Pages", b"")], set[int]()
        while waiting:
            number = syntax.reference(waiting.pop())
            if number is None or number in seen or len(seen) > PAGES_LIMIT:
                raise UnfamiliarPdf("a tree of pages that is none")
            seen.add(number)
            node = self.members(number)
            if node.get(b"/Type") == b"/Page":
                yield number
            else:
                waiting += reversed(syntax.array(self.resolved(node.get(b"/Kids", b"[]"))))

    # -- cross-reference sections ------------------------------------------------------------------------------

    def _read_sections(self) -> dict[bytes, bytes]:
        newest: dict[bytes, bytes] | None = None
        at: int | None = self.start
        seen: set[int] = set()
        while at is not None:
            if at in seen or len(seen) > SECTIONS_LIMIT or not 0 < at < len(self.data):
                raise UnfamiliarPdf("cross-reference sections in a circle, or too many")
            seen.add(at)
            trailer = self._read_table(at) if self.data.startswith(b"xref", at) else self._read_stream(at)
            if b"/XRefStm" in trailer:
                raise UnfamiliarPdf("a hybrid file")
            newest = newest if newest is not None else trailer
            at = syntax.integer(trailer[b"/Prev"]) if b"/Prev" in trailer else None
        return newest or {}

    def _read_table(self, at: int) -> dict[bytes, bytes]:
        at = syntax.after_space(self.data, at + 4)
        while found := _HEADING.match(self.data, at):
            first, count = (int(number) for number in found.groups() if number is not None)
            at = found.end() + count * _ENTRY_BYTES
            if count > OBJECTS_LIMIT or at > len(self.data) or (count and self.data[at - 3 : at - 2] not in b"nf "):
                raise UnfamiliarPdf("a cross-reference table of another form")
            self._tables.append((first, count, found.end()))
            at = syntax.after_space(self.data, at)
        if not self.data.startswith(b"trailer", at):
            raise UnfamiliarPdf("a cross-reference table without a trailer")
        return syntax.dictionary(self.data, syntax.after_space(self.data, at + 7))

    def _read_stream(self, at: int) -> dict[bytes, bytes]:
        found = _OBJECT.match(self.data, at)
        if found is None:
            raise UnfamiliarPdf("no cross-reference section where one is expected")
        members, content = self._stream_at(syntax.after_space(self.data, found.end()), direct=True)
        if members.get(b"/Type") != b"/XRef":
            raise UnfamiliarPdf("no cross-reference stream where one is expected")
        widths = [syntax.integer(width) for width in syntax.array(members.get(b"/W", b"[]"))]
        if len(widths) != 3 or not 0 < sum(widths) <= 24:
            raise UnfamiliarPdf("a cross-reference stream of another form")
        index = [syntax.integer(n) for n in syntax.array(members.get(b"/Index", b"[0 " + members.get(b"/Size", b"0") + b"]"))]
        at = 0
        for first, count in zip(index[::2], index[1::2], strict=False):
            if count > OBJECTS_LIMIT:
                raise UnfamiliarPdf("too many objects")
            for number in range(first, first + count):
                entry, at = content[at : at + sum(widths)], at + sum(widths)
                if len(entry) < sum(widths):
                    break
                self._streamed.setdefault(number, _fields(entry, widths))
        return members

    def _place(self, number: int) -> tuple[int, int, int]:
        """Kind (1: stands in the file, 2: in an object stream), place, index."""
        if self._tables and self._streamed:
            raise UnfamiliarPdf("cross-reference tables and streams in one file")
        if number in self._streamed:
            found = self._streamed[number]
            if found[0] not in (1, 2):
                raise UnfamiliarPdf(f"object {number} was deleted")
            return found
        for first, count, at in self._tables:
            if first <= number < first + count:
                entry = self.data[at + (number - first) * _ENTRY_BYTES :][:18]
                if entry[17:18] != b"n" or not entry[:10].isdigit():
                    raise UnfamiliarPdf(f"object {number} was deleted")
                return 1, int(entry[:10]), 0
        raise UnfamiliarPdf(f"object {number} does not exist")

    def _stream_at(self, at: int, *, direct: bool = False) -> tuple[dict[bytes, bytes], bytes]:
        end = syntax.end_of(self.data, at)
        members = syntax.dictionary(self.data, at)
        length = members.get(b"/Length", b"")
        size = syntax.integer(length if direct else self.resolved(length))
        found = _STREAM.match(self.data, syntax.after_space(self.data, end))
        if found is None or found.end() + size > len(self.data):
            raise UnfamiliarPdf("a stream that does not begin or end")
        return members, _inflated(members, self.data[found.end() : found.end() + size])

    def _packed(self, holder: int, index: int, number: int) -> bytes:
        if self._place(holder)[0] != 1:
            raise UnfamiliarPdf("an object stream in an object stream")
        members = self.members(holder)
        if holder not in self._unpacked:
            self._unpacked[holder] = self.stream(holder)
        content = self._unpacked[holder]
        first = syntax.integer(members.get(b"/First"))
        numbers = [syntax.integer(n) for n in content[:first].split()]
        if index * 2 + 1 >= len(numbers) or numbers[index * 2] != number:
            raise UnfamiliarPdf(f"object {number} is not in its stream")
        begin = syntax.after_space(content, first + numbers[index * 2 + 1])
        return content[begin : syntax.end_of(content, begin)]


def _fields(entry: bytes, widths: list[int]) -> tuple[int, int, int]:
    a, b, _ = widths
    kind = int.from_bytes(entry[:a], "big") if a else 1
    return kind, int.from_bytes(entry[a : a + b], "big"), int.from_bytes(entry[a + b :], "big")


def _inflated(members: dict[bytes, bytes], content: bytes) -> bytes:
    filters = members.get(b"/Filter")
    if filters is None or filters == b"[]":
        return content
    if filters.strip(b"[] ") != b"/FlateDecode":
        raise UnfamiliarPdf("a stream with an unusual filter")
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(content, STREAM_LIMIT_BYTES)
    except zlib.error as error:
        raise UnfamiliarPdf("a damaged stream") from error
    if unpacker.unconsumed_tail:
        raise UnfamiliarPdf("a stream that unpacks to more than the limit")
    parameters = members.get(b"/DecodeParms", b"<<>>").strip(b"[] ")
    return _unpredicted(syntax.dictionary(parameters), found) if parameters.startswith(b"<<") else found


def _unpredicted(parameters: dict[bytes, bytes], content: bytes) -> bytes:
    """PNG's predictors none and up, as cross-reference streams use them (§7.4.4.4)."""
    if syntax.integer(parameters.get(b"/Predictor", b"1")) == 1:
        return content
    columns = syntax.integer(parameters.get(b"/Columns", b"1"))
    if not 0 < columns <= 64 or parameters.get(b"/Colors", b"1") != b"1" or parameters.get(b"/BitsPerComponent", b"8") != b"8":
        raise UnfamiliarPdf("a predictor of another form")
    rows, above = bytearray(), bytes(columns)
    for at in range(0, len(content), columns + 1):
        kind, row = content[at], content[at + 1 : at + 1 + columns]
        if kind not in (0, 2):
            raise UnfamiliarPdf("a predictor of another form")
        above = bytes((x + y) & 0xFF for x, y in zip(row, above, strict=False)) if kind == 2 else row
        rows += above
    return bytes(rows)
