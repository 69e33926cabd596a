"""Requests to sign with a natural person's key: asked, opened, confirmed, signed, refused.

A request is answered once: its row is locked by whoever answers. Between the holder's confirmation and the stored signatures the process may
die; then whoever asks next, holder or relying party, makes the request to its end. The signer remembers what it signed under the
confirmation, so nothing is signed twice.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Q

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.outbox import publish
from toono.pki import queries
from toono.pki.contracts import Confirmation, Profile, SigningOrigin, SigningPurpose, SigningRequestView, SigningState
from toono.pki.domain import remote_signing as rules
from toono.pki.domain.remote_signing import MOST_WAITING, REQUEST_LIFETIME, TEXT_LIMIT
from toono.pki.errors import (
    NoPersonCertificate,
    NoSigningCertificate,
    SignerRefused,
    SigningContentChanged,
    SigningRequestNotFound,
    SigningRequestOver,
    SigningRequestRefused,
    TooManySigningRequests,
)
from toono.pki.events import SignatureAnswered, SignatureRequested
from toono.pki.models import Certificate, SigningRequest
from toono.pki.operations import activation

PROFILES_OF = {
    SigningPurpose.SIGNATURE: (Profile.PERSON, Profile.OFFICER),
    SigningPurpose.AUTHENTICATION: (Profile.AUTHENTICATION,),
}


def digest(secret: str) -> str:
    """As secrets are kept: they are random, so one round is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def owner(certificate: Certificate) -> UUID | None:
    """The natural person whose key it is."""
    try:
        return certificate.holder_id or UUID(certificate.key.split("/")[1][:36])
    except (ValueError, IndexError):
        return None


# -- whose certificate -------------------------------------------------------------------------------------------------


def certificates_of(*, person_id: UUID, purpose: SigningPurpose, only_valid: bool) -> list[Certificate]:
    """A person's own certificates for a purpose, newest first."""
    labels = Q(holder_id=person_id) | Q(label__endswith=f"/{person_id}") | Q(label__contains=f"/{person_id}-")
    rows = Certificate.objects.filter(labels, profile__in=[profile.value for profile in PROFILES_OF[purpose]])
    if only_valid:
        rows = rows.filter(revoked_at__isnull=True, not_before__lte=now(), not_after__gt=now())
    return [row for row in rows.order_by("-issued_at") if owner(row) == person_id]


def certificate_of_civil_id(*, civil_id: str, purpose: SigningPurpose) -> Certificate:
    """The valid certificate by which the person of this civil id is known to relying parties.

    :raises NoPersonCertificate: there is none, which is not told from "no such person".
    """
    profile = Profile.PERSON if purpose is SigningPurpose.SIGNATURE else Profile.AUTHENTICATION
    rows = Certificate.objects.filter(register_number=civil_id, profile=profile.value, revoked_at__isnull=True)
    row = rows.filter(not_before__lte=now(), not_after__gt=now()).order_by("-issued_at").first()
    if row is None or owner(row) is None:
        raise NoPersonCertificate(f"no valid certificate for {purpose}")
    return row


# -- asking ------------------------------------------------------------------------------------------------------------


def ask(
    *,
    origin: SigningOrigin,
    purpose: SigningPurpose,
    party_id: str,
    party: str,
    certificate: Certificate | None,
    digests: Sequence[str],
    text: str,
    protocol: Mapping[str, str],
    handle: str = "",
    lifetime: timedelta = REQUEST_LIFETIME,
) -> SigningRequestView:
    """A request that waits for its holder, who is told of it.

    :param certificate: None for a request that is addressed to nobody: whoever opens its link is asked.
    :raises SigningRequestRefused: the digests or the text cannot be signed.
    :raises TooManySigningRequests:
    """
    if len(text) > TEXT_LIMIT:
        raise SigningRequestRefused("the text is too long")
    if certificate is not None:
        _checked(digests)
    moment, identifier = now(), uuid4()
    with transaction.atomic():
        person_id = owner(certificate) if certificate is not None else None
        if person_id is not None:
            _refuse_flood(person_id, party_id)
        row = SigningRequest.objects.create(
            id=identifier, origin=origin.value, purpose=purpose.value, party_id=party_id, party=party, person_id=person_id,
            certificate=certificate, digests=list(digests), text=text, protocol=dict(protocol), state=SigningState.WAITING.value,
            verification_code=rules.verification_code(identifier, protocol.get("challenge", "") or "|".join(digests)),
            asked_at=moment, expires_at=moment + lifetime, handle_digest=digest(handle) if handle else "",
        )  # fmt: skip
        if person_id is not None and protocol.get("notify", "yes") == "yes":
            publish(_requested(row, person_id))
    return view(row)


def _checked(digests: Sequence[str]) -> None:
    try:
        rules.digests_of(digests)
    except ValueError as error:
        raise SigningRequestRefused(str(error)) from None


