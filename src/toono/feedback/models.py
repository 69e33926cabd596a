"""Ratings. A row knows its case and nothing of the person."""

from __future__ import annotations

from django.db import models

from toono.feedback.contracts import COMMENT_LENGTH
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
