"""Checking an RFC 3161 time-stamp token: whose it is, when it was given, over what.

Source: RFC 3161 §2.4, RFC 5652 §5.4 and §5.6, RFC 5816.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import new as new_digest
from hashlib import sha1
from hmac import compare_digest
from typing import Any, Final

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from toono.exchange.domain.evidence import trust
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.trust import Anchors, certificate

MALFORMED: Final = "malformed_signature"
UNTRUSTED: Final = "timestamp_signer_verification_failed"
_BROKEN: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""What asn1crypto raises where a structure is broken; it reads lazily, so at any field."""
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


@dataclass(frozen=True)
class Token:
    """A time-stamp, read but not yet checked."""

    at: datetime
    algorithm: str
    imprint: bytes
    """Digest of what was stamped."""
    certificates: tuple[x509.Certificate, ...]
    _info: bytes
    _attributes: bytes
    _signer: Any
    """``cms.SignerInfo``, read to its last field."""

    def over(self, *candidates: bytes) -> bool:
        """Whether it is a stamp over one of these."""
        return any(compare_digest(new_digest(self.algorithm, content).digest(), self.imprint) for content in candidates)


def read(der: bytes) -> Token:
    """:raises Refused: ``malformed_signature``"""
    try:
        return _read(der)
    except _BROKEN as error:
        raise Refused(MALFORMED, f"The time-stamp cannot be read: {type(error).__name__}.") from None


def _read(der: bytes) -> Token:
    content = cms.ContentInfo.load(der, strict=True)
    signed, encapsulated = content["content"], content["content"]["encap_content_info"]
    if content["content_type"].native != "signed_data" or encapsulated["content_type"].native != "tst_info":
        raise Refused(MALFORMED, "The time-stamp is no time-stamp token.")
    if len(signed["signer_infos"]) != 1:
        raise Refused(MALFORMED, "The time-stamp does not have one signer.")
    info_bytes = bytes(encapsulated["content"].contents)
    info = tsp.TSTInfo.load(info_bytes, strict=True)
    imprint = info["message_imprint"]
    algorithm = imprint["hash_algorithm"]["algorithm"].native
    if algorithm not in _HASHES:
        raise Refused(MALFORMED, f"The time-stamp's digest {algorithm} is not accepted.")
    at, signer = info["gen_time"].native, signed["signer_infos"][0]
    # The bytes are taken before anything in them is read: afterwards asn1crypto would put them together anew.
    certificates = [found.chosen.dump() for found in signed["certificates"]]
    attributes = b"\x31" + signer["signed_attrs"].dump()[1:]  # as a SET OF: RFC 5652 §5.4
    if not isinstance(at, datetime):  # asn1crypto has a type of its own for the year 0
        raise Refused(MALFORMED, "The time-stamp's time is no time.")
    _ = signer.native  # read to the last field, so that a broken one shows here
    return Token(
        at=at,
        algorithm=algorithm,
        imprint=imprint["hashed_message"].native,
        certificates=tuple(certificate(found, MALFORMED) for found in certificates),
        _info=info_bytes,
        _attributes=attributes,
        _signer=signer,
    )


def check(token: Token, anchors: Anchors) -> x509.Certificate:
    """The certificate of the unit that gave the token, which is trusted and signed it.

    :raises Refused: codes as X-Road's.
    """
    unit = _unit(token, anchors)
    try:
        _check_signature(token, unit)
    except _BROKEN as error:
        raise Refused(MALFORMED, f"The time-stamp cannot be read: {type(error).__name__}.") from None
    if unit not in anchors.stamping:
        trust.check_for_stamping(unit)
        trust.authority_of(unit, bridges=token.certificates, anchors=anchors, at=token.at)
    elif not unit.not_valid_before_utc <= token.at <= unit.not_valid_after_utc:
        raise Refused(UNTRUSTED, "The time-stamp was given outside the time of its unit's certificate.")
    return unit


