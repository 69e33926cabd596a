"""What leaves the registry: organisations for other rooms, and the signed configuration by which the gateway lives.

The configuration travels as a compact JWS (ES256, ``typ: toono-exchange-configuration``) whose payload is
:class:`ExchangeConfiguration` as JSON. Identifiers follow X-Road: ``INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE``.
"""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from toono.kernel.contract import Contract


class Organisation(Contract):
    """A body that takes part: an agency, a local office, a bank, the platform's operator."""

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")
    """Stable Latin code, also the member code on the exchange."""
    member_class: str = Field(pattern=r"^(GOV|COM)$")
    register_number: str = Field(pattern=r"^[0-9]{7}$")
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
    basis_en: str = ""


class CredentialKind(StrEnum):
    SIGNATURE = "signature"  # a P-256 key: message signatures (RFC 9421) and client assertions (RFC 7523)
    CERTIFICATE = "certificate"  # a TLS client certificate, known by its SHA-256
    KEY = "key"  # a bearer key; only its SHA-256 stands here; refused in production


class Credential(Contract):
    """By what the gateway knows a client system."""

    kind: CredentialKind
    key_id: str
    public_key_pem: str | None = None
    key_sha256: str | None = None
    """Hex digest of the bearer key."""
    certificate_sha256: str | None = None
    """Hex digest of the client certificate (DER)."""
    not_before: datetime
    not_after: datetime


class SubjectRule(Contract):
    """Whose data an endpoint gives, so that the gateway itself writes that person's ledger."""

    variable: str
    """Name of the variable in the path template that carries the identifier."""
    identifier: str = Field(pattern=r"^(civil_id|regnum|thing)$")
    """What it is: the person's own number, or a thing of theirs (a plate, a parcel), whose answer names the person. Of a thing nobody can
    tell before whose it is, so that an agreement on it asks neither consent nor authentication."""
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


class ServiceKind(StrEnum):
    """How a service describes itself (X-Road: service type)."""

    REST = "rest"
    OPENAPI = "openapi"


class Retention(StrEnum):
    """How long the bodies of a service's messages are kept; the classes' lengths stand in the exchange's limits."""

    SHORT = "short"
    STANDARD = "standard"
    LONG = "long"


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
    kind: ServiceKind = ServiceKind.REST
    openapi_path: str | None = None
    """Where, below ``base_url``, the provider gives its OpenAPI description; needed where ``kind`` is openapi."""
    retention: Retention = Retention.STANDARD
    authority_pem: str | None = None
    """The only authority whose certificate the provider may show; None: those of the machine."""
    mutual_tls: bool = False
    """Whether the gateway shows its own certificate to the provider."""


class SystemEntry(Contract):
    """An information system (X-Road: subsystem) that may call, provide, or both."""

    id: str
    """``MN/GOV/digital-academy/portal``"""
    title_mn: str
    title_en: str
    credentials: tuple[Credential, ...] = ()
    return_urls: tuple[str, ...] = ()
    """Addresses of its pages to which a person is led back from the page of consent; each exactly as it will be asked for."""


class MemberEntry(Contract):
    """An organisation on the exchange, with the key that signs its messages."""

    id: str
    """``MN/GOV/state-registration``"""
    name_mn: str
    name_en: str
    signing_key: str
    """Label of the key in the signer: ``exchange/<organisation>``."""
    certificate_pem: str
    gateway: str | None = None
    """Name of the :class:`GatewayEntry` that signs for this member and reaches its services; None: whichever is asked."""


class GatewayEntry(Contract):
    """A gateway, or several that share its name and its load."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    addresses: tuple[str, ...]
    """``https://host:port`` under which other gateways reach it."""
    authority_pem: str
    """Authority of its TLS certificate."""
    certificates_sha256: tuple[str, ...] = ()
    """Hex digests (DER) of the certificates that it shows to other gateways."""


class CitizenAuthentication(StrEnum):
    """How the citizen on whose behalf a call is made has proven to be there."""

    NONE = "none"
    OTP = "otp"
    APP = "app"
    SIGNATURE = "signature"


class EndpointGrant(Contract):
    """A part of a service, as X-Road's access rights name it."""

    method: str = Field(pattern=r"^(\*|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|TRACE)$")
    path: str
    """Glob over the path in normal form: ``*`` any run without ``/``, ``**`` anything, ``\\`` escapes."""


class Hours(Contract):
    """When calls may be made, by the clock of Ulaanbaatar."""

    weekdays: tuple[int, ...]
    """1 Monday … 7 Sunday."""
    begin: time
    end: time
    """Not included; an end before the begin lies on the next day."""


class Secrecy(Contract):
    """A law that lets the person know of a reading only later."""

    basis_mn: str
    days: int = Field(gt=0, le=3660)


