"""Ratings, which know their case and nothing of the person; complaints, which know whom to answer."""

from __future__ import annotations

from django.db import models

from toono.feedback.contracts import ANSWER_LENGTH, COMMENT_LENGTH, ComplaintState, Correctness, Finding
from toono.kernel.ids import uuid7


class Rating(models.Model):
    """The one rating of a case; written once, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case_id = models.UUIDField(unique=True)
    service = models.CharField(max_length=100)
    organisation = models.CharField(max_length=50)
    stars = models.PositiveSmallIntegerField()
    comment = models.CharField(max_length=COMMENT_LENGTH, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(stars__range=(1, 5)), name="feedback_one_to_five_stars")]
        indexes = [models.Index(fields=["service", "stars"], name="feedback_by_service")]


class Contradiction(models.Model):
    """What a person says against a fact of their case, to the keeper of the register. Answered once, then never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=12, unique=True)
    dispute_id = models.UUIDField(unique=True)
    """In ``services``."""
    case_id = models.UUIDField()
    person_id = models.UUIDField()
    organisation = models.CharField(max_length=50)
    fact = models.JSONField()
    """:class:`toono.feedback.contracts.ContradictedFact`, as the person saw it."""
    words = models.CharField(max_length=COMMENT_LENGTH)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=[(o.value, o.value) for o in Correctness], null=True)
    answer = models.CharField(max_length=ANSWER_LENGTH, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome=None, answered_at=None)
                | (models.Q(outcome__isnull=False, answered_at__isnull=False, answered_by__isnull=False) & ~models.Q(answer="")),
                name="feedback_contradiction_answer_is_whole",
            )
        ]
        indexes = [models.Index(fields=["organisation", "answered_at", "due_at"], name="feedback_contradictions")]


class Complaint(models.Model):
    """One person's complaint about one reading of their data, or about one late case. Answered once, then never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=12, unique=True)
    reading_id = models.UUIDField(unique=True, null=True)
    """Entry of the access ledger in ``exchange``; None for a late case."""
    case_id = models.UUIDField(unique=True, null=True)
    """Of the late case in ``services``; None for a reading."""
    person_id = models.UUIDField()
    organisation = models.CharField(max_length=50)
    reading = models.JSONField(null=True)
    """That entry, as the person saw it."""
    late = models.JSONField(null=True)
    """:class:`toono.feedback.contracts.LateCase`, as it stood then."""
    words = models.CharField(max_length=COMMENT_LENGTH, blank=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in ComplaintState], default=ComplaintState.OPEN.value)
    finding = models.CharField(max_length=10, choices=[(f.value, f.value) for f in Finding], null=True)
    answer = models.CharField(max_length=ANSWER_LENGTH, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="open", finding=None, answered_at=None)
                | (
                    models.Q(state="answered", finding__isnull=False, answered_at__isnull=False, answered_by__isnull=False)
                    & ~models.Q(answer="")
                ),
                name="feedback_answer_is_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(reading_id__isnull=False, reading__isnull=False, case_id=None, late__isnull=True)
                | models.Q(case_id__isnull=False, late__isnull=False, reading_id=None, reading__isnull=True),
                name="feedback_complaint_of_one_thing",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "state", "due_at"], name="feedback_complaints"),
        ]
