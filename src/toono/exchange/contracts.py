"""What crosses the door of the exchange."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import ConfigDict, JsonValue

from toono.kernel.contract import Contract
from toono.registry.contracts import Purpose


class Answer(Contract):
    """A register's successful answer."""

    status: int
    body: JsonValue
    """The parsed JSON."""
    message_id: str
    """``X-Road-Id``: by it the call is found in the message log and in the person's ledger."""
    answered_at: datetime
    receipt: str
    """Hash of the request (SHA-512, base64), as it stands in the message log, in the ledger, and under both signatures."""
    service_title_mn: str
    service_title_en: str

    @property
    def service_title(self) -> str:
        """Title of the service in Mongolian."""
        return self.service_title_mn


class FieldWords(Contract):
    """A field of an answer, named for the person whom it is about."""

    pointer: str
    """JSON pointer (RFC 6901), ``*`` for every item."""
    mn: str
    en: str


class Reading(Contract):
    """One reading of a person's data: who, what, why, by which law, when. Names and titles as they were then."""

    id: UUID
    organisation: str
    """Code of the organisation that read."""
    organisation_name_mn: str
    organisation_name_en: str
    system: str
    """Identifier of its system: ``MN/GOV/digital-academy/portal``."""
    system_title_mn: str
    system_title_en: str
    provider: str
    """Code of the organisation whose register was read."""
    provider_name_mn: str
    provider_name_en: str
    service: str
    """Identifier of the service."""
    service_title_mn: str
    service_title_en: str
    purpose: str
    purpose_title_mn: str
    purpose_title_en: str
    basis_mn: str
    """Law and article."""
    basis_en: str
    """The same in English; empty where the agreement gives none."""
    agreement: str
    case: str | None
    """Number of the case, as the reader gave it."""
    fields: tuple[FieldWords, ...]
    """What the answer held; empty: everything that the service gives."""
    consent: UUID | None
    """The person's consent by which it was read."""
    at: datetime
    kept_back_until: datetime | None
    """A law kept the reading from the person until then; None for one that was never kept back."""
    kept_back_basis: str | None
    """That law."""
    message_id: str
    receipt: str
    """Hash of the request (SHA-512, base64)."""

    @property
    def cursor(self) -> str:
        """Where a page that ends with this reading goes on."""
        since = self.at - datetime(1970, 1, 1, tzinfo=UTC)
        return f"{(since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds}-{self.id.hex}"


class NewReading(Contract):
    """A reading that the person may know of from now on."""

    id: UUID
    civil_id: str
    visible_at: datetime


class ReadingCount(Contract):
    """How often one organisation read."""

    organisation: str
    name_mn: str
    name_en: str
    count: int


class UsagePage(Contract):
    """A part of a person's ledger for another portal, newest first."""

    total: int
    """Readings that the question fits, on whatever page."""
    readings: tuple[Reading, ...]


class ConsentOffer(Contract):
    """What a person is asked to let happen."""

    agreement: str
    consumer: str
    """Identifier of the system that will read."""
    consumer_title_mn: str
    consumer_title_en: str
    organisation_name_mn: str
    """The organisation that will read."""
    organisation_name_en: str
    provider_name_mn: str
    """The organisation whose register will be read."""
    provider_name_en: str
    service: str
    service_title_mn: str
    service_title_en: str
    purposes: tuple[Purpose, ...]
    fields: tuple[FieldWords, ...]
    """Empty: everything that the service gives."""
    valid_until: datetime
    """When a consent given now ends by itself."""
    quota_per_day: int | None
    """How often the system may read at most in a day, all persons together; None: without bound."""
    given: bool
    """The person has consented to all of this already."""
    token: str
    """Stands for exactly this offer: what changed since it was shown is not consented to."""


class ConsentAnswer(StrEnum):
    """What a person said to a consumer that asked; told where they are led back."""

    GIVEN = "given"
    REFUSED = "refused"


class ConsentState(StrEnum):
    """What a consent allows."""

    STANDING = "standing"  # reading
    OUTGROWN = "outgrown"  # nothing more: the agreement has grown past what was shown
    WITHDRAWN = "withdrawn"  # nothing more, by the person's wish
    REPLACED = "replaced"  # nothing more; a later consent stands in its place
    EXPIRED = "expired"  # nothing more, its time is over


class Consent(Contract):
    """A person's consent, as it stands now or stood once."""

    id: UUID
    state: ConsentState
    agreement: str
    consumer: str
    consumer_title_mn: str
    consumer_title_en: str
    organisation_name_mn: str
    organisation_name_en: str
    provider_name_mn: str
    provider_name_en: str
    service: str
    service_title_mn: str
    service_title_en: str
    purpose: str
    purpose_title_mn: str
    purpose_title_en: str
    fields: tuple[FieldWords, ...]
    given_at: datetime
    valid_until: datetime
    withdrawn_at: datetime | None
    readings: int
    """How often it was read by this consent, as far as the person may know."""
    last_read_at: datetime | None


