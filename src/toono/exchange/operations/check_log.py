"""Check the log against itself: every chain, signature, message, reading, time-stamp and hourly root of a time.

Reads each table once, side by side in the order of ids, and keeps only what waits for its counterpart, so memory does not grow with the time that is checked. An entry's id is made before
that of the batch which holds it, so when a batch is read all its entries have been read.

Kinds of findings:

- ``chain_gap`` a link of a chain is missing; ``link_mismatch`` a link does not follow from the one before and its content.
- ``signature_missing``, ``signature_malformed``, ``signature_invalid``, ``document_altered``, ``certificate_unknown``.
- ``message_missing``, ``message_altered``, ``message_misplaced``, ``columns_differ`` (what is searched by is not what was signed), ``message_unlisted`` (no batch knows of it).
- ``entry_missing`` a reading or an outcome without an answer; ``entry_altered``, ``reading_unlisted``.
- ``stamp_mismatch`` a time-stamp is not over its leaves; ``stamp_place_wrong``; ``stamped_missing`` something is gone that was time-stamped; ``stamp_missing`` it should have one.
- ``root_gap``, ``root_mismatch``, ``root_forged``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha512
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from django.db import connection

import toono.pki.api as pki
from toono.exchange import limits
from toono.exchange.contracts import LogFinding, LogReport
from toono.exchange.domain import commitment, log_checks, partitions, roots
from toono.exchange.domain.evidence import hashchain, stamp_check
from toono.exchange.domain.evidence import message as messages
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.evidence.trust import Anchors
from toono.exchange.domain.partitions import MESSAGES
from toono.exchange.models import Batch, HourlyRoot, Signature, Stamp
from toono.exchange.operations import trust
from toono.exchange.operations.partitions import children
from toono.exchange.queries import Shelf
from toono.kernel.clock import now
from toono.kernel.jose import der_signature, from_base64url, json_object, unverified_payload
from toono.pki.errors import CertificateNotFound

_LATE = timedelta(seconds=limits.STAMP_WINDOW_SECONDS)
"""An entry's id is never so much older than that of its batch."""
_AHEAD = timedelta(seconds=5)
"""A signature's id may be younger than that of its batch by much less."""
Place = tuple[UUID, int]


def check_log(*, since: datetime, until: datetime) -> LogReport:
    """Check all that was committed from ``since`` to before ``until``."""
    settled = now() - timedelta(seconds=limits.CHECK_SETTLE_SECONDS)  # nothing can still be committed before
    return _Check(since, max(since, min(until, settled))).run()


class _Rows:
    """A table in the order of its key, read in pieces up to a place that moves on."""

    def __init__(self, columns: str, table: str, key: str, begin: UUID) -> None:
        bounds = f"{key} > %s AND {key} <= %s"
        self._statement = f"SELECT {key}, {columns} FROM {table} WHERE {bounds} ORDER BY {key} LIMIT {limits.CHECK_ROWS}"  # noqa: S608 - fixed names
        self._last = UUID(int=max(begin.int - 1, 0))

    def up_to(self, end: UUID) -> Iterator[tuple[Any, ...]]:
        while True:
            with connection.cursor() as cursor:
                cursor.execute(self._statement, [self._last, end])
                rows = cursor.fetchall()
            yield from rows
            if len(rows) < limits.CHECK_ROWS:
                self._last = max(self._last, end)
                return
            self._last = rows[-1][0]


_OUTCOME = ", ".join(name for name in commitment.OUTCOME_FIELDS if name != "id")
_READING = ", ".join(name for name in commitment.READING_FIELDS if name != "id")


