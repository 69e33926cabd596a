"""Tables of the room. The rows of a published service, of a case's log and of facts are never changed: triggers refuse (see migrations)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from toono.kernel.ids import uuid7
from toono.services.contracts import Outcome


class ServiceVersion(models.Model):
    """A published definition: immutable."""

    code = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    level = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    """``{"definition": …, "template": …}``"""
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="service_version_once")]


class MeaningsVersion(models.Model):
    """The catalogue of meanings; the newest row counts. Facts keep what they were read as."""

    digest = models.CharField(max_length=64, unique=True)
    content = models.JSONField()
    loaded_at = models.DateTimeField()


class Case(models.Model):
    """A citizen's application, pinned to a version of its service."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=8, unique=True)
    service = models.CharField(max_length=60)
    service_version = models.PositiveIntegerField()
    person_id = models.UUIDField()
    organisation = models.CharField(max_length=40)
    channel = models.CharField(max_length=20)
    aimag_code = models.CharField(max_length=6, null=True)
    state = models.CharField(max_length=40)
    open = models.BooleanField(default=True)
    """Not decided, not withdrawn."""
    waiting_since = models.DateTimeField(null=True)
    """Since when a register has been silent, for a sent case."""
    answers = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    facts_tried_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    submitted_token = models.CharField(max_length=64, null=True)
    due_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, null=True, choices=[(o.value, o.value) for o in Outcome])
    action = models.CharField(max_length=40, null=True)
    ground = models.CharField(max_length=40, null=True)
    reason = models.TextField(default="")
    automatic = models.BooleanField(default=False)
    work_pending = models.BooleanField(default=False)
    """The worker has something to do; a sweep finds cases whose job was lost."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "service"], condition=Q(submitted_at__isnull=True, open=True), name="one_draft_of_a_service"
            )
        ]
        indexes = [
            models.Index(fields=["person_id", "-created_at"], name="cases_of_person"),
            models.Index(fields=["organisation", "due_at"], condition=Q(open=True, submitted_at__isnull=False), name="cases_open"),
            models.Index(fields=["service", "decided_at"], condition=Q(decided_at__isnull=False), name="cases_decided"),
            models.Index(fields=["submitted_at"], condition=Q(work_pending=True), name="cases_with_work"),
        ]


class CaseLog(models.Model):
    """What happened to a case, in order. Rows are only added."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    kind = models.CharField(max_length=30)
    """``started``, ``submitted``, ``fact_read``, ``register_silent``, ``decided``, ``document_issued``, ``document_revoked``, ``withdrawn``."""
    role = models.CharField(max_length=20)
    person_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]


class Fact(models.Model):
    """What a register said, kept apart from answers. Reading again adds a row and retires the one before."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="facts")
    name = models.CharField(max_length=40)
    meaning = models.CharField(max_length=100)
    title = models.JSONField()
    source = models.JSONField()
    absent = models.BooleanField()
    """The register answered that it holds nothing."""
    value = models.JSONField()
    """``[{"name", "label", "value"}]``, only what the meaning declares."""
    answered_at = models.DateTimeField()
    message_id = models.CharField(max_length=100, null=True)
    receipt = models.CharField(max_length=200, null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "name"], condition=Q(retired_at__isnull=True), name="one_current_fact")]


class Document(models.Model):
    """A sealed document. One for a case."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=20, unique=True)
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="document")
    person_id = models.UUIDField(db_index=True)
    service = models.CharField(max_length=60)
    title = models.JSONField()
    organisation = models.CharField(max_length=40)
    pdf = models.BinaryField()
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, unique=True)
    facts_fingerprint = models.CharField(max_length=19)
    fingerprint_salt = models.CharField(max_length=32)
    template_version = models.PositiveIntegerField()
    template_digest = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.TextField(null=True)
