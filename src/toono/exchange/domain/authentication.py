"""The citizen's authentication: an issuer's word that the person whose data are asked for was there, and how they proved it.

It travels with the call as a compact JWS (RFC 7515), ES256, ``typ: toono-authentication+jwt``, for one consumer and for minutes. The same statement may come
with several calls of that consumer until it expires: it says that the person was there, not that they asked for this one reading, and one visit to a
desk takes several readings. What may be read is said by the agreement, and each reading stands in the person's ledger. Another consumer cannot use it: it is not its ``aud``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from toono.exchange import limits
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.subjects import folded
from toono.kernel.jose import der_signature, from_base64url, json_object
from toono.registry.contracts import CitizenAuthentication, IssuerEntry

TYPE: Final = "toono-authentication+jwt"
HEADER: Final = "x-toono-authentication"
NATIVE_HEADER: Final = "toono-authentication"
_ALGORITHM: Final = "ES256"
_HEADER_MEMBERS: Final = frozenset({"alg", "typ", "kid"})
_TEXTS: Final = frozenset({"iss", "aud", "civil_id", "regnum", "method", "jti"})
_TIMES: Final = frozenset({"iat", "exp"})
_ES256: Final = ECDSA(SHA256())


class Statement(NamedTuple):
    """What an issuer says of a person."""

    civil_id: str
    regnum: str
    method: CitizenAuthentication
    id: str


class IssuerUnusable(ValueError):
    """An issuer's key that cannot be used."""


def issuer_keys(issuers: Sequence[IssuerEntry]) -> dict[str, tuple[EllipticCurvePublicKey, ...]]:
    """The keys of every issuer.

    :raises IssuerUnusable: one of them is no key on P-256.
    """
    found: dict[str, tuple[EllipticCurvePublicKey, ...]] = {}
    for issuer in issuers:
        found[issuer.issuer] = (*found.get(issuer.issuer, ()), *(_key(issuer.issuer, pem) for pem in issuer.public_keys_pem))
    return found


def _key(issuer: str, pem: str) -> EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise IssuerUnusable(f"A key of the issuer {issuer} cannot be read.") from error
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise IssuerUnusable(f"A key of the issuer {issuer} is not on P-256.")
    return key


def statement(
    *, issuer: str, consumer: str, civil_id: str, regnum: str, method: CitizenAuthentication, at: datetime, seconds: int, identifier: str
) -> dict[str, str | int]:
    """The claims of a statement for ``consumer``; the issuer signs them.

    :param seconds: its life, at most :data:`limits.AUTHENTICATION_SECONDS`.
    """
    begin = int(at.timestamp())
    return {
        "iss": issuer, "aud": consumer, "civil_id": civil_id, "regnum": regnum, "method": method.value,
        "iat": begin, "exp": begin + min(seconds, limits.AUTHENTICATION_SECONDS), "jti": identifier,
    }  # fmt: skip


def verify(text: str, *, issuers: Mapping[str, tuple[EllipticCurvePublicKey, ...]], consumer: str, now: datetime) -> Statement:
    """What a known issuer says to ``consumer`` now.

    :param text: the compact JWS.
    :raises Fault: it may not be believed; the reason tells why.
    """
    signed, claims, signature = _parts(text)
    _check_signature(signed, signature, issuers.get(claims["iss"]), claims["iss"])
    if claims["aud"] != consumer:
        raise _denied("authentication_for_another", "The statement of authentication was made for another system.")
    _check_time(claims["iat"], claims["exp"], now)
    try:
        method = CitizenAuthentication(claims["method"])
    except ValueError:
        raise _malformed("names no known method") from None
    return Statement(claims["civil_id"], claims["regnum"], method, claims["jti"])