class _Check:
    def __init__(self, since: datetime, until: datetime) -> None:
        self.since, self.until, self.moment = since, until, now()
        self.counts = dict.fromkeys(
            ("batches", "chains", "signatures", "messages", "readings", "outcomes", "stamps", "roots", "aged", "unstamped", "found"), 0
        )
        self.findings: list[LogFinding] = []
        self.shelf = Shelf()
        self.chains: dict[UUID, tuple[int, bytes]] = {}
        self.signed: dict[Place, tuple[UUID, MessageDigests, UUID]] = {}
        """Messages that wait for their signature: id, digests and batch, by signature and leaf."""
        self.committed: dict[Place, tuple[str, bytes]] = {}
        """Readings and outcomes that wait for their batch: name and commitment, by batch and leaf."""
        self.places: dict[UUID, Place] = {}
        """Places under time-stamps that wait for what is stamped: by subject, the time-stamp and the position."""
        self.stamps: dict[UUID, list[bytes]] = {}
        self.begin, early = partitions.floor(since), partitions.floor(since - _LATE)
        self.message_rows = _Rows(
            f"{_OUTCOME}, signature, batch, leaf, head, sha512(body), length(body)", "exchange_messagerecord", "id", early
        )
        self.reading_rows = _Rows(f"{_READING}, batch, leaf", "exchange_ledgerentry", "id", early)
        self.place_rows = _Rows("stamp, position", "exchange_stampleaf", "subject", early)
        self.gone = _Gone(self.moment)

    def run(self) -> LogReport:
        low, after = self.begin, partitions.floor(self.until)
        while batches := list(Batch.objects.filter(id__gte=low, id__lt=after).order_by("id")[: limits.CHECK_ROWS]):
            self._batches(batches)
            low = UUID(int=batches[-1].id.int + 1)
        self._read_entries(UUID(int=after.int - 1))
        self._keep_later(after)
        self._strays(after)
        self._check_stamps()
        self._check_roots()
        return LogReport(since=self.since, until=self.until, findings=tuple(self.findings), **self.counts)

    def _find(self, kind: str, subject: str, detail: str = "") -> None:
        self.counts["found"] += 1
        if len(self.findings) < limits.CHECK_FINDINGS:
            self.findings.append(LogFinding(kind=kind, subject=subject, detail=detail))

    # -- entries, as they pass ---------------------------------------------------------------------------------------

    def _read_entries(self, end: UUID) -> None:
        for row in self.message_rows.up_to(end):
            self._message(row)
        for row in self.reading_rows.up_to(end):
            values = dict(zip(("id", *_READING.split(", "), "batch", "leaf"), row, strict=True))
            if self._is_earlier(values):
                continue
            self.committed[values["batch"], values["leaf"]] = (f"reading:{values['id']}", commitment.of_reading(values))
        ahead = partitions.floor(partitions.moment_of(end) + _AHEAD)
        for subject, stamp, position in self.place_rows.up_to(ahead):
            self.places[subject] = (stamp, position)

    def _message(self, row: tuple[Any, ...]) -> None:
        names = ("id", *_OUTCOME.split(", "), "signature", "batch", "leaf", "head", "body_digest", "body_length")
        values = dict(zip(names, row, strict=True))
        if self._is_earlier(values):
            return
        if values["signature"] is None:
            self.committed[values["batch"], values["leaf"]] = (f"message:{values['id']}", commitment.of_outcome(values))
            return
        head = sha512(values["head"]).digest()
        body = bytes(values["body_digest"]) if values["body_length"] else None
        self.signed[values["signature"], values["leaf"]] = (values["id"], MessageDigests(head, body), values["batch"])
        if values["id"] >= self.begin and (differing := _differing(values, head, body)):
            self._find("columns_differ", f"message:{values['id']}", ", ".join(differing))

    def _is_earlier(self, values: dict[str, Any]) -> bool:
        """Whether an entry belongs to a batch before the begin of the check."""
        return bool(values["id"] < self.begin and values["batch"] < self.begin)

    def _strays(self, before: UUID) -> None:
        """What was read and belongs to nothing."""
        for identifier, _, _ in self.signed.values():
            if self.begin <= identifier < before:
                self._find("message_unlisted", f"message:{identifier}")
        for name, _ in self.committed.values():
            if self.begin <= UUID(name.partition(":")[2]) < before:
                self._find(f"{name.partition(':')[0]}_unlisted", name)
        for subject in self.places:
            if self.begin <= subject < before:
                self._find("stamped_missing", f"subject:{subject}", "a signature or batch was time-stamped and is gone")

    def _keep_later(self, after: UUID) -> None:
        """Forget what belongs to batches that lie behind the end of the check."""
        self.signed = {place: found for place, found in self.signed.items() if found[2] < after}
        self.committed = {place: found for place, found in self.committed.items() if place[0] < after}
        standing = set(Signature.objects.filter(id__in=list(self.places)).values_list("id", flat=True))
        standing |= set(Batch.objects.filter(id__in=list(self.places)).values_list("id", flat=True))
        self.places = {subject: place for subject, place in self.places.items() if subject not in standing}

    def _forget(self, before: UUID) -> None:
        """Name the strays that are too old to be claimed by a later batch, and keep the others."""
        self._strays(before)
        self.signed = {place: found for place, found in self.signed.items() if found[0] >= before}
        self.committed = {place: found for place, found in self.committed.items() if UUID(found[0].partition(":")[2]) >= before}
        self.places = {subject: place for subject, place in self.places.items() if subject >= before}

    # -- batches -----------------------------------------------------------------------------------------------------

    def _batches(self, batches: list[Batch]) -> None:
        self._read_entries(batches[-1].id)
        rows: dict[UUID, list[Signature]] = {}
        for row in Signature.objects.filter(batch__in=[batch.id for batch in batches]).order_by("batch", "position"):
            rows.setdefault(row.batch, []).append(row)
        self.shelf.load_responses([row for found in rows.values() for row in found])
        for batch in batches:
            self._batch(batch, rows.get(batch.id, []))
        self._forget(partitions.floor(partitions.moment_of(batches[-1].id) - _LATE))

    def _batch(self, batch: Batch, signatures: list[Signature]) -> None:
        self.counts["batches"] += 1
        self._link(batch)
        self._stamped(batch.id, bytes(batch.link), f"batch:{batch.id}")
        content = log_checks.split(bytes(batch.content))
        found = {row.position: row for row in signatures}
        for position, digest in enumerate(content):
            if (row := found.pop(position, None)) is not None:
                self._signature(batch, row, digest)
            else:
                self._entry(batch, position, digest)
        for row in found.values():
            self._find("document_altered", f"signature:{row.id}", "its batch has no such position")

    def _link(self, batch: Batch) -> None:
        number, link = self.chains.get(batch.chain) or self._before(batch)
        if number + 1 != batch.number:
            self._find("chain_gap", f"batch:{batch.id}", f"chain {batch.chain}: {batch.number} follows {number}")
            number, link = self._before(batch)
        known = number + 1 == batch.number
        if known and log_checks.link(link, bytes(batch.content)) != bytes(batch.link):
            self._find("link_mismatch", f"batch:{batch.id}", f"chain {batch.chain}, number {batch.number}")
        self.chains[batch.chain] = (batch.number, bytes(batch.link))

    def _before(self, batch: Batch) -> tuple[int, bytes]:
        self.counts["chains"] += batch.chain not in self.chains
        if batch.number == 1:
            return 0, log_checks.NOTHING
        row = Batch.objects.filter(chain=batch.chain, number__lt=batch.number).order_by("-number").first()
        return (row.number, bytes(row.link)) if row else (0, log_checks.NOTHING)

    def _signature(self, batch: Batch, row: Signature, digest: bytes) -> None:
        self.counts["signatures"] += 1
        subject = f"signature:{row.id}"
        self._stamped(row.id, bytes(row.document_digest), subject)
        if bytes(row.document_digest) != digest:
            self._find("document_altered", subject, "the batch holds another document")
        signed = self.shelf.read(row)
        if signed.signer is None:
            self._find("certificate_unknown", subject, signed.serial)
        elif (problem := log_checks.signature(signed.signer, signed.row)) is not None:
            self._find(problem, subject)
        for leaf in range(len(signed.row.leaves)):
            self._signed_message(batch, signed.row, row.id, leaf)

    def _signed_message(self, batch: Batch, row: log_checks.SignatureRow, signature: UUID, leaf: int) -> None:
        found = self.signed.pop((signature, leaf), None)
        if found is not None:
            self.counts["messages"] += 1
            if (problem := log_checks.message(row, leaf, found[1])) is not None:
                self._find(problem, f"message:{found[0]}")
        elif self.gone.at(batch.at):
            self.counts["aged"] += 1
        else:
            self._find("message_missing", f"signature:{signature}", f"leaf {leaf} of batch {batch.id}")

    def _entry(self, batch: Batch, position: int, digest: bytes) -> None:
        found = self.committed.pop((batch.id, position), None)
        if found is not None:
            self.counts["readings" if found[0].startswith("reading:") else "outcomes"] += 1
            if found[1] != digest:
                self._find("entry_altered", found[0])
        elif self.gone.at(batch.at):
            self.counts["aged"] += 1
        else:
            self._find("entry_missing", f"batch:{batch.id}", f"position {position}: a signature, a reading or an outcome is gone")

    # -- time-stamps and roots ---------------------------------------------------------------------------------------

    def _stamped(self, subject: UUID, leaf: bytes, name: str) -> None:
        place = self.places.pop(subject, None)
        if place is None:
            self.counts["unstamped"] += 1
            if partitions.moment_of(subject) < self.moment - timedelta(seconds=limits.STAMP_SWEEP_SECONDS):
                self._find("stamp_missing", name)
            return
        stamp, position = place
        if stamp not in self.stamps:
            row = Stamp.objects.filter(id=stamp).values_list("leaves", flat=True).first()
            self.stamps[stamp] = log_checks.split(bytes(row)) if row is not None else []
            while len(self.stamps) > 64:
                del self.stamps[next(iter(self.stamps))]
        if self.stamps[stamp][position : position + 1] != [leaf]:
            self._find("stamp_place_wrong", name, f"time-stamp {stamp}, position {position}")

    def _check_stamps(self) -> None:
        anchors = trust.anchors()
        for row in Stamp.objects.filter(at__gte=self.since, at__lt=self.until).order_by("at").iterator(chunk_size=16):
            self.counts["stamps"] += 1
            leaves = log_checks.split(bytes(row.leaves))
            digest = sha512(hashchain.stamp_result_xml(hashchain.stamp_root(leaves))).digest() if leaves else b""
            if digest != bytes(row.result_digest):
                self._find("stamp_mismatch", f"stamp:{row.id}", "another result")
            elif (problem := _token_problem(bytes(row.token), leaves, anchors)) is not None:
                self._find("stamp_mismatch", f"stamp:{row.id}", problem)

    def _check_roots(self) -> None:
        before = HourlyRoot.objects.filter(hour__lt=self.since).order_by("-hour").first()
        for row in HourlyRoot.objects.filter(hour__gte=self.since, hour__lt=self.until).order_by("hour").iterator(chunk_size=64):
            self.counts["roots"] += 1
            name = f"root:{roots.name(row.hour)}"
            if before is not None and row.hour != before.hour + roots.HOUR:
                self._find("root_gap", name, f"follows {roots.name(before.hour)}")
            stamps = (
                Stamp.objects.filter(at__gte=row.hour, at__lt=row.hour + roots.HOUR).order_by("id").values_list("result_digest", flat=True)
            )
            leaves = [bytes(digest) for digest in stamps]
            previous = bytes(before.root) if before else roots.NOTHING
            if b"".join(leaves) != bytes(row.leaves) or bytes(row.previous) != previous or roots.root(leaves, previous) != bytes(row.root):
                self._find("root_mismatch", name)
            if not _is_signed(row.jws, roots.payload(instance=_instance(row.jws), hour=row.hour, leaves=leaves, previous=previous)):
                self._find("root_forged", name)
            before = row


