"""Revocation: RFC 7009. A refresh token ends its whole family; an unknown token, or another client's, is answered like any (§2.2)."""

from __future__ import annotations

from typing import Any

from toono.identity.domain.oidc import access_token
from toono.identity.domain.oidc.client_authentication import authenticated_client
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Provider, digest


def revoke(*, provider: Provider, request: Request) -> dict[str, Any]:
    """End a token at once.

    :raises DirectRefusal: the client does not prove itself, or names no token.
    """
    client = authenticated_client(provider, request)
    value = request.form().get("token")
    if value is None:
        raise DirectRefusal("invalid_request", "token is missing")
    if access_token.revoke(provider, client, value):
        return {}
    refresh = provider.storage.locked_refresh(digest(value))
    if refresh is not None and refresh.grant.client_id == client.client_id:
        provider.storage.revoke_grant(refresh.grant.id)
    return {}
