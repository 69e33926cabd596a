"""What crosses the door of ``pki``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from toono.kernel.contract import Contract


class Profile(StrEnum):
    """What a certificate is for; the details stand as data in ``domain/profiles.py``."""

    ROOT = "root"  # signs the issuing authority, nothing else
    ISSUING = "issuing"  # signs everything below
    OCSP = "ocsp"  # answers for the issuing authority whether a certificate is good
    TIMESTAMP = "timestamp"  # signs time-stamps
    SEAL = "seal"  # an organisation's digital seal on documents
    EXCHANGE = "exchange"  # signs an organisation's messages on the exchange
    CONFIGURATION = "configuration"  # signs the exchange's configuration
    TOKEN = "token"  # noqa: S105 - signs identity tokens
    SYSTEM = "system"  # a client system of the platform itself
    PERSON = "person"  # a natural person's digital signature


NAME_LIMIT_BYTES = 64


class SubjectName(Contract):
    """The legal person whom a certificate names (ETSI EN 319 412-3 §4.2.1)."""

    common_name: str = Field(min_length=1, max_length=64)
    """By what it is called: the organisation's short name, or what the key does."""
    organisation: str = Field(min_length=1, max_length=64)
    """Full registered name, as far as :meth:`of` had to shorten it."""
    register_number: str = Field(pattern=r"^\d{7}$")
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

    given_name: str = Field(min_length=1, max_length=64)
    patronymic: str = Field(min_length=1, max_length=64)
    """Father's (mother's) name; stands where X.520 has the surname."""
    civil_id: str = Field(pattern=r"^\d{12}$")
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


class RevocationReason(StrEnum):
    """Why a certificate stops being good (RFC 5280 §5.3.1, those that an administrator may give)."""

    KEY_COMPROMISE = "key_compromise"
    AFFILIATION_CHANGED = "affiliation_changed"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation_of_operation"
    PRIVILEGE_WITHDRAWN = "privilege_withdrawn"


class CertificateState(StrEnum):
    """Where a certificate stands at a moment."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


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
