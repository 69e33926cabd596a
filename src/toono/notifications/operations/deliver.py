"""One try of one delivery: take it, hand it over, note what came of it.

While a text is being handed over the row says ``unknown``. So a worker that dies in between leaves a delivery whose fate is
not known, as it is in truth, and nobody sends it again.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

import toono.identity.api as identity
from toono.identity.errors import ChallengeOver
from toono.kernel.actor import system
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed, NotFound
from toono.notifications.adapters.smpp.operator import Outgoing, connection
from toono.notifications.contracts import DeliveryState
from toono.notifications.domain.delivery import Accepted, NotSent, Outcome, Step, after
from toono.notifications.domain.templates import template
from toono.notifications.domain.text import is_phone, masked_phone
from toono.notifications.models import Delivery
from toono.notifications.operations import jobs, receipts

log = logging.getLogger(__name__)

ACTOR = system("notifications")
FINAL = (DeliveryState.DELIVERED, DeliveryState.FAILED)


class _Hopeless(Exception):
    """The text can never be sent; the argument is the stable word for why."""


@dataclass(frozen=True)
class _Text:
    phone: str
    text: str


def deliver(delivery_id: UUID) -> None:
    """Try the delivery if its time has come and nobody else has it."""
    delivery = Delivery.objects.select_related("message").get(id=delivery_id)
    if delivery.state != DeliveryState.QUEUED or not _take(delivery):
        return
    try:
        text = _text(delivery)
    except _Hopeless as reason:
        _note(delivery, Step(DeliveryState.FAILED, str(reason)), None)
        return
    except Exception as error:
        # Nothing was handed over yet, so trying again is safe.
        log.warning("delivery %s cannot be prepared: %s", delivery.id, type(error).__name__)
        _conclude(delivery, NotSent("not_prepared"))
        return
    lifetime = max(int((delivery.give_up_at - now()).total_seconds()), 1)
    outcome = connection(receipts.store).submit(Outgoing(text.phone, text.text, delivery.reference or 0, lifetime))
    log.info("delivery %s to %s, try %d: %s", delivery.id, masked_phone(text.phone), delivery.attempts, outcome)
    _conclude(delivery, outcome)


def _take(delivery: Delivery) -> bool:
    """Make the delivery ours: of two workers, one finds it still queued."""
    delivery.attempts += 1
    delivery.reference, delivery.submitted_at = secrets.randbelow(0x10000), now()
    taken = Delivery.objects.filter(id=delivery.id, state=DeliveryState.QUEUED, attempts=delivery.attempts - 1).update(
        state=DeliveryState.UNKNOWN, failure="handing_over", attempts=delivery.attempts, reference=delivery.reference,
        submitted_at=delivery.submitted_at, again_at=None,
    )  # fmt: skip
    return taken == 1


def _text(delivery: Delivery) -> _Text:
    if delivery.challenge_id:
        return _code(delivery)
    return _former_phone(delivery) if delivery.phone_change_id else _message(delivery)


def _former_phone(delivery: Delivery) -> _Text:
    """Phone and text for whoever held a number until a moment ago: if it was taken from them, they must hear of it."""
    assert delivery.phone_change_id is not None  # noqa: S101
    phone = identity.former_phone(change_id=delivery.phone_change_id)
    return _Text(_sendable(phone), template("phone_changed_before").sms_text(delivery.language, {}))


def _message(delivery: Delivery) -> _Text:
    """Phone and text of a message."""
    message = delivery.message
    assert message is not None  # noqa: S101 - a delivery without challenge has a message
    try:
        person = identity.person(actor=ACTOR, person_id=message.person_id, reason="message to the person")
    except (NotFound, NotAllowed):
        raise _Hopeless("no_person") from None
    text = template(message.template).sms_text(delivery.language, message.context)
    return _Text(_sendable(person.phone), text)


def _code(delivery: Delivery) -> _Text:
    """Phone and text of a one-time code. The code lives in this variable and in the text, nowhere else."""
    assert delivery.challenge_id is not None  # noqa: S101
    try:
        drawn = identity.draw_code(challenge_id=delivery.challenge_id)
    except ChallengeOver:
        raise _Hopeless("challenge_over") from None
    language = "en" if drawn.language == "en" else "mn"
    if drawn.title:
        return _Text(_sendable(drawn.phone), template("confirmation_code").sms_text(language, {"code": drawn.code, "title": drawn.title}))
    return _Text(_sendable(drawn.phone), template("sign_in_code").sms_text(language, {"code": drawn.code}))


def _sendable(phone: str) -> str:
    if not is_phone(phone):
        raise _Hopeless("no_phone")
    return phone


def _conclude(delivery: Delivery, outcome: Outcome) -> None:
    step = after(outcome, attempt=delivery.attempts, moment=now(), give_up_at=delivery.give_up_at)
    _note(delivery, step, outcome.provider_message_id if isinstance(outcome, Accepted) else None)
    if isinstance(outcome, Accepted):
        # The receipt may have been stored before this row knew the operator's id: whoever commits last sees the other.
        receipts.apply(provider_message_id=outcome.provider_message_id)


def _note(delivery: Delivery, step: Step, provider_message_id: str | None) -> None:
    """Write the step. A receipt that came by our reference meanwhile has the better knowledge and stays."""
    with transaction.atomic():
        row = Delivery.objects.select_for_update().get(id=delivery.id)
        if provider_message_id is not None:
            row.provider_message_id = provider_message_id
        if row.state == DeliveryState.UNKNOWN and row.attempts == delivery.attempts:
            row.state, row.failure, row.again_at = step.state.value, step.failure, step.again_at
            row.finished_at = now() if step.state in FINAL else None
            if step.state == DeliveryState.QUEUED:
                jobs.defer(row, at=step.again_at)
        row.save()
