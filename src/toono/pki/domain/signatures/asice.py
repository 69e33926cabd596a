"""ASiC-E containers (ETSI EN 319 162-1): any files with their signatures in one zip. Pure.

With XAdES the signature refers to the files; with CAdES it stands over ``ASiCManifest.xml``, which does. Each signature has a file of its own, so a
later one changes nothing of those before. Functions that take ``value`` mean the signature of this value; without it there must be but one.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

from lxml import etree

from toono.pki.domain.signatures import cades, xades
from toono.pki.domain.signatures.signatory import Material, Stamper

MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
MIMETYPE = "mimetype"
XADES_SIGNATURES = "META-INF/signatures.xml"
CADES_SIGNATURE, CADES_MANIFEST = "META-INF/signature.p7s", "META-INF/ASiCManifest.xml"
ARCHIVE_MANIFEST = "META-INF/ASiCArchiveManifest.xml"

ENTRIES_LIMIT = 1000
UNPACKED_LIMIT_BYTES = 200 * 1024 * 1024

_STAMP_TYPE = "application/vnd.etsi.timestamp-token"
_SIGNATURE_TYPE = "application/pkcs7-signature"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_EPOCH = (1980, 1, 1, 0, 0, 0)


class NotContainer(ValueError):
    """No ASiC-E container, or one that is damaged or too large."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """The zip: ``mimetype`` first and stored (§4.4.3.1), the rest in order; the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(MIMETYPE, _EPOCH), MEDIA_TYPE, zipfile.ZIP_STORED)
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def unpacked(container: bytes) -> dict[str, bytes]:
    """Files by name, without ``mimetype``.

    :raises NotContainer: no zip, a name twice, another type, or more than the limits.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(container)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if len(set(names)) != len(names) or len(names) > ENTRIES_LIMIT:
                raise NotContainer("too many files, or a name twice")
            if sum(entry.file_size for entry in entries) > UNPACKED_LIMIT_BYTES:
                raise NotContainer("unpacks to more than the limit")
            files = {entry.filename: _read(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise NotContainer(str(error)) from error
    if files.pop(MIMETYPE, b"").decode("ascii", "replace").strip() != MEDIA_TYPE:
        raise NotContainer("the container does not say that it is ASiC-E")
    return files


def is_signable_name(name: str) -> bool:
    """Whether a file may stand under this name: a plain name, not in ``META-INF`` and not the type's."""
    return bool(re.fullmatch(r"[^/\\\x00-\x1f\x7f]{1,200}", name)) and name not in {".", "..", MIMETYPE, "META-INF"}


def manifest(signature: str, media_type: str, files: Mapping[str, tuple[str, bytes]], *, root: str | None = None) -> bytes:
    """``ASiCManifest`` (annex A.4): the signature or time-stamp, and digests of the files that it covers: name to media type and content."""
    lines = [
        f'<asic:SigReference URI="{quote(signature)}" MimeType="{media_type}"/>',
        *(_data_reference(name, kind, content, name == root) for name, (kind, content) in files.items()),
    ]
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<asic:ASiCManifest xmlns:asic="{xades.ASIC}" xmlns:ds="{xades.DS}">'
    return "".join((head, *lines, "</asic:ASiCManifest>")).encode()


