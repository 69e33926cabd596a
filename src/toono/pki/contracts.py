"""What crosses the door of ``pki``."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Protocol
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from toono.kernel.contract import Contract


class Profile(StrEnum):
    """What a certificate is for; the details stand as data in ``domain/profiles.py``."""

    ROOT = "root"  # signs the issuing authority, nothing else
    ISSUING = "issuing"  # signs what organisations and the platform hold
    ISSUING_PERSONS = "issuing_persons"  # signs what natural persons hold
    ISSUING_SERVERS = "issuing_servers"  # signs the certificates of agencies' servers
    OCSP = "ocsp"  # answers for one authority whether a certificate is good
    TIMESTAMP = "timestamp"  # signs time-stamps
    SEAL = "seal"  # an organisation's digital seal on documents
    EXCHANGE = "exchange"  # signs an organisation's messages on the exchange
    CONFIGURATION = "configuration"  # signs the exchange's configuration
    TOKEN = "token"  # noqa: S105 - signs identity tokens
    SYSTEM = "system"  # a client system of the platform itself
    PERSON = "person"  # a natural person's digital signature
    AUTHENTICATION = "authentication"  # a natural person proves who they are
    OFFICER = "officer"  # a natural person's digital signature as an officer of an organisation
    TRUSTED_LIST = "trusted_list"  # signs our trusted list
    SERVER = "server"  # an agency's server (TLS); the key is the applicant's and comes with a request (PKCS#10)


NAME_LIMIT_BYTES = 64


def _printable(value: str) -> str:
    """A control character in a name could make a viewer show another name than the one that was certified."""
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for letter in value):
        raise ValueError("a name has no control characters")
    return value


NamePart = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_printable)]
"""Text that goes into a distinguished name."""


class SubjectName(Contract):
    """The legal person whom a certificate names (ETSI EN 319 412-3 §4.2.1)."""

    common_name: NamePart
    """By what it is called: the organisation's short name, or what the key does."""
    organisation: NamePart
    """Full registered name, as far as :meth:`of` had to shorten it."""
    register_number: str = Field(pattern=r"^[0-9]{7}$")
    """Legal entity's register number; becomes ``organizationIdentifier`` ``NTRMN-<register>``."""

    @classmethod
    def of(cls, name: str, register_number: str) -> SubjectName:
        """The legal person called ``name``. A long name is cut after a whole word: its register number is what counts.

        X.520 allows 64 characters, ``cryptography`` 64 bytes of UTF-8, which is 32 Cyrillic letters.
        """
        if len(name.encode()) > NAME_LIMIT_BYTES:
            cut = name.encode()[: NAME_LIMIT_BYTES + 1].decode(errors="ignore")
            name = cut.rpartition(" ")[0] or name.encode()[:NAME_LIMIT_BYTES].decode(errors="ignore")
        return cls(common_name=name, organisation=name, register_number=register_number)


class PersonName(Contract):
    """The natural person whom a certificate names (ETSI EN 319 412-2 §4.2.4)."""

    given_name: NamePart
    patronymic: NamePart
    """Father's (mother's) name; stands where X.520 has the surname."""
    civil_id: str = Field(pattern=r"^[0-9]{12}$")
    """Becomes ``serialNumber`` ``PNOMN-<civil id>`` (EN 319 412-1 §5.1.3)."""

    @property
    def common_name(self) -> str:
        """``Ганбат Сарнай``; X.520 allows 64 characters, ``cryptography`` 64 bytes of UTF-8: a longer patronymic becomes its letter."""
        whole = f"{self.patronymic} {self.given_name}"
        return whole if len(whole.encode()) <= NAME_LIMIT_BYTES else f"{self.patronymic[:1]}.{self.given_name}"

    @property
    def organisation(self) -> str:
        return ""

    @property
    def register_number(self) -> str:
        return self.civil_id


class OfficerName(Contract):
    """A natural person who signs as an officer of an organisation (EN 319 412-2 §4.2.4, with ``O`` and ``organizationIdentifier``)."""

    person: PersonName
    organisation: NamePart
    organisation_number: str = Field(pattern=r"^[0-9]{7}$")
    """Register number of the organisation; becomes ``organizationIdentifier`` ``NTRMN-<register>``."""

    @property
    def common_name(self) -> str:
        return self.person.common_name

    @property
    def register_number(self) -> str:
        return self.person.civil_id


