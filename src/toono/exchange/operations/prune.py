"""Let go of what is no longer to be kept: messages when their class's time is over and all of them are archived; then what only they needed; old traffic.

A month's signatures, their places under time-stamps and the OCSP responses of their time go with the last message of that month, of whichever class. Batches, time-stamps and hourly roots
stay: they are the chain by which the access ledger is proven, and that is kept for ever. They hold digests only.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Sum

from toono.exchange import limits
from toono.exchange.domain.partitions import MESSAGES, PLACES, SIGNATURES, TRAFFIC, Period, floor
from toono.exchange.models import Archive, MessageRecord, OcspResponse, Signature
from toono.exchange.operations import partitions
from toono.kernel.clock import now

_log = logging.getLogger(__name__)
_NEAR = timedelta(hours=1)
_OF_A_BATCH = "EXISTS (SELECT 1 FROM exchange_batch batch WHERE batch.id = row.subject)"


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
    dropped += _drop_signatures()
    for name, _ in _over(TRAFFIC.name, limits.TRAFFIC_DAYS):
        partitions.drop(name)
        dropped.append(name)
    return dropped


def _drop_signatures() -> list[str]:
    dropped = []
    for name, period in _over(SIGNATURES.name, min(limits.RETENTION_DAYS.values())):
        if _messages_stand(period):
            continue
        # Their places first: should the process end in between, the next round finds the signatures and goes on.
        if PLACES.partition(period) in partitions.children(PLACES):
            partitions.replace(PLACES, period, _OF_A_BATCH)
        partitions.drop(name)
        dropped.append(name)
    if dropped:
        _drop_responses()
    return dropped


def _messages_stand(period: Period) -> bool:
    """Whether a message stands whose signature may be of this period: ids of both are made within the same minutes."""
    low, after = (floor(moment) for moment in (period.begin - _NEAR, period.end + _NEAR))
    return MessageRecord.objects.filter(id__gte=low, id__lt=after, signature__isnull=False).exists()


def _drop_responses() -> None:
    """OCSP responses that are older than any that a standing signature may hold. Gateways seldom add one, so the guard may sleep for the moment."""
    known = [period for name in partitions.children(SIGNATURES) if (period := SIGNATURES.period_of(name)) is not None]
    if not known or Signature.objects.filter(id__lt=floor(min(known).begin)).exists():
        return
    table = OcspResponse._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{int(limits.PARTITION_LOCK_SECONDS * 1000)}ms"])
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        OcspResponse.objects.filter(produced_at__lt=min(known).begin - timedelta(days=limits.OCSP_DAYS)).delete()
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def _over(table: str, days: int) -> list[tuple[str, Period]]:
    """Partitions whose every row is older than ``days``, oldest first."""
    known = next(t for t in (*MESSAGES.values(), SIGNATURES, TRAFFIC) if t.name == table)
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
