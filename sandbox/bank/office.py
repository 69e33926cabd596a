"""The bank's books: invoices in the sandbox's database, and notices to whoever opened them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import httpx
from psycopg.rows import class_row

from sandbox.database import Pool

log = logging.getLogger("sandbox.bank")
MODES = ("up", "down", "slow", "nonsense", "silent", "twice", "forged", "wrong_amount")
"""What the bank may suffer from: ``silent`` sends no notices, ``forged`` signs them with another key, ``wrong_amount`` books one tugrug
less than was asked."""
SLOW_SECONDS = 3.0
_TABLE: LiteralString = """
CREATE TABLE IF NOT EXISTS invoice (
    invoice text PRIMARY KEY, amount_mungu bigint NOT NULL, title text NOT NULL, notice_url text NOT NULL, return_url text NOT NULL,
    state text NOT NULL DEFAULT 'open', payment text, paid_at timestamptz, paid_mungu bigint
)
"""
_TRIES = (0.0, 2.0, 10.0)


class InvoiceRefused(Exception):
    """What was asked for is no invoice, or another one than is there; the text says why."""


@dataclass(frozen=True)
class Invoice:
    """A row of the books."""

    invoice: str
    amount_mungu: int
    title: str
    notice_url: str
    return_url: str
    state: str
    payment: str | None
    paid_at: datetime | None
    paid_mungu: int | None

    def shown(self, base: str) -> dict[str, Any]:
        """As the bank tells it."""
        booked = self.paid_mungu if self.paid_mungu is not None else self.amount_mungu
        paid_at = self.paid_at.astimezone(UTC).isoformat() if self.paid_at else None
        return {
            "invoice": self.invoice, "state": self.state, "amount_mungu": booked, "title": self.title, "pay_url": f"{base}/bank/pay/{self.invoice}",
            "payment": self.payment, "paid_at": paid_at,
        }  # fmt: skip


class Bank:
    """Opens, tells, takes money, cancels."""

    def __init__(self, pool: Pool, *, token: str, notice_key: str) -> None:
        self._pool, self._token, self._key = pool, token, notice_key
        self.mode = "up"
        self._notices: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Make the table."""
        async with self._pool.connection() as connection:
            await connection.execute(_TABLE)

    def allowed(self, authorization: str) -> bool:
        return hmac.compare_digest(authorization.encode(), f"Bearer {self._token}".encode())

    async def open(self, number: str, wanted: Any) -> Invoice:
        """Open an invoice; the same number with the same amount is the same invoice."""
        try:
            amount, title = int(wanted["amount_mungu"]), str(wanted["title"])
            notice_url, return_url = str(wanted["notice_url"]), str(wanted["return_url"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvoiceRefused(f"{error!r} is missing or wrong") from error
        if amount <= 0 or not all(url.startswith(("http://", "https://")) for url in (notice_url, return_url)):
            raise InvoiceRefused("an invoice has an amount and two addresses")
        async with self._pool.connection() as connection:
            await connection.execute(
                "INSERT INTO invoice (invoice, amount_mungu, title, notice_url, return_url) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (number, amount, title, notice_url, return_url),
            )
        found = await self.find(number)
        if found is None or found.amount_mungu != amount:
            raise InvoiceRefused("this number is taken by another amount")
        return found

    async def find(self, number: str) -> Invoice | None:
        async with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Invoice)) as cursor:
            await cursor.execute("SELECT * FROM invoice WHERE invoice = %s", (number,))
            return await cursor.fetchone()

    async def pay(self, number: str) -> Invoice | None:
        """Somebody pays. Once; a notice follows."""
        less = 100 if self.mode == "wrong_amount" else 0
        async with self._pool.connection() as connection:
            await connection.execute(
                "UPDATE invoice SET state = 'paid', payment = 'P-' || invoice, paid_at = now(), paid_mungu = amount_mungu - %s"
                " WHERE invoice = %s AND state = 'open'",
                (less, number),
            )
        found = await self.find(number)
        if found is not None and found.state == "paid":
            self._notify(found)
        return found

    async def cancel(self, number: str) -> Invoice | None:
        """Take no money for it any more; what is paid stays paid."""
        async with self._pool.connection() as connection:
            await connection.execute("UPDATE invoice SET state = 'cancelled' WHERE invoice = %s AND state = 'open'", (number,))
        return await self.find(number)

    def _notify(self, paid: Invoice) -> None:
        for _ in range({"silent": 0, "twice": 2}.get(self.mode, 1)):
            task = asyncio.create_task(self._notice(paid))
            self._notices.add(task)
            task.add_done_callback(self._notices.discard)

    async def _notice(self, paid: Invoice) -> None:
        body = json.dumps({"invoice": paid.invoice}).encode()
        key = "another" if self.mode == "forged" else self._key
        signature = "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Signature": signature}
        async with httpx.AsyncClient(timeout=5) as client:
            for pause in _TRIES:
                await asyncio.sleep(pause)
                try:
                    answer = await client.post(paid.notice_url, content=body, headers=headers)
                except httpx.HTTPError as error:
                    log.info("notice about %s: %r", paid.invoice, error)
                    continue
                if answer.is_success or answer.status_code in {403, 404}:
                    return
