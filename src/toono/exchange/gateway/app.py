"""The gateway as an ASGI application: no framework stands between the server and the pipeline."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable
from datetime import UTC
from time import perf_counter
from typing import Final

from toono.exchange import limits
from toono.exchange.domain import faults
from toono.exchange.domain.faults import Code, Dialect, Fault
from toono.exchange.domain.nonces import Nonces
from toono.exchange.gateway.call import Call, Message, Receive, Scope, Send, Shared
from toono.exchange.gateway.configuration import ConfigurationStore
from toono.exchange.gateway.log import MessageLog
from toono.exchange.gateway.metrics import Metrics
from toono.exchange.gateway.provider import ProviderClient
from toono.exchange.gateway.signing import SigningQueue
from toono.exchange.gateway.steps import STEPS, ClientGone, Step, body_parts, log_fault
from toono.kernel.clock import now
from toono.kernel.settings import Settings, settings
from toono.pki.errors import SignerRefused, SignerUnavailable
from toono.pki.signing import AsyncSignerClient

_log = logging.getLogger(__name__)
_JSON: Final = [(b"content-type", b"application/json")]


class Gateway:
    """The application of one process. Opened and closed by the server's lifespan messages."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._dialect: Dialect = "7.7" if settings.exchange_dialect == "7.7" else "7.8"
        self._shared: Shared | None = None
        self._signer: AsyncSignerClient | None = None
        self._signer_seen = (0.0, False)
        self.steps: tuple[Step, ...] = STEPS

    # -- life --------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Load the last good configuration and start what runs beside the calls. Nothing outside needs to be up."""
        s = self._settings
        providers = ProviderClient()
        configuration = ConfigurationStore(
            folder=s.home / "exchange", registry_url=s.inner_base_url, instance=s.exchange_instance, client=providers
        )
        configuration.load()
        self._signer = AsyncSignerClient(s.signer_socket, s.secret("signer_token_gateway"))
        self._shared = Shared(
            base_url=s.gateway_base_url, bearer_keys_allowed=not s.production, secrets=s.secrets, configuration=configuration,
            signing=SigningQueue(self._signer), log=MessageLog(s.gateway_dsn), providers=providers,
            nonces=Nonces(limits.NONCES, limits.SIGNATURE_AGE_SECONDS + limits.SIGNATURE_AHEAD_SECONDS), metrics=Metrics(),
        )  # fmt: skip
        self._shared.log.open()
        configuration.open()

    async def close(self) -> None:
        """Let calls under way end, commit what waits, close what is open."""
        shared = self._shared
        if shared is None:
            return
        try:
            async with asyncio.timeout(limits.SHUTDOWN_SECONDS):
                while shared.calls_in_flight:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            _log.warning("%d calls were still under way at the end.", shared.calls_in_flight)
        await shared.configuration.close()
        await shared.log.close()
        shared.providers.close()
        if self._signer is not None:
            await self._signer.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.open()
        except Exception as error:
            _log.exception("The gateway cannot start")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    # -- requests ----------------------------------------------------------------------------------------------------

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._shared is None:
            raise RuntimeError("the gateway was not opened: the server must speak the lifespan protocol")
        path = scope["raw_path"].decode("utf-8", "surrogateescape")
        page = {"/health/live": self._live, "/health/ready": self._ready, "/metrics": self._metrics}.get(path)
        if page is not None:
            await page(self._shared, send)
        else:
            await self._call(self._shared, scope, path, receive, send)

    async def _call(self, shared: Shared, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        headers = [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in scope["headers"]]
        query = scope["query_string"].decode("utf-8", "surrogateescape")
        call = Call(scope["method"], path, query, headers, receive, now())
        shared.calls_in_flight += 1
        try:
            await self._run(shared, call)
            answer = _passed_on(call)
        except Fault as fault:
            answer = await self._refused(shared, call, fault)
        except ClientGone:
            return
        except Exception:
            _log.exception("A call failed inside the gateway")
            code = Code.SERVER_INTERNAL_ERROR if call.request_logged else Code.CLIENT_INTERNAL_ERROR
            answer = await self._refused(
                shared, call, Fault(code, "internal_error", "The gateway failed; its operator finds the fault by its id.")
            )
        finally:
            shared.calls_in_flight -= 1
            shared.body_bytes_in_flight -= call.counted_bytes
        shared.metrics.call_seconds.observe(perf_counter() - call.started)
        for message in answer:
            await send(message)

    async def _run(self, shared: Shared, call: Call) -> None:
        for step in self.steps:
            waits: Awaitable[None] | None = step.run(shared, call)
            if waits is not None:
                await waits
        shared.metrics.calls[f"{call.answer.status // 100}xx" if call.answer else "none"] += 1

    async def _refused(self, shared: Shared, call: Call, fault: Fault) -> tuple[Message, ...]:
        """The error message of ``fault``; its outcome is in the log first, where the request is."""
        if call.request_logged and fault.code is not Code.LOGGING_RESPONSE_FAILED:
            try:
                await log_fault(shared, call, fault, self._dialect)
            except Fault as failure:
                fault = failure
        shared.metrics.errors[fault.type(self._dialect), fault.reason] += 1
        level = logging.WARNING if fault.status >= 500 else logging.INFO
        _log.log(
            level,
            "%s %s (%s) client=%s message=%s",
            fault.type(self._dialect),
            fault.reason,
            fault.id,
            call.values.get("x-road-client", "-")[:200],
            call.message_id or "-",
        )
        await _drain(call)
        kind, body = faults.body(fault, dialect=self._dialect, accept=call.values.get("accept"))
        headers = [(b"content-type", kind.encode()), (b"x-road-error", fault.type(self._dialect).encode())]
        if call.message_id:
            headers.append((b"x-road-id", call.message_id.encode()))
        return (
            {"type": "http.response.start", "status": fault.status, "headers": headers},
            {"type": "http.response.body", "body": b"" if call.method == "HEAD" else body},
        )

    # -- pages for the operator --------------------------------------------------------------------------------------

    async def _live(self, shared: Shared, send: Send) -> None:
        await _send(send, 200, _JSON, b'{"status":"ok"}')

    async def _ready(self, shared: Shared, send: Send) -> None:
        index, moment = shared.configuration.index, now()
        usable = index is not None and moment < index.expires_at
        fetched = shared.configuration.fetched_at
        signer = await self._signer_answers()
        state = {
            "status": "ok" if usable and signer and shared.log.healthy else "unavailable",
            "configuration": {
                "version": index.version if index else None,
                "expires_at": index.expires_at.astimezone(UTC).isoformat() if index else None,
                "usable": usable,
                "registry_answered_seconds_ago": round((moment - fetched).total_seconds(), 1) if fetched else None,
            },
            "signer": "ok" if signer else "unavailable",
            "database": "ok" if shared.log.healthy else "unavailable",
            "calls_in_flight": shared.calls_in_flight,
            "log_waiting": shared.log.waiting,
        }
        await _send(send, 200 if state["status"] == "ok" else 503, _JSON, json.dumps(state).encode())

    async def _signer_answers(self) -> bool:
        """Whether the signer answers; asked at most once a second."""
        asked, answered = self._signer_seen
        if perf_counter() - asked > 1 and self._signer is not None:
            try:
                async with asyncio.timeout(2):
                    answered = (await self._signer.health()).get("status") == "ok"
            except (SignerUnavailable, SignerRefused, TimeoutError):
                answered = False
            self._signer_seen = (perf_counter(), answered)
        return answered

    async def _metrics(self, shared: Shared, send: Send) -> None:
        index = shared.configuration.index
        gauges = {
            "configuration_version": index.version if index else 0,
            "configuration_seconds_left": (index.expires_at - now()).total_seconds() if index else 0,
            "calls_in_flight": shared.calls_in_flight,
            "log_waiting": shared.log.waiting,
            "log_commits": shared.log.commits,
            "log_entries": shared.log.entries,
        }
        await _send(send, 200, [(b"content-type", b"text/plain; version=0.0.4")], shared.metrics.text(gauges).encode())


def _passed_on(call: Call) -> tuple[Message, ...]:
    answer = call.answer
    if answer is None:
        raise RuntimeError("the pipeline ended without an answer")
    headers = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in call.response_headers]
    return (
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": answer.body},
    )


async def _drain(call: Call) -> None:
    """Read what is left of a refused body, within limits: a client that is still sending would otherwise see a broken connection and not the refusal.

    One that waits for ``100 Continue`` has sent nothing yet and is answered at once.
    """
    if call.body_read or "expect" in call.values:
        return
    size = 0
    try:
        async with asyncio.timeout(limits.BODY_READ_SECONDS):
            async for part in body_parts(call):
                size += len(part)
                if size > limits.DRAINED_BODY_BYTES:
                    return
    except (TimeoutError, ClientGone):
        return


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Application:
    """Reads the settings when the server starts it, not when the module is imported."""

    def __init__(self) -> None:
        self._gateway: Gateway | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._gateway is None:
            logging.basicConfig(level=settings().log_level, format="{asctime} {levelname} {name}: {message}", style="{")
            self._gateway = Gateway(settings())
        await self._gateway(scope, receive, send)


application = _Application()
