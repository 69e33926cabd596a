"""ASiC-E containers of one message, in X-Road's form.

Source: X-Road ``AsicContainer.java``, ``AsicHelper.java``, ``AsicManifestBuilder.java``, ``OpenDocumentManifestBuilder.java``; ETSI EN 319 162-1.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha512
from typing import Final, NamedTuple
from urllib.parse import quote_plus

from toono.exchange import limits
from toono.exchange.domain.evidence import zips
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.hashchain import SHA512_URI
from toono.exchange.domain.evidence.message import Direction
from toono.exchange.domain.evidence.zips import Entry

MEDIA_TYPE: Final = "application/vnd.etsi.asic-e+zip"
MIMETYPE, MESSAGE, SIGNATURES, ATTACHMENT = "mimetype", "message.xml", "META-INF/signatures.xml", "attachment"
SIGNED_RESULT, SIGNED_CHAIN = "sig-hashchainresult.xml", "sig-hashchain.xml"
STAMPED_RESULT, STAMPED_CHAIN = "ts-hashchainresult.xml", "ts-hashchain.xml"
MANIFEST, ASIC_MANIFEST, TOKEN = "META-INF/manifest.xml", "META-INF/ASiCManifest.xml", "META-INF/timestamp.tst"

_NAME_CHARACTERS: Final = 226
_BASE32: Final = "0123456789abcdefghijklmnopqrstuv"
_NUMBER_MASK: Final = (1 << 64) - 1


class StampParts(NamedTuple):
    """A time-stamp over many signatures, and the place of this one."""

    token: bytes
    """DER of the TimeStampToken."""
    result: bytes
    """``ts-hashchainresult.xml``"""
    chain: bytes
    """``ts-hashchain.xml``"""


class Parts(NamedTuple):
    """What a container holds."""

    message: bytes
    """The head in X-Road's byte form."""
    body: bytes | None
    signatures: bytes
    """``META-INF/signatures.xml``"""
    chain: tuple[bytes, bytes] | None = None
    """``sig-hashchainresult.xml`` and ``sig-hashchain.xml``; None where the signature refers to the message directly."""
    stamp: StampParts | None = None
    """None as long as there is none; such a container proves less."""


def write(parts: Parts, at: datetime) -> bytes:
    """The container; the same bytes for the same parts.

    :param at: moment of the message.
    """
    files = [(MESSAGE, parts.message), (SIGNATURES, parts.signatures)]
    if parts.chain is not None:
        files += [(SIGNED_RESULT, parts.chain[0]), (SIGNED_CHAIN, parts.chain[1])]
    if parts.stamp is not None:
        files += [(STAMPED_RESULT, parts.stamp.result), (STAMPED_CHAIN, parts.stamp.chain)]
    attachments = [] if parts.body is None else [(f"{ATTACHMENT}1", parts.body)]
    files.append((MANIFEST, _manifest([name for name, _ in files], [name for name, _ in attachments])))
    if parts.stamp is not None:
        files += [(ASIC_MANIFEST, _asic_manifest(parts.stamp.result)), (TOKEN, parts.stamp.token)]
    entries = [Entry(MIMETYPE, MEDIA_TYPE.encode(), packed=False), *(Entry(name, content) for name, content in files + attachments)]
    return zips.write(entries, at=at, comment=f"mimetype={MEDIA_TYPE}".encode())


def file_name(message_id: str, direction: Direction | str, number: int) -> str:
    """``{message id}-{request|response}-{number}.asice``, safe in any folder.

    :param number: any that tells the messages of one id apart; its lowest 64 bits are used.
    """
    digits, rest = "", number & _NUMBER_MASK
    while rest or not digits:
        digits, rest = _BASE32[rest % 32] + digits, rest // 32
    name = quote_plus(message_id, safe="*").replace("~", "%7E")  # as Java's URLEncoder
    return f"{name[:_NAME_CHARACTERS]}-{direction}-{digits}.asice"


def read(content: bytes) -> dict[str, bytes]:
    """Content of the entries by name.

    :raises Refused: ``malformed_container``, or X-Road's codes where a part is missing.
    """
    entries = zips.read(content, most_bytes=limits.CONTAINER_BYTES, most_entries=limits.CONTAINER_ENTRIES, code="malformed_container")
    if not entries.get(MIMETYPE):
        raise Refused("asic_mime_type_not_found", "The container does not say what it is.")
    if entries[MIMETYPE].decode(errors="replace").strip().lower() != MEDIA_TYPE:
        raise Refused("asic_invalid_mime_type", f"The container is not of type {MEDIA_TYPE}.")
    for name, code in ((MESSAGE, "asic_message_not_found"), (SIGNATURES, "asic_signature_not_found")):
        if not entries.get(name, b"").strip():
            raise Refused(code, f"The container has no {name}.")
    _check_pair(entries, SIGNED_RESULT, SIGNED_CHAIN)
    _check_pair(entries, STAMPED_RESULT, STAMPED_CHAIN)
    return entries


def attachments(entries: Mapping[str, bytes]) -> list[str]:
    """Names of the attachments, in their order."""
    return sorted((name for name in entries if name.startswith(ATTACHMENT)), key=lambda name: (len(name), name))


def _check_pair(entries: Mapping[str, bytes], result: str, chain: str) -> None:
    if (result in entries) != (chain in entries):
        missing = "asic_hash_chain_result_not_found" if chain in entries else "asic_hash_chain_not_found"
        raise Refused(missing, f"The container has only one of {result} and {chain}.")


def _manifest(files: list[str], attached: list[str]) -> bytes:
    """Of all files outside META-INF."""
    types = [(name, "text/xml") for name in files if not name.startswith("META-INF/")] + [
        (name, "application/octet-stream") for name in attached
    ]
    lines = [f'<manifest:file-entry manifest:media-type="{kind}" manifest:full-path="{name}" />\n' for name, kind in types]
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">\n'
        f"{''.join(lines)}</manifest:manifest>\n"
    ).encode()


def _asic_manifest(result: bytes) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/2918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
        f'<asic:SigReference URI="{TOKEN}" MimeType="vnd.etsi.timestamp-token"/>\n'
        f'<asic:DataObjectReference URI="{STAMPED_RESULT}" MimeType="text/xml">\n'
        f'<ds:DigestMethod Algorithm="{SHA512_URI}" />\n'
        f"<ds:DigestValue>{b64encode(sha512(result).digest()).decode()}</ds:DigestValue>\n"
        "</asic:DataObjectReference>\n</asic:ASiCManifest>"
    ).encode()
