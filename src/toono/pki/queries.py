"""Reading certificates."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db.models import Q, QuerySet

from toono.kernel.clock import now
from toono.pki.contracts import CertificateInfo, CertificateState, Profile, RevocationReason
from toono.pki.domain.revocation import state
from toono.pki.errors import AuthoritiesMissing, CertificateNotFound
from toono.pki.models import Certificate, RevocationList


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


def current(*, label: str, at: datetime | None = None) -> Certificate | None:
    """The newest certificate of this key label that is valid now."""
    at = at or now()
    valid = Certificate.objects.filter(label=label, revoked_at__isnull=True, not_after__gt=at, not_before__lte=at)
    return valid.order_by("-issued_at").first()


def authority(profile: Profile) -> Certificate:
    """The current certificate of an authority, responder or time-stamping unit of the platform.

    :raises AuthoritiesMissing:
    """
    row = current(label=f"pki/{profile.value}")
    if row is None:
        raise AuthoritiesMissing(f"there is no valid certificate of {profile}")
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
        state=state(not_after=row.not_after, revoked_at=row.revoked_at, now=now()),
    )


def certificate(serial: str) -> CertificateInfo:
    """:raises CertificateNotFound:"""
    row = Certificate.objects.filter(serial=serial.lower().lstrip("0")).first()
    if row is None:
        raise CertificateNotFound(f"serial {serial[:40]}")
    return info(row)


def certificates(
    *, profile: Profile | None = None, state: CertificateState | None = None, text: str = "", limit: int = 200, offset: int = 0
) -> list[CertificateInfo]:
    """Newest first; ``text`` is sought in names, register number, key label and serial number."""
    rows: QuerySet[Certificate] = Certificate.objects.order_by("-issued_at", "serial")
    if profile:
        rows = rows.filter(profile=profile.value)
    if state:
        rows = rows.filter(_in_state(state, now()))
    if text:
        rows = rows.filter(
            Q(common_name__icontains=text)
            | Q(organisation__icontains=text)
            | Q(register_number=text)
            | Q(key__icontains=text)
            | Q(serial__startswith=text.lower())
        )
    return [info(row) for row in rows[offset : offset + limit]]


def _in_state(state: CertificateState, at: datetime) -> Q:
    if state is CertificateState.REVOKED:
        return Q(revoked_at__isnull=False)
    if state is CertificateState.EXPIRED:
        return Q(revoked_at__isnull=True, not_after__lte=at)
    return Q(revoked_at__isnull=True, not_after__gt=at)


def revocation_list(authority: Profile) -> RevocationList | None:
    """The newest list of an authority."""
    return RevocationList.objects.filter(authority=authority.value).order_by("-number").first()


def trust_anchors() -> tuple[str, ...]:
    """PEM of every root that is in force."""
    roots = Certificate.objects.filter(profile=Profile.ROOT.value, not_after__gt=now()).order_by("issued_at")
    return tuple(roots.values_list("pem", flat=True))
