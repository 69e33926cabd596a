"""Proofs for anybody: that a message with this receipt stood in the log, was signed, was time-stamped, and is under a published root."""

from __future__ import annotations

from hmac import compare_digest

from toono.exchange import queries
from toono.exchange.domain import log_checks, proofs, roots
from toono.exchange.domain.proofs import Json
from toono.exchange.errors import EvidenceIncomplete, NotStampedYet, ReceiptNotFound
from toono.exchange.models import HourlyRoot, MessageRecord
from toono.exchange.queries import Shelf, Signed, Stamped


def proof(*, receipt: bytes, message_id: str) -> Json:
    """The proof (``domain/proofs.py``). The message id leads to the message without a search through digests; the receipt shows that the asker may know.

    :raises ReceiptNotFound: no signed message has both.
    :raises NotStampedYet: it has no time-stamp yet.
    :raises EvidenceIncomplete: the log is damaged.
    """
    found = [r for r in queries.records(message_id=message_id) if r.digest is not None and compare_digest(bytes(r.digest), receipt)]
    record = next((r for r in found if r.signature is not None), None)
    if record is None or record.signature is None:
        raise ReceiptNotFound("no such receipt under this message id")
    shelf = Shelf()
    shelf.load([record])
    signed, stamped = shelf.signed(record.signature), shelf.stamped(record.signature)
    if signed is None or not signed.document:
        raise EvidenceIncomplete(f"signature {record.signature}", part="signature")
    if stamped is None:
        raise NotStampedYet(str(record.signature))
    return _proof(record, signed, *stamped)


def _proof(record: MessageRecord, signed: Signed, stamped: Stamped, position: int) -> Json:
    digests = log_checks.digests(bytes(record.head), bytes(record.body))
    if log_checks.message(signed.row, record.leaf, digests) is not None:
        raise EvidenceIncomplete(f"message {record.id}", part="message")
    signature = proofs.of_signature(
        digests, leaves=signed.row.leaves, leaf=record.leaf, direct=signed.row.direct, document=signed.document
    )  # fmt: skip
    stamp = proofs.of_stamp(stamped.leaves, position, bytes(stamped.stamp.token))
    return {**signature, "stamp": stamp, "hour": _hour(stamped)}


def _hour(stamped: Stamped) -> Json | None:
    """None until the hour of the time-stamp is published."""
    row = HourlyRoot.objects.filter(hour=roots.hour_of(stamped.stamp.at)).first()
    if row is None:
        return None
    leaves = log_checks.split(bytes(row.leaves))
    index = leaves.index(bytes(stamped.stamp.result_digest))
    return proofs.of_hour(row.hour, leaves, index, previous=bytes(row.previous), jws=row.jws)
