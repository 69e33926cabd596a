"""Certificates of clients: RFC 8705 (mutual TLS), handed on by the TLS terminator as RFC 9440 §2.2 writes them.

The terminator has seen the proof of possession. Here is asked which certificate it was, and whether it is in its time; a client is known by the thumbprint that it
registered, so no authority is asked (RFC 8705 §2.2, ``self_signed_tls_client_auth``).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import unquote

from cryptography import x509

from toono.kernel.jose import base64url

_SEQUENCE = re.compile(r":([A-Za-z0-9+/]+={0,2}):")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END CERTIFICATE-----\s*")
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


@lru_cache(maxsize=1024)
def read(value: str) -> Certificate | None:
    """The certificate in a ``Client-Cert`` header, in the form of RFC 9440 or percent-encoded PEM (nginx); None when it is none."""
    if len(value) > LONGEST:
        return None
    found = _SEQUENCE.fullmatch(value.strip()) or _PEM.fullmatch(unquote(value))
    if found is None:
        return None
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True)
        certificate = x509.load_der_x509_certificate(der)
        return Certificate(
            sha256=base64url(hashlib.sha256(der).digest()), valid_from=certificate.not_valid_before_utc, valid_until=certificate.not_valid_after_utc
        )  # fmt: skip
    except (ValueError, binascii.Error):
        return None
