"""The built-in test client: a page that runs the flow of one registration and shows each step."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from toono.identity import api
from toono.identity.contracts import Trial, TrialFlow, TrialStep
from toono.identity.web.console.parties import common
from toono.identity.web.console.places import KEEPERS
from toono.kernel.access import ToonoRequest, allow

STEPS = {
    "pushed": gettext_lazy("Хүсэлтийг урьдчилж илгээв (PAR)"),
    "authorize": gettext_lazy("Хүнийг нэвтрүүлэх хаяг"),
    "device": gettext_lazy("Төхөөрөмжийн код авав"),
    "ciba": gettext_lazy("Хүнээс утсаар нь зөвшөөрөл хүсэв (CIBA)"),
    "callback": gettext_lazy("Буцаж ирэв"),
    "token": gettext_lazy("Токен авав"),
    "id_token": gettext_lazy("id_token: хэн, хэзээ, хэрхэн нэвтэрсэн"),
    "access_token": gettext_lazy("access_token: юунд хандах"),
    "userinfo": gettext_lazy("Хүний мэдээлэл (userinfo)"),
    "service": gettext_lazy("ДАН-ы мэдээлэл"),
}


@require_POST
@never_cache
@allow(*KEEPERS)
def start(request: ToonoRequest, client_id: str) -> HttpResponse:
    return _page(request, api.start_trial(actor=request.actor, client_id=client_id, flow=_flow(request.POST.get("flow", "code"))))


def _flow(value: str) -> TrialFlow:
    """:raises Http404: no such flow."""
    try:
        return TrialFlow(value)
    except ValueError:
        raise Http404(value) from None


@require_POST
@never_cache
@allow(*KEEPERS)
def ask(request: ToonoRequest, run_id: UUID) -> HttpResponse:
    """The person says that they have answered on the other page."""
    run = api.ask_in_trial(actor=request.actor, run_id=run_id)
    return _page(request, run) if run.unanswered else HttpResponseRedirect(reverse("identity:trial", args=[run_id]))


@require_GET
@never_cache
@allow(*KEEPERS)
def callback(request: ToonoRequest) -> HttpResponse:
    """Where the twin's person comes back. The address with the code is left at once."""
    done = api.continue_trial(actor=request.actor, query=request.META["QUERY_STRING"])
    return HttpResponseRedirect(reverse("identity:trial", args=[done.id]))


@require_GET
@never_cache
@allow(*KEEPERS)
def trial(request: ToonoRequest, run_id: UUID) -> HttpResponse:
    return _page(request, api.trial(actor=request.actor, run_id=run_id))


def _page(request: ToonoRequest, run: Trial) -> HttpResponse:
    steps = [{"title": STEPS[step.name], "good": step.good, "sent": _told(step.sent), "received": _received(step)} for step in run.steps]
    good = run.finished and all(step.good for step in run.steps)
    code = run.steps[-1].received.get("user_code", "") if run.asks else ""
    context = {"run": run, "steps": steps, "good": good, "code": code, **common(request)}
    return render(request, "identity/console_trial.html", context)


def _told(values: dict[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, indent=2) if values else ""


def _received(step: TrialStep) -> list[str]:
    """Tokens in two parts, header and claims, as they come decoded."""
    values: dict[str, Any] = dict(step.received)
    header = values.pop("", None)
    if isinstance(header, list):
        return [json.dumps(header, ensure_ascii=False, indent=2)]
    return [text for text in (_told(header) if isinstance(header, dict) else "", _told(values)) if text]
