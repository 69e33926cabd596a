"""Count everything anew from the events that the platform keeps."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from toono.insight.domain.counting import COUNTED, Counted, Counter, Increment, Key, increments
from toono.insight.models import DailyCases, DailyDecisionTimes, DailyRatings
from toono.insight.operations.count import add
from toono.kernel.models import HandledEvent, OutboxEvent

SUBSCRIBERS = "insight."
"""Beginning of the names under which ``entry.subscriptions`` connects this room's handlers."""
TABLES = (DailyCases, DailyDecisionTimes, DailyRatings)


def rebuild() -> int:
    """Replace all counters by a new count; see :func:`toono.insight.api.rebuild`."""
    with transaction.atomic():
        # The lock stops counting, not reading: pages go on with the old figures until the commit. It is granted once every
        # handler in progress has committed, so each event is either noted as handled, and counted here, or it will be counted
        # by its handler afterwards. Handlers that wait longer than their lock time-out are tried again by their queue.
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"LOCK TABLE {table._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        for table in TABLES:
            table.objects.all().delete()
        events = 0
        sums: dict[tuple[Counter, Key], tuple[int, ...]] = {}
        for event in _handled():
            events += 1
            for found in increments(event):
                so_far = sums.get((found.counter, found.key))
                amounts = found.amounts if so_far is None else tuple(map(sum, zip(so_far, found.amounts, strict=True)))
                sums[found.counter, found.key] = amounts
        add(Increment(counter, key, amounts) for (counter, key), amounts in sums.items())
    return events


def _handled() -> Iterator[Counted]:
    handled = HandledEvent.objects.filter(event_id=OuterRef("id"), subscriber__startswith=SUBSCRIBERS)
    rows = OutboxEvent.objects.filter(Exists(handled), name__in=COUNTED).values_list("name", "payload")
    for name, payload in rows.iterator(chunk_size=2_000):
        yield COUNTED[name].model_validate(payload)
