"""The administrator's pages: all certificates, one with its history, the console of the authority, requests; and the disclosure statement."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_safe

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.text import clean
from toono.pki import api
from toono.pki.contracts import CertificateAct, CertificateInfo, CertificateState, Profile, RevocationReason
from toono.pki.domain.statements import LANGUAGES
from toono.pki.errors import RequestMalformed

PAGE_LENGTH = 50
Choice = TypeVar("Choice", Profile, CertificateState, RevocationReason, CertificateAct)


@allow(Role.ADMINISTRATOR)
@require_safe
def list_page(request: ToonoRequest) -> HttpResponse:
    """Certificates, newest first, narrowed by words, kind and state."""
    text = clean(request.GET.get("text", ""))[:100]
    profile = _member(Profile, request.GET.get("profile"))
    state = _member(CertificateState, request.GET.get("state"))
    page = _page(request.GET.get("page", ""))
    found = api.certificates(
        actor=request.actor, profile=profile, state=state, text=text, limit=PAGE_LENGTH + 1, offset=(page - 1) * PAGE_LENGTH
    )
    return render(
        request,
        "pki/certificates.html",
        {
            "certificates": found[:PAGE_LENGTH],
            "more": len(found) > PAGE_LENGTH,
            "page": page,
            "chosen": {"text": text, "profile": profile or "", "state": state or ""},
            "profiles": _profiles(),
            "states": _states(),
        },
    )


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_page(request: ToonoRequest, serial: str) -> HttpResponse:
    """One certificate with its history. Revoking is asked for a reason and a mark that it cannot be undone; suspending is not."""
    errors = []
    if request.method == "POST":
        if (act := _member(CertificateAct, request.POST.get("act"))) in _SIMPLE:
            _SIMPLE[act](actor=request.actor, serial=serial)
            return HttpResponseRedirect(reverse("pki:revoke", args=[serial]))
        reason = _member(RevocationReason, request.POST.get("reason"))
        if reason is None:
            errors.append({"href": "#reason", "text": _("Үндэслэлээ сонгоно уу")})
        if request.POST.get("sure") != "yes":
            errors.append({"href": "#sure", "text": _("Буцаах боломжгүйг ойлгосноо тэмдэглэнэ үү")})
        if reason and not errors:
            api.revoke_certificate(actor=request.actor, serial=serial, reason=reason)
            return HttpResponseRedirect(reverse("pki:revoke", args=[serial]))
    held = api.held_certificate(actor=request.actor, serial=serial)
    return render(
        request,
        "pki/certificate.html",
        {
            "certificate": held.certificate,
            "held": held,
            "reasons": api.revocation_reasons(profile=held.certificate.profile),
            "reason_titles": _reasons(),
            "profiles": _profiles(),
            "states": _states(),
            "acts": _acts(),
            "errors": errors,
            "chosen": request.POST.get("reason"),
        },
    )


# -- the console of the authority ---------------------------------------------------------------------------------


@allow(Role.ADMINISTRATOR)
@require_safe
def authority_page(request: ToonoRequest) -> HttpResponse:
    """Authorities, counts, what ends soon, what waits."""
    overview = api.authority_overview(actor=request.actor)
    return render(request, "pki/authority.html", {"overview": overview, "profiles": _profiles(), "states": _states()})


@allow(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def request_page(request: ToonoRequest, request_id: UUID) -> HttpResponse:
    """One request: issue, or refuse with a reason that the applicant reads."""
    errors = []
    if request.method == "POST":
        approved, reason = request.POST.get("decision") == "issue", request.POST.get("reason", "")
        try:
            api.decide_certificate_request(actor=request.actor, request_id=request_id, approved=approved, reason=reason)
            return HttpResponseRedirect(reverse("pki:certificate_request", args=[request_id]))
        except RequestMalformed:
            errors.append({"href": "#reason", "text": _("Татгалзах шалтгаанаа бичнэ үү")})
    asked = api.certificate_request(actor=request.actor, request_id=request_id)
    own = asked.asked_by == request.actor.person_id
    shown = {"asked": asked, "own": own, "profiles": _profiles(), "errors": errors, "reason": request.POST.get("reason", "")}
    return render(request, "pki/certificate_request.html", shown)


@allow(Role.ANYBODY)
@require_safe
def disclosure_page(request: ToonoRequest, language: str) -> HttpResponse:
    """The disclosure statement that certificates point to (ETSI EN 319 411-1 annex A), in one of its languages."""
    if language not in LANGUAGES:
        raise Http404
    with override(language):
        return render(request, "pki/disclosure.html", {"statement_language": language})


def _page(number: str) -> int:
    return max(1, int(number)) if re.fullmatch(r"[0-9]{1,5}", number) else 1


def _member(kind: type[Choice], value: str | None) -> Choice | None:
    """The member of an enum that a form names; nothing for anything else."""
    return next((member for member in kind if member.value == value), None)


def _profiles() -> dict[Profile, str]:
    return {
        Profile.ROOT: _("Язгуур гэрчилгээжүүлэгч"),
        Profile.ISSUING: _("Гэрчилгээ олгогч"),
        Profile.ISSUING_PERSONS: _("Хүнд гэрчилгээ олгогч"),
        Profile.ISSUING_SERVERS: _("Серверт гэрчилгээ олгогч"),
        Profile.OCSP: _("Төлөв хариулагч"),
        Profile.TIMESTAMP: _("Цаг тэмдэг тавигч"),
        Profile.SEAL: _("Байгууллагын тоон тамга"),
        Profile.EXCHANGE: _("Мэдээлэл солилцооны гарын үсэг"),
        Profile.CONFIGURATION: _("Солилцооны тохиргоо"),
        Profile.TOKEN: _("Нэвтрэлтийн тасалбар"),
        Profile.SYSTEM: _("Мэдээллийн систем"),
        Profile.TRUSTED_LIST: _("Итгэмжлэлийн жагсаалтын гарын үсэг"),
        Profile.PERSON: _("Хүний тоон гарын үсэг"),
        Profile.AUTHENTICATION: _("Хүний нэвтрэх гэрчилгээ"),
        Profile.OFFICER: _("Албан хаагчийн тоон гарын үсэг"),
        Profile.SERVER: _("Сервер"),
    }


_SIMPLE: dict[CertificateAct, Callable[..., CertificateInfo]] = {
    CertificateAct.SUSPEND: api.suspend_certificate,
    CertificateAct.REVIVE: api.revive_certificate,
}
"""What an administrator does by one press, since it can be undone."""


def _acts() -> dict[CertificateAct, str]:
    return {
        CertificateAct.ISSUE: _("Гэрчилгээг олгосон"),
        CertificateAct.RENEW: _("Сунгаж олгосон"),
        CertificateAct.SUSPEND: _("Түр зогсоосон"),
        CertificateAct.REVIVE: _("Сэргээсэн"),
        CertificateAct.REVOKE: _("Хүчингүй болгосон"),
    }


def _states() -> dict[CertificateState, str]:
    return {
        CertificateState.VALID: _("Хүчинтэй"),
        CertificateState.SUSPENDED: _("Түр зогсоосон"),
        CertificateState.EXPIRED: _("Хугацаа дууссан"),
        CertificateState.REVOKED: _("Хүчингүй болгосон"),
    }


def _reasons() -> dict[RevocationReason, tuple[str, str]]:
    """Each reason in words, and what follows from it."""
    return {
        RevocationReason.KEY_COMPROMISE: (
            _("Түлхүүр алдагдсан"),
            _("Энэ түлхүүрээр хэзээ ч тавьсан бүх тамга хүчингүйд тооцогдоно. Шинэ түлхүүр үүснэ."),
        ),
        RevocationReason.CERTIFICATE_HOLD: (_("Түр зогсоосон"), _("Сэргээж эсвэл бүрмөсөн хүчингүй болгож болно.")),
        RevocationReason.AFFILIATION_CHANGED: (_("Байгууллагын нэр, харьяалал өөрчлөгдсөн"), _("Өмнө тавьсан тамга хүчинтэй үлдэнэ.")),
        RevocationReason.SUPERSEDED: (_("Шинэ гэрчилгээгээр сольсон"), _("Өмнө тавьсан тамга хүчинтэй үлдэнэ.")),
        RevocationReason.CESSATION_OF_OPERATION: (
            _("Үйл ажиллагаа зогссон"),
            _("Өмнө тавьсан тамга хүчинтэй үлдэнэ. Шинэ гэрчилгээ өөрөө олгогдохгүй."),
        ),
        RevocationReason.PRIVILEGE_WITHDRAWN: (
            _("Эрхийг нь хассан"),
            _("Өмнө тавьсан тамга хүчинтэй үлдэнэ. Шинэ гэрчилгээ өөрөө олгогдохгүй."),
        ),
    }
