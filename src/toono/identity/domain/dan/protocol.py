"""ДАН's two OAuth endpoints: as its clients know them, with every check of RFC 9700 that does not change what they send. A client that sends PKCE is held to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toono.identity.domain.dan import scope
from toono.identity.domain.oidc import pkce
from toono.identity.domain.oidc.authorize import Answer
from toono.identity.domain.oidc.client_authentication import authenticated_client
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.redirection import with_parameters
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal, RedirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Client, Code, Grant, Provider, Session, Token, digest
from toono.identity.limits import LIMITS

SCOPE = "dan"
SERVICE = "/oauth2/api/v1/service"
DETAIL = "dan"
ORGANISATION = "ORG"
"""``login_type`` of a sign-in on behalf of an organisation."""


@dataclass(frozen=True)
class Asked:
    """A request that is in order so far: its person must sign in and agree, every time anew."""

    client: Client
    redirect_uri: str
    parameters: Parameters
    entries: tuple[scope.Entry, ...]

    def answer(self, values: dict[str, str]) -> Answer:
        """ДАН sends ``state`` back as it came, and nothing else."""
        state = self.parameters.get("state")
        return Answer(with_parameters(self.redirect_uri, values | ({"state": state} if state else {})))


def authorize(provider: Provider, parameters: Parameters | None) -> Asked | Answer:
    """Check a request.

    :raises PageRefusal: client or address not proven.
    """
    if parameters is None or parameters.repeated:
        raise PageRefusal("the request is no form, too long, or repeats a parameter")
    client = provider.storage.client(parameters.get("client_id") or "")
    uri = parameters.get("redirect_uri") or ""
    if client is None or not client.dan_operations:
        raise PageRefusal("unknown client_id")
    if uri not in client.redirect_uris:
        raise PageRefusal("redirect_uri is not registered")
    asked = Asked(client, uri, parameters, ())
    try:
        return Asked(client, uri, parameters, _entries(client, parameters))
    except RedirectRefusal as refusal:
        return asked.answer({"error": refusal.error, "error_description": refusal.description})


def _entries(client: Client, parameters: Parameters) -> tuple[scope.Entry, ...]:
    if parameters.get("response_type") != "code":
        raise RedirectRefusal("unsupported_response_type", "response_type must be code")
    challenge = parameters.get("code_challenge")
    if challenge is not None and (parameters.get("code_challenge_method") != "S256" or not pkce.is_challenge(challenge)):
        raise RedirectRefusal("invalid_request", "code_challenge must be S256")
    try:
        entries = scope.parse(parameters.get("scope"))
    except scope.InvalidScope as error:
        raise RedirectRefusal("invalid_scope", str(error)) from None
    if not scope.operations(entries) <= client.dan_operations:
        raise RedirectRefusal("invalid_scope", "the client is not registered for one of the services")
    return entries


def give_code(provider: Provider, asked: Asked, session: Session, *, agreed: frozenset[str], organisation: str) -> Answer:
    """The person has signed in and answered.

    :param agreed: operations that they ticked.
    :param organisation: register number of the organisation for which they sign in; empty: for themselves.
    """
    if not agreed:
        return asked.answer({"error": "access_denied", "error_description": "the person has refused"})
    detail = {
        "type": DETAIL, "agreed": sorted(agreed), "organisation": organisation,
        "entries": [{"services": list(e.services), "wsdl": e.wsdl, "params": dict(e.params)} for e in asked.entries],
    }  # fmt: skip
    grant = Grant(id=provider.identifier(), client_id=asked.client.client_id, session=session, scope=SCOPE, authorization_details=(detail,))
    code = provider.random()
    kept = Code(
        grant=grant, redirect_uri=asked.redirect_uri, code_challenge=asked.parameters.get("code_challenge") or "", nonce="",
        expires_at=provider.now + LIMITS.authorization_code_lifetime,
    )  # fmt: skip
    provider.storage.save_code(digest(code), kept)
    return asked.answer({"code": code})


def exchange(provider: Provider, request: Request) -> dict[str, Any]:
    """The token endpoint.

    :raises DirectRefusal: the body has the key ``error``.
    """
    parameters = request.form()
    client = authenticated_client(provider, request)
    if client.public or not client.dan_operations:
        raise DirectRefusal("unauthorized_client", "no client of this kind", status=401)
    if parameters.get("grant_type") != "authorization_code":
        raise DirectRefusal("unsupported_grant_type", "grant_type must be authorization_code")
    code_digest = digest(parameters.get("code") or "")
    _check(provider, client, parameters, code_digest)
    code = provider.storage.locked_code(code_digest)
    assert code is not None  # noqa: S101 - checked above, and locked since
    provider.storage.mark_code_used(code_digest)
    value = provider.random()
    token = Token(
        id=provider.identifier(), client_id=client.client_id, scope=SCOPE, issued_at=provider.now, audience=(provider.issuer + SERVICE,),
        expires_at=provider.now + LIMITS.dan_token_lifetime, grant=code.grant,
    )  # fmt: skip
    provider.storage.save_token(digest(value), token)
    return {"access_token": value, "token_type": "Bearer", "expires_in": int(LIMITS.dan_token_lifetime.total_seconds())}


def _check(provider: Provider, client: Client, parameters: Parameters, code_digest: str) -> None:
    code = provider.storage.locked_code(code_digest)
    if code is None or code.grant.client_id != client.client_id or code.grant.scope != SCOPE:
        raise DirectRefusal("invalid_grant", "the code is unknown")
    if code.used:
        provider.storage.revoke_grant(code.grant.id)
        raise DirectRefusal("invalid_grant", "the code was used")
    if provider.now > code.expires_at or not provider.storage.session_lives(code.grant.session.id):
        raise DirectRefusal("invalid_grant", "the code has expired")
    if parameters.get("redirect_uri") != code.redirect_uri:
        raise DirectRefusal("invalid_grant", "redirect_uri differs from that of the request")
    if code.code_challenge and not pkce.matches(parameters.get("code_verifier"), code.code_challenge):
        raise DirectRefusal("invalid_grant", "code_verifier does not match")


@dataclass(frozen=True)
class Data:
    """What a shown token gives a right to."""

    subject: str
    organisation: str
    agreed: frozenset[str]
    entries: tuple[scope.Entry, ...]


def data(provider: Provider, token: Token) -> Data:
    """:raises DirectRefusal: the token is of another kind."""
    if token.grant is None or token.audience != (provider.issuer + SERVICE,):
        raise DirectRefusal("invalid_token", "the token is not for this service", status=401, authenticate='Bearer error="invalid_token"')
    detail = token.grant.authorization_details[0]
    entries = tuple(scope.Entry(tuple(e["services"]), e["wsdl"], e["params"]) for e in detail["entries"])
    return Data(token.grant.session.subject, str(detail["organisation"]), frozenset(detail["agreed"]), entries)
