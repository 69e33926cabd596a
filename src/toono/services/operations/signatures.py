"""Signing an application: what is signed is the digest of the check page, so exactly what was seen.

The applicant signs first; then those whom the answers name are asked, each on their own page. The last signature sends the case. An
answer or fact that changes makes another digest, under which nobody has signed yet. Lock order: the number's guard and the challenge
(identity), afterwards the case's row.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from toono.identity import api as identity
from toono.identity.contracts import Confirmed, Person
from toono.kernel import audit
from toono.kernel.actor import Actor, Channel, Role, system
from toono.kernel.clock import now
from toono.notifications import api as notifications
from toono.pki import api as pki
from toono.pki.contracts import Confirmation, PersonName, Profile
from toono.services.contracts import QuestionKind, SignatureKind, SignatureRequestView, SignerState, SignerView, SigningView
from toono.services.domain.definition import Definition
from toono.services.errors import AnswersChanged, CaseUnknown, NotAllowedNow, ReasonMissing
from toono.services.models import Case, CaseSignature, SignatureRequest
from toono.services.operations import ordering, signing
from toono.services.operations.facts import note
from toono.services.operations.signing import APPLICANT
from toono.services.queries import answers as _answers
from toono.services.queries import definitions
from toono.services.queries.access import citizen
from toono.services.queries.facts import current

ACTOR = system("case-signing")
REASON_LIMIT = 500
JWS_TYPE = "toono-application+jws"


# -- asking and signing ------------------------------------------------------------------------------------------


def ask_code(*, actor: Actor, case_id: UUID, token: str, language: str) -> None:
    """Send the one who is to sign a one-time code for this case and this digest.

    :raises CaseUnknown:
    :raises NotAllowedNow: nothing is left for this person to sign.
    :raises AnswersChanged: ``token`` is not of the case as it stands.
    :raises TooManyCodes:
    """
    case, definition, role = _mine(actor, case_id, token)
    title = definition.name.to(language)
    identity.ask_confirmation(
        actor=actor, reference=_reference(case, role), title=f"{title[:80]} · {case.number}", confirms=token, language=language
    )


def sign(*, actor: Actor, case_id: UUID, token: str, code: str) -> SigningView:
    """Sign by the code that was sent. The last of the signatures sends the case.

    The code is used up first and by itself; then, for a digital signature, the person's key signs; then the signature is stored. Who
    is interrupted in between asks for another code.

    :raises CodeRefused: (or a class below it)
    :raises ChallengeOver: no code was asked for.
    """
    case, definition, role = _mine(actor, case_id, token)
    confirmed = identity.confirm(actor=actor, reference=_reference(case, role), confirms=token, typed=code)
    proof = _proof(case, definition, role, token, confirmed)
    with transaction.atomic():
        case = Case.objects.select_for_update().get(id=case_id)
        _store(case, definition, role, token, proof, actor=actor)
    return view(actor=actor, case_id=case_id)


def decline(*, actor: Actor, case_id: UUID, reason: str) -> None:
    """One who was asked does not sign; the applicant is told why.

    :raises CaseUnknown: this person is not asked.
    :raises ReasonMissing:
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_LIMIT:
        raise ReasonMissing(f"declining needs a reason of at most {REASON_LIMIT} characters")
    person_id = citizen(actor)
    with transaction.atomic():
        asked = (
            SignatureRequest.objects.select_for_update()
            .filter(case_id=case_id, person_id=person_id, until__gte=now(), declined_at=None)
            .last()
        )
        if asked is None or asked.case.submitted_at is not None:
            raise CaseUnknown(f"no case {case_id} waits for this signature")
        asked.declined_at, asked.reason = now(), reason
        asked.save(update_fields=["declined_at", "reason"])
        note(asked.case, "signature_declined", actor=actor, role=asked.role)
        _tell(
            asked.case,
            definitions.definition(asked.case.service, asked.case.service_version),
            "signature_declined",
            asked.case.person_id,
            asked.digest,
        )


