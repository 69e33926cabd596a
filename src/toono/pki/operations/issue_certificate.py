"""Issue a certificate for a key that stands in the signer."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connection, transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.settings import settings
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import PersonName, Profile, RevocationReason, SubjectName
from toono.pki.domain.issuing import Issuer, build_certificate
from toono.pki.domain.profiles import PROFILES, fits
from toono.pki.domain.revocation import Succession, succession
from toono.pki.errors import CertificateWithdrawn, KeyMismatch, ProfileMismatch
from toono.pki.models import Certificate
from toono.pki.signing import RemoteKey


def issue_certificate(*, actor: Actor, label: str, profile: Profile, subject: SubjectName | PersonName) -> Certificate:
    """The current certificate of ``label`` if it will do, else a new one (key made if absent)."""
    if actor.role not in {Role.SYSTEM, Role.ADMINISTRATOR}:
        raise NotAllowed(f"{actor} may not have certificates issued")
    if not fits(profile, label):
        raise ProfileMismatch(f"a key named {label} cannot have a certificate of profile {profile}")
    found = queries.current(label=label)
    if found and _will_do(found, profile, subject):
        return found
    with transaction.atomic():
        _one_at_a_time(label)
        found = queries.current(label=label)
        if found and _will_do(found, profile, subject):
            return found
        row = _issue(label, profile, subject)
        audit.record(actor=actor, action="pki.issue_certificate", subject=f"certificate:{row.serial}", key=row.key, profile=row.profile)
    return row


def remote_key(row: Certificate) -> RemoteKey:
    """The key of a certificate, to sign with."""
    return RemoteKey(client(), row.key, _public_key(queries.parsed(row.pem)))


def _one_at_a_time(label: str) -> None:
    """Two who ask for the same label's certificate at once must get the same one.

    There may be no row to lock yet, so an advisory lock on the label's hash is taken. It ends with the transaction, that is
    after one or two calls of the signer (some milliseconds).
    """
    number = int.from_bytes(hashlib.sha256(f"pki.certificate:{label}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _will_do(row: Certificate, profile: Profile, subject: SubjectName | PersonName) -> bool:
    same_name = (row.common_name, row.organisation, row.register_number) == (
        subject.common_name,
        subject.organisation,
        subject.register_number,
    )
    return row.profile == profile and same_name and row.not_after - now() > PROFILES[profile].renew_before


def _issue(label: str, profile: Profile, subject: SubjectName | PersonName) -> Certificate:
    data, moment = PROFILES[profile], now().replace(microsecond=0)
    key = _key_for(label)
    public_key = client().generate(key=key, curve=data.curve)
    above = queries.authority(data.issuer) if data.issuer else None
    issuer = Issuer(queries.parsed(above.pem), remote_key(above)) if above else Issuer(None, RemoteKey(client(), key, public_key))
    certificate = build_certificate(
        profile=profile,
        subject=subject,
        public_key=public_key,
        issuer=issuer,
        serial=x509.random_serial_number(),
        now=moment,
        base_url=settings().base_url,
    )
    serial = queries.hexadecimal(certificate.serial_number)
    return Certificate.objects.create(
        serial=serial,
        issuer_serial=above.serial if above else serial,
        label=label,
        key=key,
        profile=profile.value,
        common_name=subject.common_name,
        organisation=subject.organisation,
        register_number=subject.register_number,
        pem=certificate.public_bytes(Encoding.PEM).decode(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issued_at=now(),
    )


def _key_for(label: str) -> str:
    """The label itself, or its next generation after a compromise; nothing follows a withdrawal by itself."""
    revoked = Certificate.objects.filter(label=label, revoked_at__isnull=False)
    last = revoked.order_by("-revoked_at").first()
    if last and last.reason and succession(RevocationReason(last.reason)) is Succession.NOTHING:
        raise CertificateWithdrawn(f"the certificate of {label} was revoked: {last.reason}")
    lost = revoked.filter(reason=RevocationReason.KEY_COMPROMISE).values_list("key", flat=True).distinct().count()
    return f"{label}/{lost + 1}" if lost else label


def _public_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise KeyMismatch("a certificate of ours has a key that is not of an elliptic curve")
    return key
