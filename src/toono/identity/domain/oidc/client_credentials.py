"""A token for the client itself: RFC 6749 §4.4. No person, so no id token and no refresh token."""

from __future__ import annotations

from typing import Any

from toono.identity.domain.oidc import access_token
from toono.identity.domain.oidc.binding import binding
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.token_request import TokenRequest
from toono.identity.domain.oidc.userinfo import PERSONAL_SCOPES

GRANT = "client_credentials"


def tokens(t: TokenRequest) -> dict[str, Any]:
    """:raises DirectRefusal: ``unauthorized_client`` for a client that cannot prove itself (§4.4: confidential clients only)."""
    if t.client.public:
        raise DirectRefusal("unauthorized_client", "only a client that proves itself may act for itself")
    scope = t.scope(t.client.scopes - PERSONAL_SCOPES)
    wanted, details = t.resources(), t.details()
    shown = binding(t.provider, t.client, t.request)
    return access_token.issue(
        t.provider, access_token.Wish(client=t.client, scope=scope, resources=wanted, binding=shown, authorization_details=details)
    )[1]
