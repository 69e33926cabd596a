"""The tables of the exchange.

The gateway writes its own by SQL (``gateway/rows.py``), so a column added here must be added there; a test compares both. Ids are UUIDv7 and rise
with time: the large tables are partitioned by ``id`` (see ``domain/partitions.py``), so that what is old leaves by the partition and
nothing grows slower. Rows of evidence are never changed.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from toono.kernel.ids import uuid7

# -- evidence, written by gateways ---------------------------------------------------------------------------------


class Batch(models.Model):
    """One commit of one writer of one gateway: a link of that writer's chain.

    ``content`` is the digests of everything that the commit holds, 64 bytes each: first the documents of its signatures (``signatures.xml``), in the order of
    ``Signature.position``; then the commitments of the readings and of the outcomes without an answer, in the order of their ``leaf``.
    ``link = SHA-512(previous link ‖ SHA-512(content))``; the first link of a chain follows 64 zero bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gateway = models.TextField()
    chain = models.UUIDField()
    """One writer, from its start to its end."""
    number = models.BigIntegerField()
    """1, 2, 3 … in the chain."""
    at = models.DateTimeField()
    content = models.BinaryField()
    link = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="exchange_batch_link")]
        indexes = [models.Index(fields=["at"], name="exchange_batch_at")]


class Signature(models.Model):
    """One signature of one member's key over all its messages of a batch, as XAdES; the document is made again from this row (``domain/evidence/xades.py``)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.UUIDField()
    position = models.IntegerField()
    """Of its document's digest in the batch's content."""
    member = models.TextField()
    certificate_serial = models.TextField()
    ocsp = models.BinaryField(null=True)
    """SHA-256 of the OCSP response that stands in the document."""
    at = models.DateTimeField()
    """Signing time, whole seconds."""
    leaves = models.BinaryField()
    """Digests of the messages, 64 bytes each (``domain/evidence/hashchain.py``)."""
    direct = models.BooleanField()
    """One message without a body: the signature refers to it without a hash chain."""
    value = models.BinaryField()
    """ECDSA over SHA-512, r and s of 32 bytes each (XML Signature 1.1, §6.4.3)."""
    document_digest = models.BinaryField()
    """SHA-512 of ``signatures.xml``."""

    class Meta:
        indexes = [models.Index(fields=["batch"], name="exchange_signature_batch")]


class OcspResponse(models.Model):
    """A response that stands in signatures; stored before the first of them."""

    digest = models.BinaryField(primary_key=True)
    """SHA-256."""
    der = models.BinaryField()
    produced_at = models.DateTimeField()


class MessageRecord(models.Model):
    """A request before it was forwarded, or a response before it was answered. Partitioned by class of retention, then by day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    retention = models.TextField()
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
    """SHA-512 of the message (X-Road's request hash); of a refused answer, of its body, which is not kept."""
    batch = models.UUIDField()
    signature = models.UUIDField(null=True)
    """None in an outcome without an answer."""
    leaf = models.IntegerField()
    """Place among the signature's leaves; without a signature, in the batch's content."""
    duration_us = models.IntegerField(null=True)
    """Microseconds from the request's head to this record."""

    class Meta:
        indexes = [
            models.Index(fields=["message_id"], name="exchange_message_id"),
            models.Index(fields=["request_id"], name="exchange_request_id"),
        ]


class LedgerEntry(models.Model):
    """One reading of one person's data, told so that the page needs nothing else. Names and titles as they were then. Partitioned by month."""

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
    agreement = models.TextField()
    purpose = models.TextField()
    purpose_title_mn = models.TextField()
    purpose_title_en = models.TextField()
    basis_mn = models.TextField()
    basis_en = models.TextField()
    issue = models.TextField(null=True)
    fields = ArrayField(models.TextField())
    """JSON pointers that were granted and answered; empty: the whole answer."""
    consent = models.UUIDField(null=True)
    """The person's consent by which it was read."""
    receipt = models.TextField()
    """Hash of the request (base64), as in ``x-road-request-hash``."""
    visible_at = models.DateTimeField()
    """From then on the person sees it; later than ``at`` where a law keeps it secret so long."""
    secrecy_basis_mn = models.TextField(null=True)
    salt = models.BinaryField()
    """16 random bytes: the commitment in the batch says nothing until the entry is shown (``domain/commitment.py``)."""
    batch = models.UUIDField()
    leaf = models.IntegerField()
    """Place of the commitment in the batch's content."""

    class Meta:
        indexes = [
            models.Index(fields=["civil_id", "-at", "-id"], name="exchange_ledger_person"),
            models.Index(fields=["visible_at"], condition=models.Q(secrecy_basis_mn__isnull=False), name="exchange_ledger_kept_back"),
        ]


