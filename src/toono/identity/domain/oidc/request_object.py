"""Signed authorization requests: RFC 9101 (JAR), by value. What stands beside the object in the address counts for nothing (§6.3)."""

from __future__ import annotations

from typing import Any

from toono.identity.domain.oidc import client_keys
from toono.identity.domain.oidc.assertion import moment, skew
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Client, Provider
from toono.identity.limits import LIMITS

TYPES = ("oauth-authz-req+jwt", "jwt")
_OF_THE_TOKEN = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})
_NEVER_WITHIN = frozenset({"request", "request_uri", "sub"})
_JSON = frozenset({"claims", "authorization_details"})


class InvalidRequestObject(Exception):
    """§6.2: ``invalid_request_object``."""


def parameters(provider: Provider, client: Client, text: str) -> Parameters:
    """What the client signed, as parameters.

    :raises InvalidRequestObject: unsigned, by another, for another, too old, or with parameters that are no texts.
    """
    try:
        claims = client_keys.read(client, text, typ=TYPES, published=provider.published_keys)
        _check(provider, client, claims)
    except client_keys.NotSigned as error:
        raise InvalidRequestObject(str(error)) from None
    except DirectRefusal as refusal:
        raise InvalidRequestObject(refusal.description) from None
    return Parameters({name: _text(name, value) for name, value in claims.items() if name not in _OF_THE_TOKEN})


def _check(provider: Provider, client: Client, claims: dict[str, Any]) -> None:
    if claims.get("client_id") != client.client_id or claims.get("iss", client.client_id) != client.client_id:
        raise InvalidRequestObject("iss and client_id must be the client")
    if claims.get("aud") not in (provider.issuer, [provider.issuer]):
        raise InvalidRequestObject(f"aud must be {provider.issuer}")
    if _NEVER_WITHIN & claims.keys():
        raise InvalidRequestObject("a request object holds no other, and names no subject")
    now, expires, begins = int(provider.now.timestamp()), moment(claims, "exp"), moment(claims, "nbf")
    longest = LIMITS.request_object_lifetime.total_seconds()
    if expires is None or not now - skew() < expires <= now + longest + skew():
        raise InvalidRequestObject("exp is missing, over, or too far away")
    if max(begins or 0, moment(claims, "iat") or 0) > now + skew() or (begins is not None and begins < now - longest):
        raise InvalidRequestObject("nbf or iat is in the future, or too long ago")


def _text(name: str, value: Any) -> str:
    if name in _JSON and isinstance(value, dict | list):
        return client_keys.as_json(value)
    if name == "max_age" and type(value) is int:
        return str(value)
    if not isinstance(value, str) or "\0" in value or len(value) > LIMITS.parameter_length:
        raise InvalidRequestObject(f"{name} is no text")
    return value