class ServerName(Contract):
    """An agency's server: the organisation that answers for it, and the names under which it is reached."""

    organisation: NamePart
    register_number: str = Field(pattern=r"^[0-9]{7}$")
    names: tuple[str, ...] = Field(min_length=1, max_length=100)
    """Names of the domain system, lower case, none of them twice."""

    @property
    def common_name(self) -> str:
        """The first name that X.520 has room for; empty where there is none (the alternative names say all)."""
        return next((name for name in self.names if len(name) <= NAME_LIMIT_BYTES), "")


Subject = SubjectName | PersonName | OfficerName | ServerName
"""Whom a certificate may name."""


class RevocationReason(StrEnum):
    """Why a certificate is not good (RFC 5280 §5.3.1); for good, or with ``CERTIFICATE_HOLD`` until it is revived."""

    KEY_COMPROMISE = "key_compromise"
    AFFILIATION_CHANGED = "affiliation_changed"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation_of_operation"
    PRIVILEGE_WITHDRAWN = "privilege_withdrawn"
    CERTIFICATE_HOLD = "certificate_hold"


class CertificateState(StrEnum):
    """Where a certificate stands at a moment."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"


class CertificateAct(StrEnum):
    """A step in the life of a certificate."""

    ISSUE = "issue"
    RENEW = "renew"  # a successor was issued
    SUSPEND = "suspend"
    REVIVE = "revive"
    REVOKE = "revoke"


class StepInfo(Contract):
    """One step in the life of a certificate, as its holder and administrators read it."""

    act: CertificateAct
    at: datetime
    reason: RevocationReason | None = None
    holder: bool
    """The holder themselves; else an administrator or the platform."""
    role: str
    person_id: UUID | None = None


class RequestState(StrEnum):
    """Where a request for a certificate stands."""

    WAITING = "waiting"
    ISSUED = "issued"
    REFUSED = "refused"


class DeskStatement(Contract):
    """What the officer at the registration desk states of the person before them (ETSI EN 319 411-1 §6.2.2)."""

    photo_matches: bool
    """The person is the one on the photo of the population register."""
    photo_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the photo that was shown, so that it can be proven later which one it was."""
    record: str = Field(min_length=1, max_length=80)
    """Message of the exchange by which facts and photo came."""
    document: str = Field(min_length=3, max_length=40)
    """Number of the identity card or passport that the person showed."""


class RequestInfo(Contract):
    """A request for a certificate, in the queue or decided."""

    id: UUID
    profile: Profile
    common_name: str
    organisation: str
    names: tuple[str, ...] = ()
    """Of a server."""
    algorithm: str = ""
    """Of the key in a server's request."""
    state: RequestState
    asked_at: datetime
    asked_by: UUID
    decided_at: datetime | None = None
    decided_by: UUID | None = None
    refusal: str = ""
    serial: str = ""
    """Of the certificate that came of it."""


class CertificateInfo(Contract):
    """A certificate as other rooms and pages see it."""

    serial: str
    """Lower-case hex, no leading zeros."""
    key: str
    """Label under which the signer signs with it. Always take it from here: after a compromise it is not the label asked for."""
    profile: Profile
    common_name: str
    organisation: str
    register_number: str
    pem: str
    chain_pem: tuple[str, ...]
    """The authorities above it, nearest first, the root last."""
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    reason: RevocationReason | None = None
    state: CertificateState
    """At the moment of the call."""


class AcceptedCeremony(Contract):
    """What a ceremony leaves to be kept for ever, beside the certificates."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    root_serial: str
    transcript: bytes
    """JSON in canonical form: what was signed."""
    signature: bytes
    """By the root's key over ``transcript``: ECDSA, DER."""
    time_stamp: bytes
    """RFC 3161 token over the SHA-256 of transcript and signature, one after the other; DER."""


