"""One call on its way through the gateway, and what all calls share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from toono.exchange.domain.answers import ProviderAnswer
from toono.exchange.domain.messages import Header
from toono.exchange.domain.nonces import Nonces
from toono.exchange.domain.rights import EndpointMatch, Grant, Index, KnownMember, KnownService
from toono.exchange.domain.signatures import SignatureInput
from toono.exchange.gateway.configuration import ConfigurationStore
from toono.exchange.gateway.log import MessageLog
from toono.exchange.gateway.metrics import Metrics
from toono.exchange.gateway.provider import ProviderClient
from toono.exchange.gateway.signing import SigningQueue
from toono.registry.contracts import SystemEntry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(slots=True)
class Shared:
    """What the calls of one process share."""

    base_url: str
    """Address under which clients know the gateway: part of what they sign."""
    bearer_keys_allowed: bool
    secrets: Path
    """Folder of the secrets that go to providers."""
    configuration: ConfigurationStore
    signing: SigningQueue
    log: MessageLog
    providers: ProviderClient
    nonces: Nonces
    metrics: Metrics
    calls_in_flight: int = 0
    body_bytes_in_flight: int = 0
    provider_secrets: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """Everything known of one call; each step adds its part. Fields of later steps are unset until then."""

    method: str
    path: str
    """As received, percent-encoded."""
    query: str
    headers: list[Header]
    receive: Receive
    at: datetime
    started: float = field(default_factory=perf_counter)

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
    # client
    client: SystemEntry = field(init=False)
    consumer: KnownMember = field(init=False)
    signed: SignatureInput | None = None
    nonce: bytes | None = None
    # rights, endpoint
    service: KnownService = field(init=False)
    grant: Grant = field(init=False)
    match: EndpointMatch = field(init=False)
    # request
    body: bytes = b""
    request_id: UUID = field(init=False)
    request_headers: list[Header] = field(init=False)
    request_head: bytes = field(init=False)
    request_hash: bytes = field(init=False)
    request_signature: bytes = field(init=False)
    request_logged: bool = False
    # answer
    answer: ProviderAnswer | None = None
    civil_id: str | None = None
    response_headers: list[Header] = field(init=False)
    response_head: bytes = field(init=False)
    response_hash: bytes = field(init=False)
    response_signature: bytes = field(init=False)

    @property
    def target(self) -> str:
        """Path and query as received."""
        return f"{self.path}?{self.query}" if self.query else self.path
