"""My settings: how a person wishes to be told that their data were read."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toono.channels.web.readings import civil_id
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.notifications import api as notifications
from toono.notifications.contracts import ReadingNotice


@allow(Role.CITIZEN)
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: ToonoRequest) -> HttpResponse:
    """Show and keep the person's wishes."""
    errors = []
    if request.method == "POST":
        notice = request.POST.get("notice", "")
        if notice in set(ReadingNotice):
            notifications.choose_reading_preference(
                actor=request.actor, civil_id=civil_id(request), notice=ReadingNotice(notice), sms=request.POST.get("sms") == "yes"
            )
            return HttpResponseRedirect(redirect("channels:choices").url + "?kept=1")
        errors = [{"text": _("Хэзээ мэдэгдэхийг сонгоно уу"), "href": "#notice"}]
    context = {
        "preference": notifications.reading_preference(actor=request.actor, civil_id=civil_id(request)),
        "kept": "kept" in request.GET,
        "errors": errors,
    }
    return render(request, "channels/choices.html", context)
