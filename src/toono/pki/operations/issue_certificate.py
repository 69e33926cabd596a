"""Issue a certificate: for a key that stands in the signer, or for the applicant's own key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connection, transaction
from django.db.models import Q

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.outbox import publish
from toono.kernel.settings import settings
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import CertificateAct, OfficerName, PersonName, Profile, RevocationReason, Subject, SubjectName
from toono.pki.domain.algorithms import check_signer_has
from toono.pki.domain.issuing import Issuer, build_certificate
from toono.pki.domain.life_cycle import HELD
from toono.pki.domain.profiles import PROFILES, fits, slug
from toono.pki.domain.revocation import Succession, succession
from toono.pki.errors import CertificateSuspended, CertificateWithdrawn, KeyMismatch, ProfileMismatch
from toono.pki.events import CertificateIssued
from toono.pki.models import Certificate
from toono.pki.operations.steps import note
from toono.pki.signing import RemoteKey, elliptic


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be issued."""

    label: str
    profile: Profile
    subject: Subject
    issuer: Certificate | None = None
    """A certain generation of an authority; None: the current one of the profile."""
    key: str = ""
    """Key label in the signer, where it is not to be found by ``label``."""
    algorithm: str = ""
    """Other than the profile's."""
    public_key: CertificatePublicKeyTypes | None = None
    """The applicant's own; None: the signer makes one."""
    asked: bool = False
    """A person has asked for it and was proven, so a withdrawal before does not stand against it."""
    act: CertificateAct = CertificateAct.ISSUE
    lifetime: timedelta | None = None


def issue_certificate(
    *, actor: Actor, label: str, profile: Profile, subject: Subject, issuer: Certificate | None = None, asked: bool = False
) -> Certificate:
    """The current certificate of ``label`` if it will do, else a new one (key made if absent)."""
    if actor.role not in {Role.SYSTEM, Role.ADMINISTRATOR}:
        raise NotAllowed(f"{actor} may not have certificates issued")
    if not fits(profile, label) or not isinstance(subject, PROFILES[profile].subject):
        raise ProfileMismatch(f"a key named {label} for a {type(subject).__name__} cannot have a certificate of profile {profile}")
    found = queries.current(label=label)
    if found and _will_do(found, profile, subject, issuer):
        return found
    order = Order(label=label, profile=profile, subject=subject, issuer=issuer, asked=asked)
    with transaction.atomic():
        one_at_a_time(label)
        before = _before(label)
        found = _current(before)
        if found and _will_do(found, profile, subject, issuer):
            return found
        return _issue(order, actor, before)


def issue_anew(*, actor: Actor, order: Order) -> Certificate:
    """A new certificate, whatever stands. The caller has checked the right and the rule, and holds a transaction."""
    one_at_a_time(order.label)
    return _issue(order, actor, _before(order.label))


def remote_key(row: Certificate) -> RemoteKey:
    """The key of a certificate, to sign with."""
    return RemoteKey(client(), row.key, _public_key(queries.parsed(row.pem)))


