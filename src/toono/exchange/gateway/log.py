"""The message log: what calls leave behind is committed in groups, and a call goes on only when its entry is durable.

A call appends an entry twice: its request before it is forwarded (so that an outcome that nobody knows can be proven to have been asked), its response
together with the entries of the access ledger before it is answered. Calls that append while a commit is under way share the
next one: one wait for the disk serves them all. ``synchronous_commit`` is on for the gateway's login and set again here.

What can go wrong, and what happens:

- The database cannot be reached: the batch is tried again until its calls give up (:data:`limits.LOG_WAIT_SECONDS`); a call that gives up leaves its batch.
- The connection breaks before the database has confirmed: nobody knows whether it has committed. The batch is kept together and, on the next connection, its rows are
  looked for: all that were written are there, or none.
- One entry cannot be stored: the batch is taken apart and each entry is tried alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import Dumper

from toono.exchange import limits
from toono.exchange.gateway import rows

_log = logging.getLogger(__name__)

_FIND_MESSAGES: Final = f"SELECT id FROM {rows.MESSAGE_TABLE} WHERE id = ANY(%s)"  # noqa: S608 - a fixed name


class _Array:
    """A column of a batch, packed already."""

    def __init__(self, packed: bytes) -> None:
        self.packed = packed


def _array_of(kind: rows.ColumnType) -> type[_Array]:
    return type(f"_ArrayOf{kind.name.capitalize()}", (_Array,), {})


_ARRAYS: Final = {kind: _array_of(kind) for kind in rows.TYPES.values()}


def _dumper_of(kind: rows.ColumnType) -> type[Dumper]:
    class PackedDumper(Dumper):
        format = psycopg.pq.Format.BINARY
        oid = kind.array_oid

        def dump(self, obj: _Array) -> bytes:
            return obj.packed

    return PackedDumper


def _arrays(packed: Sequence[rows.Packed], types: Sequence[rows.ColumnType]) -> list[_Array]:
    return [_ARRAYS[kind](column) for kind, column in zip(types, rows.columns(packed, types), strict=True)]


class LogUnavailable(Exception):
    """The entry was not made durable in time. ``reason`` is stable."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NonceRepeated(Exception):
    """A call with this nonce has been forwarded before."""


@dataclass(slots=True, eq=False)
class Entry:
    """What one call wants durable in one commit."""

    id: UUID
    """Of the message row: by it a commit whose outcome is unknown is looked up."""
    message: rows.Packed
    reading: rows.Packed | None = None
    nonce: rows.NonceRow | None = None
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def size(self) -> int:
        return sum(map(len, self.message)) + (sum(map(len, self.reading)) if self.reading else 0)


