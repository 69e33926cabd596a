"""For whom a token is: RFC 8707. One token has one audience, so a request names at most one resource; a token without one is for the provider's own userinfo."""

from __future__ import annotations

from urllib.parse import urlsplit

from toono.identity.domain.oidc.storage import Client


class InvalidTarget(Exception):
    """RFC 8707 §2: ``invalid_target``."""


def wanted(client: Client, value: str | None, *, allowed: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """The resource of a request, compared to the letter with what the client has registered.

    :param allowed: what the grant allows, where there is one: later requests stay within it, and one resource is meant when none is named.
    :raises InvalidTarget: unknown, or no address.
    """
    if value is None:
        return (allowed or ())[:1]
    if not is_address(value) or value not in client.resources or (allowed is not None and value not in allowed):
        raise InvalidTarget("resource is none that this client may ask for")
    return (value,)


def is_address(value: str) -> bool:
    """§2: an absolute URI without a fragment."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and "#" not in value and value.isascii() and " " not in value
