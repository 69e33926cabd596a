"""Certificates of persons: one's own (ask, suspend, revive, renew, revoke), the registration desk, and requests of organisations.

What takes a certificate out of use is one press, at once. What brings one into use needs a one-time code besides the session.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from toono.exchange import api as exchange
from toono.exchange.contracts import Answer
from toono.exchange.errors import ExchangeRefused, ExchangeUnavailable, NotInRegister, ProviderFault, SubjectMismatch
from toono.identity import api as identity
from toono.identity.contracts import Person
from toono.identity.errors import ChallengeOver, CodeRefused, Locked, RegisterUnavailable, RegnumMalformed, TooManyCodes, UnknownPerson
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Actor, Role, system
from toono.kernel.errors import NotFound
from toono.kernel.settings import settings
from toono.kernel.text import clean
from toono.pki import api as pki
from toono.pki.contracts import (
    CertificateAct,
    DeskStatement,
    HeldCertificate,
    OfficerName,
    PersonName,
    Profile,
    RevocationReason,
    SubjectName,
)
from toono.pki.errors import AlgorithmNotSupported, CertificateSuspended, IdentityNotProven, RequestMalformed, WeakKey
from toono.registry import api as registry

ITSELF = system("certificates")
PERSONAL = (Profile.PERSON, Profile.AUTHENTICATION)
PHOTO_SECONDS = 15 * 60
"""An operator compares the person with the photo and states it within this time."""
_SALT = "channels.registration-desk"
_PHOTO_LIMIT = 512 * 1024
_REGISTER_ERRORS = (
    RegnumMalformed, UnknownPerson, RegisterUnavailable, ExchangeRefused, ExchangeUnavailable, NotInRegister, ProviderFault, SubjectMismatch,
)  # fmt: skip
_CODE_ERRORS = (CodeRefused, ChallengeOver, Locked, TooManyCodes)


def _titles() -> dict[str, str]:
    return {
        Profile.PERSON: _("Тоон гарын үсэг"),
        Profile.AUTHENTICATION: _("Нэвтрэх гэрчилгээ"),
        Profile.OFFICER: _("Албан хаагчийн тоон гарын үсэг"),
        Profile.SERVER: _("Сервер"),
    }


def _reasons() -> dict[str, str]:
    return {
        RevocationReason.KEY_COMPROMISE: _("Утас, код маань алдагдсан, эсвэл хэн нэгэн ашигласан байж магадгүй"),
        RevocationReason.AFFILIATION_CHANGED: _("Нэр, ажил маань өөрчлөгдсөн"),
        RevocationReason.SUPERSEDED: _("Шинэ гэрчилгээгээр сольсон"),
        RevocationReason.CESSATION_OF_OPERATION: _("Хэрэглэхээ больсон"),
        RevocationReason.PRIVILEGE_WITHDRAWN: _("Эрхийг нь хассан"),
    }


# -- my certificates ---------------------------------------------------------------------------------------------


@allow(Role.CITIZEN)
@require_safe
@never_cache
def mine(request: ToonoRequest) -> HttpResponse:
    """All that the person holds, and what they may ask for."""
    held = pki.my_certificates(actor=request.actor)
    good = {one.certificate.profile for one in held if one.certificate.state in {"valid", "suspended"}}
    return render(
        request,
        "channels/my_certificates.html",
        {
            "held": held,
            "waiting": pki.my_certificate_requests(actor=request.actor),
            "missing": [profile for profile in PERSONAL if profile not in good],
            "officer": _officer(request),
            "titles": _titles(),
        },
    )


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def one(request: ToonoRequest, serial: str) -> HttpResponse:
    """One certificate: its history, and the buttons that fit its state."""
    held = pki.held_certificate(actor=request.actor, serial=serial)
    if request.method != "POST":
        return _one(request, held)
    act = request.POST.get("act", "")
    if act == CertificateAct.SUSPEND:
        pki.suspend_certificate(actor=request.actor, serial=serial)
    elif act == CertificateAct.REVOKE:
        reason = next((r for r in _holder_reasons(held) if r.value == request.POST.get("reason")), None)
        if reason is None:
            return _one(request, held, errors=[{"text": _("Үндэслэлээ сонгоно уу"), "href": "#reason"}])
        pki.revoke_certificate(actor=request.actor, serial=serial, reason=reason)
    else:
        raise NotFound(f"no act {act[:20]!r}")
    return redirect("channels:my_certificate", serial=serial)


def _one(request: ToonoRequest, held: HeldCertificate, **more: object) -> HttpResponse:
    shown = {"held": held, "titles": _titles(), "reasons": _reasons(), "holder_reasons": _holder_reasons(held)}
    return render(request, "channels/my_certificate.html", shown | more)


def _holder_reasons(held: HeldCertificate) -> tuple[RevocationReason, ...]:
    return pki.revocation_reasons(profile=held.certificate.profile, holder=True)


@dataclass(frozen=True)
class _Wish:
    """What a one-time code is asked for: the code is good for this and nothing else."""

    title: str
    reference: str
    confirms: str


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: ToonoRequest, profile: str) -> HttpResponse:
    """Ask for a certificate: what it will say, a code, and it is there."""
    kind = next((one for one in PERSONAL if one.value == profile), None)
    if kind is None:
        raise NotFound(f"no certificate of kind {profile[:20]!r}")
    person = _person(request.actor)
    wish = _Wish(
        _titles()[kind], f"certificate:new:{kind.value}", _digest(kind.value, person.civil_id, person.given_name, person.patronymic)
    )
    page: dict[str, object] = {"name": _name(person), "lead": _("Гэрчилгээнд дараах мэдээлэл бичигдэнэ."), "button": _("Гэрчилгээ авах")}

    def issue(confirmation: UUID) -> str:
        fresh = identity.register_person(actor=ITSELF, regnum=person.regnum)
        return pki.request_online(actor=request.actor, name=_name(fresh), profile=kind, confirmation=confirmation).serial

    return _by_code(request, wish, page, issue)


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def bring_back(request: ToonoRequest, serial: str, act: str) -> HttpResponse:
    """Revive or renew: each by a code of its own."""
    held = pki.held_certificate(actor=request.actor, serial=serial)
    if act not in {CertificateAct.REVIVE, CertificateAct.RENEW} or act not in held.acts:
        return redirect("channels:my_certificate", serial=serial)
    person = _person(request.actor)
    revives = act == CertificateAct.REVIVE
    title = _("Гэрчилгээг сэргээх") if revives else _("Гэрчилгээг сунгах")
    wish = _Wish(title, f"certificate:{act}:{serial}", _digest(act, serial))
    page: dict[str, object] = {
        "name": _name(person),
        "lead": _("Гэрчилгээ дахин хүчинтэй болно.") if revives else _("Ижил түлхүүртэй шинэ гэрчилгээ олгоно."),
        "button": title,
    }

    def do(_confirmation: UUID) -> str:
        if revives:
            return pki.revive_certificate(actor=request.actor, serial=serial).serial
        fresh = identity.register_person(actor=ITSELF, regnum=person.regnum)
        return pki.renew_certificate(actor=request.actor, serial=serial, name=_name(fresh)).serial

    return _by_code(request, wish, page, do)


def _by_code(request: ToonoRequest, wish: _Wish, page: dict[str, object], do: Callable[[UUID], str]) -> HttpResponse:
    """Send a code, take it in, do what was wished. A wrong code is said on the same page."""
    asked, errors = False, []
    if request.method == "POST":
        asked = True
        try:
            if request.POST.get("step") == "ask":
                identity.ask_confirmation(
                    actor=request.actor, reference=wish.reference, title=wish.title, confirms=wish.confirms, language=get_language() or "mn"
                )
            elif typed := request.POST.get("code", "").strip():
                confirmed = identity.confirm(actor=request.actor, reference=wish.reference, confirms=wish.confirms, typed=typed)
                return redirect("channels:my_certificate", serial=do(confirmed.challenge_id))
            else:
                errors = [{"text": _("SMS-ээр ирсэн зургаан оронтой кодыг бичнэ үү"), "href": "#code"}]
        except (*_CODE_ERRORS, CertificateSuspended, RegisterUnavailable) as error:
            errors = [{"text": f"{_(error.title_mn)}. {_(error.next_mn)}", "href": "#code"}]
    return render(request, "channels/certificate_code.html", page | {"title": wish.title, "asked": asked, "errors": errors})


@allow(Role.OFFICER)
@require_http_methods(["POST"])
def ask_as_officer(request: ToonoRequest) -> HttpResponse:
    """An officer asks for a certificate that names their organisation; an administrator decides."""
    organisation = _organisation(request.actor)
    name = OfficerName(
        person=_name(_person(request.actor)), organisation=organisation.organisation, organisation_number=organisation.register_number
    )
    pki.request_for_officer(actor=request.actor, name=name)
    return redirect("channels:my_certificates")


def _officer(request: ToonoRequest) -> Actor | None:
    return next((actor for actor in request.actors if actor.role is Role.OFFICER and actor.organisation), None)


def _organisation(actor: Actor) -> SubjectName:
    found = registry.organisation(actor.organisation or "")
    return SubjectName.of(found.name_mn, found.register_number)


def _person(actor: Actor) -> Person:
    if actor.person_id is None:
        raise NotFound("nobody")
    return identity.person(actor=ITSELF, person_id=actor.person_id)


def _name(person: Person) -> PersonName:
    return PersonName(given_name=person.given_name, patronymic=person.patronymic or person.clan_name, civil_id=person.civil_id)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


# -- the registration desk ---------------------------------------------------------------------------------------


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def desk(request: ToonoRequest) -> HttpResponse:
    """Find the person, compare them with the register's photo, state it, issue."""
    step = request.POST.get("step", "") if request.method == "POST" else ""
    try:
        if step == "find":
            return _found(request, identity.register_person(actor=request.actor, regnum=request.POST.get("regnum", "")))
        if step == "issue":
            return _issue(request)
    except (*_REGISTER_ERRORS, IdentityNotProven, CertificateSuspended) as error:
        return _desk(request, errors=[{"text": f"{_(error.title_mn)}. {_(error.next_mn)}", "href": "#regnum"}])
    return _desk(request)


