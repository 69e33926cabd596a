"""The message log: what calls leave behind is signed and committed in batches, and a call goes on only when its entry is durable.

A call appends an entry twice: its request before it is forwarded (so that an outcome that nobody knows can be proven to have been asked), its response
together with the entries of the access ledger before it is answered. Calls that append while a commit is under way share the
next one: one signature of each member and one wait for the disk serve them all. Each writer keeps a chain of its own, from its start to its end; the chain goes on only
from what was certainly committed. ``synchronous_commit`` is on for the gateway's login and set again here.

What can go wrong, and what happens:

- A member's messages cannot be signed: its calls are refused, the others go on.
- The database cannot be reached: the batch is tried again until its calls give up (:data:`limits.LOG_WAIT_SECONDS`); a batch of which nobody waits any more is left.
- The connection breaks before the database has confirmed: nobody knows whether it has committed. The very same batch is written again, under the same id: the database takes
  it once, and says so if it had it already.
- What may be used once was used before: those calls are refused, the rest is sealed anew.
- One entry cannot be stored: the batch is taken apart and each entry is tried alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from time import monotonic
from typing import Final

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.adapt import Dumper

from toono.exchange import limits
from toono.exchange.gateway import rows
from toono.exchange.gateway.sealing import Chain, Entry, Sealed, Sealer

_log = logging.getLogger(__name__)

_FIND_BATCH: Final = f"SELECT 1 FROM {rows.BATCH_TABLE} WHERE id = $1"  # noqa: S608 - a fixed name
_FIND_NONCES: Final = f"SELECT nonce FROM {rows.NONCE_TABLE} WHERE nonce = ANY($1)"  # noqa: S608 - a fixed name


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
    """What the call wanted to use up (its first such) had been used before."""

    def __init__(self, nonce: rows.NonceRow) -> None:
        super().__init__()
        self.nonce = nonce


class _Outcome(Enum):
    COMMITTED = auto()
    USED_BEFORE = auto()
    """Something in it may be used once and was; nothing was written."""


class MessageLog:
    """Writers that seal and commit entries in batches. One for a process."""

    def __init__(self, dsn: str, sealer: Sealer, *, gateway: str) -> None:
        self._dsn, self._sealer, self._gateway = dsn, sealer, gateway
        self._waiting: deque[Entry] = deque()
        self._waiting_bytes = 0
        self._arrived, self._turn = asyncio.Event(), asyncio.Lock()
        self._next_batch_at = 0.0
        self._writers: list[asyncio.Task[None]] = []
        self._closing = False
        self._connections: set[AsyncConnection] = set()
        self.commits = 0
        self.entries = 0

    @property
    def healthy(self) -> bool:
        """Whether every writer has a connection."""
        return len(self._connections) == limits.LOG_WRITERS

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
        :raises NonceRepeated: nothing was written, something had been used before.
        :raises SigningFailed: nothing was written, the member's key does not sign.
        """
        self._waiting.append(entry)
        self._waiting_bytes += entry.size
        self._arrived.set()
        giving_up = asyncio.get_running_loop().call_later(limits.LOG_WAIT_SECONDS, entry.refuse, _too_late())
        try:
            await entry.done
        finally:
            giving_up.cancel()

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
            except _Abandoned:
                _log.warning("A batch was left whose outcome is not known; the writer begins a new chain.")
            except Exception:
                _log.exception("A writer of the message log failed")
                await asyncio.sleep(limits.LOG_RECONNECT_SECONDS[0])

    async def _write(self) -> None:
        connection: AsyncConnection | None = None
        chain = Chain(self._gateway)
        try:
            while not (self._closing and not self._waiting):
                if connection is None:
                    connection = await self._connect()
                    if connection is None:
                        return
                elif (batch := await self._gather()) is None:
                    connection = await self._check(connection)
                elif batch:
                    connection = await self._store(connection, batch, chain)
        finally:
            if connection is not None:
                await self._give_up(connection)

    async def _gather(self) -> list[Entry] | None:
        """What waits, for one writer at a time; None where nothing came for a while.

        Where nothing was written just now, a batch begins at once. Under load it begins some milliseconds after the one before: a few signatures and one commit then serve the calls of
        that time, and the processor has more left for each of them than they have waited.
        """
        try:
            async with asyncio.timeout(limits.LOG_IDLE_CHECK_SECONDS), self._turn:
                while not self._waiting and not self._closing:
                    self._arrived.clear()
                    await self._arrived.wait()
                pause = self._next_batch_at - monotonic()
                await asyncio.sleep(pause if pause > 0 and len(self._waiting) < limits.LOG_BATCH_ENTRIES else 0)
                self._next_batch_at = monotonic() + limits.LOG_GATHER_SECONDS
                return self._take_batch()
        except TimeoutError:
            return None

    async def _check(self, connection: AsyncConnection) -> AsyncConnection | None:
        """A connection that died while nothing was written is noticed now and not by the next call."""
        try:
            async with asyncio.timeout(limits.LOG_STATEMENT_SECONDS):
                await connection.execute("SELECT 1")
        except (psycopg.Error, OSError, TimeoutError):
            await self._give_up(connection)
            return None
        return connection

    async def _connect(self) -> AsyncConnection | None:
        pause, longest = limits.LOG_RECONNECT_SECONDS
        while True:
            try:
                async with asyncio.timeout(limits.LOG_WAIT_SECONDS):
                    connection = await AsyncConnection.connect(
                        self._dsn,
                        cursor_factory=AsyncRawCursor,
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
                self._connections.add(connection)
                return connection

    async def _store(self, connection: AsyncConnection, batch: list[Entry], chain: Chain) -> AsyncConnection | None:
        """Make ``batch`` durable, whatever it takes; the connection to go on with."""
        current: AsyncConnection | None = connection
        batch = _without_repetitions(batch)
        while batch and (sealed := await self._sealer.seal(batch, chain)) is not None:
            try:
                current, outcome = await self._commit_surely(current, sealed)
            except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
                # the database has refused: certainly nothing was committed
                if len(sealed.entries) == 1:
                    _log.error("An entry cannot be stored: %s", error)
                    sealed.entries[0].refuse(LogUnavailable("database_refused", "The message log refused the record."))
                    return current
                for entry in sealed.entries:
                    if current is None and (current := await self._connect()) is None:
                        return None
                    current = await self._store(current, [entry], chain)
                return current
            if outcome is _Outcome.COMMITTED:
                chain.advance(sealed)
                self.commits += 1
                self.entries += len(sealed.entries)
                for entry in sealed.entries:
                    if not entry.done.done():
                        entry.done.set_result(None)
                return current
            if outcome is None:
                return current  # nobody waits any more
            batch = [entry for entry in sealed.entries if not entry.done.done()]
        return current

    async def _commit_surely(self, connection: AsyncConnection | None, sealed: Sealed) -> tuple[AsyncConnection | None, _Outcome | None]:
        """Write one sealed batch until its outcome is known, or until nobody waits for it; then the outcome is None.

        The chain does not go on from a batch of unknown outcome: a writer that leaves one begins a new chain (see ``_keep_writing``).
        """
        uncertain = False
        while True:
            if connection is None and (connection := await self._connect()) is None:
                return None, None
            if uncertain and all(entry.done.done() for entry in sealed.entries):
                await self._give_up(connection)
                raise _Abandoned
            try:
                async with asyncio.timeout(limits.LOG_STATEMENT_SECONDS + 1):
                    return connection, await self._commit(connection, sealed, uncertain=uncertain)
            except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError):
                raise
            except (psycopg.Error, OSError, TimeoutError) as error:
                _log.warning("A commit of %d entries failed: %s", len(sealed.entries), str(error).strip() or type(error).__name__)
                await self._give_up(connection)
                connection, uncertain = None, True

    async def _commit(self, connection: AsyncConnection, sealed: Sealed, *, uncertain: bool) -> _Outcome:
        """One statement, which is one transaction."""
        values = [array for packed, types in sealed.values for array in _arrays(packed, types)]
        try:
            await connection.execute(rows.APPEND, values, prepare=True, binary=True)
        except psycopg.errors.UniqueViolation:
            if uncertain and await (await connection.execute(_FIND_BATCH, [sealed.id])).fetchone() is not None:
                return _Outcome.COMMITTED
            if not await self._refuse_used(connection, sealed.entries):
                raise
            return _Outcome.USED_BEFORE
        return _Outcome.COMMITTED

    async def _refuse_used(self, connection: AsyncConnection, entries: Sequence[Entry]) -> bool:
        """Refuse the entries that need what was used before; whether there were any."""
        wanted = [nonce.nonce for entry in entries for nonce in entry.nonces]
        found = await (await connection.execute(_FIND_NONCES, [wanted])).fetchall()
        used = {bytes(nonce) for (nonce,) in found}
        for entry in entries:
            repeated = next((nonce for nonce in entry.nonces if nonce.nonce in used), None)
            if repeated is not None:
                entry.refuse(NonceRepeated(repeated))
        return bool(used)

    async def _give_up(self, connection: AsyncConnection) -> None:
        self._connections.discard(connection)
        try:
            async with asyncio.timeout(1):
                await connection.close()
        except (psycopg.Error, OSError, TimeoutError):
            pass


def _too_late() -> LogUnavailable:
    return LogUnavailable("database_unavailable", "The message log could not be written in time.")


class _Abandoned(Exception):
    """Nobody waits for a batch whose outcome is not known."""


def _without_repetitions(batch: list[Entry]) -> list[Entry]:
    """``batch`` without those that want what an earlier one in it uses up."""
    used: set[bytes] = set()
    kept = []
    for entry in batch:
        repeated = next((nonce for nonce in entry.nonces if nonce.nonce in used), None)
        if repeated is not None:
            entry.refuse(NonceRepeated(repeated))
            continue
        used.update(nonce.nonce for nonce in entry.nonces)
        kept.append(entry)
    return kept
