"""Proof of possession by the application's key: RFC 9449.

The nonce (§8) needs no memory: it is the hour's quarter in which it was given, with a keyed digest; that of the last quarter is taken too.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from toono.identity.domain.oidc import client_keys
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Provider, digest
from toono.identity.limits import LIMITS
from toono.kernel.jose import base64url

_HEADER = frozenset({"alg", "typ", "jwk"})
"""What it has at least (§4.2)."""
_PUBLIC = {"EC": {"kty", "crv", "x", "y"}, "RSA": {"kty", "n", "e"}, "OKP": {"kty", "crv", "x"}}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES = {"EC": "P-256", "OKP": "Ed25519"}


def nonce(provider: Provider, *, quarters_ago: int = 0) -> str:
    """What the server wants to see in the next proof."""
    quarter = int(provider.now.timestamp() // LIMITS.dpop_nonce_turn.total_seconds()) - quarters_ago
    return provider.mac("dpop-nonce", str(quarter))[:32]


def proven_key(provider: Provider, request: Request, *, access_token: str | None = None, needs_nonce: bool = True) -> str:
    """Thumbprint of the key that the request's proof shows; empty when no proof came.

    :param access_token: the token that is shown with it (§4.3, number 12); a proof for the token endpoint has none.
    :raises DirectRefusal: ``invalid_dpop_proof``, or ``use_dpop_nonce``, which is answered with one.
    """
    if not request.dpop:
        return ""
    if len(request.dpop) != 1:
        raise refused("more than one proof")
    jwk, claims = _signed(request.dpop[0])
    _check_claims(provider, request, claims, access_token)
    if needs_nonce:
        _check_nonce(provider, claims.get("nonce"))
    thumbprint = str(jwk.thumbprint())
    if not provider.storage.use_once("dpop", digest(f"{thumbprint} {claims['jti']}"), provider.now + 3 * LIMITS.proof_skew):
        raise refused("the proof was used")
    return thumbprint


def _signed(text: str) -> tuple[ECKey | RSAKey | OKPKey, dict[str, Any]]:
    """§4.3, numbers 2 to 7."""
    try:
        header = client_keys.parts(text).header
        amiss = not header.keys() >= _HEADER or client_keys.ELSEWHERE & header.keys()
        if amiss or header["typ"] != "dpop+jwt" or str(header["alg"]) not in client_keys.KINDS:
            raise refused("the header must have typ dpop+jwt, alg and jwk, and no key elsewhere")
        key = _key(header["jwk"], client_keys.KINDS[header["alg"]])
        return key, client_keys.verified(text, [client_keys.public_key(key)])
    except client_keys.NotSigned as error:
        raise refused(str(error)) from None


def _key(jwk: Any, kind: str) -> ECKey | RSAKey | OKPKey:
    if not isinstance(jwk, dict) or jwk.get("kty") != kind or _PRIVATE & jwk.keys():
        raise refused("jwk is no public key of the algorithm")
    if not all(isinstance(jwk.get(name), str) for name in _PUBLIC[kind]):
        raise refused("jwk is no public key of the algorithm")
    if jwk.get("crv", _CURVES.get(kind)) != _CURVES.get(kind) or (kind == "RSA" and len(jwk["n"]) > 1400):
        raise refused("jwk is on another curve, or too long")
    try:
        key = KeySet.import_key_set({"keys": [{name: jwk[name] for name in _PUBLIC[kind]}]}).keys[0]
        weak = isinstance(key, RSAKey) and key.public_key.key_size < 2048
    except (JoseError, ValueError, KeyError, TypeError):
        raise refused("jwk cannot be read") from None
    if weak or not isinstance(key, ECKey | RSAKey | OKPKey):
        raise refused("jwk is too short")
    return key


def _check_claims(provider: Provider, request: Request, claims: dict[str, Any], access_token: str | None) -> None:
    """§4.3, numbers 8 to 12."""
    issued, jti = claims.get("iat"), claims.get("jti")
    if type(issued) is not int or abs(provider.now.timestamp() - issued) > LIMITS.proof_skew.total_seconds():
        raise refused("iat is not now")
    if not isinstance(jti, str) or not 0 < len(jti) <= 200:
        raise refused("jti is missing or too long")
    if claims.get("htm") != request.method or _target(claims.get("htu")) != provider.issuer + request.path:
        raise refused("htm or htu is of another request")
    if access_token is not None and claims.get("ath") != access_token_hash(access_token):
        raise refused("ath is of another token")


def _target(address: Any) -> str:
    """``htu`` without query and fragment, which are ignored (§4.3, number 9)."""
    return address.partition("#")[0].partition("?")[0] if isinstance(address, str) else ""


def access_token_hash(access_token: str) -> str:
    """``ath`` (§4.2)."""
    return base64url(hashlib.sha256(access_token.encode()).digest())


def _check_nonce(provider: Provider, shown: Any) -> None:
    """§8: asked for at the provider's own endpoints, so that a proof made ahead of time is worth nothing."""
    good = (nonce(provider), nonce(provider, quarters_ago=1))
    if not isinstance(shown, str) or not any(hmac.compare_digest(shown.encode(), one.encode()) for one in good):
        raise DirectRefusal("use_dpop_nonce", "use the nonce of this answer", dpop_nonce=nonce(provider))


def refused(description: str) -> DirectRefusal:
    return DirectRefusal("invalid_dpop_proof", description)