def _desk(request: ToonoRequest, **more: object) -> HttpResponse:
    return render(request, "channels/registration_desk.html", {"regnum": request.POST.get("regnum", ""), "titles": _titles()} | more)


def _found(request: ToonoRequest, person: Person, **more: object) -> HttpResponse:
    """The person with the photo, read from the register at this moment. A seal carries what was shown to the next step."""
    answer = _photo_answer(request.actor, person)
    photo, kind = _photo(answer)
    shown = {"person": str(person.id), "photo": hashlib.sha256(photo).hexdigest(), "record": answer.message_id}
    seal = signing.dumps(shown | {"operator": str(request.actor.person_id)}, salt=_SALT)
    address = f"data:{kind};base64,{answer.body['photo']}" if isinstance(answer.body, dict) else ""
    return _desk(request, person=person, photo=address, seal=seal, profiles=PERSONAL, **more)


def _issue(request: ToonoRequest) -> HttpResponse:
    """What was shown must be what is stated: the seal names operator, person and photo, and grows old."""
    try:
        shown = signing.loads(request.POST.get("seal", ""), salt=_SALT, max_age=PHOTO_SECONDS)
    except signing.BadSignature:
        return _desk(request, errors=[{"text": _("Хугацаа хэтэрсэн. Хүнийг дахин хайж, зургийг тулгана уу"), "href": "#regnum"}])
    if shown["operator"] != str(request.actor.person_id):
        raise NotFound("shown to another operator")
    person = identity.person(actor=ITSELF, person_id=UUID(shown["person"]))
    wanted = [profile for profile in PERSONAL if profile.value in request.POST.getlist("profile")]
    document, matches = clean(request.POST.get("document", "")), request.POST.get("same_person") == "yes"
    errors = _desk_faults(wanted, document, matches)
    if errors:
        return _found(request, person, errors=errors, document=document, wanted=wanted)
    said = DeskStatement(photo_matches=matches, photo_sha256=shown["photo"], record=shown["record"], document=document)
    name = _name(person)
    made = [pki.request_at_desk(actor=request.actor, holder_id=person.id, name=name, profile=p, statement=said) for p in wanted]
    return _desk(request, made=made)


