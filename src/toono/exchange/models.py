"""The tables of the gateway: message log, access ledger, nonces. Only the gateway writes them; rows are never changed.

The gateway writes them by SQL of its own (``gateway/rows.py``), so a column added here must be added there; a test compares both. Ids are
UUIDv7 and rise with time: when the tables grow, they are partitioned by ``id`` without touching a row.
"""

from __future__ import annotations

from django.db import models

from toono.kernel.ids import uuid7


class MessageRecord(models.Model):
    """A request before it was forwarded, or a response before it was answered, with its signature."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message_id = models.TextField()
    """``X-Road-Id``; a client may use it twice."""
    request_id = models.UUIDField()
    """``x-road-request-id``: joins the two records of one call."""
    direction = models.TextField(choices=[("request", "request"), ("response", "response")])
    at = models.DateTimeField()
    client = models.TextField()
    service = models.TextField()
    purpose = models.TextField()
    agreement = models.TextField()
    issue = models.TextField(null=True)
    user_id = models.TextField(null=True)
    status = models.IntegerField(null=True)
    """Status that was answered; None in a request."""
    error_type = models.TextField(null=True)
    """Type of error, where the gateway did not pass on an answer."""
    reason = models.TextField(null=True)
    """Reason and id of that fault."""
    head = models.BinaryField()
    """Byte form of the message's head, as signed."""
    body = models.BinaryField()
    digest = models.BinaryField(null=True)
    """SHA-512 of the message, which the signature covers; of a refused answer, of its body, which is not kept."""
    signature = models.BinaryField(null=True)
    """ECDSA, DER."""
    certificate_serial = models.TextField(null=True)
    duration_us = models.IntegerField(null=True)
    """Microseconds from the request's head to this record."""

    class Meta:
        indexes = [
            models.Index(fields=["message_id"], name="exchange_message_id"),
            models.Index(fields=["request_id"], name="exchange_request_id"),
        ]


class LedgerEntry(models.Model):
    """One reading of one person's data, told so that the page needs nothing else. Names and titles as they were then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    civil_id = models.TextField()
    at = models.DateTimeField()
    message_id = models.TextField()
    request_id = models.UUIDField()
    consumer = models.TextField()
    consumer_title_mn = models.TextField()
    consumer_title_en = models.TextField()
    organisation = models.TextField()
    organisation_name_mn = models.TextField()
    organisation_name_en = models.TextField()
    provider = models.TextField()
    provider_name_mn = models.TextField()
    provider_name_en = models.TextField()
    service = models.TextField()
    service_title_mn = models.TextField()
    service_title_en = models.TextField()
    purpose = models.TextField()
    purpose_title_mn = models.TextField()
    purpose_title_en = models.TextField()
    basis_mn = models.TextField()
    issue = models.TextField(null=True)
    receipt = models.TextField()
    """Hash of the request (base64), as in ``x-road-request-hash``."""

    class Meta:
        indexes = [models.Index(fields=["civil_id", "-at", "-id"], name="exchange_ledger_person")]


class SeenNonce(models.Model):
    """A nonce under which a call was forwarded, kept until a signature with it would be too old anyway."""

    nonce = models.BinaryField(primary_key=True)
    expires_at = models.DateTimeField()
