"""What a person sees of their access ledger, and what they must not see."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from typing import Any
from uuid import UUID, uuid4

import pytest

from toono.exchange.domain import ledger as rules
from toono.exchange.domain.field_words import in_words
from toono.exchange.tests.readings import civil_id, read

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture
def api(stack: Any) -> Any:
    import toono.exchange.api as door

    return door


@pytest.fixture
def citizen() -> Any:
    from toono.kernel.actor import Actor, Role

    return Actor(role=Role.CITIZEN, person_id=uuid4())


def test_a_person_sees_their_own_readings_newest_first_and_nobody_elses(api: Any, citizen: Any) -> None:
    sarnai, bat = civil_id(), civil_id()
    ids = [read(sarnai, NOON + timedelta(hours=hours)) for hours in range(3)]
    other = read(bat, NOON)
    assert [r.id for r in api.readings(actor=citizen, civil_id=sarnai)] == ids[::-1]
    assert [r.id for r in api.readings(actor=citizen, civil_id=bat)] == [other]
    from toono.exchange.errors import ReadingNotFound

    with pytest.raises(ReadingNotFound):
        api.reading(actor=citizen, civil_id=sarnai, reading_id=other)


def test_pages_join_without_gap_or_repetition_even_at_one_moment(api: Any, citizen: Any) -> None:
    person = civil_id()
    ids = {read(person, NOON + timedelta(minutes=minute // 4)) for minute in range(10)}
    seen: list[UUID] = []
    before = None
    while found := api.readings(actor=citizen, civil_id=person, before=before, limit=3):
        seen += [r.id for r in found]
        before = found[-1].cursor
    assert len(seen) == 10 and set(seen) == ids


@pytest.mark.parametrize("before", ["", "x", "1-2", "9" * 17 + "-" + "0" * 32, "1' OR 1=1 --", "-5-" + "0" * 32])
def test_a_place_that_no_list_gave_is_refused(api: Any, citizen: Any, before: str) -> None:
    from toono.exchange.errors import PlaceMalformed

    if before == "9" * 17 + "-" + "0" * 32:  # the last moment that a cursor can name: the whole ledger lies before it
        assert api.readings(actor=citizen, civil_id=civil_id(), before=before) == []
        return
    with pytest.raises(PlaceMalformed):
        api.readings(actor=citizen, civil_id=civil_id(), before=before)


def test_organisation_and_time_filter(api: Any, citizen: Any) -> None:
    person = civil_id()
    early = read(person, NOON - timedelta(days=40))
    late = read(person, NOON)
    police = read(person, NOON, organisation="police", organisation_name_mn="Цагдаагийн ерөнхий газар")
    assert [r.id for r in api.readings(actor=citizen, civil_id=person, organisation="police")] == [police]
    assert {r.id for r in api.readings(actor=citizen, civil_id=person, since=NOON - timedelta(days=1))} == {late, police}
    assert [r.id for r in api.readings(actor=citizen, civil_id=person, until=NOON)] == [early]
    assert [(r.organisation, r.count, r.name_mn) for r in api.readers(actor=citizen, civil_id=person)] == [
        ("khasar-bank", 2, "Хасар банк ХК"), ("police", 1, "Цагдаагийн ерөнхий газар"),
    ]  # fmt: skip


def test_what_a_law_keeps_back_is_nowhere_until_its_time(api: Any, citizen: Any) -> None:
    from toono.exchange.errors import ReadingNotFound
    from toono.kernel.actor import system
    from toono.kernel.clock import at

    person, until = civil_id(), NOON + timedelta(days=90)
    shown = [read(person, NOON + timedelta(hours=hour)) for hour in (0, 2)]
    law = "Гүйцэтгэх ажлын тухай хууль, 25.1"
    kept = read(person, NOON + timedelta(hours=1), organisation="police", visible_at=until, secrecy_basis_mn=law)
    platform = system("tests")
    with at(until - timedelta(seconds=1)):
        assert [r.id for r in api.readings(actor=citizen, civil_id=person)] == shown[::-1]
        assert [r.id for r in api.readings(actor=citizen, civil_id=person, limit=1)] == [shown[1]]
        assert [r.organisation for r in api.readers(actor=citizen, civil_id=person)] == ["khasar-bank"]
        assert api.readings(actor=citizen, civil_id=person, organisation="police") == []
        assert api.readings_to_tell(actor=platform, ids=[kept]) == []
        counted = api.became_visible(actor=platform, civil_id=person, since=NOON - timedelta(days=1), until=until + timedelta(days=1))
        assert [c.organisation for c in counted] == ["khasar-bank"]
        for door in (api.reading, api.reading_proof):
            with pytest.raises(ReadingNotFound) as secret:
                door(actor=citizen, civil_id=person, reading_id=kept)
            with pytest.raises(ReadingNotFound) as unknown:
                door(actor=citizen, civil_id=person, reading_id=uuid4())
            assert type(secret.value) is type(unknown.value) and secret.value.data == unknown.value.data
    with at(until):
        found = api.readings(actor=citizen, civil_id=person)
        assert [r.id for r in found] == [shown[1], kept, shown[0]]
        assert (found[1].kept_back_until, found[1].kept_back_basis) == (until, law)
        assert found[0].kept_back_until is None
        assert [
            c.organisation for c in api.became_visible(actor=platform, civil_id=person, since=until, until=until + timedelta(hours=1))
        ] == ["police"]


def test_only_the_platform_hears_of_everybodys_new_readings(api: Any, citizen: Any) -> None:
    from toono.kernel.actor import system
    from toono.kernel.clock import at
    from toono.kernel.errors import NotAllowed

    sarnai, bat, begin = civil_id(), civil_id(), datetime(2031, 3, 3, 3, tzinfo=UTC) + timedelta(seconds=int(civil_id()) % 10**7)
    first = read(sarnai, begin + timedelta(seconds=10))
    second = read(bat, begin + timedelta(seconds=20))
    kept = read(bat, begin - timedelta(days=30), visible_at=begin + timedelta(seconds=30), secrecy_basis_mn="Хууль")
    read(sarnai, begin + timedelta(seconds=40), visible_at=begin + timedelta(days=9), secrecy_basis_mn="Хууль")
    too_new = read(sarnai, begin + timedelta(seconds=59))
    with pytest.raises(NotAllowed):
        api.newly_visible(actor=citizen, since=begin, until=begin + timedelta(minutes=1))
    with at(begin + timedelta(seconds=95)):
        assert api.newly_visible(actor=system("tests"), since=begin, until=begin + timedelta(minutes=1)) == []
    with at(begin + timedelta(seconds=145)):
        found = api.newly_visible(actor=system("tests"), since=begin, until=begin + timedelta(minutes=1))
        assert [(new.id, new.civil_id) for new in found] == [(kept, bat), (first, sarnai), (second, bat)]
        page = api.newly_visible(actor=system("tests"), since=begin, until=begin + timedelta(minutes=1), after=kept, limit=1)
        assert [new.id for new in page] == [first]
    with at(begin + timedelta(seconds=160)):
        assert too_new in {new.id for new in api.newly_visible(actor=system("tests"), since=begin, until=begin + timedelta(minutes=1))}


def test_new_readings_are_found_by_indexes(stack: Any, api: Any) -> None:
    """The question of each minute must not walk the ledger."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from toono.exchange import ledger

    with CaptureQueriesContext(connection) as asked:
        ledger.newly_visible(since=NOON, until=NOON + timedelta(minutes=1), after=None, limit=10)
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        plans = []
        for question in asked.captured_queries:
            cursor.execute("EXPLAIN " + question["sql"])
            plans.append("\n".join(row[0] for row in cursor.fetchall()))
        cursor.execute("RESET enable_seqscan")
    assert "Seq Scan" not in plans[0] and "id >=" in plans[0]
    assert "Seq Scan" not in plans[1] and "visible_at" in plans[1].partition("Cond:")[2].partition("\n")[0]


