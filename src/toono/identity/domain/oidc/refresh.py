"""Refresh tokens: RFC 6749 §6, RFC 9700 §4.14.2 (rotation in families), RFC 9449 §5.

A token is used once and gives its successor. Used again, it ends the whole family: owner and thief cannot be told apart. Except that a reply may be lost on
its way: within a short window the very same reply is given once more to the same client with the same proof, as long as its successor was not used.
To be able to, the reply is kept encrypted by a key that only the old token yields, so the store alone cannot give it.

A client of FAPI 2.0 keeps its token (§5.3.2.1, number 9): there the binding to a key does what rotation does elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from toono.identity.domain.oidc import access_token, id_token
from toono.identity.domain.oidc.binding import binding
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Binding, Client, Grant, Profile, Provider, Refresh, digest
from toono.identity.domain.oidc.token_request import TokenRequest
from toono.identity.limits import LIMITS

GRANT = "refresh_token"
_ONLY_ONCE = bytes(12)
"""The key is of one token and encrypts one reply, so the nonce of AES-GCM may be constant."""


@dataclass(kw_only=True)
class Renewal:
    """A refresh token on its way through the checks."""

    asked: TokenRequest
    token: str
    digest: str
    found: Refresh
    binding: Binding


def token_is_bound_to_the_same_key(r: Renewal) -> None:
    """Only a public client's refresh token is bound (RFC 9449 §5); another client proves itself each time."""
    if r.found.binding and r.found.binding != r.binding:
        raise DirectRefusal("invalid_grant", "the token is bound to another key")


def grant_lives(r: Renewal) -> None:
    over = r.found.grant.revoked or r.asked.provider.now > r.found.expires_at
    if over or not (r.found.grant.offline or r.asked.provider.storage.session_lives(r.found.grant.session.id)):
        raise DirectRefusal("invalid_grant", "the token has ended")


def token_is_used_once(r: Renewal) -> None:
    """Reached by a token that was replaced and is not answered by its lost reply."""
    if r.found.replaced_at is not None:
        r.asked.provider.storage.revoke_grant(r.found.grant.id)
        raise DirectRefusal("invalid_grant", "the token was used; all tokens of its family have ended")


CHECKS: tuple[Callable[[Renewal], None], ...] = (token_is_bound_to_the_same_key, grant_lives)


def tokens(t: TokenRequest) -> dict[str, Any]:
    """New tokens for a refresh token."""
    r = _found(t)
    for check in CHECKS:
        check(r)
    lost = _lost_reply(r)
    if lost is not None:
        t.provider.storage.forget_reply(r.digest)
        return lost
    token_is_used_once(r)
    reply = _reply(r)
    if t.client.profile is Profile.FAPI2:
        return reply | {"refresh_token": r.token}
    return _rotated(r, reply)


def first(provider: Provider, client: Client, grant: Grant, shown: Binding) -> str:
    """The first token of a family."""
    value = provider.random()
    kept = Refresh(grant=grant, binding=shown if client.public else Binding(), expires_at=provider.now + LIMITS.refresh_token_lifetime)
    provider.storage.save_refresh(digest(value), kept)
    return value


def _found(t: TokenRequest) -> Renewal:
    """Another client's token is as good as unknown, and ends nothing."""
    token = t.needed("refresh_token")
    found = t.provider.storage.locked_refresh(digest(token))
    if found is None or found.grant.client_id != t.client.client_id:
        raise DirectRefusal("invalid_grant", "the token is unknown")
    return Renewal(asked=t, token=token, digest=digest(token), found=found, binding=binding(t.provider, t.client, t.request))


def _reply(r: Renewal) -> dict[str, Any]:
    t, grant = r.asked, r.found.grant
    scope = t.scope(frozenset(grant.scope.split()))
    details = t.details(tuple(grant.authorization_details))
    wish = access_token.Wish(
        client=t.client, scope=scope, resources=t.resources(grant.resources), binding=r.binding, grant=grant, authorization_details=details
    )  # fmt: skip
    value, reply = access_token.issue(t.provider, wish)
    if "openid" in scope.split():
        reply["id_token"] = id_token.id_token(t.provider, t.client, grant, access_token=value)
    return reply


def _rotated(r: Renewal, reply: dict[str, Any]) -> dict[str, Any]:
    provider, successor = r.asked.provider, r.asked.provider.random()
    whole = reply | {"refresh_token": successor}
    kept = Refresh(grant=r.found.grant, binding=r.found.binding, expires_at=provider.now + LIMITS.refresh_token_lifetime)
    provider.storage.save_refresh(digest(successor), kept)
    provider.storage.replace_refresh(r.digest, successor=digest(successor), sealed_reply=sealed(r.token, whole, _wish(r)))
    return whole


# -- a lost reply ---------------------------------------------------------------------------------------------


def _wish(r: Renewal) -> str:
    """What makes a request the same: what is asked for, and the key that is shown."""
    asked = [r.asked.get(name) for name in ("scope", "resource", "authorization_details")]
    return json.dumps([asked, r.binding.jkt, r.binding.x5t])


def _lost_reply(r: Renewal) -> dict[str, Any] | None:
    """The reply that replaced this token, if it may be given again."""
    replaced = r.found.replaced_at
    if replaced is None or not r.found.sealed_reply or r.found.successor_used:
        return None
    if r.asked.provider.now - replaced > LIMITS.refresh_redelivery:
        return None
    return opened(r.token, r.found.sealed_reply, _wish(r))


def _key(token: str) -> AESGCM:
    return AESGCM(hashlib.sha256(b"toono refresh reply\0" + token.encode()).digest())


def sealed(token: str, reply: dict[str, Any], wish: str) -> str:
    """The reply, readable by who has the token and asks the same."""
    return base64.b64encode(_key(token).encrypt(_ONLY_ONCE, json.dumps(reply).encode(), wish.encode())).decode()


def opened(token: str, text: str, wish: str) -> dict[str, Any] | None:
    """What :func:`sealed` kept; None for another token or wish."""
    try:
        found: dict[str, Any] = json.loads(_key(token).decrypt(_ONLY_ONCE, base64.b64decode(text), wish.encode()))
    except (InvalidTag, ValueError):
        return None
    return found