def one_at_a_time(label: str) -> None:
    """Two who ask for the same label's certificate at once must get the same one.

    There may be no row to lock yet, so an advisory lock on the label's hash is taken. It ends with the transaction, that is
    after one or two calls of the signer (some milliseconds).
    """
    number = int.from_bytes(hashlib.sha256(f"pki.certificate:{label}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _will_do(row: Certificate, profile: Profile, subject: Subject, issuer: Certificate | None) -> bool:
    if row.profile != profile or (issuer and row.issuer_serial != issuer.serial):
        return False
    return _same_name(row, subject) and row.not_after - now() > PROFILES[profile].renew_before


def _same_name(row: Certificate, subject: Subject) -> bool:
    if isinstance(subject, SubjectName | PersonName):
        named = (row.common_name, row.organisation, row.register_number)
        return named == (subject.common_name, subject.organisation, subject.register_number)
    return isinstance(subject, OfficerName) and queries.subject(row) == subject


def _before(label: str) -> list[Certificate]:
    """What was issued for a label and is in time or was revoked, newest first: all that the rules ask about, in one reading."""
    return list(Certificate.objects.filter(Q(revoked_at__isnull=False) | Q(not_after__gt=now()), label=label).order_by("-issued_at"))


def _current(before: Sequence[Certificate]) -> Certificate | None:
    """The newest that is valid now, as ``queries.current`` gives it."""
    at = now()
    return next((row for row in before if row.revoked_at is None and row.not_before <= at < row.not_after), None)


def _issue(order: Order, actor: Actor, before: Sequence[Certificate]) -> Certificate:
    data, moment, subject = PROFILES[order.profile], now().replace(microsecond=0), order.subject
    key = order.key or (order.label if order.public_key else _key_for(order, before))
    public_key = order.public_key or _generated(key, order.algorithm or data.algorithm)
    above = order.issuer or (queries.authority(data.issuer) if data.issuer else None)
    certificate = build_certificate(
        profile=order.profile,
        subject=subject,
        public_key=public_key,
        issuer=issuer_of(above) if above else Issuer(None, RemoteKey(client(), key)),
        serial=x509.random_serial_number(),
        now=moment,
        base_url=settings().base_url,
        lifetime=order.lifetime,
    )
    row = keep(certificate, order=order, key=key, issuer_serial=above.serial if above else None)
    note(row, order.act, actor=actor)
    if row.holder_id:
        publish(CertificateIssued(serial=row.serial, key=row.key, profile=order.profile, holder_id=row.holder_id))
    audit.record(actor=actor, action="pki.issue_certificate", subject=f"certificate:{row.serial}", key=row.key, profile=row.profile)
    return row


def keep(certificate: x509.Certificate, *, order: Order, key: str, issuer_serial: str | None) -> Certificate:
    """The certificate's row; ``issuer_serial`` is None where it signed itself."""
    serial, subject = queries.hexadecimal(certificate.serial_number), order.subject
    return Certificate.objects.create(
        serial=serial,
        issuer_serial=issuer_serial or serial,
        label=order.label,
        key=key,
        profile=order.profile.value,
        common_name=subject.common_name,
        organisation=subject.organisation,
        register_number=subject.register_number,
        pem=certificate.public_bytes(Encoding.PEM).decode(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issued_at=now(),
        holder_id=UUID(order.label.split("/")[1]) if order.profile in HELD else None,
    )


def issuer_of(row: Certificate) -> Issuer:
    """An authority, ready to sign; the signature is asked of the signer."""
    return Issuer(queries.parsed(row.pem), remote_key(row), slug(row.key))


def _generated(key: str, algorithm: str) -> ec.EllipticCurvePublicKey:
    check_signer_has(algorithm)
    return elliptic(client().generate(key=key, kind=algorithm), key)


def _key_for(order: Order, before: Sequence[Certificate]) -> str:
    """The label itself, or its next generation after a compromise; nothing follows a withdrawal by itself, nor a suspension."""
    label, at = order.label, now()
    revoked = sorted((row for row in before if row.revoked_at is not None), key=lambda row: row.revoked_at or at)
    if any(row.reason == RevocationReason.CERTIFICATE_HOLD and row.not_after > at for row in revoked):
        raise CertificateSuspended(f"the certificate of {label} is suspended")
    last = revoked[-1] if revoked else None
    if last and last.reason and succession(RevocationReason(last.reason)) is Succession.NOTHING and not order.asked:
        raise CertificateWithdrawn(f"the certificate of {label} was revoked: {last.reason}")
    lost = len({row.key for row in revoked if row.reason == RevocationReason.KEY_COMPROMISE})
    return f"{label}/{lost + 1}" if lost else label


def _public_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise KeyMismatch("a certificate of ours has a key that is not of an elliptic curve")
    return key
