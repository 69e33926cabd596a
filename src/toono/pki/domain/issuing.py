"""Building certificates and revocation lists. Pure: keys, names and times come in, signed objects go out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from toono.pki.contracts import OfficerName, PersonName, Profile, RevocationReason, ServerName, Subject, SubjectName
from toono.pki.domain.algorithms import signing_hash
from toono.pki.domain.profiles import PROFILES, ProfileData, slug
from toono.pki.domain.statements import statements

CLOCK_TOLERANCE = timedelta(minutes=5)
"""Certificates and lists begin a little earlier, so that a reader whose clock is slow does not refuse them."""

CRL_REASONS = {
    RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    RevocationReason.AFFILIATION_CHANGED: x509.ReasonFlags.affiliation_changed,
    RevocationReason.SUPERSEDED: x509.ReasonFlags.superseded,
    RevocationReason.CESSATION_OF_OPERATION: x509.ReasonFlags.cessation_of_operation,
    RevocationReason.PRIVILEGE_WITHDRAWN: x509.ReasonFlags.privilege_withdrawn,
    RevocationReason.CERTIFICATE_HOLD: x509.ReasonFlags.certificate_hold,
}

_KEY_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True)
class Issuer:
    """An authority that signs: its certificate (None while it signs itself) and its key."""

    certificate: x509.Certificate | None
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
    slug: str = ""
    """Its name in addresses, where it is a later generation; else the profile says it."""


@dataclass(frozen=True)
class RevokedEntry:
    """One line of a revocation list."""

    serial: int
    revoked_at: datetime
    reason: RevocationReason


def addresses(authority: str, base_url: str) -> dict[str, str]:
    """Where the certificate (``cer``), list (``crl``), list of changes (``delta``) and status (``ocsp``) of an authority are served.

    ``authority`` is its name in addresses, see ``domain.profiles.slug``.
    """
    return {
        "cer": f"{base_url}/pki/certificates/{authority}.cer",
        "crl": f"{base_url}/pki/crl/{authority}.crl",
        "delta": f"{base_url}/pki/crl/{authority}-delta.crl",
        "ocsp": f"{base_url}/pki/ocsp",
    }


def distinguished_name(subject: Subject) -> x509.Name:
    """The name in X.500's form.

    Of a natural person ``C, SN, GN, serialNumber, CN`` (ETSI EN 319 412-2 §4.2.4; PNO form: EN 319 412-1 §5.1.3), of an officer with
    ``O, organizationIdentifier`` besides; of a legal person ``C, O, organizationIdentifier, CN`` (EN 319 412-3 §4.2.1; NTR form: EN 319 412-1
    §5.1.4); of a server ``C, L, O`` and the first name as ``CN`` (BR §7.1.2.7.4; the alternative names are what counts).
    """
    parts: list[tuple[x509.ObjectIdentifier, str]] = [(NameOID.COUNTRY_NAME, "MN")]
    if isinstance(subject, ServerName):
        parts += [(NameOID.LOCALITY_NAME, "Ulaanbaatar"), (NameOID.ORGANIZATION_NAME, subject.organisation)]
    if isinstance(subject, SubjectName):
        parts += _legal_person(subject.organisation, subject.register_number)
    if isinstance(subject, OfficerName):
        parts += _legal_person(subject.organisation, subject.organisation_number)
    person = subject.person if isinstance(subject, OfficerName) else subject
    if isinstance(person, PersonName):
        parts += [
            (NameOID.SURNAME, person.patronymic),
            (NameOID.GIVEN_NAME, person.given_name),
            (NameOID.SERIAL_NUMBER, f"PNOMN-{person.civil_id}"),
        ]
    if subject.common_name:
        parts.append((NameOID.COMMON_NAME, subject.common_name))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _legal_person(organisation: str, register_number: str) -> list[tuple[x509.ObjectIdentifier, str]]:
    return [(NameOID.ORGANIZATION_NAME, organisation), (NameOID.ORGANIZATION_IDENTIFIER, f"NTRMN-{register_number}")]


def subject_name(certificate: x509.Certificate) -> SubjectName | PersonName | OfficerName:
    """The name back from one of our certificates of persons and organisations (a server's comes with its request)."""

    def value(oid: x509.ObjectIdentifier) -> str:
        return str(certificate.subject.get_attributes_for_oid(oid)[0].value)

    if not certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER):
        return SubjectName(
            common_name=value(NameOID.COMMON_NAME),
            organisation=value(NameOID.ORGANIZATION_NAME),
            register_number=value(NameOID.ORGANIZATION_IDENTIFIER).removeprefix("NTRMN-"),
        )
    civil_id = value(NameOID.SERIAL_NUMBER).removeprefix("PNOMN-")
    person = PersonName(given_name=value(NameOID.GIVEN_NAME), patronymic=value(NameOID.SURNAME), civil_id=civil_id)
    if not certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER):
        return person
    number = value(NameOID.ORGANIZATION_IDENTIFIER).removeprefix("NTRMN-")
    return OfficerName(person=person, organisation=value(NameOID.ORGANIZATION_NAME), organisation_number=number)


