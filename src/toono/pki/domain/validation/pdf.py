"""Signatures of a PDF (ISO 32000-2 §12.8, ETSI EN 319 142-1): pyHanko reads the structure and compares revisions, we check the signatures.

What a signature must hold beside its cryptography: it covers its whole revision but for its own place; that place holds the signature and nothing
else; and what was added afterwards shows nothing else than was signed ("shadow attacks", Mainka et al., NDSS 2021).
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel, StandardDiffPolicy
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdatingRule
from pyhanko.sign.diff_analysis.policies import DEFAULT_DIFF_POLICY
from pyhanko.sign.diff_analysis.policy_api import DiffResult
from pyhanko.sign.diff_analysis.rules.file_structure_rules import CatalogModificationRule, ObjectStreamRule, XrefStreamRule
from pyhanko.sign.diff_analysis.rules.form_field_rules import DSSCompareRule, SigFieldCreationRule, SigFieldModificationRule
from pyhanko.sign.diff_analysis.rules.metadata_rules import DocInfoRule, MetadataUpdateRule
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation.status import SignatureCoverageLevel

from toono.pki.contracts import Coverage, SignedFileKind, SubIndication
from toono.pki.domain.validation import cms, limits
from toono.pki.domain.validation.cms import Digester
from toono.pki.domain.validation.reading import Material, Reading, SignatureReading, StampReading, unreadable

PIECE_BYTES = 1024 * 1024
END_BYTES = 16 * 1024
STAMP_FILTER = "/ETSI.RFC3161"
FILTERS = {"/adbe.pkcs7.detached", "/ETSI.CAdES.detached", STAMP_FILTER}
LARGEST_WIDGET = 0.25
"""Of the page: a signature field added later that is larger could hide what was signed."""

# As pyHanko's own policy, without the rule that lets fields be filled in: a filled field shows what the signer did not see.
_LASTING: Any = (DocInfoRule, XrefStreamRule, ObjectStreamRule, DSSCompareRule, MetadataUpdateRule)
_CATALOG: Any = CatalogModificationRule
_FIELDS: Any = (SigFieldCreationRule, SigFieldModificationRule)
_ONLY_SIGNATURES = StandardDiffPolicy(
    global_rules=[_CATALOG(), *(rule().as_qualified(ModificationLevel.LTA_UPDATES) for rule in _LASTING)],
    form_rule=FormUpdatingRule(field_rules=[rule() for rule in _FIELDS]),
)

_FIRST_PIECE_BYTES = 256
_SPACE = b" \t\r\n\f\0"
_DIGITS_AND_SPACE = b"0123456789abcdefABCDEF" + _SPACE
_by_digit: Any = generic.read_hex_string_from_stream


def _hex_string(stream: Any) -> Any:
    """A string in hexadecimal digits, as the library reads it, by pieces that grow: by single digits a signature of ten megabytes takes half a minute."""
    start, size, digits = stream.tell(), _FIRST_PIECE_BYTES, bytearray()
    stream.seek(start + 1)
    while piece := stream.read(size):
        inside, closed, _ = piece.partition(b">")
        if inside.translate(None, _DIGITS_AND_SPACE):
            break
        digits += inside.translate(None, _SPACE)
        if closed:
            stream.seek(len(inside) + 1 - len(piece), 1)
            return generic.pdf_string(binascii.unhexlify(digits + b"0" * (len(digits) % 2)))
        size = min(2 * size, PIECE_BYTES)
    # A comment among the digits, something that is no digit, or the end of the file: the library says what that means.
    stream.seek(start)
    return _by_digit(stream)


generic.read_hex_string_from_stream = _hex_string


def read(stream: BinaryIO) -> Reading:
    """A PDF of a stranger; whatever breaks in it is a reading that says so."""
    try:
        return _read(stream)
    except Exception as error:  # a hostile file makes the reader fail in any way; every way means the same
        return Reading(kind=SignedFileKind.PDF, failure=SubIndication.FORMAT_FAILURE, detail=f"the PDF cannot be read: {error!r}"[:300])


def _read(stream: BinaryIO) -> Reading:
    if not _ends(stream):
        return Reading(kind=SignedFileKind.PDF, failure=SubIndication.FORMAT_FAILURE, detail="the PDF does not end as one")
    reader = PdfFileReader(stream)
    embedded = list(reader.embedded_signatures)
    if len(embedded) > limits.SIGNATURES:
        return Reading(kind=SignedFileKind.PDF, failure=SubIndication.GENERIC, detail="too many signatures")
    if not embedded and not _unknown(reader, embedded) and _mentions(stream, b"/ByteRange"):
        return Reading(
            kind=SignedFileKind.PDF, failure=SubIndication.FORMAT_FAILURE, detail="there is a signature that no field of the form names"
        )
    material = Material(limits.CERTIFICATES, limits.MATERIAL_BYTES)
    _collect_store(reader, material)
    places = [_Place.of(one, stream) for one in embedded]
    stamps = [(place, _document_stamp(place, material)) for place in places if place.kind == STAMP_FILTER]
    signatures = []
    for number, place in enumerate(places, start=1):
        if place.kind != STAMP_FILTER:
            later = [stamp for other, stamp in stamps if other.end > place.end]
            signatures.append(_signature(place, f"S{number}", later, material))
    return cms.finished(SignedFileKind.PDF, [*signatures, *_unknown(reader, embedded)], material)


def _ends(stream: BinaryIO) -> bool:
    """Whether the place of the cross-references stands near the end (ISO 32000-2 §7.5.5). The library looks for it through the whole file, byte by byte."""
    stream.seek(max(0, stream.seek(0, 2) - END_BYTES))
    return b"startxref" in stream.read(END_BYTES)


def _unknown(reader: Any, embedded: list[Any]) -> list[SignatureReading]:
    """Filled signature fields that the library passes over, since it does not know their kind. They are there, so they are told."""
    known = {one.fq_name for one in embedded}
    values = [value for name, value, _ in enumerate_sig_fields(reader, filled_status=True) if name not in known and value is not None]
    return [_passed_over(f"U{number}", value) for number, value in enumerate(values[: limits.SIGNATURES], start=1)]


def _passed_over(identifier: str, value: Any) -> SignatureReading:
    """A kind of its own (SubFilter, ISO 32000-2 §12.8.1) is not read here; one that says no kind, or ours and is none, is broken."""
    content = value.get_object() if hasattr(value, "get_object") else value
    kind = _value(content, "/SubFilter") if isinstance(content, generic.DictionaryObject) else None
    unread = isinstance(kind, generic.NameObject) and kind not in FILTERS
    return SignatureReading(
        id=identifier,
        failure=SubIndication.GENERIC if unread else SubIndication.FORMAT_FAILURE,
        unread=unread,
        detail=f"a signature of a kind that is not known: {kind}"[:100],
        coverage=Coverage.PART,
    )


@dataclass
class _Place:
    """One signature and the bytes that it covers."""

    embedded: Any
    stream: BinaryIO
    kind: str
    ranges: tuple[int, int, int, int] | None
    problem: str

    @classmethod
    def of(cls, embedded: Any, stream: BinaryIO) -> _Place:
        kind = str(_value(embedded.sig_object, "/SubFilter"))
        ranges, problem = _ranges(embedded, stream)
        if not problem and embedded.evaluate_signature_coverage() < SignatureCoverageLevel.ENTIRE_REVISION:
            problem = "the signature covers less than its revision of the document"
        return cls(embedded, stream, kind, ranges, problem)

    @property
    def end(self) -> int:
        return self.ranges[2] + self.ranges[3] if self.ranges else 0

    def digests(self) -> Digester:
        return cms.digests_of(self._pieces) if self.ranges else cms.absent

    def _pieces(self) -> Iterator[bytes]:
        start, length, second, rest = self.ranges or (0, 0, 0, 0)
        for place, count in ((start, length), (second, rest)):
            self.stream.seek(place)
            while count > 0:
                piece = self.stream.read(min(count, PIECE_BYTES))
                if not piece:
                    return
                count -= len(piece)
                yield piece


def _ranges(embedded: Any, stream: BinaryIO) -> tuple[tuple[int, int, int, int] | None, str]:
    """The byte range, if it leaves out exactly the place of the signature, and that place holds exactly the signature."""
    values = [int(value) for value in embedded.byte_range]
    size = stream.seek(0, 2)
    if len(values) != 4 or values[0] != 0 or min(values) < 0 or values[2] < values[1] or values[2] + values[3] > size:
        return None, "the byte range is not one of a signature"
    stream.seek(values[1])
    hole = stream.read(min(values[2] - values[1], limits.FILE_BYTES))
    try:
        inside = binascii.unhexlify(hole[1:-1]) if hole[:1] == b"<" and hole[-1:] == b">" else b""
    except binascii.Error:
        inside = b""
    if not inside or inside != embedded.pkcs7_content:
        return None, "what the byte range leaves out is not the signature alone"
    return (values[0], values[1], values[2], values[3]), ""


def _signature(place: _Place, identifier: str, later: list[StampReading], material: Material) -> SignatureReading:
    if place.kind not in FILTERS or place.problem:
        detail = place.problem or f"a signature of the kind {place.kind[:40]} is not known"
        return _unreadable(place, identifier, detail)
    try:
        signed = cms.parse(place.embedded.pkcs7_content, padded=True)
        if len(signed.signers) != 1:
            return _unreadable(place, identifier, "a signature of a PDF has one signer")
        cms.collect(signed, material)
        digests = place.digests()
        signer = cms.read_signer(signed, signed.signers[0], digests, others=tuple(material.certificates))
        found = cms.described(signed, signer, identifier, digests, material)
    except (ValueError, IndexError) as error:
        return _unreadable(place, identifier, str(error), unreadable(error))
    coverage, permitted, detail = _afterwards(place)
    return found.model_copy(
        update={
            "coverage": coverage,
            "changes_permitted": permitted,
            "detail": found.detail or detail,
            "claimed_time": found.claimed_time or _claimed(place.embedded),
            "stamps": (*found.stamps, *later),
            "material": material.any_status,
        }
    )


def _unreadable(place: _Place, identifier: str, detail: str, failure: SubIndication = SubIndication.FORMAT_FAILURE) -> SignatureReading:
    return SignatureReading(
        id=identifier,
        failure=failure,
        detail=detail[:300],
        claimed_time=_claimed(place.embedded),
        coverage=Coverage.PART,
    )


def _document_stamp(place: _Place, material: Material) -> StampReading:
    if place.problem:
        return StampReading(kind="archive", failure=SubIndication.FORMAT_FAILURE, detail=place.problem)
    return cms.read_stamp(place.embedded.pkcs7_content, "archive", place.digests(), material)


def _afterwards(place: _Place) -> tuple[Coverage, bool, str]:
    """What was done to the document after the signature, whether the signer had permitted it, and why it is what it is."""
    embedded = place.embedded
    embedded.coverage = embedded.evaluate_signature_coverage()
    if embedded.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return Coverage.WHOLE, False, ""
    permission = embedded.docmdp_level
    changes = embedded.evaluate_modifications(_ONLY_SIGNATURES)
    if isinstance(changes, DiffResult):
        if permission is MDPPerm.NO_CHANGES and changes.modification_level > ModificationLevel.LTA_UPDATES:
            return Coverage.CHANGED, False, "the signer had closed the document against changes"
        if changes.modification_level > ModificationLevel.LTA_UPDATES and _hides(embedded):
            return Coverage.FORM_FILLED, False, "a large or empty signature field was added that may hide what was signed"
        return Coverage.LATER_SIGNATURES, True, ""
    filled = embedded.evaluate_modifications(DEFAULT_DIFF_POLICY)
    if isinstance(filled, DiffResult) and permission is not MDPPerm.NO_CHANGES:
        return Coverage.FORM_FILLED, permission in (MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE), ""
    return Coverage.CHANGED, False, f"changed after it was signed: {changes}"[:300]


def _hides(embedded: Any) -> bool:
    """Whether a field came after the signature that is visible and empty, or as large as a part of a page."""
    reader = embedded.reader
    for _, value, reference in enumerate_sig_fields(reader):
        field = reference.get_object()
        new = reader.xrefs.get_introducing_revision(reference.reference) > embedded.signed_revision
        size = _area(_value(field, "/Rect"))
        if new and size and (value is None or size > LARGEST_WIDGET * _page_area(field)):
            return True
    return False


def _page_area(field: Any) -> float:
    try:
        return _area(field["/P"]["/MediaBox"]) or 595.0 * 842.0
    except (KeyError, TypeError):
        return 595.0 * 842.0


def _area(rectangle: Any) -> float:
    if not rectangle or len(rectangle) != 4:
        return 0.0
    left, bottom, right, top = (float(value) for value in rectangle)
    return abs((right - left) * (top - bottom))


def _claimed(embedded: Any) -> datetime | None:
    try:
        moment = embedded.self_reported_timestamp
    except Exception:  # an unreadable claim is no claim
        return None
    return moment if isinstance(moment, datetime) and moment.tzinfo else None


def _collect_store(reader: Any, material: Material) -> None:
    """The document security store (EN 319 142-1 §5.4.2)."""
    store = _value(reader.root, "/DSS")
    if not isinstance(store, generic.DictionaryObject):
        return
    for name, add in (("/Certs", material.add_certificate), ("/CRLs", material.add_list), ("/OCSPs", material.add_answer)):
        for entry in list(_value(store, name) or [])[: limits.CERTIFICATES]:
            content = entry.get_object() if hasattr(entry, "get_object") else entry
            if isinstance(content, generic.StreamObject):
                add(bytes(content.data))


def _value(dictionary: Any, name: str) -> Any:
    """What stands under a name, also where a reference leads to it; None for nothing."""
    try:
        return dictionary[name]
    except KeyError:
        return None


def _mentions(stream: BinaryIO, word: bytes) -> bool:
    stream.seek(0)
    tail = b""
    while piece := stream.read(PIECE_BYTES):
        if word in tail + piece:
            return True
        tail = piece[-len(word) :]
    return False
