"""Online certificate status (RFC 6960, in the lightweight form of RFC 5019: one certificate a request). Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from toono.pki.contracts import RevocationReason
from toono.pki.domain.issuing import CRL_REASONS, hash_for

REQUEST_LIMIT_BYTES = 4096
NONCE_LIMIT_BYTES = 128  # RFC 9654 §2.1
ANSWER_LIFETIME = timedelta(hours=1)


class MalformedRequest(Exception):
    """Not a status request, or one of more than one certificate."""


@dataclass(frozen=True)
class Revoked:
    """When and why."""

    at: datetime
    reason: RevocationReason


@dataclass(frozen=True)
class StatusRequest:
    """Which certificate is asked about."""

    asked: ocsp.OCSPRequest
    nonce: bytes | None

    @property
    def serial(self) -> int:
        return self.asked.serial_number


def parse(der: bytes) -> StatusRequest:
    """:raises MalformedRequest:"""
    if len(der) > REQUEST_LIMIT_BYTES:
        raise MalformedRequest("too large")
    try:
        asked = ocsp.load_der_ocsp_request(der)
        nonces = [e.value.nonce for e in asked.extensions if isinstance(e.value, x509.OCSPNonce)]
        hashlib.new(asked.hash_algorithm.name)
    except (
        ValueError,
        TypeError,
        NotImplementedError,
        UnsupportedAlgorithm,
        x509.UnsupportedGeneralNameType,
        x509.DuplicateExtension,
    ) as error:
        raise MalformedRequest(str(error)) from error
    nonce = nonces[0] if nonces else None
    if nonce is not None and not 1 <= len(nonce) <= NONCE_LIMIT_BYTES:
        raise MalformedRequest("nonce of a wrong length")
    return StatusRequest(asked, nonce)


def concerns(request: StatusRequest, issuer: x509.Certificate) -> bool:
    """Whether the question is about a certificate of ``issuer``."""
    name = request.asked.hash_algorithm.name
    key = issuer.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return (
        hashlib.new(name, issuer.subject.public_bytes()).digest() == request.asked.issuer_name_hash
        and hashlib.new(name, key).digest() == request.asked.issuer_key_hash
    )


def answer(
    request: StatusRequest,
    *,
    revoked: Revoked | None,
    known: bool,
    responder: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> bytes:
    """The signed answer: good, revoked, or unknown where no such certificate was issued; DER."""
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=request.asked.issuer_name_hash,
            issuer_key_hash=request.asked.issuer_key_hash,
            serial_number=request.serial,
            algorithm=request.asked.hash_algorithm,
            cert_status=status,
            this_update=now,
            next_update=now + ANSWER_LIFETIME,
            revocation_time=revoked.at if revoked else None,
            revocation_reason=CRL_REASONS[revoked.reason] if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
        .certificates([responder])
    )
    if request.nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(request.nonce), critical=False)
    return builder.sign(key, hash_for(key)).public_bytes(Encoding.DER)


def refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    """An unsigned answer that says why there is none."""
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
