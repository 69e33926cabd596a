"""The population register over its socket: it is what its OpenAPI document says, and its fault switches do what they say."""

from __future__ import annotations

import re
import time
from datetime import date
from typing import Any

import httpx
import pytest

from tests.stage import Stack

UNKNOWN = "990999999999"


class Register:
    """A caller with the token."""

    def __init__(self, stack: Stack) -> None:
        self.http = httpx.Client(
            base_url=stack.sandbox_url + "/population",
            headers={"Authorization": f"Bearer {stack.settings.secret('register_token')}"},
            timeout=5,
        )
        self.document = httpx.get(stack.sandbox_url + "/population/openapi.json").json()

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(path, **options)


@pytest.fixture
def register(stack: Stack) -> Register:
    return Register(stack)


@pytest.fixture
def person(stack: Stack) -> dict[str, Any]:
    return stack.http.get(f"{stack.sandbox_url}/control/cast").json()["sarnai"]  # type: ignore[no-any-return]


def _violations(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Where a value breaks a schema; knows the words that the document uses and stumbles over others."""
    if "$ref" in schema:
        return _violations(value, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    known = {
        "type", "properties", "required", "additionalProperties", "pattern", "minLength", "format", "enum", "description",
    }  # fmt: skip
    assert set(schema) <= known, schema
    types = {"string": str, "null": type(None), "object": dict}
    allowed = schema.get("type", [])
    allowed = [allowed] if isinstance(allowed, str) else allowed
    found = []
    if allowed and not isinstance(value, tuple(types[name] for name in allowed)):
        return [f"{value!r} is no {allowed}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} not in {schema['enum']}")
    if isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value) or len(value) < schema.get("minLength", 0):
            found.append(f"{value!r} breaks {schema}")
        if schema.get("format") == "date":
            date.fromisoformat(value)
    if isinstance(value, dict):
        found += [f"{name} is missing" for name in schema["required"] if name not in value]
        found += [f"{name} is not described" for name in value if name not in schema["properties"]]
        for name, inner in schema["properties"].items():
            found += _violations(value.get(name), inner, document) if name in value else []
    return found


def _check(register: Register, template: str, answer: httpx.Response) -> None:
    """The answer is one that the document describes for this path."""
    described = register.document["paths"][template]["get"]["responses"][str(answer.status_code)]
    schema = described["content"][answer.headers["content-type"]]["schema"]
    assert _violations(answer.json(), schema, register.document) == []


def test_the_document_describes_every_answer(register: Register, stack: Stack, person: dict[str, Any]) -> None:
    by_regnum, by_id, address = "/persons/by-regnum/{regnum}", "/persons/{civil_id}", "/persons/{civil_id}/address"
    photo = "/persons/{civil_id}/photo"
    assert set(register.document["paths"]) == {by_regnum, by_id, address, photo}
    assert register.document["openapi"].startswith("3.1")
    others = stack.http.get(f"{stack.sandbox_url}/control/persons", params={"limit": 400, "offset": 5000}).json()
    for p in [person, *others]:
        _check(register, by_regnum, register.get(f"/persons/by-regnum/{p['regnum']}"))
        _check(register, address, register.get(f"/persons/{p['civil_id']}/address"))
    _check(register, photo, register.get(f"/persons/{person['civil_id']}/photo"))
    for template, path in (
        (by_id, f"/persons/{UNKNOWN}"),
        (by_regnum, "/persons/by-regnum/УБ00000000"),
        (address, f"/persons/{UNKNOWN}/address"),
        (photo, f"/persons/{UNKNOWN}/photo"),
    ):
        answer = register.get(path)
        assert answer.status_code == 404
        assert answer.json() == {"error": "not_found"}
        _check(register, template, answer)


def test_the_judge_sees_what_is_not_described(register: Register, person: dict[str, Any]) -> None:
    good = register.get(f"/persons/{person['civil_id']}").json()
    schema = {"$ref": "#/components/schemas/Person"}
    assert _violations(good, schema, register.document) == []
    for wrong in ({**good, "sex": "x"}, {**good, "more": "1"}, {**good, "phone": None}, {k: good[k] for k in list(good)[1:]}):
        assert _violations(wrong, schema, register.document)


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Basic abc", ""])
def test_without_the_token_it_says_nothing(register: Register, person: dict[str, Any], stack: Stack, shown: str | None) -> None:
    headers = {} if shown is None else {"Authorization": shown}
    for civil_id in (person["civil_id"], UNKNOWN):
        answer = httpx.get(f"{stack.sandbox_url}/population/persons/{civil_id}", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"error": "unauthorized"}
        _check(register, "/persons/{civil_id}", answer)


def test_by_regnum_and_by_civil_id_are_the_same_person(register: Register, person: dict[str, Any]) -> None:
    by_regnum = register.get(f"/persons/by-regnum/{person['regnum']}").json()
    assert by_regnum == register.get(f"/persons/{person['civil_id']}").json()
    assert by_regnum["given_name"] == "Сарнай"


@pytest.mark.parametrize("path", ["/persons/", "/persons/1", "/persons/990031638462/addres", "/persons/../persons", "/persons/%00"])
def test_a_path_that_names_nobody_is_not_found(register: Register, path: str) -> None:
    assert register.get(path).status_code == 404


def test_it_can_only_be_read(register: Register, person: dict[str, Any]) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = register.http.request(method, f"/persons/{person['civil_id']}")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_register_that_is_down_says_so(register: Register, person: dict[str, Any], stack: Stack) -> None:
    stack.faults(register="down")
    answer = register.get(f"/persons/{person['civil_id']}")
    assert answer.status_code == 503
    _check(register, "/persons/{civil_id}", answer)
    stack.faults()
    assert register.get(f"/persons/{person['civil_id']}").status_code == 200


def test_nonsense_is_not_json(register: Register, person: dict[str, Any], stack: Stack) -> None:
    stack.faults(register="nonsense")
    with pytest.raises(ValueError):
        register.get(f"/persons/{person['civil_id']}").json()


def test_other_person_is_another_persons_record(register: Register, person: dict[str, Any], stack: Stack) -> None:
    stack.faults(register="other_person")
    for path in (f"/persons/{person['civil_id']}", f"/persons/{person['civil_id']}/address"):
        assert register.get(path).json()["civil_id"] != person["civil_id"]


def test_a_slow_register_answers_late_and_rightly(register: Register, person: dict[str, Any], stack: Stack) -> None:
    stack.faults(register="slow", slow_seconds=0.4)
    began = time.monotonic()
    answer = register.get(f"/persons/{person['civil_id']}")
    assert time.monotonic() - began >= 0.4
    assert answer.json()["civil_id"] == person["civil_id"]


def test_a_hanging_register_never_answers(register: Register, person: dict[str, Any], stack: Stack) -> None:
    stack.faults(register="hang")
    with pytest.raises(httpx.ReadTimeout):
        register.get(f"/persons/{person['civil_id']}", timeout=0.5)


def test_a_fault_for_one_person_leaves_the_others_alone(register: Register, person: dict[str, Any], stack: Stack) -> None:
    stack.faults(register="down", only=[person["civil_id"]])
    bat = stack.http.get(f"{stack.sandbox_url}/control/cast").json()["bat"]
    assert register.get(f"/persons/by-regnum/{person['regnum']}").status_code == 503
    assert register.get(f"/persons/by-regnum/{bat['regnum']}").status_code == 200


def test_an_unknown_fault_is_refused_with_the_list_of_those_there_are(stack: Stack) -> None:
    answer = stack.http.put(f"{stack.sandbox_url}/control/faults", json={"register": "asleep"})
    assert answer.status_code == 400
    assert "hang" in answer.json()["error"]


def test_the_page_of_texts_prints_what_was_typed_harmlessly(stack: Stack) -> None:
    page = stack.http.get(f"{stack.sandbox_url}/sms", params={"phone": '"><script>alert(1)</script>'}).text
    assert "<script>" not in page
    assert "Дугаар буруу байна" in page
