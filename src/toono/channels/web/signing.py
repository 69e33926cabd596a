"""Signing an application by a one-time code: one's own, or another's in which one is named."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toono.identity.errors import ChallengeOver, CodeRefused, Locked, TooManyCodes
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.services import api as services
from toono.services.errors import AnswersChanged, CaseUnknown, NotAllowedNow, NotComplete, ReasonMissing, Stopped


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """What is signed, who has signed, and the code. The last signature sends the application."""
    if request.method != "POST":
        return _page(request, case_id)
    token, code, step = (request.POST.get(name, "") for name in ("token", "code", "step"))
    try:
        if step == "ask":
            services.ask_signature_code(actor=request.actor, case_id=case_id, token=token, language=get_language() or "mn")
            return HttpResponseRedirect(redirect("channels:sign", case_id=case_id).url + "?asked=1")
        if not code.strip():
            return _page(request, case_id, error=_("SMS-ээр ирсэн зургаан оронтой кодыг бичнэ үү"), asked=True)
        signed = services.sign_case(actor=request.actor, case_id=case_id, token=token, code=code)
    except (CodeRefused, ChallengeOver, Locked, TooManyCodes) as error:
        return _page(request, case_id, error=f"{_(error.title_mn)}. {_(error.next_mn)}", asked=True)
    except (NotComplete, Stopped, AnswersChanged, NotAllowedNow):
        return redirect("channels:check", case_id=case_id)
    return redirect("channels:case" if signed.sent and signed.own else "channels:sign", case_id=case_id)


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Not to sign another's application, with a reason that the applicant reads."""
    page = services.signing(actor=request.actor, case_id=case_id)
    if page.own or page.mine is None:
        raise CaseUnknown(f"case {case_id} asks this person for nothing")
    reason = request.POST.get("reason", "")
    if request.method == "POST":
        try:
            services.decline_signature(actor=request.actor, case_id=case_id, reason=reason)
            return redirect("channels:my")
        except ReasonMissing as error:
            errors = [{"text": _(error.title_mn), "href": "#reason"}]
            return render(request, "channels/sign_decline.html", {"page": page, "errors": errors, "reason": reason})
    return render(request, "channels/sign_decline.html", {"page": page, "reason": ""})


def _page(request: ToonoRequest, case_id: UUID, *, error: str = "", asked: bool = False) -> HttpResponse:
    page = services.signing(actor=request.actor, case_id=case_id)
    if page.sent and page.own:
        return redirect("channels:case", case_id=case_id)
    errors = [{"text": error, "href": "#code"}] if error else []
    return render(request, "channels/sign.html", {"page": page, "errors": errors, "asked": asked or "asked" in request.GET})
