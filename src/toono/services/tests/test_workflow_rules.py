"""Which step is allowed to whom, when, and with what."""

from __future__ import annotations

import pytest

from toono.services.contracts import Outcome, Phase
from toono.services.domain import workflow
from toono.services.domain.conditions import holds, names
from toono.services.domain.definition import By, Definition
from toono.services.domain.digests import facts_fingerprint
from toono.services.domain.files import read_services
from toono.services.errors import AlreadyDecided, ConditionError, GroundMissing, NotAllowedNow, ReasonMissing
from toono.services.tests.catalogue import CATALOGUE

READ = {one.definition.code: one.definition for one in read_services(CATALOGUE)[0]}


@pytest.fixture
def permit() -> Definition:
    return READ["water-use-permit"]


@pytest.fixture
def reference() -> Definition:
    return READ["address-reference"]


def test_the_citizen_sends_a_draft_and_withdraws_until_it_is_decided(permit: Definition) -> None:
    assert workflow.citizen_step(permit, "draft", sends=True).to.name == "review"
    assert workflow.citizen_step(permit, "review", sends=False).outcome is Outcome.WITHDRAWN
    for state, sends in (("review", True), ("granted", False), ("withdrawn", False), ("refused", True)):
        with pytest.raises(NotAllowedNow):
            workflow.citizen_step(permit, state, sends=sends)


def test_an_officer_grants_with_a_reason_and_refuses_with_a_ground_and_a_reason(permit: Definition) -> None:
    granted = workflow.officer_step(permit, "review", "grant", None, "Нөөц хүрэлцэнэ.")
    assert (granted.outcome, granted.to.name, granted.ground) == (Outcome.GRANTED, "granted", None)
    refused = workflow.officer_step(permit, "review", "refuse", "no_reserve", "Худгийн ундарга бага.")
    assert refused.outcome is Outcome.REFUSED
    assert refused.ground is not None and refused.ground.article.mn == "28.4"


