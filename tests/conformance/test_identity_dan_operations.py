"""Every ХУР operation that ДАН's dialect maps, made of what the sandbox's registers really say of some hundred invented people: fields, order, envelope, and whose it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from sandbox.registers import personas
from sandbox.registers.directory import answer
from sandbox.registers.world import World
from toono.identity.domain.dan import answers
from toono.identity.domain.dan.operations import OPERATIONS, SOURCES
from toono.identity.domain.dan.scope import Entry, operations, parse

ENVELOPE = ["request", "requestId", "response", "resultCode", "resultMessage"]
SAMPLE = slice(0, 20_000, 97)


@cache
def world() -> World:
    return personas.world()


def people() -> list[Any]:
    society = world().society
    return [*society.people[SAMPLE], *(person for person in society.people if person.cast_key)]


class Reader:
    """Reads the registers as the exchange does: for this person, or for the legal entity."""

    def __init__(self, person: Any, entity: str = "") -> None:
        self.person, self.entity, self.asked = person, entity, list[str]()

    def read(self, name: str) -> Mapping[str, Any]:
        self.asked.append(name)
        kind, _, thing = name.partition("/")
        source = SOURCES[kind]
        key = self.entity if "{entity}" in source.path else thing if "{thing}" in source.path else self.person.civil_id
        found = answer(world(), source.meaning, key) if key else None
        if found is None:
            raise answers.NotRead(answers.Result.NOT_FOUND)
        return found


def ask(person: Any, name: str, reader: Reader | None = None, **params: Any) -> dict[str, Any]:
    reader = reader or Reader(person)
    operation = OPERATIONS.get(name)
    entry = Entry(
        (name,), f"https://xyp.gov.mn/{operation.endpoint if operation else 'citizen'}-1.5.0/ws?WSDL", {name: params} if params else {}
    )
    asked = answers.Asked(person.regnum, frozenset({name}), reader.read, lambda: "id")
    found = answers.array((entry,), asked, login_type=answers.CITIZEN)
    assert list(found[1]) == ["services", "wsdl"] and list(found[1]["services"]) == [name]
    envelope: dict[str, Any] = found[1]["services"][name]
    assert list(envelope) == ENVELOPE and envelope["request"]["auth"] is None
    json.dumps(found)
    return envelope


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_answered_from_the_registers(name: str) -> None:
    codes, shapes = Counter[int](), set[tuple[str, ...]]()
    for person in people():
        entity = next(iter(world().entities.get(person.civil_id, [])), "")
        found = ask(person, name, Reader(person, entity))
        codes[found["resultCode"]] += 1
        assert (found["response"] is None) == (found["resultCode"] != 0)
        if found["response"] is not None:
            shapes.add(tuple(found["response"]))
            assert found["resultMessage"] == "амжилттай"
    assert codes[0] > 0 and codes.keys() <= {0, 1}, f"for nobody, or with faults: {codes}"
    assert len(shapes) == 1, "the fields and their sequence are the same for everybody"


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_is_some_operations(source: str) -> None:
    used = {name for one in OPERATIONS.values() for name in (*one.sources, *one.optional, *((one.thing[0],) if one.thing else ()))}
    assert source in used


def owner_of(what: dict[str, list[str]], many: int = 1) -> Any:
    return next(person for person in world().society.people if len(what.get(person.civil_id, [])) >= many)


@pytest.mark.parametrize(
    ("name", "parameter", "things"),
    [("WS100401_getVehicleInfo", "plateNumber", "vehicles"), ("WS100409_getVehicleInspectionInfo", "plate_no", "vehicles"), ("WS100201_getPropertyInfo", "propertyNumber", "properties")],
)  # fmt: skip
def test_of_things_only_the_persons_own_are_told(name: str, parameter: str, things: str) -> None:
    owned = getattr(world(), things)
    one, many = owner_of(owned), owner_of(owned, 2)
    other = next(p for p in world().society.people if owned.get(p.civil_id) and p.civil_id not in (one.civil_id, many.civil_id))
    key = owned[many.civil_id][1]
    assert ask(many, name, **{parameter: key})["resultCode"] == 0
    assert ask(many, name)["resultCode"] == 1, "of several none is guessed"
    reader = Reader(many)
    assert ask(many, name, reader, **{parameter: owned[other.civil_id][0]})["resultCode"] == 1
    assert not any("/" in asked for asked in reader.asked), "another's thing is not even read"
    assert ask(many, name, **{parameter: "../../x"})["resultCode"] == 1


def test_the_fields_are_those_of_the_person() -> None:
    person = next(p for p in world().society.people if p.cast_key == "sarnai")
    card = ask(person, "WS100101_getCitizenIDCardInfo")["response"]
    assert (card["civilId"], card["regnum"], card["firstname"], card["lastname"]) == (
        person.civil_id, person.regnum, person.given_name, person.patronymic,
    )  # fmt: skip
    assert card["aimagCityCode"] == person.aimag_code and len(card["soumDistrictCode"]) == len(card["bagKhorooCode"]) == 2
    assert list(card) == sorted(card) and len(card) == 30 and card["image"] is None
    good = {"firstName": person.given_name, "lastName": person.patronymic}
    assert ask(person, "WS100107_checkCitizenInfo", **good)["response"] == {"matched": True}
    assert ask(person, "WS100107_checkCitizenInfo", **good | {"lastName": "Өөр"})["response"] == {"matched": False}
    assert ask(person, "WS100107_checkCitizenInfo")["response"] == {"matched": False}
    codes = {name: card[name] for name in ("aimagCityCode", "soumDistrictCode", "bagKhorooCode")}
    assert ask(person, "WS100117_checkCitizenAddressInfo", **codes)["response"]["valid"] is True
    assert ask(person, "WS100117_checkCitizenAddressInfo", **codes | {"bagKhorooCode": "99"})["response"]["valid"] is False


def test_an_organisations_sign_in_is_told_of_the_organisation() -> None:
    director = owner_of(world().entities)
    number = world().entities[director.civil_id][0]
    found = ask(director, "WS100307_getLegalEntityInfoWithRegnum", Reader(director, number))["response"]
    assert found["general"]["companyRegnum"] == number and found["general"]["companyName"] and found["address"][0]["stateCity"]["name"]
    assert ask(director, "WS100307_getLegalEntityInfoWithRegnum")["resultCode"] == 1, "who signed in for themselves has none"
    assert ask(director, "WS100315_checkLegalEntityDirector", legalEntityNumber=number)["response"] == {"validDirector": True}
    assert ask(director, "WS100315_checkLegalEntityDirector", legalEntityNumber="1")["response"] == {"validDirector": False}


def test_what_no_register_can_answer_is_said_so() -> None:
    person = people()[0]
    found = ask(person, "WS100133_getCitizenDeceaseInfo")
    assert found["response"] is None and found["resultCode"] == 501 and "бүртгэл" in found["resultMessage"]
    wrong = Entry(("WS100401_getVehicleInfo",), "https://xyp.gov.mn/citizen-1.5.0/ws?WSDL")
    asked = answers.Asked(person.regnum, operations((wrong,)), Reader(person).read, lambda: "id")
    assert answers.array((wrong,), asked, login_type=0)[1]["services"]["WS100401_getVehicleInfo"]["resultCode"] == 3


def test_a_register_that_answers_nonsense_spoils_no_other_operation() -> None:
    person, names = people()[0], ("WS100501_getCitizenSalaryInfo", "WS100512_checkIsInsuredInfo", "WS100541_healthInsuranceInfo")

    class Mad(Reader):
        def read(self, name: str) -> Mapping[str, Any]:
            return {"payments": [{"month": 5}], "insured": True} if name == "contributions" else super().read(name)

    entry = Entry(names, "https://xyp.gov.mn/insurance-1.5.0/ws?WSDL")
    asked = answers.Asked(person.regnum, frozenset(names), Mad(person).read, lambda: "id")
    found = answers.array((entry,), asked, login_type=0)[1]["services"]
    assert [found[name]["resultCode"] for name in names] == [2, 0, 0]


def test_names_as_dan_documents_them_are_understood() -> None:
    import base64

    text = json.dumps([{"services": ["WS100128_getCitizenNoMarriegeInfo"], "wsdl": "https://xyp.gov.mn/citizen-1.3.0/ws?WSDL"}])
    entries = parse(base64.b64encode(text.encode()).decode())
    assert operations(entries) == {"WS100128_getCitizenNoMarriageInfo"}
    single = next(
        p
        for p in people()
        if answer(world(), "person.family", p.civil_id) and answer(world(), "person.family", p.civil_id)["marital"] == "гэрлээгүй"
    )  # type: ignore[index]
    asked = answers.Asked(single.regnum, operations(entries), Reader(single).read, lambda: "id")
    found = answers.array(entries, asked, login_type=0)[1]["services"]["WS100128_getCitizenNoMarriegeInfo"]
    assert found["resultCode"] == 0 and found["response"]["status"] == "гэрлээгүй", "under the name by which it was asked"
