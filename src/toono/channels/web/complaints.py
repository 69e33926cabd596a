"""Complaints to an organisation, about a reading that the person does not recognise or a case that is late, and their answers."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toono.feedback import api as feedback
from toono.feedback.contracts import ANSWER_LENGTH
from toono.feedback.errors import AlreadyAnswered, AnswerMissing, FindingMissing, HeadAnswers
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.clock import now


@allow(Role.OFFICER, Role.REPRESENTATIVE)
@require_safe
def complaints(request: ToonoRequest) -> HttpResponse:
    """Open ones by time left, then answered ones."""
    found = feedback.complaints(actor=request.actor)
    context = {"open": [c for c in found if c.answered_at is None], "answered": [c for c in found if c.answered_at], "moment": now()}
    return render(request, "channels/complaints.html", context)


@allow(Role.OFFICER, Role.REPRESENTATIVE)
@require_http_methods(["GET", "HEAD", "POST"])
def complaint(request: ToonoRequest, complaint_id: UUID) -> HttpResponse:
    """One complaint beside what it is about; the answer. What is missing is said beside its field, and nothing typed is lost."""
    finding, words = request.POST.get("finding", ""), request.POST.get("words", "")
    more: dict[str, object] = {}
    if request.method == "POST":
        try:
            feedback.answer_complaint(actor=request.actor, complaint_id=complaint_id, finding=finding, words=words)
            return HttpResponseRedirect(redirect("channels:complaint", complaint_id=complaint_id).url + "?answered=1")
        except (FindingMissing, AnswerMissing, AlreadyAnswered, HeadAnswers) as error:
            wrong = {FindingMissing: "finding", AnswerMissing: "words"}.get(type(error), "answer")
            more = {"errors": [{"text": _(error.title_mn), "href": f"#{wrong}"}], "wrong": wrong}
    found = feedback.complaint(actor=request.actor, complaint_id=complaint_id)
    context = {
        "complaint": found,
        "may_answer": feedback.may_answer_complaint(actor=request.actor, complaint=found),
        "at_desk": request.actor.role is Role.OFFICER,
        "answered_now": "answered" in request.GET,
        "answer_length": ANSWER_LENGTH,
        "finding": finding,
        "typed": words,
        "moment": now(),
    }
    return render(request, "channels/complaint.html", context | more)
