"""Renew in time what the platform issued: status responders, the time-stamping unit, seals, message keys; and a person's, as they ask."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.pki import queries
from toono.pki.contracts import CertificateAct, CertificateInfo, PersonName, Profile
from toono.pki.domain.life_cycle import check_renewal, may
from toono.pki.domain.profiles import PROFILES
from toono.pki.domain.revocation import state
from toono.pki.errors import CertificateNotFound, CertificateNotRenewable
from toono.pki.models import Certificate
from toono.pki.operations.establish_authorities import root_is_here
from toono.pki.operations.issue_certificate import Order, issue_anew, issue_certificate

_BY_ITSELF = [profile for profile, data in PROFILES.items() if data.renew_before and not data.is_authority]
_LONGEST = max(PROFILES[profile].renew_before for profile in _BY_ITSELF)


def renew_certificates(*, actor: Actor) -> int:
    """A successor for each certificate that nears its end; returns how many were issued.

    The authorities need a ceremony; persons and servers ask themselves. A responder is renewed by the authority for which it speaks.
    """
    renewed = 0
    soon = Certificate.objects.filter(
        profile__in=_BY_ITSELF, revoked_at__isnull=True, not_after__gt=now(), not_after__lte=now() + _LONGEST + timedelta(days=1)
    )
    for label in soon.order_by("label").values_list("label", flat=True).distinct():
        row = queries.current(label=label)
        if row and _has_issuer(row):
            profile, issuer = Profile(row.profile), _own_authority(row)
            successor = issue_certificate(actor=actor, label=label, profile=profile, subject=queries.subject(row), issuer=issuer)
            renewed += successor.serial != row.serial
    return renewed


def renew_own(*, actor: Actor, serial: str, name: PersonName) -> CertificateInfo:
    """A successor with the same key for a person's own certificate, which stays good until its end. ``name``: as the register has it now."""
    with transaction.atomic():
        row = Certificate.objects.select_for_update().filter(serial=serial).first()  # the second press of the button waits here
        if row is None:
            raise CertificateNotFound(f"serial {serial[:40]}")
        own = row.holder_id is not None and row.holder_id == actor.person_id
        profile = Profile(row.profile)
        if not may(role=actor.role, act=CertificateAct.RENEW, profile=profile, own=own):
            raise NotAllowed(f"{actor} may not renew certificate {row.serial}")
        standing = state(not_after=row.not_after, revoked_at=row.revoked_at, now=now(), reason=row.reason)
        check_renewal(profile=profile, state=standing, not_after=row.not_after, now=now())
        newest = queries.current(label=row.label)
        if profile is Profile.OFFICER or name.civil_id != row.register_number:
            raise CertificateNotRenewable(f"certificate {row.serial} is asked for anew")
        if newest and newest.serial != row.serial:
            return queries.info(newest)
        order = Order(label=row.label, profile=profile, subject=name, key=row.key, act=CertificateAct.RENEW)
        return queries.info(issue_anew(actor=actor, order=order))


def _own_authority(row: Certificate) -> Certificate | None:
    """The authority for which a responder speaks, while it is in force; None for everything else."""
    if row.profile != Profile.OCSP:
        return None
    return next((one for one in queries.authorities() if one.serial == row.issuer_serial), None)


def _has_issuer(row: Certificate) -> bool:
    """Not a responder of an authority that has expired, or of the root whose key is in a safe."""
    if row.profile != Profile.OCSP:
        return True
    authority = _own_authority(row)
    return authority is not None and (authority.profile != Profile.ROOT or root_is_here())
