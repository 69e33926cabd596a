"""Introspection: RFC 7662, with the signed answer of RFC 9701. Only to whom a token concerns: the client that has it, or the resource for which it is."""

from __future__ import annotations

from typing import Any

from toono.identity.domain.oidc import access_token
from toono.identity.domain.oidc.client_authentication import authenticated_client
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Client, Provider, Refresh, Token, digest

SIGNED = "application/token-introspection+jwt"


def introspect(*, provider: Provider, request: Request, signed: bool) -> dict[str, Any] | str:
    """What a token stands for; ``{"active": false}`` and nothing else for every other text (§2.2).

    :param signed: the caller accepts :data:`SIGNED` (RFC 9701 §4).
    :raises DirectRefusal: the caller does not prove itself.
    """
    client = authenticated_client(provider, request)
    if client.public:
        raise DirectRefusal("invalid_client", "only a client that proves itself may introspect", status=401, authenticate="Basic")
    value = request.form().get("token")
    if value is None:
        raise DirectRefusal("invalid_request", "token is missing")
    found = _answer(provider, client, value)
    if not signed:
        return found
    claims = {"iss": provider.issuer, "aud": client.client_id, "iat": int(provider.now.timestamp()), "token_introspection": found}
    return provider.sign(claims, "token-introspection+jwt")


def _answer(provider: Provider, client: Client, value: str) -> dict[str, Any]:
    token = access_token.known(provider, value)
    if token is not None:
        return _of_access(provider, client, token)
    refresh = provider.storage.locked_refresh(digest(value))
    return _of_refresh(provider, client, refresh) if refresh is not None else {"active": False}


def _of_access(provider: Provider, client: Client, token: Token) -> dict[str, Any]:
    concerned = token.client_id == client.client_id or client.resources.intersection(token.audience)
    said = access_token.told(provider, token) if concerned else None
    if said is None:
        return {"active": False}
    return {"active": True, "token_type": "DPoP" if token.binding.jkt else "Bearer", **said}


def _of_refresh(provider: Provider, client: Client, token: Refresh) -> dict[str, Any]:
    """Only to the client itself; a token that was replaced is none."""
    grant = token.grant
    over = grant.revoked or token.replaced_at is not None or provider.now > token.expires_at
    if grant.client_id != client.client_id or over or not (grant.offline or provider.storage.session_lives(grant.session.id)):
        return {"active": False}
    return {
        "active": True, "client_id": grant.client_id, **access_token.said_scope(grant.scope), "iss": provider.issuer, "exp": int(token.expires_at.timestamp()),
        "token_type": "refresh_token",
    }  # fmt: skip
