"""Answers that only the client can read: RFC 7516 to its registered key; nested, so signed within (Core §16.14)."""

from __future__ import annotations

from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from toono.identity.domain.oidc.storage import Client, Keys

ALGORITHMS = {"ECDH-ES": "EC", "ECDH-ES+A256KW": "EC", "RSA-OAEP-256": "RSA"}
ENCODINGS = ("A256GCM", "A128GCM")
_REGISTRY = jwe.JWERegistry(algorithms=[*ALGORITHMS, *ENCODINGS])


class NoKey(Exception):
    """The client publishes no key that fits its registration."""


def key_for_encryption(client: Client, published: Keys = ()) -> dict[str, Any] | None:
    """The first of the client's keys that fits the algorithm."""
    kind = ALGORITHMS.get(client.userinfo_encrypted_response_alg)
    return next((dict(key) for key in client.jwks or published if key.get("kty") == kind and key.get("use") == "enc"), None)


def encrypted(client: Client, signed: str, published: Keys = ()) -> str:
    """``signed`` as compact JWE.

    :param published: keys at the client's ``jwks_uri``; one that registered keys by value was made sure to have one that fits.
    :raises NoKey: rather than that anybody else could read it.
    """
    raw = key_for_encryption(client, published)
    if raw is None:
        raise NoKey
    key = KeySet.import_key_set({"keys": [raw]}).keys[0]
    assert isinstance(key, ECKey | RSAKey | OKPKey)  # noqa: S101
    header = {"alg": client.userinfo_encrypted_response_alg, "enc": client.userinfo_encrypted_response_enc or "A256GCM", "cty": "JWT"}
    kid = {"kid": str(raw["kid"])} if "kid" in raw else {}
    return jwe.encrypt_compact(header | kid, signed, key, registry=_REGISTRY)
