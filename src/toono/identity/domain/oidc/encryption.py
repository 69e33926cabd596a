"""Answers that only the client can read: RFC 7516 to its registered key; nested, so signed within (Core §10.2, §16.14)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from toono.identity.domain.oidc.storage import Client, Keys, Provider

ALGORITHMS = {"ECDH-ES": "EC", "ECDH-ES+A256KW": "EC", "RSA-OAEP-256": "RSA"}
ENCODINGS = ("A256GCM", "A128GCM")
_REGISTRY = jwe.JWERegistry(algorithms=[*ALGORITHMS, *ENCODINGS], strict_check_header=False)
NO_HEADER: Mapping[str, str] = MappingProxyType({})


class NoKey(Exception):
    """The client publishes no key that fits its registration."""


def key_for_encryption(client: Client, algorithm: str, published: Keys = ()) -> dict[str, Any] | None:
    """The first of the client's keys that fits the algorithm and is meant for encryption."""
    kind = ALGORITHMS.get(algorithm)
    return next((dict(key) for key in client.jwks or published if key.get("kty") == kind and key.get("use") == "enc"), None)


def is_possible(client: Client, algorithm: str) -> bool:
    """Whether what is encrypted by ``algorithm`` could be read by the client; keys at an address are looked at when they are needed."""
    return algorithm in ALGORITHMS and bool(client.jwks_uri or key_for_encryption(client, algorithm))


def encrypted(
    provider: Provider, client: Client, signed: str, *, algorithm: str, encoding: str, header: Mapping[str, str] = NO_HEADER
) -> str:
    """``signed`` as compact JWE.

    :param encoding: empty: A256GCM.
    :param header: claims that stand outside as well (RFC 7519 §5.3).
    :raises NoKey: rather than that anybody else could read it. A client that registered its keys by value was made sure to have one that fits.
    """
    raw = key_for_encryption(client, algorithm, provider.published_keys(client.jwks_uri, False) if client.jwks_uri else ())
    if raw is None:
        raise NoKey
    key = KeySet.import_key_set({"keys": [raw]}).keys[0]
    assert isinstance(key, ECKey | RSAKey | OKPKey)  # noqa: S101
    outside = {"alg": algorithm, "enc": encoding or "A256GCM", "cty": "JWT", **header} | ({"kid": str(raw["kid"])} if "kid" in raw else {})
    return jwe.encrypt_compact(outside, signed, key, registry=_REGISTRY)


def like_an_id_token(provider: Provider, client: Client, signed: str, header: Mapping[str, str] = NO_HEADER) -> str:
    """``signed``, encrypted for a client that registered for encrypted id tokens; else as it is.

    :raises NoKey:
    """
    if not client.id_token_encrypted_response_alg:
        return signed
    how = {"algorithm": client.id_token_encrypted_response_alg, "encoding": client.id_token_encrypted_response_enc}
    return encrypted(provider, client, signed, header=header, **how)
