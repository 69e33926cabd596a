"""Clients of the signer, free of Django, so that the gateway may use them too.

:class:`SignerClient` is for threads, :class:`AsyncSignerClient` for one event loop. :class:`RemoteKey` looks to the
``cryptography`` library like a private key, but every signature is made by the signer.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket as sockets
import threading
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import utils as asymmetric_utils

from toono.pki.errors import KeyUnknown, SignerRefused, SignerUnavailable

TIMEOUT_SECONDS = 5.0


class SignerClient:
    """Asks the signer over its Unix socket; one kept connection for each thread."""

    def __init__(self, socket: Path, token: str) -> None:
        self._socket, self._token = socket, token
        self._kept = threading.local()

    def sign(self, *, key: str, digests: Sequence[bytes]) -> list[bytes]:
        """ECDSA signatures (DER) over SHA-256, -384 or -512 digests, told apart by length; at most 1000 a call.

        :raises SignerUnavailable: nobody answers; nothing was signed.
        :raises KeyUnknown: no such key.
        :raises SignerRefused: this process may not sign with this key.
        """
        return _signatures(self._ask("POST", "/sign", _sign_body(key, digests)))

    def public_key(self, key: str) -> ec.EllipticCurvePublicKey:
        """:raises KeyUnknown: no such key."""
        return _public_key(self._ask("GET", f"/keys/{key}"))

    def generate(self, *, key: str, curve: str = "P-256") -> ec.EllipticCurvePublicKey:
        """Make the key inside the signer; an existing one is returned. ``curve`` is ``P-256`` or ``P-384``."""
        return _public_key(self._ask("POST", "/keys", json.dumps({"key": key, "curve": curve}).encode()))

    def health(self) -> dict[str, str]:
        """``{"status": "ok", "store": …}``; raises :class:`SignerUnavailable` otherwise."""
        return {name: str(value) for name, value in self._ask("GET", "/health").items()}

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        connection, fresh = self._connection()
        try:
            status, content = self._exchange(connection, method, path, body)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._kept.connection = None
            if not fresh:  # The signer was restarted since; signing twice does no harm, so ask once more.
                return self._ask(method, path, body)
            raise SignerUnavailable(f"{self._socket}: {error}") from error
        return _answer(status, content)

    def _exchange(self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection.request(method, path, body, _headers(self._token))
        response = connection.getresponse()
        return response.status, response.read()

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        kept: tuple[int, http.client.HTTPConnection] | None = getattr(self._kept, "connection", None)
        if kept and kept[0] == os.getpid():  # a forked child must not speak on its parent's connection
            return kept[1], False
        connection = _UnixConnection(self._socket)
        self._kept.connection = os.getpid(), connection
        return connection, True


class AsyncSignerClient:
    """The same for one event loop, over a pool of kept connections. Batching is the caller's; close it at the end."""

    def __init__(self, socket: Path, token: str, *, connections: int = 8) -> None:
        self._socket, self._token, self._connections = socket, token, connections
        self._pool: aiohttp.ClientSession | None = None

    async def sign(self, *, key: str, digests: Sequence[bytes]) -> list[bytes]:
        """See :meth:`SignerClient.sign`."""
        return _signatures(await self._ask("POST", "/sign", _sign_body(key, digests)))

    async def public_key(self, key: str) -> ec.EllipticCurvePublicKey:
        """See :meth:`SignerClient.public_key`."""
        return _public_key(await self._ask("GET", f"/keys/{key}"))

    async def generate(self, *, key: str, curve: str = "P-256") -> ec.EllipticCurvePublicKey:
        """See :meth:`SignerClient.generate`."""
        return _public_key(await self._ask("POST", "/keys", json.dumps({"key": key, "curve": curve}).encode()))

    async def health(self) -> dict[str, str]:
        """See :meth:`SignerClient.health`."""
        return {name: str(value) for name, value in (await self._ask("GET", "/health")).items()}

    async def close(self) -> None:
        """Close the pool."""
        if self._pool:
            await self._pool.close()
            self._pool = None

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        if self._pool is None:
            self._pool = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(self._socket), limit=self._connections, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                headers=_headers(self._token),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept"),
                auto_decompress=False,
            )
        # A kept connection may lead to a signer that was restarted since, which shows only in use. Signing twice does no harm,
        # so it is asked again: at most once for each connection that may be kept, and once on a new one.
        for attempt in range(self._connections + 1):
            try:
                async with self._pool.request(method, f"http://signer{path}", data=body) as response:
                    return _answer(response.status, await response.read())
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                cut = isinstance(error, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError | ConnectionError)
                nobody = isinstance(error, aiohttp.ClientConnectorError)
                if nobody or not cut or attempt == self._connections:
                    raise SignerUnavailable(f"{self._socket}: {error}") from error
        raise AssertionError("unreachable")


class RemoteKey(ec.EllipticCurvePrivateKey):
    """A key that stands in the signer. ``sign`` asks the signer, so that builders of certificates and lists work with it."""

    def __init__(self, client: SignerClient, key: str, public_key: ec.EllipticCurvePublicKey | None = None) -> None:
        self._client, self._key = client, key
        self._public_key = public_key or client.public_key(key)

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # type: ignore[override]
        """DER signature over the hash of ``data``, or over ``data`` itself if the algorithm says it is a hash already."""
        algorithm = signature_algorithm.algorithm
        if isinstance(algorithm, asymmetric_utils.Prehashed):
            return self._client.sign(key=self._key, digests=[bytes(data)])[0]
        digest = hashlib.new(algorithm.name, data).digest()
        return self._client.sign(key=self._key, digests=[digest])[0]

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public_key

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        return self._public_key.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        raise NotImplementedError("The signer signs; it does not agree on keys.")

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        raise NotImplementedError("A private key never leaves the signer.")

    def private_bytes(self, *args: object, **kwargs: object) -> bytes:
        raise NotImplementedError("A private key never leaves the signer.")

    def __copy__(self) -> RemoteKey:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> RemoteKey:
        return self


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("signer", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(str(self._path))


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _sign_body(key: str, digests: Sequence[bytes]) -> bytes:
    return json.dumps({"key": key, "digests": [b64encode(digest).decode() for digest in digests]}).encode()


def _answer(status: int, content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise SignerUnavailable(f"The signer answers {status} with something that is not JSON.") from error
    if status == 200 and isinstance(answer, dict):
        return answer
    detail = answer.get("detail", "") if isinstance(answer, dict) else ""
    if status >= 500:
        raise SignerUnavailable(f"The signer answers {status}: {detail}")
    kind = KeyUnknown if status == 404 and answer.get("code") == "key_unknown" else SignerRefused
    raise kind(detail, status=status, reason=answer.get("code"))


def _signatures(answer: dict[str, Any]) -> list[bytes]:
    return [b64decode(text) for text in answer["signatures"]]


def _public_key(answer: dict[str, Any]) -> ec.EllipticCurvePublicKey:
    key = serialization.load_pem_public_key(answer["public_key"].encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise SignerUnavailable("The signer answers with a key that is not of an elliptic curve.")
    return key
