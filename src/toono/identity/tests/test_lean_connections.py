"""The lean way's own connection to PostgreSQL after an outage."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import psycopg_pool
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.stage import free_ports


def test_the_first_request_after_an_outage_finds_a_connection(stack, monkeypatch):
    """A pool left to its own pauses would try again seconds later, and minutes later after a long outage."""
    from toono.identity.operations import lean_batches

    monkeypatch.setattr(lean_batches, "CONNECT_SECONDS", 0.5)
    known = conninfo_to_dict(stack.settings.database_dsn)
    [port] = free_ports(1)
    moved = make_conninfo(**known | {"host": "127.0.0.1", "port": port})
    monkeypatch.setattr(lean_batches, "settings", lambda: SimpleNamespace(database_dsn=moved))

    async def forward(inner, outer):
        while part := await inner.read(65536):
            outer.write(part)
        outer.close()

    async def through(reader, writer):
        there, back = await asyncio.open_connection(known["host"], known["port"])
        await asyncio.gather(forward(reader, back), forward(there, writer))

    async def outage():
        lean = lean_batches.Lean.__new__(lean_batches.Lean)
        lean._connections = None
        pool = await lean._pool()
        try:
            for _ in range(4):
                with pytest.raises(psycopg_pool.PoolTimeout):
                    async with pool.connection():
                        pass
            async with await asyncio.start_server(through, "127.0.0.1", port), pool.connection() as found:
                return found.info.backend_pid
        finally:
            await pool.close()

    assert asyncio.run(outage())
