"""The outbox: events leave in the transaction of the change that they tell of, and each subscriber handles each once.

``publish`` writes the event and one job per subscriber. The worker runs a job: in one transaction it notes that
the subscriber has handled the event and calls the handler. A failing handler is tried again alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from toono.kernel.clock import now
from toono.kernel.events import Event
from toono.kernel.models import HandledEvent, OutboxEvent

Handler = Callable[[Any], None]

_subscribers: dict[str, tuple[type[Event], dict[str, Handler]]] = {}


def subscribe(event: type[Event], subscriber: str, handler: Handler) -> None:
    """Have ``handler(event)`` called once for each event of this kind. Called from ``entry.subscriptions`` only."""
    _subscribers.setdefault(event.name, (event, {}))[1][subscriber] = handler


def publish(event: Event) -> None:
    """Tell of ``event`` when, and only when, the current transaction commits."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{event.name} is published outside a transaction; it could be told of though nothing happened")
    OutboxEvent.objects.create(id=event.id, name=event.name, payload=event.model_dump(mode="json"), occurred_at=event.occurred_at)
    for subscriber in _subscribers.get(event.name, (None, {}))[1]:
        deliver_event.defer(event_id=str(event.id), subscriber=subscriber)


@app.task(queue="events", retry=RetryStrategy(max_attempts=12, exponential_wait=2))
def deliver_event(*, event_id: str, subscriber: str) -> None:
    """Let one subscriber handle one event."""
    row = OutboxEvent.objects.get(id=UUID(event_id))
    kind, handlers = _subscribers[row.name]
    with transaction.atomic():
        _, first = HandledEvent.objects.get_or_create(event_id=row.id, subscriber=subscriber, defaults={"handled_at": now()})
        if first:
            handlers[subscriber](kind.model_validate(row.payload))
