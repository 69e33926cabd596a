"""Certificates of clients: RFC 8705 (mutual TLS), handed on by the TLS terminator as RFC 9440 §2.2 writes them.

The terminator has seen the proof of possession. Here is asked which certificate it was, and whether it is in its time; a client is known by the thumbprint that it
registered, so no authority is asked (RFC 8705 §2.2, ``self_signed_tls_client_auth``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from toono.kernel import client_certificates
from toono.kernel.jose import base64url

LONGEST = 16384


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What matters of a certificate."""

    sha256: str
    """Thumbprint as in ``x5t#S256``."""
    valid_from: datetime
    valid_until: datetime

    def in_time(self, now: datetime) -> bool:
        return self.valid_from <= now < self.valid_until


def read(value: str) -> Certificate | None:
    """The certificate in a ``Client-Cert`` header; None when it is none."""
    found = client_certificates.read(value) if len(value) <= LONGEST else None
    if found is None:
        return None
    return Certificate(sha256=base64url(found.sha256), valid_from=found.valid_from, valid_until=found.valid_until)
