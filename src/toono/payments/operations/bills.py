"""Bills: opening, asking the bank, cancelling. The bank is asked outside any transaction; what it said is stored in one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role, system
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.money import Money
from toono.kernel.outbox import publish
from toono.kernel.settings import settings
from toono.payments.adapters import bank
from toono.payments.contracts import BillState
from toono.payments.errors import BillChanged, BillUnknown
from toono.payments.events import BillPaid
from toono.payments.models import Bill
from toono.payments.operations import jobs

ACTOR = system("payments")
NOTICE_PATH = "/payments/notice"
FRESH = timedelta(seconds=3)
"""So long an answer of the bank counts: a page that is loaded ten times asks once."""
ASK_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6))
"""A notice may get lost: the bank is asked anyway, ever less often; the last one repeats."""
ASK_FOR = timedelta(days=30)
"""Afterwards only a notice or a visit of the page leads to a question."""


def open_bill(*, actor: Actor, title: str, amount: Money, reference: str, key: str, return_url: str) -> Bill:
    """The bill of this key, made if need be, in the caller's transaction; the worker takes it to the bank.

    :raises BillChanged: the key is that of a bill for something else.
    :raises NotAllowed: a bill is opened by a room of the platform, not by a person.
    """
    if actor.role is not Role.SYSTEM:
        raise NotAllowed(f"{actor} opens no bills")
    found = Bill.objects.filter(key=key).first()
    if found is None:
        try:
            with transaction.atomic():
                found = Bill.objects.create(
                    key=key, reference=reference, title=title[:200], amount_mungu=amount.amount_mungu, return_url=return_url, opened_at=now(),
                    ask_at=now() + ASK_AFTER[0],
                )  # fmt: skip
                audit.record(
                    actor=actor, action="payments.open_bill", subject=f"bill:{found.id}", reference=reference, amount=amount.amount_mungu
                )
                jobs.open_bill(found.id)
        except IntegrityError:
            found = Bill.objects.get(key=key)
    if (found.reference, found.amount_mungu) != (reference, amount.amount_mungu):
        raise BillChanged(f"bill {found.id} is for {found.reference} and {found.amount_mungu} möngö")
    return found


def take_to_bank(bill_id: UUID) -> None:
    """Open the bill at the bank. Repeated it is the same invoice.

    :raises BankUnavailable: to be tried again.
    """
    row = _row(bill_id)
    if row.state != BillState.OPENING:
        return
    said = bank.open_invoice(
        number=str(row.id), amount_mungu=row.amount_mungu, title=row.title, notice_url=settings().inner_base_url + NOTICE_PATH, return_url=row.return_url,
    )  # fmt: skip
    _store(bill_id, said)


def ask(bill_id: UUID) -> None:
    """Ask the bank how the bill stands.

    :raises BankUnavailable:
    """
    row = _row(bill_id)
    if row.paid_at is not None:
        return
    said = bank.invoice(str(row.id))
    if said is None and row.state == BillState.OPENING:
        take_to_bank(bill_id)
    elif said is None:
        _asked(bill_id)
    else:
        _store(bill_id, said)


def ask_now_and_then(row: Bill) -> Bill:
    """The bill for a page: the bank is asked unless it just was.

    :raises BankUnavailable:
    """
    if row.paid_at is None and (row.asked_at is None or row.asked_at < now() - FRESH):
        ask(row.id)
        row.refresh_from_db()
    return row


def noticed(*, body: bytes, signature: str) -> None:
    """The bank says that something happened to an invoice: have it asked.

    :raises NoticeForged:
    """
    number = bank.read_notice(body, signature)
    row = Bill.objects.filter(invoice=number).first()
    if row is not None and row.paid_at is None:
        jobs.ask(row.id)


def ask_due(limit: int = 200) -> int:
    """Queue the question for bills whose notice did not come; gives how many."""
    due = list(Bill.objects.filter(ask_at__lte=now()).order_by("ask_at").values_list("id", flat=True)[:limit])
    for bill_id in due:
        with transaction.atomic():
            row = Bill.objects.select_for_update().get(id=bill_id)
            row.ask_at = _next_question(row, now())
            row.save(update_fields=["ask_at"])
            if row.paid_at is None:
                jobs.ask(bill_id)
    return len(due)


def cancel_bill(*, actor: Actor, bill_id: UUID) -> Bill:
    """Nobody shall pay it any more. One that is paid stays paid.

    :raises BillUnknown:
    """
    if actor.role is not Role.SYSTEM:
        raise NotAllowed(f"{actor} cancels no bills")
    with transaction.atomic():
        row = _row(bill_id, lock=True)
        if row.state in {BillState.OPENING, BillState.OPEN}:
            row.state, row.cancelled_at, row.ask_at = BillState.CANCELLED.value, now(), now() + ASK_AFTER[1]
            row.save(update_fields=["state", "cancelled_at", "ask_at"])
            audit.record(actor=actor, action="payments.cancel_bill", subject=f"bill:{row.id}", reference=row.reference)
            jobs.cancel(row.id)
    return row


def tell_bank_of_cancelling(bill_id: UUID) -> None:
    """Take the invoice back at the bank. Who paid a moment before has paid: that is told on.

    :raises BankUnavailable:
    """
    row = _row(bill_id)
    if row.state == BillState.CANCELLED and row.paid_at is None:
        said = bank.cancel_invoice(str(row.id))
        if said is not None:
            _store(bill_id, said)


def _row(bill_id: UUID, *, lock: bool = False) -> Bill:
    row = (Bill.objects.select_for_update() if lock else Bill.objects).filter(id=bill_id).first()
    if row is None:
        raise BillUnknown(f"no bill {bill_id}")
    return row


def _asked(bill_id: UUID) -> None:
    Bill.objects.filter(id=bill_id).update(asked_at=now())


def _store(bill_id: UUID, said: bank.Invoice) -> None:
    """Keep what the bank said. The row's lock lets one of several that ask at once tell of the payment."""
    with transaction.atomic():
        row = _row(bill_id, lock=True)
        row.asked_at, row.invoice, row.pay_url = now(), said.number, said.pay_url
        if said.state == "paid" and row.paid_at is None and said.amount_mungu == row.amount_mungu:
            _paid(row, said)
        elif said.state == "paid" and row.paid_at is None:
            audit.record(
                actor=ACTOR, action="payments.wrong_amount", subject=f"bill:{row.id}", asked=row.amount_mungu, paid=said.amount_mungu
            )
        elif row.state == BillState.OPENING:
            row.state = BillState.OPEN.value
        row.save()


def _paid(row: Bill, said: bank.Invoice) -> None:
    cancelled = row.state == BillState.CANCELLED
    row.state, row.payment, row.paid_at, row.ask_at = BillState.PAID.value, said.payment, said.paid_at, None
    audit.record(actor=ACTOR, action="payments.bill_paid", subject=f"bill:{row.id}", reference=row.reference, payment=said.payment)
    assert row.paid_at is not None  # noqa: S101 - the adapter lets no payment through without its moment
    publish(BillPaid(bill_id=row.id, reference=row.reference, amount_mungu=row.amount_mungu, paid_at=row.paid_at, cancelled=cancelled))


def _next_question(row: Bill, at: datetime) -> datetime | None:
    age = at - row.opened_at
    if age > ASK_FOR or row.paid_at is not None:
        return None
    return at + next((pause for pause in ASK_AFTER if age < 2 * pause), ASK_AFTER[-1])
