"""What revocation lists (RFC 5280 §5, §6.3) and OCSP answers (RFC 6960) say of a certificate, each only if its own signature holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from toono.pki.domain.algorithm_ends import name_of_key, outlived
from toono.pki.domain.validation import tlv
from toono.pki.domain.validation.paths import Patience, issued

HOLD = "certificate_hold"
FRESH = timedelta(minutes=5)
"""For so long an answer without a next update says how things are (RFC 6960 §4.2.2.1: there is newer knowledge at any time); clocks differ."""
STOLEN = frozenset({"key_compromise", "ca_compromise", "aa_compromise"})


@dataclass(frozen=True)
class Status:
    """What one source says of one certificate."""

    source: str
    """``register``, ``list`` or ``answer``."""
    this_update: datetime
    next_update: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None
    """Names of RFC 5280 §5.3.1 in lower case with underscores."""

    def tells(self, moment: datetime) -> bool:
        """Whether it still says something about ``moment``: given after it, or in force then."""
        if self.this_update >= moment or self.revoked_at is not None:
            return True
        return moment <= (self.next_update or self.this_update + FRESH)


def from_lists(
    certificate: x509.Certificate, issuer: x509.Certificate, lists: Iterable[bytes], patience: Patience, *, at: datetime
) -> Iterator[Status]:
    """By every whole list of this issuer; ``at`` is since when it is known to exist, its algorithms must be good then."""
    for encoded in lists:
        parsed = _list(encoded)
        if parsed is None or parsed.issuer != issuer.subject or not _covers(parsed, certificate):
            continue
        if parsed.signature_hash_algorithm is not None and _outlived(issuer.public_key(), parsed.signature_hash_algorithm, at):
            continue
        if not patience.spend() or not _signed(encoded, issuer):
            continue
        try:
            entry = parsed.get_revoked_certificate_by_serial_number(certificate.serial_number)
            revoked_at = entry.revocation_date_utc if entry else None
            reason = _entry_reason(entry) if entry else None
        except ValueError:
            continue
        yield Status("list", parsed.last_update_utc, parsed.next_update_utc, revoked_at, reason)


def from_answers(
    certificate: x509.Certificate, issuer: x509.Certificate, answers: Iterable[bytes], patience: Patience, *, at: datetime
) -> Iterator[Status]:
    """By every answer about this certificate; ``at`` is since when the answer is known to exist, its responder must be good then."""
    for encoded in answers:
        try:
            answer = ocsp.load_der_ocsp_response(encoded)
            if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                continue
            about = [single for single in answer.responses if _about(single, certificate, issuer)]
            if not about or not patience.spend() or not _answered_by(answer, issuer, at):
                continue
            for single in about:
                if single.certificate_status is not ocsp.OCSPCertStatus.UNKNOWN:
                    reason = single.revocation_reason.name if single.revocation_reason else None
                    yield Status("answer", single.this_update_utc, single.next_update_utc, single.revocation_time_utc, reason)
        except Exception:  # noqa: S112 - a broken answer says nothing, whatever breaks
            continue


@lru_cache(maxsize=4)
def _list(encoded: bytes) -> x509.CertificateRevocationList | None:
    try:
        found = x509.load_der_x509_crl(encoded)
        _ = found.extensions, found.issuer, found.last_update_utc, found.next_update_utc
    except Exception:  # a stranger's list fails in any way; every way means that it says nothing
        return None
    return found


@lru_cache(maxsize=4)
def _signed(encoded: bytes, issuer: x509.Certificate) -> bool:
    parsed = _list(encoded)
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        if not usage.crl_sign:
            return False
    except x509.ExtensionNotFound:
        pass
    try:
        return parsed is not None and parsed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except Exception:  # an unknown algorithm is a no
        return False


def _covers(parsed: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """Whether the list speaks of such certificates: not a delta, not of some reasons only, not somebody else's (§5.2.5)."""
    for extension in parsed.extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            return False
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            point = extension.value
            authority = _is_authority(certificate)
            if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
                return False
            if (point.only_contains_user_certs and authority) or (point.only_contains_ca_certs and not authority):
                return False
        elif extension.critical:
            return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _entry_reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name
    except x509.ExtensionNotFound:
        return None


def _about(single: Any, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if single.serial_number != certificate.serial_number:
        return False
    name = hashlib.new(single.hash_algorithm.name.replace("-", "_"), issuer.subject.public_bytes(), usedforsecurity=False).digest()
    return bool(single.issuer_name_hash == name and single.issuer_key_hash == _key_hash(issuer, single.hash_algorithm.name))


@lru_cache(maxsize=256)
def _key_hash(issuer: x509.Certificate, name: str) -> bytes:
    info = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    bits = tlv.items(tlv.whole(info))[1].content[1:]
    return hashlib.new(name.replace("-", "_"), bits, usedforsecurity=False).digest()


def _answered_by(answer: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> bool:
    """Whether the issuer or its delegate (RFC 6960 §4.2.2.2) signed the answer."""
    if _verifies(answer, issuer, at):
        return True
    for delegate in answer.certificates[:4]:
        try:
            usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            continue
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usage or not issued(delegate, issuer):
            continue
        good = delegate.not_valid_before_utc <= answer.produced_at_utc and at <= delegate.not_valid_after_utc
        if good and _verifies(answer, delegate, at):
            return True
    return False


def _verifies(answer: ocsp.OCSPResponse, signer: x509.Certificate, at: datetime) -> bool:
    key, algorithm = signer.public_key(), answer.signature_hash_algorithm
    if algorithm is None or _outlived(key, algorithm, at):
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            _verify_rsa(key, answer, algorithm)
        else:
            return False
    except Exception:  # any failure is a no
        return False
    return True


def _outlived(key: object, algorithm: hashes.HashAlgorithm, at: datetime) -> bool:
    return outlived((name_of_key(key), algorithm.name.replace("-", "_")), at) is not None


def _verify_rsa(key: rsa.RSAPublicKey, answer: ocsp.OCSPResponse, algorithm: hashes.HashAlgorithm) -> None:
    if answer.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.10":
        scheme: Any = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
    else:
        scheme = padding.PKCS1v15()
    key.verify(answer.signature, answer.tbs_response_bytes, scheme, algorithm)