def _store(case: Case, definition: Definition, role: str, token: str, proof: dict[str, object], *, actor: Actor) -> None:
    """The caller holds the row's lock."""
    if case.submitted_at is not None or not case.open:
        raise NotAllowedNow(f"case {case.number} needs no signature any more")
    if ordering.token(case, definition) != token:
        raise AnswersChanged(f"case {case.number} was changed while it was signed")
    CaseSignature.objects.filter(case=case, role=role, digest=token).delete()  # one that waited too long
    how = str(proof["kind"])
    CaseSignature.objects.create(case=case, person_id=citizen(actor), role=role, kind=how, digest=token, proof=proof, signed_at=now())
    note(case, "signed", actor=actor, role=role, how=how)
    audit.record(actor=actor, action="services.sign_case", subject=f"case:{case.id}", role=role, how=how, digest=token)
    if role == APPLICANT:
        _ask_others(case, definition, token)
    if signing.complete(case, definition, token):
        applicant = Actor(role=Role.CITIZEN, person_id=case.person_id, channel=Channel(case.channel))
        ordering.send(case, applicant, token)


def _ask_others(case: Case, definition: Definition, token: str) -> None:
    until = now() + timedelta(days=definition.signing.days)
    for role in signing.roles(case, definition):
        if role == APPLICANT:
            continue
        other = _named(case, definition, role)
        SignatureRequest.objects.filter(case=case, role=role, digest=token).delete()
        SignatureRequest.objects.create(case=case, role=role, person_id=other.id, digest=token, asked_at=now(), until=until)
        _tell(case, definition, "signature_asked", other.id, token)


def _tell(case: Case, definition: Definition, template: str, person_id: UUID, occasion: str) -> None:
    context = {"service_mn": definition.name.mn, "service_en": definition.name.en, "case_number": case.number}
    notifications.notify(
        person_id=person_id, template=template, context=context, key=f"case:{case.id}:{template}:{person_id}:{occasion[:16]}:{now():%Y%m%d}"
    )


def _named(case: Case, definition: Definition, role: str) -> Person:
    """The person whom the answer names, known to identity from now on."""
    kept, question = case.answers[role], definition.question(role)
    regnum = kept
    if question is not None and question.kind is QuestionKind.FAMILY_MEMBER:
        items = [item for fact in current(case).values() if fact.name == question.chosen_from for item in fact.items]
        told = [{line["name"]: line["value"] for line in item} for item in items]
        regnum = next((str(one["regnum"]) for one in told if one.get("civil_id") == kept), "")
    return identity.register_person(actor=ACTOR, regnum=regnum)


# -- the proof ---------------------------------------------------------------------------------------------------


def _proof(case: Case, definition: Definition, role: str, token: str, confirmed: Confirmed) -> dict[str, object]:
    kind = definition.signing.kind if definition.signing.kind is not SignatureKind.NONE else SignatureKind.CODE
    proof: dict[str, object] = {"kind": kind.value, "challenge": str(confirmed.challenge_id), "confirmed_at": confirmed.at.isoformat()}
    if kind is SignatureKind.DIGITAL:
        proof |= _signed(case, role, token, confirmed)
    return proof


def _signed(case: Case, role: str, token: str, confirmed: Confirmed) -> dict[str, object]:
    """A signature by the person's own key, which was let loose for this one digest by the code. Compact JWS with its certificates.

    :raises CertificateWithdrawn: the person's certificate was revoked.
    :raises SignerUnavailable: try again.
    :raises SigningNotReady: the key was not let loose in time; another code is needed.
    """
    person = identity.person(actor=ACTOR, person_id=confirmed.person_id)
    name = PersonName(given_name=person.given_name, patronymic=person.patronymic, civil_id=person.civil_id)
    certificate = pki.certificate_for(actor=ACTOR, key=f"person/{person.id}", profile=Profile.PERSON, subject=name)
    payload: dict[str, object] = {
        "case": str(case.id), "number": case.number, "service": case.service, "version": case.service_version, "role": role, "digest": token,
        "iat": int(confirmed.at.timestamp()),
    }  # fmt: skip
    chain = (certificate.pem, certificate.chain_pem[0])
    confirmation = Confirmation(
        challenge_id=confirmed.challenge_id, person_id=confirmed.person_id, reference=confirmed.reference, confirms=confirmed.confirms
    )  # fmt: skip
    jws = pki.sign_jws(key=certificate.key, payload=payload, typ=JWS_TYPE, kid=certificate.serial, chain=chain, confirmation=confirmation)
    return {"jws": jws, "certificate": certificate.serial}


# -- what each one sees ------------------------------------------------------------------------------------------


