"""Bills against the sandbox's bank: opened once, paid once, whatever becomes of notices, workers and the bank itself."""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from toono.kernel.actor import Actor, system
from toono.kernel.errors import NotAllowed
from toono.kernel.money import Money
from toono.payments.contracts import Bill, BillState

if TYPE_CHECKING:
    from tests.stage import Stack

ROOM = system("tests")


def opened(*, amount: int = 500_000, key: str | None = None) -> Bill:
    from toono.payments import api

    key = key or f"test:{uuid4()}"
    return api.open_bill(
        actor=ROOM, title="Туршилт", amount=Money(amount_mungu=amount), reference=key, key=key, return_url="http://127.0.0.1/back"
    )


def state(bill: Bill) -> BillState:
    from toono.payments import api

    return api.bill(bill_id=bill.id).state


def at_the_bank(stack: Stack, bill: Bill) -> Bill:
    """The bill once the worker has taken it there."""
    from toono.payments import api

    stack.wait(lambda: state(bill) is not BillState.OPENING, 20)
    return api.bill(bill_id=bill.id)


def pay(stack: Stack, bill: Bill) -> None:
    assert bill.pay_url is not None
    stack.http.post(bill.pay_url, data={"do": "pay"})


def suffers(stack: Stack, how: str) -> None:
    stack.http.put(f"{stack.sandbox_url}/control/bank", content=how).raise_for_status()


def told(bill: Bill) -> list[dict[str, object]]:
    """What was published about the bill."""
    from toono.kernel.models import OutboxEvent

    return [e.payload for e in OutboxEvent.objects.filter(name="payments.bill_paid", payload__bill_id=str(bill.id))]


def test_a_bill_is_opened_paid_and_told_of_once(stack: Stack) -> None:
    bill = at_the_bank(stack, opened())
    assert bill.state is BillState.OPEN and bill.amount.text == "5,000 ₮"
    pay(stack, bill)
    pay(stack, bill)
    stack.wait(lambda: state(bill) is BillState.PAID)
    assert [(e["reference"], e["amount_mungu"], e["cancelled"]) for e in told(bill)] == [(bill.reference, 500_000, False)]


def test_the_same_key_is_one_bill_and_never_another(stack: Stack) -> None:
    from toono.payments.errors import BillChanged

    key = f"test:{uuid4()}"
    with ThreadPoolExecutor(8) as pool:
        bills = list(pool.map(lambda _: _closing(key), range(8)))
    assert len({bill.id for bill in bills}) == 1
    with pytest.raises(BillChanged):
        opened(key=key, amount=100)


def _closing(key: str) -> Bill:
    from django.db import connection

    try:
        return opened(key=key)
    finally:
        connection.close()


def test_a_lost_notice_is_made_up_for_by_asking(stack: Stack) -> None:
    from toono.payments import api
    from toono.payments.models import Bill as Row

    bill = at_the_bank(stack, opened())
    suffers(stack, "silent")
    pay(stack, bill)
    assert state(bill) is BillState.OPEN
    Row.objects.filter(id=bill.id).update(ask_at="2026-01-01T00:00:00Z")
    assert api.ask_due() >= 1
    stack.wait(lambda: state(bill) is BillState.PAID)
    assert len(told(bill)) == 1


def test_the_page_of_the_payer_asks_too_and_not_at_every_loading(stack: Stack) -> None:
    from toono.payments import api

    bill = at_the_bank(stack, opened())
    suffers(stack, "silent")
    pay(stack, bill)
    stack.wait(lambda: api.bill(bill_id=bill.id, ask=True).state is BillState.PAID)
    suffers(stack, "down")
    assert api.bill(bill_id=bill.id, ask=True).state is BillState.PAID, "what is paid is not asked about again"


def test_a_doubled_notice_is_one_payment(stack: Stack) -> None:
    bill = at_the_bank(stack, opened())
    suffers(stack, "twice")
    pay(stack, bill)
    stack.wait(lambda: state(bill) is BillState.PAID)
    assert len(told(bill)) == 1


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (b'{"invoice": "x"}', ""),
        (b'{"invoice": "x"}', "sha256=" + hmac.new(b"another", b'{"invoice": "x"}', hashlib.sha256).hexdigest()),
        (b"\xff\xfe", "sha256=00"),
        (b"[]", "sha256=" + "0" * 64),
    ],
)
def test_a_forged_notice_is_refused(stack: Stack, body: bytes, signature: str) -> None:
    answer = httpx.post(f"{stack.base_url}/payments/notice", content=body, headers={"X-Signature": signature})
    assert (answer.status_code, answer.json()) == (403, {"error": "payments.notice_forged"})


