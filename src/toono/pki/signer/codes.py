"""One-time codes that the signer itself draws and checks: the second factor of a natural person's key.

The process that sends a code may not type it in, the one in which it is typed never sees it before, and the database holds nothing of it. A code
belongs to one holder, one confirmation and the phone number that stood at the holder's first code: whoever changes the number elsewhere waits
:data:`NUMBER_WAITS` before a code goes there. A try is counted, durably, before it is compared, so a power cut between the two costs the guesser a try.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection

from toono.pki.signer.kept import Kept

CODE_LIFETIME = timedelta(minutes=5)
ENTERED_LIFETIME = timedelta(minutes=6)
"""How long after a right entry something may be signed by it: the five minutes of the activation's proof, and the clocks' difference."""
TRIES = 5
MOST_A_DAY = 60
"""Codes of one holder; whoever lets codes be drawn to guess at them gets five times so many guesses at a million."""
FAILURES_BEFORE_LOCK = 10
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=15), timedelta(hours=24)
NUMBER_WAITS = timedelta(days=3)
"""How long a new phone number gets no codes: long enough for its holder to hear of a change that they did not make."""
KEPT = timedelta(days=1)
CODE = re.compile(r"[0-9]{6}")
CONFIRMS = re.compile(r"[\x21-\x7e]{1,128}")

_TABLES = """
CREATE TABLE IF NOT EXISTS holder (
    id TEXT PRIMARY KEY, number BLOB NOT NULL, next_number BLOB, next_from REAL, failures INTEGER NOT NULL DEFAULT 0, locked_until REAL
);
CREATE TABLE IF NOT EXISTS code (
    id TEXT PRIMARY KEY, holder TEXT NOT NULL, confirms TEXT NOT NULL, mac BLOB NOT NULL, drawn_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, entered_at REAL
);
CREATE INDEX IF NOT EXISTS code_of_holder ON code (holder, drawn_at);
"""


class CodeRefused(Exception):
    """No code is drawn; the argument is the stable word for why."""


class Verdict(StrEnum):
    """What a typed code is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED_UP = "used_up"
    LOCKED = "locked"
    UNKNOWN = "unknown"


