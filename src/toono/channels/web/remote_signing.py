"""Requests to sign that wait for a person: who asks, what will be signed, the code that both screens show, yes or no; and what was answered."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from toono.identity import api as identity
from toono.identity.errors import ChallengeOver, CodeRefused, Locked, TooManyCodes
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.pki import api as pki
from toono.pki.contracts import Confirmation, SigningRequestView, SigningState
from toono.pki.errors import SigningContentChanged, SigningNotReady, SigningRequestNotFound, SigningRequestOver

LINKS = "signing_links"
"""Key in the portal's session under which ``pki`` notes the links that this browser has opened."""


@allow(Role.CITIZEN)
@require_safe
@never_cache
def requests(request: ToonoRequest) -> HttpResponse:
    """What waits, and what was answered."""
    found = pki.signing_requests(actor=request.actor)
    waiting = [one for one in found if one.state is SigningState.WAITING]
    answered = [one for one in found if one.state is not SigningState.WAITING]
    return render(request, "channels/signatures.html", {"waiting": waiting, "answered": answered})


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def one(request: ToonoRequest, request_id: UUID) -> HttpResponse:
    """One request. Each step may be pressed twice, and on two devices: the page always shows how the request stands."""
    asked = _asked(request, request_id)
    if request.method != "POST" or asked.confirmed or asked.state is not SigningState.WAITING:
        return _page(request, asked) if request.method != "POST" else _again(request_id)
    try:
        return _step(request, asked)
    except (CodeRefused, ChallengeOver, Locked, TooManyCodes) as error:
        return _page(request, asked, error=f"{_(error.title_mn)}. {_(error.next_mn)}", sent=True)
    except (SigningRequestOver, SigningNotReady):
        return _again(request_id)
    except SigningContentChanged as error:
        return _page(request, asked, error=f"{_(error.title_mn)}. {_(error.next_mn)}")


def _step(request: ToonoRequest, asked: SigningRequestView) -> HttpResponse:
    step, code = request.POST.get("step"), request.POST.get("code", "")
    if step == "refuse":
        pki.refuse_signature(actor=request.actor, request_id=asked.id)
        return _again(asked.id)
    if request.POST.get("token") != asked.confirms:
        raise SigningContentChanged("the page is of something else")
    if step == "ask":
        title = f"{asked.party[:60]} · {asked.verification_code}"
        identity.ask_confirmation(
            actor=request.actor, reference=_reference(asked), title=title, confirms=asked.confirms, language=get_language() or "mn"
        )
        return HttpResponseRedirect(reverse("channels:signature", args=[asked.id]) + "?asked=1")
    if not code.strip():
        return _page(request, asked, error=_("SMS-ээр ирсэн зургаан оронтой кодыг бичнэ үү"), sent=True)
    proof = identity.confirm(actor=request.actor, reference=_reference(asked), confirms=asked.confirms, typed=code)
    confirmation = Confirmation(
        challenge_id=proof.challenge_id, person_id=proof.person_id, reference=proof.reference, confirms=proof.confirms
    )  # fmt: skip
    pki.sign_confirmed(actor=request.actor, request_id=asked.id, confirmation=confirmation)
    return _again(asked.id)


def _asked(request: ToonoRequest, request_id: UUID) -> SigningRequestView:
    """The request; the person who has just opened its link becomes its holder. What was confirmed but not yet signed is signed now."""
    flow = request.session.get(LINKS, {}).get(str(request_id))
    try:
        found = pki.signing_request(actor=request.actor, request_id=request_id)
    except SigningRequestNotFound:
        if flow is None:
            raise
        found = pki.smart_id_take(actor=request.actor, request_id=request_id, flow=flow)
    if not found.confirmed or found.state is not SigningState.WAITING:
        return found
    try:
        return pki.signing_outcome(request_id=request_id)
    except SigningNotReady:
        return found


def _page(request: ToonoRequest, asked: SigningRequestView, *, error: str = "", sent: bool = False) -> HttpResponse:
    errors = [{"text": error, "href": "#code" if sent else None}] if error else []
    context = {
        "asked": asked, "errors": errors, "sent": sent or "asked" in request.GET, "way_back": pki.signing_way_back(asked=asked),
        "certificate": pki.certificate(serial=asked.certificate) if asked.certificate else None,
    }  # fmt: skip
    return render(request, "channels/signature.html", context)


def _again(request_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("channels:signature", args=[request_id]))


def _reference(asked: SigningRequestView) -> str:
    return f"signing:{asked.id}"