class MessageLog:
    """Writers that commit entries in groups. One for a process."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._waiting: deque[Entry] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._writers: list[asyncio.Task[None]] = []
        self._closing = False
        self._connected = 0
        self.commits = 0
        self.entries = 0

    @property
    def healthy(self) -> bool:
        """Whether every writer has a connection."""
        return self._connected == limits.LOG_WRITERS

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def open(self) -> None:
        """Start the writers. The database need not be there yet."""
        self._writers = [asyncio.create_task(self._keep_writing(), name=f"message-log-{n}") for n in range(limits.LOG_WRITERS)]

    async def close(self) -> None:
        """Commit what waits and stop."""
        self._closing = True
        self._arrived.set()
        _, left = await asyncio.wait(self._writers, timeout=limits.LOG_WAIT_SECONDS)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def check_room(self) -> None:
        """:raises LogUnavailable: so much waits already that a new call would wait in vain."""
        if len(self._waiting) >= limits.LOG_QUEUE_ENTRIES or self._waiting_bytes >= limits.LOG_QUEUE_BYTES:
            raise LogUnavailable("overloaded", "The message log cannot take more at the moment.")

    async def append(self, entry: Entry) -> None:
        """Return when ``entry`` is durable.

        :raises LogUnavailable: it is not, within the time limit. It may still become so: then the log tells of a request that was
            not forwarded or an answer that was not given, never the other way round.
        :raises NonceRepeated: nothing was written, the nonce had been used.
        """
        self._waiting.append(entry)
        self._waiting_bytes += entry.size
        self._arrived.set()
        try:
            async with asyncio.timeout(limits.LOG_WAIT_SECONDS):
                await entry.done
        except TimeoutError:
            raise LogUnavailable("database_unavailable", "The message log could not be written in time.") from None

    # -- the writers -------------------------------------------------------------------------------------------------

    def _take_batch(self) -> list[Entry]:
        batch: list[Entry] = []
        size = 0
        while self._waiting and len(batch) < limits.LOG_BATCH_ENTRIES and size < limits.LOG_BATCH_BYTES:
            entry = self._waiting.popleft()
            self._waiting_bytes -= entry.size
            if not entry.done.done():  # its call has given up
                batch.append(entry)
                size += entry.size
        return batch

    async def _keep_writing(self) -> None:
        """A fault nobody thought of ends one batch, whose calls give up in time, and not the writer."""
        while True:
            try:
                return await self._write()  # ends when the log is closed
            except Exception:
                _log.exception("A writer of the message log failed")
                await asyncio.sleep(limits.LOG_RECONNECT_SECONDS[0])

    async def _write(self) -> None:
        connection: AsyncConnection | None = None
        try:
            while not (self._closing and not self._waiting):
                if connection is None:
                    connection = await self._connect()
                    if connection is None:
                        return
                elif not self._waiting:
                    connection = await self._rest(connection)
                elif batch := self._take_batch():
                    connection = await self._store(connection, batch)
        finally:
            if connection is not None:
                await self._give_up(connection)

    async def _rest(self, connection: AsyncConnection) -> AsyncConnection | None:
        """Wait for work. A connection that died meanwhile is noticed now and not by the next call."""
        self._arrived.clear()
        if self._closing:
            return connection
        try:
            async with asyncio.timeout(limits.LOG_IDLE_CHECK_SECONDS):
                await self._arrived.wait()
        except TimeoutError:
            try:
                async with asyncio.timeout(limits.LOG_STATEMENT_SECONDS):
                    await connection.execute("SELECT 1")
            except (psycopg.Error, OSError, TimeoutError):
                await self._give_up(connection)
                return None
        await asyncio.sleep(0)  # calls that are ready in this turn of the loop come along
        return connection

    async def _connect(self) -> AsyncConnection | None:
        pause, longest = limits.LOG_RECONNECT_SECONDS
        while True:
            try:
                async with asyncio.timeout(limits.LOG_WAIT_SECONDS):
                    connection = await AsyncConnection.connect(
                        self._dsn,
                        connect_timeout=3,
                        application_name="toono-gateway",
                        options=f"-c synchronous_commit=on -c statement_timeout={int(limits.LOG_STATEMENT_SECONDS * 1000)} -c timezone=UTC",
                        autocommit=True,
                    )
            except (psycopg.Error, OSError, TimeoutError) as error:
                if self._closing:
                    return None
                _log.warning("The message log cannot reach the database: %s", str(error).strip().splitlines()[-1:] or type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)
            else:
                for kind, array in _ARRAYS.items():
                    connection.adapters.register_dumper(array, _dumper_of(kind))
                self._connected += 1
                return connection

    async def _store(self, connection: AsyncConnection, batch: list[Entry]) -> AsyncConnection | None:
        """Make ``batch`` durable, whatever it takes; the connection to go on with."""
        current: AsyncConnection | None = connection
        uncertain = False
        while batch:
            if current is None:
                current = await self._connect()
                if current is None:
                    return None
            try:
                async with asyncio.timeout(limits.LOG_STATEMENT_SECONDS + 1):
                    if uncertain and (stored := await self._stored(current, batch)):
                        for entry in batch:
                            if entry.id not in stored:  # its nonce had been used
                                _refuse(entry, NonceRepeated())
                        _settle(batch)
                        return current
                    uncertain = False
                    if not (batch := [entry for entry in batch if not entry.done.done()]):
                        return current
                    uncertain = True
                    repeated = await self._commit(current, batch)
            except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
                # the database has refused: certainly nothing was committed
                if len(batch) > 1:
                    for entry in batch:
                        if current is None and (current := await self._connect()) is None:
                            return None
                        current = await self._store(current, [entry])
                    return current
                _log.error("An entry cannot be stored: %s", error)
                _refuse(batch[0], LogUnavailable("database_refused", "The message log refused the record."))
                return current
            except (psycopg.Error, OSError, TimeoutError) as error:
                _log.warning("A commit of %d entries failed: %s", len(batch), str(error).strip() or type(error).__name__)
                await self._give_up(current)
                current = None
                continue
            for entry in repeated:
                _refuse(entry, NonceRepeated())
            _settle(batch)
            return current
        return current

    async def _give_up(self, connection: AsyncConnection) -> None:
        self._connected -= 1
        try:
            async with asyncio.timeout(1):
                await connection.close()
        except (psycopg.Error, OSError, TimeoutError):
            pass

    async def _stored(self, connection: AsyncConnection, batch: Sequence[Entry]) -> set[UUID]:
        found = await (await connection.execute(_FIND_MESSAGES, [[entry.id for entry in batch]])).fetchall()
        return {row[0] for row in found}

    async def _commit(self, connection: AsyncConnection, batch: Sequence[Entry]) -> Sequence[Entry]:
        """One statement, which is one transaction; the entries whose nonce had been used, of which nothing was written."""
        with_nonce = {entry.nonce.nonce: entry for entry in reversed(batch) if entry.nonce is not None}
        twice = [entry for entry in batch if entry.nonce is not None and with_nonce[entry.nonce.nonce] is not entry]
        written = [entry for entry in batch if entry not in twice] if twice else batch
        # In one order everywhere, so that two processes that meet the same nonces wait for each other and never in a circle.
        nonces = [entry.nonce for _, entry in sorted(with_nonce.items(), key=itemgetter(0)) if entry.nonce is not None]
        values = [
            *_arrays([rows.packed(nonce) for nonce in nonces], rows.NONCE_TYPES),
            *_arrays([entry.message for entry in written], rows.MESSAGE_TYPES),
            *_arrays([rows.packed(rows.UsedNonce(entry.nonce.nonce if entry.nonce else None)) for entry in written], rows.USED_TYPES),
            *_arrays([entry.reading for entry in written if entry.reading], rows.LEDGER_TYPES),
        ]
        cursor = await connection.execute(rows.APPEND, values, prepare=True, binary=True)
        fresh = {bytes(nonce) for (nonce,) in await cursor.fetchall()}
        self.commits += 1
        self.entries += len(written)
        if not twice and len(fresh) == len(nonces):
            return ()
        return [entry for entry in batch if entry.nonce is not None and (entry in twice or entry.nonce.nonce not in fresh)]


def _settle(batch: Sequence[Entry]) -> None:
    for entry in batch:
        if not entry.done.done():
            entry.done.set_result(None)


def _refuse(entry: Entry, error: Exception) -> None:
    if not entry.done.done():
        entry.done.set_exception(error)
