"""Queueing the room's jobs by name: operations stand below the tasks."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

OPEN_BILL = "payments.open_bill"
ASK_BANK = "payments.ask_bank"
CANCEL_BILL = "payments.cancel_bill"
QUEUE = "payments"


def open_bill(bill_id: UUID) -> None:
    """Have the bank take the bill once the current transaction is committed."""
    _defer(OPEN_BILL, bill_id)


def ask(bill_id: UUID) -> None:
    """Have the bank asked."""
    _defer(ASK_BANK, bill_id)


def cancel(bill_id: UUID) -> None:
    """Have the bank told that nobody pays."""
    _defer(CANCEL_BILL, bill_id)


def _defer(task: str, bill_id: UUID) -> None:
    app.configure_task(task, queue=QUEUE, lock=f"bill:{bill_id}").defer(bill_id=str(bill_id))
