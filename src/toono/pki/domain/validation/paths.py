"""Certification paths (RFC 5280 §6): from a signer's certificate to an authority that is trusted, and what forbids a path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from toono.pki.domain.algorithm_ends import name_of_key
from toono.pki.domain.validation import limits

T = TypeVar("T", bound=x509.ExtensionType)


class Purpose(StrEnum):
    """What a certificate is used for here."""

    SIGNATURE = "signature"
    TIME_STAMP = "time_stamp"


SIGNING_USAGES = frozenset(
    {
        "2.5.29.37.0",  # any
        "1.3.6.1.5.5.7.3.36",  # document signing, RFC 9336
        ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
        "1.3.6.1.4.1.311.10.3.12",  # Microsoft's document signing
        "1.2.840.113583.1.1.5",  # Adobe's authentic documents
        "0.4.0.2231.3.0",  # signing of trusted lists, TS 119 612 §5.7.1
    }
)
_READ = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.POLICY_CONSTRAINTS,
    ExtensionOID.INHIBIT_ANY_POLICY,
}
SHORT_TERM = x509.ObjectIdentifier("0.4.0.194121.2.1")
"""Validity assured, short term (EN 319 412-1 §5.2): no revocation is told for it."""


@dataclass(frozen=True)
class Anchor:
    """An authority, or a unit itself, that somebody vouches for."""

    certificate: x509.Certificate
    source: str
    """Which list it stands on, in words."""
    purposes: frozenset[Purpose] = frozenset(Purpose)
    granted: tuple[tuple[datetime, datetime | None], ...] = ()
    """When it was granted its status; empty: always."""

    def granted_at(self, moment: datetime) -> bool:
        return not self.granted or any(start <= moment and (end is None or moment < end) for start, end in self.granted)


class Patience:
    """How many signatures of certificates and lists are still verified for one file: a stranger chose how many there are."""

    def __init__(self, left: int = limits.VERIFICATIONS) -> None:
        self._left = left

    def spend(self) -> bool:
        """Whether there was any left."""
        self._left -= 1
        return self._left >= 0


@dataclass(frozen=True)
class Path:
    """The signer's certificate first, the trusted one last (which may be the same)."""

    certificates: tuple[x509.Certificate, ...]
    anchor: Anchor

    def steps(self) -> Iterator[tuple[x509.Certificate, x509.Certificate]]:
        """Each certificate that needs a status, with its issuer."""
        return zip(self.certificates, self.certificates[1:], strict=False)


@lru_cache(maxsize=512)
def parsed(encoded: bytes) -> x509.Certificate | None:
    """The certificate, or None for one that cannot be read."""
    try:
        found = x509.load_der_x509_certificate(encoded)
        _ = found.extensions, found.subject, found.issuer, found.not_valid_after_utc, found.public_key()
    except Exception:  # a stranger's certificate fails in any way; every way means the same
        return None
    return found


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def paths(
    leaf: x509.Certificate, pool: Sequence[x509.Certificate], anchors: Sequence[Anchor], purpose: Purpose, patience: Patience
) -> Iterator[Path]:
    """Every path to an authority trusted for this purpose; bounded."""
    usable = [anchor for anchor in anchors if purpose in anchor.purposes]
    stack: list[tuple[x509.Certificate, ...]] = [(leaf,)]
    while stack:
        chain = stack.pop()
        last = chain[-1]
        yield from (Path(chain, anchor) for anchor in usable if anchor.certificate == last)
        if len(chain) >= limits.PATH_LENGTH:
            continue
        for anchor in usable:
            if anchor.certificate.subject != last.issuer or anchor.certificate in chain:
                continue
            if patience.spend() and issued(last, anchor.certificate):
                yield Path((*chain, anchor.certificate), anchor)
        for above in pool:
            if above.subject == last.issuer and above not in chain and patience.spend() and issued(last, above):
                stack.append((*chain, above))


@lru_cache(maxsize=4096)
def issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether the names fit and the signature verifies."""
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # an unknown algorithm or a broken key is a no
        return False
    return True


def forbidden(path: Path, purpose: Purpose) -> str:
    """What the certificates themselves forbid of this path; empty when nothing."""
    for position, certificate in enumerate(path.certificates):
        if position == 0:
            found = _forbidden_use(certificate, purpose)
        else:
            found = _forbidden_authority(certificate, position - 1, trusted=certificate == path.anchor.certificate)
        found = found or _unknown_critical(certificate)
        if found:
            return found
    return ""


def algorithms(path: Path) -> tuple[str, ...]:
    """The keys that sign below the anchor, and the digests that they sign."""
    found: dict[str, None] = {}
    for certificate, authority in path.steps():
        found[name_of_key(authority.public_key())] = None
        if certificate.signature_hash_algorithm is not None:
            found[certificate.signature_hash_algorithm.name.replace("-", "_")] = None
    return tuple(found)


def needs_status(certificate: x509.Certificate) -> bool:
    """Whether its authority tells of its revocation at all."""
    return not any(extension.oid == SHORT_TERM for extension in certificate.extensions)


def _forbidden_use(certificate: x509.Certificate, purpose: Purpose) -> str:
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return "the key may not sign"
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    named = {identifier.dotted_string for identifier in extended} if extended is not None else None
    if purpose is Purpose.TIME_STAMP:
        return "" if named == {ExtendedKeyUsageOID.TIME_STAMPING.dotted_string} else "the certificate is not one for time-stamps"
    if named is not None and not named & SIGNING_USAGES:
        return "the certificate is for another use than signing"
    constraints = _extension(certificate, x509.BasicConstraints)
    return "an authority's certificate signs no documents" if constraints is not None and constraints.ca else ""


def _forbidden_authority(certificate: x509.Certificate, below: int, *, trusted: bool) -> str:
    """``below``: authorities between it and the signer's certificate."""
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        return "" if trusted and constraints is None else "a certificate in the path is no authority's"
    if constraints.path_length is not None and below > constraints.path_length:
        return "the path is longer than an authority in it may have"
    usage = _extension(certificate, x509.KeyUsage)
    return "an authority in the path may not sign certificates" if usage is not None and not usage.key_cert_sign else ""


def _unknown_critical(certificate: x509.Certificate) -> str:
    unknown = [extension.oid.dotted_string for extension in certificate.extensions if extension.critical and extension.oid not in _READ]
    return f"a critical extension that is not known: {unknown[0]}" if unknown else ""


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
