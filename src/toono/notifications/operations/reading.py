"""A message is opened."""

from __future__ import annotations

from uuid import UUID

from toono.kernel.clock import now
from toono.notifications import queries
from toono.notifications.contracts import Message as MessageView
from toono.notifications.errors import MessageNotFound
from toono.notifications.models import Message


def open_message(*, person_id: UUID, message_id: UUID) -> MessageView:
    """The person's message, marked as read at its first opening."""
    Message.objects.filter(id=message_id, person_id=person_id, read_at=None).update(read_at=now())
    found = queries.message(person_id=person_id, message_id=message_id)
    if found is None:
        raise MessageNotFound
    return found
