"""The administrator's pages: all certificates, and revoking one."""

from __future__ import annotations

import re
from typing import TypeVar

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.text import clean
from toono.pki import api
from toono.pki.contracts import CertificateState, Profile, RevocationReason

PAGE_LENGTH = 50
Choice = TypeVar("Choice", Profile, CertificateState, RevocationReason)


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
    """One certificate; revoking it is asked for a reason and a mark that it cannot be undone."""
    errors = []
    if request.method == "POST":
        reason = _member(RevocationReason, request.POST.get("reason"))
        if reason is None:
            errors.append({"href": "#reason", "text": _("Үндэслэлээ сонгоно уу")})
        if request.POST.get("sure") != "yes":
            errors.append({"href": "#sure", "text": _("Буцаах боломжгүйг ойлгосноо тэмдэглэнэ үү")})
        if reason and not errors:
            api.revoke_certificate(actor=request.actor, serial=serial, reason=reason)
            return HttpResponseRedirect(reverse("pki:revoke", args=[serial]))
    certificate = api.certificate(serial=serial)
    return render(
        request,
        "pki/certificate.html",
        {
            "certificate": certificate,
            "reasons": api.revocation_reasons(profile=certificate.profile),
            "reason_titles": _reasons(),
            "profiles": _profiles(),
            "states": _states(),
            "errors": errors,
            "chosen": request.POST.get("reason"),
        },
    )


def _page(number: str) -> int:
    return max(1, int(number)) if re.fullmatch(r"[0-9]{1,5}", number) else 1


def _member(kind: type[Choice], value: str | None) -> Choice | None:
    """The member of an enum that a form names; nothing for anything else."""
    return next((member for member in kind if member.value == value), None)


def _profiles() -> dict[Profile, str]:
    return {
        Profile.ROOT: _("Язгуур гэрчилгээжүүлэгч"),
        Profile.ISSUING: _("Гэрчилгээ олгогч"),
        Profile.OCSP: _("Төлөв хариулагч"),
        Profile.TIMESTAMP: _("Цаг тэмдэг тавигч"),
        Profile.SEAL: _("Байгууллагын тоон тамга"),
        Profile.EXCHANGE: _("Мэдээлэл солилцооны гарын үсэг"),
        Profile.CONFIGURATION: _("Солилцооны тохиргоо"),
        Profile.TOKEN: _("Нэвтрэлтийн тасалбар"),
        Profile.SYSTEM: _("Мэдээллийн систем"),
        Profile.PERSON: _("Хүний тоон гарын үсэг"),
    }


def _states() -> dict[CertificateState, str]:
    return {
        CertificateState.VALID: _("Хүчинтэй"),
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
