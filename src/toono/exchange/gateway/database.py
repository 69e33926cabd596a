"""What the gateway asks of the database beside its log: consents, counts, what was answered under a key. Short questions, each with its own limit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection

from toono.exchange import limits


class DatabaseUnavailable(Exception):
    """The database gave no answer in time."""


class Database:
    """A few connections with the gateway's login, made when they are needed. Used from one event loop."""

    def __init__(self, dsn: str, *, connections: int = limits.DATABASE_CONNECTIONS) -> None:
        self._dsn = dsn
        self._idle: deque[AsyncConnection] = deque()
        self._places = asyncio.Semaphore(connections)

    async def fetch(self, query: str, values: Sequence[Any] = (), *, seconds: float = limits.DATABASE_SECONDS) -> list[tuple[Any, ...]]:
        """The rows of one statement, committed by itself.

        :raises DatabaseUnavailable: not in time, or not at all.
        """
        try:
            async with asyncio.timeout(seconds), self._places:
                return await self._fetch(query, values)
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError) as error:
            raise DatabaseUnavailable(str(error).strip() or type(error).__name__) from error

    async def _fetch(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        connection, used = await self._take()
        try:
            found = await _ask(connection, query, values)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            await connection.close()
            if not used:
                raise
            connection = await self._connect()  # the kept one was broken: nothing was done on it
            found = await _ask(connection, query, values)
        except BaseException:
            await connection.close()  # a statement may still be under way on it
            raise
        self._idle.append(connection)
        return found

    async def _take(self) -> tuple[AsyncConnection, bool]:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection, True
        return await self._connect(), False

    async def _connect(self) -> AsyncConnection:
        return await AsyncConnection.connect(
            self._dsn,
            connect_timeout=3,
            application_name="toono-gateway",
            options=f"-c statement_timeout={int(limits.DATABASE_SECONDS * 1000)} -c timezone=UTC",
            autocommit=True,
        )

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()


async def _ask(connection: AsyncConnection, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(query, values)
    return await cursor.fetchall() if cursor.description is not None else []
