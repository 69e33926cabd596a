"""Texts on their way: through the real worker to the real SMPP server of the sandbox, with all its faults."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from tests.stage import Stack
from toono.kernel import clock

CONTEXT = {"service_mn": "Ус ашиглах зөвшөөрөл", "service_en": "Water permit", "case_number": "2025-000042"}


class Citizen:
    """Somebody new, whom messages reach."""

    def __init__(self, stack: Stack, person: dict[str, Any]) -> None:
        import toono.identity.api as identity
        from toono.kernel.actor import system

        self.stack, self.phone = stack, person["phone"]
        self.person_id = identity.register_person(actor=system("tests"), regnum=person["regnum"]).id

    def tell(self, **changes: str) -> UUID:
        import toono.notifications.api as notifications

        return notifications.notify(person_id=self.person_id, template="document_ready", context=CONTEXT | changes, key=str(uuid4()))

    def texts(self) -> list[str]:
        return self.stack.sms(self.phone)


@pytest.fixture
def citizen(stack: Stack, fresh_person: Callable[[], dict[str, Any]]) -> Citizen:
    return Citizen(stack, fresh_person())


def _delivery(message_id: UUID) -> Any:
    from toono.notifications.models import Delivery

    return Delivery.objects.get(message_id=message_id, channel="sms")


def _wait_for(stack: Stack, message_id: UUID, *states: str, timeout: float = 20) -> Any:
    stack.wait(lambda: _delivery(message_id).state in states, timeout=timeout)
    return _delivery(message_id)


def test_a_text_arrives_and_its_receipt_is_kept(stack: Stack, citizen: Citizen) -> None:
    delivery = _wait_for(stack, citizen.tell(), "delivered")
    assert citizen.texts() == ["Тооно: 2025-000042 дугаартай хүсэлтийн баримт бэлэн боллоо. Тоонод нэвтэрч авна уу."]
    assert delivery.attempts == 1
    assert delivery.failure == ""


def test_a_long_text_arrives_whole(stack: Stack, citizen: Citizen) -> None:
    number = "Ө" * 70
    _wait_for(stack, citizen.tell(case_number=number), "delivered")
    assert number in citizen.texts()[0]


def test_the_inbox_tells_what_became_of_the_text(stack: Stack, citizen: Citizen) -> None:
    import toono.notifications.api as notifications
    from toono.kernel.actor import Actor, Role

    message_id = citizen.tell()
    _wait_for(stack, message_id, "delivered")
    actor = Actor(role=Role.CITIZEN, person_id=citizen.person_id)
    assert notifications.message(actor=actor, message_id=message_id).sms == "delivered"


def test_an_operator_that_was_away_gets_the_text_once(stack: Stack, citizen: Citizen) -> None:
    stack.faults(sms="down")
    message_id = citizen.tell()
    stack.wait(lambda: _delivery(message_id).attempts >= 2 and _delivery(message_id).state == "queued", timeout=30)
    assert _delivery(message_id).failure == "no_connection"
    stack.faults()
    _wait_for(stack, message_id, "delivered", timeout=30)
    assert len(citizen.texts()) == 1


def test_a_refused_text_fails_and_says_why(stack: Stack, citizen: Citizen) -> None:
    stack.faults(sms="reject", only=[citizen.phone])
    delivery = _wait_for(stack, citizen.tell(), "failed")
    assert delivery.failure == "refused_0x0b"
    assert delivery.attempts == 1
    assert citizen.texts() == []


def test_a_busy_operator_is_asked_again(stack: Stack, citizen: Citizen) -> None:
    stack.faults(sms="busy", only=[citizen.phone])
    message_id = citizen.tell()
    stack.wait(lambda: _delivery(message_id).failure == "refused_0x58")
    stack.faults()
    _wait_for(stack, message_id, "delivered", timeout=30)
    assert len(citizen.texts()) == 1


def test_a_text_that_does_not_reach_the_phone_fails(stack: Stack, citizen: Citizen) -> None:
    stack.faults(sms="undelivered", only=[citizen.phone])
    delivery = _wait_for(stack, citizen.tell(), "failed")
    assert delivery.failure == "receipt_undeliv"


def test_without_a_receipt_it_stays_sent_until_the_operator_is_asked(stack: Stack, citizen: Citizen) -> None:
    from toono.notifications.operations.sweep import sweep

    stack.faults(sms="no_receipt", only=[citizen.phone])
    message_id = citizen.tell()
    _wait_for(stack, message_id, "sent")
    sweep()
    assert _delivery(message_id).state == "sent"
    with clock.at(clock.now() + timedelta(minutes=3)):
        sweep()
    assert _delivery(message_id).state == "delivered"


def test_a_receipt_makes_up_for_a_lost_answer(stack: Stack, citizen: Citizen) -> None:
    stack.faults(sms="no_answer", only=[citizen.phone])
    delivery = _wait_for(stack, citizen.tell(), "delivered", timeout=30)
    assert delivery.attempts == 1
    assert len(citizen.texts()) == 1


def test_a_text_whose_fate_is_not_known_is_never_sent_again(stack: Stack, citizen: Citizen) -> None:
    from toono.notifications.operations.sweep import sweep

    stack.faults(sms="silent", only=[citizen.phone])
    message_id = citizen.tell()
    stack.wait(lambda: _delivery(message_id).failure == "no_answer", timeout=30)
    stack.faults()
    with clock.at(clock.now() + timedelta(hours=2)):
        sweep()
    delivery = _delivery(message_id)
    assert (delivery.state, delivery.attempts) == ("unknown", 1)
    assert len(citizen.texts()) == 1


def test_a_delivery_that_a_dead_worker_held_is_not_sent_again(stack: Stack, citizen: Citizen) -> None:
    from toono.notifications.models import Delivery
    from toono.notifications.operations.deliver import deliver

    with transaction.atomic():
        message_id = citizen.tell()
        Delivery.objects.filter(message_id=message_id).filter(channel="sms").update(
            state="unknown", failure="handing_over", attempts=1, submitted_at=clock.now()
        )
    deliver(_delivery(message_id).id)
    assert _delivery(message_id).state == "unknown"
    assert citizen.texts() == []


def test_a_delivery_that_lost_its_job_is_found(stack: Stack, citizen: Citizen) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    from toono.notifications.models import Delivery
    from toono.notifications.operations.sweep import sweep

    with transaction.atomic():
        message_id = citizen.tell()
        delivery = _delivery(message_id)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE args->>'delivery_id' = %s", [str(delivery.id)])
        Delivery.objects.filter(id=delivery.id).update(again_at=clock.now() - timedelta(minutes=5))
    assert not ProcrastinateJob.objects.filter(args__delivery_id=str(delivery.id)).exists()
    sweep()
    _wait_for(stack, message_id, "delivered")
    assert len(citizen.texts()) == 1


def test_a_delivery_too_old_is_given_up(stack: Stack, citizen: Citizen) -> None:
    from toono.notifications.models import Delivery
    from toono.notifications.operations.sweep import sweep

    with transaction.atomic():
        message_id = citizen.tell()
        Delivery.objects.filter(id=_delivery(message_id).id).update(give_up_at=clock.now() - timedelta(seconds=1))
        sweep()
        assert _delivery(message_id).state == "failed"
    assert citizen.texts() == []


def test_a_receipt_that_comes_before_the_answer_is_stored_waits_for_it(stack: Stack, citizen: Citizen) -> None:
    from toono.notifications.adapters.smpp.pdu import ReceiptRead
    from toono.notifications.models import Delivery
    from toono.notifications.operations import receipts

    identifier = uuid4().hex
    with transaction.atomic():
        message_id = citizen.tell()
        Delivery.objects.filter(id=_delivery(message_id).id).update(state="unknown", attempts=1)
    receipts.store(ReceiptRead(identifier, "DELIVRD", None))
    assert _delivery(message_id).state == "unknown"
    Delivery.objects.filter(id=_delivery(message_id).id).update(state="sent", provider_message_id=identifier)
    receipts.apply(provider_message_id=identifier)
    assert _delivery(message_id).state == "delivered"


def test_a_code_that_nobody_waits_for_is_not_sent(stack: Stack) -> None:
    import toono.notifications.api as notifications
    from toono.identity.events import SignInCodeRequested
    from toono.notifications.models import Delivery

    event = SignInCodeRequested(challenge_id=uuid4(), language="mn")
    notifications.on_sign_in_code_requested(event)
    notifications.on_sign_in_code_requested(event)
    stack.wait(lambda: Delivery.objects.get(key=f"code:{event.id}").state == "failed")
    assert Delivery.objects.get(key=f"code:{event.id}").failure == "challenge_over"


def test_a_sign_in_code_is_nowhere_in_the_database(
    stack: Stack, fresh_person: Callable[[], dict[str, Any]], browser_client: Callable[[str], Any]
) -> None:
    person = fresh_person()
    browser_client(person["regnum"])
    (text,) = stack.sms(person["phone"])
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
        tables = [name for (name,) in cursor.fetchall()]
        for table, wording in product(tables, (f"%код {found[0]}%", f"%code is {found[0]}%", f'%"{found[0]}"%')):
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [wording])
            assert cursor.fetchone() == (0,), table
