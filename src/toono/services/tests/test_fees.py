"""A case with a fee: it waits for the payment, and the term counts from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from toono.kernel.actor import Actor
from toono.services.contracts import NextKind, Outcome, PaymentView, Phase
from toono.services.errors import CaseUnknown, NotAllowedNow
from toono.services.tests.published import GARDEN, definition, publish, registers, sent

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
FEE = {"amount_mungu": 500_000}
FARM = {"purpose": "farm", "animals": "20", "note": "Үхэр"}


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    with registers():
        yield


def charged(actor: Actor, given: dict[str, str] = GARDEN, **changes: Any) -> UUID:
    return UUID(str(sent(actor, publish(definition(**{"fee": FEE, **changes})), given).id))


def bill(stack: Stack, actor: Actor, case_id: UUID) -> PaymentView:
    """The bill once the worker has taken it to the bank."""
    from toono.services import api

    def open_bill() -> PaymentView | None:
        found = api.payment(actor=actor, case_id=case_id)
        return found if found.pay_url else None

    found: PaymentView = stack.wait(open_bill, 20)
    return found


def pay(stack: Stack, found: PaymentView) -> None:
    assert found.pay_url
    stack.http.post(found.pay_url, data={"do": "pay"})


def test_the_case_waits_for_the_payment_and_then_its_term_begins(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case_id = charged(actor)
    case = api.case(actor=actor, case_id=case_id)
    assert (case.phase, case.next.kind, case.term, case.fee.text) == (Phase.WAITING_FOR_PAYMENT, NextKind.PAYMENT, None, "5,000 ₮")
    pay(stack, bill(stack, actor, case_id))
    stack.wait(lambda: api.case(actor=actor, case_id=case_id).phase is Phase.WITH_OFFICER, 20)
    paid = api.case(actor=actor, case_id=case_id)
    assert paid.paid_at is not None and paid.term is not None and paid.term.starts_at >= paid.paid_at.replace(microsecond=0)


def test_a_lost_notice_is_found_by_opening_the_page(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case_id = charged(actor)
    found = bill(stack, actor, case_id)
    stack.http.put(f"{stack.sandbox_url}/control/bank", content="silent")
    pay(stack, found)
    stack.wait(lambda: api.payment(actor=actor, case_id=case_id).paid, 20)
    stack.wait(lambda: api.case(actor=actor, case_id=case_id).phase is Phase.WITH_OFFICER, 20)


def test_a_bank_that_is_away_keeps_nobody_from_sending(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    stack.http.put(f"{stack.sandbox_url}/control/bank", content="down")
    actor = fresh_citizen()
    case_id = charged(actor)
    said = api.payment(actor=actor, case_id=case_id)
    assert (said.pay_url, said.paid, said.bank_silent) == (None, False, True)
    assert api.case(actor=actor, case_id=case_id).phase is Phase.WAITING_FOR_PAYMENT


def test_the_first_fee_rule_that_holds_counts(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    words = {"mn": "Ферм", "en": "Farm"}
    free = [{"when": 'answers.purpose == "garden"', "fee": {"amount_mungu": 0}, "label": words}]
    dear = [*free, {"when": "answers.animals > 10.0", "fee": {"amount_mungu": 900_000}, "label": words}]
    actor, other = fresh_citizen(), fresh_citizen()
    assert api.case(actor=actor, case_id=charged(actor, fees=free)).phase is Phase.WITH_OFFICER
    assert api.case(actor=other, case_id=charged(other, FARM, fees=dear)).fee.text == "9,000 ₮"


def test_who_withdraws_has_nothing_to_pay_any_more(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import Case

    actor = fresh_citizen()
    case_id = charged(actor)
    found = bill(stack, actor, case_id)
    assert api.withdraw_case(actor=actor, case_id=case_id).outcome is Outcome.WITHDRAWN
    stack.wait(lambda: "Цуцалсан" in stack.http.get(found.pay_url or "").text, 20)
    pay(stack, found)
    assert Case.objects.get(id=case_id).paid_at is None


def test_who_paid_while_withdrawing_is_noted_to_get_it_back(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import Case, CaseLog

    actor = fresh_citizen()
    case_id = charged(actor)
    found = bill(stack, actor, case_id)
    stack.http.put(f"{stack.sandbox_url}/control/bank", content="silent")
    pay(stack, found)
    api.withdraw_case(actor=actor, case_id=case_id)
    stack.wait(lambda: Case.objects.get(id=case_id).paid_at is not None, 20)
    assert CaseLog.objects.filter(case_id=case_id, kind="paid_after_end").exists()
    assert api.case(actor=actor, case_id=case_id).outcome is Outcome.WITHDRAWN


def test_another_s_bill_is_unknown_and_a_case_without_fee_has_none(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor, stranger = fresh_citizen(), fresh_citizen()
    case_id = charged(actor)
    with pytest.raises(CaseUnknown):
        api.payment(actor=stranger, case_id=case_id)
    free = sent(actor, publish(definition()), GARDEN)
    with pytest.raises(NotAllowedNow):
        api.payment(actor=actor, case_id=free.id)
