"""Who asks at the token endpoint: RFC 6749 §2.3.1 (``client_secret_basic``, ``client_secret_post``), §3.2.1 (public clients)."""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import unquote_plus

from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Client, Provider, digest


def authenticated_client(provider: Provider, parameters: Parameters, authorization: str | None) -> Client:
    """The client that proved itself.

    :raises DirectRefusal: ``invalid_client``, or ``invalid_request`` for two methods at once.
    """
    if authorization is not None:
        if parameters.get("client_secret") is not None:
            raise DirectRefusal("invalid_request", "the client authenticates by two methods at once")
        client_id, secret = _basic(authorization)
        if parameters.get("client_id") not in (None, client_id):
            raise DirectRefusal("invalid_request", "client_id differs from the authenticated client")
    else:
        client_id, secret = parameters.get("client_id") or "", parameters.get("client_secret") or ""
    client = provider.storage.client(client_id)
    if client is None or not _proven(client, secret):
        raise _refused("unknown client or wrong secret")
    return client


def _proven(client: Client, secret: str) -> bool:
    """A public client has no secret and must send none."""
    if client.public:
        return not secret
    return hmac.compare_digest(digest(secret), client.secret_digest)


def _basic(header: str) -> tuple[str, str]:
    """RFC 7617, with both parts form-encoded first (RFC 6749 §2.3.1)."""
    scheme, _, value = header.partition(" ")
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _refused("malformed Authorization header") from None
    client_id, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _refused("malformed Authorization header")
    return unquote_plus(client_id), unquote_plus(secret)


def _refused(description: str) -> DirectRefusal:
    return DirectRefusal("invalid_client", description, status=401, authenticate='Basic realm="token", charset="UTF-8"')
