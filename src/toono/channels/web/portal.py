"""Finding a service: home, search, the page of a service. Open to everybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from toono.channels import shelf
from toono.channels.frame import citizen
from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.kernel.text import clean
from toono.services import api as catalogue
from toono.services.contracts import Phase

QUERY_LENGTH = 200


@allow(Role.ANYBODY)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for the person first, then search, life events and what others order."""
    actor = citizen(request)
    cases = catalogue.cases(actor=actor) if actor else []
    waiting = [c for c in cases if c.outcome is None and c.phase != Phase.WITHDRAWN][:5]
    context = {
        "signed_in": actor is not None,
        "waiting": waiting,
        "life_events": shelf.life_events(),
        "most_used": shelf.most_used(get_language() or "mn"),
    }
    return render(request, "channels/home.html", context)


@allow(Role.ANYBODY)
@require_safe
def services(request: HttpRequest) -> HttpResponse:
    """Search results; the whole catalogue when nothing is asked."""
    query = clean(request.GET.get("q", ""))[:QUERY_LENGTH]
    found = catalogue.services(query=query, language=get_language() or "mn")
    return render(request, "channels/services.html", {"query": query, "found": found})


@allow(Role.ANYBODY)
@require_safe
def service(request: HttpRequest, code: str) -> HttpResponse:
    """Everything one should know before starting."""
    return render(request, "channels/service.html", {"service": catalogue.service(code=code)})
