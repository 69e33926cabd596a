"""Reading certificates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from django.db.models import Q, QuerySet

from toono.kernel.clock import now
from toono.pki.contracts import (
    CertificateInfo,
    CertificateState,
    LoadedList,
    OfficerName,
    PersonName,
    Profile,
    PublicCertificate,
    RevocationReason,
    SubjectName,
)
from toono.pki.domain import trusted_lists
from toono.pki.domain.issuing import subject_name
from toono.pki.domain.profiles import AUTHORITIES, PROFILES, responder_label, slug
from toono.pki.domain.revocation import state
from toono.pki.domain.validation.paths import Anchor
from toono.pki.domain.validation.paths import parsed as read_certificate
from toono.pki.errors import AuthoritiesMissing, CertificateNotFound
from toono.pki.models import Certificate, PublishedTrustedList, RevocationList, TrustedList, TrustedService


def hexadecimal(serial: int) -> str:
    """A serial number as the table keeps it."""
    return f"{serial:x}"


@lru_cache(maxsize=4096)
def parsed(pem: str) -> x509.Certificate:
    """The certificate in a PEM text; the same text is parsed once (a certificate never changes)."""
    return x509.load_pem_x509_certificate(pem.encode())


@lru_cache(maxsize=4096)
def parsed_for_cms(pem: str) -> asn1_x509.Certificate:
    """The same as asn1crypto sees it, for the library of PDF signatures."""
    return asn1_x509.Certificate.load(parsed(pem).public_bytes(Encoding.DER))


def subject(row: Certificate) -> SubjectName | PersonName | OfficerName:
    """Whom a certificate of a person or organisation names."""
    return subject_name(parsed(row.pem))


def current(*, label: str, at: datetime | None = None) -> Certificate | None:
    """The newest certificate of this key label that is valid now."""
    at = at or now()
    valid = Certificate.objects.filter(label=label, revoked_at__isnull=True, not_after__gt=at, not_before__lte=at)
    return valid.order_by("-issued_at").first()


def authority(profile: Profile) -> Certificate:
    """The current certificate of an authority, of the issuing authority's responder or of the time-stamping unit.

    :raises AuthoritiesMissing:
    """
    row = current(label="pki/ocsp" if profile is Profile.OCSP else PROFILES[profile].keys)
    if row is None:
        raise AuthoritiesMissing(f"there is no valid certificate of {profile}")
    return row


def authorities() -> list[Certificate]:
    """Every authority that is in force, the root first: also the earlier generations, whose certificates are still about."""
    rows = Certificate.objects.filter(profile__in=[profile.value for profile in AUTHORITIES], revoked_at__isnull=True, not_after__gt=now())
    return sorted(rows, key=lambda row: (AUTHORITIES.index(Profile(row.profile)), row.issued_at))


def authority_by_slug(name: str) -> Certificate:
    """The authority of this name in addresses.

    :raises CertificateNotFound:
    """
    found = [row for row in authorities() if slug(row.key) == name]
    if not found:
        raise CertificateNotFound(f"no authority {name[:40]}")
    return found[-1]


def authority_of(serial: str) -> Certificate | None:
    """The authority that issued this certificate, as far as it is in force."""
    row = Certificate.objects.filter(serial=serial).first()
    return next((authority for authority in authorities() if row and authority.serial == row.issuer_serial), None)


def responder(authority: Certificate) -> Certificate:
    """The current certificate of the responder that speaks for this generation of an authority.

    :raises AuthoritiesMissing:
    """
    row = current(label=responder_label(authority.key))
    if row is None or row.issuer_serial != authority.serial:
        raise AuthoritiesMissing(f"there is no valid status responder of {authority.key}")
    return row


def chain(row: Certificate) -> tuple[str, ...]:
    """PEM of the authorities above, nearest first."""
    above: list[str] = []
    while row.issuer_serial != row.serial:
        row = _authority(row.issuer_serial)
        above.append(row.pem)
    return tuple(above)


@lru_cache(maxsize=64)
def _authority(serial: str) -> Certificate:
    return Certificate.objects.get(serial=serial)


def info(row: Certificate) -> CertificateInfo:
    """A row as it crosses the door."""
    return CertificateInfo(
        serial=row.serial,
        key=row.key,
        profile=Profile(row.profile),
        common_name=row.common_name,
        organisation=row.organisation,
        register_number=row.register_number,
        pem=row.pem,
        chain_pem=chain(row),
        not_before=row.not_before,
        not_after=row.not_after,
        revoked_at=row.revoked_at,
        reason=RevocationReason(row.reason) if row.reason else None,
        state=state(not_after=row.not_after, revoked_at=row.revoked_at, now=now(), reason=row.reason),
    )


def in_force(row: Certificate) -> bool:
    """Neither revoked, nor suspended, nor out of its time."""
    return row.revoked_at is None and row.not_before <= now() < row.not_after


def certificate(serial: str) -> CertificateInfo:
    """:raises CertificateNotFound:"""
    row = Certificate.objects.filter(serial=serial.lower().lstrip("0")).first()
    if row is None:
        raise CertificateNotFound(f"serial {serial[:40]}")
    return info(row)


def row(serial: str) -> Certificate:
    """The row of a certificate. :raises CertificateNotFound:"""
    found = Certificate.objects.filter(serial=serial).first()
    if found is None:
        raise CertificateNotFound(f"serial {serial[:40]}")
    return found


def certificates(
    *, profile: Profile | None = None, state: CertificateState | None = None, text: str = "", limit: int = 200, offset: int = 0
) -> list[CertificateInfo]:
    """Newest first; ``text`` is sought in names, register number, key label and serial number."""
    rows: QuerySet[Certificate] = Certificate.objects.order_by("-issued_at", "serial")
    if profile:
        rows = rows.filter(profile=profile.value)
    if state:
        rows = rows.filter(in_state(state, now()))
    if text:
        rows = rows.filter(
            Q(common_name__icontains=text)
            | Q(organisation__icontains=text)
            | Q(register_number=text)
            | Q(key__icontains=text)
            | Q(serial__startswith=text.lower())
        )
    return [info(row) for row in rows[offset : offset + limit]]


def in_state(state: CertificateState, at: datetime) -> Q:
    held = RevocationReason.CERTIFICATE_HOLD.value
    if state is CertificateState.REVOKED:
        return Q(revoked_at__isnull=False) & ~Q(reason=held)
    if state is CertificateState.SUSPENDED:
        return Q(reason=held, not_after__gt=at)
    if state is CertificateState.EXPIRED:
        return (Q(revoked_at__isnull=True) | Q(reason=held)) & Q(not_after__lte=at)
    return Q(revoked_at__isnull=True, not_after__gt=at)


def revocation_list(authority: str) -> RevocationList | None:
    """The newest list of the authority of this name in addresses (``domain.profiles.slug``)."""
    return RevocationList.objects.filter(authority=authority).order_by("-number").first()


def trust_anchors() -> tuple[str, ...]:
    """PEM of every root that is in force."""
    roots = Certificate.objects.filter(profile=Profile.ROOT.value, not_after__gt=now()).order_by("issued_at")
    return tuple(roots.values_list("pem", flat=True))


# -- validation, trusted lists ---------------------------------------------------------------------------------


def authorities_ever() -> tuple[x509.Certificate, ...]:
    """Every certificate of an authority of ours, also of those that have been replaced: what they signed is still shown."""
    kinds = [profile.value for profile, data in PROFILES.items() if data.is_authority]
    return tuple(parsed(pem) for pem in Certificate.objects.filter(profile__in=kinds).values_list("pem", flat=True))


def own_anchors(source: str) -> list[Anchor]:
    """Our roots that are in force, under the name ``source``."""
    return [Anchor(parsed(pem), source) for pem in trust_anchors()]


def loaded_anchors(at: datetime) -> list[Anchor]:
    """What the loaded trusted lists vouch for; a list past its time vouches for nobody."""
    services = TrustedService.objects.filter(trusted_list__next_update__gt=at).select_related("trusted_list")
    found = []
    for service in services:
        certificate = read_certificate(bytes(service.certificate))
        if certificate is not None:
            purposes = frozenset({trusted_lists.PURPOSES[service.kind]})
            found.append(Anchor(certificate, service.trusted_list.title, purposes, trusted_lists.periods(service.granted)))
    return found


def by_serials(serials: Iterable[str]) -> dict[str, Certificate]:
    """Rows by serial number."""
    return {row.serial: row for row in Certificate.objects.filter(serial__in=list(serials))}


def published_trusted_list() -> PublishedTrustedList | None:
    """Our newest trusted list."""
    return PublishedTrustedList.objects.order_by("-number").first()


def loaded_lists() -> list[TrustedList]:
    """Other people's lists that are loaded, by title."""
    return list(TrustedList.objects.order_by("title"))


