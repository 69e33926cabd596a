"""What leaves the room: a bill and where it stands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from toono.kernel.contract import Contract
from toono.kernel.money import Money


class BillState(StrEnum):
    """Where a bill stands."""

    OPENING = "opening"  # the bank has not taken it yet
    OPEN = "open"  # waits for the payer
    PAID = "paid"
    CANCELLED = "cancelled"  # nobody pays it any more


class Bill(Contract):
    """A demand for money."""

    id: UUID
    reference: str
    """What it is for, in the words of the room that opened it: ``case:<id>``."""
    title: str
    """What the payer reads at the bank."""
    amount: Money
    state: BillState
    pay_url: str | None
    """The page of the bank where it is paid; None while it is being opened."""
    opened_at: datetime
    paid_at: datetime | None
