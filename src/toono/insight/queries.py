"""Figures of a period: three passes over the counters, whatever the number of cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import connection

from toono.identity import api as identity
from toono.insight.contracts import Figures, Line, SignOn
from toono.insight.domain.counting import CaseAmounts
from toono.insight.domain.histogram import percentile
from toono.insight.domain.period import Period

Dimension = str
Place = tuple[Dimension, str]
"""A dimension and a key in it; ``("", "")`` is the total."""
TOTAL: Place = ("", "")

# GROUPING SETS makes every one-dimensional table in a single pass. Columns outside the row's own set are null.
CASES = """
    SELECT day, service, organisation, channel, aimag,
        sum(submitted), sum(granted), sum(refused), sum(withdrawn), sum(documents), sum(on_time), sum(working_seconds)
    FROM insight_dailycases WHERE day BETWEEN %s AND %s
    GROUP BY GROUPING SETS ((), (day), (service), (organisation), (channel), (aimag))"""
DECISION_TIMES = """
    SELECT service, organisation, bucket, sum(decisions)
    FROM insight_dailydecisiontimes WHERE day BETWEEN %s AND %s
    GROUP BY GROUPING SETS ((bucket), (service, bucket), (organisation, bucket))"""
RATINGS = """
    SELECT day, service, organisation, sum(ratings), sum(stars)
    FROM insight_dailyratings WHERE day BETWEEN %s AND %s
    GROUP BY GROUPING SETS ((), (day), (service), (organisation))"""


def figures(period: Period) -> Figures:
    found: dict[Place, dict[str, Any]] = defaultdict(dict)
    for place, row in _rows(CASES, period, ("day", "service", "organisation", "channel", "aimag")):
        found[place].update(zip(CaseAmounts._fields, (int(n or 0) for n in row), strict=True))
    for place, row in _rows(RATINGS, period, ("day", "service", "organisation")):
        found[place].update(zip(("ratings", "stars"), (int(n or 0) for n in row), strict=True))
    histograms: dict[Place, dict[int, int]] = defaultdict(dict)
    for place, (bucket, decisions) in _rows(DECISION_TIMES, period, ("service", "organisation")):
        histograms[place][bucket] = int(decisions)
    for place, histogram in histograms.items():
        found[place].update(median_seconds=percentile(histogram, 0.5), ninetieth_seconds=percentile(histogram, 0.9))
    lines = {place: Line(key=place[1], **values) for place, values in found.items()}
    return Figures(
        since=period.since,
        until=period.until,
        total=lines.get(TOTAL) or Line(key=""),
        by_service=_most_used(lines, "service"),
        by_organisation=_most_used(lines, "organisation"),
        by_channel=_most_used(lines, "channel"),
        by_aimag=_most_used(lines, "aimag"),
        by_day=tuple(sorted((line for (d, _), line in lines.items() if d == "day"), key=lambda line: line.key)),
    )


def sign_on(period: Period) -> SignOn:
    found = identity.sign_on_figures(since=period.since, until=period.until)
    return SignOn(
        organisations=found.organisations,
        systems=found.systems,
        users=found.users,
        sign_ins=found.sign_ins,
        by_organisation=tuple((one.organisation, one.count) for one in found.by_organisation),
    )


def _rows(sql: str, period: Period, dimensions: tuple[Dimension, ...]) -> Iterator[tuple[Place, tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [period.since, period.until])
        for row in cursor.fetchall():
            keys, values = row[: len(dimensions)], row[len(dimensions) :]
            place = next(((d, str(k)) for d, k in zip(dimensions, keys, strict=True) if k is not None), TOTAL)
            yield place, values


def _most_used(lines: dict[Place, Line], dimension: Dimension) -> tuple[Line, ...]:
    of_it = (line for (d, _), line in lines.items() if d == dimension)
    return tuple(sorted(of_it, key=lambda line: (-line.submitted, line.key)))
