"""Publish our trusted list: when a service was added or withdrawn, and by the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from django.db import transaction

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.kernel.jose import raw_signature
from toono.kernel.settings import settings
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import Profile, RevocationReason, SubjectName
from toono.pki.domain import trusted_lists
from toono.pki.domain.profiles import PROFILES
from toono.pki.domain.trusted_lists import Scheme, Service
from toono.pki.models import Certificate, PublishedTrustedList
from toono.pki.operations.issue_certificate import issue_certificate

LABEL = PROFILES[Profile.TRUSTED_LIST].keys
LIFETIME = timedelta(days=30)
RENEWED_AFTER = timedelta(days=7)

# Type, additional information, and names of each kind of service.
_KINDS: dict[Profile, tuple[str, str, str, str]] = {
    Profile.ISSUING: (trusted_lists.AUTHORITY, trusted_lists.FOR_SEALS, "Байгууллагын гэрчилгээ олгогч", "Certificates of organisations"),
    Profile.ISSUING_PERSONS: (
        trusted_lists.AUTHORITY,
        trusted_lists.FOR_SIGNATURES,
        "Хүний гэрчилгээ олгогч",
        "Certificates of natural persons",
    ),
    Profile.ISSUING_SERVERS: (
        trusted_lists.AUTHORITY_OF_SERVERS,
        trusted_lists.FOR_WEB_SITES,
        "Серверийн гэрчилгээ олгогч",
        "Certificates of servers",
    ),
    Profile.OCSP: (trusted_lists.STATUS_RESPONDER, "", "Төлөв хариулагч", "Status of certificates"),
    Profile.TIMESTAMP: (trusted_lists.TIME_STAMPS, "", "Цаг тэмдэг тавигч", "Time-stamps"),
}
_SUPERSEDED = {RevocationReason.SUPERSEDED.value, RevocationReason.CERTIFICATE_HOLD.value}


def publish_trusted_list(*, actor: Actor, only_if_due: bool = True) -> PublishedTrustedList:
    """The list in force; a new number of it when something changed, be it the operator's address, or it grows old.

    :raises AuthoritiesMissing: before the first start was done.
    """
    operator = queries.authority(Profile.ROOT)
    subject = SubjectName(common_name="Итгэмжлэлийн жагсаалт", organisation=operator.organisation, register_number=operator.register_number)
    row = issue_certificate(actor=actor, label=LABEL, profile=Profile.TRUSTED_LIST, subject=subject)
    base = settings().base_url
    with transaction.atomic():
        # The signing certificate's row is locked, so that lists are made one after another and numbers are given once. Held for one call
        # of the signer.
        Certificate.objects.select_for_update().get(pk=row.pk)
        newest, at = queries.published_trusted_list(), now().replace(microsecond=0)
        services = _services(base, at)
        scheme = Scheme(
            operator.organisation, "Toono platform", operator.register_number, base, settings().operator_mail, settings().operator_places
        )
        content = trusted_lists.fingerprint(scheme, services)
        if only_if_due and newest and newest.content == content and at - newest.issued_at < RENEWED_AFTER:
            return newest
        number = newest.number + 1 if newest else 1
        unsigned = trusted_lists.build(scheme, services, number=number, issued_at=at, next_update=at + LIFETIME)
        signed = trusted_lists.sign(unsigned, certificate=queries.parsed(row.pem), signer=_signer(row.key), at=at)
        return PublishedTrustedList.objects.create(number=number, xml=signed, content=content, issued_at=at, next_update=at + LIFETIME)


def _services(base: str, at: datetime) -> list[Service]:
    """Every authority and unit that we have had; of the responders those in force, since there is a new one every month."""
    found = []
    for row in Certificate.objects.filter(profile__in=[profile.value for profile in _KINDS]).order_by("issued_at", "serial"):
        profile = Profile(row.profile)
        if profile is Profile.OCSP and (row.not_after <= at or row.revoked_at):
            continue
        kind, extra, name, english = _KINDS[profile]
        certificate: x509.Certificate = queries.parsed(row.pem)
        # A key that was replaced in good order goes on being believed for what it signed.
        withdrawn = row.revoked_at if row.reason not in _SUPERSEDED else None
        found.append(Service(kind, name, english, certificate, row.not_before, withdrawn, base + _place(profile), extra))
    return found


def _place(profile: Profile) -> str:
    return {Profile.OCSP: "/pki/ocsp", Profile.TIMESTAMP: "/pki/tsa"}.get(profile, "/pki/")


def _signer(key: str) -> Callable[[bytes], bytes]:
    def sign(data: bytes) -> bytes:
        return raw_signature(client().sign(key=key, digests=[trusted_lists.digest(data)])[0])

    return sign
