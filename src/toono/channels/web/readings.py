"""Who has seen my data: the ledger by day, one reading with its proof, «I do not recognise this»."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from itertools import groupby
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from toono.exchange import api as exchange
from toono.exchange.contracts import Reading
from toono.feedback import api as feedback
from toono.feedback.contracts import COMMENT_LENGTH
from toono.feedback.errors import ComplaintTooLong
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.clock import ULAANBAATAR, local, now

READINGS_A_PAGE = 100
PERIODS = (7, 30, 365)
"""Days that are offered as links."""


def civil_id(request: ToonoRequest) -> str:
    """Of the signed-in person, whom the middleware reads when first asked."""
    return str(request.person.civil_id)  # type: ignore[attr-defined]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ULAANBAATAR)


def _day(text: str) -> date | None:
    """A day of an address; None for nothing.

    :raises ValueError: something else.
    """
    day = date.fromisoformat(text) if text else None
    if day is not None and not 2000 <= day.year <= 2199:
        raise ValueError("out of reach")
    return day


@allow(Role.CITIZEN)
@require_safe
def readings(request: ToonoRequest) -> HttpResponse:
    """Who has read the person's data, newest first, by day; for one organisation or a time, if wished."""
    typed = {name: request.GET.get(name, "")[:40] for name in ("organisation", "since", "until")}
    errors, days = [], {}
    for name in ("since", "until"):
        try:
            days[name] = _day(typed[name])
        except ValueError:
            errors.append({"text": _("Өдрийг 2026-11-22 гэж бичнэ үү"), "href": f"#{name}"})
    found: list[Reading] = []
    if not errors:
        since, until = days["since"], days["until"]
        found = exchange.readings(
            actor=request.actor, civil_id=civil_id(request), organisation=typed["organisation"] or None,
            since=_midnight(since) if since else None, until=_midnight(until + timedelta(days=1)) if until else None,
            before=request.GET.get("before") or None, limit=READINGS_A_PAGE + 1,
        )  # fmt: skip
    shown = found[:READINGS_A_PAGE]
    today = local(now()).date()
    context = {
        "days": [(when, list(those)) for when, those in groupby(shown, key=lambda r: local(r.at).date())],
        "readers": exchange.readers(actor=request.actor, civil_id=civil_id(request)),
        "typed": typed,
        "filtered": any(typed.values()),
        "errors": errors,
        "periods": [(days_, (today - timedelta(days=days_ - 1)).isoformat()) for days_ in PERIODS],
        "older": shown[-1].cursor if len(found) > READINGS_A_PAGE else None,
        "first_page": not request.GET.get("before"),
    }
    return render(request, "channels/readings.html", context)


def _page(request: ToonoRequest, reading_id: UUID, **more: object) -> HttpResponse:
    context = {
        "reading": exchange.reading(actor=request.actor, civil_id=civil_id(request), reading_id=reading_id),
        "complaint": feedback.complaint_of_reading(actor=request.actor, reading_id=reading_id),
        "comment_length": COMMENT_LENGTH,
    }
    return render(request, "channels/reading.html", context | more)


@allow(Role.CITIZEN)
@require_safe
def reading(request: ToonoRequest, reading_id: UUID) -> HttpResponse:
    """One reading: what it means, its proof, and what became of a complaint."""
    return _page(request, reading_id, complained_now="complained" in request.GET)


@allow(Role.CITIZEN)
@require_POST
def complain(request: ToonoRequest, reading_id: UUID) -> HttpResponse:
    """«I do not recognise this»: to the owner of the register."""
    words = request.POST.get("words", "")
    try:
        feedback.complain(actor=request.actor, civil_id=civil_id(request), reading_id=reading_id, words=words)
    except ComplaintTooLong as error:
        errors = [{"text": _(error.title_mn), "href": "#words"}]
        return _page(request, reading_id, errors=errors, typed=words)
    return HttpResponseRedirect(redirect("channels:reading", reading_id=reading_id).url + "?complained=1#complaint")


@allow(Role.CITIZEN)
@require_safe
def proof(request: ToonoRequest, reading_id: UUID) -> HttpResponse:
    """The reading with all that proves it, to save."""
    found = exchange.reading_proof(actor=request.actor, civil_id=civil_id(request), reading_id=reading_id)
    response = HttpResponse(json.dumps(found, ensure_ascii=False, indent=1), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="toono-reading-{reading_id}.json"'
    return response
