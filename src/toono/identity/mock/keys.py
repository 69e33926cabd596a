"""The keys that sign: made at the start, changed at a press, never stored."""

from __future__ import annotations

from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, KeySet, RSAKey

from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.registration import usable_keys
from toono.identity.domain.oidc.storage import ES256, SIGNING
from toono.kernel.jose import json_object

READ_SECONDS = 2.0
"""Of a client's keys; everybody else waits as long."""
PUBLISHED = 3
"""Generations that JWKS shows, the one that signs first."""


Key = ECKey | RSAKey


class Generations:
    """Generations of the provider's key of one algorithm, and one that it never had. Made at first need: an RSA key takes a moment."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self._made: list[Key] = []
        self._stranger: Key | None = None

    def _new(self) -> Key:
        known: KeyParameters = {"use": "sig", "alg": self.algorithm}
        return (
            ECKey.generate_key("P-256", known, auto_kid=True)
            if self.algorithm == ES256
            else RSAKey.generate_key(2048, known, auto_kid=True)
        )

    @property
    def current(self) -> Key:
        return self.published[0]

    @property
    def published(self) -> list[Key]:
        self._made = self._made or [self._new()]
        return self._made

    @property
    def stranger(self) -> Key:
        """Published nowhere: what it signs is forged."""
        self._stranger = self._stranger or self._new()
        return self._stranger

    def roll(self) -> None:
        """A new key signs from now on. Nobody was told before: the harshest way in which a client may meet it."""
        self._made = [self._new(), *self.published][:PUBLISHED]

    def sign(self, claims: dict[str, Any], typ: str, key: Key | None = None) -> str:
        key = key or self.current
        return jwt.encode({"alg": self.algorithm, "kid": key.kid, "typ": typ}, claims, key)


class Keys:
    """All that the provider signs by."""

    def __init__(self) -> None:
        self._by_algorithm = {algorithm: Generations(algorithm) for algorithm in SIGNING}

    def of(self, algorithm: str) -> Generations:
        return self._by_algorithm[algorithm]

    @property
    def current(self) -> Key:
        """By which everything is signed that a client has not asked for otherwise."""
        return self.of(ES256).current

    def roll(self) -> None:
        for generations in self._by_algorithm.values():
            generations.roll()

    def _published(self) -> list[Key]:
        return [key for generations in self._by_algorithm.values() for key in generations.published]

    def published(self) -> KeySet:
        return KeySet(list(self._published()))

    def document(self) -> dict[str, Any]:
        """As at ``jwks_uri``."""
        return {"keys": [dict(key.as_dict(private=False)) for key in self._published()]}


def published_keys(uri: str, anew: bool) -> tuple[Any, ...]:
    """What stands at a client's ``jwks_uri`` now; nothing where it cannot be read. Never kept: whoever changes a key wants to see what comes of it."""
    try:
        found = httpx.get(uri, timeout=READ_SECONDS, trust_env=False)
        return usable_keys(json_object(found.content)) if found.status_code == 200 else ()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, DirectRefusal):
        return ()