def check_person(found: Statement, *, identifier: str, value: str) -> None:
    """The statement is about the person of the call.

    :param identifier: ``civil_id`` or ``regnum``; ``value``: as the path names the person.
    :raises Fault: it is about another one.
    """
    said = found.civil_id if identifier == "civil_id" else found.regnum
    if folded(said) != folded(value):
        raise _denied("authentication_of_another", "The statement of authentication is about another person than the call.")


def check_method(found: Statement, allowed: Sequence[CitizenAuthentication]) -> None:
    """:raises Fault: the person has not proven themselves in a way that the agreement takes."""
    if found.method not in allowed:
        ways = ", ".join(way.value for way in allowed)
        raise _denied("authentication_too_weak", f"The citizen has authenticated by {found.method.value}; the agreement asks for: {ways}.")


def of_a_thing() -> Fault:
    return _denied("authentication_without_person", "The address names a thing; whose it is nobody knows before the answer.")


def missing() -> Fault:
    return _denied("authentication_missing", "The agreement asks for a statement of the citizen's authentication; the call has none.")


def _denied(reason: str, message: str) -> Fault:
    return Fault(Code.ACCESS_DENIED, reason, message)


def _malformed(what: str) -> Fault:
    return _denied("authentication_malformed", f"The statement of authentication {what}.")


def _parts(text: str) -> tuple[bytes, dict[str, Any], bytes]:
    """The signed bytes, the claims (not yet believed) and the signature."""
    parts = text.split(".")
    if len(text) > limits.AUTHENTICATION_BYTES or len(parts) != 3 or not text.isascii():
        raise _malformed("is no compact JWS")
    header, claims = (_members(part) for part in parts[:2])
    if not header.keys() <= _HEADER_MEMBERS or header.get("alg") != _ALGORITHM or header.get("typ") != TYPE:
        raise _malformed(f"must have the header alg {_ALGORITHM}, typ {TYPE} and nothing that is not understood")
    if claims.keys() != _TEXTS | _TIMES:
        raise _malformed(f"must have exactly the claims {', '.join(sorted(_TEXTS | _TIMES))}")
    if not all(isinstance(claims[name], str) and claims[name] for name in _TEXTS) or not all(type(claims[name]) is int for name in _TIMES):
        raise _malformed("has a claim of the wrong kind")
    return text.rpartition(".")[0].encode(), claims, _decoded(parts[2])


def _members(part: str) -> dict[str, Any]:
    try:
        return json_object(_decoded(part))
    except ValueError:
        raise _malformed("holds no JSON object, or a member twice") from None


def _decoded(part: str) -> bytes:
    try:
        return from_base64url(part)
    except ValueError:
        raise _malformed("is no canonical base64url") from None


def _check_signature(signed: bytes, signature: bytes, keys: tuple[EllipticCurvePublicKey, ...] | None, issuer: str) -> None:
    """ES256: r and s of 32 bytes each (RFC 7518 §3.4)."""
    if keys is None:
        raise _denied("authentication_issuer_unknown", f"The exchange knows no issuer «{issuer[:100]}» of statements of authentication.")
    if len(signature) == 64:
        der = der_signature(signature)
        for key in keys:
            try:
                key.verify(der, signed, _ES256)
            except InvalidSignature:
                continue
            return
    raise _denied("authentication_forged", "The signature of the statement of authentication is not its issuer's.")


def _check_time(issued: int, expires: int, now: datetime) -> None:
    moment, skew = now.timestamp(), limits.AUTHENTICATION_SKEW_SECONDS
    if not 0 < expires - issued <= limits.AUTHENTICATION_SECONDS:
        raise _denied(
            "authentication_too_long",
            f"A statement of authentication lives at most {limits.AUTHENTICATION_SECONDS} seconds and begins before it ends.",
        )
    if issued > moment + skew:
        raise _denied("authentication_not_yet_valid", "The statement of authentication begins in the future.")
    if moment >= expires + skew:
        raise _denied("authentication_expired", "The statement of authentication has ended; the citizen must authenticate again.")
