"""Who asks at a machine endpoint: RFC 6749 §2.3.1 (secret in header or form), §3.2.1 (public clients), RFC 7523 (:mod:`.assertion`), RFC 8705 §2.2 (certificate)."""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import unquote_plus

from toono.identity.domain.oidc import assertion
from toono.identity.domain.oidc.assertion import refused
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import BY_CERTIFICATE, BY_KEY, BY_NOTHING, Client, Provider, digest

BY_SECRET = ("", "client_secret_basic", "client_secret_post")
METHODS = ("client_secret_basic", "client_secret_post", BY_KEY, BY_CERTIFICATE, BY_NOTHING)


def authenticated_client(provider: Provider, request: Request) -> Client:
    """The client that proved itself.

    :raises DirectRefusal: ``invalid_client``, or ``invalid_request`` for two methods at once.
    """
    parameters = request.form()
    ways = (request.authorization, parameters.get("client_secret"), parameters.get("client_assertion"))
    if sum(way is not None for way in ways) > 1:
        raise DirectRefusal("invalid_request", "the client authenticates by two methods at once")
    if parameters.get("client_assertion") is not None:
        return assertion.proven_client(provider, parameters)
    client_id, secret = _shown(parameters, request.authorization)
    client = provider.storage.client(client_id)
    if client is None or not _proven(provider, client, secret, request):
        raise refused("unknown client or wrong secret")
    return client


def _shown(parameters: Parameters, authorization: str | None) -> tuple[str, str]:
    if authorization is None:
        return parameters.get("client_id") or "", parameters.get("client_secret") or ""
    client_id, secret = _basic(authorization)
    if parameters.get("client_id") not in (None, client_id):
        raise DirectRefusal("invalid_request", "client_id differs from the authenticated client")
    return client_id, secret


def _proven(provider: Provider, client: Client, secret: str, request: Request) -> bool:
    """A client without a secret must send none."""
    if client.token_endpoint_auth_method == BY_CERTIFICATE:
        shown = request.certificate
        return shown is not None and not secret and shown.in_time(provider.now) and shown.sha256 == client.certificate_sha256
    if client.public:
        return not secret
    kept = [known for known in (client.secret_digest, client.former_secret_digest) if known]
    return client.token_endpoint_auth_method in BY_SECRET and any([hmac.compare_digest(digest(secret), known) for known in kept])  # noqa: C419 - all are compared


def _basic(header: str) -> tuple[str, str]:
    """RFC 7617, with both parts form-encoded first (RFC 6749 §2.3.1)."""
    scheme, _, value = header.partition(" ")
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise refused("malformed Authorization header") from None
    client_id, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon or "\0" in decoded:
        raise refused("malformed Authorization header")
    return unquote_plus(client_id).replace("\0", ""), unquote_plus(secret)