def open_document_manifest(files: Mapping[str, str]) -> bytes:
    """``META-INF/manifest.xml``: media types of the files (ODF 1.2 part 3), as readers of XAdES containers expect it."""
    namespace = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    lines = [f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{MEDIA_TYPE}"/>']
    lines += [
        f"<manifest:file-entry manifest:full-path={quoteattr(name)} manifest:media-type={quoteattr(kind)}/>" for name, kind in files.items()
    ]
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest:manifest xmlns:manifest="{namespace}" manifest:version="1.2">'
    return "".join((head, *lines, "</manifest:manifest>")).encode()


def data_in(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What the container is for: everything outside ``META-INF``."""
    return {name: content for name, content in files.items() if not name.startswith("META-INF/") and not name.endswith("/")}


def names_in(container: bytes) -> list[str]:
    """Names of its files; none of what is no container."""
    try:
        return list(unpacked(container))
    except NotContainer:
        return []


def is_of_the_exchange(files: Mapping[str, bytes]) -> bool:
    """Whether it is a message of the exchange, whose own verifier knows what may stand in it."""
    return "message.xml" in files and any("hashchain" in name for name in files)


def free_name(files: Mapping[str, bytes], name: str) -> str:
    """``name``, or with the next number before its ending: ``META-INF/signatures002.xml``."""
    stem, dot, ending = name.rpartition(".")
    names = (name, *(f"{stem}{number:03}{dot}{ending}" for number in range(2, ENTRIES_LIMIT)))
    taken = {one.casefold() for one in files}
    return next(one for one in names if one.casefold() not in taken)


def signatures_in(files: Mapping[str, bytes]) -> list[str]:
    """Which files are signatures."""
    return [name for name in files if re.fullmatch(r"META-INF/[^/]*signature[^/]*\.(xml|p7s)", name)]


def signature_values(container: bytes) -> list[bytes]:
    """The values of all signatures.

    :raises ValueError: no container, or a signature in it that cannot be read.
    """
    files = unpacked(container)
    return [value for name in signatures_in(files) for value in _values(files, name)]


def signature_of(files: Mapping[str, bytes], value: bytes | None) -> str:
    """The file in which the signature of this value stands.

    :raises NotContainer: none, or several.
    """
    found = [name for name in signatures_in(files) if value is None or value in _values(files, name)]
    if len(found) != 1:
        raise NotContainer("one signature is expected")
    return found[0]


def time_stamped(container: bytes, stamp: Stamper, *, value: bytes | None = None) -> bytes:
    """B-T of a B-B."""
    files = unpacked(container)
    name = signature_of(files, value)
    raise_level = xades.time_stamped if name.endswith(".xml") else cades.time_stamped
    return packed({**files, name: raise_level(files[name], stamp, value=value)})


def with_material(container: bytes, material: Material, *, value: bytes | None = None) -> bytes:
    """B-LT of a B-T. What an archive time-stamp already covers is not touched: what proves that one stands in its token (annex A.7)."""
    files = unpacked(container)
    name = signature_of(files, value)
    newest = newest_archive_stamp(files)
    if newest is not None and name in archived(files):
        return packed({**files, newest: cades.with_material(files[newest], material)})
    raise_level = xades.with_material if name.endswith(".xml") else cades.with_material
    return packed({**files, name: raise_level(files[name], material, value=value)})


def archive_time_stamped(container: bytes, stamp: Stamper, *, value: bytes | None = None) -> bytes:
    """B-LTA of a B-LT, and each renewal of it: in the XAdES signature, or by ``ASiCArchiveManifest.xml`` and a token over it (annex A.7),
    which covers every signature that the container then has.
    """
    files = unpacked(container)
    name = signature_of(files, value)
    if name.endswith(".xml"):
        grown = xades.archive_time_stamped(files[name], stamp, value=value, referenced=lambda uri: _named(files, uri))
        return packed({**files, name: grown})
    for one in files:
        if re.fullmatch(r"META-INF/ASiCManifest[^/]*\.xml", one):
            _check(files, one)
    number = sum(1 for one in files if one.startswith("META-INF/ASiCArchiveManifest")) + 1
    earlier = None
    if ARCHIVE_MANIFEST in files:  # the newest has the fixed name
        earlier = f"META-INF/ASiCArchiveManifest{number - 1}.xml"
        files[earlier] = files.pop(ARCHIVE_MANIFEST)
    token = f"META-INF/timestamp{number:03}.tst"
    made = manifest(token, _STAMP_TYPE, {one: (_kind(one), content) for one, content in files.items()}, root=earlier)
    return packed({**files, ARCHIVE_MANIFEST: made, token: stamp(hashlib.sha256(made).digest())})


def archived(files: Mapping[str, bytes]) -> set[str]:
    """Names of the files that the newest archive manifest lists; empty without one.

    :raises NotContainer:
    """
    root = _archive_manifest(files)
    found = root.iterfind(f"{{{xades.ASIC}}}DataObjectReference") if root is not None else ()
    return {unquote(one.get("URI", "")) for one in found}


def newest_archive_stamp(files: Mapping[str, bytes]) -> str | None:
    """Name of the token over the newest archive manifest; None without one.

    :raises NotContainer: the manifest names a token that is not there.
    """
    root = _archive_manifest(files)
    if root is None:
        return None
    found = root.find(f"{{{xades.ASIC}}}SigReference")
    name = unquote(found.get("URI", "")) if found is not None else ""
    if name not in files:
        raise NotContainer("an archive manifest without its time-stamp")
    return name


def _archive_manifest(files: Mapping[str, bytes]) -> Any:
    if ARCHIVE_MANIFEST not in files:
        return None
    try:
        return etree.fromstring(files[ARCHIVE_MANIFEST], etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        raise NotContainer(str(error)) from error


def _values(files: Mapping[str, bytes], name: str) -> list[bytes]:
    return xades.signature_values(files[name]) if name.endswith(".xml") else cades.signature_values(files[name])


def _check(files: Mapping[str, bytes], manifest: str) -> None:
    """Nothing is archived under a manifest whose digests are not those of the files."""
    root = etree.fromstring(files[manifest], etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    for one in root.iterfind(f"{{{xades.ASIC}}}DataObjectReference"):
        content = _named(files, one.get("URI", ""))
        algorithm = one.find(f"{{{xades.DS}}}DigestMethod")
        made = hashlib.new(xades.HASHES.get(algorithm.get("Algorithm") if algorithm is not None else "", "sha256"), content).digest()
        if b64encode(made).decode() != (one.findtext(f"{{{xades.DS}}}DigestValue") or "").strip():
            raise NotContainer(f"{one.get('URI')} is not the file that was signed")


def _named(files: Mapping[str, bytes], uri: str) -> bytes:
    if unquote(uri) not in files:
        raise NotContainer(f"the file {uri[:80]} is missing")
    return files[unquote(uri)]


def _kind(name: str) -> str:
    kinds = {".p7s": _SIGNATURE_TYPE, ".tst": _STAMP_TYPE, ".xml": "text/xml"}
    return next((kind for ending, kind in kinds.items() if name.endswith(ending)), "application/octet-stream")


def _data_reference(name: str, kind: str, content: bytes, root: bool) -> str:
    digest = b64encode(hashlib.sha256(content).digest()).decode()
    return (
        f'<asic:DataObjectReference URI="{quote(name)}" MimeType={quoteattr(kind)}{" Rootfile=" + chr(34) + "true" + chr(34) if root else ""}>'
        f'<ds:DigestMethod Algorithm="{_SHA256}"/><ds:DigestValue>{digest}</ds:DigestValue></asic:DataObjectReference>'
    )


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """No more than the directory says: a packed bomb is cut off."""
    with archive.open(entry) as opened:
        content = opened.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise NotContainer("a file of another size than its entry says")
    return content
