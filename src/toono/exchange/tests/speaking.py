"""A client of the native dialect whose signatures and assertions are made by libraries that others wrote (http-message-signatures, Authlib)."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms
from joserfc.jwk import ECKey

from toono.exchange.tests.lab import LabClient


class Keys(HTTPSignatureKeyResolver):
    """The one key of a client."""

    def __init__(self, client: LabClient) -> None:
        self.client = client

    def resolve_private_key(self, key_id: str) -> bytes:
        return self.client.private_pem


def sign(client: LabClient, request: httpx.Request, *, covered: list[str] | None = None, **options: Any) -> httpx.Request:
    """``request`` with a signature over all that the native dialect asks for."""
    names = [n for n in request.headers if n == "authorization" or n == "idempotency-key" or n.startswith("toono-")]
    body = request.read()
    components = covered or ["@method", "@target-uri", *names] + (["content-digest"] if body else [])
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=Keys(client))
    values = {"created": datetime.now(UTC), "nonce": secrets.token_urlsafe(16), "label": "sig1", "include_alg": True} | options
    signer.sign(request, key_id=values.pop("key_id", client.key_id), covered_component_ids=components, body=body or None, **values)
    return request


@dataclass
class Speaker:
    """A client at one gateway."""

    client: LabClient
    base_url: str
    send_to: str = ""
    """Where the requests really go; empty: the same."""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))
    _token: str = ""

    def token(self, *, fresh: bool = False) -> str:
        """An access token, asked for by Authlib's client."""
        if fresh or not self._token:
            key = ECKey.import_key(self.client.private_pem)
            claims = {"exp": int(time.time()) + 60}  # Authlib's own choice, an hour, is longer than the exchange takes
            way = PrivateKeyJWT(f"{self.base_url}/oauth/token", claims=claims, alg="ES256", headers={"kid": self.client.key_id})
            with OAuth2Client(client_id=self.client.system, client_secret=key, token_endpoint_auth_method=way) as session:
                self._token = session.fetch_token(f"{self.send_to or self.base_url}/oauth/token", grant_type="client_credentials")[
                    "access_token"
                ]
        return self._token

    def request(self, method: str, path: str, *, content: bytes | None = None, token: str | None = None, purpose: str | None = "reference", **headers: str) -> httpx.Request:  # fmt: skip
        """A signed request; underscores in header names stand for dashes. It may be sent once."""
        sent = {"Authorization": f"Bearer {self.token() if token is None else token}"}
        if purpose is not None:
            sent["Toono-Purpose"] = purpose
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return sign(self.client, httpx.Request(method, self.base_url + path, headers=sent, content=content))

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send what was signed."""
        if self.send_to:
            headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}
            request = httpx.Request(
                request.method, str(request.url).replace(self.base_url, self.send_to, 1), headers=headers, content=request.read() or None
            )
        return self.http.send(request)

    def call(self, service: str, path: str, *, method: str = "GET", **more: Any) -> httpx.Response:
        return self.send(self.request(method, f"/v1/{service}{path}", **more))
