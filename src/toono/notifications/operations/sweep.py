"""The sweep, once a minute: no delivery stays where it is because a job or a receipt was lost."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction

from toono.kernel.clock import now
from toono.notifications.adapters.smpp.operator import connection
from toono.notifications.adapters.smpp.pdu import ReceiptRead
from toono.notifications.contracts import DeliveryState
from toono.notifications.domain.delivery import RECEIPT_LIFETIME
from toono.notifications.models import Delivery, Receipt
from toono.notifications.operations import jobs, receipts

log = logging.getLogger(__name__)

JOB_LOST_AFTER = timedelta(seconds=90)
"""A try that is so long overdue has no job any more."""
ASK_AFTER, ASK_AGAIN_AFTER = timedelta(minutes=2), timedelta(minutes=15)
AT_ONCE = 200
ASKED_AT_ONCE = 20


def sweep() -> None:
    """Give up what is too old, queue again what lost its job, apply late receipts, ask for receipts that do not come."""
    moment = now()
    Delivery.objects.filter(state=DeliveryState.QUEUED, give_up_at__lte=moment).update(
        state=DeliveryState.FAILED, finished_at=moment, again_at=None
    )
    Delivery.objects.filter(state=DeliveryState.SENT, submitted_at__lte=moment - RECEIPT_LIFETIME).update(
        state=DeliveryState.UNKNOWN, failure="no_receipt"
    )
    _queue_again()
    for identifier in Receipt.objects.filter(applied_at=None).values_list("provider_message_id", flat=True)[:AT_ONCE]:
        receipts.apply(provider_message_id=identifier)
    _ask()


def _queue_again() -> None:
    moment = now()
    with transaction.atomic():
        # Locked, so that two sweeps do not queue one delivery twice (which would do no harm, but be work).
        lost = Delivery.objects.select_for_update(skip_locked=True).filter(
            state=DeliveryState.QUEUED, again_at__lte=moment - JOB_LOST_AFTER
        )
        for delivery in lost[:AT_ONCE]:
            log.warning("delivery %s lost its job, queued again", delivery.id)
            delivery.again_at = moment
            delivery.save(update_fields=["again_at"])
            jobs.defer(delivery)


def _ask() -> None:
    """Ask the operator what became of texts that it took and told nothing of since."""
    moment = now()
    quiet = Delivery.objects.filter(state=DeliveryState.SENT, submitted_at__lte=moment - ASK_AFTER).exclude(
        asked_at__gt=moment - ASK_AGAIN_AFTER
    )
    operator = connection(receipts.store)  # also binds, so that receipts of an earlier life are taken
    for delivery in quiet.exclude(provider_message_id=None).order_by("submitted_at")[:ASKED_AT_ONCE]:
        Delivery.objects.filter(id=delivery.id).update(asked_at=moment)
        identifier = str(delivery.provider_message_id)
        status = operator.status(identifier)
        if status is not None:
            receipts.store(ReceiptRead(identifier, status, None))
