"""The sandbox's own database: made at start, thrown away at will."""

from __future__ import annotations

from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

SCHEMA: LiteralString = """
CREATE TABLE IF NOT EXISTS dataset (
    name text PRIMARY KEY,
    version text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS sms_text (
    id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    system_id text NOT NULL,
    sender text NOT NULL,
    phone text NOT NULL,
    body text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS sms_text_by_phone ON sms_text (phone, number);
CREATE TABLE IF NOT EXISTS sms_part (
    system_id text NOT NULL, sender text NOT NULL, phone text NOT NULL,
    reference integer NOT NULL, total integer NOT NULL, sequence integer NOT NULL,
    body text NOT NULL, at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (system_id, sender, phone, reference, total, sequence)
);
CREATE TABLE IF NOT EXISTS sms_submission (
    id text PRIMARY KEY,
    system_id text NOT NULL,
    sender text NOT NULL,
    phone text NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS sms_receipt (
    id text PRIMARY KEY,
    system_id text NOT NULL,
    sender text NOT NULL,
    phone text NOT NULL,
    state text NOT NULL,
    user_reference integer,
    submitted_at timestamptz NOT NULL
);
"""

_ONE_START_AT_A_TIME: LiteralString = "SELECT pg_advisory_xact_lock(20251122)"


async def open_pool(database_url: str) -> Pool:
    """A pool of connections to a database that has the tables.

    :raises psycopg.OperationalError: the database does not answer within 30 s.
    """
    check = AsyncConnectionPool.check_connection  # a restarted database leaves dead connections in the pool
    pool: Pool = AsyncConnectionPool(database_url, min_size=1, max_size=6, open=False, kwargs={"autocommit": True}, check=check)
    await pool.open(wait=True, timeout=30)
    async with pool.connection() as connection, connection.transaction():
        # Two sandboxes may start at the same time on one database; CREATE IF NOT EXISTS alone may collide.
        await connection.execute(_ONE_START_AT_A_TIME)
        for statement in SCHEMA.split(";"):
            if statement.strip():
                await connection.execute(statement)
    return pool
