"""The gateway as an ASGI application: no framework stands between the server and the pipeline."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from time import perf_counter
from typing import Final

from toono.exchange import limits
from toono.exchange.domain import peers
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.faults import Dialect as ErrorDialect
from toono.exchange.domain.nonces import Nonces
from toono.exchange.domain.policy import Breaker
from toono.exchange.gateway import health
from toono.exchange.gateway.ageing import Ageing
from toono.exchange.gateway.call import Call, ClientGone, Dialect, Message, Receive, Scope, Send, Shared
from toono.exchange.gateway.configuration import ConfigurationStore
from toono.exchange.gateway.database import Database
from toono.exchange.gateway.dialects.native import Native
from toono.exchange.gateway.dialects.peer import Peer
from toono.exchange.gateway.dialects.sending import deliver
from toono.exchange.gateway.dialects.xroad import XRoad
from toono.exchange.gateway.faces import Faces
from toono.exchange.gateway.generations import Generations
from toono.exchange.gateway.log import MessageLog
from toono.exchange.gateway.metrics import Metrics
from toono.exchange.gateway.pages import evidence, messages, openapi, problems, tokens
from toono.exchange.gateway.pages.metadata import ListClients
from toono.exchange.gateway.pages.services import list_services
from toono.exchange.gateway.provider import ProviderClient
from toono.exchange.gateway.sealing import Sealer
from toono.exchange.gateway.steps import PEER_STEPS, STEPS, Step
from toono.exchange.gateway.steps.incoming import body_parts
from toono.exchange.gateway.steps.seal import log_fault
from toono.exchange.gateway.telemetry import Traces
from toono.exchange.gateway.tls import TlsContexts
from toono.exchange.gateway.traffic import Traffic, carried
from toono.kernel.clock import now
from toono.kernel.settings import Settings, settings
from toono.pki.errors import SignerRefused, SignerUnavailable
from toono.pki.signing import AsyncSignerClient

_log = logging.getLogger(__name__)
_JSON: Final = [(b"content-type", b"application/json")]
_UNTRACED: Final = nullcontext()


Page = Callable[[Shared, Scope, Receive, Send], Awaitable[None]]


class Gateway:
    """The application of one process. Opened and closed by the server's lifespan messages."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        errors: ErrorDialect = "7.7" if settings.exchange_dialect == "7.7" else "7.8"
        self._dialects: tuple[tuple[str, Dialect], ...] = (
            ("/v1/", Native(settings.gateway_base_url)),
            (peers.PATH, Peer(errors)),
            ("", XRoad(errors)),
        )
        """By the begin of the path; the first that fits."""
        self._shared: Shared | None = None
        self._signer: AsyncSignerClient | None = None
        self._generations: Generations | None = None
        self._signer_seen = (0.0, False)
        self._pages: dict[str, Page] = {
            "/health/live": self._live,
            "/health/ready": self._ready,
            "/metrics": self._metrics,
            "/listClients": ListClients(errors),
            "/v1/listServices": list_services,
            tokens.PATH: tokens.token,
            tokens.METADATA_PATH: tokens.metadata,
            openapi.PATH: openapi.description,
            evidence.ASIC_PATH: evidence.Evidence(errors).asic,
            evidence.CONFIGURATION_PATH: evidence.Evidence(errors).configuration,
        }
        """By the whole path: what is no call."""
        self._trees: tuple[tuple[str, Page], ...] = ((problems.PREFIX, problems.problem), (messages.PREFIX, messages.about))
        """By the begin of the path: what is no call either."""
        self.steps: tuple[Step, ...] = STEPS

    # -- life --------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Load the last good configuration and start what runs beside the calls. Nothing outside needs to be up."""
        s = self._settings
        folder, tls = s.home / "exchange", TlsContexts(s.home / "exchange" / "tls")
        providers, centre = ProviderClient(tls, breaker=Breaker), ProviderClient(tls)
        configuration = ConfigurationStore(folder=folder, registry_url=s.inner_base_url, instance=s.exchange_instance, client=centre)
        configuration.load()
        database = Database(s.gateway_dsn)
        ageing = Ageing(folder=folder / "ocsp", configuration=configuration, client=centre, database=database)
        await ageing.load()
        self._signer = AsyncSignerClient(s.signer_socket, s.secret("signer_token_gateway"))
        sealer = Sealer(self._signer, ageing.ocsp)
        self._shared = Shared(
            base_url=s.gateway_base_url, bearer_keys_allowed=not s.production, secrets=s.secrets, configuration=configuration,
            log=MessageLog(s.gateway_dsn, sealer, gateway=s.gateway_name), database=database, providers=providers,
            nonces=Nonces(limits.NONCES, limits.SIGNATURE_AGE_SECONDS + limits.SIGNATURE_AHEAD_SECONDS), metrics=Metrics(), ageing=ageing,
            sealer=sealer, traces=Traces(s.traces_url, gateway=s.gateway_name),
            traffic=Traffic(Database(s.gateway_dsn, connections=1), s.gateway_name), portal_url=s.base_url, faces=Faces.of(s),
        )  # fmt: skip
        self._shared.log.open()
        self._shared.traffic.open()
        ageing.open()
        configuration.open()
        self._generations = Generations(s.home / "run", port=s.gateway_port, workers=s.gateway_workers, on_change=self._hand_over)
        self._generations.open()

    def _hand_over(self, draining: bool) -> None:
        if self._shared is not None:
            self._shared.draining = draining

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
        if self._generations is not None:
            await self._generations.close()
        await shared.configuration.close()
        await shared.ageing.close()
        await shared.traffic.close()
        await shared.log.close()
        await shared.database.close()
        shared.providers.close()
        await shared.traces.close()
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
        if self._shared.draining:
            send = _closing(send)
        path = scope["raw_path"].decode("utf-8", "surrogateescape")
        page = self._pages.get(path) or next((tree for prefix, tree in self._trees if path.startswith(prefix)), None)
        if page is not None:
            await page(self._shared, scope, receive, send)
        else:
            await self._call(self._shared, scope, path, receive, send)

    async def _call(self, shared: Shared, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        dialect = next(dialect for prefix, dialect in self._dialects if path.startswith(prefix))
        call = Call.of(dialect, scope, receive, now())
        call.trace = shared.traces.begin(call.method, call.headers)
        if isinstance(dialect, Peer):
            call.body_limit += limits.PEER_OVERHEAD_BYTES
        try:
            answer = await self._answer(shared, call)
            await deliver(send, answer)
        finally:
            shared.body_bytes_in_flight -= call.counted_bytes  # what waits for a slow reader is held, too

    async def _answer(self, shared: Shared, call: Call) -> Iterable[Message]:
        """What the client hears; nothing where it has gone away."""
        shared.calls_in_flight += 1
        outcome = "client_gone"
        try:
            await self._run(shared, call)
            answer = call.dialect.answer(call)
            outcome = f"{call.known_answer.status // 100}xx"
            shared.metrics.calls[outcome] += 1
        except Fault as fault:
            outcome = fault.reason
            answer = await self._refused(shared, call, fault)
        except ClientGone:
            return ()
        except Exception:
            _log.exception("A call failed inside the gateway")
            outcome = "internal_error"
            code = Code.SERVER_INTERNAL_ERROR if call.request_logged else Code.CLIENT_INTERNAL_ERROR
            answer = await self._refused(
                shared, call, Fault(code, "internal_error", "The gateway failed; its operator finds the fault by its id.")
            )
        finally:
            shared.calls_in_flight -= 1
            if call.peer is None or call.answer is None:  # else the provider's gateway has counted it
                shared.traffic.record(carried(call, outcome), call.at)
            health.observe(shared, call, outcome)
        return answer

    async def _run(self, shared: Shared, call: Call) -> None:
        for step in PEER_STEPS if isinstance(call.dialect, Peer) else self.steps:
            if call.replayed:
                return  # the answer was given, signed and logged before
            if (call.own is not None and not step.own) or (call.peer is not None and step.here):
                continue
            with call.trace.step(step.name) if call.trace is not None else _UNTRACED:
                waits: Awaitable[None] | None = step.run(shared, call)
                if waits is not None:
                    await waits

    async def _refused(self, shared: Shared, call: Call, fault: Fault) -> Iterable[Message]:
        """The error message of ``fault``; its outcome is in the log first, where the request is."""
        if call.request_logged and fault.code is not Code.LOGGING_RESPONSE_FAILED:
            try:
                await log_fault(shared, call, fault)
            except Fault as failure:
                fault = failure
        kind = call.dialect.error_type(fault)
        shared.metrics.errors[kind, fault.reason] += 1
        level = logging.WARNING if fault.status >= 500 else logging.INFO
        client = call.values.get("x-road-client", "-")[:200]
        _log.log(level, "%s %s (%s) client=%s message=%s", kind, fault.reason, fault.id, client, call.message_id or "-")
        await _drain(call)
        return call.dialect.refused(call, fault)

    # -- pages for the operator --------------------------------------------------------------------------------------

    async def _live(self, shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
        await _send(send, 200, _JSON, b'{"status":"ok"}')

    async def _ready(self, shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
        status, state = health.ready(shared, now(), signer=await self._signer_answers())
        await _send(send, status, _JSON, json.dumps(state).encode())

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

    async def _metrics(self, shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
        await _send(send, 200, [(b"content-type", b"text/plain; version=0.0.4")], health.metrics(shared, now()).encode())


def _closing(send: Send) -> Send:
    """``send`` for a connection that ends with its answer."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return sending


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
