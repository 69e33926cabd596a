"""The page of figures and its export. Open to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from toono.insight import api
from toono.insight.domain.disclosure import FEWEST
from toono.insight.domain.period import choices, wished
from toono.insight.errors import NotADate, PeriodReversed, PeriodTooLong
from toono.insight.web.chart import Bar, bar_chart
from toono.insight.web.export import to_csv
from toono.insight.web.publication import Step, connected, publication, steps
from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.kernel.clock import local, now

LONGEST_TABLE = 20


@allow(Role.ANYBODY)
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """A sentence, a chart, the tables; a period that cannot be is answered with the form and what to write in it."""
    today = local(now()).date()
    offered = choices(today)
    since, until = request.GET.get("since", ""), request.GET.get("until", "")
    page: dict[str, Any] = {"choices": offered, "typed_since": since[:40], "typed_until": until[:40]}
    try:
        period = wished(since, until, today=today)
    except (NotADate, PeriodReversed, PeriodTooLong) as error:
        return render(
            request,
            "insight/figures.html",
            page | {"error": error, "errors": [error], "field": error.data.get("field", "until")},
            status=error.status,
        )
    found = api.figures(since=period.since, until=period.until)
    shown = steps(found, last=today)
    page |= {
        "typed_since": f"{period.since:%Y.%m.%d}",
        "typed_until": f"{period.until:%Y.%m.%d}",
        "period": period,
        "chosen": next((choice.name for choice in offered if choice.period == period), None),
        "tables": publication(found),
        "sign_on": connected(api.sign_on(since=period.since, until=period.until)),
        "steps": shown,
        "chart": _chart(shown) if found.total.submitted else None,
        "fewest": FEWEST,
        "longest_table": LONGEST_TABLE,
    }
    return render(request, "insight/figures.html", page)


@allow(Role.ANYBODY)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The tables as CSV.

    :raises NotADate: a bound is no date.
    :raises PeriodReversed: the period ends before it begins.
    :raises PeriodTooLong: it is longer than a year.
    """
    period = wished(request.GET.get("since", ""), request.GET.get("until", ""), today=local(now()).date())
    tables = publication(api.figures(since=period.since, until=period.until))
    sign_on = connected(api.sign_on(since=period.since, until=period.until))
    response = HttpResponse(to_csv(tables, sign_on), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="toono-figures-{period.since}-{period.until}.csv"'
    return response


def _chart(shown: Sequence[Step]) -> SafeString:
    bars = [Bar(_label(step), _name(step), step.submitted) for step in shown]
    most = max(bars, key=lambda bar: bar.value)
    by_month = shown[0].whole_month
    return bar_chart(
        bars,
        title=gettext("Үйлчилгээ хүссэн тоо, сараар") if by_month else gettext("Үйлчилгээ хүссэн тоо, өдрөөр"),
        description=gettext("Хамгийн олон нь %(when)s: %(count)s. Бүх тоо доорх хүснэгтэд бий.")
        % {"when": most.name, "count": f"{most.value:,}"},
    )


def _label(step: Step) -> str:
    return f"{step.first:%Y.%m}" if step.whole_month else f"{step.first:%m.%d}"


def _name(step: Step) -> str:
    return f"{step.first:%Y.%m}" if step.whole_month else f"{step.first:%Y.%m.%d}"
