"""The fee of a case: how much, the bill for it, what follows when it is paid.

Lock order: the case's row, then the bill's.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from toono.kernel.actor import Actor, system
from toono.kernel.money import Money
from toono.kernel.settings import settings
from toono.payments import api as payments
from toono.payments.contracts import BillState
from toono.payments.errors import BankUnavailable
from toono.payments.events import BillPaid
from toono.services.contracts import PaymentView
from toono.services.domain.conditions import holds
from toono.services.domain.definition import Definition, Notice
from toono.services.errors import NotAllowedNow
from toono.services.models import Case
from toono.services.operations import clock, jobs, telling
from toono.services.operations.facts import note
from toono.services.queries import definitions, form
from toono.services.queries.access import own_case

ACTOR = system("case-fees")


def due(case: Case, definition: Definition) -> Money:
    """What this case costs: the first rule that holds, else the fee of the service."""
    if not definition.fees:
        return definition.fee
    values = form.values(case, definition)
    return next((rule.fee for rule in definition.fees if holds(rule.when, values)), definition.fee)


def open_bill(case: Case, definition: Definition) -> None:
    """Demand ``case.fee_mungu``, in the transaction of the sending. The worker takes the bill to the bank."""
    reference = f"case:{case.id}"
    bill = payments.open_bill(
        actor=ACTOR, title=f"{definition.name.mn} · {case.number}", amount=Money(amount_mungu=case.fee_mungu), reference=reference, key=reference,
        return_url=f"{settings().base_url}/cases/{case.id}",
    )  # fmt: skip
    case.bill_id = bill.id
    case.save(update_fields=["bill_id"])


def close_bill(case: Case) -> None:
    """The case ends: nobody shall pay any more. The caller holds the row's lock."""
    if case.bill_id is not None and case.paid_at is None:
        payments.cancel_bill(actor=ACTOR, bill_id=case.bill_id)


def payment(*, actor: Actor, case_id: UUID) -> PaymentView:
    """The bill of one's own case. The bank is asked how it stands, unless it just was; where it is silent, what is known is shown.

    :raises CaseUnknown:
    :raises NotAllowedNow: nothing is to be paid.
    """
    case = own_case(actor, case_id)
    if case.bill_id is None:
        raise NotAllowedNow(f"case {case.number} has no bill")
    try:
        bill, silent = payments.bill(bill_id=case.bill_id, ask=case.open and case.paid_at is None), False
    except BankUnavailable:
        bill, silent = payments.bill(bill_id=case.bill_id), True
    return PaymentView(
        amount=bill.amount, paid=bill.state is BillState.PAID, pay_url=bill.pay_url if bill.state is BillState.OPEN else None, bank_silent=silent,
    )  # fmt: skip


def on_bill_paid(event: BillPaid) -> None:
    """The work begins. Who paid for a case that ended meanwhile is to get it back: that stands in its log."""
    with transaction.atomic():
        case = Case.objects.select_for_update().filter(bill_id=event.bill_id).first()
        if case is None:
            return  # another room's bill
        if case.open:
            settle(case, definitions.definition(case.service, case.service_version), event.paid_at, actor=ACTOR)
        elif case.paid_at is None:
            case.paid_at = event.paid_at
            case.save(update_fields=["paid_at"])
            note(case, "paid_after_end", actor=ACTOR, amount_mungu=event.amount_mungu)


def settle(case: Case, definition: Definition, at: datetime, *, actor: Actor) -> None:
    """The fee is paid: the term starts and the work goes on. The caller holds the row's lock. Paid twice it is once."""
    if case.paid_at is not None:
        return
    case.paid_at, case.work_pending = at, True
    case.save(update_fields=["paid_at", "work_pending"])
    note(case, "paid", actor=actor, amount_mungu=case.fee_mungu)
    clock.start(case, definition, at)
    telling.applicant(case, definition, Notice.RECEIVED, due=telling.due_in_short(case))
    jobs.process(case.id)
