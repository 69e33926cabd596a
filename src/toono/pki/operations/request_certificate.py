"""Requests for certificates: at the registration desk, online, for an officer, for a server; and their decision.

At the desk and online the identity is proven in the same moment, so the certificate is issued at once. An officer's and a server's wait in
the queue until an administrator, who is not the one who asked, decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from uuid import UUID

from django.db import IntegrityError, transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.ids import uuid7
from toono.kernel.text import clean
from toono.pki import queries
from toono.pki.contracts import (
    CertificateInfo,
    DeskStatement,
    OfficerName,
    PersonName,
    Profile,
    RequestInfo,
    RequestState,
    RevocationReason,
    ServerName,
    Subject,
    SubjectName,
)
from toono.pki.domain.applied import AppliedKey, check_names, parse
from toono.pki.domain.life_cycle import check_revocation
from toono.pki.domain.profiles import PROFILES
from toono.pki.errors import CertificateRequestDecided, CertificateRequestNotFound, IdentityNotProven, ProfileMismatch, RequestMalformed
from toono.pki.models import Certificate, CertificateRequest
from toono.pki.operations.issue_certificate import Order, issue_anew, issue_certificate
from toono.pki.operations.revoke_certificate import revoke_row

PERSONAL = frozenset({Profile.PERSON, Profile.AUTHENTICATION})
"""What a natural person gets at the desk or online."""
FAMILY = {Profile.PERSON: "person", Profile.AUTHENTICATION: "auth", Profile.OFFICER: "officer"}
QUEUE_LIMIT = 100


# -- asking ------------------------------------------------------------------------------------------------------


def request_at_desk(*, actor: Actor, holder_id: UUID, name: PersonName, profile: Profile, statement: DeskStatement) -> CertificateInfo:
    """The person stands before the officer, who has compared them with the register's photo."""
    if actor.role is not Role.OPERATOR or actor.person_id is None or actor.person_id == holder_id:
        raise NotAllowed(f"{actor} registers nobody, least of all themselves")
    _check_personal(profile)
    if not statement.photo_matches:
        raise IdentityNotProven
    said = statement.model_dump(mode="json")
    return _issue_at_once(actor, holder_id, name, profile, channel="desk", statement=said)


def request_online(*, actor: Actor, name: PersonName, profile: Profile, confirmation: UUID) -> CertificateInfo:
    """The person is signed in and has confirmed this very request by a second factor; ``confirmation`` is its record in ``identity``."""
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} asks for no certificate of a person")
    _check_personal(profile)
    return _issue_at_once(actor, actor.person_id, name, profile, channel="online", statement={"confirmation": str(confirmation)})


def request_for_officer(*, actor: Actor, name: OfficerName) -> RequestInfo:
    """An officer asks for a certificate that names their organisation; an administrator decides."""
    if actor.role is not Role.OFFICER or actor.person_id is None or not actor.organisation:
        raise NotAllowed(f"{actor} is no officer of an organisation")
    return _wait(actor, Profile.OFFICER, name, holder_id=actor.person_id)


def request_for_server(*, actor: Actor, organisation: SubjectName, request: bytes) -> RequestInfo:
    """Somebody who represents an organisation asks for a server's certificate; the key is in their request (PKCS#10)."""
    if actor.role is not Role.REPRESENTATIVE or actor.person_id is None or not actor.organisation:
        raise NotAllowed(f"{actor} represents no organisation")
    applied = parse(request)
    return _wait(actor, Profile.SERVER, _server_name(organisation, applied), pkcs10=applied.pem)


def issue_server_certificate(*, actor: Actor, organisation: SubjectName, names: tuple[str, ...], request: bytes) -> CertificateInfo:
    """A server's certificate at once: the control over ``names`` was proven before (ACME), or an administrator vouches for it."""
    if actor.role not in {Role.SYSTEM, Role.ADMINISTRATOR}:
        raise NotAllowed(f"{actor} may not have certificates issued")
    applied = parse(request)
    check_names(applied, names)
    with transaction.atomic():
        return queries.info(_issue_server(actor, _server_name(organisation, applied), applied))


