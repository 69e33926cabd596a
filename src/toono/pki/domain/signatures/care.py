"""Until when a signed file proves something by itself, and whether it is time for the next archive time-stamp. Pure.

A signature is worth something as long as the newest time-stamp around it is: until the unit's certificate ends, or one of its algorithms is no
longer strong. Before a signature is archived, its own certificate counts as well, since its status is told reliably only until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import cms
from cryptography import x509

from toono.pki.domain.algorithm_ends import name_of_key, strong_until
from toono.pki.domain.signatures.kinds import Found

MARGIN = timedelta(days=180)
"""How long before the end a file is cared for: time enough for a job that fails, a backlog, a unit that must be replaced."""


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outlook:
    """How long a file is good by itself."""

    until: datetime
    archived: bool
    """Whether it has an archive time-stamp already."""

    def is_due(self, at: datetime) -> bool:
        return at >= self.due_at

    @property
    def due_at(self) -> datetime:
        """When it is to be cared for."""
        return self.until - MARGIN


def outlook(found: Found) -> Outlook:
    """Until when what stands in a file is good.

    :raises ValueError: a token that cannot be read.
    """
    if found.archive_stamps:
        return Outlook(_token_end(found.archive_stamps[-1]), archived=True)
    ends = [_certificate_end(one) for one in found.certificates[:1]]
    ends += [_certificate_end(one) for one in found.certificates[1:] if not _is_authority(one)]
    ends += [_token_end(token) for token in found.stamps]
    return Outlook(min(ends, default=_NEVER), archived=False)


def unit_end(certificate: x509.Certificate, digest: str = "sha256") -> datetime:
    """Until when a stamp of this unit is good."""
    return min(certificate.not_valid_after_utc, strong_until([name_of_key(certificate.public_key()), digest]))


def _token_end(token: bytes) -> datetime:
    signed = cms.ContentInfo.load(token)["content"]
    signer = signed["signer_infos"][0]
    imprint = signed["encap_content_info"]["content"].parsed["message_imprint"]["hash_algorithm"]["algorithm"].native
    serial = signer["sid"].chosen["serial_number"].native
    held = [x509.load_der_x509_certificate(one.dump()) for one in signed["certificates"]]
    unit = next((one for one in held if one.serial_number == serial), None)
    if unit is None:
        raise ValueError("a token without its unit's certificate")
    return min(
        unit.not_valid_after_utc, strong_until([name_of_key(unit.public_key()), imprint, signer["digest_algorithm"]["algorithm"].native])
    )


def _certificate_end(der: bytes) -> datetime:
    certificate = x509.load_der_x509_certificate(der)
    return min(certificate.not_valid_after_utc, strong_until([name_of_key(certificate.public_key())]))


def _is_authority(der: bytes) -> bool:
    certificate = x509.load_der_x509_certificate(der)
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