class _Gone:
    """Whether messages of a moment may be gone because a class's time is over: its partition of that moment was dropped."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment
        self._standing = {retention: set(children(table)) for retention, table in MESSAGES.items()}

    def at(self, moment: datetime) -> bool:
        return any(
            moment < self._moment - timedelta(days=limits.RETENTION_DAYS[retention])
            and table.partition(partitions.period(moment, table.length)) not in self._standing[retention]
            for retention, table in MESSAGES.items()
        )


def _differing(values: dict[str, Any], head: bytes, body: bytes | None) -> list[str]:
    """Columns that do not say what the signed head says."""
    digest = head if body is None else sha512(head + body).digest()
    wrong = [] if values["digest"] is not None and bytes(values["digest"]) == digest else ["digest"]
    try:
        said = messages.read(bytes(values["head"]))
    except Refused:
        return [*wrong, "head"]
    told: dict[str, str] = {
        "client": said.client, "service": said.service, "message_id": said.message_id, "request_id": said.request_id, "direction": said.direction.value,
    }  # fmt: skip
    if said.direction is messages.Direction.REQUEST:
        told |= {"issue": said.issue, "user_id": said.user_id, "purpose": said.purpose}
    else:
        told["status"] = said.what.partition(" ")[0]
    return wrong + [name for name, value in told.items() if value != ("" if values[name] is None else str(values[name]))]


def _token_problem(token: bytes, leaves: list[bytes], anchors: Anchors) -> str | None:
    """What is wrong with a token over these leaves."""
    try:
        found = stamp_check.read(token)
        stamp_check.check(found, anchors)
    except Refused as refused:
        return str(refused)
    return None if found.over(hashchain.stamp_result_xml(hashchain.stamp_root(leaves))) else "over something else"


def _instance(jws: str) -> str:
    try:
        return str(json_object(unverified_payload(jws))["instance"])
    except (ValueError, KeyError):
        return ""


def _is_signed(jws: str, payload: dict[str, object]) -> bool:
    """Whether ``jws`` says exactly this, by a key of ours."""
    signed, _, value = jws.rpartition(".")
    try:
        header, said = json_object(from_base64url(signed.partition(".")[0])), json_object(unverified_payload(jws))
        pem = pki.certificate(serial=str(header["kid"])).pem
        der = der_signature(from_base64url(value))
    except (ValueError, KeyError, CertificateNotFound):
        return False
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    if said != payload or header.get("typ") != roots.TYPE or not isinstance(key, EllipticCurvePublicKey):
        return False
    try:
        key.verify(der, signed.encode(), ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
