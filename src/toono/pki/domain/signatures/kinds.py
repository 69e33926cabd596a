"""Signed files of every form seen alike: which kind it is, what stands in it, how its level is raised. Pure.

A file may carry several signatures; each is named by its value, as it stands in the file.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from toono.pki.domain.signatures import asice, cades, jades, pades, xades
from toono.pki.domain.signatures.cades import Signed
from toono.pki.domain.signatures.pdf_file import PdfFile
from toono.pki.domain.signatures.signatory import Material, Stamper


class Kind(Enum):
    """How the signature stands with its file."""

    PDF = "pdf"
    XML = "xml"
    CONTAINER = "container"
    CMS = "cms"
    JSON = "json"


class Stamping(Protocol):
    """A step that takes a time-stamp."""

    def __call__(self, content: bytes, stamp: Stamper, /, *, value: bytes | None = None) -> bytes: ...


class Proving(Protocol):
    """The step that takes material."""

    def __call__(self, content: bytes, material: Material, /, *, value: bytes | None = None) -> bytes: ...


@dataclass(frozen=True)
class Raising:
    """How one signature of a file (``value``; None: the only one) gets its next level."""

    values: Callable[[bytes], list[bytes]]
    """The signatures of a file; empty for a PDF, where each step is for all of them."""
    time_stamped: Stamping | None
    """None: a PDF's token is put in when it is signed."""
    with_material: Proving
    archive_time_stamped: Stamping


def _pdf_with_material(content: bytes, material: Material, /, *, value: bytes | None = None) -> bytes:
    return pades.with_material(content, material)


def _pdf_archive_time_stamped(content: bytes, stamp: Stamper, /, *, value: bytes | None = None) -> bytes:
    return pades.archive_time_stamped(content, stamp)


RAISING: Mapping[Kind, Raising] = MappingProxyType(
    {
        Kind.PDF: Raising(lambda _: [], None, _pdf_with_material, _pdf_archive_time_stamped),
        Kind.XML: Raising(xades.signature_values, xades.time_stamped, xades.with_material, xades.archive_time_stamped),
        Kind.CONTAINER: Raising(asice.signature_values, asice.time_stamped, asice.with_material, asice.archive_time_stamped),
        Kind.CMS: Raising(cades.signature_values, cades.time_stamped, cades.with_material, cades.archive_time_stamped),
        Kind.JSON: Raising(jades.signature_values, jades.time_stamped, jades.with_material, jades.archive_time_stamped),
    }
)


@dataclass(frozen=True)
class Found:
    """What stands in a signed file, or in one signature of it; all DER."""

    certificates: tuple[bytes, ...]
    """Of the signers and the authorities above them."""
    stamps: tuple[bytes, ...]
    """Tokens over signatures."""
    archive_stamps: tuple[bytes, ...]
    """Tokens over everything, oldest first."""
    value: bytes | None = None
    """Of the signature; None in a PDF, whose signatures are raised together, and of a whole file."""

    @property
    def all_certificates(self) -> tuple[bytes, ...]:
        """Also those of the time-stamping units."""
        tokens = [Signed.read(token).certificates for token in (*self.stamps, *self.archive_stamps)]
        return tuple(dict.fromkeys((*self.certificates, *(one for held in tokens for one in held))))


def kind_of(content: bytes) -> Kind | None:
    """By the first bytes; None for a file that is not of these kinds."""
    head = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"%PDF-"):
        return Kind.PDF
    if head.startswith(b"PK\x03\x04"):
        return Kind.CONTAINER
    if head.startswith(b"<"):
        return Kind.XML
    if head.startswith(b"{"):
        return Kind.JSON
    return Kind.CMS if content[:1] == b"\x30" else None


def found(kind: Kind, content: bytes) -> Found:
    """What stands in the file, all signatures together.

    :raises ValueError: it is not signed, or not in a form that is written here.
    """
    all_found = each(kind, content)
    return Found(
        tuple(dict.fromkeys(certificate for one in all_found for certificate in one.certificates)),
        tuple(dict.fromkeys(token for one in all_found for token in one.stamps)),
        tuple(dict.fromkeys(token for one in all_found for token in one.archive_stamps)),
    )


def each(kind: Kind, content: bytes) -> list[Found]:
    """What stands in the file, signature by signature.

    :raises ValueError: it is not signed, or not in a form that is written here.
    """
    if kind is Kind.PDF:
        return [_in_pdf(content)]
    values = RAISING[kind].values(content)
    if not values:
        raise ValueError("there is no signature")
    return [_READERS[kind](content, value) for value in values]


def _in_pdf(content: bytes) -> Found:
    certificates: list[bytes] = []
    stamps: list[bytes] = []
    archive: list[bytes] = []
    for form, value in pades.contents(PdfFile(content)):
        if form == b"/ETSI.RFC3161":
            archive.append(value)
            continue
        held = Signed.read(value)
        certificates += held.certificates
        stamps += held.values(cades.SIGNATURE_TIME_STAMP)
    return Found(tuple(certificates), tuple(stamps), tuple(archive))


def _in_cms(content: bytes, value: bytes) -> Found:
    held = Signed.read(content, value)
    stamps, archive = held.values(cades.SIGNATURE_TIME_STAMP), held.values(cades.ARCHIVE_TIME_STAMP_V3)
    return Found(held.own_certificates, tuple(stamps), tuple(archive), value)


def _in_xml(content: bytes, value: bytes) -> Found:
    held = xades.signature(content, value)
    stamps, archive = xades.time_stamps_in(held)
    return Found(tuple(xades.certificates_in(held)), tuple(stamps), tuple(archive), value)


def _in_container(content: bytes, value: bytes) -> Found:
    files = asice.unpacked(content)
    name = asice.signature_of(files, value)
    if name.endswith(".xml"):
        return _in_xml(files[name], value)
    held = _in_cms(files[name], value)
    newest = asice.newest_archive_stamp(files) if name in asice.archived(files) else None
    return Found(held.certificates, held.stamps, (files[newest],) if newest else held.archive_stamps, value)


def _in_json(content: bytes, value: bytes) -> Found:
    held = jades.read(content, value)
    stamps, archive = jades.time_stamps_in(held)
    return Found(tuple(map(b64decode, jades.header(held).get("x5c", []))), tuple(stamps), tuple(archive), value)


_READERS: Mapping[Kind, Callable[[bytes, bytes], Found]] = {
    Kind.XML: _in_xml,
    Kind.CONTAINER: _in_container,
    Kind.CMS: _in_cms,
    Kind.JSON: _in_json,
}
