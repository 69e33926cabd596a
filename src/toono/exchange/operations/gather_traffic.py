"""Rows of traffic of an hour that is over become one for each gateway, consumer, service, agreement and outcome.

A gateway writes every few seconds; without this, a month would be millions of rows to add up for one page. Every sum stays what it was, and a row keeps to its
hour, so that day quotas are counted as before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from toono.exchange import limits
from toono.exchange.domain import partitions
from toono.exchange.domain.traffic import COUNTS
from toono.exchange.models import Traffic
from toono.kernel.clock import now

_CLOCKS: Final = timedelta(seconds=limits.LEDGER_ID_SECONDS)
_HOUR: Final = timedelta(hours=1)
_WINDOW: Final = "at >= %(begin)s AND at < %(end)s AND id >= %(first)s AND id < %(last)s"
_SUMS: Final = ", ".join(f"coalesce(sum(durations[{place}]), 0)::integer" for place in range(1, COUNTS + 1))
_GATHER: Final = (
    "SELECT (array_agg(id ORDER BY id DESC))[1], max(at), gateway, client, service, agreement, outcome, sum(calls)::integer,"  # noqa: S608
    f" sum(request_bytes)::bigint, sum(response_bytes)::bigint, ARRAY[{_SUMS}] FROM exchange_traffic"
    f" WHERE {_WINDOW} GROUP BY gateway, client, service, agreement, outcome"
)
_CROWDED: Final = f"SELECT count(*) > count(DISTINCT (gateway, client, service, agreement, outcome)) FROM exchange_traffic WHERE {_WINDOW}"  # noqa: S608
_REMOVE: Final = f"DELETE FROM exchange_traffic WHERE {_WINDOW}"  # noqa: S608
_COLUMNS: Final = (
    "id", "at", "gateway", "client", "service", "agreement", "outcome", "calls", "request_bytes", "response_bytes", "durations",
)  # fmt: skip


def gather() -> int:
    """Gather each of the last hours that is over and was not gathered; the number of hours."""
    newest = now().replace(minute=0, second=0, microsecond=0) - _HOUR * (limits.TRAFFIC_SETTLE_HOURS + 1)
    return sum(_gather_hour(newest - _HOUR * back) for back in range(limits.TRAFFIC_GATHERED_HOURS))


def _gather_hour(begin: datetime) -> bool:
    end = begin + _HOUR
    values: dict[str, Any] = {
        "begin": begin,
        "end": end,
        "first": partitions.floor(begin - _CLOCKS),
        "last": partitions.floor(end + _CLOCKS),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        # One at a time; who waits finds the hour gathered. Gateways only append, to an hour that is not this one any more.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('exchange.gather_traffic', 0))")
        cursor.execute(_CROWDED, values)
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(_GATHER, values)
        rows = [Traffic(**dict(zip(_COLUMNS, row, strict=True))) for row in cursor.fetchall()]
        cursor.execute(_REMOVE, values)
        Traffic.objects.bulk_create(rows, batch_size=500)
    return True
