"""Bills as others see them."""

from __future__ import annotations

from uuid import UUID

from toono.kernel.money import Money
from toono.payments import contracts
from toono.payments.contracts import BillState
from toono.payments.errors import BillUnknown
from toono.payments.models import Bill


def row(bill_id: UUID) -> Bill:
    """:raises BillUnknown:"""
    found = Bill.objects.filter(id=bill_id).first()
    if found is None:
        raise BillUnknown(f"no bill {bill_id}")
    return found


def view(found: Bill) -> contracts.Bill:
    """The row as a contract."""
    return contracts.Bill(
        id=found.id, reference=found.reference, title=found.title, amount=Money(amount_mungu=found.amount_mungu), state=BillState(found.state),
        pay_url=found.pay_url, opened_at=found.opened_at, paid_at=found.paid_at,
    )  # fmt: skip
