"""The mock as a server in a thread of this process: ASGI over HTTP/1.1, one request a connection.

Small on purpose: it ends when it is told to, whatever still waits for an answer, and leaves no thread behind.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

import h11
from starlette.types import ASGIApp, Message, Scope

from toono.identity.mock.app import application
from toono.identity.mock.world import World

READ_SECONDS = 30.0
"""How long a request may take to arrive."""
LONGEST_BODY = 1_000_000
log = logging.getLogger(__name__)


class PortTaken(Exception):
    """Nobody can listen there; the text says why."""


class _TooLong(Exception):
    """The body is longer than anything that is asked here."""


class _Exchange:
    """One connection: a request, its answer, the end."""

    def __init__(self, app: ASGIApp, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._app, self._reader, self._writer = app, reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=65536)
        self._body: bytes | None = None

    async def run(self) -> None:
        try:
            async with asyncio.timeout(READ_SECONDS):
                request = await self._event()
                if isinstance(request, h11.Request):
                    self._body = await self._whole_body()
        except (h11.RemoteProtocolError, ConnectionError):
            return
        except TimeoutError:
            return
        except _TooLong:
            await self._plainly(413, b"too long")
            return
        if isinstance(request, h11.Request):
            await self._answer(request)

    async def _answer(self, request: h11.Request) -> None:
        try:
            await self._app(self._scope(request), self._receive, self._send)
        except ConnectionAbortedError:
            self._writer.transport.abort()
        except ConnectionError:
            return
        except Exception:
            log.exception("%s %s", request.method, request.target)
            if self._http.our_state is h11.SEND_RESPONSE:
                await self._plainly(500, b"the mock failed")

    async def _event(self) -> object:
        """The next event that the client sent."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(65536))
        return event

    async def _whole_body(self) -> bytes:
        found = b""
        while isinstance(event := await self._event(), h11.Data):
            found += event.data
            if len(found) > LONGEST_BODY:
                raise _TooLong
        return found

    def _scope(self, request: h11.Request) -> Scope:
        path, _, query = request.target.partition(b"?")
        tls = self._writer.get_extra_info("ssl_object")
        return {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": request.method.decode("ascii"),
            "scheme": "https" if tls else "http", "extensions": {"tls": {"client_cert_chain": _shown(tls)}} if tls else {},
            "path": unquote(path.decode("latin-1")), "raw_path": path, "query_string": query, "root_path": "", "headers": list(request.headers),
            "client": self._writer.get_extra_info("peername"), "server": self._writer.get_extra_info("sockname"),
        }  # fmt: skip

    async def _receive(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            await asyncio.Event().wait()  # a client that goes away is met when it is written to
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            await self._write(h11.Response(status_code=message["status"], headers=headers))
            return
        await self._write(h11.Data(data=message.get("body", b"")))
        if not message.get("more_body", False):
            await self._write(h11.EndOfMessage())

    async def _plainly(self, status: int, text: bytes) -> None:
        await self._write(
            h11.Response(status_code=status, headers=[(b"content-length", str(len(text)).encode()), (b"connection", b"close")])
        )
        await self._write(h11.Data(data=text))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()


def _shown(connection: ssl.SSLObject) -> list[str]:
    """The client's certificate, as the TLS extension of ASGI has it (PEM)."""
    found = connection.getpeercert(binary_form=True)
    return [ssl.DER_cert_to_PEM_cert(found)] if found else []


class _Listener(threading.Thread):
    """The thread with the event loop."""

    def __init__(self, world: World, host: str, port: int) -> None:
        super().__init__(name="mock", daemon=True)
        self._app, self._host, self._port = application(world), host, port
        self._tls = world.tls.context(world.shows_stranger) if world.tls else None
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._fault: OSError | None = None
        self._open: set[asyncio.Task[None]] = set()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        try:
            server = await asyncio.start_server(self._accept, self._host, self._port, ssl=self._tls)
        except OSError as error:
            self._fault = error
            return
        finally:
            self._ready.set()
        await self._over.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        self._open.add(task)
        try:
            await _Exchange(self._app, reader, writer).run()
        finally:
            self._open.discard(task)
            writer.close()

    def begin(self) -> None:
        """:raises PortTaken:"""
        self.start()
        self._ready.wait()
        if self._fault is not None:
            self.join()
            raise PortTaken(f"{self._host}:{self._port}: {self._fault.strerror or self._fault}") from None

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self.join()


@contextmanager
def serving(world: World, *, host: str, port: int) -> Iterator[None]:
    """Serve while the block runs.

    :raises PortTaken:
    """
    listener = _Listener(world, host, port)
    listener.begin()
    try:
        yield
    finally:
        listener.end()
