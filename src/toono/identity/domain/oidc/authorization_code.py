"""Tokens for an authorization code: OpenID Connect Core §3.1.3, RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 9449 §10."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from toono.identity.domain.oidc import access_token, authorization_details, credential, id_token, pkce, refresh
from toono.identity.domain.oidc.binding import binding
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Binding, Code, digest
from toono.identity.domain.oidc.token_request import TokenRequest

GRANT = "authorization_code"
_SCOPES = frozenset({"openid", credential.SCOPE})
"""One of them is in each grant of the authorization endpoint."""


@dataclass(kw_only=True)
class Exchange:
    """A code on its way through the checks."""

    asked: TokenRequest
    code_digest: str
    code: Code
    binding: Binding = field(default_factory=Binding)


def code_is_used_once(e: Exchange) -> None:
    """RFC 6749 §4.1.2: a second use ends what the first gave, for one of the two is a thief."""
    if e.code.used:
        e.asked.provider.storage.revoke_grant(e.code.grant.id)
        raise DirectRefusal("invalid_grant", "the code was used")


def code_is_in_time(e: Exchange) -> None:
    if e.asked.provider.now > e.code.expires_at or not e.asked.provider.storage.session_lives(e.code.grant.session.id):
        raise DirectRefusal("invalid_grant", "the code has expired")


def redirect_is_the_same(e: Exchange) -> None:
    if e.asked.get("redirect_uri") != e.code.redirect_uri:
        raise DirectRefusal("invalid_grant", "redirect_uri differs from that of the authorization request")


def verifier_matches(e: Exchange) -> None:
    """RFC 7636 §4.6. A verifier for a code without a challenge tells that somebody took the challenge out of the request (RFC 9700 §4.8.2)."""
    if not e.code.code_challenge and not e.asked.client.require_pkce:
        if e.asked.get("code_verifier") is not None:
            raise DirectRefusal("invalid_grant", "code_verifier has no counterpart: the request had no code_challenge")
        return
    if not pkce.matches(e.asked.get("code_verifier"), e.code.code_challenge):
        raise DirectRefusal("invalid_grant", "code_verifier does not match")


def key_is_shown(e: Exchange) -> None:
    e.binding = binding(e.asked.provider, e.asked.client, e.asked.request)
    if e.code.dpop_jkt and e.binding.jkt != e.code.dpop_jkt:
        raise DirectRefusal("invalid_dpop_proof", "the code is bound to another key")


CHECKS: tuple[Callable[[Exchange], None], ...] = (code_is_used_once, code_is_in_time, redirect_is_the_same, verifier_matches, key_is_shown)


def tokens(t: TokenRequest) -> dict[str, Any]:
    """Access token and id token; a refresh token, if the client is registered for it."""
    e = _found(t)
    for check in CHECKS:
        check(e)
    grant = e.code.grant
    wanted = t.resources(grant.resources)
    t.provider.storage.mark_code_used(e.code_digest)
    wish = access_token.Wish(
        client=t.client, scope=grant.scope, resources=wanted, binding=e.binding, grant=grant, authorization_details=grant.authorization_details
    )  # fmt: skip
    value, reply = access_token.issue(t.provider, wish)
    signing = authorization_details.of_credential(tuple(grant.authorization_details))
    if (
        signing is not None
    ):  # good for what was confirmed, so it is not renewed; which credential it is for, CSC API v2 wants to stand beside it
        return reply | {"credentialID": signing.get("credentialID", "")}
    if refresh.GRANT in t.client.grant_types:
        reply["refresh_token"] = refresh.first(t.provider, t.client, grant, e.binding)
    if "openid" in grant.scope.split():
        reply["id_token"] = id_token.id_token(t.provider, t.client, grant, access_token=value, nonce=e.code.nonce)
    return reply


def _found(t: TokenRequest) -> Exchange:
    """A code of another client, or of ДАН's endpoint, is as good as unknown, and is not burnt by the wrong one."""
    code_digest = digest(t.needed("code"))
    code = t.provider.storage.locked_code(code_digest)
    if code is None or code.grant.client_id != t.client.client_id or not _SCOPES.intersection(code.grant.scope.split()):
        raise DirectRefusal("invalid_grant", "the code is unknown")
    return Exchange(asked=t, code_digest=code_digest, code=code)
