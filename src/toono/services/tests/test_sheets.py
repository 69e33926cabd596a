"""Forms over a definition's text: what a form says stands in the text, and nothing else of the text changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from toono.services.domain import sheets
from toono.services.domain.definition import Definition
from toono.services.tests.catalogue import CATALOGUE

PATHS = sorted(CATALOGUE.glob("*/*/service.yaml"))
WATER = (CATALOGUE / "dundgovi/water-use-permit/service.yaml").read_text()


def _values(text: str, name: str, part: str = "") -> dict[str, str]:
    return {field.path: field.value for section in sheets.sheet(text, name, part).sections for field in section.fields}


@pytest.mark.parametrize("path", PATHS[::6], ids=lambda path: path.parent.name)
def test_a_form_that_was_only_looked_at_changes_no_letter(path: Path) -> None:
    text = path.read_text()
    assert sheets.changed(text, "names", "", _values(text, "names")) == text
    assert sheets.changed(text, "term", "", _values(text, "term")) == text
    for code, _ in sheets.sheet(text, "questions").parts:
        assert sheets.changed(text, "questions", code, _values(text, "questions", code)) == text
    for code, _ in sheets.sheet(text, "grounds").parts:
        assert sheets.changed(text, "grounds", code, _values(text, "grounds", code)) == text


def test_one_field_is_one_line() -> None:
    changed = sheets.changed(WATER, "names", "", {"name.en": "Permit: to use “water”"})
    before, after = WATER.splitlines(), changed.splitlines()
    assert len(before) == len(after) and [n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [7]
    assert yaml.safe_load(changed)["name"]["en"] == "Permit: to use “water”"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=60).filter(lambda t: t.strip())


@settings(max_examples=25, deadline=None)
@given(words=WORDS)
def test_whatever_is_typed_is_read_back_as_words(words: str) -> None:
    changed = sheets.changed(WATER, "names", "", {"name.mn": words, "summary.en": words})
    read = yaml.safe_load(changed)
    assert read["name"]["mn"] == " ".join(words.split()) == read["summary"]["en"]
    assert {k: v for k, v in read.items() if k not in ("name", "summary")} == {
        k: v for k, v in yaml.safe_load(WATER).items() if k not in ("name", "summary")
    }


def test_what_is_emptied_is_taken_away() -> None:
    values = _values(WATER, "questions", "amount") | {"questions.amount.hint.mn": "", "questions.amount.hint.en": ""}
    question = Definition.model_validate(yaml.safe_load(sheets.changed(WATER, "questions", "amount", values))).question("amount")
    assert question is not None and question.hint is None


def test_a_term_in_days_takes_the_place_of_one_in_hours() -> None:
    text = (CATALOGUE / "national/address-reference/service.yaml").read_text()
    values = _values(text, "term") | {"term.working_hours": "", "term.calendar_days": "5", "fee.amount_mungu": "5 000"}
    definition = Definition.model_validate(yaml.safe_load(sheets.changed(text, "term", "", values)))
    assert (definition.term.working_hours, definition.term.calendar_days, definition.fee.amount_mungu) == (None, 5, 500_000)


def test_what_is_no_number_stays_for_the_reader_to_name() -> None:
    changed = sheets.changed(WATER, "term", "", {"term.working_hours": "олон"})
    assert yaml.safe_load(changed)["term"]["working_hours"] == "олон"


def test_questions_move_are_added_and_taken_away() -> None:
    codes = [code for code, _ in sheets.sheet(WATER, "questions").parts]
    assert [code for code, _ in sheets.sheet(sheets.moved(WATER, "questions", codes[1], -1), "questions").parts][:2] == [codes[1], codes[0]]
    assert sheets.moved(WATER, "questions", codes[0], -1) == WATER
    more = sheets.added(WATER, "questions", "colour", "choice")
    assert Definition.model_validate(yaml.safe_load(more)).question("colour") is not None
    assert sheets.removed(more, "questions", "colour") == WATER


def test_the_first_question_of_a_service_without_any_can_be_added_and_removed() -> None:
    text = (CATALOGUE / "national/address-reference/service.yaml").read_text()
    more = sheets.added(text, "questions", "why", "text")
    assert Definition.model_validate(yaml.safe_load(more)).question("why") is not None
    assert Definition.model_validate(yaml.safe_load(sheets.removed(more, "questions", "why"))).questions == ()


@pytest.mark.parametrize(
    "kind", ["text", "number", "money", "date", "choice", "choices", "yes_no", "phone", "email", "file", "address", "point"]
)
def test_a_new_question_of_each_plain_kind_has_its_shape(kind: str) -> None:
    assert Definition.model_validate(yaml.safe_load(sheets.added(WATER, "questions", "fresh", kind))).question("fresh") is not None


def test_text_that_is_no_yaml_has_no_form() -> None:
    with pytest.raises(sheets.NotReadable):
        sheets.sheet("a: [", "names")
    with pytest.raises(sheets.NoSuchPart):
        sheets.sheet(WATER, "questions", "nobody")
