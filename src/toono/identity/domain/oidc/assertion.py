"""``private_key_jwt``: RFC 7521, RFC 7523 §3, OpenID Connect Core §9.

The audience is the issuer, and of clients of FAPI 2.0 nothing else (§5.3.2.1). Others may name any endpoint at which clients authenticate: RFC 9126 §2 and
CIBA Core §7.1 have several taken, whichever of them is asked. A foreign audience beside ours refuses all: what was made for another could be brought to us.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from toono.identity.domain.oidc import client_keys
from toono.identity.domain.oidc.endpoints import AUTHENTICATING, ENDPOINTS
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import BY_KEY, Client, Profile, Provider, digest
from toono.identity.limits import LIMITS

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KINDS = ("jwt", "client-authentication+jwt")
"""Values of ``typ`` that are taken, beside none: RFC 7519 §5.1, RFC 7523bis §4. What a client signs for another purpose is no proof of it."""
_PATHS = tuple(ENDPOINTS[name] for name in AUTHENTICATING)
_BELOW_ISSUER = frozenset({"", *_PATHS})


def proven_client(provider: Provider, parameters: Parameters) -> Client:
    """The client that signed the assertion; its ``jti`` is used up.

    :raises DirectRefusal: ``invalid_client``.
    """
    text = parameters.get("client_assertion") or ""
    if parameters.get("client_assertion_type") != TYPE:
        raise refused(f"client_assertion_type must be {TYPE}")
    try:
        claimed = client_keys.parts(text).claims
        client = provider.storage.client(_text(claimed, "iss"))
        if client is None or client.token_endpoint_auth_method != BY_KEY:
            raise refused("unknown client, or one that authenticates in another way")
        claims = client_keys.read(client, text, typ=KINDS, published=provider.published_keys)
    except client_keys.NotSigned as error:
        raise refused(str(error)) from None
    _check(provider, client, claims, parameters.get("client_id"))
    return client


def _check(provider: Provider, client: Client, claims: dict[str, Any], client_id: str | None) -> None:
    if claims.get("sub") != client.client_id or client_id not in (None, client.client_id):
        raise refused("iss, sub and client_id must be the client")
    if not _is_for_us(provider, client, claims.get("aud")):
        raise refused(_audiences(provider, client))
    expires = moment(claims, "exp")
    now = int(provider.now.timestamp())
    if expires is None or not now - skew() < expires <= now + LIMITS.assertion_lifetime.total_seconds() + skew():
        raise refused("the assertion has expired, or lives too long")
    if max(moment(claims, "iat") or 0, moment(claims, "nbf") or 0) > now + skew():
        raise refused("the assertion comes from the future")
    jti = _text(claims, "jti")
    until = provider.now + timedelta(seconds=expires - now + 2 * skew())
    if not 0 < len(jti) <= 200 or not provider.storage.use_once("assertion", digest(f"{client.client_id} {jti}"), until):
        raise refused("jti is missing, too long, or was used")


def _is_for_us(provider: Provider, client: Client, audience: Any) -> bool:
    if client.profile is Profile.FAPI2:
        return bool(audience == provider.issuer)
    named = audience if isinstance(audience, list) else [audience]
    return bool(named) and all(_is_ours(provider.issuer, one) for one in named)


def _is_ours(issuer: str, address: Any) -> bool:
    return isinstance(address, str) and address.startswith(issuer) and address[len(issuer) :] in _BELOW_ISSUER


def _audiences(provider: Provider, client: Client) -> str:
    """What :func:`_is_for_us` takes, in words."""
    if client.profile is Profile.FAPI2:
        return f"aud must be {provider.issuer}, as a text"
    return f"aud must be {provider.issuer} or that with one of {', '.join(_PATHS)}, and nothing else"


def skew() -> float:
    """How far clocks may differ, in seconds."""
    return LIMITS.clock_skew.total_seconds()


def moment(claims: dict[str, Any], name: str) -> int | None:
    """A NumericDate (RFC 7519 §2); None if there is none.

    :raises DirectRefusal: it is something else.
    """
    found = claims.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not -1 < found < 1e11:
        raise refused(f"{name} is no number of seconds")
    return int(found)


def _text(claims: dict[str, Any], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or "\0" in found:
        raise refused(f"{name} is missing")
    return found


def refused(description: str) -> DirectRefusal:
    return DirectRefusal("invalid_client", description, status=401, authenticate='Basic realm="token", charset="UTF-8"')
