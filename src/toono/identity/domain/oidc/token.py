"""The token endpoint: RFC 6749 §3.2, §5. Who asks, by which grant; each grant has its own file and its own table of checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toono.identity.domain.oidc import authorization_code, ciba, client_credentials, device_grant, refresh, token_exchange
from toono.identity.domain.oidc.client_authentication import authenticated_client
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Provider
from toono.identity.domain.oidc.token_request import TokenRequest

GRANTS: dict[str, Callable[[TokenRequest], dict[str, Any]]] = {
    authorization_code.GRANT: authorization_code.tokens,
    refresh.GRANT: refresh.tokens,
    client_credentials.GRANT: client_credentials.tokens,
    device_grant.GRANT: device_grant.tokens,
    ciba.GRANT: ciba.tokens,
    token_exchange.GRANT: token_exchange.tokens,
}


def client_proves_itself(t: TokenRequest) -> None:
    t.proven = authenticated_client(t.provider, t.request)


def grant_is_known(t: TokenRequest) -> None:
    grant = t.get("grant_type")
    if grant is None:
        raise DirectRefusal("invalid_request", "grant_type is missing")
    if grant not in GRANTS:
        raise DirectRefusal("unsupported_grant_type", "there is no such grant")


def grant_is_the_clients(t: TokenRequest) -> None:
    if t.get("grant_type") not in t.client.grant_types:
        raise DirectRefusal("unauthorized_client", "the client is not registered for this grant")


CHECKS: tuple[Callable[[TokenRequest], None], ...] = (client_proves_itself, grant_is_known, grant_is_the_clients)


def exchange(*, provider: Provider, request: Request) -> dict[str, Any]:
    """Give tokens for a grant. Runs in one transaction: of many at once with one code or one refresh token, one wins.

    :raises DirectRefusal: the answer is an error; what the checks have written (a revocation) must be kept.
    """
    t = TokenRequest(provider=provider, request=request, parameters=request.form())
    for check in CHECKS:
        check(t)
    return GRANTS[t.parameters.values["grant_type"]](t)
