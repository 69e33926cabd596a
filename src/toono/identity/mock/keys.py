"""The keys that sign: made at the start, changed at a press, never stored."""

from __future__ import annotations

from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from toono.identity.domain.oidc.id_token import ALGORITHM
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.registration import usable_keys
from toono.kernel.jose import json_object

READ_SECONDS = 2.0
"""Of a client's keys; everybody else waits as long."""
PUBLISHED = 3
"""Generations that JWKS shows, the one that signs first."""


def _new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)


class Keys:
    """Generations of the provider's key, and one that it never had."""

    def __init__(self) -> None:
        self._generations = [_new_key()]
        self.stranger = _new_key()
        """Published nowhere: what it signs is forged."""

    @property
    def current(self) -> ECKey:
        return self._generations[0]

    def roll(self) -> None:
        """A new key signs from now on. Nobody was told before: the harshest way in which a client may meet it."""
        self._generations = [_new_key(), *self._generations][:PUBLISHED]

    def published(self) -> KeySet:
        return KeySet(list(self._generations))

    def document(self) -> dict[str, Any]:
        """As at ``jwks_uri``."""
        return {"keys": [dict(key.as_dict(private=False)) for key in self._generations]}

    def sign(self, claims: dict[str, Any], typ: str, key: ECKey | None = None) -> str:
        key = key or self.current
        return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": typ}, claims, key)


def published_keys(uri: str, anew: bool) -> tuple[Any, ...]:
    """What stands at a client's ``jwks_uri`` now; nothing where it cannot be read. Never kept: whoever changes a key wants to see what comes of it."""
    try:
        found = httpx.get(uri, timeout=READ_SECONDS, trust_env=False)
        return usable_keys(json_object(found.content)) if found.status_code == 200 else ()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, DirectRefusal):
        return ()
