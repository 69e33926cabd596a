"""Tokens of the native dialect: the assertion by which a client asks for one, and the access token that it gets. Pure; the moment is an argument.

- **Client assertion** (RFC 7521, RFC 7523 §3, OpenID Connect ``private_key_jwt``): compact JWS, ES256, by a signature key of the system. ``iss`` and ``sub`` are the
  system's id, ``aud`` is the gateway's address or its token endpoint, it lives five minutes at most, and its ``jti`` is used once.
- **Access token**: a JWT in the profile of RFC 9068 (``at+jwt``), HS256 by a secret that all gateways of the exchange share, since nobody but they read it. So
  any gateway takes a token that another gave, and none asks a database. It is bound to the key that asked for it (``cnf``/``kid``, RFC 7800 §3.4): a call
  is taken only with a message signature by that very key, so a stolen token is worth nothing; and the key is looked up on each call, so a key that
  the registry withdraws ends its tokens too.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from toono.exchange import limits
from toono.exchange.domain.faults import Code, Fault
from toono.kernel.jose import base64url, der_signature, from_base64url, json_object

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ES256: Final = ECDSA(SHA256())
_HEADER_FIELDS: Final = frozenset({"alg", "typ", "kid"})
_ASSERTION_CLAIMS: Final = frozenset({"iss", "sub", "aud", "exp", "iat", "nbf", "jti"})
_TOKEN_CLAIMS: Final = frozenset({"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "cnf"})


class TokenRefused(Exception):
    """No token is given (RFC 6749 §5.2). ``description`` is for an engineer and holds nothing but printable ASCII."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.status = error, status
        self.description = "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in description)


class TokenRequest(NamedTuple):
    """What the form of a token request says."""

    client_id: str | None
    assertion: str


class Assertion(NamedTuple):
    """A client assertion, read but not believed before :func:`check_assertion`."""

    key_id: str | None
    claims: dict[str, Any]
    signed: bytes
    """Header and payload as they were signed."""
    signature: bytes

    @property
    def client(self) -> str:
        """The system that asks."""
        return str(self.claims["iss"])


class AccessToken(NamedTuple):
    """What a valid access token says."""

    client: str
    key_id: str
    """The key by which each call with it must be signed."""
    expires_at: int
    """Seconds since 1970."""


# -- the request for a token ---------------------------------------------------------------------------------------