class HeldCertificate(Contract):
    """A certificate with its history, and what the one who looks may do with it now."""

    certificate: CertificateInfo
    steps: tuple[StepInfo, ...]
    acts: tuple[CertificateAct, ...]


class AuthorityInfo(Contract):
    """An authority, as the console shows it."""

    profile: Profile
    slug: str
    """Its name in addresses."""
    common_name: str
    algorithm: str
    serial: str
    not_after: datetime
    certificates: int
    """Issued by it and in force."""
    revoked: int
    suspended: int
    current: bool
    """It issues; an earlier generation only answers for what it has issued."""
    key_here: bool
    """The signer holds its key; that of an offline root stands in a safe."""


class AuthorityOverview(Contract):
    """The console of the authority."""

    authorities: tuple[AuthorityInfo, ...]
    counts: dict[Profile, dict[CertificateState, int]]
    issued_last_days: int
    """Certificates issued in the last seven days."""
    expiring: tuple[CertificateInfo, ...]
    """Certificates of organisations, the platform and persons that end within sixty days and have no successor, the nearest first."""
    waiting: tuple[RequestInfo, ...]
    """Requests to be decided, the oldest first."""


class SealStatus(StrEnum):
    """The one answer about a PDF's seal, worst first where several are true."""

    UNREADABLE = "unreadable"  # not a PDF, or it or its signature cannot be parsed
    UNSEALED = "unsealed"  # a PDF without any seal
    ALTERED = "altered"  # what was sealed is not what is here
    FOREIGN = "foreign"  # sealed by somebody whom the platform's authorities do not know, or with a certificate that is no seal
    REVOKED = "revoked"  # the certificate was revoked when the seal was made, or its key was stolen
    INDETERMINATE = "indeterminate"  # intact, but something needed to decide is missing
    VALID = "valid"  # intact, ours, good at the time of sealing


class SealCheck(Contract):
    """What is known about the seal of a PDF."""

    status: SealStatus
    intact: bool = False
    """The bytes are those that were sealed, and nothing was added."""
    trusted: bool = False
    """The certificate leads to our root and is one for seals."""
    revoked: bool | None = None
    """Whether the revocation of the certificate touches this seal; None when not known."""
    sealed_at: datetime | None = None
    """Time by the time-stamp; None without a trusted one."""
    organisation: str | None = None
    """Sealing organisation, as its certificate names it. Tell it only if ``trusted``."""
    register_number: str | None = None
    serial: str | None = None
    detail: str = ""
    """Technical reason, for the log and for experts."""

    @property
    def indeterminate(self) -> bool:
        """Neither valid nor invalid: ask again later or with more material."""
        return self.status is SealStatus.INDETERMINATE


# -- validation of any signed file -----------------------------------------------------------------------------


class Indication(StrEnum):
    """The answer about a signature (ETSI EN 319 102-1 §5.1.3, table 5), worst first."""

    TOTAL_FAILED = "TOTAL-FAILED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_PASSED = "TOTAL-PASSED"


class SubIndication(StrEnum):
    """Why a signature did not pass (ETSI EN 319 102-1 §5.1.3, table 6)."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    GENERIC = "GENERIC"


class SignedFileKind(StrEnum):
    """What kind of signed file it is."""

    PDF = "pdf"
    CADES = "cades"
    XADES = "xades"
    ASIC_E = "asic_e"
    ASIC_S = "asic_s"
    OPEN_DOCUMENT = "open_document"
    JADES = "jades"
    TIME_STAMP = "time_stamp"  # a token or an answer of RFC 3161 alone
    EXCHANGE = "exchange"  # a container of the exchange; the exchange's own verifier knows what it proves
    UNKNOWN = "unknown"


class ReachedLevel(StrEnum):
    """Which baseline level (ETSI EN 319 142-1 §6 and its siblings) the signature shows by what stands in the file."""

    NONE = "none"  # signed, but below the baseline: the signer's certificate is not bound
    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


class TimeSource(StrEnum):
    """How the time of a signature is known, best first."""

    TIME_STAMP = "time_stamp"
    ARCHIVE_TIME_STAMP = "archive_time_stamp"
    CLAIMED = "claimed"  # the signer's own word
    NONE = "none"


class Coverage(StrEnum):
    """What a signature covers of what the file shows."""

    WHOLE = "whole"
    LATER_SIGNATURES = "later_signatures"  # whole, and afterwards only signatures and material to check them were added
    FORM_FILLED = "form_filled"  # afterwards fields were filled in or notes were added
    PART = "part"  # only a part of it
    CHANGED = "changed"  # what the file shows is not what was signed


class Signatory(Contract):
    """Whom the signer's certificate names. Believe it only when ``SignatureReport.trusted``."""

    name: str
    organisation: str = ""
    organisation_number: str = ""
    """``organizationIdentifier`` as it stands, such as ``NTRMN-9000001``; a person's number is never told."""
    country: str = ""
    issuer: str = ""
    serial: str
    """Lower-case hex."""
    sha256: str
    """Of the certificate, hex."""
    not_before: datetime
    not_after: datetime


