"""The keys that sign: made at the start, changed at a press, never stored."""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from toono.identity.domain.oidc.id_token import ALGORITHM

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
