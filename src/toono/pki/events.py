"""What the room tells upward."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from toono.kernel.events import Event
from toono.pki.contracts import Profile, RevocationReason, SigningPurpose, SigningState


class CertificateRevoked(Event):
    """A certificate is no longer good from this moment on. Whoever published it takes it out; the revocation list is renewed."""

    name: ClassVar[str] = "pki.certificate_revoked"

    serial: str
    """Serial number, lower-case hex."""
    key: str
    """Label of the key in the signer."""
    profile: Profile
    reason: RevocationReason
    holder_id: UUID | None = None
    """The natural person whose certificate it is."""


# -- life cycle --------------------------------------------------------------------------------------------------


class CertificateChanged(Event):
    """What the events of a certificate's life have in common."""

    serial: str
    """Serial number, lower-case hex."""
    key: str
    """Label of the key in the signer."""
    profile: Profile
    holder_id: UUID | None = None
    """The natural person whose certificate it is."""


class CertificateIssued(CertificateChanged):
    """A natural person has a new certificate; they are told."""

    name: ClassVar[str] = "pki.certificate_issued"


class CertificateSuspended(CertificateChanged):
    """A certificate is not good until it is revived; the revocation list is renewed, the holder told."""

    name: ClassVar[str] = "pki.certificate_suspended"


class CertificateRevived(CertificateChanged):
    """A suspended certificate is good again; the revocation list is renewed, the holder told."""

    name: ClassVar[str] = "pki.certificate_revived"


class SignatureRequested(Event):
    """Somebody asks a natural person for a signature or an authentication; the person answers on ``/my/signatures``."""

    name: ClassVar[str] = "pki.signature_requested"

    request_id: UUID
    person_id: UUID
    party: str
    verification_code: str
    """Stands on the screen of whoever asks as well."""
    purpose: SigningPurpose


class SignatureAnswered(Event):
    """A natural person signed or refused."""

    name: ClassVar[str] = "pki.signature_answered"

    request_id: UUID
    person_id: UUID
    state: SigningState
