"""The client to providers: HTTP/1.1 over asyncio, connections kept, nothing followed, nothing decoded.

A general client spends several times the gateway's own work on sessions, cookies, redirects and decoding, none of which may
happen here; what it would read leniently, :mod:`toono.exchange.domain.answers` refuses.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast

from toono.exchange import limits
from toono.exchange.domain.answers import AnswerReader, BadAnswer, ProviderAnswer
from toono.exchange.domain.messages import Header
from toono.exchange.domain.origins import Origin
from toono.exchange.domain.policy import Breaker, BreakerState
from toono.exchange.gateway.tls import MACHINE, TlsContexts, TlsUnusable, Trust, failure

_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_SICK: Final = frozenset({502, 503, 504})
"""Statuses by which a provider says that it, or what stands behind it, is not there."""


class ProviderUnreachable(Exception):
    """No answer: refused, closed, or too late. ``sent`` says whether the provider may have acted on the request."""

    def __init__(self, reason: str, message: str, *, sent: bool, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.reason, self.sent = reason, sent
        self.retry_after = retry_after
        """Seconds after which another attempt makes sense, where that is known."""


class _Lost(Exception):
    """The connection ended before the answer was complete."""


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.since = self.idle_since = asyncio.get_running_loop().time()
        self._reader: AnswerReader | None = None
        self._waiter: asyncio.Future[ProviderAnswer] | None = None
        self._ended: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one too, though no subclass

    def data_received(self, data: bytes) -> None:
        if self._reader is None or self._waiter is None or self._waiter.done():
            self.close()  # nobody asked, or it answers twice
            return
        try:
            if self._reader.feed(data) and self._reader.answer is not None:
                self._waiter.set_result(self._reader.answer)
        except BadAnswer as error:
            self._waiter.set_exception(error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._ended = exc if isinstance(exc, ssl.SSLError) else _Lost()
        if self._waiter is None or self._waiter.done() or self._reader is None:
            return
        if exc is None and self._reader.closed() and self._reader.answer is not None:
            self._waiter.set_result(self._reader.answer)
        else:
            self._waiter.set_exception(self._ended)

    @property
    def open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    @property
    def answered(self) -> bool:
        """Whether a byte of the answer has come."""
        return self._reader is not None and self._reader.started

    @property
    def reusable(self) -> bool:
        if self.transport is None or self.transport.is_closing() or self.transport.get_write_buffer_size():
            return False  # closed, or answered before the request was whole
        return self._reader is not None and self._reader.keep_alive and self._waiter is not None and self._waiter.done()

    async def exchange(self, method: str, head: bytes, body: bytes, answer_bytes: int) -> ProviderAnswer:
        if self.transport is None:
            raise self._ended or _Lost()
        self._reader = AnswerReader(method, body_bytes=answer_bytes)
        self._waiter = asyncio.get_running_loop().create_future()
        if len(body) > limits.JOINED_BODY_BYTES:
            self.transport.writelines((head, body))
        else:
            self.transport.write(head + body)
        return await self._waiter

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


@dataclass(slots=True)
class _Progress:
    """How far one request has come, for the reason if it comes no further."""

    waits_for_place: bool = False
    sent: bool = False


class _Pool:
    """Connections to one provider. A provider that hangs fills its own pool and nobody else's."""

    def __init__(self, origin: Origin, tls: Callable[[], ssl.SSLContext] | None, breaker: Breaker | None) -> None:
        self._origin, self._tls = origin, tls
        self.breaker = breaker
        self.used_at = 0.0
        self._idle: deque[_Connection] = deque()
        self._count = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def count(self) -> int:
        return self._count

    @property
    def empty(self) -> bool:
        return self._count == len(self._idle) and not self._waiting

    async def take(self, progress: _Progress, *, fresh: bool = False) -> tuple[_Connection, bool]:
        """A connection, and whether it has carried a request before."""
        while True:
            found = None if fresh else self._take_idle()
            if found is not None:
                return found, True
            if self._count < limits.PROVIDER_CONNECTIONS:
                progress.waits_for_place = False
                return await self._connect(), False
            if self._idle:  # all places are taken by idle ones that may not be used
                self._drop(self._idle.popleft())
                continue
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            progress.waits_for_place = True
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():
                    self._wake()
                raise

    def _take_idle(self) -> _Connection | None:
        moment = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            young = moment - connection.since < limits.PROVIDER_CONNECTION_LIFE_SECONDS
            if connection.open and young and moment - connection.idle_since < limits.PROVIDER_IDLE_SECONDS:
                return connection
            self._drop(connection)
        return None

    async def _connect(self) -> _Connection:
        self._count += 1
        try:
            async with asyncio.timeout(limits.PROVIDER_CONNECT_SECONDS):
                try:
                    return await self._open()
                except ssl.SSLError:
                    raise
                except OSError:
                    # Nothing was sent, so once more is safe whatever the method: the provider may be starting anew.
                    await asyncio.sleep(limits.PROVIDER_RECONNECT_SECONDS)
                    return await self._open()
        except BaseException:
            self._count -= 1
            self._wake()
            raise

    async def _open(self) -> _Connection:
        _, host, port = self._origin
        tls = self._tls() if self._tls is not None else None
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, host, port, ssl=tls)
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

    def __init__(self, tls: TlsContexts, *, breaker: Callable[[], Breaker] | None = None) -> None:
        """:param breaker: makes the breaker that stands before the connections to one provider; None: no call is held back."""
        self._tls, self._breaker = tls, breaker
        self._pools: dict[tuple[Origin, Trust], _Pool] = {}

    async def send(
        self,
        origin: Origin,
        method: str,
        target: str,
        headers: list[Header],
        body: bytes,
        *,
        timeout_seconds: float,
        trust: Trust = MACHINE,
        answer_bytes: int = limits.ANSWER_BODY_BYTES,
    ) -> ProviderAnswer:
        """The provider's answer, whatever its status.

        :raises ProviderUnreachable: no answer, or not in time.
        :raises BadAnswer: what came is no answer.
        """
        pool = self._pool(origin, trust)
        _check_breaker(pool)
        head = _request_head(origin, method, target, headers, body)
        try:
            answer = await _answer(pool, method, head, body, timeout_seconds, answer_bytes)
        except BadAnswer as error:
            _report(pool, well=error.reason != "not_http")
            raise
        except BaseException:  # cancelled too: a probe that was never answered does not close a breaker
            _report(pool, well=False)
            raise
        _report(pool, well=answer.status not in _SICK)
        return answer

    def _pool(self, origin: Origin, trust: Trust) -> _Pool:
        key = origin, trust if origin[0] == "https" else MACHINE
        pool = self._pools.get(key)
        moment = asyncio.get_running_loop().time()
        if pool is None:
            if len(self._pools) >= limits.PROVIDER_POOLS:
                self._forget_unused(moment)
            tls = (lambda: self._tls.context(trust)) if origin[0] == "https" else None
            pool = self._pools[key] = _Pool(origin, tls, self._breaker() if self._breaker else None)
        pool.used_at = moment
        return pool

    def _forget_unused(self, moment: float) -> None:
        """Providers come and go with configurations; what nobody calls any more is let go."""
        for key, pool in list(self._pools.items()):
            if pool.empty and moment - pool.used_at > limits.PROVIDER_CONNECTION_LIFE_SECONDS:
                pool.close()
                del self._pools[key]

    def state(self) -> Iterator[tuple[str, BreakerState, int]]:
        """Each provider's address, its breaker (of several the first that is not closed), and how many connections there are."""
        found: dict[Origin, tuple[BreakerState, int]] = {}
        for (origin, _), pool in self._pools.items():
            state, count = found.get(origin, (BreakerState.CLOSED, 0))
            if state is BreakerState.CLOSED and pool.breaker is not None:
                state = pool.breaker.state
            found[origin] = state, count + pool.count
        for (scheme, host, port), (state, count) in found.items():
            yield f"{scheme}://{host}:{port}", state, count

    def close(self) -> None:
        """Close what is idle."""
        for pool in self._pools.values():
            pool.close()


