"""To which key the tokens of a request are bound: RFC 9449 §5 (DPoP), RFC 8705 §3 (certificate)."""

from __future__ import annotations

from toono.identity.domain.oidc import dpop
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Binding, Client, Profile, Provider


def binding(provider: Provider, client: Client, request: Request) -> Binding:
    """What the request shows, as far as the client is bound to show it.

    :raises DirectRefusal: a false proof, or none from a client that must have one.
    """
    jkt = dpop.proven_key(provider, request)
    if jkt:
        return Binding(jkt=jkt)
    if client.dpop_bound_access_tokens:
        raise dpop.refused("this client's tokens are bound by DPoP")
    if client.tls_client_certificate_bound_access_tokens:
        if request.certificate is None or not request.certificate.in_time(provider.now):
            raise DirectRefusal("invalid_request", "this client's tokens are bound to its certificate")
        return Binding(x5t=request.certificate.sha256)
    if client.profile is Profile.FAPI2:
        raise dpop.refused("FAPI 2.0 gives no bearer tokens")
    return Binding()
