"""Reading the inbox."""

from __future__ import annotations

from uuid import UUID

from toono.notifications.contracts import DeliveryChannel, DeliveryState
from toono.notifications.contracts import Message as MessageView
from toono.notifications.models import Delivery, Message


def inbox(*, person_id: UUID, limit: int, before: UUID | None) -> list[MessageView]:
    """A person's messages, newest first, older than the message ``before``."""
    rows = Message.objects.filter(person_id=person_id).exclude(texts={})
    if before is not None:
        rows = rows.filter(id__lt=before)  # ids are UUIDv7: they rise with time
    found = list(rows.order_by("-id")[:limit])
    states = dict(Delivery.objects.filter(message__in=found, channel=DeliveryChannel.SMS).values_list("message_id", "state"))
    return [view(row, states.get(row.id)) for row in found]


def unread(*, person_id: UUID) -> int:
    """How many messages a person has not opened."""
    return Message.objects.filter(person_id=person_id, read_at=None).exclude(texts={}).count()


def message(*, person_id: UUID, message_id: UUID) -> MessageView | None:
    """One message of a person."""
    row = Message.objects.filter(id=message_id, person_id=person_id).exclude(texts={}).first()
    if row is None:
        return None
    state = Delivery.objects.filter(message=row, channel=DeliveryChannel.SMS).values_list("state", flat=True).first()
    return view(row, state)


def view(row: Message, sms_state: str | None) -> MessageView:
    """The contract of a row."""
    mn, en = row.texts["mn"], row.texts["en"]
    return MessageView(
        id=row.id, template=row.template, title_mn=mn["title"], title_en=en["title"], body_mn=mn["body"],
        body_en=en["body"], case_id=row.case_id, created_at=row.created_at, read_at=row.read_at,
        sms=DeliveryState(sms_state) if sms_state else None,
    )  # fmt: skip
