"""Activations: what a key of a natural person may sign, because its holder has confirmed exactly that.

An activation names one key, the digests, and an end. It is granted by one process and used by another (``rights.py``), so the bearer token of
neither signs anything. What was signed under it is kept, so a request that is repeated after a lost answer gets the same signatures and
nothing is signed a second time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from toono.pki.signer.kept import Kept

HELD_BY_PERSONS = ("person/*", "officer/*", "auth/*")
"""Keys that never sign without an activation."""
IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST_SECONDS = 600
MOST_DIGESTS = 100
KEPT = timedelta(days=1)
"""How long a used or expired activation is remembered: longer than any client asks again."""

_TABLES = """
CREATE TABLE IF NOT EXISTS activation (id TEXT PRIMARY KEY, key TEXT NOT NULL, ends_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS digest (
    activation TEXT NOT NULL REFERENCES activation (id) ON DELETE CASCADE, digest BLOB NOT NULL, signature BLOB,
    PRIMARY KEY (activation, digest)
);
"""


class Refused(Exception):
    """The activation does not allow this; the argument is the stable word for why."""


def needs_activation(label: str) -> bool:
    """Whether a key of this label signs only what its holder has confirmed."""
    return any(fnmatchcase(label, pattern) for pattern in HELD_BY_PERSONS)


class Activations(Kept):
    """The activations of one signer; several signers of one home share them. Called from one thread."""

    def __init__(self, file: Path, clock: Callable[[], datetime]) -> None:
        super().__init__(file, _TABLES)
        self._clock = clock

    def grant(self, identifier: str, key: str, digests: Sequence[bytes], seconds: int) -> None:
        """Let ``key`` sign each of ``digests`` once within ``seconds``. The same again changes nothing.

        :raises Refused: ``activation_differs``: another activation has this name.
        """
        moment = self._clock()
        with self._transaction() as database:
            database.execute("DELETE FROM activation WHERE ends_at < ?", [(moment - KEPT).timestamp()])
            found = database.execute("SELECT key FROM activation WHERE id = ?", [identifier]).fetchone()
            if found is not None:
                known = {row[0] for row in database.execute("SELECT digest FROM digest WHERE activation = ?", [identifier])}
                if found[0] != key or known != set(digests):
                    raise Refused("activation_differs")
                return
            ends_at = (moment + timedelta(seconds=seconds)).timestamp()
            database.execute("INSERT INTO activation VALUES (?, ?, ?)", [identifier, key, ends_at])
            database.executemany("INSERT INTO digest VALUES (?, ?, NULL)", [(identifier, digest) for digest in dict.fromkeys(digests)])

    def end(self, identifier: str) -> None:
        """Nothing more is signed under it; what was signed can still be asked for again."""
        with self._transaction() as database:
            database.execute("UPDATE activation SET ends_at = min(ends_at, ?) WHERE id = ?", [self._clock().timestamp(), identifier])

    def granted(self, identifier: str, key: str) -> bool:
        """Whether such an activation was granted and has not ended."""
        row = self._database.execute("SELECT ends_at FROM activation WHERE id = ? AND key = ?", [identifier, key]).fetchone()
        return row is not None and self._clock().timestamp() <= row[0]

    def sign(self, identifier: str, key: str, digests: Sequence[bytes], make: Callable[[Sequence[bytes]], list[bytes]]) -> list[bytes]:
        """Signatures over ``digests``: those made before, and new ones by ``make``, durable before they are given.

        The lock on the database is held while ``make`` works (less than a millisecond a signature), so that two who ask at once get the
        same signatures.

        :raises Refused: ``activation_unknown``, ``activation_expired``, ``activation_differs`` (another key, another digest).
        """
        with self._transaction() as database:
            row = database.execute("SELECT key, ends_at FROM activation WHERE id = ?", [identifier]).fetchone()
            if row is None:
                raise Refused("activation_unknown")
            known = dict(database.execute("SELECT digest, signature FROM digest WHERE activation = ?", [identifier]).fetchall())
            if row[0] != key or not set(digests) <= known.keys():
                raise Refused("activation_differs")
            new = [digest for digest in dict.fromkeys(digests) if known[digest] is None]
            if new and self._clock().timestamp() > row[1]:
                raise Refused("activation_expired")
            made = dict(zip(new, make(new), strict=True)) if new else {}
            rows = [(signature, identifier, digest) for digest, signature in made.items()]
            database.executemany("UPDATE digest SET signature = ? WHERE activation = ? AND digest = ?", rows)
        return [made.get(digest) or known[digest] for digest in digests]