# -- deciding ----------------------------------------------------------------------------------------------------


def decide_request(*, actor: Actor, request_id: UUID, approved: bool, reason: str = "") -> RequestInfo:
    """Issue what was asked for, or refuse it with a reason that the applicant reads."""
    if actor.role is not Role.ADMINISTRATOR or actor.person_id is None:
        raise NotAllowed(f"{actor} decides on no certificates")
    with transaction.atomic():
        # Locked, so that of two administrators who decide at once the second reads what the first decided; for one call of the signer.
        row = CertificateRequest.objects.select_for_update().filter(id=request_id).first()
        if row is None:
            raise CertificateRequestNotFound(f"request {request_id}")
        if row.state != RequestState.WAITING:
            raise CertificateRequestDecided(f"request {request_id} is {row.state}")
        if actor.person_id in {row.asked_by, row.holder_id}:
            raise NotAllowed(f"{actor} asked for it and so cannot decide it")
        if approved:
            row.certificate, row.state = _ISSUERS[Profile(row.profile)](actor, row), RequestState.ISSUED.value
        else:
            row.state, row.refusal = RequestState.REFUSED.value, _reason(reason)
        row.decided_at, row.decided_by = now(), actor.person_id
        row.save()
        audit.record(actor=actor, action="pki.decide_request", subject=f"certificate_request:{row.id}", state=row.state)
    return info(row)


def waiting(*, limit: int = QUEUE_LIMIT) -> tuple[RequestInfo, ...]:
    """The queue, the oldest first."""
    rows = CertificateRequest.objects.filter(state=RequestState.WAITING.value).select_related("certificate").order_by("asked_at")
    return tuple(info(row) for row in rows[:limit])


def asked_by(person_id: UUID) -> tuple[RequestInfo, ...]:
    """What a person has asked for and is not issued, the newest first."""
    rows = CertificateRequest.objects.filter(asked_by=person_id, certificate__isnull=True).order_by("-asked_at")
    return tuple(info(row) for row in rows[:20])


def request(*, actor: Actor, request_id: UUID) -> RequestInfo:
    """:raises CertificateRequestNotFound: none, or neither asked by this person nor theirs to decide."""
    row = CertificateRequest.objects.filter(id=request_id).first()
    if row is None or (actor.role is not Role.ADMINISTRATOR and row.asked_by != actor.person_id):
        raise CertificateRequestNotFound(f"request {request_id}")
    return info(row)


def info(row: CertificateRequest) -> RequestInfo:
    """A row as it crosses the door."""
    subject = PROFILES[Profile(row.profile)].subject.model_validate(row.subject)
    names = subject.names if isinstance(subject, ServerName) else ()
    return RequestInfo(
        id=row.id,
        profile=Profile(row.profile),
        common_name=subject.common_name or names[0],
        organisation=subject.organisation,
        names=names,
        algorithm=parse(row.pkcs10.encode()).algorithm if row.pkcs10 else "",
        state=RequestState(row.state),
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        refusal=row.refusal,
        serial=row.certificate_id or "",
    )


# -- how ---------------------------------------------------------------------------------------------------------


def _person(actor: Actor) -> UUID:
    if actor.person_id is None:
        raise NotAllowed(f"{actor} is no person")
    return actor.person_id


def _check_personal(profile: Profile) -> None:
    if profile not in PERSONAL:
        raise ProfileMismatch(f"{profile} is not for a natural person alone")


def _reason(typed: str) -> str:
    reason = clean(typed)
    if not 3 <= len(reason) <= 500:
        raise RequestMalformed("a refusal needs a reason of 3 to 500 characters")
    return reason


