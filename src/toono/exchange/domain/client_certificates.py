"""Client certificates at the gateway: what the terminator handed on, and whether it is in its time (form: :mod:`toono.kernel.client_certificates`)."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from toono.exchange.domain.faults import Code, Fault
from toono.kernel import client_certificates

HEADER: Final = "client-cert"
TERMINATOR_HEADER: Final = "x-toono-terminator"
FROM_TERMINATOR: Final = frozenset({HEADER, "client-cert-chain", TERMINATOR_HEADER})
"""Never logged and never passed on, whoever sent them."""


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
    found = client_certificates.read(value)
    if found is None:
        raise _refused("client_certificate_unreadable", "The TLS terminator handed on something that is no certificate.")
    return ClientCertificate(found.sha256.hex(), found.valid_from, found.valid_until)


def check_time(certificate: ClientCertificate, now: datetime) -> None:
    """:raises Fault: before or after its time, whatever the terminator thinks of that."""
    if now < certificate.valid_from:
        raise _refused("client_certificate_not_yet_valid", f"The client certificate begins at {certificate.valid_from:%Y-%m-%dT%H:%M:%SZ}.")
    if now >= certificate.valid_until:
        raise _refused("client_certificate_expired", f"The client certificate ended at {certificate.valid_until:%Y-%m-%dT%H:%M:%SZ}.")


def _refused(reason: str, message: str) -> Fault:
    return Fault(Code.AUTHENTICATION_FAILED, reason, message)
