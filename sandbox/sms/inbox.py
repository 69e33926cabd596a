"""What the operator keeps: texts, parts of texts, receipts not yet taken. In the database: a restart loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row

from sandbox.database import Pool
from sandbox.sms.texts import Part


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One accepted submit_sm."""

    id: str
    system_id: str
    sender: str
    phone: str
    state: str
    """``DELIVRD`` or ``UNDELIV``, as receipts say it."""
    receipt_wanted: bool
    user_reference: int | None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A receipt that the sender of a text has not taken yet."""

    id: str
    system_id: str
    sender: str
    phone: str
    state: str
    user_reference: int | None
    submitted_at: datetime


_PARTS = """
SELECT body FROM sms_part
WHERE system_id = %s AND sender = %s AND phone = %s AND reference = %s AND total = %s ORDER BY sequence
"""
_FORGET_PARTS = """
DELETE FROM sms_part WHERE system_id = %s AND sender = %s AND phone = %s AND reference = %s AND total = %s
"""


class Inbox:
    """The operator's memory."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def accept(self, submission: Submission, part: Part) -> None:
        """Keep a text (or a part; the last part makes the text) and, where wanted, the receipt to give."""
        s = submission
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO sms_submission (id, system_id, sender, phone, state) VALUES (%s, %s, %s, %s, %s)",
                (s.id, s.system_id, s.sender, s.phone, s.state),
            )
            body = part.body if part.total == 1 else await self._join(connection, s, part)
            if body is not None and s.state == "DELIVRD":
                await connection.execute(
                    "INSERT INTO sms_text (id, system_id, sender, phone, body) VALUES (%s, %s, %s, %s, %s)",
                    (s.id, s.system_id, s.sender, s.phone, body.replace("\x00", "")),
                )
            if s.receipt_wanted:
                await connection.execute(
                    "INSERT INTO sms_receipt (id, system_id, sender, phone, state, user_reference, submitted_at)"
                    " VALUES (%s, %s, %s, %s, %s, %s, now())",
                    (s.id, s.system_id, s.sender, s.phone, s.state, s.user_reference),
                )

    async def _join(self, connection: Any, submission: Submission, part: Part) -> str | None:
        """Keep a part; the whole text when no part is missing any more."""
        key = (submission.system_id, submission.sender, submission.phone, part.reference, part.total)
        await connection.execute(
            "INSERT INTO sms_part (system_id, sender, phone, reference, total, sequence, body)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (system_id, sender, phone, reference, total, sequence)"
            " DO UPDATE SET body = excluded.body, at = now()",
            (*key, part.sequence, part.body.replace("\x00", "")),
        )
        rows = await (await connection.execute(_PARTS, key)).fetchall()
        if len(rows) < part.total:
            return None
        await connection.execute(_FORGET_PARTS, key)
        return "".join(body for (body,) in rows)

    async def texts(self, phone: str) -> list[dict[str, Any]]:
        """Texts that a phone got, newest last."""
        async with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(
                'SELECT id, sender AS "from", phone AS "to", body AS text, at FROM sms_text WHERE phone = %s ORDER BY number',
                (phone,),
            )
            return [{**text, "at": text["at"].isoformat()} for text in await cursor.fetchall()]

    async def empty(self, phone: str) -> None:
        """Throw away what a phone got."""
        async with self._pool.connection() as connection:
            await connection.execute("DELETE FROM sms_text WHERE phone = %s", (phone,))

    async def receipts(self, system_id: str) -> list[Receipt]:
        """Receipts that a login has not taken yet, oldest first."""
        async with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Receipt)) as cursor:
            await cursor.execute(
                "SELECT id, system_id, sender, phone, state, user_reference, submitted_at FROM sms_receipt"
                " WHERE system_id = %s ORDER BY submitted_at LIMIT 100",
                (system_id,),
            )
            return await cursor.fetchall()

    async def taken(self, receipt_id: str) -> None:
        """The login has acknowledged a receipt."""
        async with self._pool.connection() as connection:
            await connection.execute("DELETE FROM sms_receipt WHERE id = %s", (receipt_id,))

    async def state(self, system_id: str, message_id: str) -> str | None:
        """What became of a submission of this login; None if there is none."""
        async with self._pool.connection() as connection:
            found = await (
                await connection.execute("SELECT state FROM sms_submission WHERE id = %s AND system_id = %s", (message_id, system_id))
            ).fetchone()
        return None if found is None else str(found[0])
