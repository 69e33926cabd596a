"""Who signs, and what proves later that the certificates were good. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from toono.pki.domain import der

Stamper = Callable[[bytes], bytes]
"""A time-stamp token (DER) over a digest of SHA-256."""

_SHA2 = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3"}
_ECDSA = {"sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4"}
_OF_CURVE = {"secp256r1": "sha256", "secp384r1": "sha384", "secp521r1": "sha512"}


def hash_identifier(name: str) -> bytes:
    """AlgorithmIdentifier without parameters (RFC 5754 §2)."""
    return der.sequence(der.oid(_SHA2[name]))


@dataclass(frozen=True)
class Signatory:
    """A certificate whose key signs, with the authorities above it, nearest first, without the root: who checks has that one."""

    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...]

    @cached_property
    def hash(self) -> str:
        """The hash that goes with the curve of the key.

        :raises ValueError: no key of a known curve.
        """
        key = self.certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _OF_CURVE:
            raise ValueError("only keys on P-256, P-384 and P-521 sign here")
        return _OF_CURVE[key.curve.name]

    @cached_property
    def coordinate_bytes(self) -> int:
        """Length of r and of s."""
        key = self.certificate.public_key()
        return (key.curve.key_size + 7) // 8 if isinstance(key, ec.EllipticCurvePublicKey) else 0

    @cached_property
    def encoded(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def certificates(self) -> tuple[bytes, ...]:
        """DER of all that stands in a signature, the own one first."""
        return (self.encoded, *(c.public_bytes(Encoding.DER) for c in self.above))

    @cached_property
    def identifier(self) -> bytes:
        """IssuerAndSerialNumber (RFC 5652 §10.2.4)."""
        return der.sequence(self.certificate.issuer.public_bytes(), der.integer(self.certificate.serial_number))

    @cached_property
    def issuer_serial(self) -> bytes:
        """IssuerSerial (RFC 5035 §5), with the issuer as a general name."""
        issuer = der.sequence(der.explicit(4, self.certificate.issuer.public_bytes()))
        return der.sequence(issuer, der.integer(self.certificate.serial_number))

    @cached_property
    def signing_certificate(self) -> bytes:
        """SigningCertificateV2 (RFC 5035 §3) of one ESSCertIDv2; SHA-256 is left out as the default."""
        identifier = der.sequence(der.octets(hashlib.sha256(self.encoded).digest()), self.issuer_serial)
        return der.sequence(der.sequence(identifier))

    @cached_property
    def hash_algorithm(self) -> bytes:
        return hash_identifier(self.hash)

    @cached_property
    def signature_algorithm(self) -> bytes:
        return der.sequence(der.oid(_ECDSA[self.hash]))

    def digest(self, *parts: bytes) -> bytes:
        """Hash of the parts, one after another."""
        made = hashlib.new(self.hash)
        for part in parts:
            made.update(part)
        return made.digest()


@dataclass(frozen=True)
class Material:
    """What a later check needs, each DER: certificates, revocation lists, status answers."""

    certificates: tuple[bytes, ...] = ()
    lists: tuple[bytes, ...] = ()
    answers: tuple[bytes, ...] = ()
