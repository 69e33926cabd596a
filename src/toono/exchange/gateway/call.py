"""One call on its way through the gateway, and what all calls share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol
from uuid import UUID

from toono.exchange import limits
from toono.exchange.domain.answers import ProviderAnswer
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.faults import Fault
from toono.exchange.domain.messages import Header
from toono.exchange.domain.nonces import Nonces
from toono.exchange.domain.rights import EndpointMatch, Grant, Index, KnownMember, KnownService
from toono.exchange.domain.signatures import Profile, SignatureInput
from toono.exchange.domain.tokens import AccessToken
from toono.exchange.gateway.ageing import Ageing
from toono.exchange.gateway.configuration import ConfigurationStore
from toono.exchange.gateway.database import Database
from toono.exchange.gateway.faces import Faces
from toono.exchange.gateway.log import MessageLog
from toono.exchange.gateway.metrics import Metrics
from toono.exchange.gateway.provider import ProviderClient
from toono.exchange.gateway.rows import NonceRow
from toono.exchange.gateway.sealing import Made, Received, Sealer
from toono.exchange.gateway.telemetry import Trace, Traces
from toono.exchange.gateway.traffic import Traffic
from toono.registry.contracts import GatewayEntry, SystemEntry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client closed the connection before its request was whole; nobody is there to answer."""


@dataclass(slots=True)
class Shared:
    """What the calls of one process share."""

    base_url: str
    """Address under which clients know the gateway: part of what they sign."""
    bearer_keys_allowed: bool
    secrets: Path
    """Folder of the secrets that go to providers."""
    configuration: ConfigurationStore
    log: MessageLog
    database: Database
    providers: ProviderClient
    nonces: Nonces
    metrics: Metrics
    ageing: Ageing
    traffic: Traffic
    portal_url: str
    """Address of the portal for people: there they consent."""
    calls_in_flight: int = 0
    body_bytes_in_flight: int = 0
    provider_secrets: dict[str, str] = field(default_factory=dict)
    faces: Faces = field(kw_only=True)
    sealer: Sealer = field(kw_only=True)
    traces: Traces = field(kw_only=True)
    draining: bool = False
    """A successor is there: connections are closed after each answer."""


@dataclass(slots=True)
class Call:
    """Everything known of one call; each step adds its part. Fields of later steps are unset until then."""

    dialect: Dialect
    method: str
    path: str
    """As received, percent-encoded."""
    query: str
    headers: list[Header]
    receive: Receive
    at: datetime
    started: float = field(default_factory=perf_counter)
    trace: Trace | None = None
    """Its spans, where it is traced."""

    # limits
    values: dict[str, str] = field(default_factory=dict)
    """Header values by name; repeated ones joined by ``, ``."""
    has_body: bool = False
    body_read: bool = False
    counted_bytes: int = 0
    index: Index = field(init=False)
    # identifiers
    service_id: str = field(init=False)
    service_path: str = field(init=False)
    client_id: str = field(init=False)
    message_id: str = ""
    message_id_given: bool = False
    issue: str | None = None
    user_id: str | None = None
    purpose: str | None = None
    """As the client named it."""
    reader_headers: list[Header] = field(default_factory=list)
    """Further headers that the dialect puts into the message, in X-Road's form."""
    signed_target: str = ""
    """Path and query as the client signed them, where the dialect has translated them; empty: ``target``."""
    own: str | None = None
    """Code of the service, where the gateway itself answers in the provider's name (``listMethods``)."""
    token: AccessToken | None = None
    """Access token of the native dialect: who calls, and by which key the call must be signed."""
    subject: str | None = None
    """Civil id of the person about whom the client says it asks."""
    idempotency_key: str | None = None
    # client
    client: SystemEntry = field(init=False)
    consumer: KnownMember = field(init=False)
    signed: SignatureInput | None = None
    nonces: list[NonceRow] = field(default_factory=list)
    """What this call uses up when its request is logged."""
    # rights, endpoint
    service: KnownService = field(init=False)
    normal_path: str = field(init=False)
    """``service_path`` decoded, in normal form."""
    grant: Grant = field(init=False)
    match: EndpointMatch = field(init=False)
    peer: GatewayEntry | None = None
    """The gateway through which the provider is reached; None: this one."""
    received: Received | None = None
    """The consumer's signature, where another gateway sent the request."""
    consent: UUID | None = None
    quota_left: int | None = None
    repeated: Callable[[NonceRow], Exception] | None = None
    """What is raised when something that the call uses up was used before; by default a replayed signature."""
    warnings: list[str] = field(default_factory=list)
    """Stable reasons for which this call is served, but soon may not be: ``configuration_stale``."""
    # request
    body_limit: int = limits.REQUEST_BODY_BYTES
    body: bytes = b""
    body_digest: bytes | None = None
    """SHA-512 of the body; None where there is none."""
    request_id: UUID = field(init=False)
    request_headers: list[Header] = field(init=False)
    request_head: bytes = field(init=False)
    request_digests: MessageDigests = field(init=False)
    request_hash: bytes = field(init=False)
    request_made: Made | None = None
    """The consumer's signature."""
    request_logged: bool = False
    # answer
    answer: ProviderAnswer | None = None
    civil_id: str | None = None
    fields: tuple[str, ...] = ()
    """Granted fields that the answer has; empty: the whole answer."""
    response_headers: list[Header] = field(init=False)
    response_head: bytes = field(init=False)
    response_hash: bytes = field(init=False)
    response_made: Made | None = None
    """The provider's signature."""
    replayed: bool = False
    """Whether the answer is one that was given before; then no further step is needed."""

    @classmethod
    def of(cls, dialect: Dialect, scope: Scope, receive: Receive, at: datetime) -> Call:
        """The request as it came, about which nothing is known yet."""
        headers = [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in scope["headers"]]
        path, query = (scope[name].decode("utf-8", "surrogateescape") for name in ("raw_path", "query_string"))
        return cls(dialect, scope["method"], path, query, headers, receive, at)

    @property
    def known_answer(self) -> ProviderAnswer:
        """The answer, for what stands behind the step that gets it."""
        if self.answer is None:
            raise RuntimeError("a step that needs the answer stands before «forward»")
        return self.answer

    @property
    def target(self) -> str:
        """Path and query as received."""
        return f"{self.path}?{self.query}" if self.query else self.path


class Dialect(Protocol):
    """One way to speak to the gateway (``dialects/``)."""

    name: str
    profile: Profile
    """What a client's signature must cover."""

    def read(self, shared: Shared, call: Call) -> None:
        """Who calls what, by which message: sets ``service_id``, ``service_path``, ``client_id``, ``message_id`` and what else the request says.

        :raises Fault: it cannot be read.
        """

    def answer(self, call: Call) -> Iterable[Message]:
        """The provider's answer as the client reads it."""

    def refused(self, call: Call, fault: Fault) -> Iterable[Message]:
        """``fault`` as the client reads it."""

    def status(self, fault: Fault) -> int:
        """The HTTP status of ``fault`` in this dialect; it stands in the log."""

    def error_type(self, fault: Fault) -> str:
        """The type of ``fault`` by this dialect's name; it stands in the log."""
