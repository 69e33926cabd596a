"""Receipts: stored as they come, then applied to their delivery."""

from __future__ import annotations

import logging

from django.db import close_old_connections, transaction
from django.db.models import Q

from toono.kernel.clock import now
from toono.notifications.adapters.smpp.pdu import ReceiptRead
from toono.notifications.contracts import DeliveryState
from toono.notifications.domain.delivery import REFERENCE_LIFETIME, receipt_state, supersedes
from toono.notifications.models import Delivery, Receipt

log = logging.getLogger(__name__)


def store(read: ReceiptRead) -> None:
    """Keep a receipt durably and apply it. Called in the adapter's own thread; when it returns, the receipt is acknowledged."""
    close_old_connections()
    Receipt.objects.create(provider_message_id=read.provider_message_id, reference=read.reference, status=read.status, received_at=now())
    try:
        apply(provider_message_id=read.provider_message_id)
    except Exception:
        log.exception("a receipt is stored but not applied; the sweep will do it")


def apply(*, provider_message_id: str) -> None:
    """Apply what is stored for this id; nothing happens while its delivery is not known."""
    with transaction.atomic():
        for receipt in Receipt.objects.select_for_update().filter(provider_message_id=provider_message_id, applied_at=None):
            _apply(receipt)


def _apply(receipt: Receipt) -> None:
    delivery = _delivery(receipt)
    if delivery is None:
        return
    state = receipt_state(receipt.status)
    if state is not None and supersedes(state, DeliveryState(delivery.state)):
        delivery.state = state.value
        delivery.failure = "" if state == DeliveryState.DELIVERED else f"receipt_{receipt.status.lower()}"
        delivery.finished_at = None if state == DeliveryState.UNKNOWN else now()
    delivery.provider_message_id = receipt.provider_message_id
    delivery.save(update_fields=["state", "failure", "finished_at", "provider_message_id"])
    receipt.applied_at = now()
    receipt.save(update_fields=["applied_at"])


def _delivery(receipt: Receipt) -> Delivery | None:
    """The delivery by the operator's id; else, where the operator's answer was lost, by our own reference.

    The reference has 16 bits only, so it is believed for a few days, for deliveries without an answer, and if it fits exactly one.
    """
    rows = Delivery.objects.select_for_update()
    known = rows.filter(provider_message_id=receipt.provider_message_id).order_by("-submitted_at").first()
    if known is not None or receipt.reference is None:
        return known
    lost = rows.filter(
        Q(state=DeliveryState.UNKNOWN),
        reference=receipt.reference,
        provider_message_id=None,
        submitted_at__gte=receipt.received_at - REFERENCE_LIFETIME,
    )
    found = list(lost[:2])
    return found[0] if len(found) == 1 else None
