"""What a client signed: RFC 7515, with the cautions of RFC 8725. Keys are those that the client registered, by value or at its ``jwks_uri``.

Nothing in a header chooses a key from elsewhere: ``jku``, ``jwk``, ``x5u`` and ``x5c`` are refused, ``kid`` is compared with registered ones only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import joserfc.errors
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from toono.identity.domain.oidc.storage import Client, Keys, nothing_published
from toono.kernel.jose import from_base64url, json_object

ALGORITHMS = ("ES256", "PS256", "EdDSA")
"""FAPI 2.0 §5.4.1; the same for everybody."""
_HEADER = frozenset({"alg", "typ", "kid"})
_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS))
LONGEST = 16384


class NotSigned(Exception):
    """The text is not what the client's keys have signed."""


def read(
    client: Client, text: str, *, typ: tuple[str, ...] = (), published: Callable[[str, bool], Keys] = nothing_published
) -> dict[str, Any]:
    """The claims of a compact JWS that the client signed.

    :param typ: values of ``typ`` that are taken; none: ``JWT`` or nothing.
    :param published: reads the client's ``jwks_uri`` (:attr:`.Provider.published_keys`).
    :raises NotSigned: for every other text, with the reason for an engineer.
    """
    header, _ = parts(text)
    if not header.keys() <= _HEADER or header.get("alg") not in ALGORITHMS:
        raise NotSigned(f"the header must be alg ({', '.join(ALGORITHMS)}), kid and typ, and nothing else")
    if str(header.get("typ", "JWT")).lower().removeprefix("application/") not in (typ or ("jwt",)):
        raise NotSigned("typ is another")
    return verified(text, _candidates(client, header, published))


@lru_cache(maxsize=128)
def parts(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, of which nothing has been believed. For reading only: who asks twice for one text (who signed it, then whether) gets the same.

    :raises NotSigned: no compact JWS of JSON objects.
    """
    found = text.split(".")
    if len(text) > LONGEST or len(found) != 3 or not text.isascii():
        raise NotSigned("no compact JWS")
    try:
        header, claims = json_object(from_base64url(found[0])), json_object(from_base64url(found[1]))
        as_json([header, claims]).encode()  # a lone surrogate is no text and could not be kept
    except ValueError as error:
        raise NotSigned(str(error)) from None
    return header, claims


def verified(text: str, keys: list[Any]) -> dict[str, Any]:
    """The claims, if one of ``keys`` signed them.

    :raises NotSigned:
    """
    for key in keys:
        try:
            return json_object(jws.deserialize_compact(text, key, registry=_REGISTRY).payload)
        except (joserfc.errors.JoseError, ValueError, TypeError, AttributeError):
            continue
    raise NotSigned("no key of the client's has signed this")


def _candidates(client: Client, header: Mapping[str, Any], published: Callable[[str, bool], Keys]) -> list[Any]:
    """Of the registered keys those that the header can mean; a published set that has none is read once more (Core §10.1.1: rollover)."""
    if not client.jwks_uri:
        return _fitting(client.jwks, header)
    return _fitting(published(client.jwks_uri, False), header) or _fitting(published(client.jwks_uri, True), header)


def _fitting(keys: Keys, header: Mapping[str, Any]) -> list[Any]:
    kid = header.get("kid")
    wanted = {"ES256": "EC", "PS256": "RSA", "EdDSA": "OKP"}[header["alg"]]
    found = [key for key in keys if key.get("kty") == wanted and key.get("use", "sig") == "sig"]
    return [_imported(_frozen(key)) for key in found if kid is None or kid == key.get("kid")][:5]


def _frozen(key: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((name, value) for name, value in key.items() if isinstance(value, str)))


@lru_cache(maxsize=4096)
def _imported(key: tuple[tuple[str, Any], ...]) -> ECKey | RSAKey | OKPKey:
    found = KeySet.import_key_set({"keys": [dict(key)]}).keys[0]
    assert isinstance(found, ECKey | RSAKey | OKPKey)  # noqa: S101 - registration takes no other
    return found


def as_json(value: Any) -> str:
    """A claim that is JSON itself, as the parameter of the same name would hold it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
