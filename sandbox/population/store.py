"""The register's table: written once by COPY, read whole into memory at start."""

from __future__ import annotations

import asyncio
from typing import Any, LiteralString

from psycopg import sql
from psycopg.rows import class_row

from sandbox.database import Pool
from sandbox.population import generate
from sandbox.population.persons import COLUMNS, Citizen, row

_TABLE: LiteralString = """
CREATE TABLE citizen (
    civil_id text PRIMARY KEY, regnum text NOT NULL UNIQUE,
    clan_name text NOT NULL, patronymic text NOT NULL, given_name text NOT NULL,
    birth_date text NOT NULL, sex text NOT NULL, citizenship text NOT NULL, phone text UNIQUE,
    aimag_code text NOT NULL, soum_code text NOT NULL, bag_code text NOT NULL,
    aimag text NOT NULL, soum text NOT NULL, bag text NOT NULL,
    street text, building text, door text, text text NOT NULL, registered_on text NOT NULL,
    cast_key text UNIQUE, cast_part text
)
"""
_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
_COPY = sql.SQL("COPY citizen ({}) FROM STDIN").format(_COLUMNS)
_ALL = sql.SQL("SELECT {} FROM citizen ORDER BY cast_key IS NULL, aimag_code, civil_id").format(_COLUMNS)


async def ensure(pool: Pool) -> bool:
    """Make the data set if it is absent or another version. True if it was made."""
    version = generate.version()
    async with pool.connection() as connection, connection.transaction():
        # One process makes it; others wait here and then see that it is there.
        await connection.execute("SELECT pg_advisory_xact_lock(20251123)")
        found = await (await connection.execute("SELECT version FROM dataset WHERE name = 'population'")).fetchone()
        if found is not None and found[0] == version:
            return False
        await connection.execute("DROP TABLE IF EXISTS citizen")
        await connection.execute(_TABLE)
        rows: list[tuple[Any, ...]] = await asyncio.to_thread(lambda: [row(c) for c in generate.citizens()])
        async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for line in rows:
                await copy.write_row(line)
        await connection.execute(
            "INSERT INTO dataset (name, version) VALUES ('population', %s)"
            " ON CONFLICT (name) DO UPDATE SET version = excluded.version, made_at = now()",
            (version,),
        )
    return True


async def everybody(pool: Pool) -> list[Citizen]:
    """All citizens, the cast first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Citizen)) as cursor:
        await cursor.execute(_ALL)
        return await cursor.fetchall()
