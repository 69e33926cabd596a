"""The userinfo endpoint: OpenID Connect Core 1.0 §5.3; plain, signed, or signed and encrypted (§5.3.2).

A Mongolian has a clan name, a patronymic and a given name, and no family name: the standard claim ``family_name`` would be wrong for everybody,
so the first two are claims of our own, under the scope ``register``. ``name`` (§5.1) is the patronymic and the given name, whole and in this
sequence, as a person's certificate has them: «Ганбат Сарнай». Neither the short «Г.Сарнай», which stands for officers, nor a form with an
ending: what ending a name takes no program knows surely.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toono.identity.domain.oidc import encryption, subjects
from toono.identity.domain.oidc.bearer import shown_token, unfit
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Client, Provider

REGISTER_SCOPE = "register"
PROFILE_SCOPE = "profile"
OFFLINE_SCOPE = "offline_access"
CLAIMS_BY_SCOPE: Mapping[str, tuple[str, ...]] = {
    REGISTER_SCOPE: ("clan_name", "patronymic", "given_name", "civil_id"),
    PROFILE_SCOPE: ("name", "given_name"),
}
"""What each scope gives of a person; ``profile`` is that of §5.4, as far as we know its claims. Everything else about claims is derived from here."""
CLAIMS = tuple(dict.fromkeys(name for names in CLAIMS_BY_SCOPE.values() for name in names))
"""Each claim once, in the sequence in which a person is asked."""
PERSONAL_SCOPES = frozenset({"openid", OFFLINE_SCOPE, *CLAIMS_BY_SCOPE})
"""They speak of a person, so a client that acts for itself cannot have them."""
UNSERVED_SCOPES = frozenset({"email", "phone", "address"})
"""Scopes of §5.4 whose claims we do not give: nobody has them registered, so no token says them."""


def claims_of(scopes: Iterable[str]) -> tuple[str, ...]:
    """The claims that these scopes give, each once, in the sequence of :data:`CLAIMS`."""
    given = {name for scope in scopes for name in CLAIMS_BY_SCOPE.get(scope, ())}
    return tuple(name for name in CLAIMS if name in given)


def of_person(provider: Provider, subject: str, names: tuple[str, ...]) -> dict[str, str]:
    """The values of these claims; what nobody knows is left out (§5.3.2)."""
    if not names:
        return {}
    register = provider.storage.register_claims(subject)
    whole = " ".join(part for part in (register.get("patronymic"), register.get("given_name")) if part)
    known = {**register, "name": whole} if whole else register
    return {name: known[name] for name in names if name in known}


def userinfo(*, provider: Provider, request: Request) -> dict[str, Any] | str:
    """The claims that the person allowed; a compact JWT for a client that registered for one.

    :raises DirectRefusal: no living token for this endpoint was shown (RFC 6750 §3.1).
    """
    token = shown_token(provider, request)
    client = provider.storage.client(token.client_id)
    if client is None or token.grant is None or provider.issuer not in token.audience or "openid" not in token.scope.split():
        raise unfit(token)
    subject = token.grant.session.subject
    allowed = _allowed(token.scope, token.grant.scope, token.grant.userinfo_claims)
    found = {"sub": subjects.name(provider, client, subject), **of_person(provider, subject, allowed)}
    return _packed(provider, client, found)


def _allowed(scope: str, granted: str, claims: tuple[str, ...]) -> tuple[str, ...]:
    """A token that was narrowed to leave a scope out tells nothing that this scope alone gave; what was asked for by name alone stays."""
    gone = set(claims_of(granted.split())).difference(claims_of(scope.split()))
    return tuple(name for name in CLAIMS if name in claims and name not in gone)


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
