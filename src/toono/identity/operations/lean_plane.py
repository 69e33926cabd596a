"""The machine endpoints as a process of their own: plain ASGI in front of :mod:`.lean_batches`; the terminator sends ``/oidc/token``, ``/oidc/introspect`` and
``/oidc/jwks`` here. Everything that is no plain success goes the long way in a thread of the same process, so both processes answer alike.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import Error as DatabaseFault
from django.db import close_old_connections

from toono.identity import contracts
from toono.identity.limits import LIMITS
from toono.identity.operations import keys, lean_batches
from toono.kernel.errors import ToonoError

PATHS = frozenset({"/oidc/token", "/oidc/introspect"})
MOST_AT_ONCE = 64
"""Requests of one batch."""
BATCHES_AT_ONCE = 2
"""While one waits for the disk the next is reckoned."""
LONG_WAYS_AT_ONCE = 8
MOST_WAITING = 2000
"""Beyond this a request is told to come again, rather than kept until its client has gone."""
FORM = "application/x-www-form-urlencoded"

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Waiting = tuple[contracts.MachineRequest, "asyncio.Future[contracts.ProtocolAnswer | None]"]
log = logging.getLogger(__name__)
NOT_A_FORM = contracts.ProtocolAnswer(status=400, body={"error": "invalid_request", "error_description": "send a form in the body"})
BUSY = contracts.ProtocolAnswer(status=503, body={"error": "temporarily_unavailable"})


class Plane:
    """The application of one process."""

    def __init__(self, answer: Callable[[contracts.MachineRequest], contracts.ProtocolAnswer]) -> None:
        """:param answer: the long way, for one request: the door's own."""
        self._one = answer
        self._waiting: list[Waiting] = []
        self._running = 0
        self._batches = ThreadPoolExecutor(BATCHES_AT_ONCE, thread_name_prefix="batch")
        self._long_ways = ThreadPoolExecutor(LONG_WAYS_AT_ONCE, thread_name_prefix="long-way")

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        method, path = scope["method"], scope["path"]
        if path in PATHS and method == "POST":
            return await self._machine(scope, receive, send)
        if (method, path) == ("GET", "/oidc/jwks"):
            return await self._jwks(send)
        if (method, path) == ("GET", "/health/live"):
            return await _send(send, 200, b"{}", [])
        await _send(send, 405 if path in PATHS else 404, b"{}", [])

    async def _machine(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        form = await _body(receive)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM or scope["query_string"] or form is None:
            return await _answer(send, NOT_A_FORM)
        sent = contracts.MachineRequest(
            path=scope["path"], form=form, authorization=headers.get("authorization"), accept=headers.get("accept", ""),
            dpop=tuple(part.strip() for part in headers["dpop"].split(",")) if "dpop" in headers else (),
            certificate=headers.get("client-cert", ""), terminator=headers.get("x-toono-terminator", ""),
        )  # fmt: skip
        await _answer(send, await self._answered(sent))

    async def _answered(self, sent: contracts.MachineRequest) -> contracts.ProtocolAnswer:
        if len(self._waiting) >= MOST_WAITING:
            return BUSY
        loop = asyncio.get_running_loop()
        future: asyncio.Future[contracts.ProtocolAnswer | None] = loop.create_future()
        self._waiting.append((sent, future))
        self._start(loop)
        found = await future
        return found if found is not None else await loop.run_in_executor(self._long_ways, self._long_way, sent)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin a batch of what waits, if there is room; each that ends begins the next."""
        if self._waiting and self._running < BATCHES_AT_ONCE:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            self._running += 1
            done = loop.run_in_executor(self._batches, _batch, [sent for sent, _ in batch])
            done.add_done_callback(lambda found: self._finish(loop, batch, found.result()))

    def _finish(self, loop: asyncio.AbstractEventLoop, batch: list[Waiting], found: list[contracts.ProtocolAnswer | None]) -> None:
        self._running -= 1
        for (_, future), answer in zip(batch, found, strict=True):
            if not future.done():  # whose client has gone is not waited for
                future.set_result(answer)
        self._start(loop)

    def _long_way(self, sent: contracts.MachineRequest) -> contracts.ProtocolAnswer:
        try:
            return self._one(sent)
        except (ToonoError, DatabaseFault) as error:
            log.error("a request could not be answered: %s", type(error).__name__)
            return BUSY
        finally:
            close_old_connections()

    async def _jwks(self, send: Send) -> None:
        body = await asyncio.get_running_loop().run_in_executor(self._long_ways, _keys) if keys.stale() else _keys()
        headers = [(b"cache-control", b"public, max-age=300"), (b"access-control-allow-origin", b"*")]
        await _send(send, 200, body, headers, media="application/jwk-set+json")


def _keys() -> bytes:
    return json.dumps(keys.jwks()).encode()


def _batch(wanted: list[contracts.MachineRequest]) -> list[contracts.ProtocolAnswer | None]:
    """A batch that fails as a whole (signer or database away, one request that no test foresaw) is tried one by one on the long way."""
    try:
        return lean_batches.answers(wanted)
    except Exception:
        log.exception("a batch of %d requests failed", len(wanted))
        return [None] * len(wanted)
    finally:
        close_old_connections()


def _headers(scope: dict[str, Any]) -> dict[str, str]:
    """Those of one name joined by commas, as WSGI does it (RFC 9110 §5.3)."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


async def _body(receive: Receive) -> str | None:
    """The form as sent; None when it is longer than any request may be."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if message["type"] == "http.disconnect" or size > LIMITS.request_length:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts).decode("ascii", errors="replace")


async def _answer(send: Send, answer: contracts.ProtocolAnswer) -> None:
    """RFC 6749 §5.1: kept by nobody."""
    headers = [(b"cache-control", b"no-store")]
    if answer.authenticate:
        headers.append((b"www-authenticate", answer.authenticate.encode("latin-1")))
    if answer.dpop_nonce:
        headers.append((b"dpop-nonce", answer.dpop_nonce.encode("latin-1")))
    if answer.text is not None:
        return await _send(send, answer.status, answer.text.encode(), headers, media=answer.media_type)
    await _send(send, answer.status, json.dumps(answer.body).encode(), headers)


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]], media: str = "application/json") -> None:
    own = [(b"content-type", media.encode()), (b"content-length", str(len(body)).encode()), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
