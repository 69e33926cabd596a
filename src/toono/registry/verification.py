"""Whether a configuration may be used: the gateway's own check, free of Django and of any network.

A configuration is a compact JWS (RFC 7515) with the header ``{"alg": "ES256", "typ": …, "kid"?: …, "x5c": […]}``.
Nothing of it is believed before the signature is: first the header's shape, then the chain of certificates up to an
anchor that the gateway holds, then the signature, then the payload.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from toono.kernel.jose import der_signature, from_base64url
from toono.registry.contracts import ExchangeConfiguration
from toono.registry.errors import (
    ConfigurationExpired,
    ConfigurationForged,
    ConfigurationMalformed,
    ConfigurationRolledBack,
)

TYPE = "toono-exchange-configuration"
ALGORITHM = "ES256"
CONFIGURATION_POLICY = x509.ObjectIdentifier("1.3.6.1.4.1.32473.496.1.5")
"""Policy (RFC 5280 §4.2.1.4) in the certificate of a key that may sign configurations. Without it any member of the
exchange, whose certificate comes from the same authority, could sign one."""

SIZE_LIMIT_BYTES = 32 * 1024 * 1024
CLOCK_SKEW = timedelta(minutes=5)
_CHAIN_LIMIT = 4
_HEADER_FIELDS = frozenset({"alg", "typ", "kid", "x5c"})
Kind = TypeVar("Kind", bound=x509.ExtensionType)
_UNDERSTOOD_EXTENSIONS = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.CertificatePolicies)


def verify_configuration(
    jws: str, *, anchors_pem: Sequence[str], now: datetime, lowest_version: int = 0, instance: str | None = None
) -> ExchangeConfiguration:
    """The configuration in ``jws``, if it may be used at ``now``.

    :param anchors_pem: certificates that are trusted as authorities; each string may hold several.
    :param lowest_version: version of the configuration that the caller uses already; the same one is taken again.
    :param instance: instance of the exchange to which the caller belongs; None asks for none.
    :raises ConfigurationMalformed: not a compact JWS of the agreed shape, or unknown or missing fields.
    :raises ConfigurationForged: the signature, the chain, or the signer's right to sign configurations does not hold.
    :raises ConfigurationExpired: its time and the grace of its policy are over, or its time has not come.
    :raises ConfigurationRolledBack: ``version`` is below ``lowest_version``.
    """
    header = _header(jws)
    signer = _trusted_signer(_certificates(header["x5c"]), _anchors(anchors_pem), now)
    configuration = _configuration(_signed_payload(jws, signer))
    _check_use(configuration, now, lowest_version, instance)
    return configuration


def _header(jws: str) -> dict[str, Any]:
    if len(jws) > SIZE_LIMIT_BYTES:
        raise ConfigurationMalformed(f"it is larger than {SIZE_LIMIT_BYTES} bytes")
    if jws.count(".") != 2:
        raise ConfigurationMalformed("it is no compact JWS")
    encoded = jws.partition(".")[0]
    try:
        header = json.loads(_decoded(encoded))
    except (ValueError, RecursionError):
        raise ConfigurationMalformed("its header is no JSON") from None
    if not isinstance(header, dict) or not header.keys() <= _HEADER_FIELDS:
        raise ConfigurationMalformed("its header holds something that is not agreed")
    if header.get("alg") != ALGORITHM or header.get("typ") != TYPE:
        raise ConfigurationMalformed(f"its header must say alg {ALGORITHM} and typ {TYPE}")
    return header | {"x5c": header.get("x5c")}


def _certificates(x5c: object) -> list[x509.Certificate]:
    """The chain in the header, the signer first (RFC 7515 §4.1.6)."""
    if not isinstance(x5c, list) or not 1 <= len(x5c) <= _CHAIN_LIMIT or not all(isinstance(c, str) for c in x5c):
        raise ConfigurationMalformed("its header names no chain of certificates (x5c)")
    try:
        return [_certificate(text) for text in x5c]
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise ConfigurationMalformed("a certificate in its header cannot be read") from None


def _certificate(text: str) -> x509.Certificate:
    """The certificate, read to its last field: the library reads lazily, and a broken field must not surprise later."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    for field in ("subject", "issuer", "extensions", "not_valid_before_utc", "not_valid_after_utc"):
        getattr(certificate, field)
    certificate.public_key()
    return certificate