class SeenNonce(models.Model):
    """What may be used once: the nonce of a signature, the id of a client assertion, an idempotency key. Kept until it could not be used again anyway."""

    nonce = models.BinaryField(primary_key=True)
    """SHA-256 of what it is, whose, and its text."""
    expires_at = models.DateTimeField()
    request_id = models.UUIDField(null=True)
    """Of an idempotency key: the call that was made under it."""
    fingerprint = models.BinaryField(null=True)
    """Of an idempotency key: SHA-256 of that call's method, target and body."""
    held_until = models.DateTimeField(null=True)
    """Of an idempotency key: until then that call may still be answered; after it, a call without an answer has an outcome that nobody here knows."""


class Traffic(models.Model):
    """What one gateway carried in some seconds: for each consumer, service and outcome one row. No person, no path. Partitioned by month."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    """End of the interval."""
    gateway = models.TextField()
    client = models.TextField()
    service = models.TextField()
    agreement = models.TextField()
    outcome = models.TextField()
    """``2xx``, ``4xx`` … of the provider, or the reason of a fault."""
    calls = models.IntegerField()
    request_bytes = models.BigIntegerField()
    response_bytes = models.BigIntegerField()
    durations = ArrayField(models.IntegerField())
    """Calls by duration; bounds in ``domain/traffic.py``."""

    class Meta:
        indexes = [models.Index(fields=["at"], name="exchange_traffic_at")]


# -- evidence, written by the worker -------------------------------------------------------------------------------


class Stamp(models.Model):
    """An RFC 3161 time-stamp over a tree of what was committed since the last one: documents of signatures and links of batches."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    leaves = models.BinaryField()
    """64 bytes each."""
    result_digest = models.BinaryField()
    """SHA-512 of ``ts-hashchainresult.xml``: what the token is over."""
    token = models.BinaryField()
    """DER of the TimeStampToken."""

    class Meta:
        indexes = [models.Index(fields=["at"], name="exchange_stamp_at")]


class StampLeaf(models.Model):
    """Where in which stamp a signature or a batch stands."""

    subject = models.UUIDField(primary_key=True)
    """Id of the signature or the batch."""
    stamp = models.UUIDField()
    position = models.IntegerField()


class HourlyRoot(models.Model):
    """What is published each hour: one digest over all stamps of the hour, chained to the hour before."""

    hour = models.DateTimeField(primary_key=True)
    """Begin of the hour."""
    leaves = models.BinaryField()
    """``result_digest`` of its stamps, in the order of their ids."""
    root = models.BinaryField()
    previous = models.BinaryField()
    """Root of the published hour before; zero bytes in the first."""
    jws = models.TextField()
    """The same, signed: as it was published."""
    published_at = models.DateTimeField()


class Archive(models.Model):
    """An archive file that was written: which messages it holds, and where it is."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.TextField(unique=True)
    retention = models.TextField()
    begin = models.DateTimeField()
    end = models.DateTimeField()
    messages = models.IntegerField()
    size = models.BigIntegerField()
    digest = models.BinaryField()
    """Last digest of the file's linking information, with which the next archive of the class begins. SHA-512 of the file begins in its name."""
    previous = models.BinaryField()
    """That of the archive before, of the same class; zero bytes in the first."""
    written_at = models.DateTimeField()


# -- consent ---------------------------------------------------------------------------------------------------------


class Consent(models.Model):
    """A person lets one system read one service for one purpose, until it ends or is withdrawn. The gateway asks on every call that needs it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    civil_id = models.TextField()
    regnum = models.TextField()
    """Upper case, as a path may name the person by it."""
    consumer = models.TextField()
    service = models.TextField()
    purpose = models.TextField()
    agreement = models.TextField()
    fields = ArrayField(models.TextField())
    """What the person was shown when consenting; an agreement that grants more needs a new consent."""
    given_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["civil_id", "consumer", "service"], name="exchange_consent_civil_id"),
            models.Index(fields=["regnum", "consumer", "service"], name="exchange_consent_regnum"),
        ]