class StampReport(Contract):
    """One time-stamp."""

    kind: str
    """``signature``, ``content``, ``archive``, ``container``, or ``file`` when it stands alone."""
    time: datetime | None
    authority: str = ""
    """The name in its unit's certificate, whoever vouches for it."""
    indication: Indication
    sub_indication: SubIndication | None = None


class SignatureReport(Contract):
    """One signature (EN 319 102-2 names in the JSON of the API)."""

    id: str
    indication: Indication
    sub_indication: SubIndication | None = None
    unread: bool = False
    """It has a form that we do not read: that is why nothing is said of its worth."""
    level: ReachedLevel = ReachedLevel.NONE
    signatory: Signatory | None = None
    trusted: bool = False
    """The certificate leads to an authority of ours or of a loaded trusted list."""
    trust_source: str = ""
    """Which list that authority stands on."""
    best_time: datetime | None = None
    """Since when the signature is proven to exist; without a time-stamp None."""
    claimed_time: datetime | None = None
    time_source: TimeSource = TimeSource.NONE
    coverage: Coverage = Coverage.WHOLE
    covered: tuple[str, ...] = ()
    """Files or elements that it signs, where there is more than one thing to sign."""
    stamps: tuple[StampReport, ...] = ()
    algorithm: str = ""
    revoked_at: datetime | None = None
    sentence: str = ""
    """The answer in words for somebody who knows nothing of signatures, in the language of the call."""
    detail: str = ""
    """Technical reason, for experts."""


class ValidationReport(Contract):
    """The answer about a file: the worst of its signatures'. A damaged or hostile file is an answer, not an exception."""

    name: str
    size_bytes: int
    sha256: str
    kind: SignedFileKind
    indication: Indication
    sub_indication: SubIndication | None = None
    unread: bool = False
    """The file as a whole has a form that we do not read, although it holds signatures."""
    signatures: tuple[SignatureReport, ...] = ()
    stamp: StampReport | None = None
    """The file is a time-stamp and nothing else."""
    uncovered: tuple[str, ...] = ()
    """Files of a container that no signature covers."""
    checked_at: datetime
    sentence: str = ""
    detail: str = ""


# -- status answers --------------------------------------------------------------------------------------------


class StatusAnswer(Contract):
    """An answer to a certificate status request, and how long it may be kept by others (RFC 5019 §6)."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    der: bytes
    """OCSPResponse."""
    produced_at: datetime | None = None
    """``thisUpdate``, whole seconds; None for a refusal, which is not signed."""
    fresh_until: datetime | None = None
    """``nextUpdate``."""
    keepable: bool = False
    """The same for everybody who asks the same: no nonce, and every certificate asked about exists."""


# -- signatures on files ---------------------------------------------------------------------------------------


class SignatureForm(StrEnum):
    """How a signature stands with its file."""

    PADES = "pades"  # in a PDF (ETSI EN 319 142-1)
    XADES = "xades"  # in an XML document, enveloped (EN 319 132-1)
    ASICE_XADES = "asice_xades"  # beside any file in a container (EN 319 162-1)
    ASICE_CADES = "asice_cades"
    CADES = "cades"  # CMS around any file (EN 319 122-1)
    JADES = "jades"  # JSON around any file (TS 119 182-1)


class SignatureLevel(StrEnum):
    """What the signature carries to be checked later; each level has what those before it have."""

    B_B = "b_b"  # the signer's certificate
    B_T = "b_t"  # a time-stamp: when it was there at the latest
    B_LT = "b_lt"  # certificates and revocation data: can be checked without a network
    B_LTA = "b_lta"  # an archive time-stamp: can be checked after all certificates have ended


class StampPlace(Contract):
    """Where the visible stamp stands on a PDF, in points (1/72 inch) from the page's lower left corner."""

    page: int = 0
    """From 0; -1 is the last."""
    left: float = Field(ge=0, le=14400)
    bottom: float = Field(ge=0, le=14400)
    width: float = Field(default=220, ge=80, le=14400)
    height: float = Field(default=72, ge=30, le=14400)


