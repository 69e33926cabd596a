"""Signed requests of ACME (RFC 8555 §6.2): a flattened JWS (RFC 7515 §7.2.2) with a closed header. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from toono.kernel.jose import base64url, der_signature, from_base64url, json_object
from toono.pki.domain.algorithms import check_applied
from toono.pki.errors import AcmeRefused, AlgorithmNotSupported, WeakKey

ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "RS256")
"""RFC 8555 §6.2 wants ES256 and EdDSA of accounts; every kind of key that a server's certificate may hold can revoke it (§7.6)."""
MOST_RSA_BITS = 4096
"""A longer key makes every check of its signatures slow."""
_MEMBERS = {"protected", "payload", "signature"}

Jwk = dict[str, str]
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


@dataclass(frozen=True)
class _Curve:
    """How a curve signs (RFC 7518 §3.4) and how long its coordinates are (§6.2.1)."""

    algorithm: str
    curve: ec.EllipticCurve
    hash: hashes.HashAlgorithm
    size_bytes: int


_CURVES = {
    "P-256": _Curve("ES256", ec.SECP256R1(), hashes.SHA256(), 32),
    "P-384": _Curve("ES384", ec.SECP384R1(), hashes.SHA384(), 48),
    "P-521": _Curve("ES512", ec.SECP521R1(), hashes.SHA512(), 66),
}
_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
"""Members of a thumbprint: RFC 7638 §3.2, RFC 8037 §2."""


@dataclass(frozen=True)
class Signed:
    """A request whose form is right; its signature has not been checked yet."""

    algorithm: str
    url: str
    payload: bytes
    """Empty: the client only reads (POST-as-GET, §6.3)."""
    signed: bytes
    signature: bytes
    jwk: Jwk | None = None
    """Exactly one of ``jwk`` and ``kid`` stands in the header."""
    kid: str | None = None
    nonce: str | None = None

    def verify(self, jwk: Jwk) -> None:
        """:raises AcmeRefused: ``jwk`` did not sign this."""
        key = public_key(jwk)
        try:
            if isinstance(key, ec.EllipticCurvePublicKey) and self.algorithm == (curve := _CURVES[jwk["crv"]]).algorithm:
                return key.verify(der_signature(self.signature, curve.size_bytes), self.signed, ec.ECDSA(curve.hash))
            if self.algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PublicKey):
                return key.verify(self.signature, self.signed)
            if self.algorithm == "RS256" and isinstance(key, rsa.RSAPublicKey):
                return key.verify(self.signature, self.signed, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            pass
        raise AcmeRefused("malformed", "The signature of the request does not verify.")

    def verify_mac(self, secret: bytes) -> None:
        """:raises AcmeRefused: it was not made with ``secret``."""
        if not hmac.compare_digest(hmac.digest(secret, self.signed, "sha256"), self.signature):
            raise AcmeRefused("unauthorized", "The external account binding does not verify.")

    def fields(self) -> dict[str, Any]:
        """The payload as an object.

        :raises AcmeRefused:
        """
        try:
            return json_object(self.payload)
        except ValueError as error:
            raise AcmeRefused("malformed", f"The payload is no JSON object: {error}.") from None


def parse(body: bytes) -> Signed:
    """A request as it came: with a nonce, signed by an account (``kid``) or by a key (``jwk``).

    :raises AcmeRefused:
    """
    signed = _parsed(body, ALGORITHMS)
    if signed.nonce is None or (signed.jwk is None) == (signed.kid is None):
        raise AcmeRefused("malformed", "The protected header must hold a nonce, and either jwk or kid.")
    return signed


def parse_binding(value: object, *, jwk: Jwk, url: str) -> Signed:
    """The external account binding in a request for an account (§7.3.4); its code (MAC) is not checked yet.

    :raises AcmeRefused:
    """
    signed = _parsed(_inner(value), ("HS256",))
    if signed.kid is None or signed.jwk is not None or signed.nonce is not None or signed.url != url:
        raise AcmeRefused("malformed", "The binding's header must hold alg, kid and the same url as the request.")
    if thumbprint(checked_jwk(signed.fields())) != thumbprint(jwk):
        raise AcmeRefused("malformed", "The binding is about another key than the request's.")
    return signed


def parse_key_change(payload: bytes, *, url: str) -> Signed:
    """The inner request of a change of keys (§7.3.5), already verified by the new key.

    :raises AcmeRefused:
    """
    signed = _parsed(payload, ALGORITHMS)
    if signed.jwk is None or signed.kid is not None or signed.nonce is not None or signed.url != url:
        raise AcmeRefused("malformed", "The inner header must hold alg, jwk and the same url as the outer one.")
    signed.verify(signed.jwk)
    return signed


def thumbprint(jwk: Jwk) -> str:
    """RFC 7638 with SHA-256, base64url."""
    return base64url(hashlib.sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()).digest())


