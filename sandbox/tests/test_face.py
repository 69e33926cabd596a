"""The registers over ASGI: tokens, descriptions, faults and corrections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import jsonschema
import openapi_spec_validator
import pytest

from sandbox.faults import FaultRefused, Faults
from sandbox.population import generate
from sandbox.population.persons import Citizen
from sandbox.population.register import Register
from sandbox.population.society import Society
from sandbox.registers.corrections import CorrectionRefused, Corrections
from sandbox.registers.directory import QUESTIONS, REGISTERS
from sandbox.registers.face import Face
from sandbox.registers.world import STORY_DAY, World
from sandbox.settings import SandboxSettings, load
from sandbox.wire import Receive, Scope, Send

SETTINGS = load(
    {
        "SANDBOX_DATABASE_URL": "postgresql://localhost/x", "SANDBOX_REGISTER_TOKEN": "secret", "SANDBOX_SMPP_PASSWORD": "p",
        "SANDBOX_BANK_TOKEN": "b", "SANDBOX_BANK_NOTICE_KEY": "n",
    }
)  # fmt: skip


@cache
def world() -> World:
    return World(Society(generate.citizens()), today=lambda: STORY_DAY)


def person(key: str) -> Citizen:
    return next(p for p in world().society.people if p.cast_key == key)


class Stand:
    """Registers without a socket."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.faults = Faults(REGISTERS)
        society = world().society
        self.population = Register([*society.people, *society.relatives], token=settings.register_token, faults=self.faults)
        self.corrections = Corrections(world(), self.population)
        self.face = Face(world(), self.corrections, settings=settings, faults=self.faults)

    async def application(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/population/"):
            await self.population(scope, receive, send)
        else:
            assert await self.face(scope, receive, send)

    def get(self, path: str, *, token: str | None = None, method: str = "GET") -> httpx.Response:
        shown = SETTINGS.token(path.split("/")[1]) if token is None else token

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.application), base_url="http://sandbox") as client:
                return await client.request(method, path, headers={"Authorization": f"Bearer {shown}"})

        return asyncio.run(ask())


@pytest.fixture
def stand() -> Iterator[Stand]:
    yield Stand(SETTINGS)


def _path(meaning: str, key: str) -> str:
    code = next(code for code, register in REGISTERS.items() if QUESTIONS[meaning] in register.questions)
    return f"/{code}{QUESTIONS[meaning].path.format(**{QUESTIONS[meaning].variable: key})}"


