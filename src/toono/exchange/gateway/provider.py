"""The client to providers: HTTP/1.1 over asyncio, connections kept, nothing followed, nothing decoded.

A general client spends several times the gateway's own work on sessions, cookies, redirects and decoding, none of which may
happen here; what it would read leniently, :mod:`toono.exchange.domain.answers` refuses.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Final, cast

from toono.exchange import limits
from toono.exchange.domain.answers import AnswerReader, BadAnswer, ProviderAnswer
from toono.exchange.domain.messages import Header

Origin = tuple[str, str, int]
"""Scheme, host, port."""

_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class ProviderUnreachable(Exception):
    """No answer: refused, closed, or too late. ``sent`` says whether the provider may have acted on the request."""

    def __init__(self, reason: str, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.reason, self.sent = reason, sent


class _Lost(Exception):
    """The connection ended before the answer was complete."""


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0
        self._reader: AnswerReader | None = None
        self._waiter: asyncio.Future[ProviderAnswer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one too, though no subclass

    def data_received(self, data: bytes) -> None:
        if self._reader is None or self._waiter is None or self._waiter.done():
            self.close()  # nobody asked
            return
        try:
            if self._reader.feed(data) and self._reader.answer is not None:
                self._waiter.set_result(self._reader.answer)
        except BadAnswer as error:
            self._waiter.set_exception(error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._waiter is None or self._waiter.done() or self._reader is None:
            return
        if exc is None and self._reader.closed() and self._reader.answer is not None:
            self._waiter.set_result(self._reader.answer)
        else:
            self._waiter.set_exception(_Lost())

    @property
    def open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    @property
    def answered(self) -> bool:
        """Whether a byte of the answer has come."""
        return self._reader is not None and self._reader.started

    @property
    def reusable(self) -> bool:
        return self.open and self._reader is not None and self._reader.keep_alive and self._waiter is not None and self._waiter.done()

    async def exchange(self, method: str, request: bytes, body_bytes: int) -> ProviderAnswer:
        if self.transport is None:
            raise _Lost
        self._reader = AnswerReader(method, body_bytes=body_bytes)
        self._waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._waiter

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class _Pool:
    """Connections to one provider. A provider that hangs fills its own pool and nobody else's."""

    def __init__(self, origin: Origin, tls: ssl.SSLContext | None) -> None:
        self._origin, self._tls = origin, tls
        self._idle: deque[_Connection] = deque()
        self._count = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, *, fresh: bool = False) -> tuple[_Connection, bool]:
        """A connection, and whether it has carried a request before."""
        while True:
            found = None if fresh else self._take_idle()
            if found is not None:
                return found, True
            if self._count < limits.PROVIDER_CONNECTIONS:
                return await self._connect(), False
            if self._idle:  # all places are taken by idle ones that may not be used
                self._drop(self._idle.popleft())
                continue
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():
                    self._wake()
                raise

    def _take_idle(self) -> _Connection | None:
        oldest = asyncio.get_running_loop().time() - limits.PROVIDER_IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.open and connection.idle_since > oldest:
                return connection
            self._drop(connection)
        return None

    async def _connect(self) -> _Connection:
        self._count += 1
        scheme, host, port = self._origin
        try:
            async with asyncio.timeout(limits.PROVIDER_CONNECT_SECONDS):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, host, port, ssl=self._tls if scheme == "https" else None
                )
        except BaseException:
            self._count -= 1
            self._wake()
            raise
        return connection

    def give_back(self, connection: _Connection) -> None:
        if connection.reusable:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
            self._wake()
        else:
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        connection.close()
        self._count -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return

    def close(self) -> None:
        while self._idle:
            self._drop(self._idle.pop())


class ProviderClient:
    """Sends requests to providers. One for a process; used from its event loop only."""

    def __init__(self) -> None:
        self._pools: dict[Origin, _Pool] = {}
        self._tls: ssl.SSLContext | None = None

    async def send(
        self,
        origin: Origin,
        method: str,
        target: str,
        headers: list[Header],
        body: bytes,
        *,
        timeout_seconds: float,
        answer_bytes: int = limits.ANSWER_BODY_BYTES,
    ) -> ProviderAnswer:
        """The provider's answer, whatever its status.

        :raises ProviderUnreachable: no answer, or not in time.
        :raises BadAnswer: what came is no answer.
        """
        pool = self._pools.get(origin)
        if pool is None:
            if origin[0] == "https" and self._tls is None:
                self._tls = ssl.create_default_context()
            pool = self._pools[origin] = _Pool(origin, self._tls)
        request = _request_bytes(origin, method, target, headers, body)
        sent = False
        try:
            async with asyncio.timeout(timeout_seconds):
                connection, used = await pool.take()
                sent = True
                try:
                    return await _exchange(pool, connection, method, request, answer_bytes)
                except _Lost:
                    # A provider may close an idle connection in the moment in which we use it. Then it has read nothing:
                    # once more on a fresh one, but only what may be done twice.
                    if not used or connection.answered or method not in _REPEATABLE:
                        raise
                connection, _ = await pool.take(fresh=True)
                return await _exchange(pool, connection, method, request, answer_bytes)
        except TimeoutError:
            reason = "timeout" if sent else "connect_timeout"
            raise ProviderUnreachable(reason, f"The provider did not answer within {timeout_seconds:g} seconds.", sent=sent) from None
        except _Lost:
            raise ProviderUnreachable(
                "connection_closed", "The provider closed the connection without a whole answer.", sent=True
            ) from None
        except OSError as error:
            raise ProviderUnreachable(
                "connection_failed", f"The provider cannot be reached: {error.strerror or type(error).__name__}.", sent=sent
            ) from None

    def close(self) -> None:
        """Close what is idle."""
        for pool in self._pools.values():
            pool.close()


async def _exchange(pool: _Pool, connection: _Connection, method: str, request: bytes, answer_bytes: int) -> ProviderAnswer:
    try:
        return await connection.exchange(method, request, answer_bytes)
    finally:
        pool.give_back(connection)


def _request_bytes(origin: Origin, method: str, target: str, headers: list[Header], body: bytes) -> bytes:
    scheme, host, port = origin
    shown = f"[{host}]" if ":" in host else host
    place = shown if port == (443 if scheme == "https" else 80) else f"{shown}:{port}"
    length = f"content-length: {len(body)}\r\n" if body or method in _WITH_BODY else ""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"{method} {target} HTTP/1.1\r\nhost: {place}\r\n{lines}{length}\r\n".encode("utf-8", "surrogateescape") + body