def _anchors(anchors_pem: Sequence[str]) -> list[x509.Certificate]:
    return [c for pem in anchors_pem for c in x509.load_pem_x509_certificates(pem.encode())]


def _trusted_signer(chain: list[x509.Certificate], anchors: list[x509.Certificate], now: datetime) -> x509.Certificate:
    """The first of ``chain``, if it leads to an anchor and may sign configurations (RFC 5280 §6.1)."""
    signer = chain[0]
    _check_signer(signer)
    _check_certificate(signer, now)
    current = signer
    for depth, following in enumerate([*chain[1:], None]):
        anchor = next((a for a in anchors if issued(current, a)), None)
        issuer = anchor or following
        if issuer is None or not issued(current, issuer):
            break
        _check_authority(issuer, depth)
        _check_certificate(issuer, now)
        if anchor is not None:
            return signer
        current = issuer
    raise ConfigurationForged("its certificate does not lead to an anchor")


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``issuer`` has signed ``certificate``, and bears the name that stands in it (RFC 5280 §6.1.3 a, without time and use)."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _check_certificate(certificate: x509.Certificate, now: datetime) -> None:
    name = certificate.subject.rfc4514_string()
    if not certificate.not_valid_before_utc - CLOCK_SKEW <= now <= certificate.not_valid_after_utc:
        raise ConfigurationForged(f"certificate {name} is not valid at {now}")
    strange = [e.oid for e in certificate.extensions if e.critical and not isinstance(e.value, _UNDERSTOOD_EXTENSIONS)]
    if strange:
        raise ConfigurationForged(f"certificate {name} has critical extensions that are not understood: {strange}")


def _check_authority(certificate: x509.Certificate, authorities_below: int) -> None:
    name = certificate.subject.rfc4514_string()
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca or usage is None or not usage.key_cert_sign:
        raise ConfigurationForged(f"certificate {name} is no authority")
    if constraints.path_length is not None and authorities_below > constraints.path_length:
        raise ConfigurationForged(f"authority {name} may not have another authority below it")


def _check_signer(certificate: x509.Certificate) -> None:
    name = certificate.subject.rfc4514_string()
    usage = _extension(certificate, x509.KeyUsage)
    policies = _extension(certificate, x509.CertificatePolicies)
    if usage is None or not usage.digital_signature:
        raise ConfigurationForged(f"certificate {name} is not for signatures")
    if CONFIGURATION_POLICY not in [p.policy_identifier for p in policies or ()]:
        raise ConfigurationForged(f"certificate {name} is not for configurations")


def _extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _signed_payload(jws: str, signer: x509.Certificate) -> bytes:
    """The payload, after the signature of ES256 (RFC 7518 §3.4: r and s of 32 bytes each) was found good."""
    key = signer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigurationForged("its signer's key is not of P-256")
    signed, _, encoded = jws.rpartition(".")
    raw = _decoded(encoded)
    if len(raw) != 64:
        raise ConfigurationForged("its signature is not of 64 bytes")
    try:
        key.verify(der_signature(raw), signed.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise ConfigurationForged("its signature does not fit") from None
    return _decoded(signed.partition(".")[2])


def _decoded(part: str) -> bytes:
    try:
        return from_base64url(part)
    except ValueError:
        raise ConfigurationMalformed("a part of it is no canonical base64url") from None


def _configuration(payload: bytes) -> ExchangeConfiguration:
    try:
        return ExchangeConfiguration.model_validate_json(payload)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise ConfigurationMalformed(f"its content is not of the agreed shape: {places}") from None


def _check_use(configuration: ExchangeConfiguration, now: datetime, lowest_version: int, instance: str | None) -> None:
    if instance is not None and configuration.instance != instance:
        raise ConfigurationForged(f"it is of instance {configuration.instance}, not {instance}")
    if configuration.issued_at > now + CLOCK_SKEW:
        raise ConfigurationExpired(f"it begins at {configuration.issued_at}, now is {now}")
    if configuration.expires_at + timedelta(seconds=configuration.policy.configuration_grace_seconds) <= now:
        raise ConfigurationExpired(f"it ended at {configuration.expires_at}, now is {now}")
    if configuration.version < lowest_version:
        raise ConfigurationRolledBack(f"version {configuration.version} is below {lowest_version}")
