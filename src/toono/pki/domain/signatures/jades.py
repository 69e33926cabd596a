"""JAdES (ETSI TS 119 182-1 v1.2.1): JSON signatures, unsigned parts in ``etsiU``. Pure.

One signature stands in the flattened form (RFC 7515 §7.2.2), several in the general one (§7.2.1). Functions that take ``value`` mean the signature
whose member ``signature`` it is; without it there must be but one.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toono.kernel.jose import base64url, from_base64url, json_object
from toono.pki.domain.signatures.signatory import Material, Signatory, Stamper

BY_URI_HASH = "http://uri.etsi.org/19182/ObjectIdByURIHash"
_HASHES = {"sha256": "S256", "sha384": "S384", "sha512": "S512"}
_ALGORITHMS = {"sha256": "ES256", "sha384": "ES384", "sha512": "ES512"}


class NotJades(ValueError):
    """No JAdES signature in a JSON form with its payload inside, or not the one that is meant."""


@dataclass(frozen=True)
class Prepared:
    """A signature that lacks only its value."""

    payload: str | None
    """None where what is signed is kept elsewhere."""
    protected: str
    beside: tuple[dict[str, Any], ...] = ()
    """The signatures that are there already."""

    @property
    def to_be_signed(self) -> bytes:
        return f"{self.protected}.{self.payload or ''}".encode()

    def completed(self, value: bytes) -> bytes:
        """The JSON; ``value`` is r and s (RFC 7518 §3.4)."""
        own = {"protected": self.protected, "signature": base64url(value)}
        if self.beside:
            return _whole(self.payload, {"signatures": [*self.beside, own]})
        return _whole(self.payload, own)


def prepare(content: bytes, who: Signatory, *, at: datetime, media_type: str) -> Prepared:
    """The content with the headers of the baseline (§6.3). The signing time is ``iat``, which v1.2.1 put in the place of ``sigT``."""
    return Prepared(base64url(content), _protected(who, at, _content_type(media_type)))


def prepare_over_digest(digest: bytes, who: Signatory, *, at: datetime, uri: str) -> Prepared:
    """Over something that is kept elsewhere and has this digest (of ``who.hash``), which is of its octets as they are (``b64`` false, §5.2.8.3.3).

    :param uri: how it is named.
    """
    named = {"mId": BY_URI_HASH, "pars": [uri], "hashM": _HASHES[who.hash], "hashV": [base64url(digest)]}
    return Prepared(None, _protected(who, at, {"sigD": named, "b64": False, "crit": ["b64", "sigD"]}))


def prepare_beside(document: bytes, who: Signatory, *, at: datetime) -> Prepared:
    """One more signature over the same payload; those that are there keep every character.

    :raises NotJades: nothing that another signature can stand beside.
    """
    payload, entries = _entries(document)
    headers = [_decoded(entry) for entry in entries]
    if any("sigD" in one or one.get("b64") is False for one in headers):
        raise NotJades("a signature over something outside, or over a payload in clear")
    return Prepared(payload, _protected(who, at, _content_type(str(headers[0].get("cty", "octet-stream")))), tuple(entries))


def _content_type(media_type: str) -> dict[str, object]:
    return {"cty": media_type.removeprefix("application/") if media_type.count("/") == 1 else media_type}


def _protected(who: Signatory, at: datetime, about: dict[str, object]) -> str:
    """``about``: headers that say what is signed."""
    header: dict[str, object] = {
        "alg": _ALGORITHMS[who.hash],
        **about,
        "iat": int(at.timestamp()),
        "x5t#S256": base64url(hashlib.sha256(who.encoded).digest()),
        "x5c": [b64encode(one).decode() for one in who.certificates],
    }
    return base64url(_written(header))


def time_stamped(document: bytes, stamp: Stamper, *, value: bytes | None = None) -> bytes:
    """B-T of a B-B: over the signature value as it is written (§5.3.4)."""
    held = read(document, value)
    token = stamp(hashlib.sha256(held["signature"].encode()).digest())
    return _with(document, held, {"sigTst": _container(token)})


def with_material(document: bytes, material: Material, *, value: bytes | None = None) -> bytes:
    """B-LT of a B-T: ``xVals`` and ``rVals`` (§5.3.5)."""
    held = read(document, value)
    known = material_in(held)
    certificates = [{"x509Cert": {"val": _text(one)}} for one in material.certificates if one not in known.certificates]
    revocations = {
        name: [{"val": _text(one)} for one in values if one not in old]
        for name, values, old in (("crlVals", material.lists, known.lists), ("ocspVals", material.answers, known.answers))
    }
    revocations = {name: values for name, values in revocations.items() if values}
    values: dict[str, object] = {**({"xVals": certificates} if certificates else {}), **({"rVals": revocations} if revocations else {})}
    if not values:
        return document
    if time_stamps_in(held)[1]:  # what proves an archive time-stamp stands in a component of its own (§5.3.6.4)
        return _with(document, held, {"tstVD": values})
    return _with(document, held, *({name: one} for name, one in values.items()))


def archive_time_stamped(document: bytes, stamp: Stamper, *, value: bytes | None = None) -> bytes:
    """B-LTA of a B-LT, and each renewal of it (§5.3.6)."""
    held = read(document, value)
    return _with(document, held, {"arcTst": _container(stamp(hashlib.sha256(archive_imprint(held)).digest()))})


def archive_imprint(held: dict[str, Any]) -> bytes:
    """Payload, header, signature and all unsigned components so far, as they are written (§5.3.6.3.1).

    :raises NotJades: what was signed is kept elsewhere.
    """
    if held["payload"] is None:
        raise NotJades("what was signed is not in the file")
    return ".".join((held["payload"], held["protected"], held["signature"], "".join(_components(held)))).encode()


def read(document: bytes, value: bytes | None = None) -> dict[str, Any]:
    """The signature in the flattened form, whichever form the document has.

    :raises NotJades:
    """
    payload, entries = _entries(document)
    meant = [entry for entry in entries if value is None or entry["signature"].encode() == value]
    if len(meant) != 1:
        raise NotJades("one signature is expected")
    return {"payload": payload, **meant[0]}


def signature_values(document: bytes) -> list[bytes]:
    """The member ``signature`` of each.

    :raises NotJades:
    """
    return [entry["signature"].encode() for entry in _entries(document)[1]]


def _entries(document: bytes) -> tuple[str | None, list[dict[str, Any]]]:
    """The payload, and every signature with its headers. Without a payload only signatures that name by its digest what is kept elsewhere."""
    try:
        held = json_object(document)
    except ValueError as error:
        raise NotJades(str(error)) from error
    payload = held.pop("payload", None)
    entries = held.get("signatures", [held])
    if not isinstance(payload, str | None) or not isinstance(entries, list) or not entries:
        raise NotJades("no payload inside, or no signature")
    for entry in entries:
        if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in ("protected", "signature")):
            raise NotJades("a signature without its parts")
    if payload is None and not all(_is_over_digest(_decoded(entry)) for entry in entries):
        raise NotJades("no payload inside")
    return payload, entries


def _is_over_digest(headers: dict[str, Any]) -> bool:
    named = headers.get("sigD")
    return isinstance(named, dict) and named.get("mId") == BY_URI_HASH


def header(held: dict[str, Any]) -> dict[str, Any]:
    """The protected header.

    :raises NotJades:
    """
    return _decoded(held)


def _decoded(entry: dict[str, Any]) -> dict[str, Any]:
    try:
        return json_object(from_base64url(entry["protected"]))
    except ValueError as error:
        raise NotJades(str(error)) from error


def unsigned(held: dict[str, Any]) -> list[dict[str, Any]]:
    """The components of ``etsiU``, in order."""
    try:
        return [json_object(from_base64url(one)) for one in _components(held)]
    except (ValueError, TypeError, AttributeError) as error:
        raise NotJades(str(error)) from error


def time_stamps_in(held: dict[str, Any]) -> tuple[list[bytes], list[bytes]]:
    """Tokens over the signature, and archive tokens; in order."""
    found: dict[str, list[bytes]] = {"sigTst": [], "arcTst": []}
    for component in unsigned(held):
        for name in found.keys() & component.keys():
            found[name] += [b64decode(one["val"]) for one in component[name]["tstTokens"]]
    return found["sigTst"], found["arcTst"]


def material_in(held: dict[str, Any]) -> Material:
    """What stands in ``etsiU``."""
    components = [component.get("tstVD", component) for component in unsigned(held)]
    certificates = [one["x509Cert"]["val"] for component in components for one in component.get("xVals", [])]

    def values(name: str) -> tuple[bytes, ...]:
        return tuple(b64decode(one["val"]) for component in components for one in component.get("rVals", {}).get(name, []))

    return Material(tuple(map(b64decode, certificates)), values("crlVals"), values("ocspVals"))


def _components(held: dict[str, Any]) -> list[str]:
    found = held.get("header", {}).get("etsiU", []) if isinstance(held.get("header", {}), dict) else None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise NotJades("components in clear, or none that can be read")
    return found


def _with(document: bytes, held: dict[str, Any], *components: dict[str, object]) -> bytes:
    """The document with more in ``etsiU`` of one of its signatures."""
    grown = [*_components(held), *(base64url(_written(component)) for component in components)]
    payload, entries = _entries(document)
    changed = [
        {**entry, "header": {**entry.get("header", {}), "etsiU": grown}} if entry["signature"] == held["signature"] else entry
        for entry in entries
    ]
    return _whole(payload, changed[0] if len(changed) == 1 else {"signatures": changed})


def _whole(payload: str | None, signatures: dict[str, Any]) -> bytes:
    """The JSON; what is kept elsewhere has no member ``payload`` (RFC 7515 appendix F)."""
    return _written(({"payload": payload} if payload is not None else {}) | signatures)


def _container(token: bytes) -> dict[str, object]:
    return {"tstTokens": [{"val": _text(token)}]}


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _written(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
