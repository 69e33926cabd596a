"""Whose data an answer gives."""

from __future__ import annotations

import json

import pytest

from toono.exchange.domain.documents import parse
from toono.exchange.domain.faults import Fault
from toono.exchange.domain.subjects import check_readable, resolve, subject_of
from toono.registry.contracts import SubjectRule

RULE = SubjectRule(variable="regnum", identifier="regnum", echo_pointer="/person/regnum", civil_id_pointer="/person/civil_id")
GOOD = {"person": {"regnum": "УБ00210112", "civil_id": "123456789012"}}


def ask(document: object, *, regnum: str = "УБ00210112") -> str:
    return subject_of(RULE, {"regnum": regnum}, parse(json.dumps(document).encode()))


def test_the_person_answered_is_the_person_asked_for() -> None:
    assert ask(GOOD) == "123456789012"


def test_case_and_unicode_form_do_not_make_another_person() -> None:
    assert ask(GOOD, regnum="уб00210112") == ask({"person": GOOD["person"] | {"regnum": "У" + "Б00210112"}}) == "123456789012"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"person": GOOD["person"] | {"regnum": "УБ00210113"}}, "other_person"),
        ({"person": GOOD["person"] | {"regnum": None}}, "other_person"),
        ({"person": GOOD["person"] | {"regnum": ["УБ00210112"]}}, "other_person"),
        ({"person": {"civil_id": "123456789012"}}, "no_subject"),
        ({"person": []}, "no_subject"),
        ([GOOD], "no_subject"),
        ("text", "no_subject"),
        (None, "no_subject"),
        ({"person": {"regnum": "УБ00210112"}}, "no_subject"),
        ({"person": GOOD["person"] | {"civil_id": 123456789012}}, "no_civil_id"),
        ({"person": GOOD["person"] | {"civil_id": "12345678901"}}, "no_civil_id"),
        ({"person": GOOD["person"] | {"civil_id": "١٢٣٤٥٦٧٨٩٠١٢"}}, "no_civil_id"),  # digits that no list of readings would find
    ],
)
def test_any_other_answer_is_refused_with_its_reason(document: object, reason: str) -> None:
    with pytest.raises(Fault) as refused:
        ask(document)
    assert refused.value.reason == reason
    assert refused.value.code.value == "server.serverproxy.service_failed.invalid_response"


def test_a_number_is_no_identifier() -> None:
    with pytest.raises(Fault, match="other_person"):
        ask({"person": GOOD["person"] | {"regnum": 200000000004}}, regnum="200000000004")


def test_an_answer_that_cannot_be_read_here_is_refused() -> None:
    check_readable([("content-encoding", "Identity"), ("content-type", "application/json")])
    with pytest.raises(Fault, match="encoded"):
        check_readable([("content-encoding", "gzip")])


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("", {"a/b": 1, "m~n": [10, 20]}), ("/a~1b", 1), ("/m~0n/1", 20)],
)
def test_pointers_are_those_of_rfc_6901(pointer: str, value: object) -> None:
    assert resolve({"a/b": 1, "m~n": [10, 20]}, pointer) == value


@pytest.mark.parametrize("pointer", ["/x", "/m~0n/2", "/m~0n/01", "/m~0n/-", "/a~1b/c", "x"])
def test_a_pointer_to_nothing_is_an_error(pointer: str) -> None:
    with pytest.raises(LookupError):
        resolve({"a/b": 1, "m~n": [10, 20]}, pointer)