def _unit(token: Token, anchors: Anchors) -> x509.Certificate:
    found = next((c for c in (*anchors.stamping, *token.certificates) if _identifies(token, c)), None)
    if found is None:
        raise Refused("tsp_certificate_not_found", "Nobody knows the unit that gave the time-stamp.")
    return found


def _identifies(token: Token, candidate: x509.Certificate) -> bool:
    identifier = token._signer["sid"]
    try:
        if identifier.name == "issuer_and_serial_number":
            chosen = identifier.chosen
            return bool(
                chosen["serial_number"].native == candidate.serial_number and chosen["issuer"].dump() == candidate.issuer.public_bytes()
            )
        named = trust.extension(candidate, x509.SubjectKeyIdentifier)
        return named is not None and named.digest == identifier.chosen.native
    except _BROKEN:
        return False


def _check_signature(token: Token, unit: x509.Certificate) -> None:
    signer = token._signer
    attributes = {attribute["type"].native: attribute["values"] for attribute in signer["signed_attrs"]}
    if len(attributes) != len(signer["signed_attrs"]) or any(len(values) != 1 for values in attributes.values()):
        raise Refused(MALFORMED, "The time-stamp's attributes are given twice.")
    algorithm = signer["digest_algorithm"]["algorithm"].native
    if algorithm not in _HASHES:
        raise Refused(UNTRUSTED, f"The time-stamp's digest {algorithm} is not accepted.")
    digest = new_digest(algorithm, token._info).digest()
    if attributes["content_type"][0].native != "tst_info" or not compare_digest(attributes["message_digest"][0].native, digest):
        raise Refused(UNTRUSTED, "The time-stamp's content is not what was signed.")
    if not _bound(attributes, unit):
        raise Refused(UNTRUSTED, "The time-stamp names another certificate.")
    _check_value(unit, signer["signature"].native, token._attributes, signer["signature_algorithm"], _HASHES[algorithm])


def _bound(attributes: dict[str, Any], unit: x509.Certificate) -> bool:
    """The signer's certificate is named in what was signed (RFC 2634 §5.4 by SHA-1, RFC 5035 §3 by any digest)."""
    der = unit.public_bytes(Encoding.DER)
    if "signing_certificate_v2" in attributes:
        named = attributes["signing_certificate_v2"][0]["certs"][0]
        return compare_digest(named["cert_hash"].native, new_digest(named["hash_algorithm"]["algorithm"].native, der).digest())
    named = attributes["signing_certificate"][0]["certs"][0]
    return compare_digest(named["cert_hash"].native, sha1(der).digest())  # noqa: S324 - the attribute's own digest; it adds to the signature


def _check_value(unit: x509.Certificate, value: bytes, signed: bytes, method: Any, algorithm: hashes.HashAlgorithm) -> None:
    key, kind = unit.public_key(), method.signature_algo
    try:
        if kind == "ecdsa" and isinstance(key, EllipticCurvePublicKey):
            key.verify(value, signed, ECDSA(_named_hash(method) or algorithm))
        elif kind == "rsassa_pkcs1v15" and isinstance(key, RSAPublicKey):
            key.verify(value, signed, PKCS1v15(), _named_hash(method) or algorithm)
        elif kind == "rsassa_pss" and isinstance(key, RSAPublicKey):
            key.verify(value, signed, PSS(MGF1(algorithm), PSS.AUTO), algorithm)
        else:
            raise Refused(UNTRUSTED, "The time-stamp's signature method is not accepted.")
    except (InvalidSignature, UnsupportedAlgorithm):
        raise Refused(UNTRUSTED, "The time-stamp's signature does not fit.") from None


def _named_hash(method: Any) -> hashes.HashAlgorithm | None:
    """The digest that the signature method names itself; None for one that leaves it to ``digestAlgorithm``."""
    try:
        name = method.hash_algo
    except ValueError:
        return None
    if name not in _HASHES:
        raise Refused(UNTRUSTED, f"The time-stamp's digest {name} is not accepted.")
    return _HASHES[name]
