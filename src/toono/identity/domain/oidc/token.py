"""The token endpoint: OpenID Connect Core 1.0 §3.1.3, RFC 6749 §4.1.3, §5."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toono.identity.domain.oidc import id_token, pkce
from toono.identity.domain.oidc.client_authentication import authenticated_client
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Client, Code, Provider, Token, digest
from toono.identity.limits import LIMITS


@dataclass(kw_only=True)
class Exchange:
    """One request on its way through the checks."""

    provider: Provider
    parameters: Parameters
    authorization: str | None
    client: Client | None = None
    code_digest: str = ""
    code: Code | None = None


def no_parameter_is_repeated(e: Exchange) -> None:
    if e.parameters.repeated:
        raise DirectRefusal("invalid_request", "a parameter is repeated")


def client_proves_itself(e: Exchange) -> None:
    e.client = authenticated_client(e.provider, e.parameters, e.authorization)


def grant_is_supported(e: Exchange) -> None:
    grant = e.parameters.get("grant_type")
    if grant is None:
        raise DirectRefusal("invalid_request", "grant_type is missing")
    if grant != "authorization_code":
        raise DirectRefusal("unsupported_grant_type", "only authorization_code is supported")


def code_is_the_clients(e: Exchange) -> None:
    """A code of another client is as good as unknown, and is not burnt by the wrong one."""
    if e.parameters.get("code") is None:
        raise DirectRefusal("invalid_request", "code is missing")
    e.code_digest = digest(e.parameters.values["code"])
    e.code = e.provider.storage.locked_code(e.code_digest)
    if e.code is None or e.client is None or e.code.client_id != e.client.client_id:
        raise DirectRefusal("invalid_grant", "the code is unknown")


def code_is_used_once(e: Exchange) -> None:
    """RFC 6749 §4.1.2: a second use revokes what the first gave, for one of the two is a thief."""
    assert e.code is not None  # noqa: S101
    if e.code.used:
        e.provider.storage.revoke_tokens(code_digest=e.code_digest)
        raise DirectRefusal("invalid_grant", "the code was used")


def code_is_in_time(e: Exchange) -> None:
    assert e.code is not None  # noqa: S101
    if e.provider.now > e.code.expires_at or not e.provider.storage.session_lives(e.code.session.id):
        raise DirectRefusal("invalid_grant", "the code has expired")


def redirect_is_the_same(e: Exchange) -> None:
    assert e.code is not None  # noqa: S101
    if e.parameters.get("redirect_uri") != e.code.redirect_uri:
        raise DirectRefusal("invalid_grant", "redirect_uri differs from that of the authorization request")


def verifier_matches(e: Exchange) -> None:
    assert e.code is not None  # noqa: S101
    if not pkce.matches(e.parameters.get("code_verifier"), e.code.code_challenge):
        raise DirectRefusal("invalid_grant", "code_verifier does not match")


CHECKS: tuple[Callable[[Exchange], None], ...] = (
    no_parameter_is_repeated,
    client_proves_itself,
    grant_is_supported,
    code_is_the_clients,
    code_is_used_once,
    code_is_in_time,
    redirect_is_the_same,
    verifier_matches,
)


def exchange(*, provider: Provider, parameters: Parameters | None, authorization: str | None) -> dict[str, Any]:
    """Give tokens for a code. Runs in one transaction: of many at once with one code, one wins.

    :raises DirectRefusal: the answer is an error; what the checks have written (a revocation) must be kept.
    """
    if parameters is None:
        raise DirectRefusal("invalid_request", "the request is no form, or too long")
    e = Exchange(provider=provider, parameters=parameters, authorization=authorization)
    for check in CHECKS:
        check(e)
    assert e.code is not None  # noqa: S101
    return _tokens(e, e.code)


def _tokens(e: Exchange, code: Code) -> dict[str, Any]:
    access_token = e.provider.random()
    lifetime = LIMITS.access_token_lifetime
    e.provider.storage.mark_code_used(e.code_digest)
    token = Token(client_id=code.client_id, scope=code.scope, subject=code.session.subject, expires_at=e.provider.now + lifetime)
    e.provider.storage.save_token(digest(access_token), token, code_digest=e.code_digest)
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": int(lifetime.total_seconds()),
        "scope": code.scope,
        "id_token": e.provider.sign(id_token.claims(e.provider, code, access_token)),
    }
