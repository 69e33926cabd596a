"""Messages in the inbox, and who may read them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from tests.stage import Stack
from toono.kernel.actor import ANYBODY, Actor, Role
from toono.kernel.errors import NotAllowed

CONTEXT = {
    "service_mn": "Хаягийн лавлагаа", "service_en": "Reference of address", "case_number": "2025-000777",
}  # fmt: skip


def _tell(actor: Actor, *, key: str | None = None, **changes: str) -> UUID:
    import toono.notifications.api as notifications

    assert actor.person_id is not None
    return notifications.notify(person_id=actor.person_id, template="document_ready", context=CONTEXT | changes, key=key or str(uuid4()))


def test_a_message_stands_in_the_persons_inbox_unread_in_both_languages(stack: Stack, sarnai: Actor) -> None:
    import toono.notifications.api as notifications

    before = notifications.unread(actor=sarnai)
    message_id = _tell(sarnai)
    newest = notifications.inbox(actor=sarnai)[0]
    assert newest.id == message_id
    assert newest.read_at is None
    assert newest.title("mn") == "Баримт бэлэн боллоо"
    assert "«Хаягийн лавлагаа» үйлчилгээний 2025-000777" in newest.body("mn")
    assert "“Reference of address”" in newest.body("en")
    assert notifications.unread(actor=sarnai) == before + 1


def test_opening_a_message_marks_it_as_read_once(stack: Stack, sarnai: Actor) -> None:
    import toono.notifications.api as notifications

    message_id = _tell(sarnai)
    first = notifications.message(actor=sarnai, message_id=message_id)
    again = notifications.message(actor=sarnai, message_id=message_id)
    assert first.read_at is not None
    assert again.read_at == first.read_at


def test_another_persons_message_is_like_none(stack: Stack, sarnai: Actor, bat: Actor) -> None:
    import toono.notifications.api as notifications
    from toono.notifications.errors import MessageNotFound

    message_id = _tell(sarnai)
    with pytest.raises(MessageNotFound):
        notifications.message(actor=bat, message_id=message_id)
    with pytest.raises(MessageNotFound):
        notifications.message(actor=bat, message_id=uuid4())
    assert message_id not in {m.id for m in notifications.inbox(actor=bat, limit=200)}
    unread = next(m for m in notifications.inbox(actor=sarnai) if m.id == message_id)
    assert unread.read_at is None


def test_who_is_no_citizen_has_no_inbox(stack: Stack, sarnai: Actor) -> None:
    import toono.notifications.api as notifications

    officer = Actor(role=Role.OFFICER, person_id=sarnai.person_id, organisation="dundgovi-environment")
    for actor in (ANYBODY, officer):
        with pytest.raises(NotAllowed):
            notifications.inbox(actor=actor)


def test_the_same_key_twice_gives_one_message_and_one_text(stack: Stack, fresh_citizen: Callable[[], Actor]) -> None:
    import toono.notifications.api as notifications
    from toono.notifications.models import Delivery

    actor = fresh_citizen()
    key = str(uuid4())
    assert _tell(actor, key=key) == _tell(actor, key=key)
    assert len(notifications.inbox(actor=actor)) == 1
    assert Delivery.objects.filter(message__key=key, channel="sms").count() == 1


def test_a_key_of_another_message_is_refused(stack: Stack, sarnai: Actor, bat: Actor) -> None:
    from toono.notifications.errors import KeyReused

    key = str(uuid4())
    _tell(sarnai, key=key)
    with pytest.raises(KeyReused):
        _tell(bat, key=key)
    with pytest.raises(KeyReused):
        _tell(sarnai, key=key, case_number="another")


def test_a_transaction_that_is_rolled_back_tells_nobody(stack: Stack, sarnai: Actor) -> None:
    from toono.notifications.models import Delivery, Message

    key = str(uuid4())
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        _tell(sarnai, key=key)
        raise ZeroDivisionError
    assert not Message.objects.filter(key=key).exists()
    assert not Delivery.objects.filter(message__key=key).exists()


def test_a_message_without_its_job_is_not_written(stack: Stack, sarnai: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.notifications.models import Message
    from toono.notifications.operations import jobs

    def fail(delivery: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "defer", fail)
    key = str(uuid4())
    with pytest.raises(ZeroDivisionError):
        _tell(sarnai, key=key)
    assert not Message.objects.filter(key=key).exists()


def test_a_missing_placeholder_is_refused_and_nothing_is_written(stack: Stack, sarnai: Actor) -> None:
    import toono.notifications.api as notifications
    from toono.notifications.errors import ContextMismatch
    from toono.notifications.models import Message

    assert sarnai.person_id is not None
    key = str(uuid4())
    with pytest.raises(ContextMismatch):
        notifications.notify(person_id=sarnai.person_id, template="case_received", context=CONTEXT, key=key)
    assert not Message.objects.filter(key=key).exists()


def test_pages_of_the_inbox_meet_without_gap_or_repeat(stack: Stack, fresh_citizen: Callable[[], Actor]) -> None:
    import toono.notifications.api as notifications

    actor = fresh_citizen()
    ids = [_tell(actor) for _ in range(5)]
    first = notifications.inbox(actor=actor, limit=2)
    rest = notifications.inbox(actor=actor, before=first[-1].id)
    assert [m.id for m in first + rest] == ids[::-1]
