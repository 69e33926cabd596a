"""What holders and administrators see: a certificate with its history, the console of the authority."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import (
    AuthorityInfo,
    AuthorityOverview,
    CertificateAct,
    CertificateInfo,
    CertificateState,
    HeldCertificate,
    Profile,
    RevocationReason,
    StepInfo,
)
from toono.pki.domain.algorithms import name_of
from toono.pki.domain.life_cycle import acts
from toono.pki.domain.profiles import PROFILES, slug
from toono.pki.domain.revocation import state
from toono.pki.errors import CertificateNotFound, KeyUnknown
from toono.pki.models import Certificate, CertificateStep
from toono.pki.operations import request_certificate as requests

EXPIRING_WITHIN = timedelta(days=60)
SHOWN = 50
HOLD = RevocationReason.CERTIFICATE_HOLD.value


def held_certificates(*, actor: Actor) -> list[HeldCertificate]:
    """A person's own, those in force first, then the newest."""
    if actor.person_id is None:
        raise NotAllowed(f"{actor} holds no certificates")
    rows = list(Certificate.objects.filter(holder_id=actor.person_id).order_by("-issued_at")[:SHOWN])
    found = [_held(actor, row) for row in rows]
    good = (CertificateState.VALID, CertificateState.SUSPENDED)
    return sorted(found, key=lambda held: held.certificate.state not in good)


def held_certificate(*, actor: Actor, serial: str) -> HeldCertificate:
    """One certificate with its history, for its holder and for administrators.

    :raises CertificateNotFound: none, or another's.
    """
    row = Certificate.objects.filter(serial=serial).first()
    own = row is not None and row.holder_id is not None and row.holder_id == actor.person_id
    if row is None or not (own or actor.role is Role.ADMINISTRATOR):
        raise CertificateNotFound(f"serial {serial[:40]}")
    return _held(actor, row)


def _held(actor: Actor, row: Certificate) -> HeldCertificate:
    steps = tuple(_step(step) for step in CertificateStep.objects.filter(certificate=row).order_by("at", "id"))
    suspensions = [step for step in steps if step.act is CertificateAct.SUSPEND]
    moment = now()
    allowed = acts(
        role=actor.role,
        profile=Profile(row.profile),
        state=state(not_after=row.not_after, revoked_at=row.revoked_at, now=moment, reason=row.reason),
        not_after=row.not_after,
        now=moment,
        own=row.holder_id is not None and row.holder_id == actor.person_id,
        suspended_by_holder=bool(suspensions) and suspensions[-1].holder,
    )
    return HeldCertificate(certificate=queries.info(row), steps=steps, acts=allowed)


def _step(row: CertificateStep) -> StepInfo:
    return StepInfo(
        act=CertificateAct(row.act),
        at=row.at,
        reason=RevocationReason(row.reason) if row.reason else None,
        holder=row.holder,
        role=row.role,
        person_id=row.person_id,
    )


# -- the console -------------------------------------------------------------------------------------------------


def authority_overview(*, actor: Actor) -> AuthorityOverview:
    """Counts, what ends soon, what waits. For administrators."""
    if actor.role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{actor} may not see the console of the authority")
    return AuthorityOverview(
        authorities=_authorities(),
        counts=_counts(),
        issued_last_days=Certificate.objects.filter(issued_at__gt=now() - timedelta(days=7)).count(),
        expiring=_expiring(),
        waiting=requests.waiting(),
    )


def _authorities() -> tuple[AuthorityInfo, ...]:
    good = Q(revoked_at__isnull=True, not_after__gt=now())
    grouped = Certificate.objects.values("issuer_serial").annotate(
        good=Count("serial", filter=good),
        revoked=Count("serial", filter=Q(revoked_at__isnull=False) & ~Q(reason=HOLD)),
        suspended=Count("serial", filter=Q(reason=HOLD)),
    )
    counted = {line["issuer_serial"]: line for line in grouped}
    rows = queries.authorities()
    newest = {row.label: row.serial for row in rows}
    nothing = {"good": 0, "revoked": 0, "suspended": 0}
    return tuple(
        AuthorityInfo(
            profile=Profile(row.profile),
            slug=slug(row.key),
            common_name=row.common_name,
            algorithm=name_of(queries.parsed(row.pem).public_key()),
            serial=row.serial,
            not_after=row.not_after,
            certificates=(line := counted.get(row.serial, nothing))["good"],
            revoked=line["revoked"],
            suspended=line["suspended"],
            current=newest[row.label] == row.serial,
            key_here=_is_here(row.key),
        )
        for row in rows
    )


def _is_here(key: str) -> bool:
    try:
        client().public_key(key)
    except KeyUnknown:
        return False
    return True


def _counts() -> dict[Profile, dict[CertificateState, int]]:
    """How many of each profile are in each state; one pass over the table."""
    by_state = {f"in_{state.value}": Count("serial", filter=queries.in_state(state, now())) for state in CertificateState}
    lines = Certificate.objects.values("profile").annotate(**by_state).order_by("profile").values_list("profile", *by_state)
    return {Profile(profile): dict(zip(CertificateState, numbers, strict=True)) for profile, *numbers in lines}


def _expiring() -> tuple[CertificateInfo, ...]:
    """What ends soon, was not renewed, and renews itself neither (a responder does, a server does)."""
    later = Certificate.objects.filter(label=OuterRef("label"), revoked_at__isnull=True, issued_at__gt=OuterRef("issued_at"))
    shown = [profile for profile in PROFILES if profile not in {Profile.OCSP, Profile.SERVER}]
    rows = Certificate.objects.filter(
        ~Exists(later), profile__in=shown, revoked_at__isnull=True, not_after__gt=now(), not_after__lte=now() + EXPIRING_WITHIN
    )
    return tuple(queries.info(row) for row in rows.order_by("not_after")[:SHOWN])