def build_certificate(
    *,
    profile: Profile,
    subject: Subject,
    public_key: CertificatePublicKeyTypes,
    issuer: Issuer,
    serial: int,
    now: datetime,
    base_url: str,
    lifetime: timedelta | None = None,
) -> x509.Certificate:
    """A signed certificate of ``profile``. It never outlives its issuer. ``lifetime``: other than the profile's.

    :raises AlgorithmNotSupported: the issuer's key is of a kind that the table does not know.
    """
    data = PROFILES[profile]
    name = distinguished_name(subject)
    not_after = now + (lifetime or data.lifetime)
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
    for extension, critical in _extensions(data, subject, public_key, issuer, base_url):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer.key, signing_hash(issuer.key))


def build_revocation_list(
    *,
    issuer: Issuer,
    number: int,
    entries: Iterable[RevokedEntry],
    now: datetime,
    lifetime: timedelta,
    base: int | None = None,
    removed: Iterable[int] = (),
    freshest: str | None = None,
) -> x509.CertificateRevocationList:
    """A signed list (RFC 5280 §5): complete, or, with ``base``, what has changed since the complete list of that number (§5.2.4).

    ``removed`` are the serial numbers revived since the base (``removeFromCRL``); they stand in lists of changes only.
    ``freshest`` is the address of the list of changes, told by a complete list (§5.2.6).
    """
    if issuer.certificate is None:
        raise ValueError("a list needs its authority's certificate")
    if base is None and (removed := tuple(removed)):
        raise ValueError("a complete list removes nothing")
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - CLOCK_TOLERANCE)
        .next_update(now + lifetime)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_key(issuer.certificate), critical=False)
    )
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    elif freshest:
        builder = builder.add_extension(x509.FreshestCRL([_point(freshest)]), critical=False)
    for entry in entries:
        builder = builder.add_revoked_certificate(_line(entry.serial, entry.revoked_at, CRL_REASONS[entry.reason]))
    for serial in removed:
        builder = builder.add_revoked_certificate(_line(serial, now, x509.ReasonFlags.remove_from_crl))
    return builder.sign(issuer.key, signing_hash(issuer.key))


def _line(serial: int, at: datetime, reason: x509.ReasonFlags) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
    return builder.add_extension(x509.CRLReason(reason), critical=False).build()


def hash_for(key: ec.EllipticCurvePrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """The hash that goes with the strength of an elliptic curve's key."""
    return signing_hash(key) or hashes.SHA512()


def _extensions(
    data: ProfileData, subject: Subject, public_key: CertificatePublicKeyTypes, issuer: Issuer, base_url: str
) -> Iterable[tuple[x509.ExtensionType, bool]]:
    yield x509.BasicConstraints(ca=data.is_authority, path_length=data.path_length), True
    yield x509.KeyUsage(**{usage: usage in data.key_usage for usage in _KEY_USAGES}), True
    yield x509.SubjectKeyIdentifier.from_public_key(public_key), False
    if isinstance(subject, ServerName):
        yield x509.SubjectAlternativeName([x509.DNSName(name) for name in subject.names]), False
    if data.extended_usage:
        yield x509.ExtendedKeyUsage(data.extended_usage), data.extended_usage_critical
    if data.policies:
        yield x509.CertificatePolicies([x509.PolicyInformation(policy, None) for policy in data.policies]), False
    if qualified := statements(qualified=data.qualified, semantics=data.semantics, base_url=base_url):
        yield qualified, False
    if data.issuer and issuer.certificate:
        yield _authority_key(issuer.certificate), False
        yield from _where_to_ask(data, addresses(issuer.slug or slug(PROFILES[data.issuer].keys), base_url))
    if data.no_check:
        yield x509.OCSPNoCheck(), False


def _where_to_ask(data: ProfileData, where: dict[str, str]) -> Iterable[tuple[x509.ExtensionType, bool]]:
    access = [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(where["cer"]))]
    if not data.no_check:
        access.insert(0, x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(where["ocsp"])))
    yield x509.AuthorityInformationAccess(access), False
    if not data.no_check:
        yield x509.CRLDistributionPoints([_point(where["crl"])]), False


def _point(address: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)


def _authority_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The identifier as the issuer's own certificate has it."""
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
