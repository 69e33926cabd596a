"""Which endpoints scripts on pages of every site may use (CORS): one table for portal, machine plane and mock.

Everybody's and without credentials: what these endpoints say depends on what the request itself shows, and on no cookie.
Those that are not here are pages, or for servers only.
"""

from __future__ import annotations

READ, POSTED = "", "POST"
METHODS = {
    "/.well-known/openid-configuration": READ,
    "/.well-known/oauth-authorization-server": READ,
    "/oidc/jwks": READ,
    "/oidc/token": POSTED,
    "/oidc/revoke": POSTED,
    "/oidc/par": POSTED,
    "/oidc/device-authorization": POSTED,
    "/oidc/userinfo": "GET, POST",
}
"""Of each address the methods about which a browser asks first; none where everybody reads without a header of theirs."""
EVERYBODYS = {"Access-Control-Allow-Origin": "*"}
READABLE = {"Access-Control-Expose-Headers": "WWW-Authenticate, DPoP-Nonce, X-Request-Id"}
"""What a script sees of an answer beside its body."""
_LEAVE = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": "3600",
    "Cache-Control": "no-store",
}


def offered(path: str) -> dict[str, str]:
    """Headers of every answer of this address, refusals included; none where nothing is offered."""
    methods = METHODS.get(path)
    if methods is None:
        return {}
    return EVERYBODYS | READABLE if methods else EVERYBODYS


def leave(path: str) -> dict[str, str]:
    """Headers of the answer, without a body, to a browser that asks before the request itself (preflight); none where nobody need ask."""
    methods = METHODS.get(path)
    return EVERYBODYS | {"Access-Control-Allow-Methods": methods} | _LEAVE if methods else {}
