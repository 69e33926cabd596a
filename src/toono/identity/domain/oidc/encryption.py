"""Answers that only the client can read: RFC 7516 to its registered key; nested, so signed within (Core §16.14)."""

from __future__ import annotations

from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from toono.identity.domain.oidc.storage import Client

ALGORITHMS = {"ECDH-ES": "EC", "ECDH-ES+A256KW": "EC", "RSA-OAEP-256": "RSA"}
ENCODINGS = ("A256GCM", "A128GCM")
_REGISTRY = jwe.JWERegistry(algorithms=[*ALGORITHMS, *ENCODINGS])


def key_for_encryption(client: Client) -> dict[str, Any] | None:
    """The first registered key that fits the algorithm."""
    kind = ALGORITHMS.get(client.userinfo_encrypted_response_alg)
    return next((dict(key) for key in client.jwks if key.get("kty") == kind and key.get("use") == "enc"), None)


def encrypted(client: Client, signed: str) -> str:
    """``signed`` as compact JWE. Registration made sure that there is a key."""
    raw = key_for_encryption(client)
    assert raw is not None  # noqa: S101
    key = KeySet.import_key_set({"keys": [raw]}).keys[0]
    assert isinstance(key, ECKey | RSAKey | OKPKey)  # noqa: S101
    header = {"alg": client.userinfo_encrypted_response_alg, "enc": client.userinfo_encrypted_response_enc or "A256GCM", "cty": "JWT"}
    kid = {"kid": str(raw["kid"])} if "kid" in raw else {}
    return jwe.encrypt_compact(header | kid, signed, key, registry=_REGISTRY)
