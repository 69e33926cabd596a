"""A message is written, and its delivery begins with the caller's commit."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from toono.kernel.clock import now
from toono.notifications.contracts import DeliveryChannel, DeliveryState
from toono.notifications.domain.delivery import CODE_LIFETIME, MESSAGE_LIFETIME
from toono.notifications.domain.templates import LANGUAGES, Template, cleaned, template
from toono.notifications.errors import KeyReused
from toono.notifications.models import Delivery, Message
from toono.notifications.operations import jobs


def notify(*, person_id: UUID, code: str, context: Mapping[str, str], key: str, case_id: UUID | None, sms: bool = True) -> UUID:
    """Write the message and its deliveries; the id. The same key again gives the same message and delivers nothing.

    :param sms: also by text message.
    """
    kind = template(code)
    context = cleaned(context)
    kind.check(context)
    moment = now()
    with transaction.atomic():
        # Two transactions with one key: the second waits at the unique index for the first, then finds its row.
        message, first = Message.objects.get_or_create(
            key=key,
            defaults={
                "person_id": person_id, "template": code, "context": dict(context), "texts": _texts(kind, context),
                "case_id": case_id, "created_at": moment,
            },
        )  # fmt: skip
        if not first:
            if (message.person_id, message.template, message.context) != (person_id, code, dict(context)):
                raise KeyReused(f"key {key} belongs to message {message.id}")
            return message.id
        if kind.inbox is not None:
            Delivery.objects.create(
                message=message, key=f"{message.id}:inapp", channel=DeliveryChannel.INAPP.value,
                state=DeliveryState.DELIVERED.value, created_at=moment, give_up_at=moment, finished_at=moment,
            )  # fmt: skip
        if sms:
            text = Delivery.objects.create(
                message=message, key=f"{message.id}:sms", channel=DeliveryChannel.SMS.value,
                state=DeliveryState.QUEUED.value, created_at=moment, again_at=moment, give_up_at=moment + MESSAGE_LIFETIME,
            )  # fmt: skip
            jobs.defer(text)
    return message.id


def _texts(kind: Template, context: Mapping[str, str]) -> dict[str, dict[str, str]]:
    if kind.inbox is None:
        return {}
    return {
        language: {
            "title": kind.inbox.title.filled(language, context),
            "body": kind.inbox.body.filled(language, context),
        }
        for language in LANGUAGES
    }


def tell_former_phone(*, event_id: UUID, change_id: UUID) -> None:
    """Have the number that a person had until now told of the change. Once for each event."""
    moment = now()
    with transaction.atomic():
        delivery, first = Delivery.objects.get_or_create(
            key=f"former:{event_id}",
            defaults={
                "phone_change_id": change_id, "channel": DeliveryChannel.SMS.value, "state": DeliveryState.QUEUED.value,
                "created_at": moment, "again_at": moment, "give_up_at": moment + MESSAGE_LIFETIME,
            },
        )  # fmt: skip
        if first:
            jobs.defer(delivery)


def send_code(*, event_id: UUID, challenge_id: UUID, language: str) -> None:
    """Have the code of a challenge sent at once, when the current transaction commits. Once for each event."""
    moment = now()
    with transaction.atomic():
        delivery, first = Delivery.objects.get_or_create(
            key=f"code:{event_id}",
            defaults={
                "challenge_id": challenge_id, "channel": DeliveryChannel.SMS.value, "language": language,
                "state": DeliveryState.QUEUED.value, "created_at": moment, "again_at": moment,
                "give_up_at": moment + CODE_LIFETIME,
            },
        )  # fmt: skip
        if first:
            jobs.defer(delivery)
