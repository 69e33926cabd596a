"""The id token: OpenID Connect Core 1.0 §2, §3.1.3.6 (at_hash), §10.2 (encryption); ``sid`` of Front-Channel Logout 1.0 §3."""

from __future__ import annotations

import hashlib
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from toono.identity.domain.oidc import encryption, subjects
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import SIGNING, Client, Grant, Provider
from toono.identity.domain.oidc.userinfo import of_person
from toono.identity.limits import LIMITS
from toono.kernel.jose import base64url


def at_hash(access_token: str) -> str:
    """Left half of the SHA-256 of the access token, base64url (§3.1.3.6)."""
    return base64url(hashlib.sha256(access_token.encode("ascii")).digest()[:16])


def id_token(provider: Provider, client: Client, grant: Grant, *, access_token: str | None, nonce: str = "") -> str:
    """The id token of a grant: signed, and encrypted for a client that registered for that. As a hint it comes back decrypted (Core §3.1.2.1).

    :raises DirectRefusal: the client publishes no key to which it could be encrypted.
    """
    issued = int(provider.now.timestamp())
    found: dict[str, Any] = {
        "iss": provider.issuer,
        "sub": subjects.name(provider, client, grant.session.subject),
        "aud": client.client_id,
        "iat": issued,
        "exp": issued + int(LIMITS.id_token_lifetime.total_seconds()),
        "auth_time": int(grant.session.auth_time.timestamp()),
        "acr": grant.session.acr,
        "amr": list(grant.session.amr),
        "sid": grant.session.id,
    }
    if access_token is not None:
        found["at_hash"] = at_hash(access_token)
    found |= of_person(provider, grant.session.subject, grant.id_token_claims)
    signed = provider.sign(found | ({"nonce": nonce} if nonce else {}), "JWT", client.id_token_signed_response_alg)
    try:
        return encryption.like_an_id_token(provider, client, signed)
    except encryption.NoKey:
        raise DirectRefusal("invalid_request", "jwks_uri holds no key for id_token_encrypted_response_alg") from None


def read_hint(provider: Provider, token: str) -> dict[str, Any] | None:
    """The claims of an id token of ours that somebody hands back; None if it is not ours. It may have expired (RP-Initiated Logout §2)."""
    try:
        decoded = jwt.decode(token, provider.keys(), algorithms=list(SIGNING))
    except (JoseError, ValueError, TypeError):
        return None
    found = decoded.claims
    whole = all(isinstance(found.get(name), str) for name in ("sub", "aud", "sid"))
    return dict(found) if whole and decoded.header.get("typ") == "JWT" and found.get("iss") == provider.issuer else None