@pytest.mark.parametrize(
    ("state", "action", "ground", "reason", "error"),
    [
        ("review", "refuse", None, "Үгүй.", GroundMissing),
        ("review", "refuse", "mood", "Үгүй.", GroundMissing),
        ("review", "refuse", "no_reserve", "", ReasonMissing),
        ("review", "grant", None, "", ReasonMissing),
        ("review", "grant", None, "х" * 2001, ReasonMissing),
        ("review", "withdraw", None, "Үгүй.", NotAllowedNow),
        ("review", "submit", None, "Үгүй.", NotAllowedNow),
        ("draft", "grant", None, "За.", NotAllowedNow),
        ("granted", "refuse", "no_reserve", "За.", AlreadyDecided),
        ("withdrawn", "grant", None, "За.", AlreadyDecided),
    ],
)
def test_an_officer_cannot(permit: Definition, state: str, action: str, ground: str | None, reason: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        workflow.officer_step(permit, state, action, ground, reason)


def test_a_ground_given_with_a_grant_is_not_kept(permit: Definition) -> None:
    assert workflow.officer_step(permit, "review", "grant", "no_reserve", "За.").ground is None


def test_the_rule_issues_what_the_register_holds_and_refuses_what_it_does_not(reference: Definition) -> None:
    both = {"identity": {"regnum": "ЗМ05041526"}, "address": {"text": "Сайнцагаан сум"}}
    issued = workflow.automatic_step(reference, "working", {"facts": both})
    assert issued is not None and issued.outcome is Outcome.GRANTED
    refused = workflow.automatic_step(reference, "working", {"facts": {"identity": both["identity"]}})
    assert refused is not None and refused.outcome is Outcome.REFUSED
    assert refused.ground is not None and refused.ground.code == "not_registered"
    assert workflow.automatic_step(reference, "draft", {"facts": both}) is None
    assert workflow.automatic_step(reference, "granted", {"facts": both}) is None


def test_a_case_that_waits_for_a_register_says_so_unless_an_officer_has_it(reference: Definition, permit: Definition) -> None:
    assert workflow.phase(reference, "working", waiting=True) is Phase.WAITING_FOR_REGISTER
    assert workflow.phase(reference, "working", waiting=False) is Phase.PROCESSING
    assert workflow.phase(permit, "review", waiting=True) is Phase.WITH_OFFICER
    assert workflow.phase(permit, "granted", waiting=True) is Phase.GRANTED


@pytest.mark.parametrize(
    ("expression", "values", "result"),
    [
        ("true", {}, True),
        ('answers.a == "x"', {"a": "x"}, True),
        ('answers.a == "x"', {}, False),
        ('answers.a == "x" || answers.b == "y"', {"b": "y"}, True),
        ('answers.a == "x" || answers.b == "y"', {}, False),
        ("answers.n > 75.0 && answers.yes", {"n": 75.1, "yes": True}, True),
        ('answers.a in ["x", "y"]', {"a": "z"}, False),
        ("has(answers.a)", {}, False),
    ],
)
def test_a_condition_that_reads_an_absent_answer_does_not_hold(expression: str, values: dict[str, object], result: bool) -> None:
    assert holds(expression, {"answers": values}) is result


@pytest.mark.parametrize("expression", ["answers.a >", "answers.a + 1", "answers.n > 'x'"])
def test_a_condition_that_is_none_is_refused_in_words(expression: str) -> None:
    with pytest.raises(ConditionError, match="«"):
        holds(expression, {"answers": {"a": "x", "n": 1.0}})


def test_the_paths_that_a_condition_reads_are_known() -> None:
    assert names('has(facts.address.text) && answers.a == "b.c"') == {("facts", "address", "text"), ("answers", "a")}


def test_a_fingerprint_changes_with_every_letter_and_cannot_be_tried_out_without_the_salt() -> None:
    lines = [("Нэр", "Сарнай"), ("Хаяг", "Мандалговь")]
    known = facts_fingerprint(salt="00" * 16, code="A", lines=lines)
    assert known == facts_fingerprint(salt="00" * 16, code="A", lines=list(lines))
    for other in (
        facts_fingerprint(salt="01" + "00" * 15, code="A", lines=lines),
        facts_fingerprint(salt="00" * 16, code="B", lines=lines),
        facts_fingerprint(salt="00" * 16, code="A", lines=[lines[0], ("Хаяг", "Мандалгов")]),
        facts_fingerprint(salt="00" * 16, code="A", lines=lines[::-1]),
    ):
        assert other != known


def _silent(permit: Definition, rule: str) -> Definition:
    basis = {"law": {"mn": "Зөвшөөрлийн тухай хууль", "en": "Law on Permits"}, "article": "5.2"}
    term = permit.term.model_dump() | {"silence": rule, "silence_basis": basis}
    return Definition.model_validate(permit.model_dump(by_alias=True) | {"term": term})


def test_silence_says_nothing_unless_the_law_does(permit: Definition) -> None:
    assert workflow.silence_step(permit, "review") is None


@pytest.mark.parametrize(("rule", "outcome"), [("grants", Outcome.GRANTED), ("refuses", Outcome.REFUSED)])
def test_silence_decides_an_open_case_by_law_and_article_and_a_decided_one_never(permit: Definition, rule: str, outcome: Outcome) -> None:
    step = workflow.silence_step(_silent(permit, rule), "review")
    assert step is not None and step.outcome is outcome and step.action.code == workflow.BY_SILENCE
    assert step.ground is None and "Зөвшөөрлийн тухай хууль, 5.2" in step.reason
    assert workflow.silence_step(_silent(permit, rule), "granted") is None


def test_what_is_built_in_goes_before_the_state(permit: Definition) -> None:
    assert workflow.phase(permit, "review", waiting=False, standing=Phase.CORRECTION) is Phase.CORRECTION


def test_an_expert_cannot_take_the_step_of_an_officer(permit: Definition) -> None:
    with pytest.raises(NotAllowedNow):
        workflow.officer_step(permit, "review", "grant", None, "За.", by=By.EXPERT)