def test_a_notice_alone_pays_nothing(stack: Stack) -> None:
    from toono.payments import api

    bill = at_the_bank(stack, opened())
    body = json.dumps({"invoice": str(bill.id)}).encode()
    key = stack.settings.secret("bank_notice_key")
    signature = "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    assert httpx.post(f"{stack.base_url}/payments/notice", content=body, headers={"X-Signature": signature}).status_code == 204
    api.ask_bank(bill_id=bill.id)
    assert state(bill) is BillState.OPEN and not told(bill)


def test_too_long_a_notice_is_not_read(stack: Stack) -> None:
    assert httpx.post(f"{stack.base_url}/payments/notice", content=b"x" * 5000).status_code == 413


def test_another_amount_pays_nothing_and_is_written_down(stack: Stack) -> None:
    from toono.kernel.models import AuditRecord
    from toono.payments import api

    bill = at_the_bank(stack, opened())
    suffers(stack, "wrong_amount")
    pay(stack, bill)
    api.ask_bank(bill_id=bill.id)
    assert state(bill) is BillState.OPEN and not told(bill)
    assert AuditRecord.objects.filter(subject=f"bill:{bill.id}", action="payments.wrong_amount").exists()


@pytest.mark.parametrize("how", ["down", "nonsense"])
def test_a_bank_that_is_away_gets_the_bill_when_it_is_back(stack: Stack, how: str) -> None:
    from toono.payments import api
    from toono.payments.errors import BankUnavailable

    suffers(stack, how)
    bill = opened()
    with pytest.raises(BankUnavailable):
        api.take_to_bank(bill_id=bill.id)
    assert state(bill) is BillState.OPENING
    suffers(stack, "up")
    api.take_to_bank(bill_id=bill.id)
    assert state(bill) is BillState.OPEN


def test_a_cancelled_bill_cannot_be_paid(stack: Stack) -> None:
    from toono.payments import api

    bill = at_the_bank(stack, opened())
    assert api.cancel_bill(actor=ROOM, bill_id=bill.id).state is BillState.CANCELLED
    api.tell_bank_of_cancelling(bill_id=bill.id)
    pay(stack, bill)
    api.ask_bank(bill_id=bill.id)
    assert state(bill) is BillState.CANCELLED and not told(bill)


def test_who_paid_a_moment_before_the_cancelling_is_told_of_to_get_it_back(stack: Stack) -> None:
    from toono.payments import api

    bill = at_the_bank(stack, opened())
    suffers(stack, "silent")
    pay(stack, bill)
    api.cancel_bill(actor=ROOM, bill_id=bill.id)
    api.tell_bank_of_cancelling(bill_id=bill.id)
    assert state(bill) is BillState.PAID
    assert [e["cancelled"] for e in told(bill)] == [True]


def test_a_person_opens_and_cancels_no_bills(stack: Stack, sarnai: Actor) -> None:
    from toono.payments import api

    bill = opened()
    with pytest.raises(NotAllowed):
        api.open_bill(actor=sarnai, title="x", amount=Money(amount_mungu=1), reference="x", key="x", return_url="http://x/")
    with pytest.raises(NotAllowed):
        api.cancel_bill(actor=sarnai, bill_id=bill.id)


def test_what_was_asked_and_paid_cannot_be_changed_in_the_table(stack: Stack) -> None:
    from django.db import InternalError, transaction
    from django.db.utils import DatabaseError

    from toono.payments.models import Bill as Row

    bill = opened()
    with pytest.raises((InternalError, DatabaseError)), transaction.atomic():
        Row.objects.filter(id=bill.id).update(amount_mungu=1)
    with pytest.raises((InternalError, DatabaseError)), transaction.atomic():
        Row.objects.filter(id=bill.id).delete()


def test_the_bank_opens_one_invoice_for_one_number(stack: Stack) -> None:
    """Of the sandbox: an invented bank that would take another amount under the same number would hide our faults."""
    headers = {"Authorization": f"Bearer {stack.settings.secret('bank_token')}"}
    body = {"amount_mungu": 100, "title": "x", "notice_url": "http://127.0.0.1/n", "return_url": "http://127.0.0.1/r"}
    url = f"{stack.sandbox_url}/bank/invoices/{uuid4()}"
    assert httpx.put(url, json=body, headers=headers).status_code == 200
    assert httpx.put(url, json=body | {"amount_mungu": 200}, headers=headers).status_code == 409
    assert httpx.get(url).status_code == 401
