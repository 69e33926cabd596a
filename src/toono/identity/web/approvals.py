"""A person's word on what is asked elsewhere: devices, requests, connected systems."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from toono.identity import api
from toono.identity.errors import UserCodeUnknown
from toono.identity.web.answers import redirect, signing_service
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role


@require_http_methods(["GET", "POST"])
@never_cache
@allow(Role.CITIZEN)
def device(request: ToonoRequest) -> HttpResponse:
    """The code that a kiosk or screen shows; then who asks, and for what. A code in the address is only filled in: the person presses the button."""
    if request.method == "GET":
        return render(request, "identity/device.html", {"typed": request.GET.get("user_code", "")[:20], "error": None})
    typed = request.POST.get("user_code", "")[:20]
    try:
        found = api.device_request(actor=request.actor, typed=typed)
    except UserCodeUnknown:
        error = gettext("Ийм код алга эсвэл хугацаа нь дууссан. Төхөөрөмж дээрх кодыг шалгана уу")
        return render(request, "identity/device.html", {"typed": typed, "error": error})
    return render(request, "identity/approve.html", {"asked": found, "signing_service": signing_service()})


@require_GET
@never_cache
@allow(Role.CITIZEN)
def requests(request: ToonoRequest) -> HttpResponse:
    """Sign-ins that systems have begun for this person."""
    context = {"requests": api.approval_requests(actor=request.actor), "signing_service": signing_service()}
    return render(request, "identity/requests.html", context)


@require_http_methods(["POST"])
@never_cache
@allow(Role.CITIZEN)
def decide(request: ToonoRequest) -> HttpResponse:
    """Allow or refuse."""
    try:
        approval_id = UUID(request.POST.get("approval", ""))
    except ValueError:
        return redirect(reverse("identity:requests"))
    agreed = request.POST.get("do") == "agree"
    api.decide_approval(actor=request.actor, approval_id=approval_id, agreed=agreed, user_code=request.POST.get("user_code"))
    return render(request, "identity/decided.html", {"agreed": agreed})


@require_http_methods(["GET", "POST"])
@never_cache
@allow(Role.CITIZEN)
def connections(request: ToonoRequest) -> HttpResponse:
    """Systems that this person let in; take it back. And who was told of a sign-out."""
    if request.method == "POST":
        api.disconnect(actor=request.actor, client_id=request.POST.get("client", "")[:80])
        return redirect(reverse("identity:connections"))
    context = {"connections": api.connections(actor=request.actor), "notices": api.logout_notices(actor=request.actor)}
    return render(request, "identity/connections.html", context)
