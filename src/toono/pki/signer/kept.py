"""What the signer remembers by itself: SQLite with full synchronisation, so what was answered survives kill -9 and a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection, connect


class Kept:
    """Tables in one file, which several signers of one home share. Called from one thread."""

    def __init__(self, file: Path, tables: str) -> None:
        """:param tables: SQL that makes them where they are missing."""
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file, self._tables = file, tables
        self._opened: Connection | None = None

    @property
    def _database(self) -> Connection:
        if self._opened is None:
            opened = connect(self._file, isolation_level=None, timeout=5.0, check_same_thread=False)
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA synchronous = FULL")
            opened.execute("PRAGMA foreign_keys = ON")
            opened.executescript(self._tables)
            self._opened = opened
        return self._opened

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")