def loaded_list(row: TrustedList) -> LoadedList:
    """A loaded list as it crosses the door."""
    return LoadedList(
        id=row.id,
        title=row.title,
        territory=row.territory,
        address=row.address,
        sequence_number=row.sequence_number,
        issued_at=row.issued_at,
        next_update=row.next_update,
        loaded_at=row.loaded_at,
        checked_at=row.checked_at,
        problem=row.problem,
        services=row.services.count(),
        pin_sha256=parsed(row.pin).fingerprint(SHA256()).hex(),
    )


PUBLIC_PROFILES = frozenset(
    {Profile.SEAL, Profile.EXCHANGE, Profile.SERVER, Profile.TIMESTAMP, Profile.OCSP, Profile.TRUSTED_LIST, *AUTHORITIES}
)
"""What the public repository shows. Certificates of natural persons carry their civil id: nobody but they hands them out."""


_INDEXED = re.compile(r"[^\W_]{3}")


def public_certificates(*, text: str, limit: int) -> list[Certificate]:
    """Of organisations, servers and the platform: by serial number, register number, or a part of a name, which is sought only where three
    letters follow one another: by less no index finds it (migration 0010), and the whole register would be read."""
    rows = Certificate.objects.filter(profile__in=[profile.value for profile in PUBLIC_PROFILES]).order_by("-issued_at", "serial")
    serial = text.lower().replace(":", "").replace(" ", "").lstrip("0")
    wanted = Q(register_number=text) | Q(serial=serial)
    if _INDEXED.search(text):
        wanted |= Q(organisation__icontains=text) | Q(common_name__icontains=text)
    return list(rows.filter(wanted)[:limit])


def public_certificate(row: Certificate) -> PublicCertificate:
    """A row as the repository shows it."""
    return PublicCertificate(
        serial=row.serial,
        profile=Profile(row.profile),
        common_name=row.common_name,
        organisation=row.organisation,
        register_number=row.register_number,
        not_before=row.not_before,
        not_after=row.not_after,
        revoked_at=row.revoked_at,
        state=info(row).state,
        slug=slug(row.key) if Profile(row.profile) in AUTHORITIES else "",
    )
