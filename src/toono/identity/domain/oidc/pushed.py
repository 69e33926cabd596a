"""Pushed authorization requests: RFC 9126. All that the authorization endpoint would refuse is refused here already, to the client itself."""

from __future__ import annotations

from typing import Any

from toono.identity.domain.oidc import dpop
from toono.identity.domain.oidc.authorize import OPENING, PUSHED, WHAT, WHERE, Authorization
from toono.identity.domain.oidc.client_authentication import authenticated_client
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal, RedirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Client, Provider, Pushed, digest
from toono.identity.limits import LIMITS

_OF_THE_CLIENT = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


def push(*, provider: Provider, request: Request) -> dict[str, Any]:
    """Keep a request and give its name, which is good for a short time and one answer (§2.2).

    :raises DirectRefusal:
    """
    client = authenticated_client(provider, request)
    if "authorization_code" not in client.grant_types:
        raise DirectRefusal("unauthorized_client", "the client is not registered for the authorization endpoint")
    values = {name: value for name, value in request.form().values.items() if name not in _OF_THE_CLIENT}
    if "request_uri" in values:
        raise DirectRefusal("invalid_request", "request_uri cannot be pushed")
    checked = _checked(provider, client, values)
    bound = _key(provider, request, checked)
    uri = PUSHED + provider.random()
    kept = Pushed(
        client_id=client.client_id, parameters=checked | bound, expires_at=provider.now + LIMITS.pushed_lifetime, signed="request" in values
    )
    provider.storage.save_pushed(digest(uri), kept)
    return {"request_uri": uri, "expires_in": int(LIMITS.pushed_lifetime.total_seconds())}


def _checked(provider: Provider, client: Client, values: dict[str, str]) -> dict[str, str]:
    a = Authorization(
        provider=provider, parameters=Parameters(values | {"client_id": client.client_id}), session=None, just_signed_in=False, client=client,
        pushed="now",
    )  # fmt: skip
    try:
        for check in (*OPENING, *WHERE):
            check(a)
        for check in WHAT:
            check(a)
    except PageRefusal as refusal:
        raise DirectRefusal(refusal.error, str(refusal)) from None
    except RedirectRefusal as refusal:
        raise DirectRefusal(refusal.error, refusal.description) from None
    return dict(a.parameters.values)


def _key(provider: Provider, request: Request, values: dict[str, str]) -> dict[str, str]:
    """RFC 9449 §10.1: a proof here binds the code as ``dpop_jkt`` does; both must name one key."""
    shown = dpop.proven_key(provider, request)
    if shown and values.get("dpop_jkt", shown) != shown:
        raise DirectRefusal("invalid_dpop_proof", "dpop_jkt names another key than the proof")
    return {"dpop_jkt": shown} if shown else {}