def _check_breaker(pool: _Pool) -> None:
    moment = asyncio.get_running_loop().time()
    if pool.breaker is not None and not pool.breaker.allow(moment):
        seconds = pool.breaker.retry_after(moment)
        raise ProviderUnreachable(
            "circuit_open",
            f"The provider has not answered for a while; it is tried again in {seconds} seconds.",
            sent=False,
            retry_after=seconds,
        )


def _report(pool: _Pool, *, well: bool) -> None:
    if pool.breaker is not None:
        moment = asyncio.get_running_loop().time()
        pool.breaker.succeeded(moment) if well else pool.breaker.failed(moment)


async def _answer(pool: _Pool, method: str, head: bytes, body: bytes, timeout_seconds: float, answer_bytes: int) -> ProviderAnswer:
    progress = _Progress()
    try:
        async with asyncio.timeout(timeout_seconds):
            connection, used = await pool.take(progress)
            progress.sent = True
            try:
                return await _exchange(pool, connection, method, head, body, answer_bytes)
            except _Lost:
                # A provider may close an idle connection in the moment in which we use it. Then it has read nothing:
                # once more on a fresh one, but only what may be done twice.
                if not used or connection.answered or method not in _REPEATABLE:
                    raise
            connection, _ = await pool.take(progress, fresh=True)
            return await _exchange(pool, connection, method, head, body, answer_bytes)
    except TimeoutError:
        raise _too_late(progress, timeout_seconds) from None
    except (_Lost, TlsUnusable, OSError) as error:
        raise _unreachable(error, sent=progress.sent) from None


