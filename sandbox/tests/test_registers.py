"""The sixteen agencies' registers: every answer is of its shape, what reads them finds its fields, and the same question has the same answer."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sandbox.registers import personas
from sandbox.registers.directory import ADDRESS, IDENTITY, QUESTIONS, REGISTERS, answer
from sandbox.registers.world import World

CATALOGUE = Path(__file__).resolve().parents[2] / "catalogue"
SAMPLE = slice(0, 20_000, 61)


@cache
def world() -> World:
    return personas.world()


def _keys(meaning: str) -> list[str]:
    """What a question is tried with: some hundred people, or all the things of some thousand."""
    variable = QUESTIONS[meaning].variable
    if variable == "civil_id":
        society = world().society
        return [
            person.civil_id for person in (*society.people[SAMPLE], *society.relatives[SAMPLE], *(p for p in society.people if p.cast_key))
        ]
    owned = {"plate": world().vehicles, "property": world().properties, "parcel": world().parcels, "entity": world().entities}[variable]
    return [key for keys in owned.values() for key in keys][::11]


@pytest.mark.parametrize("meaning", QUESTIONS)
def test_every_answer_is_of_the_shape_that_the_register_describes(meaning: str) -> None:
    question = QUESTIONS[meaning]
    judge = jsonschema.Draft202012Validator(question.whole_shape.schema(), format_checker=jsonschema.FormatChecker())
    found = [question.answer(world(), key) for key in _keys(meaning)]
    given = [one for one in found if one is not None]
    assert given, "nobody has any"
    for one in given:
        judge.validate(one)
    if question.variable == "civil_id":
        assert all(one[question.variable] == key for key, one in zip(_keys(meaning), found, strict=True) if one)


@pytest.mark.parametrize("meaning", QUESTIONS)
def test_the_shape_is_closed(meaning: str) -> None:
    question = QUESTIONS[meaning]
    good = next(one for key in _keys(meaning) if (one := question.answer(world(), key)))
    judge = jsonschema.Draft202012Validator(question.whole_shape.schema())
    assert not judge.is_valid({**good, "more": 1}) and not judge.is_valid({k: good[k] for k in list(good)[1:]})


def test_what_the_catalogue_reads_is_there_in_kind_and_place() -> None:
    kinds: dict[str, set[str]] = {
        "text": {"string"}, "date": {"string"}, "number": {"integer", "number"}, "money": {"integer"}, "yes_no": {"boolean"},
    }  # fmt: skip
    read = yaml.safe_load((CATALOGUE / "meanings.yaml").read_text(encoding="utf-8"))["meanings"]
    assert {meaning["code"] for meaning in read} == {IDENTITY, ADDRESS, *QUESTIONS}
    for meaning in (m for m in read if m["code"] in QUESTIONS):
        question = QUESTIONS[meaning["code"]]
        assert meaning["path"] == question.path
        shape = question.whole_shape
        for fields, held in ((meaning.get("fields", ()), shape.fields), (meaning.get("items", {}).get("fields", ()), shape.items)):
            for field in fields:
                schema = held[field["pointer"].removeprefix("/")]
                types = {schema.get("type", "string")} if isinstance(schema.get("type", "string"), str) else set(schema["type"])
                assert types - {"null"} <= kinds[field.get("kind", "text")], (meaning["code"], field["name"])
                assert "null" not in types or not field.get("required"), (meaning["code"], field["name"])
        if "items" in meaning:
            assert meaning["items"]["pointer"] == f"/{shape.list_name}"


def test_the_personas_of_the_catalogue_are_the_sandboxs() -> None:
    """After a change here: ``python -m sandbox.registers personas``."""
    assert (CATALOGUE / "personas.yaml").read_text(encoding="utf-8") == personas.text()


def test_twelve_personas_live_different_lives() -> None:
    found = {p["code"]: p for p in personas.personas(world())["personas"]}
    assert tuple(found) == personas.ORDER and len(found) == 12
    said: dict[str, dict[str, Any]] = {code: p["answers"] for code, p in found.items()}
    assert said["herder"]["person.livestock"] and said["herder"]["person.registered_address"]["street"] is None
    assert said["herder"]["person.health_insurance"]["unpaid_months"] == 9
    assert len(said["elder"]["person.archive_employment"]["records"]) == 2 and said["elder"]["person.particulars"]["age"] == 76
    [child] = [m for m in said["guardian"]["person.family"]["members"] if m["minor"]]
    assert child["relation"] == "хүүхэд" and said["guardian"][f"person.particulars/{child['civil_id']}"]["age"] == 8
    assert len(said["guardian"][f"person.vaccinations/{child['civil_id']}"]["doses"]) > 8
    [company, *_] = said["director"]["person.legal_entities"]["entities"]
    assert len(said["director"][f"entity.permits/{company['register']}"]["permits"]) == 6
    assert said["foreigner"]["person.id_card"] is None and said["foreigner"]["person.particulars"]["citizenship"] == "DEU"
    assert said["abroad"]["person.particulars"]["abroad"] and not said["herder"]["person.particulars"]["abroad"]
    assert {a["kind"] for a in said["two_addresses"]["person.former_addresses"]["addresses"]} == {"түр", "өмнөх"}
    assert set("ЁӨүъ-") <= set("".join(said["rare_letters"]["person.identity"][n] for n in ("clan_name", "patronymic", "given_name")))
    [father] = [m for m in said["deceased_parent"]["person.family"]["members"] if not m["alive"]]
    assert said["deceased_parent"][f"person.particulars/{father['civil_id']}"]["died_on"] == "2025-12-14"
    assert said["deceased_parent"][f"person.property/{father['civil_id']}"]["count"] == 1
    assert said["blind"]["person.health_insurance"]["payer"] == "төр"
    assert "phone" not in said["no_phone"]["person.identity"]
    assert said["just_moved"]["person.registered_address"]["registered_on"] == "2026-03-01"


def test_lists_agree_with_the_entries_of_their_things() -> None:
    """The plate in a person's list is that of the vehicle, a member of the family names back, a child is younger than its mother."""
    for person in world().society.people[SAMPLE]:
        for listed in (answer(world(), "person.vehicles", person.civil_id) or {"vehicles": []})["vehicles"]:
            whole = answer(world(), "vehicle.details", listed["plate"])
            assert whole and whole["owner_civil_id"] == person.civil_id and {k: whole[k] for k in listed} == listed
        for listed in (answer(world(), "person.property", person.civil_id) or {"properties": []})["properties"]:
            whole = answer(world(), "property.details", listed["number"])
            assert whole and whole["owner_civil_id"] == person.civil_id and whole["address"] == listed["address"]
        for member in (answer(world(), "person.family", person.civil_id) or {"members": []})["members"]:
            back = answer(world(), "person.family", member["civil_id"])
            assert back and person.civil_id in [m["civil_id"] for m in back["members"]]
            assert member["relation"] != "хүүхэд" or member["birth_date"] > person.birth_date


def test_two_copies_give_the_same_answers() -> None:
    other = personas.world()
    for meaning, question in QUESTIONS.items():
        for key in _keys(meaning)[::40]:
            assert question.answer(other, key) == question.answer(world(), key)


def test_nobody_knows_a_stranger() -> None:
    for question in QUESTIONS.values():
        assert question.answer(world(), "990999999999") is None and question.answer(world(), "") is None


def test_a_plate_is_no_property() -> None:
    plate = next(iter(world().vehicles.values()))[0]
    assert answer(world(), "vehicle.details", plate) and answer(world(), "property.details", plate) is None


def test_lives_are_plausibly_distributed() -> None:
    some = world().society.people[SAMPLE]
    share = {
        meaning: sum(answer(world(), meaning, p.civil_id) is not None for p in some) / len(some)
        for meaning in QUESTIONS
        if meaning.startswith("person.")
    }
    assert 0.35 < share["person.vehicles"] < 0.75 and 0.1 < share["person.livestock"] < 0.5 and share["person.tax"] == 1
    owing = sum(answer(world(), "person.tax", p.civil_id)["debt"] > 0 for p in some) / len(some)  # type: ignore[index]
    assert 0.01 < owing < 0.2
    assert len(REGISTERS) == 17
