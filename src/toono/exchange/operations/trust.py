"""Whom a verifier of our evidence believes: what ``/verificationconf`` gives, and the same for checks of our own."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from cryptography import x509

import toono.pki.api as pki
import toono.registry.api as registry
from toono.exchange.domain.evidence import verificationconf
from toono.exchange.domain.evidence.trust import Anchors
from toono.kernel.actor import system
from toono.kernel.jose import unverified_payload
from toono.kernel.settings import settings
from toono.pki.contracts import Profile
from toono.registry.contracts import ExchangeConfiguration

_OWN = system("exchange")


def verification_configuration() -> bytes:
    """The ZIP file of ``/verificationconf``: members, authorities and time-stamping units by the newest configuration."""
    return _written(registry.published_configuration(), _units())


def anchors() -> Anchors:
    """The same, to verify with."""
    return _anchors(registry.published_configuration(), _units())


def _units() -> tuple[str, ...]:
    """PEM of the time-stamping units, of earlier ones too: their stamps are still to be checked."""
    return tuple(info.pem for info in pki.certificates(actor=_OWN, profile=Profile.TIMESTAMP))


@lru_cache(maxsize=1)
def _written(jws: str, units: tuple[str, ...]) -> bytes:
    configuration = ExchangeConfiguration.model_validate_json(unverified_payload(jws))
    base = settings().base_url
    return verificationconf.write(
        configuration,
        stamping=[x509.load_pem_x509_certificate(pem.encode()) for pem in units],
        address=urlsplit(base).hostname or "",
        stamping_url=f"{base}/pki/tsa",
        at=configuration.issued_at,
    )


@lru_cache(maxsize=1)
def _anchors(jws: str, units: tuple[str, ...]) -> Anchors:
    return verificationconf.read(_written(jws, units))
