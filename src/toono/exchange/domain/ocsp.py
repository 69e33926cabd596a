"""Certificate status as the gateway asks and believes it (RFC 6960). Pure: bytes in, a status or a refusal out.

A status is believed when it is about the very certificate, signed by its authority or by a responder whom that authority named for this
(§4.2.2.2), and of a time that can be. Whether it is young enough is asked elsewhere (:mod:`toono.exchange.domain.ageing`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import new as new_digest
from hashlib import sha1
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from toono.registry.verification import issued

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far the responder's clock may run ahead."""
RESPONSE_BYTES: Final = 64 * 1024
"""Largest response; one of ours has about a thousand bytes."""


class OcspRefused(Exception):
    """A response that cannot be believed. ``reason`` is stable."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Status(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class CertificateStatus(NamedTuple):
    """What the authority says of one certificate."""

    status: Status
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    revoked_at: datetime | None
    revocation_reason: str | None
    """RFC 5280 §5.3.1: ``keyCompromise``, …"""


def issuer_of(certificate: x509.Certificate, authorities: Iterable[x509.Certificate]) -> x509.Certificate | None:
    """The one of ``authorities`` that issued ``certificate``."""
    return next((authority for authority in authorities if issued(certificate, authority)), None)


def responder_address(certificate: x509.Certificate) -> str | None:
    """Where the status of ``certificate`` is to be asked (RFC 5280 §4.2.2.1): the first http(s) address of an OCSP responder."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    responders = [d.access_location for d in access if d.access_method == AuthorityInformationAccessOID.OCSP]
    addresses = [location.value for location in responders if isinstance(location, x509.UniformResourceIdentifier)]
    return next((address for address in addresses if address.startswith(("http://", "https://"))), None)


def request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The question about ``certificate``, DER. SHA-1 names the issuer, as RFC 5019 §2.1.1 has it; nothing hangs on its strength here.

    Without a nonce: the response is kept, stands in signatures, and is judged by its times.
    """
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1()).build()  # noqa: S303 - an identifier
    return asked.public_bytes(Encoding.DER)


def read(der: bytes, *, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> CertificateStatus:
    """What ``der`` says of ``certificate``, if it may be believed.

    :raises OcspRefused:
    """
    if len(der) > RESPONSE_BYTES:
        raise OcspRefused("ocsp_malformed", f"The OCSP response is larger than {RESPONSE_BYTES} bytes.")
    try:
        return _read(der, certificate, issuer, now)
    except (ValueError, TypeError, IndexError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise OcspRefused("ocsp_malformed", f"The OCSP response cannot be read: {error}.") from error


def _read(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> CertificateStatus:
    response = ocsp.load_der_ocsp_response(der)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise OcspRefused("ocsp_not_answered", f"The OCSP responder answers {response.response_status.name.lower()}.")
    singles = [single for single in response.responses if single.serial_number == certificate.serial_number]
    if len(singles) != 1 or not _about(singles[0], issuer):
        raise OcspRefused("ocsp_of_another", "The OCSP response is about another certificate.")
    _check_signature(response, issuer, now)
    return _status(singles[0], response.produced_at_utc, now)


def _about(single: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    """Whether the issuer of CertID (RFC 6960 §4.1.1) is ``issuer``."""
    name = single.hash_algorithm.name
    return (
        new_digest(name, issuer.subject.public_bytes()).digest() == single.issuer_name_hash
        and new_digest(name, _key_bits(issuer)).digest() == single.issuer_key_hash
    )


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The content of subjectPublicKey, without its algorithm."""
    key = certificate.public_key()
    if isinstance(key, EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if isinstance(key, RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    raise OcspRefused("ocsp_untrusted", "The key of an authority is neither RSA nor on an elliptic curve.")


def _check_signature(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    responder = next((c for c in [issuer, *response.certificates] if _named(response, c)), None)
    if responder is None:
        raise OcspRefused("ocsp_untrusted", "The OCSP response does not hold the certificate of its responder.")
    if responder != issuer:
        _check_responder(responder, issuer, now)
    algorithm = response.signature_hash_algorithm
    if algorithm is None or isinstance(algorithm, SHA1) or not _signed(response, responder, algorithm):
        raise OcspRefused("ocsp_signature", "The signature of the OCSP response does not fit.")


def _named(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return certificate.subject == response.responder_name
    return response.responder_key_hash == sha1(_key_bits(certificate)).digest()  # noqa: S324 - an identifier (RFC 6960 §4.2.1)


def _check_responder(responder: x509.Certificate, issuer: x509.Certificate, now: datetime) -> None:
    """A responder of its own is named by the authority itself, for this purpose (RFC 6960 §4.2.2.2)."""
    if not issued(responder, issuer):
        raise OcspRefused("ocsp_untrusted", "The OCSP responder's certificate is not of the certificate's authority.")
    try:
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
        raise OcspRefused("ocsp_untrusted", "The OCSP responder's certificate is not for answering about certificates.")
    if not responder.not_valid_before_utc - CLOCK_SKEW <= now <= responder.not_valid_after_utc:
        raise OcspRefused("ocsp_untrusted", "The OCSP responder's certificate is not valid now.")


def _signed(response: ocsp.OCSPResponse, responder: x509.Certificate, algorithm: HashAlgorithm) -> bool:
    key = responder.public_key()
    try:
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ECDSA(algorithm))
        elif isinstance(key, RSAPublicKey):
            key.verify(response.signature, response.tbs_response_bytes, PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True


_STATUS: Final = {
    ocsp.OCSPCertStatus.GOOD: Status.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Status.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Status.UNKNOWN,
}


def _status(single: ocsp.OCSPSingleResponse, produced_at: datetime, now: datetime) -> CertificateStatus:
    this_update, next_update = single.this_update_utc, single.next_update_utc
    if this_update > now + CLOCK_SKEW or produced_at > now + CLOCK_SKEW:
        raise OcspRefused("ocsp_not_yet_valid", f"The OCSP response begins at {this_update:%Y-%m-%dT%H:%M:%SZ}, which has not come.")
    if next_update is not None and next_update < this_update:
        raise OcspRefused("ocsp_malformed", "The OCSP response ends before it begins.")
    reason = single.revocation_reason.value if single.revocation_reason else None
    return CertificateStatus(_STATUS[single.certificate_status], this_update, next_update, produced_at, single.revocation_time_utc, reason)
