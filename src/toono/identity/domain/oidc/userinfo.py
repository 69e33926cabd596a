"""The userinfo endpoint: OpenID Connect Core 1.0 §5.3; plain, signed, or signed and encrypted (§5.3.2).

A Mongolian has a clan name, a patronymic and a given name, and no family name; the standard claims ``family_name`` and
``name`` would be wrong for everybody, so the first two are claims of our own, under the scope ``register``.
"""

from __future__ import annotations

from typing import Any

from toono.identity.domain.oidc import encryption, subjects
from toono.identity.domain.oidc.bearer import shown_token, unfit
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Client, Provider

REGISTER_SCOPE = "register"
REGISTER_CLAIMS = ("clan_name", "patronymic", "given_name", "civil_id")
OFFLINE_SCOPE = "offline_access"
PERSONAL_SCOPES = frozenset({"openid", REGISTER_SCOPE, OFFLINE_SCOPE})
"""They speak of a person, so a client that acts for itself cannot have them."""


def userinfo(*, provider: Provider, request: Request) -> dict[str, Any] | str:
    """The claims that the person allowed; a compact JWT for a client that registered for one.

    :raises DirectRefusal: no living token for this endpoint was shown (RFC 6750 §3.1).
    """
    token = shown_token(provider, request)
    client = provider.storage.client(token.client_id)
    if client is None or token.grant is None or provider.issuer not in token.audience or "openid" not in token.scope.split():
        raise unfit(token)
    subject = token.grant.session.subject
    register = provider.storage.register_claims(subject) if token.grant.userinfo_claims else {}
    allowed = _allowed(token.scope, token.grant.scope, token.grant.userinfo_claims)
    found = {"sub": subjects.name(provider, client, subject), **{name: register[name] for name in allowed if name in register}}
    return _packed(provider, client, found)


def _allowed(scope: str, granted: str, claims: tuple[str, ...]) -> tuple[str, ...]:
    """A token whose scope was narrowed to leave ``register`` out tells nothing of it."""
    narrowed = REGISTER_SCOPE in granted.split() and REGISTER_SCOPE not in scope.split()
    return () if narrowed else tuple(name for name in REGISTER_CLAIMS if name in claims)


def _packed(provider: Provider, client: Client, found: dict[str, Any]) -> dict[str, Any] | str:
    if not client.userinfo_signed_response_alg:
        return found
    claims = found | {"iss": provider.issuer, "aud": client.client_id, "iat": int(provider.now.timestamp())}
    signed = provider.sign(claims, "JWT", client.userinfo_signed_response_alg)
    if not client.userinfo_encrypted_response_alg:
        return signed
    try:
        return encryption.encrypted(
            provider, client, signed, algorithm=client.userinfo_encrypted_response_alg, encoding=client.userinfo_encrypted_response_enc
        )
    except encryption.NoKey:
        raise DirectRefusal("invalid_request", "jwks_uri holds no key for userinfo_encrypted_response_alg") from None
