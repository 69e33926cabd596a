"""What crosses the door of the exchange."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from toono.kernel.contract import Contract


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


class Reading(Contract):
    """One reading of a person's data: who, what, why, by which law, when. Names and titles as they were then."""

    organisation: str
    """Code of the organisation that read."""
    organisation_name_mn: str
    organisation_name_en: str
    system: str
    """Identifier of its system: ``MN/GOV/digital-academy/portal``."""
    system_title_mn: str
    system_title_en: str
    provider_name_mn: str
    """The organisation whose register was read."""
    provider_name_en: str
    service_title_mn: str
    service_title_en: str
    purpose: str
    purpose_title_mn: str
    purpose_title_en: str
    basis: str
    """Law and article."""
    case: str | None
    """Number of the case, as the reader gave it."""
    at: datetime
    message_id: str
    receipt: str


class Direction(StrEnum):
    """Which way a message went."""

    REQUEST = "request"
    RESPONSE = "response"


class Verdict(StrEnum):
    """What the signature of a logged message proves."""

    VALID = "valid"  # made by the certificate's key over exactly these bytes
    INVALID = "invalid"  # not, or the bytes were changed
    UNSIGNED = "unsigned"  # an outcome without an answer carries no signature
    INDETERMINATE = "indeterminate"  # the certificate is not known here


class LoggedMessage(Contract):
    """One record of the message log."""

    direction: Direction
    at: datetime
    request_id: str
    """Joins a request and its response; a client may have used the message id twice."""
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
    signature_base64: str | None
    certificate_serial: str | None
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
