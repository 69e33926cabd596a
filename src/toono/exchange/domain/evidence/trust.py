"""Whom evidence is believed: authorities, time-stamping units, members; and whether a certificate leads to them.

Source: X-Road's shared parameters and certificate profiles; RFC 5280 §6.1 as far as two levels of authorities need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from toono.exchange import limits
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.ocsp import issuer_of

UNREADABLE: Final = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion,
)  # fmt: skip
"""What ``cryptography`` raises where a certificate is broken; it reads lazily, so at any field."""

Kind = TypeVar("Kind", bound=x509.ExtensionType)
_UNDERSTOOD: Final = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.CertificatePolicies)
_OTHER_USES: Final = frozenset(
    {
        ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.OCSP_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.CODE_SIGNING,
    }
)  # fmt: skip


class Authority(NamedTuple):
    """An authority whose certificates are believed."""

    certificate: x509.Certificate
    profile: str = ""
    """How its certificates name a member: X-Road's class name of a certificate profile."""


class Member(NamedTuple):
    """An organisation on the exchange."""

    name: str
    organisation_identifier: str = ""
    """``organizationIdentifier`` of its certificates (ETSI EN 319 412-1 §5.1.4); empty: the authority's profile tells."""


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """What a verifier trusts."""

    instance: str
    authorities: tuple[Authority, ...]
    stamping: tuple[x509.Certificate, ...] = ()
    """Time-stamping units that are named one by one; others must be certified for it by one of the authorities."""
    members: Mapping[str, Member] = field(default_factory=dict)
    """By ``INSTANCE/CLASS/MEMBER``."""
    ocsp_fresh_seconds: int = 3_600
    """How old the word on a certificate may be when the signature is time-stamped."""


def certificate(der: bytes, code: str) -> x509.Certificate:
    """A certificate, read to its last field.

    :raises Refused: with ``code``.
    """
    try:
        found = x509.load_der_x509_certificate(der)
        for name in ("subject", "issuer", "extensions", "not_valid_before_utc", "not_valid_after_utc", "signature_hash_algorithm"):
            getattr(found, name)
        found.public_key()
        found.subject.rfc4514_string()
    except UNREADABLE as error:
        raise Refused(code, f"A certificate cannot be read: {error}.") from None
    return found


def authority_of(
    signer: x509.Certificate, *, bridges: Iterable[x509.Certificate], anchors: Anchors, at: datetime
) -> tuple[Authority, x509.Certificate]:
    """The authority to which ``signer`` leads at a moment, and the certificate of its direct issuer.

    :param bridges: certificates that came with the signature and may stand in between.
    :raises Refused: ``cannot_create_cert_path`` where it leads to none; ``invalid_cert_path`` where one on the way does not hold.
    """
    known = {authority.certificate: authority for authority in anchors.authorities}
    between, current, first = list(bridges), signer, None
    for depth in range(limits.CERTIFICATES_IN_PATH):
        _check_validity(current, at)
        anchor, bridge = issuer_of(current, known), issuer_of(current, between)
        issuer = anchor or bridge
        if issuer is None:
            break
        _check_authority(issuer, depth, at)
        first = first or issuer
        if anchor is not None:
            return known[anchor], first
        current = issuer
    raise Refused("cannot_create_cert_path", f"The certificate {_name(signer)} leads to no approved authority.")


def _name(found: x509.Certificate) -> str:
    return found.subject.rfc4514_string()


def _check_validity(found: x509.Certificate, at: datetime) -> None:
    if not found.not_valid_before_utc <= at <= found.not_valid_after_utc:
        raise Refused("invalid_cert_path", f"The certificate {_name(found)} was not valid at {at:%Y-%m-%dT%H:%M:%SZ}.")
    if any(extension.critical and not isinstance(extension.value, _UNDERSTOOD) for extension in found.extensions):
        raise Refused("invalid_cert_path", f"The certificate {_name(found)} has a critical extension that is not understood.")


def _check_authority(found: x509.Certificate, below: int, at: datetime) -> None:
    _check_validity(found, at)
    constraints, usage = extension(found, x509.BasicConstraints), extension(found, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        raise Refused("invalid_cert_path", f"The certificate {_name(found)} is no authority.")
    if constraints.path_length is not None and below > constraints.path_length:
        raise Refused("invalid_cert_path", f"The authority {_name(found)} may not have another authority below it.")


def extension(found: x509.Certificate, kind: type[Kind]) -> Kind | None:
    """The content of an extension, where the certificate has it."""
    try:
        return found.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def check_for_signing(found: x509.Certificate) -> None:
    """:raises Refused: ``malformed_signature``; the certificate is for something else (connections, an authority)."""
    usage, extended = extension(found, x509.KeyUsage), extension(found, x509.ExtendedKeyUsage)
    if usage is None or not (usage.content_commitment or usage.digital_signature) or _OTHER_USES & set(extended or ()):
        raise Refused("malformed_signature", f"The certificate {_name(found)} is not for signing messages.")


def check_for_stamping(found: x509.Certificate) -> None:
    """:raises Refused: ``timestamp_signer_verification_failed``; RFC 3161 §2.3: for time-stamping alone, and critical."""
    extended = next((e for e in found.extensions if isinstance(e.value, x509.ExtendedKeyUsage)), None)
    if extended is None or not extended.critical or list(extended.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Refused("timestamp_signer_verification_failed", f"The certificate {_name(found)} is not for time-stamping.")


def names_member(found: x509.Certificate, authority: Authority, member: str, anchors: Anchors) -> bool | None:
    """Whether the certificate is that of ``member``; None where nobody says how its authority names members."""
    registered = anchors.members[member].organisation_identifier if member in anchors.members else ""
    if registered:
        return _values(found, NameOID.ORGANIZATION_IDENTIFIER) == [registered]
    profile = _PROFILES.get(authority.profile.rpartition(".")[2])
    return None if profile is None else profile(found, member)


def _values(found: x509.Certificate, name: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in found.subject.get_attributes_for_oid(name)]


def _ejbca(found: x509.Certificate, member: str) -> bool:
    """Country = instance, organisation = class, common name = code."""
    return [_values(found, name) for name in (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)] == _single(member)


def _basic(found: x509.Certificate, member: str) -> bool:
    """Business category = class, serial number = code; the instance is the authority's."""
    return [_values(found, name) for name in (NameOID.BUSINESS_CATEGORY, NameOID.SERIAL_NUMBER)] == _single(member)[1:]


def _finnish(found: x509.Certificate, member: str) -> bool:
    """Serial number = instance/server/class, common name = code; before 2016 organisation, unit and common name."""
    numbers = _values(found, NameOID.SERIAL_NUMBER)
    if not numbers:
        legacy = (NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME)
        return [_values(found, name) for name in legacy] == _single(member)
    parts = numbers[0].split("/")
    return len(numbers) == 1 and len(parts) == 3 and [[parts[0]], [parts[2]], _values(found, NameOID.COMMON_NAME)] == _single(member)


def _single(member: str) -> list[list[str]]:
    return [[part] for part in member.split("/")]


_PROFILES: Final[Mapping[str, Callable[[x509.Certificate, str], bool]]] = {
    "EjbcaCertificateProfileInfoProvider": _ejbca,
    "BasicCertificateProfileInfoProvider": _basic,
    "FiVRKCertificateProfileInfoProvider": _finnish,
}
