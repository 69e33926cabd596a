"""Archive the message log: containers of all messages, in files that can be verified alone and are chained to each other.

Each class of retention has its own chain of archives. A span of the day is archived when it is over and each of its messages is time-stamped, so the same messages always give the same
file: a process that is killed before it has noted a file writes the very same file again. The row comes after the file is safe.

Two processes: one works at a time, by a lock of its connection; and a row is only added behind the row that was the last when the work began.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from toono.exchange import limits
from toono.exchange.adapters.storage import Storage, storage
from toono.exchange.domain import archives, partitions
from toono.exchange.domain.evidence import archive
from toono.exchange.domain.partitions import MESSAGES, Table
from toono.exchange.errors import EvidenceIncomplete
from toono.exchange.models import Archive, MessageRecord
from toono.exchange.operations.evidence import container_of, name_of
from toono.exchange.queries import Shelf
from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.kernel.settings import settings

_log = logging.getLogger(__name__)
_KEY = "hashtext('toono.exchange.archive')"


def archive_due() -> list[str]:
    """Archive every span that is over; names of the files. Nothing where another process is at it.

    :raises ArchiveUnavailable: the storage does not take a file; those before are safe, the rest waits.
    """
    with _alone() as alone:
        if not alone:
            return []
        target = storage(settings())
        return [name for retention, table in MESSAGES.items() for name in _archive_class(retention, table, target)]


@contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({_KEY})")
        (alone,) = cursor.fetchone()
    try:
        yield bool(alone)
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({_KEY})")


@dataclass
class _Filling:
    """An archive that is being filled."""

    containers: list[tuple[str, bytes]] = field(default_factory=list)
    size: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, record: MessageRecord, name: str, content: bytes) -> None:
        self.containers.append((name, content))
        self.size += len(content)
        self.first, self.last = self.first or record.at, record.at

    @property
    def full(self) -> bool:
        return self.size > limits.ARCHIVE_BYTES


def _archive_class(retention: str, table: Table, target: Storage) -> Iterator[str]:
    last = Archive.objects.filter(retention=retention).order_by("-end", "-id").first()
    begin: datetime | None = last.end if last else None
    while (first := _first(table, begin)) is not None:
        span = archives.span(first)
        if not archives.is_settled(span, now()):
            return
        begin = max(begin, span.begin) if begin is not None else span.begin
        filling = _Filling()
        end = _fill(filling, retention, begin, span.end)
        if end is None:
            _log.warning("Messages of class %s from %s on wait for their time-stamp and are not archived yet", retention, begin)
            return
        if filling.containers:
            last = _keep(filling, retention, begin, end, last, target)
            yield last.name
        begin = end


def _first(table: Table, begin: datetime | None) -> datetime | None:
    """Moment of the first signed message from ``begin`` on."""
    low = partitions.floor(begin) if begin is not None else UUID(int=0)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table.name} WHERE id >= %s AND signature IS NOT NULL ORDER BY id LIMIT 1", [low])  # noqa: S608 - fixed names
        row = cursor.fetchone()
    return partitions.moment_of(row[0]) if row else None


def _fill(filling: _Filling, retention: str, begin: datetime, end: datetime) -> datetime | None:
    """Add messages in the order of their ids; the end of what is in, or None where one waits for its time-stamp. A millisecond is never cut in two."""
    shelf, reached = Shelf(), begin
    for records in _records(retention, begin, end):
        shelf.load(records)
        for record in records:
            moment = partitions.moment_of(record.id)
            if filling.full and moment > reached:
                return moment
            reached = moment
            if record.signature is None or (signed := shelf.signed(record.signature)) is None:
                _log.error("Message %s has lost its signature and is not archived", record.id)
                continue
            if shelf.stamped(signed.id) is None:
                return None
            try:
                filling.add(record, name_of(record), container_of(shelf, record))
            except EvidenceIncomplete as error:
                # It stays in the database: its partition is dropped only when all of it is archived (``prune.py``).
                _log.error("Message %s cannot be archived: %s", record.id, error)
    return end


def _records(retention: str, begin: datetime, end: datetime) -> Iterator[list[MessageRecord]]:
    """Signed messages in the order of their ids, by groups that are small in number and in bytes."""
    low, after = partitions.floor(begin), partitions.floor(end)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, length(head) + length(body) FROM exchange_messagerecord WHERE retention = %s AND signature IS NOT NULL"
                " AND id >= %s AND id < %s ORDER BY id LIMIT %s",
                [retention, low, after, limits.ARCHIVE_ROWS],
            )
            sizes = cursor.fetchall()
        group: list[UUID] = []
        weight = 0
        for identifier, size in sizes:
            group.append(identifier)
            weight += size
            if weight > limits.ARCHIVE_BYTES or identifier == sizes[-1][0]:
                yield list(MessageRecord.objects.filter(retention=retention, id__in=group).order_by("id"))
                group, weight = [], 0
        if len(sizes) < limits.ARCHIVE_ROWS:
            return
        low = UUID(int=sizes[-1][0].int + 1)


def _keep(filling: _Filling, retention: str, begin: datetime, end: datetime, last: Archive | None, target: Storage) -> Archive:
    """Write the file, then note it."""
    assert filling.first is not None and filling.last is not None  # noqa: S101 - there is a container
    previous = bytes(last.digest) if last else archive.FIRST
    content = archive.write(filling.containers, previous, last.name if last else "")
    digest = archive.last_digest(content)  # reads the file as a verifier does, so that nothing is kept that does not hold
    name = archives.name(retention, filling.first, filling.last, content)
    target.write(name, content)
    row = Archive(
        id=uuid7(), name=name, retention=retention, begin=begin, end=end, messages=len(filling.containers), size=len(content), digest=digest,
        previous=previous, written_at=now(),
    )  # fmt: skip
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock({_KEY})")
        newest = Archive.objects.filter(retention=retention).order_by("-end", "-id").first()
        if (newest.id if newest else None) != (last.id if last else None):
            raise RuntimeError(f"Two processes archived the class {retention} at the same time")
        row.save(force_insert=True)
    return row