class TrafficLine(Contract):
    """Calls of one service or one consumer, or of all together."""

    key: str
    """Identifier of the service or system; empty for all."""
    name_mn: str
    name_en: str
    calls: int
    failed: int
    """Of these, without an answer of the provider or with one of its own fault (5xx)."""
    bytes: int
    """Of requests and responses."""
    p50_ms: float
    """Half of the calls took no longer, in milliseconds; estimated from a histogram."""
    p95_ms: float
    p99_ms: float


class TrafficOutcome(Contract):
    """Calls that ended alike."""

    outcome: str
    """``2xx``, ``4xx`` … of the provider, or the reason of a fault."""
    failed: bool
    calls: int


class TrafficStep(Contract):
    """Calls of one part of the time."""

    begin: datetime
    calls: int
    failed: int


class Traffic(Contract):
    """What the gateways carried in a time; no person and no path is in it."""

    since: datetime
    until: datetime
    """Not included."""
    total: TrafficLine
    services: tuple[TrafficLine, ...]
    """Most calls first."""
    consumers: tuple[TrafficLine, ...]
    outcomes: tuple[TrafficOutcome, ...]
    steps: tuple[TrafficStep, ...]


class Direction(StrEnum):
    """Which way a message went."""

    REQUEST = "request"
    RESPONSE = "response"


class Verdict(StrEnum):
    """What the signature of a logged message proves."""

    VALID = "valid"  # made by the certificate's key over exactly these bytes, and in its place of the chain
    INVALID = "invalid"  # not, or something was changed
    UNSIGNED = "unsigned"  # an outcome without an answer carries no signature; it is in its place of the chain
    INDETERMINATE = "indeterminate"  # the certificate is not known here


class LoggedMessage(Contract):
    """One record of the message log."""

    id: UUID
    direction: Direction
    at: datetime
    message_id: str
    """``X-Road-Id``; a client may have used it twice."""
    request_id: str
    """Joins a request and its response."""
    client: str
    service: str
    purpose: str
    agreement: str
    case: str | None
    user: str | None
    status: int | None
    error_type: str | None
    reason: str | None
    head: str
    """Byte form of the head, as signed."""
    body_base64: str
    digest_base64: str | None
    """Receipt: SHA-512 of the message."""
    member: str | None
    """Whose key signed; None in an outcome without an answer."""
    certificate_serial: str | None
    signature_base64: str | None
    """r and s over the XAdES ``SignedInfo``; the whole document stands in the container."""
    signed_at: datetime | None
    stamped_at: datetime | None
    """When the signature was time-stamped; None before."""
    retention: str
    """Class that says how long the record is kept."""
    verdict: Verdict


class Evidence(Contract):
    """Everything that the log knows of one message id, oldest first. A request without a response is an outcome that nobody knows."""

    message_id: str
    messages: tuple[LoggedMessage, ...]

    @property
    def outcome_known(self) -> bool:
        """Whether every request has its response."""
        answered = {m.request_id for m in self.messages if m.direction is Direction.RESPONSE}
        return all(m.request_id in answered for m in self.messages)


class CallState(StrEnum):
    """What is known of a call."""

    ANSWERED = "answered"
    """The provider's answer is in the log."""
    NOT_DONE = "not_done"
    """It certainly did not reach the provider."""
    UNKNOWN = "unknown"
    """It was forwarded, or was about to be, and no answer is in the log: only the provider knows."""
    RUNNING = "running"
    """It may still be answered."""


class CallOutcome(Contract):
    """What became of one call."""

    request_id: UUID
    service: str
    at: datetime
    """Of the answer, or of the request where there is none."""
    state: CallState
    status: int | None = None
    """That was answered."""
    reason: str | None = None
    """Stable word of the fault with which it ended."""


class LogFinding(Contract):
    """Something in the log that is not as it was written."""

    kind: str
    """Stable: ``chain_gap``, ``message_missing`` … (``operations/check_log.py``)."""
    subject: str
    """What it is about: ``batch:<id>``, ``signature:<id>``, ``message:<id>``, ``reading:<id>``, ``stamp:<id>``, ``root:<hour>``."""
    detail: str = ""


class LogReport(Contract):
    """What a check of the log has seen."""

    since: datetime
    until: datetime
    batches: int
    chains: int
    signatures: int
    messages: int
    readings: int
    outcomes: int
    """Calls that ended without an answer."""
    stamps: int
    roots: int
    aged: int
    """Entries whose rows are gone because the time of a class of retention is over."""
    unstamped: int
    """Signatures and batches without a time-stamp."""
    found: int
    """Findings altogether; of many only the first are named."""
    findings: tuple[LogFinding, ...]

    @property
    def sound(self) -> bool:
        """Nothing was found."""
        return self.found == 0


class EvidenceFile(Contract):
    """A file that is evidence: an ASiC-E container, or a ZIP file of several."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    name: str
    media_type: str
    content: bytes


class RootInfo(Contract):
    """A published hour, as anybody may see it."""

    name: str
    """``2026-11-22T07Z``"""
    hour: datetime
    """Its begin."""
    stamps: int
    root_base64: str
    previous_base64: str
    published_at: datetime
