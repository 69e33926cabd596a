"""Which facts are read when, and about whom: the plan, without a register or a database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from toono.kernel.clock import now
from toono.services.contracts import Applicant
from toono.services.domain.contents import Content
from toono.services.domain.contents import values as typed
from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.readings import Known, Situation, Turn, fresh_limit, used, wanted
from toono.services.tests.published import definition as made

AT = now()
_L = {"mn": "т", "en": "t"}
PLATE, OTHER = "0014ЖЖВ", "9999ЖЖА"


def _meaning(code: str, subject: str, variable: str, **more: Any) -> dict[str, Any]:
    return {
        "code": code, "title": _L, "source": _L, "organisation": "agency", "subject": subject, "service": f"MN/GOV/x/y/{code.replace('.', '-')}",
        "path": f"/{{{variable}}}", "fields": [{"name": "one", "meaning": f"{code}.one", "pointer": "/one", "label": _L}], **more,
    }  # fmt: skip


_ITEMS = {
    "pointer": "/vehicles",
    "key": "plate",
    "describes": ["plate"],
    "fields": [{"name": "plate", "meaning": "v.plate", "pointer": "/plate", "label": _L}],
}
MEANINGS = Meanings.model_validate(
    {
        "language": 1, "once_only": [],
        "meanings": [
            _meaning("person.one", "person", "civil_id"), _meaning("person.two", "person", "civil_id"), _meaning("entity.one", "legal_entity", "entity"),
            _meaning("person.cars", "person", "civil_id", items=_ITEMS), _meaning("vehicle.one", "vehicle", "plate"),
        ],
    }
)  # fmt: skip
_CAR = {"code": "car", "meaning": "trial.car", "kind": "vehicle", "label": _L, "chosen_from": "cars"}


def _fact(name: str, meaning: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "meaning": meaning, "purpose": "trial", "fresh_hours": 24, **more}


def _definition(*facts: dict[str, Any]) -> Definition:
    return Definition.model_validate(made(facts=list(facts), questions=[_CAR], document={"title": _L, "rows": [{"question": "car"}]}))


def plan(definition: Definition, have: dict[str, Known] | None = None, **situation: Any) -> list[tuple[str, Turn, str]]:
    known = have or {}
    case = Situation(situation.get("applicant", Applicant.CITIZEN), situation.get("subject", ""), situation.get("answers", {}))
    values = {"answers": case.answers, "facts": {name: typed(one.content or Content()) for name, one in known.items()}}
    found = wanted(definition, MEANINGS, case, known, values, fresh_since=fresh_limit(AT), settled=situation.get("settled", ()))
    return [(one.use.name, one.turn, one.subject) for one in found]


def said(subject: str = "", *, hours: int = 0, asked: bool = True, items: tuple[str, ...] = (), **fields: Any) -> Known:
    return Known(
        subject, AT - timedelta(hours=hours), asked, Content(fields, tuple({"plate": plate} for plate in items)) if asked else None
    )


def test_what_was_never_read_and_what_is_too_old_is_read_and_nothing_else() -> None:
    definition = _definition(_fact("a", "person.one"), _fact("b", "person.two"))
    assert plan(definition) == [("a", Turn.ASK, ""), ("b", Turn.ASK, "")]
    assert plan(definition, {"a": said(), "b": said(hours=25)}) == [("b", Turn.ASK, "")]
    assert plan(definition, {"a": said(), "b": said()}) == []
    assert plan(definition, settled={"a"}) == [("b", Turn.ASK, "")]


@pytest.mark.parametrize(
    ("applicant", "subject", "person", "entity"),
    [
        (Applicant.CITIZEN, "", (Turn.ASK, ""), (Turn.NOT_CONCERNED, "")),
        (Applicant.FOREIGNER, "", (Turn.ASK, ""), (Turn.NOT_CONCERNED, "")),
        (Applicant.CHILD, "991", (Turn.ASK, "991"), (Turn.NOT_CONCERNED, "")),
        (Applicant.LEGAL_ENTITY, "9846077", (Turn.ASK, ""), (Turn.ASK, "9846077")),
    ],
)
def test_facts_are_about_whom_the_case_is(applicant: Applicant, subject: str, person: tuple[Turn, str], entity: tuple[Turn, str]) -> None:
    definition = _definition(_fact("a", "person.one"), _fact("e", "entity.one"))
    assert plan(definition, applicant=applicant, subject=subject) == [("a", *person), ("e", *entity)]


def test_a_condition_on_another_fact_waits_for_it() -> None:
    definition = _definition(_fact("a", "person.one"), _fact("b", "person.two", when='facts.a.one == "x"'))
    assert plan(definition) == [("a", Turn.ASK, "")]
    assert plan(definition, {"a": said(one="x")}) == [("b", Turn.ASK, "")]
    assert plan(definition, {"a": said(one="y")}) == [("b", Turn.NOT_CONCERNED, "")]
    noted = {"a": said(one="y"), "b": said(asked=False)}
    assert plan(definition, noted) == []
    assert plan(definition, {**noted, "a": said(one="x")}) == [("b", Turn.ASK, "")]


def test_a_vehicle_is_asked_about_only_when_it_is_among_the_persons_own() -> None:
    definition = _definition(_fact("cars", "person.cars"), _fact("car", "vehicle.one", of="car"))
    cars = {"cars": said(items=(PLATE,))}
    assert plan(definition, cars) == [("car", Turn.NOT_CONCERNED, "")]
    assert plan(definition, cars, answers={"car": PLATE}) == [("car", Turn.ASK, PLATE)]
    assert plan(definition, cars, answers={"car": OTHER}) == [("car", Turn.NOT_CONCERNED, OTHER)]
    assert plan(definition, settled={"cars"}, answers={"car": PLATE}) == []


def test_another_choice_is_another_reading() -> None:
    definition = _definition(_fact("cars", "person.cars"), _fact("car", "vehicle.one", of="car"))
    have = {"cars": said(items=(PLATE, OTHER)), "car": said(PLATE)}
    assert plan(definition, have, answers={"car": PLATE}) == []
    assert plan(definition, have, answers={"car": OTHER}) == [("car", Turn.ASK, OTHER)]
    assert plan(definition, have, answers={}) == [("car", Turn.NOT_CONCERNED, "")]


def test_what_rules_and_the_document_rest_on_is_used() -> None:
    definition = _definition(_fact("a", "person.one"), _fact("b", "person.two", when='facts.a.one == "x"'))
    assert set(used(definition)) == {"a"}
