"""Tables of the kernel: the outbox, who has handled what, and the audit."""

from __future__ import annotations

from django.db import models

from toono.kernel.ids import uuid7


class OutboxEvent(models.Model):
    """An event that was committed together with the change that it tells of."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    payload = models.JSONField()
    occurred_at = models.DateTimeField()


class HandledEvent(models.Model):
    """A subscriber has handled an event: the row is written in the transaction of its work, so that it happens once."""

    event_id = models.UUIDField()
    subscriber = models.CharField(max_length=100)
    handled_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_id", "subscriber"], name="handled_once")]


class AuditRecord(models.Model):
    """Who did what to what. Rows are never changed or removed: a trigger refuses."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(db_index=True)
    role = models.CharField(max_length=20)
    person_id = models.UUIDField(null=True)
    organisation = models.CharField(max_length=50, null=True)
    process = models.CharField(max_length=50, null=True)
    session_id = models.CharField(max_length=64, null=True)
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=200, db_index=True)
    details = models.JSONField(default=dict)


class DecreedDay(models.Model):
    """A day that a decree of the Government made a working day or a day off. Each change is in the audit."""

    day = models.DateField(primary_key=True)
    works = models.BooleanField()
    decree = models.CharField(max_length=200)
    entered_at = models.DateTimeField()
