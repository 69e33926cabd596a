"""Bills, and what the bank said about them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from toono.kernel.ids import uuid7
from toono.payments.contracts import BillState


class Bill(models.Model):
    """A demand for money. What is paid, and how much was asked, never changes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=100, unique=True)
    """Of the room that opens it: opened twice it is one bill."""
    reference = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    amount_mungu = models.BigIntegerField()
    return_url = models.CharField(max_length=500)
    """Page to which the bank leads the payer back."""
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in BillState], default=BillState.OPENING.value)
    invoice = models.CharField(max_length=100, null=True, unique=True)
    """The bank's own number."""
    pay_url = models.CharField(max_length=500, null=True)
    opened_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    """When the bank was last asked about it."""
    ask_at = models.DateTimeField(null=True)
    """When it is to be asked again, whether or not a notice comes."""
    paid_at = models.DateTimeField(null=True)
    payment = models.CharField(max_length=100, null=True, unique=True)
    """The bank's number of the payment."""
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_mungu__gt=0), name="payments_bill_of_something"),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(paid_at__isnull=False, payment__isnull=False), name="payments_paid_is_proven"
            ),
        ]
        indexes = [models.Index(fields=["ask_at"], condition=Q(ask_at__isnull=False), name="payments_to_ask")]
