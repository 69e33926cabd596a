"""The platform's support in people's accounts, and the page on which each person reads of it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from toono.identity import api
from toono.identity.errors import AccountNotFound, LookOver, PhoneRefused, ReasonMissing, SecondPersonNeeded, TooManyLooks
from toono.identity.web.console import words
from toono.identity.web.console.places import SUPPORTERS, places
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role

ACTS = {
    "end_session": gettext_lazy("Нэг төхөөрөмжөөс гаргасан"),
    "end_sessions": gettext_lazy("Бүх төхөөрөмжөөс гаргасан"),
    "unlock": gettext_lazy("Нэвтрэх түгжээг тайлсан"),
    "ask_phone": gettext_lazy("Утасны дугаар солихыг хүссэн"),
    "phone_changed": gettext_lazy("Утасны дугаарыг сольсон"),
    "phone_refused": gettext_lazy("Утасны дугаар солих хүсэлтээс татгалзсан"),
}


@require_http_methods(["GET", "POST"])
@never_cache
@allow(*SUPPORTERS)
def search(request: ToonoRequest) -> HttpResponse:
    """Find one account, exactly and with a reason. By POST, so that no number stands in an address."""
    typed = {name: request.POST.get(name, "")[:300] for name in ("regnum", "phone", "reason")}
    errors: list[dict[str, str]] = []
    if request.method == "POST":
        try:
            found = api.look_at_account(actor=request.actor, **typed)
            return HttpResponseRedirect(reverse("identity:account", args=[found.look_id]))
        except ReasonMissing:
            errors.append({"href": "#reason", "text": gettext("Шалтгаанаа бичнэ үү: хүсэлтийн дугаар эсвэл товч тайлбар")})
        except AccountNotFound:
            errors.append({"href": "#regnum", "text": gettext("Ийм бүртгэл олдсонгүй. Дугаараа бүтнээр нь шалгаж бичнэ үү")})
        except TooManyLooks:
            errors.append({"href": "#regnum", "text": gettext("Та хэт олон бүртгэл хайсан байна. Түр хүлээнэ үү")})
    context = {"typed": typed, "errors": errors, "places": places(request)}
    return render(request, "identity/console_support.html", context, status=400 if errors else 200)


@require_GET
@never_cache
@allow(*SUPPORTERS)
def account(request: ToonoRequest, look_id: UUID) -> HttpResponse:
    return _account_page(request, look_id, [])


def _account_page(request: ToonoRequest, look_id: UUID, errors: list[dict[str, str]]) -> HttpResponse:
    try:
        found = api.account(actor=request.actor, look_id=look_id)
    except LookOver:
        return HttpResponseRedirect(reverse("identity:support"))
    names = words.organisation_names(one.organisation or "" for one in found.appointments)
    typed = {name: request.POST.get(name, "")[:300] for name in ("phone", "evidence")}
    context = {"account": found, "names": names, "errors": errors, "typed": typed, "done": request.GET.get("done", "")}
    return render(request, "identity/console_account.html", context, status=400 if errors else 200)


@require_POST
@never_cache
@allow(*SUPPORTERS)
def act(request: ToonoRequest, look_id: UUID) -> HttpResponse:
    """End sessions, unlock, or wish for another telephone number."""
    do = request.POST.get("do", "")
    try:
        if do == "end_sessions":
            session = request.POST.get("session", "")
            api.end_sessions_of_account(actor=request.actor, look_id=look_id, session_id=UUID(session) if session else None)
        elif do == "unlock":
            api.unlock_account(actor=request.actor, look_id=look_id)
        elif do == "phone":
            api.ask_phone_change(
                actor=request.actor, look_id=look_id, phone=request.POST.get("phone", ""), evidence=request.POST.get("evidence", "")
            )
    except ReasonMissing:
        return _account_page(request, look_id, [{"href": "#evidence", "text": gettext("Хэрхэн хэн болохоо баталсныг нь бичнэ үү")}])
    except PhoneRefused:
        text = gettext("Найман оронтой гар утасны шинэ дугаар бичнэ үү. Өмнөх хүсэлт хүлээгдэж байвал эхлээд түүнийг шийднэ")
        return _account_page(request, look_id, [{"href": "#phone", "text": text}])
    except (LookOver, ValueError):
        return HttpResponseRedirect(reverse("identity:support"))
    return HttpResponseRedirect(
        reverse("identity:account", args=[look_id]) + "?done=" + (do if do in ("end_sessions", "unlock", "phone") else "")
    )


@require_http_methods(["GET", "POST"])
@never_cache
@allow(*SUPPORTERS)
def phones(request: ToonoRequest) -> HttpResponse:
    """Wished telephone numbers: decided by another than the one who asked."""
    errors: list[dict[str, str]] = []
    if request.method == "POST":
        try:
            wanted = UUID(request.POST.get("change", ""))
            api.decide_phone_change(actor=request.actor, change_id=wanted, approved=request.POST.get("do") == "approve")
            return HttpResponseRedirect(reverse("identity:phones") + "?done=decided")
        except SecondPersonNeeded:
            errors.append({"href": "#waiting", "text": gettext("Өөрийн хүсэлтийг өөрөө баталж болохгүй. Өөр хүнээр шийдүүлнэ үү")})
        except ValueError:
            return HttpResponseRedirect(reverse("identity:phones"))
    context = {
        "changes": api.phone_changes(actor=request.actor),
        "errors": errors,
        "done": request.GET.get("done", ""),
        "places": places(request),
    }
    return render(request, "identity/console_phones.html", context, status=400 if errors else 200)


@require_GET
@never_cache
@allow(Role.CITIZEN)
def looks(request: ToonoRequest) -> HttpResponse:
    """For each person: when support opened their account, and why."""
    visits = [
        {"at": one.at, "reason": one.reason, "acts": [ACTS[act] for act in one.acts]} for one in api.support_visits(actor=request.actor)
    ]
    return render(request, "identity/console_looks.html", {"visits": visits})
