"""Time-stamps (RFC 3161, profile of ETSI EN 319 422): reading requests, writing tokens and refusals. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import algos, cms, core, tsp, x509

from toono.pki.domain.profiles import TIME_STAMP_POLICY

REQUEST_LIMIT_BYTES = 8192
ACCURACY_SECONDS = 1
DIGEST_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}


class Refused(Exception):
    """The request is answered by a refusal; ``failure`` is a name of PKIFailureInfo (RFC 3161 §2.4.2)."""

    def __init__(self, failure: str, text: str) -> None:
        super().__init__(text)
        self.failure, self.text = failure, text


class Refusal(core.Sequence):
    """TimeStampResp without its optional token, which asn1crypto's own type demands."""

    _fields = [("status", tsp.PKIStatusInfo)]


@dataclass(frozen=True)
class StampRequest:
    """What is to be stamped."""

    algorithm: str
    digest: bytes
    nonce: int | None = None
    with_certificates: bool = True


@dataclass(frozen=True)
class Unit:
    """The time-stamping unit: its certificate, those above it, and how it signs (bytes in, DER signature out)."""

    certificate: x509.Certificate
    chain: Sequence[x509.Certificate]
    sign: Callable[[bytes], bytes]


def parse(der: bytes) -> StampRequest:
    """:raises Refused:"""
    if len(der) > REQUEST_LIMIT_BYTES:
        raise Refused("bad_data_format", "The request is too large.")
    try:
        request = tsp.TimeStampReq.load(der, strict=True)
        version, imprint = request["version"].native, request["message_imprint"]
        algorithm, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        policy, nonce = request["req_policy"].dotted if request["req_policy"] else None, request["nonce"].native
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
    return StampRequest(algorithm, digest, nonce, certificates)


def token(request: StampRequest, *, unit: Unit, serial: int, at: datetime) -> cms.ContentInfo:
    """The signed token: CMS over TSTInfo, with the attribute that binds the unit's certificate (RFC 5816)."""
    info: dict[str, object] = {
        "version": "v1",
        "policy": TIME_STAMP_POLICY.dotted_string,
        "message_imprint": {"hash_algorithm": {"algorithm": request.algorithm}, "hashed_message": request.digest},
        "serial_number": serial,
        "gen_time": at.replace(microsecond=0),
        "accuracy": {"seconds": ACCURACY_SECONDS},
        "ordering": False,
    }
    if request.nonce is not None:
        info["nonce"] = request.nonce
    content = tsp.TSTInfo(info).dump()
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
            {"type": "signing_certificate_v2", "values": [{"certs": [_certificate_id(unit.certificate)]}]},
        ]
    )
    signer = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": unit.certificate.issuer, "serial_number": unit.certificate.serial_number}},
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": unit.sign(attributes.dump()),
    }
    signed: dict[str, object] = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
        "signer_infos": [signer],
    }
    if request.with_certificates:
        signed["certificates"] = [cms.CertificateChoices("certificate", c) for c in _in_der_order([unit.certificate, *unit.chain])]
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


def granted(stamp: cms.ContentInfo) -> bytes:
    """The answer that carries a token; DER."""
    return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": stamp}).dump())


def refusal(refused: Refused) -> bytes:
    """The answer that says why there is no token; DER."""
    status = {"status": "rejection", "status_string": [refused.text], "fail_info": {refused.failure}}
    return bytes(Refusal({"status": status}).dump())


def _certificate_id(certificate: x509.Certificate) -> dict[str, object]:
    issuer = [x509.GeneralName("directory_name", certificate.issuer)]
    return {
        "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "cert_hash": hashlib.sha256(certificate.dump()).digest(),
        "issuer_serial": {"issuer": issuer, "serial_number": certificate.serial_number},
    }


def _in_der_order(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """A SET OF is sorted by encoding in DER (X.690 §11.6); strict readers refuse another order."""
    return sorted(certificates, key=lambda certificate: bytes(certificate.dump()))
