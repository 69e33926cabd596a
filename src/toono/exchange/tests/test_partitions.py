"""Rows stand in partitions by time; what is old leaves with its partition, and evidence never before it is archived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import randrange
from typing import Any
from uuid import UUID

import pytest
from django.db.utils import ProgrammingError
from hypothesis import given
from hypothesis import strategies as st

from toono.exchange.domain import partitions
from toono.exchange.domain.partitions import LEDGER, MESSAGES, PLACES, SIGNATURES, TABLES, Length
from toono.kernel.ids import uuid7

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone


def test_an_id_lies_in_the_period_of_its_moment() -> None:
    identifier = uuid7()
    for length in Length:
        low, after = partitions.period(partitions.moment_of(identifier), length).bounds
        assert low <= identifier < after


@given(MOMENTS)
def test_the_floor_is_below_every_id_of_its_millisecond_and_above_those_before(moment: datetime) -> None:
    floor = partitions.floor(moment)
    assert partitions.moment_of(floor) <= moment < partitions.moment_of(floor) + timedelta(milliseconds=1)
    assert floor.int & (1 << 80) - 1 == 0
    assert partitions.floor(moment - timedelta(milliseconds=1)).int | (1 << 80) - 1 < floor.int


@given(MOMENTS, st.integers(0, 500), st.sampled_from(list(Length)))
def test_periods_follow_each_other_without_a_gap(begin: datetime, days: int, length: Length) -> None:
    found = list(partitions.periods(begin, begin + timedelta(days=days), length))
    assert found[0].begin <= begin < found[0].end
    assert found[-1].begin <= begin + timedelta(days=days) < found[-1].end
    assert all(a.end == b.begin for a, b in pairwise(found))
    assert len({p.suffix for p in found}) == len(found)


@given(MOMENTS, st.sampled_from(TABLES))
def test_the_name_of_a_partition_tells_its_period(moment: datetime, table: partitions.Table) -> None:
    wanted = partitions.period(moment, table.length)
    assert table.period_of(table.partition(wanted)) == wanted


@pytest.mark.parametrize(
    "name",
    ["exchange_ledgerentry", "exchange_ledgerentry_other", "exchange_ledgerentry_2026_13", "exchange_ledgerentry_2026_11_02", "x_2026_11"],
)
def test_another_name_tells_none(name: str) -> None:
    assert LEDGER.period_of(name) is None


def test_a_leap_day_is_a_day() -> None:
    wanted = partitions.period(datetime(2028, 2, 29, 23, 59, tzinfo=UTC), Length.DAY)
    assert (wanted.suffix, wanted.end) == ("2028_02_29", datetime(2028, 3, 1, tzinfo=UTC))
    assert MESSAGES["short"].partition(wanted) == "exchange_messagerecord_short_2028_02_29"


def test_periods_are_those_of_utc() -> None:
    ulaanbaatar = datetime.fromisoformat("2026-12-01T07:59:00+08:00")
    assert partitions.period(ulaanbaatar, Length.MONTH).suffix == "2026_11"
    assert isinstance(partitions.floor(ulaanbaatar), UUID)


# -- in the database ---------------------------------------------------------------------------------------------


def run(statement: str, *values: Any) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        return cursor.fetchall() if cursor.description else []


def at(moment: datetime) -> UUID:
    """An id of that moment."""
    return UUID(int=partitions.floor(moment).int | uuid7().int & (1 << 80) - 1)


def message(identifier: UUID, retention: str = "standard", *, signed: bool = False) -> dict[str, Any]:
    moment = partitions.moment_of(identifier)
    return {
        "id": identifier, "retention": retention, "message_id": f"partition-{identifier}", "request_id": identifier, "direction": "request",
        "at": moment, "client": "MN/GOV/a/b", "service": "MN/GOV/c/d/e", "purpose": "p", "agreement": "a", "head": b"h", "body": b"", "digest": b"d",
        "batch": identifier, "signature": identifier if signed else None, "leaf": 0,
    }  # fmt: skip


def keep(*rows: dict[str, Any]) -> None:
    from toono.exchange.models import MessageRecord

    MessageRecord.objects.bulk_create([MessageRecord(**row) for row in rows])


def place(identifier: UUID) -> str:
    [(name,)] = run("SELECT tableoid::regclass::text FROM exchange_messagerecord WHERE id = %s", identifier)
    return str(name)


@pytest.fixture
def far(stack: Any) -> Iterator[datetime]:
    """A month long ago that no other test uses; its partitions are gone afterwards. In the past, so that nothing of today is ever over."""
    from toono.exchange.operations import partitions as operations
    from toono.kernel.clock import now

    moment = now() - timedelta(days=3000 + randrange(12_000))
    yield moment
    for table in TABLES:
        for name in operations.children(table):
            period = table.period_of(name)
            if period is not None and abs(period.begin - moment) < timedelta(days=200):
                operations.drop(name)


def test_partitions_are_made_ahead_once(far: datetime) -> None:
    from toono.exchange.operations.partitions import prepare_storage
    from toono.kernel import clock

    with clock.at(far):
        made = prepare_storage()
        assert prepare_storage() == []
    assert sum("short" in name for name in made) == 4
    for table in (MESSAGES["standard"], MESSAGES["long"], LEDGER, partitions.TRAFFIC):
        assert len([name for name in made if name.startswith(f"{table.name}_")]) in (3, 4)
    for day in (0, 3):
        row = message(at(far + timedelta(days=day)), "short")
        keep(row)
        assert place(row["id"]) == MESSAGES["short"].partition(partitions.period(far + timedelta(days=day), Length.DAY))


def test_a_row_before_its_partition_is_kept_and_moves_in_when_there_is_one(far: datetime) -> None:
    from toono.exchange.operations.partitions import prepare_storage
    from toono.kernel import clock

    rows = [message(at(far + timedelta(hours=hours))) for hours in (0, 1)] + [message(at(far - timedelta(days=40)))]
    keep(*rows)
    assert {place(row["id"]) for row in rows} == {"exchange_messagerecord_standard_other"}
    with clock.at(far):
        prepare_storage()
    names = [MESSAGES["standard"].partition(partitions.period(partitions.moment_of(row["id"]), Length.MONTH)) for row in rows]
    assert [place(row["id"]) for row in rows] == names
    with pytest.raises(ProgrammingError, match="append-only"):
        run("DELETE FROM exchange_messagerecord_standard_other")  # the guard is awake again


@pytest.mark.parametrize("table", [*MESSAGES.values(), LEDGER, SIGNATURES, PLACES], ids=lambda t: t.name)
def test_no_partition_of_evidence_can_be_changed_row_by_row(stack: Any, table: partitions.Table) -> None:
    from toono.exchange.operations.partitions import children, prepare_storage

    prepare_storage()
    names = [table.name, *children(table)]
    assert len(names) > 4
    for name in names:
        for statement in (f"DELETE FROM {name}", f"UPDATE {name} SET {table.key} = {table.key}", f"TRUNCATE {name}"):
            with pytest.raises(ProgrammingError, match="append-only"):
                run(statement)


def test_partitions_hold_rows_as_the_table_says(stack: Any) -> None:
    """Whole up to eight kilobytes, bodies as they are, and every index."""
    from toono.exchange.operations.partitions import prepare_storage

    prepare_storage()
    name = MESSAGES["standard"].partition(partitions.period(partitions.moment_of(uuid7()), Length.MONTH))
    assert run("SELECT 'toast_tuple_target=8160' = ANY(reloptions) FROM pg_class WHERE relname = %s", name) == [(True,)]
    assert run("SELECT attstorage FROM pg_attribute WHERE attrelid = %s::regclass AND attname IN ('head', 'body')", name) == [
        ("e",),
        ("e",),
    ]
    assert run("SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass AND indisvalid", name) == [(3,)]


def test_a_question_about_a_time_looks_into_the_partitions_of_that_time_only(far: datetime) -> None:
    from toono.exchange.operations.partitions import prepare_storage
    from toono.kernel import clock

    with clock.at(far):
        prepare_storage()
    plan = run(
        "EXPLAIN SELECT count(*) FROM exchange_messagerecord WHERE retention = 'short' AND id >= %s AND id < %s",
        partitions.floor(far), partitions.floor(far + timedelta(minutes=1)),
    )  # fmt: skip
    scanned = {word for (line,) in plan for word in line.split() if word.startswith("exchange_messagerecord") and "pkey" not in word}
    wanted = {MESSAGES["short"].partition(p) for p in partitions.periods(far, far + timedelta(minutes=1), Length.DAY)}
    assert scanned - {"exchange_messagerecord"} <= wanted | {f"{MESSAGES['short'].rest}"}
    assert scanned & wanted


def archived(retention: str, begin: datetime, messages: int) -> None:
    from toono.exchange.models import Archive

    name = f"test-{uuid7()}"
    Archive.objects.create(
        name=name, retention=retention, begin=begin, end=begin + timedelta(hours=6), messages=messages, size=1, digest=b"", previous=b"",
        written_at=begin,
    )  # fmt: skip


def test_messages_go_when_their_time_is_over_and_all_are_archived(far: datetime) -> None:
    from toono.exchange import limits
    from toono.exchange.operations.partitions import prepare_storage
    from toono.exchange.operations.prune import drop_expired
    from toono.kernel import clock

    day = partitions.period(far, Length.DAY)
    name = MESSAGES["short"].partition(day)
    with clock.at(far):
        prepare_storage()
    keep(message(at(far), "short", signed=True), message(at(far), "short", signed=True), message(at(far), "short"))
    over = day.end + timedelta(days=limits.RETENTION_DAYS["short"])
    archived("short", day.begin, 1)
    with clock.at(over):
        assert name not in drop_expired()  # one of two is archived
    archived("short", day.begin + timedelta(hours=6), 1)
    with clock.at(over - timedelta(seconds=1)):
        assert name not in drop_expired()  # its time is not over
    with clock.at(over):
        assert name in drop_expired()
        assert name not in drop_expired()
    assert run("SELECT to_regclass(%s)", name) == [(None,)]


def test_signatures_go_with_the_last_message_of_their_month_and_the_chain_stays(far: datetime) -> None:
    from toono.exchange import limits
    from toono.exchange.models import Batch, OcspResponse, Signature, StampLeaf
    from toono.exchange.operations.partitions import prepare_storage
    from toono.exchange.operations.prune import drop_expired
    from toono.kernel import clock

    month = partitions.period(far, Length.MONTH)
    moment = month.begin + timedelta(days=10)
    name, places = SIGNATURES.partition(month), PLACES.partition(month)
    with clock.at(moment):
        prepare_storage()
    signature, batch = at(moment), at(moment)
    Signature.objects.create(
        id=signature, batch=batch, position=0, member="m", certificate_serial="1", at=moment, leaves=b"", direct=True, value=b"", document_digest=b""
    )  # fmt: skip
    Batch.objects.create(id=batch, gateway="far", chain=uuid7(), number=1, at=moment, content=b"", link=b"")
    for subject in (signature, batch):
        StampLeaf.objects.create(subject=subject, stamp=uuid7(), position=0)
    old = OcspResponse.objects.create(digest=uuid7().bytes, der=b"", produced_at=moment - timedelta(days=100))
    keep(message(at(moment), "short", signed=True), message(at(moment), "standard", signed=True))
    archived("short", moment, 1)
    archived("standard", moment, 1)
    with clock.at(month.end + timedelta(days=limits.RETENTION_DAYS["short"] + 1)):
        assert name not in drop_expired()  # the message of the longer class stands
    assert Signature.objects.filter(id=signature).exists()
    with clock.at(month.end + timedelta(days=limits.RETENTION_DAYS["standard"] + 1)):
        assert name in drop_expired()
        assert drop_expired() == []
    assert not Signature.objects.filter(id=signature).exists()
    assert Batch.objects.filter(id=batch).exists()
    assert [row.subject for row in StampLeaf.objects.filter(subject__in=[signature, batch])] == [batch]
    assert run("SELECT tableoid::regclass::text FROM exchange_stampleaf WHERE subject = %s", batch) == [(places,)]
    assert not OcspResponse.objects.filter(digest=old.digest).exists()
    for table in (places, "exchange_ocspresponse"):
        with pytest.raises(ProgrammingError, match="append-only"):
            run(f"DELETE FROM {table}")
    run("ALTER TABLE exchange_batch DISABLE TRIGGER append_only")  # its place goes with the partitions of this test
    run("DELETE FROM exchange_batch WHERE id = %s", batch)
    run("ALTER TABLE exchange_batch ENABLE TRIGGER append_only")


def test_ocsp_responses_go_when_no_signature_can_hold_them(stack: Any) -> None:
    from toono.exchange.models import OcspResponse
    from toono.exchange.operations import prune
    from toono.exchange.operations.partitions import prepare_storage
    from toono.kernel.clock import now

    prepare_storage()
    kept, gone = (
        OcspResponse.objects.create(digest=uuid7().bytes, der=b"", produced_at=now() - timedelta(days=days)) for days in (40, 20_000)
    )
    prune._drop_responses()
    assert [OcspResponse.objects.filter(digest=row.digest).exists() for row in (kept, gone)] == [True, False]
    with pytest.raises(ProgrammingError, match="append-only"):
        OcspResponse.objects.filter(digest=kept.digest).delete()


def test_the_ledger_never_goes(far: datetime) -> None:
    from toono.exchange.operations.partitions import children, prepare_storage
    from toono.exchange.operations.prune import drop_expired
    from toono.kernel import clock

    with clock.at(far):
        prepare_storage()
    before = children(LEDGER)
    with clock.at(far + timedelta(days=1_000)):
        dropped = drop_expired()
    assert children(LEDGER) == before
    assert any(name.startswith("exchange_traffic") for name in dropped)
