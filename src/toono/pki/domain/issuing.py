"""Building certificates and revocation lists. Pure: keys, names and times come in, signed objects go out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from toono.pki.contracts import PersonName, Profile, RevocationReason, SubjectName
from toono.pki.domain.profiles import PROFILES, ProfileData

CLOCK_TOLERANCE = timedelta(minutes=5)
"""Certificates and lists begin a little earlier, so that a reader whose clock is slow does not refuse them."""

CRL_REASONS = {
    RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    RevocationReason.AFFILIATION_CHANGED: x509.ReasonFlags.affiliation_changed,
    RevocationReason.SUPERSEDED: x509.ReasonFlags.superseded,
    RevocationReason.CESSATION_OF_OPERATION: x509.ReasonFlags.cessation_of_operation,
    RevocationReason.PRIVILEGE_WITHDRAWN: x509.ReasonFlags.privilege_withdrawn,
}

_KEY_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True)
class Issuer:
    """An authority that signs: its certificate (None while it signs itself) and its key."""

    certificate: x509.Certificate | None
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class RevokedEntry:
    """One line of a revocation list."""

    serial: int
    revoked_at: datetime
    reason: RevocationReason


def addresses(authority: Profile, base_url: str) -> dict[str, str]:
    """Where the certificate (``cer``), revocation list (``crl``) and status (``ocsp``) of an authority are served."""
    return {
        "cer": f"{base_url}/pki/certificates/{authority.value}.cer",
        "crl": f"{base_url}/pki/crl/{authority.value}.crl",
        "ocsp": f"{base_url}/pki/ocsp",
    }


def distinguished_name(subject: SubjectName | PersonName) -> x509.Name:
    """Of a natural person ``C, SN, GN, serialNumber, CN`` (ETSI EN 319 412-2 §4.2.4; PNO form: EN 319 412-1 §5.1.3); else ``C, O, organizationIdentifier, CN`` of a legal person (ETSI EN 319 412-3 §4.2.1; NTR form: EN 319 412-1 §5.1.4)."""
    if isinstance(subject, PersonName):
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "MN"),
                x509.NameAttribute(NameOID.SURNAME, subject.patronymic),
                x509.NameAttribute(NameOID.GIVEN_NAME, subject.given_name),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, f"PNOMN-{subject.civil_id}"),
                x509.NameAttribute(NameOID.COMMON_NAME, subject.common_name),
            ]
        )
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "MN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.organisation),
            x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"NTRMN-{subject.register_number}"),
            x509.NameAttribute(NameOID.COMMON_NAME, subject.common_name),
        ]
    )


def subject_name(certificate: x509.Certificate) -> SubjectName | PersonName:
    """The name back from one of our certificates."""

    def value(oid: x509.ObjectIdentifier) -> str:
        return str(certificate.subject.get_attributes_for_oid(oid)[0].value)

    if certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER):
        civil_id = value(NameOID.SERIAL_NUMBER).removeprefix("PNOMN-")
        return PersonName(given_name=value(NameOID.GIVEN_NAME), patronymic=value(NameOID.SURNAME), civil_id=civil_id)
    return SubjectName(
        common_name=value(NameOID.COMMON_NAME),
        organisation=value(NameOID.ORGANIZATION_NAME),
        register_number=value(NameOID.ORGANIZATION_IDENTIFIER).removeprefix("NTRMN-"),
    )


def build_certificate(
    *,
    profile: Profile,
    subject: SubjectName | PersonName,
    public_key: ec.EllipticCurvePublicKey,
    issuer: Issuer,
    serial: int,
    now: datetime,
    base_url: str,
) -> x509.Certificate:
    """A signed certificate of ``profile``. It never outlives its issuer."""
    data = PROFILES[profile]
    name = distinguished_name(subject)
    not_after = now + data.lifetime
    if issuer.certificate:
        not_after = min(not_after, issuer.certificate.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial)
        .issuer_name(issuer.certificate.subject if issuer.certificate else name)
        .subject_name(name)
        .public_key(public_key)
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(not_after)
    )
    for extension, critical in _extensions(data, public_key, issuer, base_url):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer.key, hash_for(issuer.key))


def build_revocation_list(
    *, issuer: Issuer, number: int, entries: Iterable[RevokedEntry], now: datetime, lifetime: timedelta
) -> x509.CertificateRevocationList:
    """A signed, complete list (RFC 5280 §5)."""
    if issuer.certificate is None:
        raise ValueError("a list needs its authority's certificate")
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - CLOCK_TOLERANCE)
        .next_update(now + lifetime)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_key(issuer.certificate.public_key()), critical=False)
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(entry.serial)
            .revocation_date(entry.revoked_at)
            .add_extension(x509.CRLReason(CRL_REASONS[entry.reason]), critical=False)
            .build()
        )
    return builder.sign(issuer.key, hash_for(issuer.key))


def hash_for(key: ec.EllipticCurvePrivateKey) -> hashes.SHA256 | hashes.SHA384:
    """The hash that goes with the curve's strength."""
    return hashes.SHA384() if key.curve.key_size > 256 else hashes.SHA256()


def _extensions(
    data: ProfileData, public_key: ec.EllipticCurvePublicKey, issuer: Issuer, base_url: str
) -> Iterable[tuple[x509.ExtensionType, bool]]:
    yield x509.BasicConstraints(ca=data.is_authority, path_length=data.path_length), True
    yield x509.KeyUsage(**{usage: usage in data.key_usage for usage in _KEY_USAGES}), True
    yield x509.SubjectKeyIdentifier.from_public_key(public_key), False
    if data.extended_usage:
        yield x509.ExtendedKeyUsage(data.extended_usage), data.extended_usage_critical
    if data.policies:
        yield x509.CertificatePolicies([x509.PolicyInformation(policy, None) for policy in data.policies]), False
    if data.issuer and issuer.certificate:
        yield _authority_key(issuer.certificate.public_key()), False
        yield from _where_to_ask(data, addresses(data.issuer, base_url))
    if data.no_check:
        yield x509.OCSPNoCheck(), False


def _where_to_ask(data: ProfileData, where: dict[str, str]) -> Iterable[tuple[x509.ExtensionType, bool]]:
    access = [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(where["cer"]))]
    if data.issuer is Profile.ISSUING and not data.no_check:  # the responder answers for the issuing authority only
        access.insert(0, x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(where["ocsp"])))
    yield x509.AuthorityInformationAccess(access), False
    if not data.no_check:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(where["crl"])], None, None, None)
        yield x509.CRLDistributionPoints([point]), False


def _authority_key(public_key: object) -> x509.AuthorityKeyIdentifier:
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise TypeError("our authorities have EC keys")
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key)