def _refuse_flood(person_id: UUID, party_id: str) -> None:
    """Counts under a lock of the pair, which ends with the transaction: two who ask at once cannot both be the last that is allowed."""
    number = int.from_bytes(hashlib.sha256(f"pki.signing:{person_id}:{party_id}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
    waiting = SigningRequest.objects.filter(
        person_id=person_id, party_id=party_id, state=SigningState.WAITING.value, confirmed_at=None, expires_at__gt=now()
    )
    if waiting.count() >= MOST_WAITING:
        raise TooManySigningRequests(f"{MOST_WAITING} requests wait for this person")


def _requested(row: SigningRequest, person_id: UUID) -> SignatureRequested:
    return SignatureRequested(
        request_id=row.id,
        person_id=person_id,
        party=row.party,
        verification_code=row.verification_code,
        purpose=SigningPurpose(row.purpose),
    )


def take(
    *, actor: Actor, request_id: UUID, certificate: Certificate, digests: Sequence[str], protocol: Mapping[str, str]
) -> SigningRequestView:
    """The person who opened the link of a request that was addressed to nobody becomes its holder; the first who does.

    :raises SigningRequestOver: another was first, or its time is over.
    """
    person_id = _person(actor)
    _checked(digests)
    with transaction.atomic():
        row = SigningRequest.objects.select_for_update().filter(id=request_id).first()
        if row is None:
            raise SigningRequestNotFound(f"no request {request_id}")
        if row.person_id is None and _standing(row) is SigningState.WAITING:
            row.person_id, row.certificate, row.digests = person_id, certificate, list(digests)
            row.protocol = row.protocol | dict(protocol)
            row.save(update_fields=["person_id", "certificate", "digests", "protocol"])
        if row.person_id != person_id:
            raise SigningRequestOver("somebody else has opened this link")
    return view(row)


# -- answering ---------------------------------------------------------------------------------------------------------


def confirmed(*, actor: Actor, request_id: UUID, confirmation: Confirmation) -> SigningRequestView:
    """The holder confirmed by a code: the request is signed. A second time, or on a second device, it is as it is.

    :raises SigningRequestNotFound: none of this person.
    :raises SigningRequestOver: refused, or its time is over.
    :raises SigningContentChanged: something else was confirmed.
    :raises NoSigningCertificate: the certificate was revoked or suspended, or ended, since it was asked for.
    :raises SigningNotReady: confirmed and kept; the signatures come when it is asked for again.
    """
    person_id = _person(actor)
    with transaction.atomic():
        row = _locked(request_id, person_id)
        if row.confirmed_at is None:
            if _standing(row) is not SigningState.WAITING:
                raise SigningRequestOver(f"request {request_id} is {_standing(row)}")
            if confirmation.person_id != person_id or confirmation.confirms != activation.binding_of(row):
                raise SigningContentChanged("the confirmation is of something else")
            if row.certificate is None or not queries.in_force(row.certificate):
                raise NoSigningCertificate(f"{row.certificate_id} is not in force")
            row.challenge_id, row.reference, row.confirmed_at = confirmation.challenge_id, confirmation.reference, now()
            row.save(update_fields=["challenge_id", "reference", "confirmed_at"])
            audit.record(
                actor=actor, action="pki.confirm_signature", subject=f"signing:{row.id}", party=row.party_id, challenge=str(row.challenge_id),
                confirms=confirmation.confirms, text_digest=digest(row.text),
            )  # fmt: skip
            _let_loose(row)
    return finished(request_id=request_id)


def finished(*, request_id: UUID, wait_seconds: float = activation.WAIT_SECONDS) -> SigningRequestView:
    """The request as it stands; one that was confirmed is signed first, if that is not done yet. If its certificate is no longer in force,
    it is over and signs nothing.

    :raises SigningRequestNotFound:
    :raises SigningNotReady:
    """
    row = SigningRequest.objects.select_related("certificate").filter(id=request_id).first()
    if row is None:
        raise SigningRequestNotFound(f"no request {request_id}")
    if row.state != SigningState.WAITING.value or row.confirmed_at is None or row.certificate is None:
        return view(row)
    if not queries.in_force(row.certificate):
        return _closed(request_id, SigningState.EXPIRED, ())
    try:
        wanted = activation.Wanted(key=row.certificate.key, digests=tuple(rules.digests_of(row.digests)))
        made = activation.sign(confirmation=confirmation_of(row), wanted=wanted, wait_seconds=wait_seconds)
    except SignerRefused as refusal:
        if refusal.data.get("reason") != "activation_expired":
            raise
        return _closed(request_id, SigningState.EXPIRED, ())
    return _closed(request_id, SigningState.SIGNED, tuple(b64encode(signature).decode() for signature in made))


def _closed(request_id: UUID, state: SigningState, signatures: Sequence[str]) -> SigningRequestView:
    """Two who come to it at once: the second finds it closed, with the same signatures."""
    with transaction.atomic():
        row = SigningRequest.objects.select_for_update(of=("self",)).select_related("certificate").get(id=request_id)
        if row.state == SigningState.WAITING.value:
            row.state, row.signatures, row.answered_at = state.value, list(signatures), now()
            row.save(update_fields=["state", "signatures", "answered_at"])
            _note(row, Actor(role=Role.CITIZEN, person_id=row.person_id), "pki.sign" if signatures else "pki.signature_lapsed")
    return view(row)


def refuse(*, actor: Actor, request_id: UUID) -> SigningRequestView:
    """The holder refuses; a second time nothing changes.

    :raises SigningRequestNotFound:
    :raises SigningRequestOver: it is signed, confirmed, or over.
    """
    with transaction.atomic():
        row = _locked(request_id, _person(actor))
        if row.state == SigningState.REFUSED.value:
            return view(row)
        if row.confirmed_at is not None or _standing(row) is not SigningState.WAITING:
            raise SigningRequestOver(f"request {request_id} is {_standing(row)}")
        row.state, row.answered_at = SigningState.REFUSED.value, now()
        row.save(update_fields=["state", "answered_at"])
        _note(row, actor, "pki.refuse_signature")
    return view(row)


def _note(row: SigningRequest, actor: Actor, action: str) -> None:
    assert row.person_id is not None  # noqa: S101 - an answered request has a holder
    certificate = row.certificate.serial if row.certificate else ""
    audit.record(actor=actor, action=action, subject=f"signing:{row.id}", party=row.party_id, certificate=certificate, purpose=row.purpose)
    publish(SignatureAnswered(request_id=row.id, person_id=row.person_id, state=SigningState(row.state)))


def _let_loose(row: SigningRequest) -> None:
    assert row.certificate is not None  # noqa: S101 - a confirmed request has a holder
    activation.ask(confirmation=confirmation_of(row), key=row.certificate.key, request=row.id)


def confirmation_of(row: SigningRequest) -> Confirmation:
    """What its holder confirmed."""
    assert row.challenge_id is not None and row.person_id is not None  # noqa: S101 - it was confirmed
    return Confirmation(
        challenge_id=row.challenge_id, person_id=row.person_id, reference=row.reference, confirms=activation.binding_of(row)
    )  # fmt: skip


# -- what clients of CSC hold --------------------------------------------------------------------------------------------


def by_handle(*, party_id: str, handle: str) -> SigningRequestView | None:
    """The request that this client began under this handle."""
    row = SigningRequest.objects.filter(handle_digest=digest(handle), party_id=party_id).first()
    return view(row) if row is not None else None


def give_activation_data(*, request_id: UUID) -> str:
    """Signature activation data of a signed request: shown once to its client, which fetches the signatures by it. A new one voids the earlier."""
    given = secrets.token_urlsafe(32)
    SigningRequest.objects.filter(id=request_id, state=SigningState.SIGNED.value).update(sad_digest=digest(given))
    return given


def by_activation_data(*, party_id: str, given: str) -> SigningRequestView | None:
    row = SigningRequest.objects.filter(sad_digest=digest(given), party_id=party_id, state=SigningState.SIGNED.value).first()
    return view(row) if row is not None else None


def signed_one(*, party_id: str, request_id: UUID) -> SigningRequestView | None:
    """The signed request of this client that its access token of the scope ``credential`` names."""
    row = SigningRequest.objects.filter(id=request_id, party_id=party_id, state=SigningState.SIGNED.value).first()
    return view(row) if row is not None else None


# -- reading -----------------------------------------------------------------------------------------------------------


def own(*, actor: Actor, limit: int = 50) -> list[SigningRequestView]:
    """The person's requests, newest first."""
    rows = SigningRequest.objects.select_related("certificate").filter(person_id=_person(actor))
    return [view(row) for row in rows.order_by("-asked_at")[:limit]]


def one(*, actor: Actor, request_id: UUID) -> SigningRequestView:
    """:raises SigningRequestNotFound: none of this person."""
    row = SigningRequest.objects.select_related("certificate").filter(id=request_id, person_id=_person(actor)).first()
    if row is None:
        raise SigningRequestNotFound(f"no request {request_id} of this person")
    return view(row)


def view(row: SigningRequest) -> SigningRequestView:
    return SigningRequestView(
        id=row.id, origin=SigningOrigin(row.origin), purpose=SigningPurpose(row.purpose), party=row.party, person_id=row.person_id, text=row.text,
        exact=rules.is_exact(row.text, row.digests), digests=tuple(row.digests), verification_code=row.verification_code,
        confirms=activation.binding_of(row), state=_standing(row), confirmed=row.confirmed_at is not None, asked_at=row.asked_at,
        expires_at=row.expires_at, answered_at=row.answered_at, signatures=tuple(row.signatures),
        certificate=row.certificate_id or "", protocol=row.protocol,
    )  # fmt: skip


def _standing(row: SigningRequest) -> SigningState:
    return rules.standing(state=SigningState(row.state), expires_at=row.expires_at, confirmed_at=row.confirmed_at, now=now())


def _locked(request_id: UUID, person_id: UUID) -> SigningRequest:
    row = (
        SigningRequest.objects.select_for_update(of=("self",))
        .select_related("certificate")
        .filter(id=request_id, person_id=person_id)
        .first()
    )
    if row is None:
        raise SigningRequestNotFound(f"no request {request_id} of this person")
    return row


def _person(actor: Actor) -> UUID:
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} signs nothing")
    return actor.person_id