def test_a_page_of_a_ledger_comes_from_its_index_without_sorting(stack: Any, api: Any, citizen: Any) -> None:
    """However long the ledger of everybody is, a page costs what a page costs."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    person = civil_id()
    read(person, NOON)
    before = api.readings(actor=citizen, civil_id=person)[0].cursor
    with CaptureQueriesContext(connection) as asked:
        api.readings(actor=citizen, civil_id=person, before=before, since=NOON - timedelta(days=40))
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):  # cheap while the table is small; not to be needed when it is large
            cursor.execute(f"SET enable_{way} = off")
        cursor.execute("EXPLAIN " + asked.captured_queries[-1]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"RESET enable_{way}")
    assert "Seq Scan" not in plan and "Sort  (cost" not in plan
    assert "Index Cond: ((civil_id = " in plan and "ROW(at, id) <" in plan.partition("Index Cond:")[2].partition("\n")[0]


def test_a_citizens_doors_are_closed_to_others(api: Any, anybody: Any) -> None:
    from toono.kernel.errors import NotAllowed

    for door, more in (
        (api.readings, {}),
        (api.readers, {}),
        (api.reading, {"reading_id": uuid4()}),
        (api.reading_proof, {"reading_id": uuid4()}),
    ):
        for actor in anybody:
            with pytest.raises(NotAllowed):
                door(actor=actor, civil_id=civil_id(), **more)


@pytest.fixture
def anybody() -> list[Any]:
    from toono.kernel.actor import ANYBODY, Actor, Role, system

    return [ANYBODY, system("tests"), Actor(role=Role.OFFICER, person_id=uuid4(), organisation="police"), Actor(role=Role.CITIZEN)]


def test_the_proof_of_a_reading_can_be_checked_with_a_hash_function_alone(api: Any, citizen: Any) -> None:
    person = civil_id()
    made = read(person, NOON, consent=uuid4())
    proof = api.reading_proof(actor=citizen, civil_id=person, reading_id=made)
    commitment = sha512(proof["reading"].encode()).hexdigest()
    content = bytes.fromhex(proof["batch"]["content"])
    assert content[proof["leaf"] * 64 :][:64].hex() == commitment
    assert sha512(bytes.fromhex(proof["batch"]["previous_link"]) + sha512(content).digest()).hexdigest() == proof["batch"]["link"]
    told = json.loads(proof["reading"])
    assert told["civil_id"] == person and told["purpose"] == "loan-application" and len(told["salt"]) == 32
    changed = proof["reading"].replace("loan-application", "another-purpose")
    assert sha512(changed.encode()).hexdigest() not in content.hex()


def test_fields_are_named_in_words() -> None:
    found = in_words(["/given_name", "/children/*/birth_date", "/address/text", "/odd_thing", "", "/a~1b/0"])
    assert [one.mn for one in found] == ["нэр", "хүүхэд: төрсөн өдөр", "хаяг: бүтэн бичвэр", "«odd_thing»", "бүх мэдээлэл", "«a/b»"]
    assert [one.en for one in found][:2] == ["given name", "child: date of birth"]


def test_a_cursor_names_its_reading_to_the_microsecond() -> None:
    moment = datetime(2026, 11, 22, 7, 36, 1, 123_457, tzinfo=UTC)
    identifier = uuid4()
    text = f"{int(moment.timestamp()) * 1_000_000 + 123_457}-{identifier.hex}"
    assert rules.cursor(text) == (moment, identifier)
