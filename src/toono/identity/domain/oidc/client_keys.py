"""What a client signed: RFC 7515, with the cautions of RFC 8725. Keys are those that the client registered, by value or at its ``jwks_uri``.

Nothing in a header chooses a key from elsewhere: ``jku``, ``jwk``, ``x5u`` and ``x5c`` are refused, ``kid`` is compared with registered ones only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from toono.identity.domain.oidc.storage import Client, Keys, nothing_published
from toono.kernel.jose import der_signature, from_base64url, json_object

ALGORITHMS = ("ES256", "PS256", "Ed25519", "EdDSA")
"""FAPI 2.0 §5.4.1; the same for everybody. EdDSA is Ed25519 by its older name (RFC 9864 §4.1.2)."""
KINDS = {"ES256": "EC", "PS256": "RSA", "Ed25519": "OKP", "EdDSA": "OKP"}
ELSEWHERE = frozenset({"crit", "b64", "jku", "x5u", "x5c"})
"""Members of a header that would change how it is read, or where its key lies. Any other that we do not know is ignored (RFC 7515 §4)."""
_MEMBERS = ("kty", "crv", "x", "y", "n", "e")
LONGEST = 16384
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | Ed25519PublicKey


class NotSigned(Exception):
    """The text is not what the client's keys have signed."""


class Parts(NamedTuple):
    """A compact JWS taken apart (RFC 7515 §5.2, steps 1 to 7)."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signature: bytes
    signed: bytes
    """The signing input."""


def read(client: Client, text: str, *, typ: tuple[str, ...], published: Callable[[str, bool], Keys] = nothing_published) -> dict[str, Any]:
    """The claims of a compact JWS that the client signed.

    :param typ: values of ``typ`` that are taken, in small letters and without ``application/``; a header that has none says ``jwt``.
    :param published: reads the client's ``jwks_uri`` (:attr:`.Provider.published_keys`).
    :raises NotSigned: for every other text, with the reason for an engineer.
    """
    header = parts(text).header
    if (ELSEWHERE | {"jwk"}) & header.keys() or header.get("alg") not in ALGORITHMS:
        raise NotSigned(f"the header must have alg ({', '.join(ALGORITHMS)}) and no key of its own or elsewhere")
    if str(header.get("typ", "JWT")).lower().removeprefix("application/") not in typ:
        raise NotSigned(f"typ must be {' or '.join(typ)}")
    return verified(text, _candidates(client, header, published))


@lru_cache(maxsize=128)
def parts(text: str) -> Parts:
    """What stands in it, of which nothing has been believed. For reading only: who asks twice for one text (who signed it, then whether) gets the same.

    :raises NotSigned: no compact JWS of JSON objects.
    """
    found = text.split(".")
    if len(text) > LONGEST or len(found) != 3 or not text.isascii():
        raise NotSigned("no compact JWS")
    try:
        signature = from_base64url(found[2])
        return Parts(_header(found[0]), _part(found[1]), signature, text[: text.rindex(".")].encode())
    except ValueError as error:
        raise NotSigned(str(error)) from None


@lru_cache(maxsize=512)
def _header(text: str) -> dict[str, Any]:
    """The same in one assertion of a client after another; for reading only."""
    return _part(text)


def _part(text: str) -> dict[str, Any]:
    raw = from_base64url(text)
    found = json_object(raw)
    if b"\\u" in raw:
        as_json(found).encode()  # a lone surrogate, which only an escape can say, is no text and could not be kept
    return found


def verified(text: str, keys: Sequence[PublicKey]) -> dict[str, Any]:
    """The claims, if one of ``keys`` signed them by the algorithm that the header names.

    :raises NotSigned:
    """
    found = parts(text)
    check = _CHECKS.get(str(found.header.get("alg")), _none)
    for key in keys:
        try:
            check(key, found.signature, found.signed)
        except (InvalidSignature, ValueError, _OtherKind):
            continue
        return found.claims
    raise NotSigned("no key of the client's has signed this")


class _OtherKind(Exception):
    """The key is of another kind than the algorithm, which must not happen by its type alone (RFC 8725 §3.1)."""


def _es256(key: PublicKey, signature: bytes, signed: bytes) -> None:
    """RFC 7518 §3.4."""
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise _OtherKind
    key.verify(der_signature(signature), signed, _ECDSA)


def _ps256(key: PublicKey, signature: bytes, signed: bytes) -> None:
    """RFC 7518 §3.5: the salt is as long as the hash."""
    if not isinstance(key, rsa.RSAPublicKey):
        raise _OtherKind
    key.verify(signature, signed, padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256())


def _ed25519(key: PublicKey, signature: bytes, signed: bytes) -> None:
    """RFC 9864 §2.2, and RFC 8037 §3.1 with this curve."""
    if not isinstance(key, Ed25519PublicKey):
        raise _OtherKind
    key.verify(signature, signed)


def _none(key: PublicKey, signature: bytes, signed: bytes) -> None:
    raise _OtherKind


_ECDSA = ec.ECDSA(SHA256())
_CHECKS: Mapping[str, Callable[[PublicKey, bytes, bytes], None]] = {
    "ES256": _es256,
    "PS256": _ps256,
    "Ed25519": _ed25519,
    "EdDSA": _ed25519,
}


def _candidates(client: Client, header: Mapping[str, Any], published: Callable[[str, bool], Keys]) -> list[PublicKey]:
    """Of the registered keys those that the header can mean; a published set that has none is read once more (Core §10.1.1: rollover)."""
    if not client.jwks_uri:
        return _fitting(client.jwks, header)
    return _fitting(published(client.jwks_uri, False), header) or _fitting(published(client.jwks_uri, True), header)


def _fitting(keys: Keys, header: Mapping[str, Any]) -> list[PublicKey]:
    kid, kind = header.get("kid"), KINDS[header["alg"]]
    found = [key for key in keys if key.get("kty") == kind and key.get("use", "sig") == "sig" and kid in (None, key.get("kid"))]
    return [_imported(*map(key.get, _MEMBERS)) for key in found[:5]]


@lru_cache(maxsize=4096)
def _imported(*members: str | None) -> PublicKey:
    """:param members: the values of :data:`_MEMBERS`."""
    [found] = KeySet.import_key_set(
        {"keys": [{name: value for name, value in zip(_MEMBERS, members, strict=True) if value is not None}]}
    ).keys
    return public_key(cast(ECKey | RSAKey | OKPKey, found))  # registration takes no other


def public_key(jwk: ECKey | RSAKey | OKPKey) -> PublicKey:
    """The key itself."""
    return cast(PublicKey, jwk.public_key)


def as_json(value: Any) -> str:
    """A claim that is JSON itself, as the parameter of the same name would hold it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
