"""The outbox tells of what was committed, once; the audit cannot be changed."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

import pytest

from tests.stage import Stack
from toono.kernel.events import Event


class ThingHappened(Event):
    """Known to these tests only."""

    name: ClassVar[str] = "tests.thing_happened"
    what: str


def test_an_event_outside_a_transaction_is_refused(stack: Stack) -> None:
    from toono.kernel.outbox import publish

    with pytest.raises(RuntimeError, match="outside a transaction"):
        publish(ThingHappened(what="nothing"))


def test_an_event_leaves_with_the_change_or_not_at_all(stack: Stack) -> None:
    from django.db import transaction

    from toono.kernel.models import OutboxEvent
    from toono.kernel.outbox import publish

    kept, lost = ThingHappened(what="kept"), ThingHappened(what="lost")
    with transaction.atomic():
        publish(kept)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publish(lost)
        raise ZeroDivisionError
    assert set(OutboxEvent.objects.filter(id__in=[kept.id, lost.id]).values_list("id", flat=True)) == {kept.id}


def test_a_subscriber_handles_an_event_once_however_often_the_job_runs(stack: Stack) -> None:
    from django.db import transaction

    from toono.kernel import outbox

    seen: list[str] = []
    outbox.subscribe(ThingHappened, "tests.once", lambda event: seen.append(event.what))
    try:
        event = ThingHappened(what=str(uuid4()))
        outbox.OutboxEvent.objects.create(
            id=event.id, name=event.name, payload=event.model_dump(mode="json"), occurred_at=event.occurred_at
        )
        for _ in range(3):
            outbox.deliver_event(event_id=str(event.id), subscriber="tests.once")
        assert seen == [event.what]

        def fail(_: ThingHappened) -> None:
            raise ZeroDivisionError

        outbox.subscribe(ThingHappened, "tests.fails", fail)
        with pytest.raises(ZeroDivisionError):
            outbox.deliver_event(event_id=str(event.id), subscriber="tests.fails")
        assert not outbox.HandledEvent.objects.filter(event_id=event.id, subscriber="tests.fails").exists()
        assert not transaction.get_connection().in_atomic_block
    finally:
        outbox._subscribers.pop(ThingHappened.name)


@pytest.mark.parametrize(
    "change", ["UPDATE kernel_auditrecord SET action = 'x'", "DELETE FROM kernel_auditrecord", "TRUNCATE kernel_auditrecord"]
)
def test_the_audit_refuses_change(stack: Stack, change: str) -> None:
    from django.db import DatabaseError, connection, transaction

    from toono.kernel import audit
    from toono.kernel.actor import system

    audit.record(actor=system("tests"), action="tests.act", subject="thing:1")
    with pytest.raises(DatabaseError, match="never changed or removed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
