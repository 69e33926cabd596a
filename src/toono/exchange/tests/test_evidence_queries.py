"""What the log gives as evidence: a verdict for each record, containers made from rows, a check of the whole."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from toono.exchange.contracts import Verdict
from toono.exchange.domain.evidence import container, verify
from toono.exchange.domain.evidence.trust import Anchors, Authority, Member
from toono.exchange.tests.written import MEMBER, Writer, Written
from toono.kernel import clock


@pytest.fixture
def writer(stack: Any) -> Writer:
    return Writer(stack.settings)


@pytest.fixture
def _untouched(stack: Any) -> Iterator[None]:
    """Changes of rows past the guards are taken back."""
    from django.db import transaction

    with transaction.atomic():
        with __import__("django.db", fromlist=["connection"]).connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger: what only the owner of the database can do
        yield
        transaction.set_rollback(True)


def run(statement: str, *values: Any) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        return int(cursor.rowcount)


def stamp() -> None:
    from toono.exchange.operations.stamp import stamp_pending

    stamp_pending(at_once=True)


def record_of(message: Written) -> Any:
    from toono.exchange.models import MessageRecord

    return MessageRecord.objects.get(id=message.id)


def verdict_of(message: Written) -> Verdict:
    from toono.exchange.queries import Shelf, verdict

    shelf, record = Shelf(), record_of(message)
    shelf.load([record])
    return verdict(shelf, record)


def container_of(message: Written) -> bytes:
    from toono.exchange.operations.evidence import container_of as made
    from toono.exchange.queries import Shelf

    shelf, record = Shelf(), record_of(message)
    shelf.load([record])
    return made(shelf, record)


def anchors() -> Anchors:
    """Those of the platform, which knows of the member and of its authority."""
    import toono.pki.api as pki
    from toono.exchange.operations.trust import anchors as ours
    from toono.pki.contracts import Profile

    found = ours()
    issuing = x509.load_pem_x509_certificate(pki.authority_certificate(authority=Profile.ISSUING).encode())
    return dataclasses.replace(
        found,
        authorities=(*found.authorities, Authority(issuing)),
        members={**found.members, MEMBER: Member("Бичигдсэн бүртгэл", "NTRMN-1234567")},
    )


# -- verdicts ----------------------------------------------------------------------------------------------------


def test_every_record_has_its_verdict(writer: Writer) -> None:
    from toono.exchange import queries

    call = writer.message(body=b'{"a":1}')
    answer = writer.message(direction="response", message_id=call.message_id, request_id=call.request_id, body=b'{"b":2}')
    writer.batch([call])
    writer.batch([answer], readings=1)
    found = queries.evidence(message_id=call.message_id)
    assert found.outcome_known
    assert [(m.direction, m.verdict, m.member) for m in found.messages] == [
        ("request", Verdict.VALID, MEMBER),
        ("response", Verdict.VALID, MEMBER),
    ]
    assert found.messages[0].digest_base64 == base64.b64encode(call.receipt).decode()
    assert found.messages[0].stamped_at is None
    stamp()
    assert queries.evidence(message_id=call.message_id).messages[0].stamped_at is not None


def test_a_party_sees_its_own_messages_only(writer: Writer) -> None:
    from toono.exchange import queries
    from toono.exchange.errors import MessageNotFound

    call = writer.message()
    writer.batch([call])
    for party in (writer.client, MEMBER, writer.service):
        assert queries.evidence(message_id=call.message_id, party=party).messages
    for stranger in ("MN/GOV/other", "MN/GOV/written", f"{MEMBER}/des", writer.client + "/x", ""):
        with pytest.raises(MessageNotFound):
            queries.evidence(message_id=call.message_id, party=stranger)


def test_a_message_is_found_by_its_receipt_near_its_time(writer: Writer) -> None:
    from toono.exchange import queries

    call = writer.message()
    writer.batch([call])
    now = datetime.now(UTC)
    assert [r.id for r in queries.records_by_receipt(receipt=call.receipt, around=now)] == [call.id]
    assert queries.records_by_receipt(receipt=call.receipt, around=now - timedelta(hours=1)) == []


def test_an_outcome_without_an_answer_is_unsigned_and_in_its_place(writer: Writer) -> None:
    from toono.exchange.errors import NotSigned
    from toono.exchange.models import MessageRecord
    from toono.exchange.operations.evidence import container_of
    from toono.exchange.queries import Shelf, verdict

    call = writer.message()
    writer.batch([call], outcomes=1)
    record = MessageRecord.objects.get(batch=call.batch, signature=None)
    shelf = Shelf()
    shelf.load([record])
    assert verdict(shelf, record) is Verdict.UNSIGNED
    with pytest.raises(NotSigned):
        container_of(shelf, record)
    record.reason = "another"
    assert verdict(shelf, record) is Verdict.INVALID


CHANGES = {
    "head": ("UPDATE exchange_messagerecord SET head = head || '\\x20' WHERE id = %s", "id"),
    "body": ("UPDATE exchange_messagerecord SET body = '\\x7b7d' WHERE id = %s", "id"),
    "place": ("UPDATE exchange_messagerecord SET leaf = leaf + 1 WHERE id = %s", "id"),
    "value": ("UPDATE exchange_signature SET value = set_byte(value, 40, (get_byte(value, 40) + 1) %% 256) WHERE id = %s", "signature"),
    "time": ("UPDATE exchange_signature SET at = at + interval '1 second' WHERE id = %s", "signature"),
    "document": ("UPDATE exchange_signature SET document_digest = set_byte(document_digest, 0, 7) WHERE id = %s", "signature"),
    "signature gone": ("DELETE FROM exchange_signature WHERE id = %s", "signature"),
    "content": ("UPDATE exchange_batch SET content = set_byte(content, 0, (get_byte(content, 0) + 1) %% 256) WHERE id = %s", "batch"),
    "link": ("UPDATE exchange_batch SET link = set_byte(link, 0, (get_byte(link, 0) + 1) %% 256) WHERE id = %s", "batch"),
    "batch gone": ("DELETE FROM exchange_batch WHERE id = %s", "batch"),
}


@pytest.mark.usefixtures("_untouched")
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_any_row_behind_a_message_shows_in_its_verdict(writer: Writer, change: str) -> None:
    call, other = writer.message(body=b'{"a":1}'), writer.message()
    writer.batch([call, other])
    assert verdict_of(call) is Verdict.VALID
    statement, subject = CHANGES[change]
    assert run(statement, getattr(call, subject)) == 1
    assert verdict_of(call) is Verdict.INVALID


@pytest.mark.usefixtures("_untouched")
def test_a_certificate_that_nobody_knows_leaves_it_open(writer: Writer) -> None:
    call = writer.message()
    writer.batch([call])
    run("UPDATE exchange_signature SET certificate_serial = 'abc' WHERE id = %s", call.signature)
    assert verdict_of(call) is Verdict.INDETERMINATE


# -- containers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["direct", "body", "many"])
def test_a_container_made_from_rows_verifies(writer: Writer, shape: str) -> None:
    body = b"" if shape == "direct" else b'{"a":1}'
    messages = [writer.message(body=body) for _ in range(3 if shape == "many" else 1)]
    writer.batch(messages)
    unstamped = verify.verify(container_of(messages[0]), anchors(), datetime.now(UTC))
    assert {finding.code for finding in unstamped.open} == {"not_time_stamped", "no_certificate_status"}
    stamp()
    for message in messages:
        content = container_of(message)
        assert content == container_of(message)
        found = verify.verify(content, anchors(), datetime.now(UTC))
        assert found.failure is None
        assert {finding.code for finding in found.open} == {"no_certificate_status"}
        assert found.stamped_at is not None and found.member_name == "Бичигдсэн бүртгэл"
        entries = container.read(content)
        assert (entries["message.xml"], entries.get("attachment1", b"")) == (message.head, message.body)
        changed = dict(entries) | {"message.xml": message.head + b"x-a:b\r\n"}
        assert hashlib.sha512(changed["message.xml"]).digest() != hashlib.sha512(message.head).digest()


@pytest.mark.usefixtures("_untouched")
def test_no_container_is_made_of_rows_that_do_not_fit(writer: Writer) -> None:
    from toono.exchange.errors import EvidenceIncomplete

    call = writer.message(body=b"{}")
    writer.batch([call])
    run("UPDATE exchange_messagerecord SET body = '\\x7b207d' WHERE id = %s", call.id)
    with pytest.raises(EvidenceIncomplete):
        container_of(call)


def test_names_of_containers_are_safe_and_differ(writer: Writer) -> None:
    from toono.exchange.operations.evidence import name_of

    messages = [writer.message(message_id="../../etc/passwd ж" + "x" * 300) for _ in range(2)]
    writer.batch(messages)
    names = [name_of(record_of(message)) for message in messages]
    assert len(set(names)) == 2
    assert all("/" not in name and name.endswith(".asice") and len(name) < 256 for name in names)


# -- the whole log -----------------------------------------------------------------------------------------------


def check(since: datetime) -> Any:
    from toono.exchange.operations.check_log import check_log

    with clock.at(datetime.now(UTC) + timedelta(minutes=2)):  # everything is settled
        return check_log(since=since, until=clock.now())


@pytest.fixture
def since(stack: Any) -> datetime:
    """A time in which only this test writes, a little before now."""
    from toono.exchange.operations.stamp import stamp_pending

    stamp_pending(at_once=True)
    return datetime.now(UTC)


def write_calls(writer: Writer, count: int = 3) -> list[Written]:
    calls = []
    for _ in range(count):
        call = writer.message(body=b'{"a":1}')
        answer = writer.message(direction="response", message_id=call.message_id, request_id=call.request_id, body=b'{"b":2}')
        writer.batch([call, writer.message()])
        calls += [call, *writer.batch([answer], readings=1, outcomes=1, ocsp=b"word" if count else None)]
    stamp()
    return calls


def test_a_log_as_it_was_written_is_sound(writer: Writer, since: datetime) -> None:
    write_calls(writer)
    report = check(since)
    assert report.findings == ()
    assert (report.sound, report.unstamped, report.aged) == (True, 0, 0)
    seen = (report.batches, report.signatures, report.messages, report.readings, report.outcomes, report.chains, report.stamps)
    assert all(found >= written for found, written in zip(seen, (6, 6, 9, 3, 3, 1, 1), strict=True))  # others may write too


LOG_CHANGES: dict[str, tuple[str, str, set[str]]] = {
    **{
        "head": (CHANGES["head"][0], "id", {"message_altered", "columns_differ"}),
        "body": (CHANGES["body"][0], "id", {"message_altered", "columns_differ"}),
        "place": (CHANGES["place"][0], "id", {"message_missing", "message_unlisted"}),
        "message gone": ("DELETE FROM exchange_messagerecord WHERE id = %s", "id", {"message_missing"}),
        "who asked": ("UPDATE exchange_messagerecord SET client = 'MN/GOV/x/y' WHERE id = %s", "id", {"columns_differ"}),
        "receipt": ("UPDATE exchange_messagerecord SET digest = '\\x00' WHERE id = %s", "id", {"columns_differ"}),
        "value": (CHANGES["value"][0], "signature", {"signature_invalid"}),
        "time": (CHANGES["time"][0], "signature", {"signature_invalid"}),
        "document": (CHANGES["document"][0], "signature", {"document_altered", "stamp_place_wrong"}),
        "signature gone": (CHANGES["signature gone"][0], "signature", {"entry_missing", "message_unlisted", "stamped_missing"}),
        "content": (CHANGES["content"][0], "batch", {"link_mismatch", "document_altered"}),
        "link": (CHANGES["link"][0], "batch", {"link_mismatch", "stamp_place_wrong"}),
        "reading gone": ("DELETE FROM exchange_ledgerentry WHERE batch = %s", "batch", {"entry_missing"}),
        "reading": ("UPDATE exchange_ledgerentry SET civil_id = '1' WHERE batch = %s", "batch", {"entry_altered"}),
        "reading kept back": ("UPDATE exchange_ledgerentry SET visible_at = visible_at + interval '1 year' WHERE batch = %s", "batch", {"entry_altered"}),
        "outcome": ("UPDATE exchange_messagerecord SET reason = 'x' WHERE signature IS NULL AND batch = %s", "batch", {"entry_altered"}),
        "outcome gone": ("DELETE FROM exchange_messagerecord WHERE signature IS NULL AND batch = %s", "batch", {"entry_missing"}),
        "ocsp": ("UPDATE exchange_ocspresponse SET der = der || '\\x00' WHERE digest = (SELECT ocsp FROM exchange_signature WHERE id = %s)", "signature", {"document_altered"}),
        "stamp": ("UPDATE exchange_stamp SET token = set_byte(token, length(token) - 1, (get_byte(token, length(token) - 1) + 1) %% 256) WHERE id = (SELECT stamp FROM exchange_stampleaf WHERE subject = %s)", "batch", {"stamp_mismatch"}),
        "stamp's leaves": ("UPDATE exchange_stamp SET leaves = set_byte(leaves, 0, (get_byte(leaves, 0) + 1) %% 256) WHERE id = (SELECT stamp FROM exchange_stampleaf WHERE subject = %s)", "batch", {"stamp_mismatch"}),
        "stamp's place": ("UPDATE exchange_stampleaf SET position = position + 1 WHERE subject = %s", "batch", {"stamp_place_wrong"}),
    }
}  # fmt: skip


@pytest.mark.usefixtures("_untouched")
@pytest.mark.parametrize("change", LOG_CHANGES)
def test_a_change_past_the_guards_is_found(writer: Writer, since: datetime, change: str) -> None:
    calls = write_calls(writer)
    statement, subject, kinds = LOG_CHANGES[change]
    assert run(statement, getattr(calls[3], subject)) >= 1
    found = {finding.kind for finding in check(since).findings}
    assert kinds <= found, found
    assert found <= kinds | {"stamp_place_wrong", "link_mismatch"}


@pytest.mark.usefixtures("_untouched")
def test_a_batch_that_is_gone_from_the_middle_or_from_the_end_is_found(writer: Writer, since: datetime) -> None:
    calls = write_calls(writer)
    run("DELETE FROM exchange_batch WHERE id = %s", calls[2].batch)
    assert "chain_gap" in {finding.kind for finding in check(since).findings}
    run("DELETE FROM exchange_batch WHERE id = %s", calls[-1].batch)
    run("DELETE FROM exchange_signature WHERE batch = %s", calls[-1].batch)
    run("DELETE FROM exchange_messagerecord WHERE batch = %s", calls[-1].batch)
    run("DELETE FROM exchange_ledgerentry WHERE batch = %s", calls[-1].batch)
    gone = [finding.subject for finding in check(since).findings if finding.kind == "stamped_missing"]
    assert f"subject:{calls[-1].batch}" in gone and f"subject:{calls[-1].signature}" in gone


# -- the command -------------------------------------------------------------------------------------------------


def command(*arguments: str) -> int:
    import argparse

    from toono.exchange import checking

    parser = argparse.ArgumentParser()
    checking.add_arguments(parser)
    with clock.at(datetime.now(UTC) + timedelta(minutes=2)):
        return checking.run(parser.parse_args(arguments), print)


@pytest.mark.usefixtures("_untouched")
def test_the_command_says_what_it_has_seen_and_found(writer: Writer, since: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    calls = write_calls(writer)
    assert command("--since", since.isoformat()) == 0
    said = capsys.readouterr().out
    assert "readings" in said and said.endswith("The log is as it was written.\n")
    run("DELETE FROM exchange_messagerecord WHERE id = %s", calls[0].id)
    assert command("--since", since.isoformat()) == 1
    said = capsys.readouterr().out
    assert f"message_missing: signature:{calls[0].signature}" in said


@pytest.mark.usefixtures("_untouched")
def test_messages_whose_time_is_over_are_not_missing(writer: Writer) -> None:
    """Only where a class's partition of that time is gone; else a missing row is a finding, however old."""
    from toono.exchange.operations import partitions
    from toono.exchange.operations.check_log import check_log

    moment = datetime.now(UTC) - timedelta(days=2000)
    with clock.at(moment):
        partitions.prepare_storage()
    calls = writer.batch([writer.message(), writer.message()], at=moment)
    run("DELETE FROM exchange_messagerecord WHERE id = %s", calls[0].id)
    span = {"since": moment - timedelta(minutes=1), "until": moment + timedelta(minutes=1)}
    assert {finding.kind for finding in check_log(**span).findings} == {"message_missing", "stamp_missing"}
    for table in (partitions.TABLES[0],):
        partitions.drop(table.partition(partitions.partitions.period(moment, table.length)))
    report = check_log(**span)
    assert report.aged == 1
    assert {finding.kind for finding in report.findings} == {"stamp_missing"}


def test_a_check_costs_no_more_memory_for_a_longer_time(writer: Writer, since: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it keeps is bounded by what is under way, not by what it has seen."""
    from toono.exchange import limits
    from toono.exchange.operations import check_log as operation

    monkeypatch.setattr(limits, "CHECK_ROWS", 5)
    for _ in range(30):
        writer.batch([writer.message(), writer.message()], readings=1)
    stamp()
    kept: list[int] = []
    real = operation._Check._batches

    def watch(self: Any, batches: Any) -> None:
        real(self, batches)
        kept.append(len(self.signed) + len(self.committed))

    monkeypatch.setattr(operation._Check, "_batches", watch)
    assert check(since).sound
    assert len(kept) >= 6 and max(kept) <= 10
