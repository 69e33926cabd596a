"""The desk of the keeper of a register: what persons say is wrong in it, and the answers."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toono.feedback import api as feedback
from toono.feedback.contracts import ANSWER_LENGTH
from toono.feedback.errors import AlreadyAnswered, AnswerMissing, OutcomeMissing
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.clock import now


@allow(Role.OFFICER, Role.REPRESENTATIVE)
@require_safe
def contradictions(request: ToonoRequest) -> HttpResponse:
    """Open ones by time left, then answered ones."""
    found = feedback.contradictions(actor=request.actor)
    context = {"open": [c for c in found if c.answered_at is None], "answered": [c for c in found if c.answered_at], "moment": now()}
    return render(request, "channels/contradictions.html", context)


@allow(Role.OFFICER, Role.REPRESENTATIVE)
@require_http_methods(["GET", "HEAD", "POST"])
def contradiction(request: ToonoRequest, contradiction_id: UUID) -> HttpResponse:
    """One, with the fact as the person saw it; the answer. Nothing typed is lost."""
    outcome, words = request.POST.get("outcome", ""), request.POST.get("words", "")
    more: dict[str, object] = {}
    if request.method == "POST":
        try:
            feedback.answer_contradiction(actor=request.actor, contradiction_id=contradiction_id, outcome=outcome, words=words)
            return HttpResponseRedirect(redirect("channels:contradiction", contradiction_id=contradiction_id).url + "?answered=1")
        except (OutcomeMissing, AnswerMissing, AlreadyAnswered) as error:
            wrong = {OutcomeMissing: "outcome", AnswerMissing: "words"}.get(type(error), "answer")
            more = {"errors": [{"text": _(error.title_mn), "href": f"#{wrong}"}], "wrong": wrong}
    context = {
        "c": feedback.contradiction(actor=request.actor, contradiction_id=contradiction_id), "answered_now": "answered" in request.GET,
        "answer_length": ANSWER_LENGTH, "outcome": outcome, "typed": words, "moment": now(),
    }  # fmt: skip
    return render(request, "channels/contradiction.html", context | more)
