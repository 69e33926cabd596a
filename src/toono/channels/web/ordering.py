"""Ordering a service: start, questions one a page, check, the case with what happens next, rating."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from toono.feedback import api as feedback
from toono.feedback.contracts import COMMENT_LENGTH
from toono.feedback.errors import AlreadyRated, NotDecidedYet, RatingRefused
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.services import api as services
from toono.services.contracts import CaseView, NextKind, PaymentView, Phase
from toono.services.errors import (
    AlreadySubmitted,
    AnswersChanged,
    ApplicantNotChosen,
    ConsentNeeded,
    NotAllowedNow,
    NotComplete,
    NotForThisPerson,
    NothingToCorrect,
    RegisterSilent,
    SignatureMissing,
    Stopped,
)

WAITING_SECONDS = {Phase.PROCESSING: 1, Phase.WAITING_FOR_REGISTER: 15, Phase.GRANTED: 1}
"""How often a waiting page asks again, by phase; a granted case waits for its document. An officer is not waited for by the second."""


def onward(case: CaseView, *, from_check: bool = False) -> HttpResponseRedirect:
    """To where the person goes on with a draft or a correction, or to the case itself."""
    if case.next.kind == NextKind.STOP:
        return redirect("channels:stopped", case_id=case.id)
    if case.next.kind in {NextKind.QUESTION, NextKind.CORRECTION} and case.next.question:
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
    try:
        return onward(services.start_case(actor=request.actor, service=code, on_behalf=request.POST.get("on_behalf")))
    except (ApplicantNotChosen, NotForThisPerson, RegisterSilent):
        return redirect("channels:applicant", code=code)


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def applicant(request: ToonoRequest, code: str) -> HttpResponse:
    """For whom the person applies: themselves, a child, a company; or a page that says that the service is not for them."""
    chosen = request.POST.get("on_behalf")
    if request.method == "POST" and chosen is not None:
        try:
            return onward(services.start_case(actor=request.actor, service=code, on_behalf=chosen))
        except (NotForThisPerson, RegisterSilent):
            pass  # the register has changed since the page was shown, or is silent by now: the page says so
    found = services.applicants(actor=request.actor, service=code)
    errors = [{"text": _("Хэний өмнөөс хүсэлт гаргахаа сонгоно уу"), "href": "#on_behalf"}] if request.method == "POST" else []
    return render(request, "channels/applicant.html", {"found": found, "errors": errors})


@allow(Role.CITIZEN)
@require_safe
def stopped(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Why the person cannot get the service, and what they can do instead."""
    found = services.resume_draft(actor=request.actor, case_id=case_id)
    if found.stop is None:
        return onward(found)
    return render(request, "channels/stopped.html", {"case": found})


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Show what will be sent; send it. What changed since it was shown is shown again, not sent."""
    try:
        if request.method == "POST":
            services.send_case(actor=request.actor, case_id=case_id, form_token=request.POST.get("form_token", ""))
            return redirect("channels:case", case_id=case_id)
        page = services.check(actor=request.actor, case_id=case_id)
    except AlreadySubmitted:
        return redirect("channels:case", case_id=case_id)
    except SignatureMissing:
        return redirect("channels:sign", case_id=case_id)
    except (NotComplete, NothingToCorrect, Stopped):
        return onward(services.case(actor=request.actor, case_id=case_id), from_check=True)
    except (AnswersChanged, ConsentNeeded) as changed:
        errors = [{"text": f"{_(changed.title_mn)}. {_(changed.next_mn)}"}]
        page = services.check(actor=request.actor, case_id=case_id)
        return render(request, "channels/check.html", {"page": page, "errors": errors})
    return render(request, "channels/check.html", {"page": page})


def _wait_seconds(found: CaseView, payment: PaymentView | None) -> int | None:
    """A bill that is being opened, and one that was paid, are a moment's matter; the payer is not hurried."""
    if payment is not None:
        return 2 if payment.paid or (payment.pay_url is None and not payment.bank_silent) else 30
    return WAITING_SECONDS.get(found.phase)


def _case_context(request: ToonoRequest, case_id: UUID) -> dict[str, object]:
    found = services.resume_draft(actor=request.actor, case_id=case_id)
    waits = found.next.kind == NextKind.WAIT
    finished = found.decision is not None and not waits
    payment = services.payment(actor=request.actor, case_id=case_id) if found.phase is Phase.WAITING_FOR_PAYMENT else None
    return {
        "case": found,
        "payment": payment,
        "rating": feedback.rating(actor=request.actor, case_id=case_id) if finished else None,
        "may_rate": finished,
        "complaint": feedback.complaint_of_case(actor=request.actor, case_id=case_id),
        "complained_now": "complained" in request.GET,
        "late": feedback.is_late(case=found),
        "wait_seconds": _wait_seconds(found, payment) if waits or payment else None,
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