def parse_request(content_type: str | None, authorization: str | None, body: bytes) -> TokenRequest:
    """The form of ``POST /oauth/token`` (RFC 6749 §4.4.2, RFC 7521 §4.2).

    :raises TokenRefused: another grant, another way to say who asks, a parameter twice, a scope.
    """
    if (content_type or "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise TokenRefused("invalid_request", "The body must be application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise TokenRefused("invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenRefused("invalid_request", "A parameter stands more than once.")
    if form.get("grant_type") != "client_credentials":
        error = "unsupported_grant_type" if form.get("grant_type") else "invalid_request"
        raise TokenRefused(error, "grant_type must be client_credentials.")
    if authorization is not None or "client_secret" in form or form.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenRefused(
            "invalid_client", f"The client proves itself by private_key_jwt: client_assertion_type {ASSERTION_TYPE}.", status=401
        )
    if not form.get("client_assertion"):
        raise TokenRefused("invalid_client", "client_assertion is missing.", status=401)
    if form.get("scope"):
        raise TokenRefused("invalid_scope", "There are no scopes: what a system may call stands in its agreements.")
    return TokenRequest(form.get("client_id") or None, form["client_assertion"])


def parse_assertion(assertion: str) -> Assertion:
    """Read a compact JWS (RFC 7515 §7.1) of the agreed shape.

    :raises TokenRefused: another shape, algorithm, header field or claim.
    """
    parts = assertion.split(".")
    if len(assertion) > limits.ASSERTION_BYTES or len(parts) != 3:
        raise _not_this("The assertion is no compact JWS.")
    try:
        header, claims, signature = json_object(from_base64url(parts[0])), json_object(from_base64url(parts[1])), from_base64url(parts[2])
    except ValueError:
        raise _not_this("The assertion cannot be read.") from None
    if not header.keys() <= _HEADER_FIELDS or header.get("alg") != "ES256" or header.get("typ", "JWT") != "JWT":
        raise _not_this("The assertion's header must be alg ES256, typ JWT and kid, and nothing else.")
    if not claims.keys() <= _ASSERTION_CLAIMS:
        raise _not_this(f"The assertion has a claim that is not agreed; known are {', '.join(sorted(_ASSERTION_CLAIMS))}.")
    for name in ("iss", "sub", "jti"):
        if not isinstance(claims.get(name), str):
            raise _not_this(f"The assertion's claim {name} must be a text.")
    for name in ("exp", "iat", "nbf"):
        if name in claims and not _is_number(claims[name]):
            raise _not_this(f"The assertion's claim {name} must be a number of seconds.")
    key_id = header.get("kid")
    if key_id is not None and not isinstance(key_id, str):
        raise _not_this("The assertion's kid must be a text.")
    return Assertion(key_id, claims, assertion.rpartition(".")[0].encode(), signature)


def check_assertion(assertion: Assertion, request: TokenRequest, *, audiences: Sequence[str], now: float) -> None:
    """Everything but the signature and whether its ``jti`` was used (RFC 7523 §3, numbers 1 to 7).

    :param audiences: addresses under which this gateway is meant.
    :raises TokenRefused: about another client, for somebody else, too old, living too long.
    """
    claims = assertion.claims
    if claims["iss"] != claims["sub"] or request.client_id not in (None, claims["iss"]):
        raise _not_this("iss, sub and client_id must all be the system's id.")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if len(named) != 1 or named[0] not in audiences:
        raise _not_this(f"aud must be one of {' '.join(audiences)}.")
    skew, life = limits.SIGNATURE_AHEAD_SECONDS, limits.ASSERTION_SECONDS
    expires = claims.get("exp")
    if expires is None or expires <= now:
        raise _not_this(f"The assertion has expired or has no exp; here it is {int(now)}.")
    if expires > now + life + skew:
        raise _not_this(f"The assertion lives longer than {life} seconds; here it is {int(now)}.")
    if max(claims.get("iat", 0), claims.get("nbf", 0)) > now + skew:
        raise _not_this(f"The assertion comes from the future; here it is {int(now)}.")
    shortest, longest = limits.NONCE_CHARACTERS
    if not shortest <= len(claims["jti"]) <= longest:
        raise _not_this(f"jti has {shortest} to {longest} characters.")


def verify_assertion(assertion: Assertion, key: EllipticCurvePublicKey) -> None:
    """:raises TokenRefused: the signature is not of this key (RFC 7518 §3.4: r and s, 32 bytes each)."""
    raw = assertion.signature
    if len(raw) == 64:
        try:
            key.verify(der_signature(raw), assertion.signed, _ES256)
        except InvalidSignature:
            pass
        else:
            return
    raise _not_this("The assertion's signature does not match the key.")


def assertion_nonce(assertion: Assertion) -> bytes:
    """What is used up by this assertion, across gateways: SHA-256 of its client and ``jti``."""
    return sha256(f"assertion\n{assertion.client}\n{assertion.claims['jti']}".encode()).digest()


def _not_this(description: str) -> TokenRefused:
    return TokenRefused("invalid_client", description, status=401)


# -- the access token ----------------------------------------------------------------------------------------------


class TokenKeys:
    """The secret that the gateways share. While it is changed there are two: the first signs, both are believed."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """:raises ValueError: none, or one of less than 32 characters (RFC 7518 §3.2)."""
        if not secrets or any(len(secret) < 32 for secret in secrets):
            raise ValueError("the key of access tokens must have 32 characters or more")
        self._keys = [secret.encode() for secret in secrets]

    def issue(self, *, issuer: str, client: str, key_id: str, token_id: str, now: int) -> str:
        """An access token for ``client``, good for :data:`limits.TOKEN_SECONDS`, from ``now`` (seconds since 1970) on."""
        claims = {
            "iss": issuer, "aud": issuer, "sub": client, "client_id": client, "iat": now, "exp": now + limits.TOKEN_SECONDS, "jti": token_id,
            "cnf": {"kid": key_id},
        }  # fmt: skip
        signed = f"{_TOKEN_HEADER}.{base64url(json.dumps(claims, separators=(',', ':')).encode())}"
        return f"{signed}.{base64url(self._mac(self._keys[0], signed))}"

    def read(self, token: str, *, issuer: str, now: float) -> AccessToken:
        """What ``token`` says. Nothing of it is read before its authentication code is right.

        :raises Fault: not ours, for another exchange, or expired.
        """
        signed, _, code = token.rpartition(".")
        if len(token) > limits.TOKEN_BYTES or not signed.startswith(_TOKEN_HEADER + ".") or not token.isascii():
            raise _refused("token_unknown", "The access token was not given by this exchange.")
        if not any(hmac.compare_digest(base64url(self._mac(key, signed)), code) for key in self._keys):
            raise _refused("token_unknown", "The access token was not given by this exchange.")
        claims = json_object(from_base64url(signed.partition(".")[2]))
        if claims.keys() != _TOKEN_CLAIMS or claims["iss"] != issuer or claims["aud"] != issuer:
            raise _refused("token_unknown", "The access token was given for another address.")
        if not claims["iat"] - limits.SIGNATURE_AHEAD_SECONDS <= now < claims["exp"]:
            raise _refused("token_expired", f"The access token was good until {claims['exp']}; here it is {int(now)}. Ask for a new one.")
        return AccessToken(claims["client_id"], claims["cnf"]["kid"], claims["exp"])

    @staticmethod
    def _mac(key: bytes, signed: str) -> bytes:
        return hmac.digest(key, signed.encode(), sha256)


def _refused(reason: str, message: str) -> Fault:
    return Fault(Code.AUTHENTICATION_FAILED, reason, message)


_TOKEN_HEADER: Final = base64url(b'{"alg":"HS256","typ":"at+jwt"}')


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value and abs(value) < 1e12
