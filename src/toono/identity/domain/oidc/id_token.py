"""The id token: OpenID Connect Core 1.0 §2, §3.1.3.6 (at_hash); ``sid`` of Front-Channel Logout 1.0 §3."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from toono.identity.domain.oidc.storage import Code, Provider
from toono.identity.limits import LIMITS

ALGORITHM = "ES256"


def at_hash(access_token: str) -> str:
    """Left half of the SHA-256 of the access token, base64url (§3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode("ascii")).digest()[:16]).rstrip(b"=").decode()


def claims(provider: Provider, code: Code, access_token: str) -> dict[str, Any]:
    """The claims of the id token that answers ``code``."""
    issued = int(provider.now.timestamp())
    found: dict[str, Any] = {
        "iss": provider.issuer,
        "sub": code.session.subject,
        "aud": code.client_id,
        "iat": issued,
        "exp": issued + int(LIMITS.id_token_lifetime.total_seconds()),
        "auth_time": int(code.session.auth_time.timestamp()),
        "acr": code.session.acr,
        "amr": list(code.session.amr),
        "sid": code.session.id,
        "at_hash": at_hash(access_token),
    }
    return found | ({"nonce": code.nonce} if code.nonce else {})


def read_hint(provider: Provider, token: str) -> dict[str, Any] | None:
    """The claims of an id token of ours that somebody hands back; None if it is not ours. It may have expired (RP-Initiated Logout §2)."""
    try:
        decoded = jwt.decode(token, provider.keys(), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return None
    found = decoded.claims
    whole = isinstance(found.get("sub"), str) and isinstance(found.get("aud"), str) and isinstance(found.get("sid"), str)
    return dict(found) if whole and found.get("iss") == provider.issuer else None