class Agreement(Contract):
    """Consumer may call service for these purposes in this time; each change is a new version."""

    id: str
    consumer: str
    service: str
    purposes: tuple[Purpose, ...]
    valid_from: datetime
    valid_until: datetime
    version: int = 1
    endpoints: tuple[EndpointGrant, ...] = ()
    """Empty: the whole service."""
    fields: tuple[str, ...] = ()
    """JSON pointers into the answer, ``*`` for every item; what they do not name is left out. Empty: the whole answer."""
    authentication: tuple[CitizenAuthentication, ...] = ()
    """Any one of these; empty: the citizen need not be there."""
    consent: bool = False
    """Whether the person must have consented, and not withdrawn."""
    rate_per_second: int | None = Field(default=None, gt=0)
    quota_per_day: int | None = Field(default=None, gt=0)
    hours: Hours | None = None
    secrecy: Secrecy | None = None


class IssuerEntry(Contract):
    """Whose word on a citizen's authentication counts."""

    issuer: str
    """``iss`` of its statements (compact JWS, ES256, typ ``toono-authentication+jwt``)."""
    public_keys_pem: tuple[str, ...]


class ExchangePolicy(Contract):
    """How long the exchange goes on with what grows old: first as usual, then with a warning, then not."""

    configuration_grace_seconds: int = Field(default=86_400, ge=0)
    """After ``expires_at``."""
    ocsp_fresh_seconds: int = Field(default=3_600, gt=0)
    ocsp_grace_seconds: int = Field(default=43_200, ge=0)
    """After ``ocsp_fresh_seconds``."""
    stamp_fresh_seconds: int = Field(default=300, gt=0)
    """Age of the oldest signature without a time-stamp."""
    stamp_grace_seconds: int = Field(default=86_400, ge=0)
    """After ``stamp_fresh_seconds``."""


class ExchangeConfiguration(Contract):
    """Everything that the gateway knows. It serves by it until ``expires_at``, with a warning for the policy's grace after that, and then refuses."""

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
    gateways: tuple[GatewayEntry, ...] = ()
    issuers: tuple[IssuerEntry, ...] = ()
    policy: ExchangePolicy = ExchangePolicy()


class Publication(Contract):
    """The newest configuration, without its text."""

    version: int
    issued_at: datetime
    expires_at: datetime
    digest: str
    """SHA-256 of the JWS, hex."""


class ExchangeEntry(Contract):
    """What holds for the exchange as a whole: its gateways, whose word on citizens counts, and how far it bears ageing."""

    gateways: tuple[GatewayEntry, ...] = ()
    homes: dict[str, str] = {}
    """Code of an organisation to the name of the gateway that signs for it; one that is not named is served by whichever is asked."""
    issuers: tuple[IssuerEntry, ...] = ()
    policy: ExchangePolicy = ExchangePolicy()


class DraftKind(StrEnum):
    """What a draft changes."""

    ORGANISATION = "organisation"
    SYSTEM = "system"
    SERVICE = "service"
    AGREEMENT = "agreement"
    EXCHANGE = "exchange"


class DraftState(StrEnum):
    """How far a draft has come. An approved or refused one is never touched again.

    What an administrator drafted waits (pending) for another one. What a representative of the consumer drafted waits (pending) for
    one of the owner, who accepts it, and then (accepted) for the countersignature of an administrator.
    """

    PENDING = "pending"
    ACCEPTED = "accepted"
    APPROVED = "approved"
    REJECTED = "rejected"


Entry = Organisation | SystemEntry | ServiceEntry | Agreement | ExchangeEntry
"""What the registry holds, one shape per :class:`DraftKind`."""


class Draft(Contract):
    """A proposed entry: how it is to read when the others have approved it. An approved one is a version of its entry."""

    id: UUID
    kind: DraftKind
    subject: str
    """Code of the organisation, id of the system, service or agreement, or ``exchange``."""
    content: Entry
    """Where it removes: the entry that goes."""
    remove: bool = False
    before: Entry | None
    """The entry as it stands now; None where the draft adds one, or is decided."""
    drafted_by: UUID
    drafted_for: str | None = None
    """Code of the organisation whose representative drafted it; None: an administrator did."""
    drafted_at: datetime
    state: DraftState
    accepted_by: UUID | None = None
    """The representative of the owner."""
    accepted_at: datetime | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    reason: str = ""
    """Why it was refused."""
    version: int | None = None
    """Which version of its entry it became."""


class Change(Contract):
    """What a file would make of one entry."""

    kind: DraftKind
    subject: str
    before: Entry | None
    """None: it would be added."""
    after: Entry | None
    """None: it would be removed."""


class Plan(Contract):
    """What applying a file would change, in order."""

    changes: tuple[Change, ...]
    unnamed: int
    """Entries that stand and that the file does not name; they stay unless the file is applied with pruning."""


class Validity(StrEnum):
    """In which part of its life an agreement is."""

    IN_FORCE = "in_force"
    ENDING = "ending"  # in force, and for 30 days at most
    LATER = "later"
    ENDED = "ended"


class Listing(Contract):
    """One page of a list, and how many there are altogether."""

    entries: tuple[Entry, ...]
    total: int


class Link(Contract):
    """Who calls whom: a consumer with agreements in force on a service."""

    consumer: str
    service: str
    agreements: int