def _issue_at_once(
    actor: Actor, holder_id: UUID, name: PersonName, profile: Profile, *, channel: str, statement: dict[str, object]
) -> CertificateInfo:
    """The certificate, and the request that proves how it came about. Who has a good one already keeps it."""
    with transaction.atomic():
        proven = Actor(role=Role.SYSTEM, process="pki-requests", person_id=actor.person_id)
        row = issue_certificate(actor=proven, label=f"{FAMILY[profile]}/{holder_id}", profile=profile, subject=name, asked=True)
        moment = now()
        kept = CertificateRequest.objects.create(
            id=uuid7(), profile=profile.value, subject=name.model_dump(mode="json"), holder_id=holder_id, channel=channel, statement=statement,
            state=RequestState.ISSUED.value, asked_at=moment, asked_by=_person(actor), decided_at=moment, decided_by=actor.person_id,
            certificate=row, fingerprint=_fingerprint(profile, name, holder_id, ""),
        )  # fmt: skip
        audit.record(
            actor=actor, action="pki.request_certificate", subject=f"certificate_request:{kept.id}", holder=str(holder_id), serial=row.serial,
            channel=channel,
        )  # fmt: skip
    return queries.info(row)


def _wait(actor: Actor, profile: Profile, subject: Subject, *, holder_id: UUID | None = None, pkcs10: str = "") -> RequestInfo:
    """Into the queue, once: who asks for the same while it waits is given what waits."""
    fingerprint = _fingerprint(profile, subject, holder_id, pkcs10)
    try:
        with transaction.atomic():
            row = CertificateRequest.objects.create(
                id=uuid7(), profile=profile.value, subject=subject.model_dump(mode="json"), holder_id=holder_id,
                organisation=actor.organisation or "", pkcs10=pkcs10, channel="online", state=RequestState.WAITING.value, asked_at=now(),
                asked_by=_person(actor), fingerprint=fingerprint,
            )  # fmt: skip
            audit.record(actor=actor, action="pki.request_certificate", subject=f"certificate_request:{row.id}", profile=profile.value)
    except IntegrityError:
        row = CertificateRequest.objects.get(fingerprint=fingerprint, state=RequestState.WAITING.value)
    return info(row)


def _fingerprint(profile: Profile, subject: Subject, holder_id: UUID | None, pkcs10: str) -> str:
    asked = [profile.value, subject.model_dump(mode="json"), str(holder_id), pkcs10]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _server_name(organisation: SubjectName, applied: AppliedKey) -> ServerName:
    return ServerName(organisation=organisation.organisation, register_number=organisation.register_number, names=applied.names)


def _issue_server(actor: Actor, name: ServerName, applied: AppliedKey) -> Certificate:
    """Every request has its own label, since its key is nobody's that we know."""
    order = Order(label=f"server/{uuid7()}", profile=Profile.SERVER, subject=name, public_key=applied.public_key)
    return issue_anew(actor=actor, order=order)


def _approved_server(actor: Actor, row: CertificateRequest) -> Certificate:
    return _issue_server(actor, ServerName.model_validate(row.subject), parse(row.pkcs10.encode()))


def _approved_officer(actor: Actor, row: CertificateRequest) -> Certificate:
    """One organisation at a time: a certificate that names another is revoked, since they have left it."""
    name, label = OfficerName.model_validate(row.subject), f"officer/{row.holder_id}"
    for other in Certificate.objects.select_for_update().filter(label=label, revoked_at__isnull=True, not_after__gt=now()):
        if queries.subject(other) != name:
            reason = RevocationReason.AFFILIATION_CHANGED
            check_revocation(profile=Profile.OFFICER, state=queries.info(other).state, reason=reason)
            revoke_row(other, actor=actor, reason=reason)
    return issue_certificate(actor=actor, label=label, profile=Profile.OFFICER, subject=name, asked=True)


_ISSUERS: dict[Profile, Callable[[Actor, CertificateRequest], Certificate]] = {
    Profile.SERVER: _approved_server,
    Profile.OFFICER: _approved_officer,
}
