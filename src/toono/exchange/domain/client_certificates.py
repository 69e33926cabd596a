"""TLS client certificates as the terminator before the gateway hands them on.

Source: RFC 9440 §2.2: ``Client-Cert: :<base64 of the DER>:``. nginx cannot write that form; what it writes (``$ssl_client_escaped_cert``: PEM, percent-encoded) is
read too. The terminator has seen the proof of possession; here is only asked which certificate it was and whether it is in its time.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import unquote

from cryptography import x509

from toono.exchange.domain.faults import Code, Fault

HEADER: Final = "client-cert"
TERMINATOR_HEADER: Final = "x-toono-terminator"
FROM_TERMINATOR: Final = frozenset({HEADER, "client-cert-chain", TERMINATOR_HEADER})
"""Never logged and never passed on, whoever sent them."""
_SEQUENCE: Final = re.compile(r":([A-Za-z0-9+/]+={0,2}):")
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END CERTIFICATE-----\s*")


class ClientCertificate(NamedTuple):
    """What the gateway needs of a certificate."""

    sha256: str
    """Hex digest of its DER."""
    valid_from: datetime
    valid_until: datetime


@lru_cache(maxsize=1024)
def read(value: str) -> ClientCertificate:
    """The certificate in a ``Client-Cert`` header.

    :raises Fault: it is none.
    """
    found = _SEQUENCE.fullmatch(value.strip()) or _PEM.fullmatch(unquote(value))
    try:
        if found is None:
            raise ValueError("neither form")
        der = base64.b64decode("".join(found[1].split()), validate=True)
        certificate = x509.load_der_x509_certificate(der)
    except (ValueError, binascii.Error):
        raise _refused("client_certificate_unreadable", "The TLS terminator handed on something that is no certificate.") from None
    return ClientCertificate(sha256(der).hexdigest(), certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def check_time(certificate: ClientCertificate, now: datetime) -> None:
    """:raises Fault: before or after its time, whatever the terminator thinks of that."""
    if now < certificate.valid_from:
        raise _refused("client_certificate_not_yet_valid", f"The client certificate begins at {certificate.valid_from:%Y-%m-%dT%H:%M:%SZ}.")
    if now >= certificate.valid_until:
        raise _refused("client_certificate_expired", f"The client certificate ended at {certificate.valid_until:%Y-%m-%dT%H:%M:%SZ}.")


def _refused(reason: str, message: str) -> Fault:
    return Fault(Code.AUTHENTICATION_FAILED, reason, message)
