"""Until when a signed file proves something by itself, and whether it is time for the next archive time-stamp. Pure.

A signature is worth something as long as the newest time-stamp around it is: until the unit's certificate ends, or one of its algorithms is no
longer strong. Before a signature is archived, its own certificate counts as well, since its status is told reliably only until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from toono.pki.domain.signatures.kinds import Found

MARGIN = timedelta(days=180)
"""How long before the end a file is cared for: time enough for a job that fails, a backlog, a unit that must be replaced."""


def _start_of(year: int, month: int = 1) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


_QUANTUM = _start_of(2036)
"""NIST IR 8547 (draft, table 2): RSA, ECDSA and EdDSA are disallowed after 2035. ETSI recommends them and states no end; so does it the SHA-2 and SHA-3
families, which are looked at again by then as well."""
_RECOMMENDED = (
    *("sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"),
    *("P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "Ed25519", "Ed448"),
)
ALGORITHM_ENDS: Mapping[str, datetime] = MappingProxyType(
    {
        "md5": _start_of(2004, 8),
        "sha1": _start_of(2012, 8),
        "sha224": _start_of(2026),
        "RSA-2048": _start_of(2026),
        # As PKCS#1 v1.5 legacy until then; PSS has no end, but a key does not say how it signs.
        "RSA-3072": _start_of(2034),
        "RSA-4096": _start_of(2034),
        **dict.fromkeys(_RECOMMENDED, _QUANTUM),
    }
)
"""The moment from which an algorithm is trusted no longer: ETSI TS 119 312 V2.1.1 (2026-06), table D.1 and D.2 and its machine-readable form (MD5: as
the EU's validator DSS has it). Reviewed each year: a later edition moves these dates. What does not stand here is trusted no longer."""

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
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
    return min(certificate.not_valid_after_utc, _strong_until([_name(certificate), digest]))


def _token_end(token: bytes) -> datetime:
    signed = cms.ContentInfo.load(token)["content"]
    signer = signed["signer_infos"][0]
    imprint = signed["encap_content_info"]["content"].parsed["message_imprint"]["hash_algorithm"]["algorithm"].native
    serial = signer["sid"].chosen["serial_number"].native
    held = [x509.load_der_x509_certificate(one.dump()) for one in signed["certificates"]]
    unit = next((one for one in held if one.serial_number == serial), None)
    if unit is None:
        raise ValueError("a token without its unit's certificate")
    return min(unit.not_valid_after_utc, _strong_until([_name(unit), imprint, signer["digest_algorithm"]["algorithm"].native]))


def _certificate_end(der: bytes) -> datetime:
    certificate = x509.load_der_x509_certificate(der)
    return min(certificate.not_valid_after_utc, _strong_until([_name(certificate)]))


def _is_authority(der: bytes) -> bool:
    certificate = x509.load_der_x509_certificate(der)
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _strong_until(names: Iterable[str]) -> datetime:
    return min(ALGORITHM_ENDS.get(name, _NEVER) for name in names)


def _name(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, key.curve.name)
    if isinstance(key, rsa.RSAPublicKey):
        # 3000 bits is the least of the next step, whose usual size is 3072 (TS 119 312 table D.2).
        return next((name for least, name in ((4096, "RSA-4096"), (3000, "RSA-3072"), (2048, "RSA-2048")) if key.key_size >= least), "")
    return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448" if isinstance(key, ed448.Ed448PublicKey) else ""
