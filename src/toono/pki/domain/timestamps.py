"""Time-stamps (RFC 3161, profile of ETSI EN 319 422): reading requests, writing tokens and refusals. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from toono.pki.domain import der
from toono.pki.domain.profiles import TIME_STAMP_POLICY

REQUEST_LIMIT_BYTES = 8192
ACCURACY_SECONDS = 1
DIGEST_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}

_HASHES = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3"}
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_SHA256 = der.sequence(der.oid(_HASHES["sha256"]))  # without parameters: RFC 5754 §2
_ECDSA_WITH_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))


class Refused(Exception):
    """The request is answered by a refusal; ``failure`` is a name of PKIFailureInfo (RFC 3161 §2.4.2)."""

    def __init__(self, failure: str, text: str) -> None:
        super().__init__(text)
        self.failure, self.text = failure, text


class Refusal(core.Sequence):  # type: ignore[misc]
    """TimeStampResp without its optional token, which asn1crypto's own type demands."""

    _fields = [("status", tsp.PKIStatusInfo)]


@dataclass(frozen=True)
class StampRequest:
    """What is to be stamped."""

    algorithm: str
    digest: bytes
    nonce: int | None = None
    with_certificates: bool = True
    null_parameters: bool = True
    """The hash stood with the parameter NULL, as most write it; the token repeats the imprint as it was asked."""


@dataclass(frozen=True)
class Unit:
    """The time-stamping unit: its certificate, those above it, and how it signs (bytes in, DER signature out)."""

    certificate: x509.Certificate
    chain: Sequence[x509.Certificate]
    sign: Callable[[bytes], bytes]

    @cached_property
    def identifier(self) -> bytes:
        """IssuerAndSerialNumber (RFC 5652 §10.2.4)."""
        return der.sequence(self.certificate.issuer.public_bytes(), der.integer(self.certificate.serial_number))

    @cached_property
    def signing_certificate(self) -> bytes:
        """The signed attribute with SigningCertificateV2 of one ESSCertIDv2 by SHA-256, which is left out as the default (RFC 5035 §4)."""
        issuer = der.sequence(der.explicit(4, self.certificate.issuer.public_bytes()))
        serial = der.sequence(issuer, der.integer(self.certificate.serial_number))
        digest = hashlib.sha256(self.certificate.public_bytes(Encoding.DER)).digest()
        return _attribute(_SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(der.sequence(der.octets(digest), serial))))

    @cached_property
    def certificates(self) -> bytes:
        """The unit's and those above it, as they stand in a token."""
        return der.set_of(*(c.public_bytes(Encoding.DER) for c in (self.certificate, *self.chain)), tag=0xA0)


def parse(encoded: bytes) -> StampRequest:
    """:raises Refused:"""
    if len(encoded) > REQUEST_LIMIT_BYTES:
        raise Refused("bad_data_format", "The request is too large.")
    try:
        request = tsp.TimeStampReq.load(encoded, strict=True)
        version, imprint = request["version"].native, request["message_imprint"]
        algorithm, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        policy, nonce = request["req_policy"].dotted if request["req_policy"] else None, request["nonce"].native
        null_parameters = imprint["hash_algorithm"].dump().endswith(der.NULL)
        extensions, certificates = bool(request["extensions"]), bool(request["cert_req"].native)
    except (ValueError, TypeError, KeyError) as error:
        raise Refused("bad_data_format", "The request is not a TimeStampReq.") from error
    if version != "v1":
        raise Refused("bad_request", "Only version 1 is known.")
    if algorithm not in DIGEST_BYTES:
        raise Refused("bad_alg", "The hash must be SHA-256, SHA-384 or SHA-512.")
    if len(digest) != DIGEST_BYTES[algorithm]:
        raise Refused("bad_data_format", "The digest's length does not fit its hash.")
    if policy is not None and policy != TIME_STAMP_POLICY.dotted_string:
        raise Refused("unaccepted_policy", "Stamps are given under one policy only.")
    if extensions:
        raise Refused("unaccepted_extensions", "No extension is known.")
    return StampRequest(algorithm, digest, nonce, certificates, null_parameters)


def token(request: StampRequest, *, unit: Unit, serial: int, at: datetime) -> bytes:
    """The signed token (DER): CMS SignedData (RFC 5652 §5) over TSTInfo, bound to the unit's certificate (RFC 5816)."""
    content = _info(request, serial, at)
    attributes = (
        _attribute(_CONTENT_TYPE, der.oid(_TST_INFO)),
        _attribute(_MESSAGE_DIGEST, der.octets(hashlib.sha256(content).digest())),
        unit.signing_certificate,
    )
    signer = der.sequence(
        der.integer(1),
        unit.identifier,
        _SHA256,
        der.set_of(*attributes, tag=0xA0),
        _ECDSA_WITH_SHA256,
        der.octets(unit.sign(der.set_of(*attributes))),
    )
    signed = der.sequence(
        der.integer(3),
        der.set_of(_SHA256),
        der.sequence(der.oid(_TST_INFO), der.explicit(0, der.octets(content))),
        unit.certificates if request.with_certificates else b"",
        der.set_of(signer),
    )
    return der.sequence(der.oid(_SIGNED_DATA), der.explicit(0, signed))


def granted(stamp: bytes) -> bytes:
    """The answer that carries a token; DER."""
    return der.sequence(der.sequence(der.integer(0)), stamp)


def refusal(refused: Refused) -> bytes:
    """The answer that says why there is no token; DER."""
    status = {"status": "rejection", "status_string": [refused.text], "fail_info": {refused.failure}}
    return bytes(Refusal({"status": status}).dump())


def _info(request: StampRequest, serial: int, at: datetime) -> bytes:
    """TSTInfo (RFC 3161 §2.4.2). ``ordering`` is left out: it is FALSE."""
    return der.sequence(
        der.integer(1),
        der.oid(TIME_STAMP_POLICY.dotted_string),
        der.sequence(_imprint_algorithm(request), der.octets(request.digest)),
        der.integer(serial),
        der.generalized_time(at),
        der.sequence(der.integer(ACCURACY_SECONDS)),
        der.integer(request.nonce) if request.nonce is not None else b"",
    )


def _imprint_algorithm(request: StampRequest) -> bytes:
    return der.sequence(der.oid(_HASHES[request.algorithm]), der.NULL if request.null_parameters else b"")


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.set_of(value))
