"""What this room tells the rooms above it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from toono.kernel.events import Event


class BillPaid(Event):
    """The bank says that a bill is paid. Told once for a bill, also where it was cancelled meanwhile."""

    name: ClassVar[str] = "payments.bill_paid"

    bill_id: UUID
    reference: str
    amount_mungu: int
    paid_at: datetime
    cancelled: bool = False
    """The bill was cancelled before the money came: it is to be given back."""
