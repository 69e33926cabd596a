"""Ordering a service: start, questions one a page, check, the case with what happens next, rating."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from toono.feedback import api as feedback
from toono.feedback.contracts import COMMENT_LENGTH
from toono.feedback.errors import AlreadyRated, NotDecidedYet, RatingRefused
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.services import api as services
from toono.services.contracts import CaseView, NextKind, Phase, QuestionPage
from toono.services.errors import AlreadySubmitted, AnswersChanged, NotAllowedNow, NotComplete

WAITING_SECONDS = {Phase.PROCESSING: 1, Phase.WAITING_FOR_REGISTER: 15, Phase.GRANTED: 1}
"""How often a waiting page asks again, by phase; a granted case waits for its document. An officer is not waited for by the second."""


def _onward(case: CaseView, *, from_check: bool = False) -> HttpResponseRedirect:
    """To where the person goes on with a draft, or to the case itself."""
    if case.next.kind == NextKind.QUESTION and case.next.question:
        answer = redirect("channels:question", case_id=case.id, question=case.next.question)
        return HttpResponseRedirect(answer.url + "?from=check") if from_check else answer
    if case.next.kind == NextKind.CHECK:
        return redirect("channels:check", case_id=case.id)
    return redirect("channels:case", case_id=case.id)


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: ToonoRequest, code: str) -> HttpResponse:
    """Open a draft or go on with an open one. A mere visit of the address leads to the page of the service."""
    if request.method != "POST":
        return redirect("channels:service", code=code)
    return _onward(services.start_case(actor=request.actor, service=code))


def _typed(request: ToonoRequest) -> str:
    """What was typed; a date has three fields, year, month and day, and is joined as ``2026-11-22``."""
    if "year" not in request.POST:
        return request.POST.get("value", "")
    year, month, day = (request.POST.get(part, "").strip() for part in ("year", "month", "day"))
    return f"{year}-{month.zfill(2)}-{day.zfill(2)}" if year or month or day else ""


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: ToonoRequest, case_id: UUID, question: str) -> HttpResponse:
    """One question: show it, or save the answer and go on."""
    from_check = (request.POST.get("from") or request.GET.get("from")) == "check"
    try:
        if request.method == "POST":
            result = services.answer(actor=request.actor, case_id=case_id, question=question, value=_typed(request), from_check=from_check)
            if not isinstance(result, QuestionPage):
                return _onward(result, from_check=from_check)
        else:
            result = services.question(actor=request.actor, case_id=case_id, question=question, from_check=from_check)
    except AlreadySubmitted:
        return redirect("channels:case", case_id=case_id)
    errors = [{"text": result.error.to(get_language() or "mn"), "href": "#value"}] if result.error else []
    year, month, day = ([*result.value.split("-"), "", "", ""])[:3]
    context = {"page": result, "errors": errors, "date": {"year": year, "month": month.lstrip("0"), "day": day.lstrip("0")}}
    return render(request, "channels/question.html", context)


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Show what will be sent; send it. What changed since it was shown is shown again, not sent."""
    try:
        if request.method == "POST":
            services.submit_case(actor=request.actor, case_id=case_id, form_token=request.POST.get("form_token", ""))
            return redirect("channels:case", case_id=case_id)
        page = services.check(actor=request.actor, case_id=case_id)
    except AlreadySubmitted:
        return redirect("channels:case", case_id=case_id)
    except NotComplete:
        return _onward(services.case(actor=request.actor, case_id=case_id), from_check=True)
    except AnswersChanged as changed:
        errors = [{"text": f"{_(changed.title_mn)}. {_(changed.next_mn)}"}]
        page = services.check(actor=request.actor, case_id=case_id)
        return render(request, "channels/check.html", {"page": page, "errors": errors})
    return render(request, "channels/check.html", {"page": page})


def _case_context(request: ToonoRequest, case_id: UUID) -> dict[str, object]:
    found = services.case(actor=request.actor, case_id=case_id)
    waits = found.next.kind == NextKind.WAIT
    finished = found.decision is not None and not waits
    return {
        "case": found,
        "rating": feedback.rating(actor=request.actor, case_id=case_id) if finished else None,
        "may_rate": finished,
        "wait_seconds": WAITING_SECONDS.get(found.phase) if waits else None,
        "stars": _stars(),
        "comment_length": COMMENT_LENGTH,
    }


@allow(Role.CITIZEN)
@require_safe
def case(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """A case: its number, what happens next and by when, its story, its document."""
    return render(request, "channels/case.html", _case_context(request, case_id))


@allow(Role.CITIZEN)
@require_POST
def withdraw(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Take the case back."""
    try:
        taken_back = services.withdraw_case(actor=request.actor, case_id=case_id)
    except NotAllowedNow:
        return redirect("channels:case", case_id=case_id)
    return redirect("channels:case", case_id=case_id) if taken_back.submitted_at else redirect("channels:my")


def _stars() -> list[tuple[str, str]]:
    return [("5", _("Маш сайн")), ("4", _("Сайн")), ("3", _("Дунд зэрэг")), ("2", _("Муу")), ("1", _("Маш муу"))]


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """How it went, by five points and in words."""
    context: dict[str, object] = {"case_id": case_id, "stars": _stars(), "comment_length": COMMENT_LENGTH}
    if request.method != "POST":
        return render(request, "channels/rate.html", context | {"case": services.case(actor=request.actor, case_id=case_id)})
    chosen, comment = request.POST.get("stars", ""), request.POST.get("comment", "")
    try:
        stars = int(chosen) if chosen.isascii() and chosen.isdigit() else 0
        feedback.rate(actor=request.actor, case_id=case_id, stars=stars, comment=comment)
    except RatingRefused:
        field, text = ("stars", _("Нэгээс таван оноо сонгоно уу")) if not chosen else ("comment", _("Тайлбараа богиносгоно уу"))
        errors = [{"text": text, "href": f"#{field}"}]
        return render(request, "channels/rate.html", context | {"errors": errors, "wrong": field, "chosen": chosen, "comment": comment})
    except (AlreadyRated, NotDecidedYet):
        pass  # the page of the case says which
    return HttpResponseRedirect(redirect("channels:case", case_id=case_id).url + "#rating")
