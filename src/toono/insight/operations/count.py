"""Add up the counters."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from toono.insight.domain.counting import Counted, Counter, Increment, increments

# One statement finds or makes the row and adds to it, so two workers counting for the same day and office never overwrite each
# other and never meet a duplicate key: the second waits for the row lock of the first (until its commit, a few milliseconds) and
# adds to what it finds then. An event touches at most one row of each table, cases before decision times: so no two
# transactions can wait for each other in a circle.
ADD: dict[Counter, str] = {
    Counter.CASES: """
        INSERT INTO insight_dailycases AS c (day, service, organisation, channel, aimag,
            submitted, granted, refused, withdrawn, documents, on_time, working_seconds)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (day, service, organisation, channel, aimag) DO UPDATE SET
            submitted = c.submitted + EXCLUDED.submitted,
            granted = c.granted + EXCLUDED.granted,
            refused = c.refused + EXCLUDED.refused,
            withdrawn = c.withdrawn + EXCLUDED.withdrawn,
            documents = c.documents + EXCLUDED.documents,
            on_time = c.on_time + EXCLUDED.on_time,
            working_seconds = c.working_seconds + EXCLUDED.working_seconds""",
    Counter.DECISION_TIMES: """
        INSERT INTO insight_dailydecisiontimes AS t (day, service, organisation, bucket, decisions)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (day, service, organisation, bucket) DO UPDATE SET decisions = t.decisions + EXCLUDED.decisions""",
    Counter.RATINGS: """
        INSERT INTO insight_dailyratings AS r (day, service, organisation, ratings, stars)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (day, service, organisation) DO UPDATE SET
            ratings = r.ratings + EXCLUDED.ratings,
            stars = r.stars + EXCLUDED.stars""",
}


def count(event: Counted) -> None:
    """Add an event to the counters, in the transaction of the caller, which sees to it that each event comes once."""
    add(increments(event))


def add(found: Iterable[Increment]) -> None:
    with connection.cursor() as cursor:
        for increment in found:
            cursor.execute(ADD[increment.counter], [*increment.key, *increment.amounts])
