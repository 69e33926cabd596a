"""JAdES (ETSI TS 119 182-1 v1.2.1): JSON signatures in the flattened form (RFC 7515 §7.2.2), unsigned parts in ``etsiU``. Pure."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toono.kernel.jose import base64url, from_base64url, json_object
from toono.pki.domain.signatures.signatory import Material, Signatory, Stamper

_ALGORITHMS = {"sha256": "ES256", "sha384": "ES384", "sha512": "ES512"}


class NotJades(ValueError):
    """No JAdES signature in the flattened form."""


@dataclass(frozen=True)
class Prepared:
    """A signature that lacks only its value."""

    payload: str
    protected: str

    @property
    def to_be_signed(self) -> bytes:
        return f"{self.protected}.{self.payload}".encode()

    def completed(self, value: bytes) -> bytes:
        """The JSON; ``value`` is r and s (RFC 7518 §3.4)."""
        return _written({"payload": self.payload, "protected": self.protected, "signature": base64url(value)})


def prepare(content: bytes, who: Signatory, *, at: datetime, media_type: str) -> Prepared:
    """The content with the headers of the baseline (§6.3). The signing time is ``iat``, which v1.2.1 put in the place of ``sigT``."""
    header: dict[str, object] = {
        "alg": _ALGORITHMS[who.hash],
        "cty": media_type.removeprefix("application/") if media_type.count("/") == 1 else media_type,
        "iat": int(at.timestamp()),
        "x5t#S256": base64url(hashlib.sha256(who.encoded).digest()),
        "x5c": [b64encode(one).decode() for one in who.certificates],
    }
    return Prepared(base64url(content), base64url(_written(header)))


def time_stamped(document: bytes, stamp: Stamper) -> bytes:
    """B-T of a B-B: over the signature value as it is written (§5.3.4)."""
    held = read(document)
    token = stamp(hashlib.sha256(held["signature"].encode()).digest())
    return _with(held, {"sigTst": _container(token)})


def with_material(document: bytes, material: Material) -> bytes:
    """B-LT of a B-T: ``xVals`` and ``rVals`` (§5.3.5)."""
    held = read(document)
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
        return _with(held, {"tstVD": values})
    return _with(held, *({name: value} for name, value in values.items()))


def archive_time_stamped(document: bytes, stamp: Stamper) -> bytes:
    """B-LTA of a B-LT, and each renewal of it (§5.3.6)."""
    held = read(document)
    return _with(held, {"arcTst": _container(stamp(hashlib.sha256(archive_imprint(held)).digest()))})


def archive_imprint(held: dict[str, Any]) -> bytes:
    """Payload, header, signature and all unsigned components so far, as they are written (§5.3.6.3.1)."""
    return ".".join((held["payload"], held["protected"], held["signature"], "".join(_components(held)))).encode()


def read(document: bytes) -> dict[str, Any]:
    """:raises NotJades:"""
    try:
        held = json_object(document)
    except ValueError as error:
        raise NotJades(str(error)) from error
    if not all(isinstance(held.get(name), str) for name in ("payload", "protected", "signature")):
        raise NotJades("not the flattened form")
    return held


def header(held: dict[str, Any]) -> dict[str, Any]:
    """The protected header.

    :raises NotJades:
    """
    try:
        return json_object(from_base64url(held["protected"]))
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


def _with(held: dict[str, Any], *components: dict[str, object]) -> bytes:
    grown = [*_components(held), *(base64url(_written(component)) for component in components)]
    return _written({**held, "header": {**held.get("header", {}), "etsiU": grown}})


def _container(token: bytes) -> dict[str, object]:
    return {"tstTokens": [{"val": _text(token)}]}


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _written(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
