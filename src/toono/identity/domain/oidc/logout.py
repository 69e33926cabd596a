"""The end-session endpoint: OpenID Connect RP-Initiated Logout 1.0."""

from __future__ import annotations

from dataclasses import dataclass

from toono.identity.domain.oidc.id_token import read_hint
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.redirection import with_parameters
from toono.identity.domain.oidc.storage import Provider, Session


@dataclass(frozen=True)
class Logout:
    """What to do with the browser's session."""

    confirmed: bool
    """The request proves that it is of this session; otherwise the person is asked, so that no site can sign them out (§2)."""
    redirect_url: str | None
    """Where to go afterwards; None: a page of our own."""
    fault: str = ""
    """Why the request is not believed, for its client; empty: it is in order."""
    strays: bool = False
    """It is not believed, and asked for a way back."""


class _Fault(Exception):
    """What failed to validate is not used (§4): neither the hint nor the address counts."""


def logout(*, provider: Provider, parameters: Parameters | None, session: Session | None) -> Logout:
    """Judge a logout request. One that is not believed still lets its person sign out: a shared computer must not stay signed in for a client's mistake."""
    try:
        return _judged(provider, parameters, session)
    except _Fault as fault:
        strays = parameters is not None and parameters.get("post_logout_redirect_uri") is not None
        return Logout(session is None, None, str(fault), strays)


def _judged(provider: Provider, parameters: Parameters | None, session: Session | None) -> Logout:
    if parameters is None or parameters.repeated:
        raise _Fault("the request is no form, or repeats a parameter")
    hint = parameters.get("id_token_hint")
    claims = read_hint(provider, hint) if hint else None
    if hint and claims is None:
        raise _Fault("id_token_hint is not an id token of this issuer")
    client_id = parameters.get("client_id") or (claims["aud"] if claims else None)
    if claims and claims["aud"] != client_id:
        raise _Fault("client_id differs from the audience of id_token_hint")
    confirmed = session is None or (claims is not None and claims["sid"] == session.id)
    return Logout(confirmed, _redirect(provider, parameters, client_id))


def _redirect(provider: Provider, parameters: Parameters, client_id: str | None) -> str | None:
    """§3: exact comparison with what the client registered; without a known client there is no address to trust."""
    uri = parameters.get("post_logout_redirect_uri")
    if uri is None:
        return None
    client = provider.storage.client(client_id) if client_id else None
    if client is None or uri not in client.post_logout_redirect_uris:
        raise _Fault("post_logout_redirect_uri is not registered")
    state = parameters.get("state")
    return with_parameters(uri, {"state": state}) if state else uri
