"""What a person does with a case besides ordering: messages, «this is wrong», complaining of its lateness, applying again, reading anew."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from toono.channels.web.ordering import onward
from toono.feedback import api as feedback
from toono.feedback.contracts import COMMENT_LENGTH
from toono.feedback.errors import ComplaintTooLong
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.errors import NotFound
from toono.kernel.ids import uuid7
from toono.services import api as services
from toono.services.errors import DisputeRefused, MessageRefused, NotAllowedNow, NotForThisPerson

MESSAGE_LENGTH, DISPUTE_LENGTH = 4000, 1000


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def messages(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Messages about a case, oldest first, and a field to write one. The form's key makes a double press one message."""
    text, errors = "", []
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            services.send_message(actor=request.actor, case_id=case_id, text=text, key=request.POST.get("key", ""))
            return HttpResponseRedirect(redirect("channels:messages", case_id=case_id).url + "#write")
        except MessageRefused:
            words = _("Зурвасаа %(n)s тэмдэгтэд багтаана уу") % {"n": MESSAGE_LENGTH} if text.strip() else _("Зурвасаа бичнэ үү")
            errors = [{"text": words, "href": "#text"}]
        except NotAllowedNow:
            errors = [{"text": _("Одоо зурвас бичих боломжгүй. Маргааш дахин оролдоно уу."), "href": "#text"}]
    context = {
        "case": services.case(actor=request.actor, case_id=case_id), "messages": services.messages(actor=request.actor, case_id=case_id),
        "text": text[: 2 * MESSAGE_LENGTH], "errors": errors, "key": str(uuid7()), "length": MESSAGE_LENGTH,
    }  # fmt: skip
    return render(request, "channels/messages.html", context)


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: ToonoRequest, case_id: UUID, fact: str) -> HttpResponse:
    """«This is wrong»: which field, and what is right. It goes to the keeper of the register."""
    case = services.case(actor=request.actor, case_id=case_id)
    told = next((one for one in case.facts if one.name == fact and one.state != "pending"), None)
    if told is None:
        raise NotFound(f"no fact {fact[:40]!r} in case {case_id}")
    field, text, errors, done = request.POST.get("field", ""), request.POST.get("text", ""), [], None
    if request.method == "POST":
        try:
            done = services.dispute_fact(actor=request.actor, case_id=case_id, fact=fact, field=field, text=text)
        except DisputeRefused:
            words = _("Зөв нь юу болохыг %(n)s тэмдэгтэд багтаан бичнэ үү") % {"n": DISPUTE_LENGTH}
            errors = [{"text": words, "href": "#text"}]
    context = {
        "case": case,
        "fact": told,
        "field": field,
        "text": text[: 2 * DISPUTE_LENGTH],
        "errors": errors,
        "done": done,
        "length": DISPUTE_LENGTH,
    }
    return render(request, "channels/dispute.html", context)


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def complain(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """«My case is late»: the complaint is filled in already, words are the person's to add. One that was made stands on the case's page."""
    words, errors = request.POST.get("words", ""), []
    if feedback.complaint_of_case(actor=request.actor, case_id=case_id):
        return HttpResponseRedirect(redirect("channels:case", case_id=case_id).url + "#complaint")
    if request.method == "POST":
        try:
            feedback.complain_of_case(actor=request.actor, case_id=case_id, words=words)
            return HttpResponseRedirect(redirect("channels:case", case_id=case_id).url + "?complained=1#complaint")
        except ComplaintTooLong as error:
            errors = [{"text": _(error.title_mn), "href": "#words"}]
    context = {
        "late": feedback.late_case(actor=request.actor, case_id=case_id),
        "words_typed": words[: 2 * COMMENT_LENGTH],
        "errors": errors,
        "length": COMMENT_LENGTH,
    }
    return render(request, "channels/late_complaint.html", context)


@allow(Role.CITIZEN)
@require_POST
def copy(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Apply again, with the answers of an ended case."""
    try:
        return onward(services.copy_case(actor=request.actor, case_id=case_id), from_check=True)
    except (NotAllowedNow, NotForThisPerson):
        return redirect("channels:case", case_id=case_id)


@allow(Role.CITIZEN)
@require_POST
def read_again(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """A register was corrected: look again."""
    with suppress(NotAllowedNow):  # the page of the case says where it stands
        services.read_again(actor=request.actor, case_id=case_id)
    return redirect("channels:case", case_id=case_id)