def _desk_faults(wanted: list[Profile], document: str, matches: bool) -> list[dict[str, str]]:
    faults = (
        (not wanted, _("Гэрчилгээний төрлөө сонгоно уу"), "#profile"),
        (not 3 <= len(document) <= 40, _("Иргэний үнэмлэх эсвэл паспортын дугаарыг бичнэ үү"), "#document"),
        (not matches, _("Зургийг хүнтэй тулгаж, мөн болохыг тэмдэглэнэ үү. Мөн биш бол гэрчилгээ олгохгүй"), "#same-person"),
    )
    return [{"text": text, "href": place} for wrong, text, place in faults if wrong]


def _photo_answer(actor: Actor, person: Person) -> Answer:
    operator = _person(actor)
    return exchange.call(
        system="identity",
        service=f"{settings().exchange_instance}/GOV/state-registration/population/photo",
        path=f"/persons/{person.civil_id}/photo",
        purpose="certificate-registration",
        case=None,
        user=f"MN{operator.civil_id}",
    )


def _photo(answer: Answer) -> tuple[bytes, str]:
    """The picture and its media type; without a picture nobody can be compared with it.

    :raises IdentityNotProven:
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    text, kind = body.get("photo"), body.get("media_type")
    if not isinstance(text, str) or kind not in {"image/png", "image/jpeg"} or len(text) > _PHOTO_LIMIT:
        raise IdentityNotProven("the register gave no photo")
    try:
        return b64decode(text, validate=True), str(kind)
    except ValueError:
        raise IdentityNotProven("the register's photo cannot be read") from None


# -- servers of an organisation ----------------------------------------------------------------------------------


@allow(Role.REPRESENTATIVE)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def servers(request: ToonoRequest) -> HttpResponse:
    """Ask for a server's certificate: paste the request (CSR); what waits and what was refused."""
    errors: list[dict[str, str]] = []
    typed = request.POST.get("request", "")
    if request.method == "POST":
        try:
            pki.request_for_server(actor=request.actor, organisation=_organisation(request.actor), request=typed.encode())
            return redirect("channels:server_certificates")
        except (RequestMalformed, WeakKey, AlgorithmNotSupported) as error:
            errors = [{"text": f"{_(error.title_mn)}. {_(error.next_mn)}", "href": "#request"}]
    waiting = pki.my_certificate_requests(actor=request.actor)
    return render(request, "channels/server_certificates.html", {"waiting": waiting, "errors": errors, "typed": typed})
