"""What changes between versions, in words of the service; what becomes of cases; what a service costs people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from toono.services.contracts import Applicant, Difference, OpenCases
from toono.services.domain.burden import burdens
from toono.services.domain.definition import Definition, MigrationRule
from toono.services.domain.difference import difference, open_cases
from toono.services.domain.files import read_services, written
from toono.services.domain.judge import common
from toono.services.domain.migration import migrate
from toono.services.tests.catalogue import JUDGED, judged

Change = Callable[[Any], object]
TODAY = date(2026, 3, 2)


def _new(content: Any, **question: Any) -> None:
    words = {"label": {"mn": "Хэдэн ажилтантай вэ?", "en": "How many employees?"}, "meaning": "trial.staff"}
    content["questions"].insert(2, {"code": "staff", "kind": "number", "minimum": 1, "maximum": 9, **words, **question})


@pytest.fixture(scope="module")
def base() -> dict[str, Any]:
    text = (JUDGED / "dundgovi/trial-permit/service.yaml").read_text()
    content: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    content.update(version=1, migrations=[])
    return content


def _pair(base: dict[str, Any], change: Change, *, rule: str = "migrate", **declared: Any) -> tuple[Definition, Definition]:
    content = Definition.model_validate(base).model_dump(mode="json", by_alias=True)
    change(content)
    content.update(version=2, migrations=[{"from_versions": [1], "rule": rule, **declared}])
    return Definition.model_validate(base), Definition.model_validate(content)


@pytest.fixture
def compare(base: dict[str, Any], tmp_path: Path) -> Callable[..., Difference]:
    meanings, cast = common(judged(tmp_path))
    return lambda change, **declared: difference(*_pair(base, change, **declared), meanings, cast)


def _nothing(content: Any) -> None:
    """Only the number of the version differs."""


def _question(content: Any, code: str) -> Any:
    return next(q for q in content["questions"] if q["code"] == code)


CHANGES: dict[str, tuple[Change, str, str, str]] = {
    "a question for companies": (
        lambda c: _new(c, when="has(facts.entity.register)"), "question",
        "Шинэ асуулт, хуулийн этгээдэд: «Хэдэн ажилтантай вэ?»", "New question for companies: “How many employees?”",
    ),
    "an optional question for all": (lambda c: _new(c, optional=True), "question", "(заавал биш)", "New question: “How many employees?” (optional)"),
    "a question less": (lambda c: c["questions"].pop(3), "question", "Асуулт хасагдсан: «Нэмж хэлэх", "Question removed: “Is there anything to add?”"),
    "other words": (
        lambda c: _question(c, "use").update(label={"mn": "Юу хийх вэ?", "en": "What for?"}), "wording", "үг хэллэг", "Question “What for?” changes: wording",
    ),
    "a wider number": (lambda c: _question(c, "amount").update(maximum="200"), "question", "дээд хэмжээ (100 → 200)", "maximum (100 → 200)"),
    "another order": (lambda c: c["questions"].reverse(), "question", "дараалал", "The order of the questions changes"),
    "a longer term": (
        lambda c: c["term"].update(working_hours=120), "term", "ажлын 40 цаг (ажлын 5 өдөр) → ажлын 120 цаг (ажлын 15 өдөр)",
        "Term: 40 working hours (5 working days) → 120 working hours (15 working days)",
    ),
    "a higher fee": (
        lambda c: c.update(fee={"amount_mungu": 1000000}), "fee", "Хураамж: 5,000 ₮ → 10,000 ₮ (+5,000 ₮)", "Fee: 5,000 ₮ → 10,000 ₮ (+5,000 ₮)",
    ),
    "a lower fee for companies": (
        lambda c: c["fees"][0].update(fee={"amount_mungu": 1500000}), "fee", "Хуулийн этгээд: 20,000 ₮ → 15,000 ₮", "Legal entities: 20,000 ₮ → 15,000 ₮ (−5,000 ₮)",
    ),
    "a silence that refuses": (
        lambda c: c["term"].update(silence="refuses", silence_basis={"law": {"mn": "Хууль", "en": "Law"}, "article": "1"}), "term",
        "nothing → refuses", "The consequence of silence: nothing → refuses",
    ),
    "a fact more": (
        lambda c: c["facts"].append({"name": "land", "meaning": "person.land", "purpose": "trial-permit"}), "fact",
        "Бүртгэлээс авах мэдээлэл нэмэгдсэн: «Газар»", "Fact from a register added: “Land”",
    ),
    "another law of a ground": (lambda c: c["grounds"][0].update(article="29"), "ground", "өөрчлөгдсөн: зүйл", "changes: article"),
    "a stop less": (lambda c: c["stops"].clear(), "stop", "хасагдсан: «Та татварын", "Stop removed: “You owe tax.”"),
    "a document that ends sooner": (
        lambda c: c["document"].update(validity_days=30), "document", "365 хоног → 30 хоног", "The document is valid: 365 days → 30 days",
    ),
    "a row less": (lambda c: c["document"]["rows"].pop(), "document", "«Зөвшөөрсөн хэмжээ»", "Row of the document removed: “Permitted amount”"),
    "companies no more": (
        lambda c: c.update(applicants=["citizen"]), "audience", "Хэнд зориулсан хасагдсан: «хуулийн этгээд»", "Who may apply removed: “companies”",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_told_in_words_of_the_service(what: str, compare: Callable[..., Difference]) -> None:
    change, kind, mn, en = CHANGES[what]
    found = compare(change)
    assert any(one.kind == kind and mn in one.text.mn and en in one.text.en for one in found.changes), [
        one.text.en for one in found.changes
    ]
    assert len(found.changes) <= 2


def test_nothing_changed_is_nothing_told(compare: Callable[..., Difference]) -> None:
    found = compare(_nothing)
    assert (found.changes, found.affected, found.open_cases) == ((), (), OpenCases.SAFE)


def test_only_those_whom_it_concerns_are_named_with_what_it_costs_them(compare: Callable[..., Difference]) -> None:
    found = compare(lambda c: _new(c, when="has(facts.entity.register)"))
    assert [(one.persona, one.applicant) for one in found.affected] == [("director", Applicant.LEGAL_ENTITY)]
    before, after = found.affected[0].before, found.affected[0].after
    assert before is not None and after is not None
    assert (before.questions, after.questions) == (3, 4)
    gone = compare(lambda c: c.update(applicants=["citizen"], facts=[f for f in c["facts"] if f["name"] != "entity"]) or _without_entity(c))
    assert [(one.applicant, one.after) for one in gone.affected] == [(Applicant.LEGAL_ENTITY, None)]


def _without_entity(content: Any) -> None:
    for part in (*content["facts"], *content["questions"]):
        part["when"] = None
    content["fees"] = []
    content["document"]["rows"] = [row for row in content["document"]["rows"] if not str(row["fact"]).startswith("entity")]


@pytest.mark.parametrize(
    ("change", "declared", "wanted"),
    [
        (lambda c: c.update(summary={"mn": "Өөр үг.", "en": "Other words."}), {}, OpenCases.SAFE),
        (lambda c: _new(c, optional=True), {}, OpenCases.SAFE),
        (lambda c: _question(c, "amount").update(maximum="200"), {}, OpenCases.SAFE),
        (lambda c: _new(c), {}, OpenCases.MIGRATE),
        (lambda c: c["questions"].pop(3), {}, OpenCases.MIGRATE),
        (lambda c: _question(c, "note").update(code="remark"), {"renamed": {"note": "remark"}}, OpenCases.MIGRATE),
        (lambda c: _question(c, "amount").update(maximum="50"), {}, OpenCases.RESTART),
        (lambda c: _question(c, "use")["options"][0].update(value="field"), {}, OpenCases.RESTART),
        (lambda c: _question(c, "note").update(optional=False), {}, OpenCases.RESTART),
        (lambda c: _renamed_state(c), {}, OpenCases.RESTART),
        (lambda c: _renamed_state(c), {"states": {"review": "looked_at"}}, OpenCases.MIGRATE),
        (lambda c: _renamed_state(c), {"states": {"review": "granted"}}, OpenCases.RESTART),
    ],
)
def test_what_a_change_means_for_open_cases(change: Change, declared: dict[str, Any], wanted: OpenCases, base: dict[str, Any]) -> None:
    assert open_cases(*_pair(base, change, **declared)) is wanted


def _renamed_state(content: Any) -> None:
    for state in content["workflow"]["states"]:
        state["name"] = "looked_at" if state["name"] == "review" else state["name"]
    for action in content["workflow"]["actions"]:
        action["from"] = ["looked_at" if name == "review" else name for name in action["from"]]
        action["to"] = "looked_at" if action["to"] == "review" else action["to"]


def test_a_migration_that_forgets_a_state_is_told(compare: Callable[..., Difference]) -> None:
    assert "“review”" in compare(_renamed_state).missing[0].en
    assert compare(_renamed_state, states={"review": "looked_at"}).missing == ()
    assert compare(_renamed_state, rule="continue").missing == ()
    assert "“size”" in compare(_nothing, renamed={"size": "amount"}).missing[0].en


@pytest.mark.parametrize(
    ("rule", "words"),
    [("continue", "end as they began, with version 1"), ("migrate", "go over to version 2"), ("restart", "Drafts begin anew")],
)
def test_what_happens_to_open_cases_is_said(rule: str, words: str, compare: Callable[..., Difference]) -> None:
    assert words in compare(lambda c: c["questions"].pop(3), rule=rule).consequence.en


# -- migration of one case ---------------------------------------------------------------------------------------

ANSWERS = {"use": "farm", "amount": "60", "which": "1234УБА", "note": ""}


def test_a_case_goes_over_with_its_answers_under_their_new_names(base: dict[str, Any]) -> None:
    def change(content: Any) -> None:
        _question(content, "note").update(code="remark")
        _renamed_state(content)

    old, new = _pair(base, change, renamed={"note": "remark"}, states={"review": "looked_at"})
    moved = migrate(old, new, answers=ANSWERS, state="review", sent=True, today=TODAY)
    assert moved.rule is MigrationRule.MIGRATE
    assert moved.answers == {"use": "farm", "amount": "60", "which": "1234УБА", "remark": ""}
    assert (moved.dropped, moved.state) == ((), "looked_at")


def test_an_answer_that_fits_no_longer_is_dropped_and_named(base: dict[str, Any]) -> None:
    def change(content: Any) -> None:
        _question(content, "amount").update(maximum="50")
        content["questions"].pop(3)

    old, new = _pair(base, change)
    moved = migrate(old, new, answers=ANSWERS, state="draft", sent=False, today=TODAY)
    assert moved.answers == {"use": "farm", "which": "1234УБА"}
    assert set(moved.dropped) == {"amount", "note"}


def test_a_draft_begins_anew_and_a_sent_case_ends_as_it_began(base: dict[str, Any]) -> None:
    old, new = _pair(base, _renamed_state, rule="restart")
    draft = migrate(old, new, answers=ANSWERS, state="draft", sent=False, today=TODAY)
    assert (draft.rule, draft.state, draft.answers) == (MigrationRule.RESTART, "draft", ANSWERS)
    sent = migrate(old, new, answers=ANSWERS, state="review", sent=True, today=TODAY)
    assert (sent.rule, sent.state, sent.answers) == (MigrationRule.CONTINUE, "review", ANSWERS)


def test_without_a_word_about_it_a_case_ends_as_it_began(base: dict[str, Any]) -> None:
    old, new = _pair(base, lambda c: c["questions"].pop(3))
    silent = new.model_copy(update={"migrations": ()})
    moved = migrate(old, silent, answers=ANSWERS, state="draft", sent=False, today=TODAY)
    assert (moved.rule, moved.answers) == (MigrationRule.CONTINUE, ANSWERS)


# -- burden ------------------------------------------------------------------------------------------------------


def test_the_burden_is_what_the_longest_way_costs(tmp_path: Path) -> None:
    folder = judged(tmp_path)
    meanings, cast = common(folder)
    permit = next(one.definition for one in read_services(folder)[0] if one.definition.code == "trial-permit")
    found = {(one.persona, one.applicant): one for one in burdens(permit, meanings, cast)}
    herder = found["herder", Applicant.CITIZEN]
    assert (herder.questions, herder.pages, herder.attachments, herder.visits) == (4, 5, 0, 0)
    assert (herder.fee.text, herder.facts, herder.legal_words, herder.stopped) == ("5,000 ₮", 5, 5, None)
    assert found["director", Applicant.LEGAL_ENTITY].fee.text == "20,000 ₮"
    assert found["director", Applicant.LEGAL_ENTITY].questions == 3


def test_who_is_stopped_has_the_burden_until_then(tmp_path: Path) -> None:
    folder = judged(tmp_path, lambda c: c["personas"][0]["answers"]["person.tax"].update(debt=5), "personas.yaml")
    meanings, cast = common(folder)
    permit = next(one.definition for one in read_services(folder)[0] if one.definition.code == "trial-permit")
    herder = next(one for one in burdens(permit, meanings, cast) if one.persona == "herder")
    assert (herder.stopped, herder.fee.amount_mungu) == ("owes_tax", 0)


def test_a_service_without_a_way_online_costs_a_visit(tmp_path: Path) -> None:
    folder = judged(tmp_path, lambda c: c.update(channels=["operator"]))
    meanings, cast = common(folder)
    permit = next(one.definition for one in read_services(folder)[0] if one.definition.code == "trial-permit")
    assert {one.visits for one in burdens(permit, meanings, cast)} == {1}


def test_a_version_that_is_written_out_reads_the_same(tmp_path: Path) -> None:
    folder = judged(tmp_path)
    before = {one.definition.code: one for one in read_services(folder)[0]}
    for one in before.values():
        for name, text in written(one.content, one.tests).items():
            (folder / one.file).with_name(name).write_text(text)
    after = {one.definition.code: one for one in read_services(folder)[0]}
    assert {code: (one.digest, one.tests) for code, one in after.items()} == {code: (one.digest, one.tests) for code, one in before.items()}


def test_the_command_tells_the_difference_to_another_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from toono.entry.cli import parser
    from toono.services import commands

    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old = judged(tmp_path / "old", lambda c: c.update(version=1, migrations=[]))
    new = judged(tmp_path / "new", lambda c: c["term"].update(working_hours=120))
    line = ["catalogue", "diff", "trial-permit", str(old), "--folder", str(new)]
    assert commands.run(parser().parse_args(line), print) == 0
    said = capsys.readouterr().out
    assert "version 1 → 2; safe, declared: continue" in said and "- Term: 40 working hours" in said
    assert commands.run(parser().parse_args([*line, "--format", "json"]), print) == 0
    assert Difference.model_validate_json(capsys.readouterr().out).changes
    assert commands.run(parser().parse_args(["catalogue", "diff", "flying", str(old), "--folder", str(new)]), print) == 2
    assert "No service of the code «flying»" in capsys.readouterr().out
