"""The room's jobs."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from toono.payments import api
from toono.payments.operations import jobs

_PATIENT = RetryStrategy(max_attempts=30, exponential_wait=2, linear_wait=30)
"""Hours in all; afterwards the sweep goes on."""


@app.task(name=jobs.OPEN_BILL, queue=jobs.QUEUE, retry=_PATIENT)
def open_bill(*, bill_id: str) -> None:
    """Take a bill to the bank."""
    api.take_to_bank(bill_id=UUID(bill_id))


@app.task(name=jobs.ASK_BANK, queue=jobs.QUEUE, retry=RetryStrategy(max_attempts=5, linear_wait=5))
def ask_bank(*, bill_id: str) -> None:
    """Ask how a bill stands."""
    api.ask_bank(bill_id=UUID(bill_id))


@app.task(name=jobs.CANCEL_BILL, queue=jobs.QUEUE, retry=_PATIENT)
def cancel_bill(*, bill_id: str) -> None:
    """Take a bill back at the bank."""
    api.tell_bank_of_cancelling(bill_id=UUID(bill_id))


@app.periodic(cron="* * * * *", periodic_id="payments_ask_due")
@app.task(name="payments.ask_due", queue="timers", queueing_lock="payments_ask_due")
def ask_due(timestamp: int) -> None:
    """Ask about bills whose notice did not come."""
    api.ask_due()