def checked_jwk(value: Mapping[str, Any]) -> Jwk:
    """The members of a public key that count; what is said besides (alg, use, kid) is dropped.

    :raises AcmeRefused: no public key of a kind and strength that is taken.
    """
    members = _REQUIRED.get(str(value.get("kty")), ())
    if not members or "d" in value or not all(isinstance(value.get(name), str) for name in members):
        raise AcmeRefused("badPublicKey", "The key must be a public one on P-256, P-384, P-521 or Ed25519, or RSA.")
    jwk = {name: str(value[name]) for name in members}
    key = public_key(jwk)
    try:
        if not isinstance(key, ed25519.Ed25519PublicKey):  # of one strength
            check_applied(key)
    except (WeakKey, AlgorithmNotSupported) as error:
        raise AcmeRefused("badPublicKey", str(error)) from None
    return jwk


def public_key(jwk: Jwk) -> PublicKey:
    """:raises AcmeRefused: not a point of the curve, not canonical, too long."""
    try:
        if jwk["kty"] == "EC":
            return _point(jwk)
        if jwk["kty"] == "OKP":
            if jwk["crv"] != "Ed25519":
                raise ValueError("not on Ed25519")
            return ed25519.Ed25519PublicKey.from_public_bytes(from_base64url(jwk["x"]))
        modulus, exponent = from_base64url(jwk["n"]), from_base64url(jwk["e"])
        if len(modulus) * 8 > MOST_RSA_BITS or len(exponent) > 32 or modulus[:1] == b"\x00":
            raise ValueError("too long")
        return rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")).public_key()
    except ValueError as error:
        raise AcmeRefused("badPublicKey", f"The key cannot be used: {error}.") from None


def _point(jwk: Jwk) -> ec.EllipticCurvePublicKey:
    """:raises ValueError:"""
    curve, x, y = _CURVES.get(jwk["crv"]), from_base64url(jwk["x"]), from_base64url(jwk["y"])
    if curve is None or not len(x) == len(y) == curve.size_bytes:
        raise ValueError("not on " + ", ".join(_CURVES))
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve.curve).public_key()


def _inner(value: object) -> bytes:
    if not isinstance(value, dict):
        raise AcmeRefused("malformed", "An inner request must be an object.")
    return json.dumps(value).encode()


def _parsed(body: bytes, algorithms: Sequence[str]) -> Signed:
    try:
        outer = json_object(body)
        if outer.keys() != _MEMBERS or not all(isinstance(part, str) for part in outer.values()):
            raise ValueError("exactly protected, payload and signature are wanted")
        header = json_object(from_base64url(outer["protected"]))
        payload, signature = from_base64url(outer["payload"]), from_base64url(outer["signature"])
    except ValueError as error:
        raise AcmeRefused("malformed", f"The request is no flattened JWS: {error}.") from None
    _check_header(header, algorithms)
    return _with_header(header, payload, f"{outer['protected']}.{outer['payload']}".encode(), signature)


def _check_header(header: dict[str, Any], algorithms: Sequence[str]) -> None:
    """The algorithm before the key: who uses another learns which there are (§6.2), not that the key is strange."""
    if unknown := header.keys() - {"alg", "nonce", "url", "jwk", "kid"}:
        raise AcmeRefused("malformed", "Unknown in the protected header: " + ", ".join(sorted(unknown))[:100] + ".")
    texts = {name: header.get(name) for name in ("alg", "nonce", "url", "kid")}
    if not all(text is None or isinstance(text, str) for text in texts.values()) or not texts["alg"] or not texts["url"]:
        raise AcmeRefused("malformed", "The protected header must hold alg and url, as text.")
    if texts["alg"] not in algorithms:
        raise AcmeRefused("badSignatureAlgorithm", "The signature must be one of " + ", ".join(algorithms) + ".", algorithms=algorithms)
    if not isinstance(header.get("jwk", {}), dict):
        raise AcmeRefused("malformed", "jwk must be an object.")


def _with_header(header: dict[str, Any], payload: bytes, signed: bytes, signature: bytes) -> Signed:
    jwk = header.get("jwk")
    return Signed(
        algorithm=header["alg"],
        url=header["url"],
        payload=payload,
        signed=signed,
        signature=signature,
        jwk=checked_jwk(jwk) if jwk is not None else None,
        kid=header.get("kid"),
        nonce=header.get("nonce"),
    )