@dataclass(frozen=True, kw_only=True)
class FileToSign:
    """What is to be signed, and how. The same file, certificate and moment always give the same digest to sign."""

    name: str
    """Of the file; its ending tells the media type, and it stands in containers."""
    content: bytes
    form: SignatureForm
    level: SignatureLevel
    at: datetime
    """Claimed time of signing, whole seconds."""
    reason: str = ""
    """For PDFs, as ``location`` and ``stamp``."""
    location: str = ""
    stamp: StampPlace | None = None
    """A document that a seal has certified gets no visible stamp."""
    detached: bool = False
    """CAdES without the content inside."""
    beside: bool = False
    """The file carries signatures of this form already, and this one joins them; those stay as they are. A PDF takes it either way."""


@dataclass(frozen=True)
class FileToCareFor:
    """A signed file that somebody keeps for years."""

    id: str
    """As the keeper knows it."""
    name: str
    content: bytes


class KeptFiles(Protocol):
    """Whoever keeps signed files for years, as the daily job of care sees it."""

    name: str
    """Of the keeper, for the log."""

    def due(self, *, at: datetime, limit: int) -> Sequence[FileToCareFor]:
        """Files whose ``next_at`` (as :meth:`cared` gave it) is past, or that were never looked at; ``limit`` at the most."""

    def cared(self, *, file_id: str, content: bytes | None, next_at: datetime) -> None:
        """Keep ``content`` in the file's place (None: it stays as it is), and show the file again at ``next_at``."""


# -- remote signing --------------------------------------------------------------------------------------------


class Confirmation(Contract):
    """What ``identity`` says of a one-time code that was right: who confirmed what. The signer's worker looks for it in the audit."""

    challenge_id: UUID
    """Also the name of the activation that follows from it."""
    person_id: UUID
    reference: str
    confirms: str
    """SHA-256 (hexadecimal) of exactly what the person saw."""


class SigningPurpose(StrEnum):
    """What a natural person's key is asked for."""

    SIGNATURE = "signature"
    AUTHENTICATION = "authentication"


class SigningOrigin(StrEnum):
    """By which interface it was asked."""

    CSC = "csc"  # Cloud Signature Consortium API
    SMART_ID = "smart_id"  # relying-party interface of Smart-ID, version 3
    FILE = "file"  # the holder brought a file to the pages


class SigningState(StrEnum):
    """Where a request to sign stands."""

    WAITING = "waiting"
    SIGNED = "signed"
    REFUSED = "refused"
    EXPIRED = "expired"


class SigningRequestView(Contract):
    """A request to sign, as its holder, its relying party and the pages see it."""

    id: UUID
    origin: SigningOrigin
    purpose: SigningPurpose
    party: str
    """Who asks, by the name that was registered."""
    person_id: UUID | None
    """None while nobody has opened the link of a request that is addressed to nobody."""
    text: str
    """What the relying party wants to be read before signing."""
    exact: bool
    """The text itself is what is signed; otherwise it only speaks of it."""
    digests: tuple[str, ...]
    """Base64; empty until the holder is known."""
    verification_code: str
    confirms: str
    """What a confirmation of this request must name; empty until the holder is known."""
    state: SigningState
    confirmed: bool
    """The holder has confirmed; the signatures come at once."""
    asked_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    signatures: tuple[str, ...]
    """Base64 DER, in the order of the digests."""
    certificate: str
    """Serial number of the holder's certificate; empty until the holder is known."""
    protocol: dict[str, str]
    """What the interface must remember; no secrets of the holder."""