class Codes(Kept):
    """The codes of one signer; several signers of one home share them. Called from one thread."""

    def __init__(self, file: Path, clock: Callable[[], datetime], secret: bytes) -> None:
        super().__init__(file, _TABLES)
        self._clock, self._secret = clock, secret

    def draw(self, identifier: str, holder: str, confirms: str, number: str) -> str:
        """A new code of six digits. Drawn again, the earlier is worth nothing and its tries stay counted.

        :raises CodeRefused: ``number_new``, ``holder_locked``, ``codes_too_many``, ``code_used``, ``code_differs``.
        """
        if not self._is_number_of(holder, number):
            raise CodeRefused("number_new")
        moment = self._clock()
        code = f"{secrets.randbelow(10**6):06d}"
        with self._transaction() as database:
            database.execute("DELETE FROM code WHERE drawn_at < ?", [(moment - KEPT).timestamp()])
            self._refuse_if_too_many(database, identifier, holder, confirms, moment)
            database.execute(
                "INSERT INTO code (id, holder, confirms, mac, drawn_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET mac = excluded.mac, drawn_at = excluded.drawn_at",
                [identifier, holder, confirms, self._mac("code", identifier, code), moment.timestamp()],
            )
        return code

    def enter(self, identifier: str, holder: str, code: str) -> Verdict:
        """What ``code`` is worth. The try is durable before the comparison; a right code may be typed again and changes nothing."""
        found = self._counted(identifier, holder)
        if isinstance(found, Verdict):
            return found
        if not hmac.compare_digest(self._mac("code", identifier, code), found):
            return Verdict.WRONG
        with self._transaction() as database:
            database.execute(
                "UPDATE code SET entered_at = coalesce(entered_at, ?) WHERE id = ?", [self._clock().timestamp(), identifier]
            )  # fmt: skip
            database.execute("UPDATE holder SET failures = 0, locked_until = NULL WHERE id = ?", [holder])
        return Verdict.RIGHT

    def confirmed(self, identifier: str, holder: str) -> str | None:
        """What this holder confirmed by this code a moment ago; None if nothing."""
        row = self._database.execute(
            "SELECT confirms FROM code WHERE id = ? AND holder = ? AND entered_at >= ?",
            [identifier, holder, (self._clock() - ENTERED_LIFETIME).timestamp()],
        ).fetchone()
        return None if row is None else str(row[0])

    def usable_from(self, holder: str, number: str) -> datetime | None:
        """When codes begin to go to this number; None where they do already. A holder's first number is not taken from here; another than theirs begins to wait."""
        if self._database.execute("SELECT 1 FROM holder WHERE id = ?", [holder]).fetchone() is None or self._is_number_of(holder, number):
            return None
        row = self._database.execute("SELECT next_from FROM holder WHERE id = ?", [holder]).fetchone()
        return datetime.fromtimestamp(row[0], tz=UTC)

    def _is_number_of(self, holder: str, number: str) -> bool:
        """The first number stays; another one is noted and counts after its time. Committed by itself, so that the waiting begins."""
        given, moment = self._mac("number", holder, number), self._clock()
        with self._transaction() as database:
            database.execute("INSERT INTO holder (id, number) VALUES (?, ?) ON CONFLICT (id) DO NOTHING", [holder, given])
            known, waiting, begins = database.execute("SELECT number, next_number, next_from FROM holder WHERE id = ?", [holder]).fetchone()
            if known == given:
                database.execute("UPDATE holder SET next_number = NULL, next_from = NULL WHERE id = ? AND next_number NOT NULL", [holder])
                return True
            if waiting == given and moment.timestamp() >= begins:
                database.execute("UPDATE holder SET number = ?, next_number = NULL, next_from = NULL WHERE id = ?", [given, holder])
                return True
            if waiting != given:
                from_when = (moment + NUMBER_WAITS).timestamp()
                database.execute("UPDATE holder SET next_number = ?, next_from = ? WHERE id = ?", [given, from_when, holder])
        return False

    def _refuse_if_too_many(self, database: Connection, identifier: str, holder: str, confirms: str, moment: datetime) -> None:
        if _is_locked(database, holder, moment):
            raise CodeRefused("holder_locked")
        row = database.execute("SELECT holder, confirms, entered_at FROM code WHERE id = ?", [identifier]).fetchone()
        if row is not None and (row[0], row[1]) != (holder, confirms):
            raise CodeRefused("code_differs")
        if row is not None and row[2] is not None:
            raise CodeRefused("code_used")
        if database.execute("SELECT count(*) FROM code WHERE holder = ?", [holder]).fetchone()[0] >= MOST_A_DAY:
            raise CodeRefused("codes_too_many")

    def _counted(self, identifier: str, holder: str) -> Verdict | bytes:
        """The code's MAC, after one more try was counted; or why there is nothing to compare."""
        moment = self._clock()
        with self._transaction() as database:
            row = database.execute("SELECT holder, mac, drawn_at, tries, entered_at FROM code WHERE id = ?", [identifier]).fetchone()
            if row is None or row[0] != holder:
                return Verdict.UNKNOWN
            if row[4] is not None:
                return bytes(row[1])  # nothing more to be won by guessing it
            if _is_locked(database, holder, moment):
                return Verdict.LOCKED
            if row[3] >= TRIES:
                return Verdict.USED_UP
            if moment.timestamp() > row[2] + CODE_LIFETIME.total_seconds():
                return Verdict.EXPIRED
            database.execute("UPDATE code SET tries = tries + 1 WHERE id = ?", [identifier])
            database.execute("UPDATE holder SET failures = failures + 1 WHERE id = ?", [holder])
            failures = database.execute("SELECT failures FROM holder WHERE id = ?", [holder]).fetchone()[0]
            if failures % FAILURES_BEFORE_LOCK == 0:
                lock = min(FIRST_LOCK * 2 ** min(failures // FAILURES_BEFORE_LOCK - 1, 20), LONGEST_LOCK)
                database.execute("UPDATE holder SET locked_until = ? WHERE id = ?", [(moment + lock).timestamp(), holder])
        return bytes(row[1])

    def _mac(self, purpose: str, owner: str, value: str) -> bytes:
        """Who reads the file without the signer's secret can try no values."""
        return hmac.new(self._secret, f"{purpose}\0{owner}\0{value}".encode(), sha256).digest()


def _is_locked(database: Connection, holder: str, moment: datetime) -> bool:
    row = database.execute("SELECT locked_until FROM holder WHERE id = ?", [holder]).fetchone()
    return row is not None and row[0] is not None and moment.timestamp() < row[0]


def derived_secret(passphrase: str) -> bytes:
    """The key of the codes' digests, from what opens the key store: it stands on no disk beside the codes."""
    return hmac.new(passphrase.encode(), b"toono.pki.signer.codes", sha256).digest()