@pytest.mark.parametrize("code", REGISTERS)
def test_a_registers_document_is_valid_and_describes_its_answers(stand: Stand, code: str) -> None:
    document = stand.get(f"/{code}/openapi.json", token="none").json()
    openapi_spec_validator.validate(document)
    keys = {
        "civil_id": person("tulga").civil_id,
        "plate": "0077ЖЖТ",
        "property": "Ү-9946010077",
        "parcel": "99460100000077",
        "entity": "9846077",
    }
    for question in REGISTERS[code].questions:
        answer = stand.get(_path(question.meaning, keys[question.variable]))
        described = document["paths"][question.path]["get"]["responses"][str(answer.status_code)]
        name = described["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        jsonschema.validate(answer.json(), document["components"]["schemas"][name])


def test_each_register_has_a_token_of_its_own(stand: Stand) -> None:
    assert len({SETTINGS.token(code) for code in REGISTERS} | {SETTINGS.register_token}) == len(REGISTERS) + 1
    path = _path("person.tax", person("sarnai").civil_id)
    assert stand.get(path).status_code == 200
    for wrong in ("", SETTINGS.register_token, SETTINGS.token("credit")):
        assert stand.get(path, token=wrong).status_code == 401
    assert stand.get(path, method="POST").status_code == 405


def test_what_is_not_held_is_not_found(stand: Stand) -> None:
    for path in (
        _path("person.tax", "990999999999"),
        _path("vehicle.details", "9999ЖЖЖ"),
        "/tax/",
        "/tax/tax/1/2/3",
        "/vehicles/vehicles/",
    ):
        assert stand.get(path).status_code == 404


def test_a_fault_concerns_its_register_and_its_person_only(stand: Stand) -> None:
    sarnai, bat = person("sarnai").civil_id, person("bat").civil_id
    stand.faults.set({"registers": {"tax": "down"}, "only": [sarnai]})
    assert stand.get(_path("person.tax", sarnai)).status_code == 503
    assert stand.get(_path("person.tax", bat)).status_code == 200
    assert stand.get(_path("person.fines", sarnai)).status_code == 200
    stand.faults.set({"registers": {}})
    assert stand.get(_path("person.tax", sarnai)).status_code == 200


def test_the_owner_is_named_by_a_fault_of_a_thing(stand: Stand) -> None:
    stand.faults.set({"registers": {"vehicles": "down"}, "only": [person("bat").regnum]})
    assert stand.get(_path("vehicle.details", "0014ЖЖВ")).status_code == 503
    assert stand.get(_path("vehicle.details", "0077ЖЖТ")).status_code == 200


@pytest.mark.parametrize(("meaning", "key"), [("person.tax", ""), ("vehicle.details", "0077ЖЖТ"), ("entity.tax", "9846077")])
def test_another_subjects_answer_says_whose_it_is(stand: Stand, meaning: str, key: str) -> None:
    asked = key or person("sarnai").civil_id
    code = _path(meaning, asked).split("/")[1]
    stand.faults.set({"registers": {code: "other_person"}})
    assert stand.get(_path(meaning, asked)).json()[QUESTIONS[meaning].variable] != asked


def test_nonsense_is_no_json_and_a_slow_register_answers(stand: Stand) -> None:
    path = _path("person.tax", person("sarnai").civil_id)
    stand.faults.set({"registers": {"tax": "nonsense"}})
    with pytest.raises(ValueError):
        stand.get(path).json()
    stand.faults.set({"registers": {"tax": "slow"}, "slow_seconds": 0})
    assert stand.get(path).status_code == 200


@pytest.mark.parametrize("wish", [{"registers": {"moon": "down"}}, {"registers": {"tax": "asleep"}}, {"registers": ["tax"]}])
def test_an_unknown_register_or_position_changes_nothing(stand: Stand, wish: dict[str, Any]) -> None:
    with pytest.raises(FaultRefused):
        stand.faults.set({"sms": "down", **wish})
    assert stand.faults.shown() == Faults(REGISTERS).shown()


def test_a_correction_is_laid_over_and_healed(stand: Stand) -> None:
    sarnai = person("sarnai").civil_id
    path = _path("person.particulars", sarnai)
    born = stand.get(path).json()
    stand.corrections.lay("person.particulars", sarnai, {"alive": False, "died_on": "2026-03-05"})
    assert stand.get(path).json() == {**born, "alive": False, "died_on": "2026-03-05"}
    assert stand.get(_path("person.particulars", person("bat").civil_id)).json()["alive"]
    stand.corrections.heal("person.particulars", sarnai)
    assert stand.get(path).json() == born


def test_a_correction_takes_away_and_gives(stand: Stand) -> None:
    sarnai = person("sarnai").civil_id
    assert stand.get(_path("person.permits", person("tulga").civil_id)).status_code == 404
    stand.corrections.lay("person.permits", person("tulga").civil_id, {"permits": []})
    assert stand.get(_path("person.permits", person("tulga").civil_id)).json()["permits"] == []
    stand.corrections.lay("person.tax", sarnai, None)
    assert stand.get(_path("person.tax", sarnai)).status_code == 404
    stand.corrections.heal_all()
    assert stand.get(_path("person.tax", sarnai)).status_code == 200


def test_the_population_register_takes_corrections_too(stand: Stand) -> None:
    sarnai = person("sarnai").civil_id
    way = f"/population/persons/{sarnai}"
    before = stand.get(way, token=SETTINGS.register_token).content
    stand.corrections.lay("person.identity", sarnai, {"clan_name": "Хатагин"})
    stand.corrections.lay("person.registered_address", sarnai, {"door": "8"})
    assert stand.get(way, token=SETTINGS.register_token).json()["clan_name"] == "Хатагин"
    assert stand.get(f"{way}/address", token=SETTINGS.register_token).json()["door"] == "8"
    stand.corrections.heal_all()
    assert stand.get(way, token=SETTINGS.register_token).content == before


@pytest.mark.parametrize(
    ("meaning", "fields"),
    [("moon", {}), ("person.tax", []), ("person.tax", {"colour": 1}), ("person.identity", None), ("person.identity", {"colour": 1})],
)
def test_a_correction_that_the_register_cannot_say_is_refused(stand: Stand, meaning: str, fields: Any) -> None:
    with pytest.raises(CorrectionRefused):
        stand.corrections.lay(meaning, person("sarnai").civil_id, fields)
    assert not stand.corrections.laid


def test_what_was_never_held_needs_every_field(stand: Stand) -> None:
    with pytest.raises(CorrectionRefused, match="points"):
        stand.corrections.lay("person.driving_licence", person("tsend").civil_id, {"number": "1"})


def test_a_child_is_known_to_the_population_register(stand: Stand) -> None:
    [child] = [m for m in stand.get(_path("person.family", person("nomin").civil_id)).json()["members"] if m["minor"]]
    known = stand.get(f"/population/persons/{child['civil_id']}", token=SETTINGS.register_token).json()
    assert (known["given_name"], known["regnum"]) == (child["given_name"], child["regnum"])
    assert json.dumps(known)
