"""The interface of the Cloud Signature Consortium, version 2.0.0.2: its words, and its parameters read. Pure."""

from __future__ import annotations

import binascii
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from toono.kernel.jose import base64url
from toono.pki.contracts import SignatureForm, SignatureLevel
from toono.pki.domain.remote_signing import MOST_DIGESTS

ECDSA = {"1.2.840.10045.4.3.2": 32, "1.2.840.10045.4.3.3": 48, "1.2.840.10045.4.3.4": 64}
"""ecdsa-with-SHA256, -384, -512, and the length of the digest in bytes."""
HASH = {"2.16.840.1.101.3.4.2.1": 32, "2.16.840.1.101.3.4.2.2": 48, "2.16.840.1.101.3.4.2.3": 64}
_NAMES = {32: "sha256", 48: "sha384", 64: "sha512"}
DOCUMENT_ALGORITHM = "1.2.840.10045.4.3.2"
"""Of signatures that the platform puts around documents: the hash that goes with P-256."""
DOCUMENTS_BYTES = 10 * 1024 * 1024
"""All documents of one call together."""

Body = Mapping[str, Any]


class Refused(Exception):
    """A method's refusal, in the interface's own words."""

    def __init__(self, description: str, *, error: str = "invalid_request", status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


class Envelope(StrEnum):
    """``signed_envelope_property`` as far as it is offered."""

    ATTACHED = "Attached"
    DETACHED = "Detached"
    PARALLEL = "Parallel"
    ENVELOPED = "Enveloped"
    CERTIFICATION = "Certification"
    REVISION = "Revision"


FORMS = {"P": SignatureForm.PADES, "X": SignatureForm.XADES, "C": SignatureForm.CADES, "J": SignatureForm.JADES}
ENVELOPES: Mapping[str, tuple[Envelope, ...]] = {
    "P": (Envelope.CERTIFICATION, Envelope.REVISION),
    "X": (Envelope.ENVELOPED,),
    "C": (Envelope.ATTACHED, Envelope.DETACHED, Envelope.PARALLEL),
    "J": (Envelope.ATTACHED, Envelope.PARALLEL),
}
"""Of whole documents; the first is the specification's default."""
DIGEST_ENVELOPES: Mapping[str, tuple[Envelope, ...]] = {
    "P": (Envelope.REVISION, Envelope.CERTIFICATION), "C": (Envelope.DETACHED,), "X": (Envelope.DETACHED,), "J": (Envelope.DETACHED,),
}  # fmt: skip
"""Of digests of documents that the client keeps: a PDF's signature, which the client puts into its place, or a signature beside the file."""
LEVELS = {
    "AdES-B-B": SignatureLevel.B_B, "AdES-B-T": SignatureLevel.B_T, "AdES-B-LT": SignatureLevel.B_LT, "AdES-B-LTA": SignatureLevel.B_LTA,
}  # fmt: skip
_LEVELS = {name.lower(): level for name, level in LEVELS.items()}


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One signature to make: around a document, or over the digest of one that the client keeps."""

    format: str
    level: SignatureLevel
    envelope: Envelope
    content: bytes = b""
    """The document; empty where there is only its digest."""
    digest: bytes = b""

    @property
    def by_digest(self) -> bool:
        return bool(self.digest)

    @property
    def address(self) -> str:
        """A name for what the client keeps, since XML and JSON name what they sign and the interface does not: by its SHA-256 (RFC 6920 §3)."""
        return f"ni:///sha-256;{base64url(self.digest)}"

    @property
    def beside(self) -> bool:
        """Whether the answer is a ``SignatureObject``, which does not hold the document."""
        return self.by_digest or self.envelope is Envelope.DETACHED

    def authorised_by(self, hashes: Sequence[str]) -> str | None:
        """The one of the holder's hashes (base64) that is of this document."""
        if self.by_digest:
            own = b64encode(self.digest).decode()
            return own if own in hashes else None
        made = {b64encode(hashlib.new(name, self.content).digest()).decode() for name in {_NAMES[len(b64decode(one))] for one in hashes}}
        return next((one for one in hashes if one in made), None)

    def packed(self) -> dict[str, str]:
        """As JSON keeps it."""
        return {
            "format": self.format, "level": self.level.value, "envelope": self.envelope.value,
            "content": b64encode(self.content).decode(), "digest": b64encode(self.digest).decode(),
        }  # fmt: skip

    @staticmethod
    def unpacked(kept: Mapping[str, str]) -> Piece:
        return Piece(
            format=kept["format"], level=SignatureLevel(kept["level"]), envelope=Envelope(kept["envelope"]),
            content=b64decode(kept["content"]), digest=b64decode(kept["digest"]),
        )  # fmt: skip


def packed(pieces: Sequence[Piece]) -> bytes:
    return json.dumps([piece.packed() for piece in pieces], separators=(",", ":")).encode()


def unpacked(kept: bytes) -> list[Piece]:
    return [Piece.unpacked(one) for one in json.loads(kept)]


# -- reading parameters ----------------------------------------------------------------------------------------------------


def flag(body: Body, name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refused(f"Invalid parameter {name}")
    return value


def optional(body: Body, name: str, kind: type) -> None:
    if name in body and not isinstance(body[name], kind):
        raise Refused(f"Invalid parameter {name}")


def hashes(body: Body) -> list[str]:
    """``hashes``, or ``hash`` of version 1; all of one length, which the hash algorithm, where it is named, must have."""
    given = body.get("hashes", body.get("hash"))
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Refused("Missing (or invalid type) array parameter hash")
    if not given:
        raise Refused("Empty hash array")
    if len(given) > MOST_DIGESTS:
        raise Refused("Numbers of signatures is too high")
    try:
        lengths = {len(b64decode(one, validate=True)) for one in given}
    except (binascii.Error, ValueError):
        raise Refused("Invalid Base64 hash string parameter") from None
    algorithm = body.get("hashAlgorithmOID", body.get("hashAlgo"))
    if algorithm is not None and (not isinstance(algorithm, str) or algorithm not in HASH):
        raise Refused("Invalid parameter hashAlgorithmOID")
    if len(lengths) != 1 or not lengths <= set(HASH.values()) or (algorithm is not None and lengths != {HASH[algorithm]}):
        raise Refused("Invalid digest value length")
    return [b64encode(b64decode(one)).decode() for one in given]


def is_asynchronous(body: Body) -> bool:
    """``operationMode``: S, or A for an answer that is fetched by ``signatures/signPolling``. Nothing is pushed to an address."""
    mode = body.get("operationMode", "S")
    if mode not in ("S", "A"):
        raise Refused("Invalid parameter operationMode")
    if body.get("response_uri") is not None:
        raise Refused("Invalid parameter response_uri")
    validity = body.get("validity_period")
    if validity is not None and (mode == "S" or type(validity) is not int or validity < 1):
        raise Refused("Invalid parameter validity_period")
    return bool(mode == "A")


def pieces(body: Body) -> list[Piece]:
    """What ``signatures/signDoc`` is asked to sign."""
    documents, digests = body.get("documents"), body.get("documentDigests")
    if documents is None and digests is None:
        raise Refused("Missing (or invalid type) array parameter documents or documentDigests")
    found = [_document(one) for one in _objects(documents, "documents")]
    found += [piece for one in _objects(digests, "documentDigests") for piece in _digests(one)]
    if not found:
        raise Refused("Empty documents array")
    if len(found) > MOST_DIGESTS:
        raise Refused("Numbers of signatures is too high")
    if sum(len(piece.content) for piece in found) > DOCUMENTS_BYTES:
        raise Refused("Documents are too large", status=413)
    return found


def _objects(given: object, name: str) -> list[dict[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise Refused(f"Missing (or invalid type) array parameter {name}")
    return given


def _document(one: dict[str, Any]) -> Piece:
    given = one.get("document")
    if not isinstance(given, str) or not given:
        raise Refused("Missing (or invalid type) string parameter document")
    try:
        content = b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("Invalid Base64 document string parameter") from None
    return Piece(content=content, **_kind(one, ENVELOPES, tuple(SignatureLevel)))


def _digests(one: dict[str, Any]) -> list[Piece]:
    """A client that keeps its PDF or file gives it the material itself (``validationInfo``); an archive time-stamp needs the document."""
    found = hashes(one)
    if one.get("hashAlgorithmOID") is None:
        raise Refused("Missing (or invalid type) string parameter hashAlgorithmOID")
    if HASH[one["hashAlgorithmOID"]] != ECDSA[DOCUMENT_ALGORITHM]:
        raise Refused("Invalid parameter hashAlgorithmOID")
    kind = _kind(one, DIGEST_ENVELOPES, (SignatureLevel.B_B, SignatureLevel.B_T, SignatureLevel.B_LT))
    return [Piece(digest=b64decode(hash_), **kind) for hash_ in found]


def _kind(one: dict[str, Any], envelopes: Mapping[str, tuple[Envelope, ...]], levels: Sequence[SignatureLevel]) -> dict[str, Any]:
    format_ = one.get("signature_format")
    if not isinstance(format_, str):
        raise Refused("Missing (or invalid type) string parameter signature_format")
    if format_ not in envelopes:
        raise Refused("Invalid parameter signature_format")
    algorithm = one.get("signAlgo")
    if not isinstance(algorithm, str):
        raise Refused("Missing (or invalid type) string parameter signAlgo")
    if algorithm != DOCUMENT_ALGORITHM or one.get("signAlgoParams") is not None:
        raise Refused("Invalid parameter signAlgo")
    level = _LEVELS.get(str(one.get("conformance_level", "AdES-B-B")).lower())
    if level is None or level not in levels:
        raise Refused("Invalid parameter conformance_level")
    envelope = one.get("signed_envelope_property", envelopes[format_][0].value)
    if envelope not in [offered.value for offered in envelopes[format_]]:
        raise Refused("Invalid parameter signed_envelope_property")
    if one.get("signed_props") not in (None, []):
        raise Refused("Invalid parameter signed_props")
    return {"format": format_, "level": level, "envelope": Envelope(envelope)}
