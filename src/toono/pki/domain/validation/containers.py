"""ASiC containers (ETSI EN 319 162-1): ASiC-E with XAdES or CAdES, ASiC-S. A zip of a stranger is measured before it is unpacked."""

from __future__ import annotations

import fnmatch
import zipfile
import zlib
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import unquote

from toono.pki.contracts import SignedFileKind, SubIndication
from toono.pki.domain.validation import cms, limits, xades
from toono.pki.domain.validation.algorithms import digest
from toono.pki.domain.validation.cms import Source
from toono.pki.domain.validation.reading import Material, Reading, SignatureReading, StampReading, refused
from toono.pki.domain.validation.tlv import Malformed, TooLarge, Unread
from toono.pki.domain.validation.xmltree import DS, tree

_MANIFEST = "META-INF/manifest.xml"
ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
KINDS = {"application/vnd.etsi.asic-e+zip": SignedFileKind.ASIC_E, "application/vnd.etsi.asic-s+zip": SignedFileKind.ASIC_S}
PIECE_BYTES = 256 * 1024
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_ODF_ROOT = "{urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0}document-signatures"
_OTHERS = ("_xmlsignatures/*.xml", "package/services/digital-signature/*", "meta-inf/*.sf", "meta-inf/*signature*.xml")
"""Where Office Open XML, packages of its kind, JAR and others keep signatures that are not read here."""
_OF_THE_EXCHANGE = {"message.xml", "META-INF/signatures.xml"}
_CHAINS = {"sig-hashchainresult.xml", "sig-hashchain.xml", "ts-hashchainresult.xml", "ts-hashchain.xml"}


