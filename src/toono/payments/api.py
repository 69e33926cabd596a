"""The door of the room: bills. Opened and cancelled by rooms of the platform, paid at the bank by whoever holds the address."""

from __future__ import annotations

from uuid import UUID

from toono.kernel.actor import Actor
from toono.kernel.money import Money
from toono.payments import queries as _queries
from toono.payments.contracts import Bill
from toono.payments.operations import bills as _bills


def open_bill(*, actor: Actor, title: str, amount: Money, reference: str, key: str, return_url: str) -> Bill:
    """Demand ``amount``; in the caller's transaction. The same key twice is one bill. The worker takes it to the bank.

    :param title: what the payer reads at the bank.
    :param reference: comes back in :class:`~toono.payments.events.BillPaid`.
    :raises BillChanged: the key is that of another bill.
    :raises NotAllowed: the actor is a person.
    """
    return _queries.view(_bills.open_bill(actor=actor, title=title, amount=amount, reference=reference, key=key, return_url=return_url))


def bill(*, bill_id: UUID, ask: bool = False) -> Bill:
    """A bill. With ``ask`` the bank is asked first, unless it was asked a moment ago.

    :raises BillUnknown:
    :raises BankUnavailable: only with ``ask``.
    """
    row = _queries.row(bill_id)
    return _queries.view(_bills.ask_now_and_then(row) if ask else row)


def cancel_bill(*, actor: Actor, bill_id: UUID) -> Bill:
    """Nobody shall pay it any more; in the caller's transaction. One that is paid stays paid.

    :raises BillUnknown:
    """
    return _queries.view(_bills.cancel_bill(actor=actor, bill_id=bill_id))


def bank_notice(*, body: bytes, signature: str) -> None:
    """A notice of the bank: the invoice that it names is asked about by the worker.

    :raises NoticeForged:
    """
    _bills.noticed(body=body, signature=signature)


# -- for the worker ----------------------------------------------------------------------------------------------


def take_to_bank(*, bill_id: UUID) -> None:
    """Open the bill at the bank, if it is not yet.

    :raises BankUnavailable: to be tried again.
    """
    _bills.take_to_bank(bill_id)


def ask_bank(*, bill_id: UUID) -> None:
    """Ask the bank how a bill stands.

    :raises BankUnavailable:
    """
    _bills.ask(bill_id)


def tell_bank_of_cancelling(*, bill_id: UUID) -> None:
    """Take a cancelled bill back at the bank.

    :raises BankUnavailable:
    """
    _bills.tell_bank_of_cancelling(bill_id)


def ask_due() -> int:
    """Queue the question for bills whose notice did not come; gives how many."""
    return _bills.ask_due()