class EarlierSignature(Contract):
    """A signature that a brought file carried already, as it was found when the file came."""

    name: str
    """Whom its certificate names; empty where that is not trusted."""
    indication: Indication
    sentence: str
    """In words, in the language in which the file was brought."""


class FileSigningView(Contract):
    """A file that its holder brought to be signed, as the pages show it."""

    id: UUID
    name: str
    size_bytes: int
    sha256: str
    """Hexadecimal, of the file as it was brought."""
    pages: int
    """Of a PDF that can be shown; else 0."""
    form: SignatureForm
    level: SignatureLevel
    beside: bool
    """Joins signatures that the file carries."""
    stamped: bool
    """A PDF gets a visible stamp."""
    earlier: tuple[EarlierSignature, ...]
    certificate: str
    """Serial number."""
    signer: str
    organisation: str
    in_force: bool
    """The certificate can sign now."""
    request: SigningRequestView | None
    """The newest request to sign it; None before the first code was asked for."""
    signed: bool
    signed_name: str
    """Name for the signed file."""
    signed_bytes: int
    kept_until: datetime
    """When file and signed file are removed."""


class RelyingPartyInfo(Contract):
    """Who may ask persons for authentications and signatures through the interface of Smart-ID."""

    id: UUID
    """``relyingPartyUUID``."""
    names: tuple[str, ...]
    """``relyingPartyName``: the only names under which it may appear."""
    callbacks: tuple[str, ...]
    """Origins to which a person may be sent back: ``https://bank.mn``."""
    registered_at: datetime
    ended_at: datetime | None


class RegisteredParty(Contract):
    """A new relying party of the interface of Smart-ID."""

    id: UUID
    secret: str
    """In the clear only here."""


# -- ACME --------------------------------------------------------------------------------------------------------


class AcmeAnswer(Contract):
    """What an ACME client is answered."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    status: int
    """Of HTTP."""
    media_type: str
    content: bytes
    location: str = ""
    up: str = ""
    """Address of what stands above it (``Link: …;rel="up"``)."""
    retry_after: int | None = None
    """Seconds."""


class AcmeAccountInfo(Contract):
    """An account that was made with a key."""

    made_at: datetime
    contact: tuple[str, ...] = ()
    """Addresses of mail."""
    active: bool
    """Not ended by its owner."""


class AcmeKeyInfo(Contract):
    """A key with which an organisation makes one ACME account (external account binding)."""

    id: str
    made_at: datetime
    expires_at: datetime
    """Until when the account must be made."""
    account: AcmeAccountInfo | None = None


class AcmeKeySecret(Contract):
    """A new key, as its organisation needs it."""

    id: str
    secret: str
    """base64url, as certbot's ``--eab-hmac-key`` takes it."""
    expires_at: datetime


class AcmeOrganisation(Contract):
    """What stands for the servers of an organisation."""

    code: str
    name: str
    """By its seal; empty where that is no longer valid."""
    domains: tuple[str, ...] = ()
    """``portal.nam.mn`` is this name alone, ``*.nam.mn`` every name below."""
    keys: tuple[AcmeKeyInfo, ...] = ()


class LoadedList(Contract):
    """Somebody else's trusted list, as administrators see it."""

    id: int
    title: str
    territory: str
    address: str
    sequence_number: int
    issued_at: datetime
    next_update: datetime | None
    loaded_at: datetime
    checked_at: datetime
    problem: str
    """Why the last fetch failed; empty when it did not."""
    services: int
    """How many authorities and units it vouches for."""
    pin_sha256: str
    """Of the certificate that signs it, hex."""


class PublicCertificate(Contract):
    """A certificate as the public repository shows it: of organisations, servers and the platform, never of a natural person."""

    serial: str
    profile: Profile
    common_name: str
    organisation: str
    register_number: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    state: CertificateState
    slug: str = ""
    """Name of an authority in the addresses of its lists; empty of others."""