def read(stream: BinaryIO) -> Reading:
    """A container of a stranger."""
    try:
        with zipfile.ZipFile(stream) as container:
            return _read(_Files(container)) if _concerns(container.namelist()) else Reading()
    except (
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        KeyError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        return refused(SignedFileKind.UNKNOWN if isinstance(error, Unread) else SignedFileKind.ASIC_E, error)


def _concerns(names: list[str]) -> bool:
    """Whether there is anything in a zip for a signature to stand in; what else is unusual about it is then not ours to judge."""
    patterns = ("mimetype", "meta-inf/*", *_OTHERS)
    return any(fnmatch.fnmatchcase(name.lower(), pattern) for name in names for pattern in patterns)


class _Files:
    """The files of a container, measured.

    :raises Malformed: a name that leads elsewhere or stands twice, encryption, or more than the limits when unpacked.
    """

    def __init__(self, container: zipfile.ZipFile) -> None:
        self._container = container
        entries = container.infolist()
        if len(entries) > limits.CONTAINER_FILES:
            raise TooLarge("too many files")
        twice = [name for name, count in Counter(entry.filename.casefold() for entry in entries).items() if count > 1]
        if twice:
            raise Malformed(f"two files of one name: {twice[0][:80]}")
        for entry in entries:
            _measure(entry)
        if sum(entry.file_size for entry in entries) > limits.CONTAINER_BYTES:
            raise TooLarge("larger than the limit when unpacked")
        self._entries = {entry.filename: entry for entry in entries if not entry.is_dir()}

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        return list(self._entries)

    def matching(self, pattern: str) -> list[str]:
        return sorted(name for name in self._entries if fnmatch.fnmatchcase(name.lower(), pattern))

    def data(self) -> list[str]:
        """What the container is for: everything but the mimetype and META-INF."""
        return [name for name in self._entries if name != "mimetype" and not name.startswith("META-INF/")]

    def source(self, name: str) -> Source | None:
        entry = self._entries.get(name)
        return (lambda: self._pieces(entry)) if entry else None

    def content(self, name: str, most: int = limits.XML_BYTES) -> bytes:
        """:raises Malformed: larger than ``most``."""
        if self._entries[name].file_size > most:
            raise TooLarge(f"{name[:80]} is larger than the limit")
        return b"".join(self._pieces(self._entries[name]))

    def _pieces(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        left = entry.file_size
        with self._container.open(entry) as opened:
            while piece := opened.read(PIECE_BYTES):
                left -= len(piece)
                if left < 0:
                    raise Malformed("a file is larger than it says")
                yield piece


def _measure(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = name.rstrip("/").split("/")
    if len(name) > limits.NAME_CHARACTERS:
        raise TooLarge("the name of a file is longer than the limit")
    if not name or name.startswith("/") or "\\" in name or ":" in parts[0]:
        raise Malformed("the name of a file leads out of the container")
    if any(part in ("", ".", "..") for part in parts) or any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise Malformed("the name of a file leads out of the container")
    if entry.flag_bits & 0x1:
        raise Malformed("the container is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Malformed("a way of packing that ASiC does not have")
    if entry.file_size > 1024 * 1024 and entry.file_size > limits.CONTAINER_RATIO * max(entry.compress_size, 1):
        raise TooLarge("a file grows too much when unpacked")


def _read(files: _Files) -> Reading:
    kind = _kind(files)
    if kind in (SignedFileKind.EXCHANGE, SignedFileKind.UNKNOWN):
        return Reading(kind=kind)
    material = Material(limits.CERTIFICATES, limits.MATERIAL_BYTES)
    signatures: list[SignatureReading] = []
    for number, name in enumerate(files.matching("meta-inf/*signature*.xml"), start=1):
        signatures += xades.read_document(tree(files.content(name)), files.source, material, f"X{number}-")
    archives = _archive_manifests(files, material)
    for number, name in enumerate(files.matching("meta-inf/asicmanifest*.xml"), start=1):
        signatures += _by_manifest(files, name, archives, material, f"C{number}-")
    if "META-INF/signature.p7s" in files and not files.matching("meta-inf/asicmanifest*.xml"):
        signatures += _simple(files, material)
    if len(signatures) > limits.SIGNATURES:
        raise TooLarge("too many signatures")
    signed = {name for signature in signatures for name in signature.covered}
    described = [_MANIFEST] if kind is SignedFileKind.OPEN_DOCUMENT else []
    uncovered = tuple(name for name in [*files.data(), *described] if name not in signed) if signatures else ()
    return cms.finished(kind, signatures, material, uncovered=uncovered)


def _kind(files: _Files) -> SignedFileKind:
    named = files.content("mimetype", 200).decode("ascii", "replace").strip() if "mimetype" in files else ""
    present = set(files.names())
    if present >= _OF_THE_EXCHANGE and present & _CHAINS:
        return SignedFileKind.EXCHANGE
    if named in KINDS:
        return KINDS[named]
    asic = files.matching("meta-inf/*.p7s") or files.matching("meta-inf/asicmanifest*.xml") or _rooted(files, ASIC + "XAdESSignatures")
    if named and not asic:
        signed = bool(files.matching("meta-inf/*signature*.xml"))
        if named.startswith(_OPEN_DOCUMENT) and (not signed or _rooted(files, _ODF_ROOT)):
            return SignedFileKind.OPEN_DOCUMENT
        return _other(files)
    if any(name.startswith("META-INF/") for name in present) and not files.matching("meta-inf/manifest.mf"):
        return SignedFileKind.ASIC_S if "META-INF/signature.p7s" in present else SignedFileKind.ASIC_E
    return _other(files)


def _rooted(files: _Files, tag: str) -> bool:
    """Whether every file of signatures has this root, and there is one (EN 319 162-1 §4.4.3.1, ODF 1.2 part 3 §5.2)."""
    names = files.matching("meta-inf/*signature*.xml")
    return bool(names) and all(tree(files.content(name)).tag == tag for name in names)


def _other(files: _Files) -> SignedFileKind:
    """A zip that is no container of signatures.

    :raises Unread: it holds signatures all the same.
    """
    if any(files.matching(pattern) for pattern in _OTHERS):
        raise Unread("signatures of this kind of file are not read here")
    return SignedFileKind.UNKNOWN


def _by_manifest(
    files: _Files, name: str, archives: list[tuple[set[str], StampReading]], material: Material, prefix: str
) -> list[SignatureReading]:
    """The signature that a manifest names, over the manifest, which holds the digests of the files (§4.4.2)."""
    manifest = tree(files.content(name))
    target = unquote((manifest.find(ASIC + "SigReference").get("URI", "")) if manifest.find(ASIC + "SigReference") is not None else "")
    if target not in files:
        return [SignatureReading(id=prefix + "1", failure=SubIndication.SIGNED_DATA_NOT_FOUND, detail="the manifest names no signature")]
    covered, failure, detail, digests = _listed(files, manifest)
    signed = cms.parse(files.content(target, limits.MATERIAL_BYTES))
    cms.collect(signed, material)
    source = files.source(name)
    found = cms.read_signatures(signed, cms.digests_of(source) if source else None, material, prefix=prefix, covered=covered)
    stamps = tuple(stamp for over, stamp in archives if target in over)
    return [
        one.model_copy(
            update={
                "failure": one.failure or failure,
                "detail": one.detail or detail,
                "algorithms": (*one.algorithms, *digests),
                "stamps": (*one.stamps, *stamps),
                "material": material.any_status,
            }
        )
        for one in found
    ]


def _listed(files: _Files, manifest: Any) -> tuple[tuple[str, ...], SubIndication | None, str, tuple[str, ...]]:
    """The files that a manifest lists, the first thing that is wrong with them, and by which digests they are listed."""
    names: list[str] = []
    digests: dict[str, None] = {}
    for entry in manifest.findall(ASIC + "DataObjectReference"):
        name = unquote(entry.get("URI", ""))
        source = files.source(name)
        algorithm = xades.DIGESTS.get(entry.find(DS + "DigestMethod").get("Algorithm", ""))
        if source is None:
            return tuple(names), SubIndication.SIGNED_DATA_NOT_FOUND, f"{name[:80]} is not in the container", ()
        if algorithm is None:
            return tuple(names), SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "a digest that is not known", ()
        digests[algorithm] = None
        if digest(algorithm, source()) != b64decode(entry.findtext(DS + "DigestValue") or ""):
            return tuple(names), SubIndication.HASH_FAILURE, f"{name[:80]} is not what was signed", ()
        names.append(name)
    return tuple(names), None, "", tuple(digests)


def _archive_manifests(files: _Files, material: Material) -> list[tuple[set[str], StampReading]]:
    """Time-stamps over manifests that list signatures and their material (§4.4.4)."""
    found = []
    for name in files.matching("meta-inf/asicarchivemanifest*.xml"):
        manifest = tree(files.content(name))
        reference = manifest.find(ASIC + "SigReference")
        token = unquote(reference.get("URI", "")) if reference is not None else ""
        source = files.source(name)
        if token not in files or source is None:
            continue
        names, failure, detail, digests = _listed(files, manifest)
        stamp = cms.read_stamp(files.content(token, limits.MATERIAL_BYTES), "container", cms.digests_of(source), material)
        stamp = stamp.model_copy(update={"algorithms": (*stamp.algorithms, *digests)})
        if failure is not None:
            stamp = stamp.model_copy(update={"failure": failure, "detail": detail})
        found.append((set(names), stamp))
    return found


def _simple(files: _Files, material: Material) -> list[SignatureReading]:
    """ASiC-S: one file, one detached signature over it."""
    data = files.data()
    if len(data) != 1:
        raise Malformed("an ASiC-S holds one file")
    signed = cms.parse(files.content("META-INF/signature.p7s", limits.MATERIAL_BYTES))
    cms.collect(signed, material)
    source = files.source(data[0])
    return cms.read_signatures(signed, cms.digests_of(source) if source else None, material, prefix="C1-", covered=(data[0],))
