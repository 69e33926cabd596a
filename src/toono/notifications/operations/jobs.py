"""Puts deliveries into the queue; with the row, in one transaction."""

from __future__ import annotations

from datetime import datetime

from procrastinate.contrib.django import app

from toono.notifications.models import Delivery

TASK = "notifications.deliver"
URGENT_QUEUE, QUEUE = "urgent", "deliveries"


def defer(delivery: Delivery, *, at: datetime | None = None) -> None:
    """Have the worker try the delivery, now or at a moment. A second job for one delivery does no harm: the first takes it."""
    urgent = delivery.challenge_id is not None
    app.configure_task(TASK, queue=URGENT_QUEUE if urgent else QUEUE, priority=10 if urgent else 0, schedule_at=at).defer(
        delivery_id=str(delivery.id)
    )
