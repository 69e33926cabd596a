"""Let go of what is no longer to be kept: messages when their class's time is over and all of them are archived; old traffic."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Sum

from toono.exchange import limits
from toono.exchange.domain.partitions import MESSAGES, TRAFFIC, Period
from toono.exchange.models import Archive
from toono.exchange.operations import partitions
from toono.kernel.clock import now

_log = logging.getLogger(__name__)


def drop_expired() -> list[str]:
    """Names of the partitions that were dropped. The access ledger is never among them.

    :raises OperationalError: calls held a table for too long; what was dropped is dropped, the rest goes in the next round.
    """
    dropped = []
    for retention, table in MESSAGES.items():
        for name, period in _over(table.name, limits.RETENTION_DAYS[retention]):
            if _archived(retention, name, period):
                partitions.drop(name)
                dropped.append(name)
            else:
                _log.error("The messages of %s are older than they should be kept, but not all of them are archived; they stay", name)
    for name, _ in _over(TRAFFIC.name, limits.TRAFFIC_DAYS):
        partitions.drop(name)
        dropped.append(name)
    return dropped


def _over(table: str, days: int) -> list[tuple[str, Period]]:
    """Partitions whose every row is older than ``days``, oldest first."""
    known = next(t for t in (*MESSAGES.values(), TRAFFIC) if t.name == table)
    oldest = now() - timedelta(days=days)
    found = [(name, period) for name in partitions.children(known) if (period := known.period_of(name)) is not None]
    return [(name, period) for name, period in found if period.end <= oldest]


def _archived(retention: str, name: str, period: Period) -> bool:
    """Whether every signed message of the partition stands in an archive. Outcomes without an answer hold no message and are in none."""
    held = Archive.objects.filter(retention=retention, begin__gte=period.begin, begin__lt=period.end).aggregate(Sum("messages"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{int(limits.PRUNE_SECONDS * 1000)}ms"])
        cursor.execute(f"SELECT count(*) FROM {name} WHERE signature IS NOT NULL")  # noqa: S608 - a name that the code made
        (signed,) = cursor.fetchone()
    return bool(signed == (held["messages__sum"] or 0))