def view(*, actor: Actor, case_id: UUID) -> SigningView:
    """The page of signing, for the applicant and for those who are asked.

    :raises CaseUnknown: neither.
    """
    person_id = citizen(actor)
    case = Case.objects.filter(id=case_id).first()
    asked = SignatureRequest.objects.filter(case_id=case_id, person_id=person_id).order_by("-asked_at").first()
    if case is None or (case.person_id != person_id and asked is None):
        raise CaseUnknown(f"no case {case_id} for this actor")
    definition = definitions.definition(case.service, case.service_version)
    token = case.submitted_token or ordering.token(case, definition)
    if case.person_id != person_id and (asked is None or asked.digest != token):
        raise CaseUnknown(f"what was to be signed in case {case_id} has changed")
    signers = _signers(case, definition, token)
    mine = (
        next((one.role for one in signers if _may(one, case, definition, person_id)), None)
        if case.submitted_at is None and case.open
        else None
    )
    return SigningView(
        case_id=case.id, number=case.number, service_name=definition.name, token=token, declaration=definition.declaration,
        kind=definition.signing.kind if definition.signing.kind is not SignatureKind.NONE else SignatureKind.CODE,
        answers=_answers.lines(case, definition), signers=signers, mine=mine, own=case.person_id == person_id, sent=case.submitted_at is not None,
        until=max((r.until for r in SignatureRequest.objects.filter(case=case, digest=token)), default=None),
    )  # fmt: skip


def requests(*, actor: Actor) -> list[SignatureRequestView]:
    """Applications of others that wait for this person's signature."""
    rows = SignatureRequest.objects.filter(
        person_id=citizen(actor), until__gte=now(), declined_at=None, case__submitted_at__isnull=True, case__open=True
    ).select_related("case")
    waiting = []
    for row in rows.order_by("until"):
        definition = definitions.definition(row.case.service, row.case.service_version)
        if row.digest == ordering.token(row.case, definition) and row.role not in signing.counts(row.case, definition, row.digest, now()):
            waiting.append(
                SignatureRequestView(
                    case_id=row.case_id,
                    number=row.case.number,
                    service_name=definition.name,
                    applicant=_name(row.case.person_id),
                    until=row.until,
                )
            )
    return waiting


def _mine(actor: Actor, case_id: UUID, token: str) -> tuple[Case, Definition, str]:
    seen = view(actor=actor, case_id=case_id)
    if seen.mine is None:
        raise NotAllowedNow(f"nothing is left to sign in case {seen.number} for this person")
    if seen.token != token:
        raise AnswersChanged(f"the page that was signed is not of case {seen.number} as it stands")
    case = Case.objects.get(id=case_id)
    return case, definitions.definition(case.service, case.service_version), seen.mine


def _may(one: SignerView, case: Case, definition: Definition, person_id: UUID) -> bool:
    if one.role == APPLICANT:
        return case.person_id == person_id and one.state is not SignerState.SIGNED
    return one.state is SignerState.ASKED and SignatureRequest.objects.filter(case=case, role=one.role, person_id=person_id).exists()


def _signers(case: Case, definition: Definition, token: str) -> tuple[SignerView, ...]:
    signed = signing.counts(case, definition, token, case.submitted_at or now())
    asked = {row.role: row for row in SignatureRequest.objects.filter(case=case, digest=token)}
    views = []
    for role, label in signing.roles(case, definition).items():
        name = _name(_who(case, role, asked))
        views.append(
            _standing(SignerView(role=role, label=label, name=name, state=SignerState.NOT_ASKED), signed.get(role), asked.get(role))
        )
    return tuple(views)


def _who(case: Case, role: str, asked: dict[str, SignatureRequest]) -> UUID | None:
    if role == APPLICANT:
        return case.person_id
    return asked[role].person_id if role in asked else None


def _standing(one: SignerView, signed: CaseSignature | None, asked: SignatureRequest | None) -> SignerView:
    if signed is not None:
        return one.model_copy(update={"state": SignerState.SIGNED, "at": signed.signed_at, "kind": SignatureKind(signed.kind)})
    if asked is None:
        return one
    if asked.declined_at is not None:
        return one.model_copy(update={"state": SignerState.DECLINED, "at": asked.declined_at, "reason": asked.reason})
    return one.model_copy(update={"state": SignerState.ASKED if asked.until >= now() else SignerState.LATE, "at": asked.asked_at})


def _name(person_id: UUID | None) -> str:
    if person_id is None:
        return ""
    person = identity.person(actor=ACTOR, person_id=person_id)
    return f"{person.patronymic[:1]}.{person.given_name}"


def _reference(case: Case, role: str) -> str:
    return f"case:{case.id}:{role}"
