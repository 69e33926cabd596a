"""Access tokens: opaque for the provider's own endpoints; for a resource, a JWT in the profile of RFC 9068.

They are remembered by their digest, so that they end when they are revoked, or what they stand on. A client's own JWT stands on nothing and says everything
itself, so only its revocation is remembered: machines ask for very many of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc.jwk import ECKey

from toono.identity.domain.oidc import client_keys, subjects
from toono.identity.domain.oidc.storage import Binding, Client, Grant, Provider, Token, digest
from toono.identity.limits import LIMITS

TYPE = "at+jwt"
"""RFC 9068 §2.1."""


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
    value = provider.sign(claims(provider, wish.client, token), TYPE) if wish.resources else provider.random()
    if wish.grant is not None or not wish.resources:
        provider.storage.save_token(digest(value), token)
    reply: dict[str, Any] = {
        "access_token": value,
        "token_type": "DPoP" if wish.binding.jkt else "Bearer",
        "expires_in": int(lifetime.total_seconds()),
    }
    reply |= said_scope(wish.scope)
    return value, reply | ({"authorization_details": list(wish.authorization_details)} if wish.authorization_details else {})


def known(provider: Provider, value: str) -> Token | None:
    """What a text stands for, whatever it is; None for one that is no access token of ours. Whether it has ended is to be asked of what is given."""
    return _found(provider, value)[1]


def revoke(provider: Provider, client: Client, value: str) -> bool:
    """End the token, if it is one of this client's; whether it is."""
    key, token = _found(provider, value)
    if token is None or token.client_id != client.client_id:
        return False
    provider.storage.revoke_token(key, token)
    return True


def _found(provider: Provider, value: str) -> tuple[str, Token | None]:
    """The key under which a token is remembered, or would be, and what it stands for."""
    key = digest(value)
    token = provider.storage.token(key)
    said = _own_word(provider, value) if token is None else None
    if said is not None:  # by its id: of one ECDSA signature there are two texts, and whoever holds one can write the other
        key = digest(f"jti {said.id}")
        token = provider.storage.token(key) or said
    return key, token


def _own_word(provider: Provider, value: str) -> Token | None:
    """A client's own JWT by what it says. Those of persons name the moment of their sign-in, and are known by what was remembered alone."""
    try:
        header, said, *_ = client_keys.parts(value)
        if header.get("typ") != TYPE or "auth_time" in said or said.get("iss") != provider.issuer:
            return None
        client_keys.verified(value, [client_keys.public_key(key) for key in provider.keys().keys if isinstance(key, ECKey)])
    except client_keys.NotSigned:
        return None
    issued_at, expires_at = (datetime.fromtimestamp(said[name], UTC) for name in ("iat", "exp"))
    client = provider.storage.client(said["client_id"])
    return Token(
        id=said["jti"], client_id=said["client_id"], scope=said.get("scope", ""), issued_at=issued_at, expires_at=expires_at, audience=(said["aud"],),
        binding=Binding.of_claims(said.get("cnf", {})), authorization_details=tuple(said.get("authorization_details", ())),
        actors=_actors(said.get("act")), dead=client is None or (client.tokens_from is not None and issued_at <= client.tokens_from),
    )  # fmt: skip


def told(provider: Provider, token: Token) -> dict[str, Any] | None:
    """What a token says while it lives, and its client is known."""
    owner = provider.storage.client(token.client_id)
    if owner is None or token.dead or provider.now > token.expires_at:
        return None
    return claims(provider, owner, token)


def claims(provider: Provider, client: Client, token: Token) -> dict[str, Any]:
    """What the token says: as JWT (RFC 9068 §2.2), and to whoever introspects it (RFC 7662 §2.2)."""
    found: dict[str, Any] = {
        "iss": provider.issuer, "aud": token.audience[0], "client_id": token.client_id, **said_scope(token.scope), "jti": token.id,
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


def said_scope(scope: str) -> dict[str, str]:
    """A scope names one thing at least (RFC 6749 §3.3, Appendix A.4): without any the member is left out."""
    return {"scope": scope} if scope else {}


def _act(actors: tuple[str, ...]) -> dict[str, Any]:
    """RFC 8693 §4.1: who acts now, and within, who acted before."""
    found: dict[str, Any] = {"sub": actors[0]}
    return found | ({"act": _act(actors[1:])} if actors[1:] else {})


def _actors(act: dict[str, Any] | None) -> tuple[str, ...]:
    return (act["sub"], *_actors(act.get("act"))) if act else ()
