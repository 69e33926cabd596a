"""Figures of the single sign-on: connected organisations, systems, users, sign-ins."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from toono.identity import api
from toono.identity.web.console import words
from toono.identity.web.console.parties import common
from toono.identity.web.console.places import KEEPERS
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.clock import ULAANBAATAR, now

SPANS = (7, 30, 90)


@require_GET
@never_cache
@allow(*KEEPERS)
def figures(request: ToonoRequest) -> HttpResponse:
    days = next((n for n in SPANS if str(n) == request.GET.get("days")), 30)
    today = now().astimezone(ULAANBAATAR).date()
    own = api.party_organisations(actor=request.actor)
    found = api.sign_on_figures(since=today - timedelta(days=days - 1), until=today, organisations=own)
    names = words.organisation_names(one.organisation for one in (*found.by_organisation, *found.by_system))
    systems = api.party_names(client_ids=[one.client_id for one in found.by_system])
    context = {
        "figures": found, "days": days, "all_spans": SPANS, "names": names, "most": max((day.count for day in found.days), default=0),
        "systems": {key: mn_en[1 if get_language() == "en" else 0] for key, mn_en in systems.items()}, **common(request),
    }  # fmt: skip
    return render(request, "identity/console_figures.html", context)
