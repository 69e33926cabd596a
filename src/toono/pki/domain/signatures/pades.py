"""PAdES (ETSI EN 319 142-1): signatures, validation material and document time-stamps as incremental updates of a PDF. Pure.

A signature is prepared (:func:`prepare`), its attributes are signed elsewhere, and the value is put into the room kept for it. The same
file, signatory and moment always give the same bytes to sign.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from toono.pki.domain import der
from toono.pki.domain.signatures import cades
from toono.pki.domain.signatures import pdf_syntax as syntax
from toono.pki.domain.signatures.pdf_file import PdfFile
from toono.pki.domain.signatures.pdf_update import Update
from toono.pki.domain.signatures.signatory import Material, Signatory, Stamper

CLOSED, OPEN_FOR_SIGNATURES = 1, 2
"""What a certifying signature may allow (ISO 32000-1 table 254)."""

STAMP_ROOM_BYTES = 6 * 1024
_SIGNATURE_ROOM_BYTES = 1536
_CONTENTS = b"/Contents "
_RANGE = b"/ByteRange[0 %10d %10d %10d]"
_RANGE_ROOM = len(_RANGE % (0, 0, 0))
_PRINTED_AND_LOCKED = b"132"


class SignatureTooLarge(ValueError):
    """The signature does not fit into the room kept for it."""


@dataclass(frozen=True)
class Said:
    """What the signature's dictionary says for readers."""

    name: str
    at: datetime
    reason: str = ""
    location: str = ""


@dataclass(frozen=True)
class Place:
    """Where a visible stamp stands: object number of the page, rectangle in points from its lower left corner."""

    page: int
    left: float
    bottom: float
    width: float
    height: float

    @property
    def rectangle(self) -> bytes:
        corners = (self.left, self.bottom, self.left + self.width, self.bottom + self.height)
        return b"[" + b" ".join(f"{corner:.2f}".encode() for corner in corners) + b"]"


@dataclass(frozen=True)
class Prepared:
    """A PDF that lacks only the content of one signature."""

    base: bytes
    update: bytes
    begin: int
    """Where ``<`` of the content stands in ``update``."""
    end: int
    """After its ``>``."""

    def digest(self, algorithm: str) -> bytes:
        """Of all bytes but the content's."""
        made = hashlib.new(algorithm, self.base)
        made.update(memoryview(self.update)[: self.begin])
        made.update(memoryview(self.update)[self.end :])
        return made.digest()

    def completed(self, content: bytes) -> bytes:
        """The whole file.

        :raises SignatureTooLarge:
        """
        room = self.end - self.begin - 2
        value = content.hex().encode()
        if len(value) > room:
            raise SignatureTooLarge(f"{len(content)} bytes in a room of {room // 2}")
        return b"".join((self.base, self.update[: self.begin + 1], value.ljust(room, b"0"), self.update[self.end - 1 :]))


def prepare(
    file: PdfFile,
    signatory: Signatory,
    said: Said,
    *,
    field: str,
    stamped: bool,
    certify: int | None = None,
    place: Place | None = None,
    draw: Callable[[Update], bytes] | None = None,
) -> Prepared:
    """The file with an empty signature of the form ``ETSI.CAdES.detached``.

    :param stamped: keep room for a signature time-stamp.
    :param certify: what the document still allows afterwards; None for a signature that only approves.
    :param place: of the visible stamp; without one the field has no size.
    :param draw: adds the stamp's appearance to the update and gives its reference.
    :raises UnfamiliarPdf:
    """
    update = Update(file)
    words = {
        b"/Type": b"/Sig",
        b"/Filter": b"/Adobe.PPKLite",
        b"/SubFilter": b"/ETSI.CAdES.detached",
        b"/M": said.at.astimezone(UTC).strftime("(D:%Y%m%d%H%M%S+00'00')").encode(),
        b"/Name": syntax.text(said.name),
        b"/Reason": syntax.text(said.reason),
        b"/Location": syntax.text(said.location),
    }
    if certify is not None:
        words[b"/Reference"] = b"[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2/P %d>>>>]" % certify
    words = {name: value for name, value in words.items() if value != b"()"}
    room = _SIGNATURE_ROOM_BYTES + sum(map(len, signatory.certificates)) + (STAMP_ROOM_BYTES if stamped else 0)
    return _with_room(update, words, room, field=field, certify=certify is not None, place=place, draw=draw)


