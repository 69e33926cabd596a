"""JSON Web Signatures (RFC 7515, RFC 7797) and JAdES (ETSI TS 119 182-1): compact, flattened and general, attached and detached."""

from __future__ import annotations

import binascii
import hashlib
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from toono.kernel.jose import from_base64url
from toono.pki.contracts import SignedFileKind, SubIndication
from toono.pki.domain.validation import cms, limits
from toono.pki.domain.validation.algorithms import Mechanism, digest, names, verifies
from toono.pki.domain.validation.cms import Source
from toono.pki.domain.validation.paths import parsed
from toono.pki.domain.validation.reading import Material, Reading, SignatureReading, StampReading, refused, unreadable
from toono.pki.domain.validation.tlv import Malformed, TooLarge, Unread

ALGORITHMS = {
    **{f"RS{bits}": Mechanism("rsa", f"sha{bits}") for bits in (256, 384, 512)},
    **{f"PS{bits}": Mechanism("pss", f"sha{bits}") for bits in (256, 384, 512)},
    "ES256": Mechanism("ecdsa", "sha256", raw=True),
    "ES384": Mechanism("ecdsa", "sha384", raw=True),
    "ES512": Mechanism("ecdsa", "sha512", raw=True),
    "EdDSA": Mechanism("ed25519", "sha512"),
    "Ed25519": Mechanism("ed25519", "sha512"),
    "Ed448": Mechanism("ed448", "sha512"),
    **{f"ML-DSA-{kind}": Mechanism("mldsa", "sha512") for kind in (44, 65, 87)},
}
UNDERSTOOD = frozenset({"b64", "sigD", "sigT", "iat", "x5t#o", "sigX5ts", "x5t#S256"})
"""What may stand in ``crit`` (RFC 7515 §4.1.11)."""
BY_URI = "http://uri.etsi.org/19182/ObjectIdByURI"
BY_URI_HASH = "http://uri.etsi.org/19182/ObjectIdByURIHash"
_TRACES = re.compile(rb"signature|\\u00[0-9a-fA-F]{2}")
"""Without either no member of a text that is no JSON could be called so."""
_DIGESTS = {"S256": "sha256", "S384": "sha384", "S512": "sha512"}
_DIGESTS |= {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def looks_like_jws(data: bytes) -> bool:
    """Whether a file begins as a JWS does: an object, or the base64url of one."""
    start = data[:200].lstrip()
    return start.startswith((b"{", b"eyJ"))


def read(data: bytes, detached: Source | None = None) -> Reading:
    """A JWS of a stranger."""
    material = Material(limits.CERTIFICATES, limits.MATERIAL_BYTES)
    try:
        payload, entries = _parts(data)
        if len(entries) > limits.SIGNATURES:
            raise TooLarge("too many signatures")
        found = [_signature(f"S{number}", payload, entry, detached, material) for number, entry in enumerate(entries, start=1)]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        if unreadable(error) is SubIndication.FORMAT_FAILURE and not _may_hold_signature(data):
            return Reading()
        return refused(SignedFileKind.JADES, error)
    return cms.finished(SignedFileKind.JADES, found, material)


def _parts(data: bytes) -> tuple[str | None, list[dict[str, Any]]]:
    """The payload as it stands, and each signature with its headers."""
    if len(data) > limits.JSON_BYTES:
        raise TooLarge("the JWS is larger than the limit")
    text = data.decode("utf-8").strip()
    if not text.startswith("{"):
        header, inside, signature = text.split(".")
        return inside or None, [{"protected": header, "signature": signature}]
    whole = _object(text)
    payload = whole.get("payload")
    entries = whole.get("signatures", [whole])
    if not _signs(whole) and not any(map(_signs, entries if isinstance(entries, list) else [])):
        return None, []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Malformed("not a JWS")
    if payload is not None and not isinstance(payload, str):
        raise Malformed("a payload that is no text")
    return payload, entries


def _signs(entry: Any) -> bool:
    """Whether an object has what a signature of a JWS has (RFC 7515 §7.2.1); any other JSON is no JWS."""
    return isinstance(entry, dict) and "signature" in entry and bool({"protected", "header"} & set(entry))


def _may_hold_signature(data: bytes) -> bool:
    """Whether what cannot be read could be a damaged JWS, and not only some text that begins with a brace."""
    return not data.lstrip().startswith(b"{") or _TRACES.search(data.replace(b"\0", b"")) is not None


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text, object_pairs_hook=_once)
    if not isinstance(found, dict):
        raise Malformed("not a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice is read differently by different readers (RFC 7515 §4)."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise Malformed("a name stands twice")
    return dict(pairs)


def _signature(
    identifier: str, payload: str | None, entry: dict[str, Any], detached: Source | None, material: Material
) -> SignatureReading:
    if "protected" not in entry:
        return SignatureReading(id=identifier, failure=SubIndication.GENERIC, unread=True, detail="a JWS without a protected header")
    protected = str(entry["protected"])
    header = _object(_decoded(protected).decode("utf-8"))
    listed = header.get("x5c") or (entry.get("header") or {}).get("x5c") or []
    chain = [b64decode(text) for text in listed[: limits.CERTIFICATES]]
    for der in chain:
        material.add_certificate(der)
    signature = _decoded(str(entry["signature"]))
    stamps = tuple(_unsigned(entry, str(entry["signature"]), payload, protected, material))
    unread = False
    try:
        failure, detail, algorithms = _check(header, protected, payload, signature, chain, detached)
    except Unread as error:
        failure, detail, algorithms, unread = SubIndication.GENERIC, str(error), (), True
    named = _names(header, chain[0]) if chain else None
    if failure is None and named is False:
        failure, detail = SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "the signature names another certificate"
    return SignatureReading(
        id=identifier,
        failure=failure,
        unread=unread,
        detail=detail,
        certificate=chain[0] if chain else None,
        bound=failure is None and (bool(named) or bool(header.get("x5c"))),
        claimed_time=_claimed(header),
        algorithm=str(header.get("alg", ""))[:40],
        algorithms=algorithms,
        covered=tuple(str(name)[:240] for name in (header.get("sigD") or {}).get("pars", [])[: limits.CONTAINER_FILES]),
        stamps=stamps,
        material=material.any_status,
    )


def _check(
    header: dict[str, Any], protected: str, payload: str | None, signature: bytes, chain: list[bytes], detached: Source | None
) -> tuple[SubIndication | None, str, tuple[str, ...]]:
    """What is wrong, in words, and on which algorithms it rests.

    :raises Unread: what was signed is named in a way that is not followed here.
    """
    unknown = [str(name) for name in header.get("crit", []) if name not in UNDERSTOOD]
    mechanism = ALGORITHMS.get(str(header.get("alg")))
    if unknown:
        return SubIndication.FORMAT_FAILURE, f"a critical header that is not known: {unknown[0][:60]}", ()
    if mechanism is None:
        return SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "an algorithm that is not known", ()
    certificate = parsed(chain[0]) if chain else None
    if certificate is None:
        return SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "the signer's certificate is not in the file", ()
    content, failure, detail = _content(header, payload, detached)
    if failure is not None or content is None:
        return failure or SubIndication.SIGNED_DATA_NOT_FOUND, detail or "what was signed is not in the file", ()
    key = certificate.public_key()
    named = _DIGESTS.get(str((header.get("sigD") or {}).get("hashM")))
    algorithms = names(key, *mechanism.digests, *([named] if named else []))
    data = protected.encode("ascii") + b"." + content
    if not verifies(key, mechanism, signature, data=data):
        return SubIndication.SIG_CRYPTO_FAILURE, "the signature does not verify, or what was signed is not what is here", algorithms
    return None, "", algorithms


def _content(header: dict[str, Any], payload: str | None, detached: Source | None) -> tuple[bytes | None, SubIndication | None, str]:
    """What stands behind the dot of the signing input (RFC 7515 §5.1, RFC 7797 §3, TS 119 182-1 §5.2.8)."""
    as_is = header.get("b64") is False
    if as_is and "b64" not in header.get("crit", []):
        return None, SubIndication.FORMAT_FAILURE, "b64 must be critical"
    reference = header.get("sigD")
    if isinstance(reference, dict):
        if payload:
            return None, SubIndication.FORMAT_FAILURE, "signed data both inside and outside"
        return _referenced(reference, as_is, detached)
    if payload is not None:
        return payload.encode(), None, ""
    if detached is None:
        return None, SubIndication.SIGNED_DATA_NOT_FOUND, "what was signed is not in the file"
    return _encoded(detached, as_is), None, ""


def _referenced(reference: dict[str, Any], as_is: bool, detached: Source | None) -> tuple[bytes | None, SubIndication | None, str]:
    kind, names = reference.get("mId"), reference.get("pars")
    if not isinstance(kind, str) or not isinstance(names, list) or not names:
        return None, SubIndication.FORMAT_FAILURE, "sigD without its members"
    if kind not in (BY_URI, BY_URI_HASH) or len(names) != 1:
        raise Unread(f"a way of naming the signed data that is not done here: {kind[:80]}, {len(names)}")
    if detached is None:
        return None, SubIndication.SIGNED_DATA_NOT_FOUND, "what was signed is not in the file"
    if kind == BY_URI:
        return _encoded(detached, as_is), None, ""
    name = _DIGESTS.get(str(reference.get("hashM")))
    if name is None:
        return None, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "a digest that is not known"
    # The digest is of the file, or of its base64url (§5.2.8.3.3 speaks of the latter; writers of both kinds are met).
    wanted = _decoded(str(reference["hashV"][0]))
    if wanted not in (digest(name, detached()), digest(name, [_encoded(detached, False)])):
        return None, SubIndication.HASH_FAILURE, "what was signed is not what is here"
    return b"", None, ""


def _encoded(source: Source, as_is: bool) -> bytes:
    content = b"".join(bytes(piece) for piece in source())
    if len(content) > limits.JSON_BYTES:
        raise TooLarge("what was signed is larger than the limit")
    return content if as_is else binascii.b2a_base64(content, newline=False).translate(bytes.maketrans(b"+/", b"-_")).rstrip(b"=")


def _decoded(text: str) -> bytes:
    try:
        return from_base64url(text)
    except ValueError as error:
        raise Malformed(f"base64url: {error}") from None


def _names(header: dict[str, Any], certificate: bytes) -> bool | None:
    """Whether a header names the certificate by its digest; None when none does."""
    entries = [("sha256", header["x5t#S256"])] if "x5t#S256" in header else []
    others = [header["x5t#o"]] if isinstance(header.get("x5t#o"), dict) else header.get("sigX5ts", header.get("x5ts", []))[:1]
    entries += [(_DIGESTS.get(str(other.get("digAlg")), ""), other.get("digVal")) for other in others]
    if not entries:
        return None
    return all(name and hashlib.new(name, certificate).digest() == _decoded(str(value)) for name, value in entries)


def _claimed(header: dict[str, Any]) -> datetime | None:
    if isinstance(header.get("iat"), int) and 0 < header["iat"] < 4_102_444_800:
        return datetime.fromtimestamp(header["iat"], UTC)
    try:
        moment = datetime.fromisoformat(str(header.get("sigT", "")))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _unsigned(entry: dict[str, Any], signature: str, payload: str | None, protected: str, material: Material) -> Iterator[StampReading]:
    """Time-stamps and material in ``etsiU`` (§5.3)."""
    entries = (entry.get("header") or {}).get("etsiU", [])
    before: list[str] = []
    for raw in entries[: limits.ATTRIBUTES]:
        part = _object(_decoded(raw).decode("utf-8")) if isinstance(raw, str) else raw
        for name, value in part.items():
            if name == "xVals":
                for one in value:
                    material.add_certificate(b64decode(one.get("x509Cert", {}).get("val", "")))
            elif name == "rVals":
                for one in value.get("crlVals", []):
                    material.add_list(b64decode(one["val"]))
                for one in value.get("ocspVals", []):
                    material.add_answer(cms.answer(b64decode(one["val"])))
            elif name == "sigTst":
                yield from _tokens(value, "signature", signature.encode(), material)
            elif name == "arcTst":
                joined = ".".join((payload or "", protected, signature)) + "." + "".join(before)
                yield from _tokens(value, "archive", joined.encode(), material)
        if isinstance(raw, str):
            before.append(raw)


def _tokens(value: dict[str, Any], kind: str, over: bytes, material: Material) -> Iterator[StampReading]:
    for token in value.get("tstTokens", [])[:4]:
        yield cms.read_stamp(b64decode(token["val"]), kind, cms.digests_of(lambda: [over]), material)
