"""Tables of the registry. What is approved stands in four tables; what is proposed, and who decided, in ``Draft``."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from toono.kernel.ids import uuid7


class Organisation(models.Model):
    """A body that takes part."""

    code = models.CharField(primary_key=True, max_length=40)
    member_class = models.CharField(max_length=3)
    register_number = models.CharField(max_length=7, unique=True)
    name_mn = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    unit_code = models.CharField(max_length=6, null=True)
    sort_key = models.CharField(max_length=400)


class System(models.Model):
    """An information system of an organisation."""

    id = models.CharField(primary_key=True, max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    title_mn = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    credentials = models.JSONField(default=list)


class Service(models.Model):
    """A service that a system provides on the exchange."""

    id = models.CharField(primary_key=True, max_length=250)
    system = models.ForeignKey(System, on_delete=models.PROTECT)
    base_url = models.CharField(max_length=500)
    timeout_seconds = models.FloatField()
    secret_name = models.CharField(max_length=60, null=True)
    endpoints = models.JSONField()
    title_mn = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    enabled = models.BooleanField(default=True)


class Agreement(models.Model):
    """A consumer's right to call a service, for purposes, in a time."""

    id = models.CharField(primary_key=True, max_length=100)
    consumer = models.ForeignKey(System, on_delete=models.PROTECT)
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    purposes = models.JSONField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()


class Draft(models.Model):
    """A proposed entry and what became of it. Rows stay for ever: they say who let whom read what."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=250)
    content = models.JSONField()
    base_digest = models.CharField(max_length=64, blank=True)
    """Digest of the entry that the drafter saw; empty where there was none."""
    drafted_by = models.UUIDField()
    drafted_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="pending")
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "drafted_at"], name="registry_draft_state"),
            models.Index(fields=["kind", "subject"], name="registry_draft_subject"),
        ]
        constraints = [
            # The two-person rule once more, where no code can pass it by.
            models.CheckConstraint(
                condition=~Q(state="approved") | (Q(decided_by__isnull=False) & ~Q(decided_by=F("drafted_by"))),
                name="registry_two_persons",
            ),
        ]


class PublishedConfiguration(models.Model):
    """A signed configuration as it was given out. Rows stay: they prove which rights held at a time."""

    version = models.BigIntegerField(primary_key=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    """SHA-256 of the JWS, hex."""
    jws = models.TextField()
