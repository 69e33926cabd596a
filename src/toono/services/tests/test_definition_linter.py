"""What the linter finds, each with the definition that deserves it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toono.kernel.clock import at
from toono.services.domain.definition import Definition
from toono.services.domain.files import read_services
from toono.services.domain.lint import definition_schema, lint_catalogue
from toono.services.tests.catalogue import CATALOGUE, copied, spoilt


def _question(content: Any, code: str) -> Any:
    return next(q for q in content["questions"] if q["code"] == code)


def _ask(content: Any, **question: Any) -> None:
    content["questions"].append({"code": "more", "kind": "text", "max_length": 50, **question})


def _label(mn: str, en: str) -> dict[str, str]:
    return {"mn": mn, "en": en}


Change = Callable[[Any], None]

BAD: dict[str, tuple[str, Change]] = {
    "an unknown field": ("unknown_field", lambda c: c.update(prise={"amount_mungu": 1})),
    "an unknown field deep inside": ("unknown_field", lambda c: c["questions"][0].update(lable="?")),
    "a missing field": ("missing_field", lambda c: c.pop("declaration")),
    "another version of the language": ("shape", lambda c: c.update(language=2)),
    "a code that is not its folder": ("code", lambda c: c.update(code="something-else")),
    "a choice with one option": ("shape", lambda c: _question(c, "purpose").update(options=_question(c, "purpose")["options"][:1])),
    "two options of one value": ("shape", lambda c: [o.update(value="x") for o in _question(c, "purpose")["options"]]),
    "a text without a limit": ("shape", lambda c: _question(c, "place").pop("max_length")),
    "a number without limits": ("shape", lambda c: _question(c, "amount").pop("maximum")),
    "options of a number": ("shape", lambda c: _question(c, "amount").update(options=_question(c, "purpose")["options"])),
    "two questions of one name": ("unique", lambda c: c["questions"].append(dict(_question(c, "place")))),
    "a fact that no register gives": ("fact", lambda c: c["facts"].append({"name": "pet", "meaning": "person.pet", "purpose": "water-permit"})),
    "a question for a known meaning": ("once_only", lambda c: _ask(c, meaning="person.birth_date", label=_label("Хэзээ гарсан бэ?", "When?"))),
    "a question for a field of a fact": ("once_only", lambda c: _ask(c, meaning="person.registered_address.soum", label=_label("Аль сум?", "Which?"))),
    "a known thing under another name": ("once_only", lambda c: _ask(c, meaning="water.contact", label=_label("Таны утасны дугаар?", "How to call you?"))),
    "a known thing in English words": ("once_only", lambda c: _ask(c, meaning="water.contact", label=_label("Холбоо барих?", "Your home address?"))),
    "an exemption that has ended": (
        "once_only",
        lambda c: _ask(
            c, meaning="person.phone", label=_label("Утас?", "Phone?"),
            asks_again={"law": _label("Хууль", "Law"), "article": "1", "until": "2020-01-01"},
        ),
    ),
    "a condition that is no expression": ("condition", lambda c: _question(c, "meter").update(when="answers.amount >>> 7")),
    "a condition on an unknown question": ("condition", lambda c: _question(c, "meter").update(when="answers.depth > 1.0")),
    "a condition on a later question": ("condition", lambda c: _question(c, "source").update(when="answers.amount > 60.0")),
    "a condition on a fact": ("condition", lambda c: _question(c, "meter").update(when='facts.address.aimag == "Дундговь"')),
    "a condition that compares unlike things": ("condition", lambda c: _question(c, "meter").update(when='answers.amount > "75"')),
    "a condition that is no question of true or false": ("condition", lambda c: _question(c, "meter").update(when="answers.amount + 1.0")),
    "a condition that never holds": ("condition", lambda c: _question(c, "meter").update(when='answers.purpose == "swimming"')),
    "an action to an unknown state": ("workflow", lambda c: c["workflow"]["actions"][2].update(to="approved")),
    "a state without a way to it": ("workflow", lambda c: c["workflow"]["actions"].pop(3)),
    "an end that is left again": (
        "workflow",
        lambda c: c["workflow"]["actions"].append({"code": "reopen", "by": "officer", "from": ["refused"], "to": "review", "label": _label("Сэргээх", "Reopen")}),
    ),
    "a case that cannot be withdrawn": ("workflow", lambda c: c["workflow"]["actions"][1].update({"from": ["draft"]})),
    "a review without an officer": ("workflow", lambda c: [a.update(by="rule") for a in c["workflow"]["actions"][2:]]),
    "two drafts": ("workflow", lambda c: c["workflow"]["states"][1].update(kind="draft")),
    "a document with an unknown field of a fact": ("document", lambda c: c["document"]["rows"].append({"fact": "address.planet"})),
    "a document with an unknown answer": ("document", lambda c: c["document"]["rows"].append({"question": "planet"})),
    "a document row of two things": ("shape", lambda c: c["document"]["rows"].append({"question": "place", "fact": "address.text"})),
    "an applicant who is not told of a refusal": ("notice", lambda c: c.update(notifications=["document"])),
    "no ground of refusal": ("shape", lambda c: c.update(grounds=[])),
    "English where Mongolian should stand": ("text", lambda c: c["summary"].update(mn="Permit")),
    "Mongolian where English should stand": ("text", lambda c: c["summary"].update(en="Зөвшөөрөл")),
}  # fmt: skip

BAD_RULES: dict[str, tuple[str, Change]] = {
    "no last rule for everything else": ("rule", lambda c: c["workflow"]["automatic"].pop()),
    "a rule with an unknown action": ("rule", lambda c: c["workflow"]["automatic"][0].update(action="bless")),
    "a rule with the citizen's action": ("rule", lambda c: c["workflow"]["automatic"][0].update(action="submit")),
    "a refusal by rule without a ground": ("rule", lambda c: c["workflow"]["automatic"][1].pop("ground")),
    "a refusal by rule on an unknown ground": ("rule", lambda c: c["workflow"]["automatic"][1].update(ground="mood")),
    "a rule on an unknown fact": ("rule", lambda c: c["workflow"]["automatic"][0].update(when="has(facts.address.planet)")),
    "a rule that is no expression": ("rule", lambda c: c["workflow"]["automatic"][0].update(when="has(")),
    "a state of the rule without its action": ("workflow", lambda c: [a.update(by="officer") for a in c["workflow"]["actions"][2:]]),
}


def test_the_catalogue_itself_has_no_findings() -> None:
    assert lint_catalogue(CATALOGUE) == []


@pytest.mark.parametrize("what", BAD)
def test_the_linter_finds(what: str, tmp_path: Path) -> None:
    rule, change = BAD[what]
    findings = lint_catalogue(spoilt(tmp_path, change))
    assert rule in {finding.rule for finding in findings}
    assert all(finding.file == "dundgovi/water-use-permit/service.yaml" and finding.message.endswith(".") for finding in findings)


@pytest.mark.parametrize("what", BAD_RULES)
def test_the_linter_finds_in_a_rule(what: str, tmp_path: Path) -> None:
    rule, change = BAD_RULES[what]
    assert rule in {f.rule for f in lint_catalogue(spoilt(tmp_path, change, "national/address-reference"))}


def test_a_question_for_a_known_thing_is_allowed_by_a_law_that_is_still_in_force(tmp_path: Path) -> None:
    exemption = {"law": _label("Усны тухай хууль", "Law on Water"), "article": "28", "until": "2030-01-01"}
    folder = spoilt(
        tmp_path, lambda c: _ask(c, meaning="person.phone", label=_label("Утасны дугаар?", "Phone number?"), asks_again=exemption)
    )
    from datetime import UTC, datetime

    with at(datetime(2029, 12, 31, tzinfo=UTC)):
        assert lint_catalogue(folder) == []
    with at(datetime(2030, 1, 2, tzinfo=UTC)):
        assert [f.rule for f in lint_catalogue(folder)] == ["once_only"]


def test_a_place_is_no_home_address(tmp_path: Path) -> None:
    assert (
        lint_catalogue(
            spoilt(tmp_path, lambda c: _ask(c, meaning="water.site", label=_label("Талбайн хаяг юу вэ?", "Where is the field?")))
        )
        == []
    )


def test_broken_files_are_told_by_line_and_name(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    file = folder / "national/address-reference/service.yaml"
    whole = file.read_text()
    for broken, rule in (
        ("code: [", "yaml"),
        (whole + "\ncode: again\n", "yaml"),
        ("- 1\n", "shape"),
    ):
        file.write_text(broken)
        assert [f.rule for f in lint_catalogue(folder)] == [rule]
    file.write_text(whole)
    (file.parent / "document.typ").unlink()
    assert [f.rule for f in lint_catalogue(folder)] == ["file_missing"]
    (folder / "meanings.yaml").unlink()
    assert {f.file for f in lint_catalogue(folder)} >= {"meanings.yaml"}


def test_an_empty_folder_is_a_finding(tmp_path: Path) -> None:
    assert lint_catalogue(tmp_path) != []


def test_one_code_in_two_levels_is_a_finding(tmp_path: Path) -> None:
    import shutil

    folder = copied(tmp_path)
    shutil.copytree(folder / "national/address-reference", folder / "dundgovi/address-reference")
    assert [f.rule for f in lint_catalogue(folder)] == ["code"]


def test_a_definition_is_the_same_after_a_round_trip_through_json() -> None:
    for one in read_services(CATALOGUE)[0]:
        assert Definition.model_validate_json(one.definition.model_dump_json(by_alias=True)) == one.definition


def test_the_stored_schema_is_that_of_the_language() -> None:
    stored = (CATALOGUE.parent / "docs/reference/definition.schema.json").read_text()
    assert stored == definition_schema()
    assert '"additionalProperties": false' in stored
