"""The page of traffic: how much the gateways carried, how fast, and what failed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toono.exchange import api
from toono.exchange.contracts import Traffic, TrafficLine
from toono.exchange.web.chart import Bar, calls_chart
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.clock import local, now

BYTE_ORDER_MARK: Final = "\ufeff"
"""By which spreadsheet programs know that the letters are UTF-8."""
COLUMNS: Final = ("dimension", "key", "name", "calls", "failed", "bytes", "p50_ms", "p95_ms", "p99_ms")


class Period(NamedTuple):
    """A choice of time, and what one bar stands for."""

    length: timedelta
    step: timedelta
    label: str


PERIODS: Final = {
    "hour": Period(timedelta(hours=1), timedelta(minutes=2), "%H:%M"),
    "day": Period(timedelta(days=1), timedelta(hours=1), "%H:%M"),
    "week": Period(timedelta(days=7), timedelta(hours=6), "%m.%d"),
    "month": Period(timedelta(days=30), timedelta(days=1), "%m.%d"),
}


def _found(request: ToonoRequest) -> tuple[str, Traffic]:
    name = request.GET.get("period", "")
    name = name if name in PERIODS else "day"
    until = _whole(now(), PERIODS[name].step)
    return name, api.traffic(actor=request.actor, since=until - PERIODS[name].length, until=until, step=PERIODS[name].step)


def _whole(moment: datetime, step: timedelta) -> datetime:
    """The end of the step in which ``moment`` lies, by the clock of Ulaanbaatar."""
    midnight = local(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + step * ((moment - midnight) // step + 1)


@allow(Role.ADMINISTRATOR, Role.REPRESENTATIVE)
@require_safe
def page(request: ToonoRequest) -> HttpResponse:
    """A sentence, a chart, the tables. A representative sees the calls of their own organisation."""
    name, found = _found(request)
    context = {
        "traffic": found,
        "period": name,
        "periods": list(PERIODS),
        "chart": _chart(found, PERIODS[name]) if found.total.calls else None,
    }
    return render(request, "exchange/traffic.html", context)


def _chart(found: Traffic, period: Period) -> object:
    bars = [Bar(f"{local(step.begin):{period.label}}", step.calls, step.failed) for step in found.steps]
    most = max(bars, key=lambda bar: bar.calls)
    description = _("Хамгийн олон нь %(when)s: %(count)s дуудлага. Улаан нь амжилтгүй.") % {"when": most.label, "count": f"{most.calls:,}"}
    return calls_chart(bars, title=_("Дуудлагын тоо"), description=description)


@allow(Role.ADMINISTRATOR, Role.REPRESENTATIVE)
@require_safe
def export(request: ToonoRequest) -> HttpResponse:
    """The same tables for spreadsheets and programs (RFC 4180)."""
    name, found = _found(request)
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(found))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="toono-traffic-{name}-{local(found.until):%Y-%m-%d}.csv"'
    return response


def _rows(found: Traffic) -> Iterator[tuple[object, ...]]:
    yield _row("total", found.total)
    for dimension, lines in (("service", found.services), ("consumer", found.consumers)):
        for line in lines:
            yield _row(dimension, line)
    for outcome in found.outcomes:
        yield "outcome", _plain(outcome.outcome), "", outcome.calls, outcome.calls if outcome.failed else 0, "", "", "", ""
    for step in found.steps:
        yield "time", step.begin.isoformat(), "", step.calls, step.failed, "", "", "", ""


def _row(dimension: str, line: TrafficLine) -> tuple[object, ...]:
    name = line.name_en if get_language() == "en" else line.name_mn
    return (
        dimension, _plain(line.key), _plain(name), line.calls, line.failed, line.bytes, round(line.p50_ms, 1), round(line.p95_ms, 1), round(line.p99_ms, 1),
    )  # fmt: skip


def _plain(name: str) -> str:
    """A text that a spreadsheet will not take for a formula."""
    return "'" + name if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
