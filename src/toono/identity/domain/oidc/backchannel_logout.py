"""Telling clients that a session has ended: OpenID Connect Back-Channel Logout 1.0. The token of §2.4, and when to try again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from toono.identity.domain.oidc import encryption, subjects
from toono.identity.domain.oidc.storage import Client, Provider
from toono.identity.limits import LIMITS

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"


def logout_token(provider: Provider, client: Client, *, subject: str, session_id: str, identifier: str) -> str:
    """Signed anew for every attempt, so it lives two minutes only (§4); encrypted where id tokens are, or the client should not believe it (§2.4, §2.6).

    :raises NoKey: the client publishes no key to which it could be encrypted.
    """
    issued = int(provider.now.timestamp())
    claims: dict[str, Any] = {
        "iss": provider.issuer, "sub": subjects.name(provider, client, subject), "aud": client.client_id, "iat": issued,
        "exp": issued + int(LIMITS.logout_token_lifetime.total_seconds()), "jti": identifier, "sid": session_id, "events": {EVENT: {}},
    }  # fmt: skip
    signed = provider.sign(claims, TYPE, client.id_token_signed_response_alg)
    return encryption.like_an_id_token(provider, client, signed, {"iss": provider.issuer})


def next_attempt(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts; None: give up. Ten seconds, then twice as long each time, for about a day."""
    return timedelta(seconds=10 * 2**attempts) if attempts < LIMITS.logout_attempts else None


def final(status: int) -> bool:
    """§2.8: 200 or 204 is done; 400 says that the client will never take this token."""
    return status in (200, 204, 400)
