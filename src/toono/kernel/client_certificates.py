"""TLS client certificates as the terminator before a process hands them on.

Source: RFC 9440 §2.2: ``Client-Cert: :<base64 of the DER>:``. nginx cannot write that form; what it writes (``$ssl_client_escaped_cert``: PEM, percent-encoded) is
read too. The terminator has seen the proof of possession; here is only read which certificate it was.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import unquote

from cryptography import x509

from toono.kernel.certificates import UNREADABLE

_SEQUENCE: Final = re.compile(r":([A-Za-z0-9+/]+={0,2}):")
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END CERTIFICATE-----\s*")


class ClientCertificate(NamedTuple):
    """What matters of a certificate: which one, and its time."""

    sha256: bytes
    """Digest of its DER."""
    valid_from: datetime
    valid_until: datetime


@lru_cache(maxsize=1024)
def read(value: str) -> ClientCertificate | None:
    """The certificate in a ``Client-Cert`` header; None where it is none."""
    found = _SEQUENCE.fullmatch(value.strip()) or _PEM.fullmatch(unquote(value))
    if found is None:
        return None
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True)
        certificate = x509.load_der_x509_certificate(der)
    except UNREADABLE:
        return None
    return ClientCertificate(sha256(der).digest(), certificate.not_valid_before_utc, certificate.not_valid_after_utc)
