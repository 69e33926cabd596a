"""Tests as data: stories are told, what goes otherwise is said in a sentence, what no story reaches is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toono.services.contracts import Applicant, Judgement
from toono.services.domain import answers
from toono.services.domain.files import read_services
from toono.services.domain.judge import common, judge, judge_catalogue
from toono.services.domain.simulation.stories import BEGINS
from toono.services.domain.simulation.walks import walks
from toono.services.errors import CatalogueError
from toono.services.tests.catalogue import CATALOGUE, judged

Change = Callable[[Any], object]
PERMIT, NOTICE = "dundgovi/trial-permit", "dundgovi/trial-notice"


def _judged(folder: Path, change: Change, file: str) -> Judgement:
    code = file.split("/")[1]
    judgements, problems = judge_catalogue(judged(folder, change, file), codes=[code])
    assert not problems
    return judgements[0]


def _only(content: Any, *steps: Any, **story: Any) -> None:
    """One story instead of all."""
    content["tests"] = [{"name": "A story", "persona": "herder", **story, "steps": list(steps)}]


SENT = [{"answers": {"use": "farm", "amount": 30, "which": "#1"}}, {"send": {}}]
PAID = [*SENT, {"pay": {}}]


def test_every_story_of_the_small_catalogue_is_true_and_everything_is_reached(tmp_path: Path) -> None:
    judgements, problems = judge_catalogue(judged(tmp_path))
    assert problems == []
    assert [finding for one in judgements for finding in one.findings] == []
    assert all(line.reached == line.wanted and not line.missing for one in judgements for line in one.coverage)
    assert {line.kind for one in judgements for line in one.coverage} == {
        "states", "actions", "questions", "passed_over", "stops", "rules", "grounds", "terms", "fees",
    }  # fmt: skip


FALSE: dict[str, tuple[list[Any], str]] = {
    "an answer out of order": ([{"answers": {"amount": 30}}], "«amount» is not asked here; «use» is"),
    "an answer to no question": ([{"answers": {"colour": "red"}}], "«colour» is not asked here"),
    "an answer that is refused": ([{"answers": {"use": "farm", "amount": 500}}], "«amount» does not accept «500»"),
    "an acceptable answer that should not be": ([{"unacceptable": {"use": "farm"}}], "accepts «farm»"),
    "an unacceptable answer to what is not asked": ([{"unacceptable": {"colour": "red"}}], "is not asked of this person"),
    "a thing that one does not have": ([{"answers": {"use": "farm", "amount": 30, "which": "#2"}}], "names 1 to choose from"),
    "a stop that does not hold": ([{"stopped": "owes_tax"}], "the stop «owes_tax» does not hold; none does"),
    "sending too early": ([{"send": {}}], "«use» has no answer yet"),
    "sending against a stop": ([*SENT[:1], {"registers": {"person.tax": {"debt": 1}}}, {"send": {}}], "the stop «owes_tax» holds"),
    "sending twice": ([*SENT, {"send": {}}], "was sent before"),
    "paying nothing": ([{"pay": {}}], "nothing to pay"),
    "deciding before the fee is paid": ([*SENT, {"act": {"by": "officer", "action": "refuse", "ground": "no_reserve", "reason": "No."}}], "waiting_for_payment"),
    "deciding a draft": ([{"act": {"by": "officer", "action": "refuse"}}], "not sent yet"),
    "an unknown action": ([*PAID, {"act": {"by": "officer", "action": "bless"}}], "officer may do «consult», «grant», «refuse» in state «review»"),
    "an expert who was not asked": ([*PAID, {"act": {"by": "expert", "action": "advise"}}], "expert may do nothing"),
    "a refusal without a ground": ([*PAID, {"act": {"by": "officer", "action": "refuse", "reason": "No."}}], "needs a ground of the list («no_reserve»)"),
    "a refusal without a reason": ([*PAID, {"act": {"by": "officer", "action": "refuse", "ground": "no_reserve"}}], "needs `reason`"),
    "what an officer did not fill in": ([*PAID, {"act": {"by": "officer", "action": "grant", "reason": "Yes."}}], "«permitted» in `fill`"),
    "what nobody asks the officer": ([*PAID, {"act": {"by": "officer", "action": "grant", "reason": "Yes.", "fill": {"colour": "red"}}}], "does not ask «colour»"),
    "deciding what has ended": ([*PAID, {"act": {"by": "citizen", "action": "withdraw"}}, {"act": {"by": "officer", "action": "refuse"}}], "has ended as withdrawn"),
    "a citizen who sends by an action": ([*PAID, {"act": {"by": "citizen", "action": "submit"}}], "sending is `send: {}`"),
    "deciding while a register is silent": (
        [{"registers": {"person.tax": "silent"}}, *PAID, {"act": {"by": "officer", "action": "refuse", "ground": "no_reserve", "reason": "No."}}],
        "the register owes «tax»",
    ),
    "correcting what was not asked": ([*PAID, {"correct": {"fields": {"colour": "Wrong"}}}], "«colour» was not asked"),
    "a correction that is forgotten": ([*PAID, {"correct": {"fields": {"amount": "Wrong"}, "answers": {}}}], "«amount» is to be corrected"),
    "correcting something else": ([*PAID, {"correct": {"fields": {"amount": "Wrong"}}}, {"answers": {"use": "trade"}}], "only «amount» is to be corrected"),
    "another state": ([*PAID, {"expect": {"state": "granted"}}], "expected state «granted», was «review»"),
    "another fee": ([*SENT, {"expect": {"fee": 7}}], "expected fee «7», was «5000»"),
    "another due": ([*PAID, {"expect": {"due": "2026-03-03T10:00"}}], "expected due «2026-03-03T10:00», was «2026-03-09T17:00»"),
    "other questions": ([{"expect": {"asked": ["use"]}}], "expected asked [use], was [use, amount, which, note]"),
    "another notice": ([*PAID, {"expect": {"told": ["granted"]}}], "was told [received, payment]"),
    "a document that there is not": ([*PAID, {"expect": {"document": {"use": "x"}}}], "none was issued"),
    "a register that has no such field": ([{"registers": {"person.tax": {"mood": 1}}}], "«person.tax» has no field «mood»"),
    "a register that has no list": ([{"registers": {"person.tax": {"items": []}}}], "has no list of items"),
    "a number that is a word": ([{"registers": {"person.tax": {"debt": "much"}}}], "is of kind money"),
    "an unknown register": ([{"registers": {"person.pet": "silent"}}], "no register gives «person.pet»"),
}  # fmt: skip


@pytest.mark.parametrize("what", FALSE)
def test_a_story_that_goes_otherwise_says_where_and_why(what: str, tmp_path: Path) -> None:
    steps, sentence = FALSE[what]
    judgement = _judged(tmp_path, lambda c: _only(c, *steps), f"{PERMIT}/tests.yaml")
    told = [finding for finding in judgement.findings if finding.rule == "test"]
    assert len(told) == 1 and sentence in told[0].message, judgement.findings
    assert told[0].where.startswith(f"tests.0.steps.{len(steps) - 1}.")


@pytest.mark.parametrize(
    ("story", "sentence"),
    [
        ({"persona": "nobody"}, "no persona is called «nobody»"),
        ({"applicant": "child"}, "not for child"),
        ({"applicant": "legal_entity"}, "name no legal_entity for whom «herder» may act"),
    ],
)
def test_a_story_needs_somebody_who_may_apply(story: dict[str, str], sentence: str, tmp_path: Path) -> None:
    judgement = _judged(tmp_path, lambda c: _only(c, {"expect": {"state": "draft"}}, **story), f"{PERMIT}/tests.yaml")
    assert sentence in judgement.findings[0].message


TRUE: dict[str, list[Any]] = {
    "an earlier answer changed": [{"answers": {"use": "farm", "amount": 30}}, {"answers": {"use": "trade"}}, {"expect": {"asked": ["use", "amount", "which", "note"]}}],
    "a table of a document by a cell": [*PAID, {"act": {"by": "officer", "action": "grant", "reason": "Yes.", "fill": {"permitted": 5}}}, {"expect": {"document": {"Зориулалт": "Тариалан", "permitted": "5 м³"}}}],
    "a correction left open": [*PAID, {"correct": {"fields": {"amount": "Wrong"}}}, {"expect": {"phase": "correction", "due": None}}, {"wait": {"days": 400}}, {"expect": {"late": False}}],
    "late without a decision": [*PAID, {"wait": {"working_hours": 60}}, {"expect": {"late": True, "told": ["late"], "outcome": None}}],
    "a second officer who sends it back": [
        *PAID, {"act": {"by": "officer", "action": "grant", "reason": "Yes.", "fill": {"permitted": 5}, "confirm": False}}, {"expect": {"outcome": None, "state": "review"}},
    ],
    "what a question chose, by its code": [
        *SENT[:1], {"registers": {"vehicle.details/which": {"plate": "9999УБА"}}}, {"send": {}}, {"pay": {}},
        {"act": {"by": "officer", "action": "grant", "reason": "Yes.", "fill": {"permitted": 5}}}, {"expect": {"document": {"vehicle.plate": "9999УБА"}}},
    ],
    "a silent register that answers again": [
        {"registers": {"person.tax": "silent"}}, *PAID, {"expect": {"pending": ["tax"], "told": ["waiting"]}},
        {"registers": {"person.tax": "normal"}}, {"expect": {"pending": []}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("what", TRUE)
def test_a_story_may_tell_of(what: str, tmp_path: Path) -> None:
    judgement = _judged(tmp_path, lambda c: _only(c, *TRUE[what]), f"{PERMIT}/tests.yaml")
    assert [finding.message for finding in judgement.findings if finding.rule == "test"] == []


def test_a_story_without_a_day_begins_on_a_fixed_one(tmp_path: Path) -> None:
    judgement = _judged(tmp_path, lambda c: _only(c, *PAID, {"expect": {"due": "2026-03-09T17:00"}}), f"{PERMIT}/tests.yaml")
    assert BEGINS.isoformat() == "2026-03-02T10:00:00+08:00"
    assert [finding for finding in judgement.findings if finding.rule == "test"] == []


MISSING: dict[str, tuple[str, Change]] = {
    "states.spare": ("No test reaches the state", lambda c: c["workflow"]["states"].append({"name": "spare", "kind": "review", "label": {"mn": "Нөөц", "en": "Spare"}})),
    "questions.more": (
        "an answer to the question",
        lambda c: c["questions"].append({"code": "more", "kind": "text", "max_length": 5, "optional": True, "meaning": "trial.more", "label": {"mn": "Юу?", "en": "What?"}}),
    ),
    "stops.other": ("the stop", lambda c: c["stops"].append({**c["stops"][0], "code": "other", "when": "facts.tax.debt > 1000000"})),
    "grounds.other": ("a refusal on the ground", lambda c: c["grounds"].append({**c["grounds"][0], "code": "other"})),
    "terms.#2": ("the branch of the term", lambda c: c["term"]["branches"].append({**c["term"]["branches"][0], "when": 'answers.use == "trade" && answers.amount > 45'})),
    "fees.#2": ("the rule of the fee", lambda c: c["fees"].append({**c["fees"][0], "when": "answers.amount > 90"})),
}  # fmt: skip


@pytest.mark.parametrize("where", MISSING)
def test_what_no_story_reaches_is_named(where: str, tmp_path: Path) -> None:
    words, change = MISSING[where]
    judgement = _judged(tmp_path, change, f"{PERMIT}/service.yaml")
    found = [finding for finding in judgement.findings if finding.where == where]
    assert len(found) == 1 and found[0].rule == "coverage" and words in found[0].message
    assert found[0].file == f"{PERMIT}/tests.yaml"


def test_an_automatic_rule_that_no_story_takes_is_named(tmp_path: Path) -> None:
    def change(content: Any) -> None:
        content["workflow"]["automatic"].insert(0, {"when": "facts.fines.unpaid_total > 1000000", "action": "refer"})

    judgement = _judged(tmp_path, change, f"{NOTICE}/service.yaml")
    assert [finding.where for finding in judgement.findings] == ["rules.#1"]


@pytest.mark.parametrize(
    "step",
    [{}, {"send": {}, "pay": {}}, {"sing": {}}, {"send": {"now": True}}, {"wait": {}}, {"wait": {"days": 1, "working_hours": 2}}, {"expect": {"mood": 1}}, {"answers": None}],
)  # fmt: skip
def test_the_language_of_tests_is_closed(step: Any, tmp_path: Path) -> None:
    folder = judged(tmp_path, lambda c: _only(c, step), f"{PERMIT}/tests.yaml")
    judgements, problems = judge_catalogue(folder, codes=["trial-permit"])
    assert problems and {finding.file for finding in problems} == {f"{PERMIT}/tests.yaml"}
    assert judgements[0].tests == 0


def test_an_unknown_code_and_a_missing_cast_are_told(tmp_path: Path) -> None:
    folder = judged(tmp_path)
    with pytest.raises(CatalogueError, match="No service of the code «flying»"):
        judge_catalogue(folder, codes=["flying"])
    (folder / "personas.yaml").unlink()
    with pytest.raises(CatalogueError, match=r"personas\.yaml"):
        judge_catalogue(folder)


# -- walks -------------------------------------------------------------------------------------------------------


def test_everybody_of_the_cast_who_may_apply_is_walked_and_nothing_fails(tmp_path: Path) -> None:
    folder = judged(tmp_path)
    meanings, cast = common(folder)
    permit = next(one.definition for one in read_services(folder)[0] if one.definition.code == "trial-permit")
    ways = list(walks(permit, meanings, cast))
    assert {(way.persona.code, way.applicant) for way in ways} == {
        ("herder", Applicant.CITIZEN), ("director", Applicant.CITIZEN), ("director", Applicant.LEGAL_ENTITY),
    }  # fmt: skip
    assert [way.failed for way in ways if way.failed] == []
    assert {way.cannot_answer for way in ways if way.persona.code == "director" and way.applicant is Applicant.CITIZEN} == {"which"}


def test_a_definition_that_fails_for_somebody_is_found_by_walking(tmp_path: Path) -> None:
    def change(content: Any) -> None:
        content["term"]["branches"][0]["when"] = 'answers.amount > 50 || facts.particulars.age > "x"'

    judgement = _judged(tmp_path, change, f"{PERMIT}/service.yaml")
    assert "walk" in {finding.rule for finding in judgement.findings}


def test_all_services_of_the_catalogue_pass_their_tests_with_complete_coverage() -> None:
    meanings, cast = common(CATALOGUE)
    for one in read_services(CATALOGUE)[0]:
        judgement = judge(one, meanings, cast)
        assert [f"{finding.where}: {finding.message}" for finding in judgement.findings] == [], one.file
        assert judgement.tests and judgement.burden and judgement.walks


def test_a_story_that_passes_by_accident_would_be_seen(tmp_path: Path) -> None:
    """The mutant of the judge: with the rule of the stop removed, the story of the debtor is no longer true."""
    judgement = _judged(tmp_path, lambda c: c["stops"][0].update(when="facts.tax.debt > 60000"), f"{PERMIT}/service.yaml")
    found = {finding.where for finding in judgement.findings}
    assert {"tests.2.steps.0.stopped", "stops.owes_tax"} <= found


def test_the_command_says_what_is_wrong_and_ends_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from toono.services import commands

    folder = judged(tmp_path, lambda c: _only(c, {"stopped": "owes_tax"}), f"{PERMIT}/tests.yaml")
    for format, wanted in (("text", "1 services, 1 tests:"), ("json", '"rule": "test"')):
        code = commands.run(_line("test", "trial-permit", "--folder", str(folder), "--format", format), print)
        said = capsys.readouterr().out
        assert code == 1 and wanted in said
    assert json.loads(said)["judgements"][0]["service"] == "trial-permit"
    assert commands.run(_line("test", "flying", "--folder", str(folder)), print) == 2
    assert commands.run(_line("test", "trial-notice", "--folder", str(folder)), print) == 0
    assert commands.run(_line("burden", "trial-notice", "--folder", str(folder)), print) == 0
    assert "herder (child)" in capsys.readouterr().out
    assert commands.run(_line("lint", str(folder)), print) == 0
    assert commands.run(_line("schema", str(tmp_path / "schemas")), print) == 0
    assert (tmp_path / "schemas/tests.schema.json").exists()


def _line(*arguments: str) -> Any:
    from toono.entry.cli import parser

    return parser().parse_args(["catalogue", *arguments])


def test_the_way_of_a_simulated_case_is_that_of_a_real_one(tmp_path: Path) -> None:
    meanings, cast = common(CATALOGUE)
    for one in read_services(CATALOGUE)[0][::5]:
        for way in walks(one.definition, meanings, cast, variants=2):
            if way.case is not None:
                assert way.case.way() == answers.asked(one.definition, way.case.answers, way.case.known)
