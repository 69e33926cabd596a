"""Tables of the registry. What is approved stands in four tables; what is proposed, and who decided, in ``Draft``."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
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
    search = models.TextField(blank=True, default="")
    """Names and codes, folded: what the console's search looks in. So in the tables below."""


class System(models.Model):
    """An information system of an organisation."""

    id = models.CharField(primary_key=True, max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    title_mn = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    credentials = models.JSONField(default=list)
    return_urls = models.JSONField(default=list)
    search = models.TextField(blank=True, default="")

    class Meta:
        indexes = [GinIndex(fields=["credentials"], name="registry_system_credentials", opclasses=["jsonb_path_ops"])]


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
    kind = models.CharField(max_length=10, default="rest")
    openapi_path = models.CharField(max_length=500, null=True)
    retention = models.CharField(max_length=10, default="standard")
    authority_pem = models.TextField(null=True)
    mutual_tls = models.BooleanField(default=False)
    search = models.TextField(blank=True, default="")


class Agreement(models.Model):
    """A consumer's right to call a service, for purposes, in a time."""

    id = models.CharField(primary_key=True, max_length=100)
    consumer = models.ForeignKey(System, on_delete=models.PROTECT)
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    purposes = models.JSONField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    version = models.IntegerField(default=1)
    endpoints = models.JSONField(default=list)
    fields = models.JSONField(default=list)
    authentication = models.JSONField(default=list)
    consent = models.BooleanField(default=False)
    rate_per_second = models.IntegerField(null=True)
    quota_per_day = models.IntegerField(null=True)
    hours = models.JSONField(null=True)
    secrecy = models.JSONField(null=True)
    ended_at = models.DateTimeField(null=True)
    """When it was removed. It travels in the configuration for a while, so that the gateway says «expired» and not «none»."""
    search = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["valid_until"], name="registry_agreement_until")]


class Exchange(models.Model):
    """What holds for the exchange as a whole: one row."""

    id = models.CharField(primary_key=True, max_length=20)
    gateways = models.JSONField(default=list)
    homes = models.JSONField(default=dict)
    issuers = models.JSONField(default=list)
    policy = models.JSONField(default=dict)


class ExpiryWarning(models.Model):
    """That an agreement ends soon was told: once for each version and threshold."""

    agreement = models.CharField(max_length=100)
    version = models.IntegerField()
    days = models.IntegerField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agreement", "version", "days"], name="registry_expiry_told_once")]


class Draft(models.Model):
    """A proposed entry and what became of it. Rows stay for ever: they say who let whom read what."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=250)
    content = models.JSONField()
    base_digest = models.CharField(max_length=64, blank=True)
    """Digest of the entry that the drafter saw; empty where there was none."""
    remove = models.BooleanField(default=False)
    consumer = models.CharField(max_length=40, blank=True)
    """Of an agreement: code of the organisation that reads."""
    owner = models.CharField(max_length=40, blank=True)
    """Of an agreement: code of the organisation whose service is read."""
    drafted_by = models.UUIDField()
    drafted_for = models.CharField(max_length=40, blank=True)
    """Organisation whose representative drafted it; empty: an administrator did."""
    drafted_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="pending")
    accepted_by = models.UUIDField(null=True)
    accepted_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    version = models.IntegerField(null=True)
    """Of its entry, from the approval on."""

    class Meta:
        indexes = [
            models.Index(fields=["state", "drafted_at"], name="registry_draft_state"),
            models.Index(fields=["kind", "subject"], name="registry_draft_subject"),
            models.Index(fields=["-decided_at", "-id"], name="registry_draft_decided"),
        ]
        constraints = [
            # The rules of two and three persons once more, where no code can pass them by. Each side is also asked to be there, since
            # a comparison with nothing is neither true nor false and would pass.
            models.CheckConstraint(
                condition=~Q(state="approved") | (Q(decided_by__isnull=False) & ~Q(decided_by=F("drafted_by"))),
                name="registry_two_persons",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("accepted", "approved"))
                | Q(drafted_for="")
                | (Q(accepted_by__isnull=False) & ~Q(accepted_by=F("drafted_by"))),
                name="registry_owner_accepts",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(drafted_for="") | ~Q(decided_by=F("accepted_by")),
                name="registry_three_persons",
            ),
            models.CheckConstraint(condition=~Q(state="approved") | Q(version__isnull=False), name="registry_version_counted"),
            models.UniqueConstraint(fields=["kind", "subject", "version"], name="registry_version_once"),
        ]


class PublishedConfiguration(models.Model):
    """A signed configuration as it was given out. Rows stay: they prove which rights held at a time."""

    version = models.BigIntegerField(primary_key=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    """SHA-256 of the JWS, hex."""
    jws = models.TextField()
