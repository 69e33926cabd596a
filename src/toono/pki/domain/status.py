"""Online certificate status (RFC 6960, RFC 5019, nonces by RFC 9654): what an answer says, and its encoding. Pure.

Encoded by hand like time-stamps: an answer may speak of several certificates, and is made some thousand times a second.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.pki.contracts import RevocationReason
from toono.pki.domain import der
from toono.pki.domain.issuing import hash_for
from toono.pki.domain.status_requests import HASHES, CertificateId, Reader, StatusRequest

ANSWER_LIFETIME = timedelta(hours=1)

REASON_CODES: Mapping[RevocationReason, int] = MappingProxyType(
    {
        RevocationReason.KEY_COMPROMISE: 1,
        RevocationReason.AFFILIATION_CHANGED: 3,
        RevocationReason.SUPERSEDED: 4,
        RevocationReason.CESSATION_OF_OPERATION: 5,
        RevocationReason.CERTIFICATE_HOLD: 6,
        RevocationReason.PRIVILEGE_WITHDRAWN: 9,
    }
)
"""CRLReason (RFC 5280 §5.3.1)."""

_ECDSA_WITH = {"sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4"}
_BASIC = "1.3.6.1.5.5.7.48.1.1"
_NONCE = "1.3.6.1.5.5.7.48.1.2"
_GOOD, _UNKNOWN = b"\x80\x00", b"\x82\x00"


class Refusal(IntEnum):
    """Answers without a signature (RFC 6960 §2.3)."""

    MALFORMED_REQUEST = 1
    TRY_LATER = 3
    UNAUTHORIZED = 6


@dataclass(frozen=True)
class Revoked:
    """When and why."""

    at: datetime
    reason: RevocationReason


@dataclass(frozen=True)
class Status:
    """What is known of one certificate."""

    known: bool
    """We issued it."""
    revoked: Revoked | None = None
    """Revoked, or suspended (``CERTIFICATE_HOLD``)."""


UNKNOWN = Status(known=False)
Question = tuple[str, bytes, bytes]
"""Hash, hash of the issuer's name, hash of its key: how a request names an authority."""


@dataclass(frozen=True)
class Responder:
    """Who signs answers for an authority: a delegate, or the authority itself."""

    certificate: x509.Certificate
    algorithm: bytes
    """AlgorithmIdentifier of its signatures, DER."""
    sign: Callable[[bytes], bytes]
    """Bytes in, DER signature over their hash out."""

    @classmethod
    def of(cls, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Responder:
        """A responder with a key of an elliptic curve, in hand or in the signer."""
        chosen = hash_for(key)
        return cls(certificate, der.sequence(der.oid(_ECDSA_WITH[chosen.name])), lambda data: key.sign(data, ec.ECDSA(chosen)))


def question(asked: CertificateId) -> Question | None:
    """How ``asked`` names its authority; None by a hash that is not known."""
    return (asked.algorithm, asked.issuer_name_hash, asked.issuer_key_hash) if asked.algorithm else None


def questions(authority: x509.Certificate) -> list[Question]:
    """Every way in which a request may name ``authority``."""
    name, key = authority.subject.public_bytes(), _key_bits(authority)
    return [(h, hashlib.new(h, name).digest(), hashlib.new(h, key).digest()) for h in HASHES.values()]


def answer(request: StatusRequest, found: Sequence[Status], *, responder: Responder, now: datetime) -> bytes:
    """The signed answer, DER: of each certificate in the request the status that stands at its place in ``found``."""
    moment = der.generalized_time(now)
    until = der.explicit(0, der.generalized_time(now + ANSWER_LIFETIME))
    singles = (
        der.sequence(asked.encoded, _status(status), moment, until) for asked, status in zip(request.certificates, found, strict=True)
    )
    said = der.sequence(der.explicit(2, der.octets(_key_hash(responder.certificate))), moment, der.sequence(*singles), _extensions(request))
    certificate = responder.certificate.public_bytes(Encoding.DER)
    signature = der.element(0x03, b"\x00", responder.sign(said))
    basic = der.sequence(said, responder.algorithm, signature, der.explicit(0, der.sequence(certificate)))
    return der.sequence(_enumerated(0), der.explicit(0, der.sequence(der.oid(_BASIC), der.octets(basic))))


def refusal(reason: Refusal) -> bytes:
    """An unsigned answer that says why there is none."""
    return der.sequence(_enumerated(reason))


def _status(status: Status) -> bytes:
    if status.revoked is None:
        return _GOOD if status.known else _UNKNOWN
    reason = der.explicit(0, _enumerated(REASON_CODES[status.revoked.reason]))
    return der.element(0xA1, der.generalized_time(status.revoked.at), reason)


def _extensions(request: StatusRequest) -> bytes:
    if request.nonce is None:
        return b""
    return der.explicit(1, der.sequence(der.sequence(der.oid(_NONCE), der.octets(der.octets(request.nonce)))))


def _key_hash(certificate: x509.Certificate) -> bytes:
    """SHA-1 of the key, as RFC 6960 §4.2.1 names a responder; nothing rests on that hash."""
    return hashlib.sha1(_key_bits(certificate), usedforsecurity=False).digest()


def _key_bits(certificate: x509.Certificate) -> bytes:
    """Content of the bit string ``subjectPublicKey``, without tag, length and count of unused bits."""
    encoded = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    info = Reader(encoded, 0, len(encoded)).enter(0x30)
    info.take(0x30)  # the algorithm
    return info.take(0x03)[1:]


def _enumerated(number: int) -> bytes:
    return der.element(0x0A, bytes((number,)))
