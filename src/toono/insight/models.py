"""Counters per day. Their number grows with days and offices, never with cases; no row knows a person or a case."""

from __future__ import annotations

from django.db import models


class DailyCases(models.Model):
    """Applications, decisions and documents of a day."""

    pk = models.CompositePrimaryKey("day", "service", "organisation", "channel", "aimag")
    day = models.DateField()
    service = models.CharField(max_length=100)
    organisation = models.CharField(max_length=50)
    channel = models.CharField(max_length=20)
    aimag = models.CharField(max_length=10, blank=True)
    submitted = models.BigIntegerField(default=0)
    granted = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    withdrawn = models.BigIntegerField(default=0)
    documents = models.BigIntegerField(default=0)
    on_time = models.BigIntegerField(default=0)
    working_seconds = models.BigIntegerField(default=0)


class DailyDecisionTimes(models.Model):
    """How many decisions of a day took how much working time."""

    pk = models.CompositePrimaryKey("day", "service", "organisation", "bucket")
    day = models.DateField()
    service = models.CharField(max_length=100)
    organisation = models.CharField(max_length=50)
    bucket = models.PositiveSmallIntegerField()
    decisions = models.BigIntegerField(default=0)


class DailyRatings(models.Model):
    """Ratings of a day."""

    pk = models.CompositePrimaryKey("day", "service", "organisation")
    day = models.DateField()
    service = models.CharField(max_length=100)
    organisation = models.CharField(max_length=50)
    ratings = models.BigIntegerField(default=0)
    stars = models.BigIntegerField(default=0)
