"""What leaves the registry: organisations for other rooms, and the signed configuration by which the gateway lives.

The configuration travels as a compact JWS (ES256, ``typ: toono-exchange-configuration``) whose payload is
:class:`ExchangeConfiguration` as JSON. Identifiers follow X-Road: ``INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from toono.kernel.contract import Contract


class Organisation(Contract):
    """A body that takes part: an agency, a local office, a bank, the platform's operator."""

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")
    """Stable Latin code, also the member code on the exchange."""
    member_class: str = Field(pattern=r"^(GOV|COM)$")
    register_number: str = Field(pattern=r"^\d{7}$")
    """Legal entity's register number, seven digits."""
    name_mn: str
    name_en: str
    unit_code: str | None = None
    """Administrative unit that the body serves; None for a national one."""


class Purpose(Contract):
    """Why data may be read, with the law that allows it."""

    code: str = Field(pattern=r"^[a-z0-9-]{2,60}$")
    title_mn: str
    title_en: str
    basis_mn: str
    """Law and article."""


class CredentialKind(StrEnum):
    SIGNATURE = "signature"  # HTTP message signature, RFC 9421, ECDSA P-256
    KEY = "key"  # a bearer key; only its SHA-256 stands here; refused in production


class Credential(Contract):
    """By what the gateway knows a client system."""

    kind: CredentialKind
    key_id: str
    public_key_pem: str | None = None
    key_sha256: str | None = None
    """Hex digest of the bearer key."""
    not_before: datetime
    not_after: datetime


class SubjectRule(Contract):
    """Whose data an endpoint gives, so that the gateway itself writes that person's ledger."""

    variable: str
    """Name of the variable in the path template that carries the person's identifier."""
    identifier: str = Field(pattern=r"^(civil_id|regnum)$")
    echo_pointer: str
    """JSON pointer (RFC 6901) to the same identifier in the answer; a difference means an answer for another person."""
    civil_id_pointer: str
    """JSON pointer to the civil id in the answer; the ledger is kept under it."""


class Endpoint(Contract):
    """One operation of a service."""

    method: str = Field(pattern=r"^(DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|TRACE)$")
    path: str
    """Template: ``/persons/{civil_id}/address``; one variable matches one segment."""
    subject: SubjectRule | None = None


class ServiceEntry(Contract):
    """A service that a provider publishes on the exchange."""

    id: str
    """``MN/GOV/state-registration/population/address``"""
    base_url: str
    timeout_seconds: float = Field(gt=0, le=60)
    secret_name: str | None = None
    """Name of the secret (in the gateway's own secrets folder) sent to the provider as a bearer token."""
    endpoints: tuple[Endpoint, ...]
    title_mn: str
    title_en: str
    enabled: bool = True


class SystemEntry(Contract):
    """An information system (X-Road: subsystem) that may call, provide, or both."""

    id: str
    """``MN/GOV/digital-academy/portal``"""
    title_mn: str
    title_en: str
    credentials: tuple[Credential, ...] = ()


class MemberEntry(Contract):
    """An organisation on the exchange, with the key that signs its messages."""

    id: str
    """``MN/GOV/state-registration``"""
    name_mn: str
    name_en: str
    signing_key: str
    """Label of the key in the signer: ``exchange/<organisation>``."""
    certificate_pem: str


class Agreement(Contract):
    """Consumer may call service for these purposes in this time; approved by two different persons."""

    id: str
    consumer: str
    service: str
    purposes: tuple[Purpose, ...]
    valid_from: datetime
    valid_until: datetime


class ExchangeConfiguration(Contract):
    """Everything that the gateway knows. It serves by it until ``expires_at`` and then refuses."""

    instance: str
    version: int
    """Rises with every publication; a gateway never goes back."""
    issued_at: datetime
    expires_at: datetime
    trusted_certificates_pem: tuple[str, ...]
    """Root and issuing authorities."""
    members: tuple[MemberEntry, ...]
    systems: tuple[SystemEntry, ...]
    services: tuple[ServiceEntry, ...]
    agreements: tuple[Agreement, ...]


class Publication(Contract):
    """The newest configuration, without its text."""

    version: int
    issued_at: datetime
    expires_at: datetime
    digest: str
    """SHA-256 of the JWS, hex."""


class DraftKind(StrEnum):
    """What a draft changes."""

    ORGANISATION = "organisation"
    SYSTEM = "system"
    SERVICE = "service"
    AGREEMENT = "agreement"


class DraftState(StrEnum):
    """A draft waits for a second person, who takes or refuses it; then it is never touched again."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


Entry = Organisation | SystemEntry | ServiceEntry | Agreement
"""What the registry holds, one shape per :class:`DraftKind`."""


class Draft(Contract):
    """A proposed entry: how it is to read when another person has approved it."""

    id: UUID
    kind: DraftKind
    subject: str
    """Code of the organisation, or id of the system, service or agreement."""
    content: Entry
    before: Entry | None
    """The entry as it stands now; None where the draft adds one."""
    drafted_by: UUID
    drafted_at: datetime
    state: DraftState
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    reason: str = ""
    """Why it was refused."""
