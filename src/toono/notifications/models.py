"""Tables of notifications."""

from __future__ import annotations

from django.db import models

from toono.kernel.ids import uuid7
from toono.notifications.contracts import DeliveryChannel, DeliveryState, ReadingNotice


class Message(models.Model):
    """A message to one person. ``texts`` is what it said when it was sent; a later template changes nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField()
    template = models.CharField(max_length=60)
    context = models.JSONField()
    texts = models.JSONField()
    """Title and body by language; empty for a template that has no inbox part."""
    key = models.CharField(max_length=200, unique=True)
    case_id = models.UUIDField(null=True, db_index=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["person_id", "-created_at"], name="message_inbox"),
            models.Index(fields=["person_id"], condition=models.Q(read_at=None), name="message_unread"),
        ]


class Delivery(models.Model):
    """One message by one channel. A text that waits for its answer is ``unknown``: a crash leaves it so, and it is not sent again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, null=True, on_delete=models.PROTECT, related_name="deliveries")
    """None for a code, which is never stored, and for a word to a number that is no longer the person's."""
    challenge_id = models.UUIDField(null=True)
    """The challenge in identity whose code is to be sent."""
    phone_change_id = models.UUIDField(null=True)
    """The change in identity of which the number before it is told; the number itself is never stored here."""
    key = models.CharField(max_length=230, unique=True)
    channel = models.CharField(max_length=10, choices=[(c.value, c.value) for c in DeliveryChannel])
    language = models.CharField(max_length=2, default="mn")
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in DeliveryState])
    failure = models.CharField(max_length=60, default="")
    attempts = models.PositiveIntegerField(default=0)
    reference = models.PositiveIntegerField(null=True)
    """Our own 16-bit reference, which a receipt repeats; finds the delivery whose answer was lost."""
    provider_message_id = models.CharField(max_length=65, null=True, db_index=True)
    created_at = models.DateTimeField()
    again_at = models.DateTimeField(null=True)
    """When the next try is due; only while queued."""
    give_up_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    """When the operator was last asked what became of it."""
    finished_at = models.DateTimeField(null=True)
    """When it was delivered or failed."""

    class Meta:
        indexes = [
            models.Index(fields=["state", "again_at"], condition=models.Q(state="queued"), name="delivery_queued"),
            models.Index(fields=["state", "submitted_at"], condition=models.Q(state__in=["sent", "unknown"]), name="delivery_open"),
        ]


class Receipt(models.Model):
    """A delivery receipt as it came. It may come before the answer to the text is stored, so it waits here for its delivery."""

    provider_message_id = models.CharField(max_length=65, db_index=True)
    reference = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=10)
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["received_at"], condition=models.Q(applied_at=None), name="receipt_waiting")]


class ReadingPreference(models.Model):
    """How a person wishes to be told of readings of their data, and up to when they were."""

    person_id = models.UUIDField(primary_key=True)
    civil_id = models.CharField(max_length=12, unique=True)
    """By it the readings are found; persons outside this room have no other name in the access ledger."""
    notice = models.CharField(max_length=10, choices=[(n.value, n.value) for n in ReadingNotice], default=ReadingNotice.WEEKLY.value)
    sms = models.BooleanField(default=False)
    told_until = models.DateTimeField()
    """What could be known before this moment is told, or was not to be."""

    class Meta:
        indexes = [
            models.Index(fields=["told_until"], condition=models.Q(notice="weekly"), name="reading_digest_due"),
            models.Index(fields=["civil_id"], condition=models.Q(notice="each"), name="reading_told_each"),
        ]


class ReadingsTold(models.Model):
    """Up to which moment all readings were looked at for those who wish to hear of each. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    until = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="readings_told_once")]
