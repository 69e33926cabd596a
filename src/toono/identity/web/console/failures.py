"""Why clients were refused: in words, by cause, with what to do."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from toono.identity import api
from toono.identity.web.console import words
from toono.identity.web.console.parties import common, party_name
from toono.identity.web.console.places import KEEPERS
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.text import clean

SPANS = (1, 7, 30)


@require_GET
@never_cache
@allow(*KEEPERS)
def all_failures(request: ToonoRequest) -> HttpResponse:
    """Of every system that the actor looks after."""
    return _page(request, None, back=reverse("identity:parties"), name="")


@require_GET
@never_cache
@allow(*KEEPERS)
def failures(request: ToonoRequest, client_id: str) -> HttpResponse:
    """Of one system."""
    found = api.party(actor=request.actor, client_id=client_id)
    return _page(request, client_id, back=reverse("identity:party", args=[client_id]), name=party_name(found))


def _page(request: ToonoRequest, client_id: str | None, *, back: str, name: str) -> HttpResponse:
    days = next((n for n in SPANS if str(n) == request.GET.get("days")), 7)
    number = clean(request.GET.get("number", "")).upper()[:16]
    log = api.refusals(actor=request.actor, client_id=client_id, days=days, number=number)
    context: dict[str, Any] = {"log": log, "days": days, "all_spans": SPANS, "number": number, "back": back, "name": name, "causes": words.CAUSES, "endpoints": words.ENDPOINTS, **common(request)}  # fmt: skip
    return render(request, "identity/console_failures.html", context)