def prepare_time_stamp(file: PdfFile, *, field: str) -> Prepared:
    """The file with an empty document time-stamp (EN 319 142-1 §5.4.3), whose digest a token is to be made over."""
    words = {b"/Type": b"/DocTimeStamp", b"/Filter": b"/Adobe.PPKLite", b"/SubFilter": b"/ETSI.RFC3161"}
    return _with_room(Update(file), words, STAMP_ROOM_BYTES, field=field)


def sealed(prepared: Prepared, signatory: Signatory, attributes: bytes, signature: bytes, token: bytes | None) -> bytes:
    """The signed file: B-B, with ``token`` (over the signature value) B-T."""
    unsigned = [cades.signature_time_stamp(token)] if token is not None else []
    return prepared.completed(cades.signed_data(signatory, attributes, signature, unsigned=unsigned))


def with_material(pdf: bytes, material: Material) -> bytes:
    """B-LT of a B-T: a document security store (EN 319 142-1 §5.4.2). What is there already is not added again.

    :raises UnfamiliarPdf:
    """
    file = PdfFile(pdf)
    update = Update(file)
    store = file.dictionary(file.catalogue[b"/DSS"]) if b"/DSS" in file.catalogue else {b"/Type": b"/DSS"}
    added = False
    for name, values in ((b"/Certs", material.certificates), (b"/CRLs", material.lists), (b"/OCSPs", material.answers)):
        held = syntax.array(file.resolved(store.get(name, b"[]")))
        known = {file.stream(number) for number in map(syntax.reference, held) if number is not None}
        fresh = [update.add_stream(value) for value in dict.fromkeys(values) if value not in known]
        if held or fresh:
            store[name] = b"[" + b" ".join((*held, *fresh)) + b"]"
        added = added or bool(fresh)
    if not added:
        return file.data
    number = syntax.reference(file.catalogue.get(b"/DSS", b""))
    if number is not None:
        update.replace(number, syntax.written(store))
    else:
        update.replace(file.root, syntax.written({**file.catalogue, b"/DSS": update.add(syntax.written(store))}))
    return file.data + update.written()[0]


def archive_time_stamped(pdf: bytes, stamp: Stamper) -> bytes:
    """B-LTA of a B-LT, and each renewal of it: a document time-stamp over all that stands before it.

    :raises UnfamiliarPdf:
    """
    file = PdfFile(pdf)
    prepared = prepare_time_stamp(file, field=field_name(file, "Archive"))
    return prepared.completed(stamp(prepared.digest("sha256")))


def field_name(file: PdfFile, stem: str) -> str:
    """``stem``, or ``stem-2``, ``stem-3``, … where fields stand already."""
    taken = {file.dictionary(field).get(b"/T", b"") for field in file.fields()}
    names = (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3)))
    return next(name for name in names if syntax.text(name) not in taken)


def material_in(file: PdfFile) -> Material:
    """What the document security store holds."""
    store = file.dictionary(file.catalogue[b"/DSS"]) if b"/DSS" in file.catalogue else {}

    def held(name: bytes) -> tuple[bytes, ...]:
        numbers = map(syntax.reference, syntax.array(file.resolved(store.get(name, b"[]"))))
        return tuple(file.stream(number) for number in numbers if number is not None)

    return Material(held(b"/Certs"), held(b"/CRLs"), held(b"/OCSPs"))


