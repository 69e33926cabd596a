"""Clients of the signer, free of Django, so that the gateway may use them too.

:class:`SignerClient` is for threads, :class:`AsyncSignerClient` for one event loop. :class:`RemoteKey` looks to the
``cryptography`` library like a private key, but every signature is made by the signer.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket as sockets
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric import utils as asymmetric_utils

from toono.pki.errors import KeyUnknown, SignerRefused, SignerUnavailable

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

TIMEOUT_SECONDS = 5.0
_HEAD_BYTES = 16 * 1024
_PART_BYTES = 256 * 1024


class SignerClient:
    """Asks the signer over its Unix socket; one kept connection for each thread."""

    def __init__(self, socket: Path, token: str) -> None:
        self._socket, self._head = socket, _head(token)
        self._kept = threading.local()

    def sign(self, *, key: str, digests: Sequence[bytes], activation: str | None = None) -> list[bytes]:
        """Signatures over SHA-256, -384 or -512 digests, told apart by length; at most 1000 a call.

        By an EC key ECDSA as DER, by an RSA key RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) as long as the modulus.

        :param activation: under which the key of a natural person signs; the same digests again get the same signatures.
        :raises SignerUnavailable: nobody answers; nothing was signed.
        :raises KeyUnknown: no such key.
        :raises SignerRefused: this process may not sign with this key, or the activation does not allow it.
        """
        body = _sign_body(key, digests) if activation is None else json.dumps(_wanted(key, digests) | {"activation": activation}).encode()
        return _signatures(self._ask("POST", "/sign", body))

    def activate(self, *, activation: str, key: str, digests: Sequence[bytes], seconds: int, proof: Mapping[str, object]) -> None:
        """Let a natural person's key sign these digests for so long. Only a process that cannot sign with it may.

        :param proof: what the holder saw when a code of the signer confirmed it (``signer/proofs.py``).
        :raises SignerRefused: this process may not, the code was not typed in or confirms something else, or there is another activation of this name.
        """
        body = _wanted(key, digests) | {"id": activation, "seconds": seconds, "proof": dict(proof)}
        self._ask("POST", "/activations", json.dumps(body).encode())

    def draw_code(self, *, code: str, key: str, confirms: str, number: str) -> str:
        """A one-time code for the holder of ``key``, to be sent to ``number`` and nowhere else. Only a process that cannot type it in may.

        :raises SignerRefused: this process may not; ``reason`` ``number_new``, ``holder_locked``, ``codes_too_many``, ``code_used``: none now.
        """
        body = {"id": code, "key": key, "confirms": confirms, "number": number}
        return str(self._ask("POST", "/codes", json.dumps(body).encode())["code"])

    def enter_code(self, *, code: str, key: str, typed: str) -> str:
        """What six typed digits are worth: ``right``, ``wrong``, ``expired``, ``used_up``, ``locked``, ``unknown``. Each wrong one is counted."""
        return str(self._ask("POST", "/codes/entered", json.dumps({"id": code, "key": key, "code": typed}).encode())["verdict"])

    def number_usable_from(self, *, key: str, number: str) -> str | None:
        """From when (ISO 8601) codes of this holder go to ``number``; None where they do already."""
        answer: str | None = self._ask("POST", "/codes/number", json.dumps({"key": key, "number": number}).encode())["usable_from"]
        return answer

    def end_activation(self, *, activation: str, key: str) -> None:
        """Nothing more is signed under it. Idempotent."""
        self._ask("POST", "/activations/end", json.dumps({"id": activation, "key": key}).encode())

    def is_activated(self, *, activation: str, key: str) -> bool:
        """Whether such an activation was granted and has not ended."""
        answer = self._ask("POST", "/activations/state", json.dumps({"id": activation, "key": key}).encode())
        return answer.get("granted") is True

    def public_key(self, key: str) -> ec.EllipticCurvePublicKey:
        """The public key of an EC key: what certificates, messages and documents are signed with.

        :raises KeyUnknown: no such key.
        :raises SignerRefused: ``reason`` ``other_kind``: an RSA key.
        """
        return elliptic(_public_key(self._ask("GET", f"/keys/{quote(key)}")), key)

    def public_pem(self, key: str) -> str:
        """PEM of the public key, whatever its kind.

        :raises KeyUnknown: no such key.
        """
        return str(self._ask("GET", f"/keys/{quote(key)}")["public_key"])

    def generate(self, *, key: str, kind: str = "P-256") -> PublicKey:
        """Make the key inside the signer; an existing one is returned. ``kind`` is ``P-256``, ``P-384``, ``P-521`` or ``RSA-3072``.

        :raises SignerRefused: ``reason`` ``other_kind``: the existing key is of another kind; ``kind_unknown``.
        """
        return _public_key(self._ask("POST", "/keys", json.dumps({"key": key, "kind": kind}).encode()))

    def health(self) -> dict[str, str]:
        """``{"status": "ok", "store": …}``; raises :class:`SignerUnavailable` otherwise."""
        return {name: str(value) for name, value in self._ask("GET", "/health").items()}

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        request = _request(method, path, self._head, body or b"")
        kept, self._kept.line = getattr(self._kept, "line", None), None  # whatever goes wrong, no later question meets this one's answer
        try:
            line, found = self._asked_on(kept, request)
        except OSError as error:
            raise SignerUnavailable(f"{self._socket}: {error}") from error
        self._kept.line = line
        return _answer(*found)

    def _asked_on(self, kept: _Line | None, request: bytes) -> tuple[_Line, tuple[int, bytes]]:
        """A kept line may lead to a signer that was restarted since: signing twice does no harm, so it is asked again on a new one."""
        if kept is not None and kept.process == os.getpid():  # a forked child must not speak on its parent's line
            try:
                return kept, kept.ask(request)
            except OSError:
                kept.close()
        line = _Line(self._socket)
        try:
            return line, line.ask(request)
        except BaseException:
            line.close()
            raise


class AsyncSignerClient:
    """The same for one event loop, over a pool of kept connections. Batching is the caller's; close it at the end."""

    def __init__(self, socket: Path, token: str, *, connections: int = 8) -> None:
        self._socket, self._most = socket, connections
        self._head = _head(token)
        self._free = asyncio.Semaphore(connections)
        self._kept: list[_Connection] = []

    async def sign(self, *, key: str, digests: Sequence[bytes]) -> list[bytes]:
        """See :meth:`SignerClient.sign`."""
        return _signatures(await self._ask("POST", "/sign", _sign_body(key, digests)))

    async def sign_each(self, wanted: Sequence[tuple[str, Sequence[bytes]]]) -> list[list[bytes] | SignerRefused]:
        """Signatures by several keys in one request: for each key with its digests its signatures, or why it does not sign.

        :raises SignerUnavailable: nobody answers; nothing was signed.
        """
        body = json.dumps({"wanted": [_wanted(key, digests) for key, digests in wanted]}).encode()
        answers = (await self._ask("POST", "/sign-each", body))["answers"]
        return [_signatures(one) if "signatures" in one else _refusal(one.get("status", 0), one) for one in answers]

    async def public_key(self, key: str) -> ec.EllipticCurvePublicKey:
        """See :meth:`SignerClient.public_key`."""
        return elliptic(_public_key(await self._ask("GET", f"/keys/{quote(key)}")), key)

    async def generate(self, *, key: str, kind: str = "P-256") -> PublicKey:
        """See :meth:`SignerClient.generate`."""
        return _public_key(await self._ask("POST", "/keys", json.dumps({"key": key, "kind": kind}).encode()))

    async def health(self) -> dict[str, str]:
        """See :meth:`SignerClient.health`."""
        return {name: str(value) for name, value in (await self._ask("GET", "/health")).items()}

    async def close(self) -> None:
        """Close the pool."""
        while self._kept:
            self._kept.pop().close()

    async def _ask(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        request = _request(method, path, self._head, body)
        async with self._free:
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    return _answer(*await self._exchange(request))
            except (OSError, TimeoutError) as error:
                raise SignerUnavailable(f"{self._socket}: {error or type(error).__name__}") from error

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        """Status and body. A kept connection may lead to a signer that was restarted since, which may show only in use: signing twice does no harm, so it is asked again."""
        while self._kept:
            connection = self._kept.pop()
            if connection.is_open:
                try:
                    return await self._use(connection, request)
                except ConnectionError:
                    continue
        _, made = await asyncio.get_running_loop().create_unix_connection(_Connection, str(self._socket))
        return await self._use(made, request)

    async def _use(self, connection: _Connection, request: bytes) -> tuple[int, bytes]:
        try:
            found = await connection.ask(request)
        except BaseException:
            connection.close()  # an answer may still be on its way; it must not meet another question
            raise
        self._kept.append(connection)
        return found


class _Line:
    """A thread's connection to the signer: a question, then its answer. The same as :class:`_Connection` for who may wait."""

    def __init__(self, path: Path) -> None:
        """:raises OSError: nobody listens."""
        self.process = os.getpid()
        self._socket = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        try:
            self._socket.settimeout(TIMEOUT_SECONDS)
            self._socket.connect(str(path))
        except BaseException:
            self._socket.close()
            raise

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body.

        :raises OSError: it was cut before the answer was whole, it took too long, or the answer is none.
        """
        self._socket.sendall(request)
        received = b""
        while True:
            part = self._socket.recv(_PART_BYTES)
            if not part:
                raise ConnectionResetError("the signer closed the connection")
            received += part
            try:
                found = _response(received)
            except ValueError as error:
                raise ConnectionAbortedError(f"the signer's answer cannot be read: {error}") from error
            if found is not None:
                return found

    def close(self) -> None:
        self._socket.close()


class _Connection(asyncio.Protocol):
    """One connection to the signer: a question, then its answer. Just so much of HTTP/1.1 as two processes of ours need between them."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body.

        :raises ConnectionError: it was cut before the answer was whole, or the answer is none.
        """
        if self._transport is None:
            raise ConnectionResetError("the connection is not there")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            found = _response(self._received)
        except ValueError as error:
            self._end(ConnectionAbortedError(f"the signer's answer cannot be read: {error}"))
            return
        if found is not None:
            self._received = b""
            if self._waiting is None or self._waiting.done():
                self.close()  # nobody has asked
            else:
                self._waiting.set_result(found)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or ConnectionResetError("the signer closed the connection"))

    def _end(self, error: Exception) -> None:
        self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


def _response(received: bytes) -> tuple[int, bytes] | None:
    """Status and body of an answer with a length; None while it is not whole.

    :raises ValueError: it is another thing.
    """
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        if len(head) > _HEAD_BYTES:
            raise ValueError("its head does not end")
        return None
    first, *lines = head.split(b"\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    if not first.startswith(b"HTTP/1.1 ") or b"content-length" not in fields:
        raise ValueError("it is no HTTP/1.1 with a length")
    length = int(fields[b"content-length"])
    if len(body) > length:
        raise ValueError("more came than was asked for")
    return (int(first[9:12]), body) if len(body) == length else None


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


def _head(token: str) -> str:
    """What stands in every question."""
    return f"Host: signer\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"


def _request(method: str, path: str, head: str, body: bytes) -> bytes:
    return f"{method} {path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _wanted(key: str, digests: Sequence[bytes]) -> dict[str, object]:
    return {"key": key, "digests": [b64encode(digest).decode() for digest in digests]}


def _sign_body(key: str, digests: Sequence[bytes]) -> bytes:
    return json.dumps(_wanted(key, digests)).encode()


def _answer(status: int, content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise SignerUnavailable(f"The signer answers {status} with something that is not JSON.") from error
    if status == 200 and isinstance(answer, dict):
        return answer
    problem = answer if isinstance(answer, dict) else {}
    if status >= 500:
        raise SignerUnavailable(f"The signer answers {status}: {problem.get('detail', '')}")
    raise _refusal(status, problem)


def _refusal(status: int, problem: dict[str, Any]) -> SignerRefused:
    kind = KeyUnknown if status == 404 and problem.get("code") == "key_unknown" else SignerRefused
    return kind(problem.get("detail", ""), status=status, reason=problem.get("code"))


def _signatures(answer: dict[str, Any]) -> list[bytes]:
    return [b64decode(text) for text in answer["signatures"]]


def _public_key(answer: dict[str, Any]) -> PublicKey:
    key = serialization.load_pem_public_key(answer["public_key"].encode())
    if not isinstance(key, PublicKey):
        raise SignerUnavailable("The signer answers with a key that is neither of an elliptic curve nor RSA.")
    return key


def elliptic(public: PublicKey, key: str) -> ec.EllipticCurvePublicKey:
    """``public``, if it is of an elliptic curve; ``key`` is its label.

    :raises SignerRefused: ``reason`` ``other_kind``.
    """
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise SignerRefused(f"The key «{key}» is not of an elliptic curve.", reason="other_kind")
    return public
