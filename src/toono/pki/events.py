"""What the room tells upward."""

from __future__ import annotations

from typing import ClassVar

from toono.kernel.events import Event
from toono.pki.contracts import Profile, RevocationReason


class CertificateRevoked(Event):
    """A certificate is no longer good from this moment on. Whoever published it takes it out; the revocation list is renewed."""

    name: ClassVar[str] = "pki.certificate_revoked"

    serial: str
    """Serial number, lower-case hex."""
    key: str
    """Label of the key in the signer."""
    profile: Profile
    reason: RevocationReason
