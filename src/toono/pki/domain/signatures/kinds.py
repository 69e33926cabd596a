"""Signed files of every form seen alike: which kind it is, what stands in it, how its level is raised. Pure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

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


@dataclass(frozen=True)
class Raising:
    """How a file of one kind gets its next level."""

    time_stamped: Callable[[bytes, Stamper], bytes] | None
    """None: a PDF's token is put in when it is signed."""
    with_material: Callable[[bytes, Material], bytes]
    archive_time_stamped: Callable[[bytes, Stamper], bytes]


RAISING: Mapping[Kind, Raising] = MappingProxyType(
    {
        Kind.PDF: Raising(None, pades.with_material, pades.archive_time_stamped),
        Kind.XML: Raising(xades.time_stamped, xades.with_material, xades.archive_time_stamped),
        Kind.CONTAINER: Raising(asice.time_stamped, asice.with_material, asice.archive_time_stamped),
        Kind.CMS: Raising(cades.time_stamped, cades.with_material, cades.archive_time_stamped),
        Kind.JSON: Raising(jades.time_stamped, jades.with_material, jades.archive_time_stamped),
    }
)


@dataclass(frozen=True)
class Found:
    """What stands in a signed file; all DER."""

    certificates: tuple[bytes, ...]
    """Of the signers and the authorities above them."""
    stamps: tuple[bytes, ...]
    """Tokens over signatures."""
    archive_stamps: tuple[bytes, ...]
    """Tokens over everything, oldest first."""

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
    """What stands in the file.

    :raises ValueError: it is not signed, or not in a form that is written here.
    """
    return _READERS[kind](content)


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


def _in_cms(content: bytes) -> Found:
    held = Signed.read(content)
    stamps, archive = held.values(cades.SIGNATURE_TIME_STAMP), held.values(cades.ARCHIVE_TIME_STAMP_V3)
    return Found(held.certificates, tuple(stamps), tuple(archive))


def _in_xml(content: bytes) -> Found:
    _, signatures = xades.signatures(content)
    if len(signatures) != 1:
        raise ValueError("one signature is expected")
    stamps, archive = xades.time_stamps_in(signatures[0])
    return Found(tuple(xades.certificates_in(signatures[0])), tuple(stamps), tuple(archive))


def _in_container(content: bytes) -> Found:
    files = asice.unpacked(content)
    name = asice.signature_in(files)
    if name.endswith(".xml"):
        return _in_xml(files[name])
    held = _in_cms(files[name])
    newest = asice.newest_archive_stamp(files)
    return Found(held.certificates, held.stamps, (files[newest],) if newest else held.archive_stamps)


def _in_json(content: bytes) -> Found:
    held = jades.read(content)
    stamps, archive = jades.time_stamps_in(held)
    return Found(tuple(map(b64decode, jades.header(held).get("x5c", []))), tuple(stamps), tuple(archive))


_READERS: Mapping[Kind, Callable[[bytes], Found]] = {
    Kind.PDF: _in_pdf,
    Kind.XML: _in_xml,
    Kind.CONTAINER: _in_container,
    Kind.CMS: _in_cms,
    Kind.JSON: _in_json,
}
