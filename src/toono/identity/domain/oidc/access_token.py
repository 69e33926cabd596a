"""Access tokens: opaque for the provider's own endpoints; for a resource, a JWT in the profile of RFC 9068. Both are remembered by their digest, so both can be revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toono.identity.domain.oidc import subjects
from toono.identity.domain.oidc.storage import Binding, Client, Grant, Provider, Token, digest
from toono.identity.limits import LIMITS


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a token shall say."""

    client: Client
    scope: str
    resources: tuple[str, ...]
    binding: Binding
    grant: Grant | None = None
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    actors: tuple[str, ...] = ()


def issue(provider: Provider, wish: Wish) -> tuple[str, dict[str, Any]]:
    """Make the token and remember it; gives it, with the members of the reply that speak of it (RFC 6749 §5.1, RFC 9449 §5)."""
    lifetime = LIMITS.access_token_lifetime
    token = Token(
        id=provider.identifier(), client_id=wish.client.client_id, scope=wish.scope, issued_at=provider.now, expires_at=provider.now + lifetime,
        audience=wish.resources or (provider.issuer,), grant=wish.grant, binding=wish.binding,
        authorization_details=wish.authorization_details, actors=wish.actors,
    )  # fmt: skip
    value = provider.sign(claims(provider, wish.client, token), "at+jwt") if wish.resources else provider.random()
    provider.storage.save_token(digest(value), token)
    reply: dict[str, Any] = {
        "access_token": value,
        "token_type": "DPoP" if wish.binding.jkt else "Bearer",
        "expires_in": int(lifetime.total_seconds()),
        "scope": wish.scope,
    }
    return value, reply | ({"authorization_details": list(wish.authorization_details)} if wish.authorization_details else {})


def claims(provider: Provider, client: Client, token: Token) -> dict[str, Any]:
    """What the token says: as JWT (RFC 9068 §2.2), and to whoever introspects it (RFC 7662 §2.2)."""
    found: dict[str, Any] = {
        "iss": provider.issuer, "aud": token.audience[0], "client_id": token.client_id, "scope": token.scope, "jti": token.id,
        "iat": int(token.issued_at.timestamp()), "exp": int(token.expires_at.timestamp()), "sub": token.client_id,
    }  # fmt: skip
    if token.grant is not None:
        session = token.grant.session
        found |= {
            "sub": subjects.name(provider, client, session.subject), "auth_time": int(session.auth_time.timestamp()), "acr": session.acr,
        }  # fmt: skip
    if token.binding:
        found["cnf"] = token.binding.claims()
    if token.authorization_details:
        found["authorization_details"] = list(token.authorization_details)
    return found | ({"act": _act(token.actors)} if token.actors else {})


def _act(actors: tuple[str, ...]) -> dict[str, Any]:
    """RFC 8693 §4.1: who acts now, and within, who acted before."""
    found: dict[str, Any] = {"sub": actors[0]}
    return found | ({"act": _act(actors[1:])} if actors[1:] else {})
