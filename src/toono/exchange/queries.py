"""Reading the message log."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Length

import toono.pki.api as pki
from toono.exchange import limits
from toono.exchange.contracts import CallOutcome, Direction, Evidence, LoggedMessage, RootInfo, Verdict
from toono.exchange.domain import commitment, log_checks, partitions, roots
from toono.exchange.domain import outcomes as outcome_rules
from toono.exchange.domain.evidence import hashchain
from toono.exchange.domain.log_checks import SignatureRow, Signer
from toono.exchange.errors import MessageNotFound, RootNotFound
from toono.exchange.models import Batch, HourlyRoot, MessageRecord, OcspResponse, Signature, Stamp, StampLeaf
from toono.kernel.clock import now
from toono.pki.errors import CertificateNotFound


def records(*, message_id: str, party: str | None = None) -> list[MessageRecord]:
    """What the log knows under a message id, oldest first; with ``party``, what this system or organisation has sent or received.

    A client may use an id again and again: of many records, or of large ones, the newest are given.
    """
    return _whole(MessageRecord.objects.filter(message_id=message_id), party)


def records_by_receipt(*, receipt: bytes, around: datetime, party: str | None = None) -> list[MessageRecord]:
    """Messages with this digest in some minutes before and after a moment: digests are not indexed, so the time bounds what is looked through."""
    reach = timedelta(minutes=limits.RECEIPT_MINUTES)
    low, after = partitions.floor(around - reach), partitions.floor(around + reach)
    return _whole(MessageRecord.objects.filter(id__gte=low, id__lt=after, digest=receipt), party)


def record(*, record_id: UUID, party: str | None = None) -> MessageRecord:
    """One record. :raises MessageNotFound: there is none that concerns ``party``."""
    found = MessageRecord.objects.filter(id=record_id).first()
    if found is None or not _concerns(found.client, found.service, party):
        raise MessageNotFound(str(record_id))
    return found


def _whole(wanted: QuerySet[MessageRecord], party: str | None) -> list[MessageRecord]:
    """The newest of ``wanted`` that ``party`` may see, oldest first, as many as may be held at once."""
    taken: list[UUID] = []
    weight = 0
    listed = wanted.order_by("-id").values_list("id", "client", "service", Length("head") + Length("body"))
    for identifier, client, service, size in listed[: limits.EVIDENCE_RECORDS]:
        if not _concerns(client, service, party):
            continue
        weight += size
        if taken and (weight > limits.EVIDENCE_MESSAGE_BYTES or len(taken) == limits.EVIDENCE_MESSAGES):
            break
        taken.append(identifier)
    return list(MessageRecord.objects.filter(id__in=taken).order_by("id"))


def _concerns(client: str, service: str, party: str | None) -> bool:
    """Whether ``party`` (a system, or an organisation's ``INSTANCE/CLASS/MEMBER``) has sent or received the message; None: it may see all."""
    return party is None or any(name == party or name.startswith(f"{party}/") for name in (client, service))


def evidence(*, message_id: str, party: str | None = None) -> Evidence:
    """What the log knows of ``message_id``, each signature checked anew.

    :raises MessageNotFound: nothing, or nothing that concerns ``party``.
    """
    found = records(message_id=message_id, party=party)
    if not found:
        raise MessageNotFound(message_id)
    return Evidence(message_id=message_id, messages=logged(found))


def logged(found: Sequence[MessageRecord]) -> tuple[LoggedMessage, ...]:
    """Records as they leave the room, each with its verdict."""
    shelf = Shelf()
    shelf.load(found)
    return tuple(_logged(shelf, record) for record in found)


def _logged(shelf: Shelf, record: MessageRecord) -> LoggedMessage:
    signed = shelf.signed(record.signature) if record.signature is not None else None
    stamped = shelf.stamped(record.signature) if record.signature is not None else None
    return LoggedMessage(
        id=record.id, direction=Direction(record.direction), at=record.at, message_id=record.message_id, request_id=str(record.request_id),
        client=record.client, service=record.service, purpose=record.purpose, agreement=record.agreement, case=record.issue, user=record.user_id,
        status=record.status, error_type=record.error_type, reason=record.reason, head=bytes(record.head).decode("utf-8", "replace"),
        body_base64=_text(record.body) or "", digest_base64=_text(record.digest), member=signed.member if signed else None,
        certificate_serial=signed.serial if signed else None, signature_base64=_text(signed.row.value) if signed else None,
        signed_at=signed.row.at if signed else None, stamped_at=stamped[0].stamp.at if stamped else None, retention=record.retention,
        verdict=verdict(shelf, record),
    )  # fmt: skip


def _text(value: bytes | memoryview | None) -> str | None:
    return None if value is None else b64encode(bytes(value)).decode()


def outcomes(*, message_id: str, client: str) -> tuple[CallOutcome, ...]:
    """What became of the newest calls that ``client`` made under ``message_id``, oldest first.

    :raises MessageNotFound: there is none.
    """
    names = ("request_id", "direction", "at", "service", "status", "reason")
    rows = MessageRecord.objects.filter(message_id=message_id, client=client).order_by("-id").values_list(*names)
    found = outcome_rules.outcomes([outcome_rules.Record(*row) for row in reversed(rows[: limits.EVIDENCE_RECORDS])], now())
    if not found:
        raise MessageNotFound(message_id)
    return found


def published_roots(*, before: str | None) -> list[RootInfo]:
    """Published hours, newest first. :raises RootNotFound: ``before`` is no hour."""
    rows = HourlyRoot.objects.order_by("-hour")
    if before is not None:
        rows = rows.filter(hour__lt=_hour(before))
    return [
        RootInfo(
            name=roots.name(row.hour), hour=row.hour, stamps=len(log_checks.split(bytes(row.leaves))), root_base64=_text(row.root) or "",
            previous_base64=_text(row.previous) or "", published_at=row.published_at,
        )
        for row in rows[: limits.ROOTS_LISTED]
    ]  # fmt: skip


def published_root(*, name: str) -> dict[str, Any]:
    """One published hour as JSON. :raises RootNotFound: there is none."""
    row = HourlyRoot.objects.filter(hour=_hour(name)).first()
    if row is None:
        raise RootNotFound(name)
    return {
        "name": name, "hour": row.hour.isoformat().replace("+00:00", "Z"), "leaves": [_text(leaf) for leaf in log_checks.split(bytes(row.leaves))],
        "previous": _text(row.previous), "root": _text(row.root), "jws": row.jws,
    }  # fmt: skip


def _hour(name: str) -> datetime:
    hour = roots.parse_name(name)
    if hour is None:
        raise RootNotFound(name[:40])
    return hour


# -- what stands beside messages -----------------------------------------------------------------------------------


class Stamped(NamedTuple):
    """A time-stamp, with its leaves apart."""

    stamp: Stamp
    leaves: list[bytes]
    result: bytes
    """``ts-hashchainresult.xml``"""


class Signed(NamedTuple):
    """A signature's row with what it names."""

    id: UUID
    batch: UUID
    position: int
    row: SignatureRow
    signer: Signer | None
    """None where the certificate is not known here."""
    serial: str
    member: str
    document: bytes
    """``signatures.xml``; empty where it cannot be made."""


class Shelf:
    """What stands beside messages, each row read once; for one answer or one archive."""

    def __init__(self) -> None:
        self._signers: dict[str, Signer | None] = {}
        self._responses: dict[bytes, bytes] = {}
        self._signatures: dict[UUID, Signed] = {}
        self._places: dict[UUID, StampLeaf] = {}
        self._stamps: dict[UUID, Stamped] = {}
        self._chains: dict[UUID, bytes] = {}
        self._batches: dict[UUID, Batch] = {}

    def load(self, records: Iterable[MessageRecord]) -> None:
        """Read all that ``records`` need, by a fixed number of questions. What earlier ones needed is forgotten, apart from certificates and time-stamps."""
        wanted = {record.signature for record in records if record.signature is not None}
        self._signatures = {key: value for key, value in self._signatures.items() if key in wanted}
        self._places = {key: value for key, value in self._places.items() if key in wanted}
        missing = [key for key in wanted if key not in self._signatures]
        rows = list(Signature.objects.filter(id__in=missing))
        self.load_responses(rows)
        self._signatures |= {row.id: self.read(row) for row in rows}
        self._places |= {
            place.subject: place for place in StampLeaf.objects.filter(subject__in=[k for k in wanted if k not in self._places])
        }
        self._chains = {key: value for key, value in self._chains.items() if key in wanted}
        needed = {place.stamp for place in self._places.values()}
        self._stamps = {key: value for key, value in self._stamps.items() if key in needed}
        for stamp in Stamp.objects.filter(id__in=needed - self._stamps.keys()):
            leaves = log_checks.split(bytes(stamp.leaves))
            result = hashchain.stamp_result_xml(hashchain.stamp_root(leaves)) if leaves else b""
            self._stamps[stamp.id] = Stamped(stamp, leaves, result)

    def signed(self, signature: UUID) -> Signed | None:
        """None where no such row is kept."""
        return self._signatures.get(signature)

    def stamped(self, subject: UUID) -> tuple[Stamped, int] | None:
        """The time-stamp of a signature and its place in it; None while it has none."""
        place = self._places.get(subject)
        found = self._stamps.get(place.stamp) if place else None
        return (found, place.position) if found and place else None

    def stamp_chain(self, subject: UUID) -> bytes:
        """``ts-hashchain.xml`` of a signature that has a time-stamp; hashed once for all its messages."""
        if subject not in self._chains and (found := self.stamped(subject)) is not None:
            self._chains[subject] = hashchain.stamp_chain_xml(found[0].leaves, found[1])
        return self._chains[subject]

    def batch(self, batch: UUID) -> Batch | None:
        if batch not in self._batches and (row := Batch.objects.filter(id=batch).first()) is not None:
            self._batches[batch] = row
        return self._batches.get(batch)

    def signer(self, serial: str) -> Signer | None:
        """Whose certificate it is; None where it is not known here."""
        if serial not in self._signers:
            try:
                self._signers[serial] = Signer.of(pki.certificate(serial=serial).pem)
            except CertificateNotFound:
                self._signers[serial] = None
        return self._signers[serial]

    def load_responses(self, rows: Iterable[Signature]) -> None:
        """Read the OCSP responses that stand in these signatures."""
        wanted = {bytes(row.ocsp) for row in rows if row.ocsp is not None}
        self._responses = {digest: der for digest, der in self._responses.items() if digest in wanted}
        self._responses |= {bytes(r.digest): bytes(r.der) for r in OcspResponse.objects.filter(digest__in=wanted - self._responses.keys())}

    def read(self, row: Signature) -> Signed:
        """A signature with what it names; its OCSP response is loaded already."""
        ocsp = None if row.ocsp is None else self._responses.get(bytes(row.ocsp), b"")
        leaves = log_checks.split(bytes(row.leaves))
        kept = SignatureRow(tuple(leaves), row.direct, row.at, bytes(row.value), ocsp, bytes(row.document_digest))
        signer = self.signer(row.certificate_serial)
        document = (log_checks.document(signer, kept) if signer else None) or b""
        return Signed(row.id, row.batch, row.position, kept, signer, row.certificate_serial, row.member, document)


def verdict(shelf: Shelf, record: MessageRecord) -> Verdict:
    """What a record proves: its signature, its place under it, and the place of both in the chain of their batch. ``shelf`` has loaded it."""
    batch = shelf.batch(record.batch)
    content = log_checks.split(bytes(batch.content)) if batch else []
    if batch is None or not _linked(batch):
        return Verdict.INVALID
    if record.signature is None:
        values = {name: getattr(record, name) for name in commitment.OUTCOME_FIELDS}
        known = 0 <= record.leaf < len(content) and content[record.leaf] == commitment.of_outcome(values)
        return Verdict.UNSIGNED if known else Verdict.INVALID
    signed = shelf.signed(record.signature)
    if signed is None or signed.batch != record.batch:
        return Verdict.INVALID
    if log_checks.message(signed.row, record.leaf, log_checks.digests(bytes(record.head), bytes(record.body))) is not None:
        return Verdict.INVALID
    if content[signed.position : signed.position + 1] != [signed.row.document_digest]:
        return Verdict.INVALID
    if signed.signer is None:
        return Verdict.INDETERMINATE
    return Verdict.VALID if log_checks.signature(signed.signer, signed.row) is None else Verdict.INVALID


def _linked(batch: Batch) -> bool:
    """Whether a batch follows the one before it in its chain."""
    before = Batch.objects.filter(chain=batch.chain, number=batch.number - 1).values_list("link", flat=True).first()
    if before is None and batch.number != 1:
        return False
    return log_checks.link(bytes(before) if before is not None else log_checks.NOTHING, bytes(batch.content)) == bytes(batch.link)
