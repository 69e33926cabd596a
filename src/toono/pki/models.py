"""Tables of the room: every certificate ever issued, and the revocation lists."""

from __future__ import annotations

from django.db import models


class Certificate(models.Model):
    """A certificate that an authority of ours issued. Rows are never removed: status must be told for ever."""

    serial = models.CharField(max_length=40, primary_key=True)
    """Lower-case hex."""
    issuer_serial = models.CharField(max_length=40)
    """Serial of the authority's certificate; the root's is its own."""
    label = models.CharField(max_length=130)
    """Key label that was asked for."""
    key = models.CharField(max_length=130)
    """Key label in the signer: the asked one, or a later generation of it after a compromise."""
    profile = models.CharField(max_length=20)
    common_name = models.CharField(max_length=64)
    organisation = models.CharField(max_length=64)
    register_number = models.CharField(max_length=12)
    """Of a legal person seven digits; of a natural person the civil id, twelve."""
    pem = models.TextField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=30, null=True)

    class Meta:
        indexes = [
            models.Index(fields=["label", "-issued_at"], name="pki_certificate_of_label"),
            models.Index(fields=["issuer_serial"], condition=models.Q(revoked_at__isnull=False), name="pki_certificate_revoked"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True, reason__isnull=True) | models.Q(revoked_at__isnull=False, reason__isnull=False),
                name="pki_revoked_with_reason",
            )
        ]


class RevocationList(models.Model):
    """A published revocation list; the newest number of an authority is the one in force."""

    authority = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    der = models.BinaryField()
    this_update = models.DateTimeField()
    next_update = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["authority", "number"], name="pki_list_numbered_once")]