def contents(file: PdfFile) -> Iterable[tuple[bytes, bytes]]:
    """Sub-filter and content (DER, without the padding) of each signature and time-stamp, in the order of the form."""
    for signature in file.signatures():
        value = bytes.fromhex(signature.get(b"/Contents", b"<>").strip(b"<>").decode("ascii"))
        yield signature.get(b"/SubFilter", b""), value[: der.length(value)[1]]


def _with_room(
    update: Update,
    words: dict[bytes, bytes],
    room: int,
    *,
    field: str,
    certify: bool = False,
    place: Place | None = None,
    draw: Callable[[Update], bytes] | None = None,
) -> Prepared:
    number = update.reserve()
    value = b"%d 0 R" % number
    head = syntax.written(words)[:-2]
    body = head + b" " * _RANGE_ROOM + _CONTENTS + b"<" + b"0" * (2 * room) + b">>>"
    update.replace(number, body)
    _add_field(update, value, field, place, draw)
    _enter(update, value if certify else None)
    tail, places = update.written()
    base = update.file.data
    ranges = places[number] - len(base) + len(head)
    begin = ranges + _RANGE_ROOM + len(_CONTENTS)
    end = begin + 2 * room + 2
    numbers = _RANGE % (len(base) + begin, len(base) + end, len(tail) - end)
    return Prepared(base, tail[:ranges] + numbers + tail[ranges + _RANGE_ROOM :], begin, end)


def _add_field(update: Update, value: bytes, name: str, place: Place | None, draw: Callable[[Update], bytes] | None) -> None:
    """The field, which is its own widget, on its page."""
    page = place.page if place else update.file.page()
    members = {
        b"/Type": b"/Annot",
        b"/Subtype": b"/Widget",
        b"/FT": b"/Sig",
        b"/T": syntax.text(name),
        b"/F": _PRINTED_AND_LOCKED,
        b"/Rect": place.rectangle if place else b"[0 0 0 0]",
        b"/P": b"%d 0 R" % page,
        b"/V": value,
    }
    if draw is not None:
        members[b"/AP"] = b"<</N " + draw(update) + b">>"
    field = update.add(syntax.written(members))
    _append(update, page, b"/Annots", field)
    _append_to_form(update, field)


def _append_to_form(update: Update, field: bytes) -> None:
    file = update.file
    form = {b"/Fields": b"[]", **file.form, b"/SigFlags": b"3"}
    listed = syntax.reference(form[b"/Fields"])
    grown = b"[" + b" ".join((*file.fields(), field)) + b"]"
    if listed is not None:
        update.replace(listed, grown)
    else:
        form[b"/Fields"] = grown
    number = syntax.reference(file.catalogue.get(b"/AcroForm", b""))
    if number is not None:
        update.replace(number, syntax.written(form))
    else:
        held = syntax.written(form) if b"/AcroForm" in file.catalogue else update.add(syntax.written(form))
        update.replace(file.root, syntax.written({**file.catalogue, b"/AcroForm": held}))


def _append(update: Update, number: int, name: bytes, member: bytes) -> None:
    """Add to an array that a dictionary holds, or names."""
    holder = update.current(number)
    held = holder.get(name, b"[]")
    grown = b"[" + b" ".join((*syntax.array(update.file.resolved(held)), member)) + b"]"
    listed = syntax.reference(held)
    if listed is not None:
        update.replace(listed, grown)
    else:
        update.replace(number, syntax.written({**holder, name: grown}))


def _enter(update: Update, certifying: bytes | None) -> None:
    """A certifying signature is named in the catalogue (ISO 32000-1 §12.8.4)."""
    if certifying is None:
        return
    catalogue = update.current(update.file.root)
    permissions = update.file.dictionary(catalogue[b"/Perms"]) if b"/Perms" in catalogue else {}
    permissions[b"/DocMDP"] = certifying
    update.replace(update.file.root, syntax.written({**catalogue, b"/Perms": syntax.written(permissions)}))
