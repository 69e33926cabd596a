"""Make partitions ahead of time, and take what found none into its own. May be done again at any time.

Locks: a new partition is built beside the table and attached, which lets calls append meanwhile; only the partition ``_other`` is closed, and nothing is appended to it
while there are partitions ahead. What cannot get its lock in a second gives up and is done in the next round.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from toono.exchange import limits
from toono.exchange.domain import partitions
from toono.exchange.domain.partitions import TABLES, Period, Table
from toono.kernel.clock import now

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('toono.exchange.partitions'))"


def prepare_storage() -> list[str]:
    """Partitions that are missing from now to some days or months ahead, and the guards of all; names of those made.

    :raises OperationalError: a lock could not be had in time; what was made stays.
    """
    moment = now()
    return [name for table in TABLES for name in _prepare(table, moment)]


def _prepare(table: Table, moment: datetime) -> list[str]:
    made = [name for wanted in partitions.periods(moment, moment + table.ahead, table.length) if (name := _make(table, wanted))]
    while (stray := _stray(table, moment)) is not None and (name := _make(table, stray)):
        made.append(name)
    if table.append_only:
        _guard(table)
    return made


def _make(table: Table, wanted: Period) -> str | None:
    """The partition, with those rows of the rest that belong to it, in one transaction; None if it stands already."""
    name = table.partition(wanted)
    if _exists(name):
        return None
    low, after = wanted.bounds
    with transaction.atomic(), connection.cursor() as cursor:
        _patience(cursor)
        cursor.execute(_LOCK)  # two processes that start at the same time make each partition once
        if _exists(name):
            return None
        option = " WITH (toast_tuple_target = 8160)" if table.packed else ""
        cursor.execute(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING ALL){option}")
        if table.append_only:
            cursor.execute(_guard_of(name))
        cursor.execute(f"LOCK TABLE {table.rest} IN ACCESS EXCLUSIVE MODE")
        _take_strays(cursor, table, name, wanted)
        cursor.execute(f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{after}')")
    return name


def _take_strays(cursor: CursorWrapper, table: Table, name: str, wanted: Period) -> None:
    """Move them; the guard of the rest sleeps only inside this transaction, which holds the whole table."""
    bounds = list(wanted.bounds)
    cursor.execute(f"INSERT INTO {name} SELECT * FROM {table.rest} WHERE {table.key} >= %s AND {table.key} < %s", bounds)  # noqa: S608 - fixed names
    if cursor.rowcount == 0:
        return
    if table.append_only:
        cursor.execute(f"ALTER TABLE {table.rest} DISABLE TRIGGER USER")
    cursor.execute(f"DELETE FROM {table.rest} WHERE {table.key} >= %s AND {table.key} < %s", bounds)  # noqa: S608 - fixed names
    if table.append_only:
        cursor.execute(f"ALTER TABLE {table.rest} ENABLE TRIGGER USER")


def _stray(table: Table, moment: datetime) -> Period | None:
    """The period of the oldest row that found no partition. One of an absurd time (a clock gone wrong) stays where it is."""
    low = partitions.floor(moment - timedelta(days=limits.STRAY_DAYS))
    after = partitions.period(moment + table.ahead, table.length).bounds[1]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {table.key} FROM {table.rest} WHERE {table.key} >= %s AND {table.key} < %s ORDER BY 1 LIMIT 1",  # noqa: S608 - fixed names
            [low, after],
        )
        row = cursor.fetchone()
    return partitions.period(partitions.moment_of(row[0]), table.length) if row else None


def children(table: Table) -> list[str]:
    """Names of the partitions that stand, the rest among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass(%s) ORDER BY 1",
            [table.name],
        )
        return [name for (name,) in cursor.fetchall()]


def drop(name: str) -> None:
    """Remove a partition with its rows.

    :raises OperationalError: calls held the table for too long.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _patience(cursor)
        cursor.execute(_LOCK)
        cursor.execute(f"DROP TABLE IF EXISTS {name}")


def replace(table: Table, period: Period, kept: str) -> None:
    """Keep only those rows of a partition of which ``kept`` is true; for a period in which nothing is written any more.

    The new table is filled before anything is locked; then it takes the place of the old one.

    :param kept: a condition on ``row``.
    :raises OperationalError: somebody held the table for too long; everything is as it was.
    """
    name, (low, after) = table.partition(period), period.bounds
    with transaction.atomic(), connection.cursor() as cursor:
        _patience(cursor)
        cursor.execute(_LOCK)
        cursor.execute(f"CREATE TABLE {name}_kept (LIKE {table.name} INCLUDING ALL)")
        cursor.execute(f"INSERT INTO {name}_kept SELECT row.* FROM {name} row WHERE {kept}")  # noqa: S608 - fixed names
        cursor.execute(_guard_of(f"{name}_kept"))
        cursor.execute(f"DROP TABLE {name}")
        cursor.execute(f"ALTER TABLE {name}_kept RENAME TO {name}")
        cursor.execute(f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{after}')")


def _guard(table: Table) -> None:
    """A trigger per statement guards only the table that the statement names, so each partition has its own."""
    guarded = [table.name, *children(table)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relname = ANY(%s) AND c.relnamespace = 'public'::regnamespace"
            " AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only')",
            [guarded],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(_guard_of(name))


def _guard_of(name: str) -> str:
    return (
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}"
        " FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only()"
    )


def _exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        (found,) = cursor.fetchone()
    return bool(found)


def _patience(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{int(limits.PARTITION_LOCK_SECONDS * 1000)}ms"])