def _too_late(progress: _Progress, timeout_seconds: float) -> ProviderUnreachable:
    if progress.sent:
        return ProviderUnreachable("timeout", f"The provider did not answer within {timeout_seconds:g} seconds.", sent=True)
    if progress.waits_for_place:
        return ProviderUnreachable("connections_busy", "All connections to the provider wait for its answers.", sent=False)
    return ProviderUnreachable("connect_timeout", "The provider did not take the connection in time.", sent=False)


def _unreachable(error: Exception, *, sent: bool) -> ProviderUnreachable:
    if isinstance(error, _Lost):
        return ProviderUnreachable("connection_closed", "The provider closed the connection without a whole answer.", sent=True)
    if isinstance(error, TlsUnusable):
        return ProviderUnreachable(error.reason, str(error), sent=sent)
    if isinstance(error, ssl.SSLError):  # a refusal of our certificate may come after the request was written; then it was not read
        reason, message = failure(error)
        return ProviderUnreachable(reason, message, sent=sent and reason != "tls_client_refused")
    if isinstance(error, socket.gaierror):
        return ProviderUnreachable("name_not_found", "The provider's name is not known.", sent=sent)
    told = error.strerror if isinstance(error, OSError) else None
    return ProviderUnreachable("connection_failed", f"The provider cannot be reached: {told or type(error).__name__}.", sent=sent)


async def _exchange(pool: _Pool, connection: _Connection, method: str, head: bytes, body: bytes, answer_bytes: int) -> ProviderAnswer:
    try:
        return await connection.exchange(method, head, body, answer_bytes)
    finally:
        pool.give_back(connection)


def _request_head(origin: Origin, method: str, target: str, headers: list[Header], body: bytes) -> bytes:
    scheme, host, port = origin
    shown = f"[{host}]" if ":" in host else host
    place = shown if port == (443 if scheme == "https" else 80) else f"{shown}:{port}"
    length = f"content-length: {len(body)}\r\n" if body or method in _WITH_BODY else ""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"{method} {target} HTTP/1.1\r\nhost: {place}\r\n{lines}{length}\r\n".encode("utf-8", "surrogateescape")
