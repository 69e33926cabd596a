"""Finding a service: home, search, what happens in a life, the page of a service. Open to everybody."""

from __future__ import annotations

from urllib.parse import urlencode

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
FILTERS = ("level", "organisation", "applicant")


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
    """Search results, or the whole catalogue, in pages; life events where nothing is asked yet."""
    query = clean(request.GET.get("q", ""))[:QUERY_LENGTH]
    chosen = {name: clean(request.GET.get(name, ""))[:60] for name in FILTERS}
    number = request.GET.get("page", "1")
    found = catalogue.service_page(
        query=query, language=get_language() or "mn", page=int(number) if number.isdecimal() and len(number) < 6 else 1, **chosen
    )
    kept = {name: value for name, value in {"q": query, **chosen}.items() if value}
    context = {
        "query": query,
        "chosen": chosen,
        "found": found,
        "narrowed": any(chosen.values()),
        "life_events": shelf.life_events() if not kept and found.page == 1 else [],
        "earlier": urlencode(kept | {"page": found.page - 1}) if found.page > 1 else "",
        "later": urlencode(kept | {"page": found.page + 1}) if found.page < found.pages else "",
        "without_filters": urlencode({"q": query} if query else {}),
    }
    return render(request, "channels/services.html", context)


@allow(Role.ANYBODY)
@require_safe
def service(request: HttpRequest, code: str) -> HttpResponse:
    """Everything one should know before starting."""
    return render(request, "channels/service.html", {"service": catalogue.service(code=code)})


@allow(Role.ANYBODY)
@require_safe
def life_event(request: HttpRequest, code: str) -> HttpResponse:
    """What one needs when something happens, in order; with what one has already, for whoever is signed in."""
    actor = citizen(request)
    event = catalogue.life_event_page(code=code, actor=actor)
    return render(request, "channels/life_event.html", {"event": event, "signed_in": actor is not None})
