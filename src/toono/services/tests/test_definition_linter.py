"""What the linter finds, each with the definition that deserves it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from toono.kernel.clock import at
from toono.services.domain.definition import Definition
from toono.services.domain.files import read_services
from toono.services.domain.lint import CHECKS, lint_catalogue
from toono.services.domain.schemas import SCHEMAS, schema
from toono.services.tests.catalogue import CATALOGUE, judged

Change = Callable[[Any], object]


def _question(content: Any, code: str) -> Any:
    return next(q for q in content["questions"] if q["code"] == code)


def _action(content: Any, code: str) -> Any:
    return next(a for a in content["workflow"]["actions"] if a["code"] == code)


def _state(content: Any, name: str) -> Any:
    return next(s for s in content["workflow"]["states"] if s["name"] == name)


def _label(mn: str, en: str) -> dict[str, str]:
    return {"mn": mn, "en": en}


def _ask(content: Any, **question: Any) -> None:
    """One more question, which the officer may need."""
    words = {"label": _label("Юу вэ?", "What?"), "meaning": "trial.more"}
    content["questions"].append({"code": "more", "kind": "text", "max_length": 50, **words, **question})


def _read(content: Any, **fact: Any) -> None:
    content["facts"].append({"name": "more", "purpose": "trial-permit", **fact})


def _file(content: Any, **question: Any) -> None:
    _ask(content, kind="file", max_length=None, **question)
    content["questions"][-1].pop("max_length")


def _basis() -> dict[str, Any]:
    return {"law": _label("Хууль", "Law"), "article": "1"}


BAD: dict[str, tuple[str, Change]] = {
    "an unknown field": ("unknown_field", lambda c: c.update(prise={"amount_mungu": 1})),
    "an unknown field deep inside": ("unknown_field", lambda c: c["questions"][0].update(lable="?")),
    "a missing field": ("missing_field", lambda c: c.pop("declaration")),
    "another version of the language": ("shape", lambda c: c.update(language=2)),
    "a code that is not its folder": ("code", lambda c: c.update(code="something-else")),
    "a choice with one option": ("shape", lambda c: _question(c, "use").update(options=_question(c, "use")["options"][:1])),
    "two options of one value": ("shape", lambda c: [o.update(value="x") for o in _question(c, "use")["options"]]),
    "a text without a limit": ("shape", lambda c: _question(c, "note").pop("max_length")),
    "a number without limits": ("shape", lambda c: _question(c, "amount").pop("maximum")),
    "options of a number": ("shape", lambda c: _question(c, "amount").update(options=_question(c, "use")["options"])),
    "no ground of refusal": ("shape", lambda c: c.update(grounds=[])),
    "a document row of two things": ("shape", lambda c: c["document"]["rows"].append({"question": "use", "fact": "identity.regnum"})),
    "silence without a law": ("shape", lambda c: c["term"].update(silence="grants")),
    "a term in two measures": ("shape", lambda c: c["term"].update(calendar_days=5)),
    # names
    "two questions of one name": ("unique", lambda c: c["questions"].append(dict(_question(c, "note")))),
    "two stops of one name": ("unique", lambda c: c["stops"].append(dict(c["stops"][0]))),
    "a channel twice": ("unique", lambda c: c.update(channels=["web", "web"])),
    "a fact that no register gives": ("fact", lambda c: _read(c, meaning="person.pet")),
    "a fact about a thing that nobody chose": ("fact", lambda c: _read(c, meaning="parcel.details")),
    "a fact of an unknown question": ("fact", lambda c: _read(c, meaning="parcel.details", of="field")),
    "a fact of a question that chooses something else": ("fact", lambda c: _read(c, meaning="parcel.details", of="which")),
    "a fact of a legal entity where none may apply": ("fact", lambda c: c.update(applicants=["citizen"])),
    "a purpose that is none": ("fact", lambda c: c["facts"][0].update(purpose="curiosity")),
    "a choice from a fact that is not read": ("chosen_from", lambda c: _question(c, "which").update(chosen_from="cars")),
    "a choice from another kind of items": ("chosen_from", lambda c: _question(c, "which").update(kind="property")),
    "a page of questions that do not follow": (
        "page",
        lambda c: c.update(pages=[{"code": "both", "title": _label("Хоёр", "Both"), "questions": ["use", "note"], "because": _label("Учир", "Why")}]),
    ),
    "a page of an unknown question": (
        "page",
        lambda c: c.update(pages=[{"code": "both", "title": _label("Хоёр", "Both"), "questions": ["use", "size"], "because": _label("Учир", "Why")}]),
    ),
    "a signer whom a text names": (
        "signing", lambda c: c.update(signing={"kind": "code", "signers": [{"question": "note", "label": _label("Хамтран", "Together")}]})
    ),
    "signers and no way of signing": (
        "signing", lambda c: c.update(signing={"kind": "none", "signers": [{"question": "note", "label": _label("Хамтран", "Together")}]})
    ),
    "a stop that says nothing one can do": ("stop", lambda c: c["stops"][0].update(instead=c["stops"][0]["text"])),
    # once only
    "a question for a known meaning": ("once_only", lambda c: _ask(c, meaning="person.birth_date")),
    "a question for a field of a fact": ("once_only", lambda c: _ask(c, meaning="person.registered_address.soum")),
    "a question for a field of a register's item": ("once_only", lambda c: _ask(c, meaning="person.vehicles.plate")),
    "a question for what a register knows besides": ("once_only", lambda c: _ask(c, meaning="person.phone")),
    "a known thing under another name": ("once_only", lambda c: _ask(c, label=_label("Таны утасны дугаар?", "How to call you?"))),
    "a known thing in English words": ("once_only", lambda c: _ask(c, label=_label("Хаана амьдардаг вэ?", "Your home address?"))),
    "a known thing inside a group": (
        "once_only",
        lambda c: c["questions"].append({
            "code": "people", "kind": "group", "meaning": "trial.people", "label": _label("Хэн бэ?", "Who?"),
            "questions": [{"code": "born", "kind": "date", "meaning": "person.birth_date", "label": _label("Хэзээ?", "When?")}],
        }),
    ),
    "an officer who writes what a register knows": (
        "once_only",
        lambda c: _action(c, "grant")["asks"].append({"code": "address", "kind": "text", "max_length": 9, "meaning": "person.registered_address", "label": _label("Хаяг", "Address")}),
    ),
    "an exemption that has ended": ("once_only", lambda c: _ask(c, meaning="person.phone", asks_again={**_basis(), "until": "2020-01-01"})),
    "an exemption for what no register knows": ("once_only", lambda c: _ask(c, meaning="trial.mood", asks_again={**_basis(), "until": "2999-01-01"})),
    "a paper that another desk issues": ("issued_here", lambda c: _file(c, label=_label("Туршилтын лавлагаа хавсаргана уу", "Attach the trial notice"))),
    "a question for what another desk's document proves": ("issued_here", lambda c: _ask(c, meaning="trial.fined")),
    # conditions
    "a condition that is no expression": ("condition", lambda c: _question(c, "note").update(when="answers.amount >>> 7")),
    "a condition on an unknown question": ("condition", lambda c: _question(c, "note").update(when="answers.depth > 1")),
    "a condition on a later question": ("condition", lambda c: _question(c, "use").update(when="answers.amount > 60")),
    "a condition on an unknown fact": ("condition", lambda c: _question(c, "note").update(when="facts.pets.count > 1")),
    "a condition on an unknown field": ("condition", lambda c: _question(c, "note").update(when='facts.identity.mood == "glad"')),
    "a condition on a part that an answer has not": ("condition", lambda c: _question(c, "note").update(when="answers.use.size > 1")),
    "a condition on something else": ("condition", lambda c: _question(c, "note").update(when="weather.cold")),
    "a condition that compares unlike things": ("condition", lambda c: _question(c, "note").update(when='answers.amount > "75"')),
    "a condition that is no question of true or false": ("condition", lambda c: _question(c, "note").update(when="answers.amount + 1")),
    "a condition that never holds": ("condition", lambda c: _question(c, "note").update(when='answers.use == "swimming"')),
    "a condition that contradicts itself": ("condition", lambda c: _question(c, "note").update(when="answers.amount > 60 && answers.amount < 40")),
    "a fact that is read before the one on which it hangs": ("condition", lambda c: c["facts"][0].update(when="facts.tax.debt > 0")),
    "a stop that never holds": ("condition", lambda c: c["stops"][0].update(when="facts.tax.debt < 0 && facts.tax.debt > 0")),
    "a branch of the term that never holds": ("condition", lambda c: c["term"]["branches"][0].update(when="answers.amount > 1000")),
    "a fee that is never taken": ("condition", lambda c: c["fees"][0].update(when='answers.use == "swimming"')),
    # workflow
    "an action to an unknown state": ("workflow", lambda c: _action(c, "grant").update(to="approved")),
    "a state without a way to it": ("workflow", lambda c: c["workflow"]["actions"].remove(_action(c, "refuse"))),
    "a state without a way to a decision": ("workflow", lambda c: _action(c, "advise").update(to="opinion") or _action(c, "proceed").update(to="opinion")),
    "an end that is left again": (
        "workflow",
        lambda c: c["workflow"]["actions"].append({"code": "reopen", "by": "officer", "from": ["refused"], "to": "review", "label": _label("Сэргээх", "Reopen")}),
    ),
    "a case that cannot be withdrawn": ("workflow", lambda c: _action(c, "withdraw").update({"from": ["draft"]})),
    "a review without an officer": ("workflow", lambda c: [a.update(by="rule") for a in c["workflow"]["actions"] if "review" in a["from"]]),
    "an opinion without an expert": ("workflow", lambda c: c["workflow"]["actions"].remove(_action(c, "advise"))),
    "an opinion that may hold the case for ever": ("workflow", lambda c: c["workflow"]["actions"].remove(_action(c, "proceed"))),
    "two drafts": ("workflow", lambda c: _state(c, "review").update(kind="draft")),
    "an expert outside an opinion": ("actor", lambda c: _action(c, "refuse").update(by="expert")),
    "a citizen who must give a reason": ("actor", lambda c: _action(c, "withdraw").update(needs_reason=True)),
    "a second officer for no decision": ("actor", lambda c: _action(c, "consult").update(confirm=True)),
    "a citizen who refuses": ("actor", lambda c: _action(c, "refuse").update(by="citizen")),
    "an opinion of oneself": ("opinion", lambda c: _state(c, "opinion")["opinion"].update(organisation="dundgovi-environment")),
    "an opinion of an unknown body": ("opinion", lambda c: _state(c, "opinion")["opinion"].update(organisation="ministry-of-magic")),
    "rules that nobody looks at": ("rule", lambda c: c["workflow"].update(automatic=[{"when": "true", "action": "grant"}])),
    "a ground that points at nothing": ("ground", lambda c: c["grounds"][0].update(fields=["depth"])),
    # money and time
    "two fees under one condition": ("fee", lambda c: c["fees"].append({**c["fees"][0], "fee": {"amount_mungu": 7}})),
    "a fee that is the ordinary one": ("fee", lambda c: c["fees"][0].update(fee=c["fee"])),
    "a branch in another measure": ("term", lambda c: c["term"]["branches"][0].update(working_hours=None, calendar_days=30)),
    "a branch of the same length": ("term", lambda c: c["term"]["branches"][0].update(working_hours=40)),
    "a silence that grants an unfilled document": ("term", lambda c: c["term"].update(silence="grants", silence_basis=_basis())),
    # the document, notices, versions
    "a document with an unknown field of a fact": ("document", lambda c: c["document"]["rows"].append({"fact": "identity.planet"})),
    "a document with an unknown answer": ("document", lambda c: c["document"]["rows"].append({"question": "planet"})),
    "a document with what nobody fills in": ("document", lambda c: c["document"]["rows"].append({"filled": "planet"})),
    "a table of a fact without items": ("document", lambda c: c["document"]["rows"].append({"fact": "tax"})),
    "a table with an unknown column": ("document", lambda c: c["document"]["rows"].append({"fact": "vehicles", "columns": ["wings"]})),
    "an applicant who is not told of a refusal": ("notice", lambda c: c.update(notifications=["document"])),
    "a payer who is not told of the fee": ("notice", lambda c: c.update(notifications=["refused", "document", "correction", "late"])),
    "a new version that says nothing of open cases": ("migration", lambda c: c.update(migrations=[])),
    "a migration from the future": ("migration", lambda c: c["migrations"][0].update(from_versions=[1, 3])),
    "a migration to an unknown question": ("migration", lambda c: c["migrations"][0].update(rule="migrate", renamed={"size": "depth"})),
    "a migration to an unknown state": ("migration", lambda c: c["migrations"][0].update(rule="migrate", states={"looked_at": "seen"})),
    # words
    "English where Mongolian should stand": ("text", lambda c: c["summary"].update(mn="Permit")),
    "Mongolian where English should stand": ("text", lambda c: c["summary"].update(en="Зөвшөөрөл")),
    "a text that is not finished": ("text", lambda c: c["summary"].update(en="To do: write this TODO")),
    "a sentence without an end": ("reading", lambda c: c["summary"].update(mn=" ".join(["үг"] * 23))),
    "a word without an end": ("reading", lambda c: c["summary"].update(mn="Зөвшөөрөл" + "лүүлэх" * 4)),
    "the language of offices": ("reading", lambda c: c["stops"][0]["instead"].update(mn="Холбогдох хууль үзнэ үү.")),
    "a question about two things": ("one_thing", lambda c: _question(c, "note").update(label=_label("Хэмжээ болон гүн хэд вэ?", "What are the size and the depth?"))),
    "a question that tells a story": ("one_thing", lambda c: _question(c, "note").update(label=_label("Юу " * 15, "What?"))),
}  # fmt: skip

BAD_RULES: dict[str, tuple[str, Change]] = {
    "no last rule for everything else": ("rule", lambda c: c["workflow"]["automatic"].pop()),
    "a rule with an unknown action": ("rule", lambda c: c["workflow"]["automatic"][0].update(action="bless")),
    "a rule with the citizen's action": ("rule", lambda c: c["workflow"]["automatic"][0].update(action="submit")),
    "a refusal by rule without a ground": ("rule", lambda c: c["workflow"]["automatic"][0].pop("ground")),
    "a refusal by rule on an unknown ground": ("rule", lambda c: c["workflow"]["automatic"][0].update(ground="mood")),
    "a grant with a ground": ("rule", lambda c: c["workflow"]["automatic"][-1].update(ground="unknown")),
    "a rule after one that always holds": ("rule", lambda c: c["workflow"]["automatic"].insert(0, {"when": "true", "action": "issue"})),
    "an action of the rule that no rule takes": ("rule", lambda c: c["workflow"]["automatic"].pop(1)),
    "a rule on an unknown fact": ("condition", lambda c: c["workflow"]["automatic"][0].update(when="has(facts.address.planet)")),
    "a rule that is no expression": ("condition", lambda c: c["workflow"]["automatic"][0].update(when="has(")),
    "a ground that nobody can use": ("ground", lambda c: c["grounds"].append({**c["grounds"][0], "code": "mood"})),
    "a state of the rule without its action": ("workflow", lambda c: [a.update(by="officer") for a in c["workflow"]["actions"][2:]]),
}


def _at_once(content: Any) -> None:
    """The notice without its officer: a rule alone decides."""
    flow = content["workflow"]
    flow["states"] = [s for s in flow["states"] if s["name"] != "review"]
    flow["actions"] = [a for a in flow["actions"] if a["code"] not in {"refer", "allow"}]
    _action(content, "withdraw").update({"from": ["draft", "working"]})
    flow["automatic"].pop(1)
    content["term"] = {"working_hours": 1, "starts": "submission"}


BAD_AT_ONCE: dict[str, tuple[str, Change]] = {
    "an answer that nobody uses": ("unused", lambda c: c["document"]["rows"].pop()),
    "a fact that nobody uses": ("unused", lambda c: c["facts"].append({"name": "tax", "meaning": "person.tax", "purpose": "trial-notice"})),
    "a rule that takes a week": ("term", lambda c: c["term"].update(working_hours=40)),
    "a rule that is silent": ("term", lambda c: c["term"].update(silence="grants", silence_basis=_basis())),
    "an extension by nobody": ("term", lambda c: c["term"].update(extension={"working_hours": 8, **_basis()})),
}


def test_the_catalogue_itself_has_no_findings() -> None:
    assert lint_catalogue(CATALOGUE) == []


def test_the_small_catalogue_has_no_findings(tmp_path: Path) -> None:
    assert lint_catalogue(judged(tmp_path)) == []


@pytest.mark.parametrize("what", BAD)
def test_the_linter_finds(what: str, tmp_path: Path) -> None:
    rule, change = BAD[what]
    findings = lint_catalogue(judged(tmp_path, change))
    assert rule in {finding.rule for finding in findings}
    assert all(finding.file == "dundgovi/trial-permit/service.yaml" and finding.message[-1] in ".;" for finding in findings)


@pytest.mark.parametrize("what", BAD_RULES)
def test_the_linter_finds_in_a_rule(what: str, tmp_path: Path) -> None:
    rule, change = BAD_RULES[what]
    assert rule in {f.rule for f in lint_catalogue(judged(tmp_path, change, "dundgovi/trial-notice/service.yaml"))}


@pytest.mark.parametrize("what", BAD_AT_ONCE)
def test_the_linter_finds_where_a_rule_alone_decides(what: str, tmp_path: Path) -> None:
    rule, change = BAD_AT_ONCE[what]

    def both(content: Any) -> None:
        _at_once(content)
        change(content)

    for name, wanted in (("sound", _at_once), ("spoilt", both)):
        (tmp_path / name).mkdir()
        rules = {f.rule for f in lint_catalogue(judged(tmp_path / name, wanted, "dundgovi/trial-notice/service.yaml"))}
        assert (rule in rules) is (name == "spoilt")


def test_every_rule_of_the_linter_has_a_definition_that_breaks_it() -> None:
    shown = {rule for rule, _ in (*BAD.values(), *BAD_RULES.values(), *BAD_AT_ONCE.values())}
    assert {rule for rule, _ in CHECKS} - shown == set()


def test_a_question_for_a_known_thing_is_allowed_by_a_law_that_is_still_in_force(tmp_path: Path) -> None:
    folder = judged(tmp_path, lambda c: _ask(c, meaning="person.phone", asks_again={**_basis(), "until": "2030-01-01"}))
    with at(datetime(2029, 12, 31, tzinfo=UTC)):
        assert lint_catalogue(folder) == []
    with at(datetime(2030, 1, 2, tzinfo=UTC)):
        assert [f.rule for f in lint_catalogue(folder)] == ["once_only"]


@pytest.mark.parametrize(
    "change",
    [
        lambda c: _ask(c, meaning="trial.site", label=_label("Талбайн хаяг юу вэ?", "Where is the field?")),
        lambda c: _question(c, "which").update(meaning="person.vehicles.plate"),
        lambda c: _ask(c, label=_label("Гэр бүл болон хүүхдийн тухай", "About the family, children too")),
        lambda c: c["stops"][0].update(when='facts.vehicles.items.exists(v, v.make == "Toyota" && v.year < 2000)'),
        lambda c: _question(c, "note").update(when="size(facts.vehicles.items) == 0"),
        lambda c: _question(c, "amount").update(unit=_label("°C", "°C")),
    ],
    ids=["a place is no home address", "which of one's own things", "one thing in English", "items of a list", "an empty list", "a sign"],
)
def test_the_linter_lets_be(change: Change, tmp_path: Path) -> None:
    assert lint_catalogue(judged(tmp_path, change)) == []


def test_a_life_event_names_services_that_there_are(tmp_path: Path) -> None:
    folder = judged(tmp_path)
    (folder / "life-events").mkdir()
    step = "  - {service: %s, text: {mn: Хэрэгтэй., en: Needed.}}\n"
    event = "code: moved\ntitle: {mn: Нүүх, en: Moving}\nintro: {mn: Нүүхэд., en: When moving.}\nsteps:\n"
    file = folder / "life-events/moved.yaml"
    file.write_text(event + step % "trial-permit")
    assert lint_catalogue(folder) == []
    file.write_text(event + step % "flying")
    assert [(f.file, f.rule) for f in lint_catalogue(folder)] == [("life-events/moved.yaml", "life_event")]
    file.write_text(event.replace("moved", "flown") + step % "trial-permit")
    assert [f.rule for f in lint_catalogue(folder)] == ["code"]


def test_broken_files_are_told_by_line_and_name(tmp_path: Path) -> None:
    folder = judged(tmp_path)
    file = folder / "dundgovi/trial-notice/service.yaml"
    whole = file.read_text()
    for broken, rule in (
        ("code: [", "yaml"),
        (whole + "\ncode: again\n", "yaml"),
        ("? [1, 2]\n: 3\n", "yaml"),
        ("- 1\n", "shape"),
    ):
        file.write_text(broken)
        assert [f.rule for f in lint_catalogue(folder) if f.file.endswith("notice/service.yaml")] == [rule]
    file.write_bytes(b"\xff\xfe\x00")
    assert [f.rule for f in lint_catalogue(folder) if f.file.endswith("notice/service.yaml")] == ["yaml"]
    file.write_text(whole)
    (file.parent / "document.typ").unlink()
    assert "file_missing" in {f.rule for f in lint_catalogue(folder)}
    (folder / "meanings.yaml").unlink()
    assert {f.file for f in lint_catalogue(folder)} >= {"meanings.yaml"}


def test_a_service_without_tests_is_a_finding(tmp_path: Path) -> None:
    folder = judged(tmp_path)
    (folder / "dundgovi/trial-permit/tests.yaml").unlink()
    assert [(f.file, f.rule) for f in lint_catalogue(folder)] == [("dundgovi/trial-permit/tests.yaml", "file_missing")]


def test_an_empty_folder_is_a_finding(tmp_path: Path) -> None:
    assert lint_catalogue(tmp_path) != []


def test_one_code_in_two_levels_is_a_finding(tmp_path: Path) -> None:
    folder = judged(tmp_path)
    shutil.copytree(folder / "dundgovi/trial-notice", folder / "national/trial-notice")
    assert [f.rule for f in lint_catalogue(folder)] == ["code"]


def test_a_definition_is_the_same_after_a_round_trip_through_json() -> None:
    for one in read_services(CATALOGUE)[0]:
        assert Definition.model_validate_json(one.definition.model_dump_json(by_alias=True)) == one.definition


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_stored_schemas_are_those_of_the_language(name: str) -> None:
    stored = (CATALOGUE.parent / f"docs/reference/{name}.schema.json").read_text()
    assert stored == schema(name)
    assert '"additionalProperties": false' in stored
