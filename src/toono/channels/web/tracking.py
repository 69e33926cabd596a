"""Where a case stands, by its tracking code. For anybody who holds the code; names nobody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toono.kernel.access import allow, network_address
from toono.kernel.actor import Role
from toono.services import api as services
from toono.services.errors import TooManyTracked, TrackingUnknown


@allow(Role.ANYBODY)
@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """The field for the code, and what it says. The code travels in the body of a POST, so that no log or history keeps it."""
    if request.method != "POST":
        return render(request, "channels/track.html", {"code": "", "found": None})
    code = request.POST.get("code", "")[:60]
    try:
        found = services.track(code=code, address=network_address(request))
    except TrackingUnknown:
        errors = [{"text": _("Ийм кодтой хүсэлт олдсонгүй. Кодоо шалгаад дахин оруулна уу."), "href": "#code"}]
        return render(request, "channels/track.html", {"code": code, "found": None, "errors": errors})
    except TooManyTracked as busy:
        errors = [{"text": _("Хэт олон удаа оролдлоо. Арван минутын дараа дахин оролдоно уу."), "href": "#code"}]
        response = render(request, "channels/track.html", {"code": "", "found": None, "errors": errors}, status=busy.status)
        response["Retry-After"] = str(busy.data["retry_after_seconds"])
        return response
    return render(request, "channels/track.html", {"code": code, "found": found})
