"""Agreements that end soon are told of: 30, 7 and 1 days ahead, once each."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from toono.kernel import outbox
from toono.kernel.clock import now
from toono.registry import models
from toono.registry.domain.expiry import FIRST, threshold
from toono.registry.domain.identifiers import organisation_of
from toono.registry.events import AgreementExpiring


def warn_of_expiry() -> int:
    """Tell of each agreement that came nearer to its end than a threshold since the last time; returns how many were told.

    The row of the warning and the event commit together. Two workers at the same time tell once: the row is unique, and the second
    one's insert does nothing.
    """
    moment, told = now(), 0
    ending = models.Agreement.objects.filter(ended_at=None, valid_until__gt=moment, valid_until__lte=moment + timedelta(days=FIRST))
    for row in ending.order_by("valid_until", "id"):
        with transaction.atomic():
            told += _warn(row, moment)
    return told


def _warn(row: models.Agreement, moment: datetime) -> bool:
    days = threshold(row.valid_until - moment)
    if days is None:
        return False
    _, first = models.ExpiryWarning.objects.get_or_create(agreement=row.id, version=row.version, days=days, defaults={"told_at": moment})
    if first:
        outbox.publish(
            AgreementExpiring(
                agreement=row.id, version=row.version, days=days, valid_until=row.valid_until,
                consumer_organisation=organisation_of(row.consumer_id), owner_organisation=organisation_of(row.service_id),
                service=row.service_id,
            )
        )  # fmt: skip
    return first
