"""Reading what people type, showing it, and the way through the form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.services.contracts import Option, QuestionKind, Text
from toono.services.domain import answers
from toono.services.domain.definition import Definition, Question
from toono.services.tests.forms import WORDS, asked, form, options

TODAY = date(2026, 11, 22)
LABEL = Text(mn="Асуулт?", en="Question?")


def _asks(kind: QuestionKind, **limits: object) -> Question:
    return Question.model_validate({"code": "q", "meaning": "water.q", "kind": kind, "label": LABEL, **limits})


NUMBER = _asks(QuestionKind.NUMBER, minimum=50, maximum=1500, decimals=1, unit=Text(mn="м³", en="m³"))
DATE = _asks(QuestionKind.DATE, earliest_days=0, latest_days=365)
TEXT = _asks(QuestionKind.TEXT, max_length=20)
CHOICE = _asks(QuestionKind.CHOICE, options=[Option(value=v, label=Text(mn="Сонголт", en="Option")) for v in ("a", "b")])
YES_NO = _asks(QuestionKind.YES_NO)


@pytest.mark.parametrize(
    ("question", "typed", "kept"),
    [
        (NUMBER, "60", "60"),
        (NUMBER, " 60.50 ", "60.5"),
        (NUMBER, "60,5", "60.5"),
        (NUMBER, "1,200", "1200"),
        (NUMBER, "1 200,5", "1200.5"),
        (NUMBER, "0060", "60"),
        (DATE, "2026-11-22", "2026-11-22"),
        (DATE, "2026.12.1", "2026-12-01"),
        (DATE, "2027/11/22", "2027-11-22"),
        (TEXT, "  Хөх   булаг ", "Хөх булаг"),
        (TEXT, "нэг\r\n\r\nхоёр", "нэг\nхоёр"),
        (CHOICE, "b", "b"),
        (YES_NO, "no", "no"),
    ],
)
def test_what_people_type_is_kept_in_one_form(question: Question, typed: str, kept: str) -> None:
    assert answers.read(question, typed, TODAY) == kept
    assert answers.read(question, kept, TODAY) == kept


@pytest.mark.parametrize(
    ("question", "typed"),
    [
        (NUMBER, "олон"), (NUMBER, "49.9"), (NUMBER, "1500.1"), (NUMBER, "60.55"), (NUMBER, "NaN"), (NUMBER, "1e3"), (NUMBER, "inf"),
        (NUMBER, "--60"), (NUMBER, "6" * 40), (NUMBER, "٦٠x"),
        (DATE, "2026-11-21"), (DATE, "2027-11-23"), (DATE, "2026-02-30"), (DATE, "22.11.2026"), (DATE, "маргааш"),
        (TEXT, "х" * 21), (TEXT, "\u200b \n"), (CHOICE, "c"), (CHOICE, "A"), (YES_NO, "maybe"), (NUMBER, ""), (CHOICE, ""),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_told_in_both_languages_with_the_question(question: Question, typed: str) -> None:
    with pytest.raises(answers.Unacceptable) as refused:
        answers.read(question, typed, TODAY)
    assert LABEL.mn in refused.value.text.mn
    assert LABEL.en in refused.value.text.en


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_fail_otherwise(typed: str) -> None:
    for question in (NUMBER, DATE, TEXT, CHOICE, YES_NO):
        try:
            kept = answers.read(question, typed, TODAY)
        except answers.Unacceptable:
            continue
        assert answers.read(question, kept, TODAY) == kept
        assert answers.shown(question, kept).mn


@given(st.decimals(min_value=50, max_value=1500, places=1))
def test_a_number_survives_every_way_of_writing_it(number: Decimal) -> None:
    for written in (f"{number:f}", f"{number:,f}", f"{number:f}".replace(".", ",")):
        assert Decimal(answers.read(NUMBER, written, TODAY)) == number


def test_an_optional_question_may_be_passed_over_and_is_shown_so() -> None:
    optional = _asks(QuestionKind.TEXT, max_length=20, optional=True)
    assert answers.read(optional, "  ", TODAY) == ""
    assert answers.shown(optional, "") == answers.NOT_PROVIDED


def test_answers_are_shown_in_words() -> None:
    assert answers.shown(NUMBER, "1200.5").mn == "1,200.5 м³"
    assert answers.shown(DATE, "2026-12-01").mn == "2026.12.01"
    assert answers.shown(YES_NO, "yes") == Text(mn="Тийм", en="Yes")


# -- the way -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def permit() -> Definition:
    return form(
        asked("purpose", "choice", options=options("irrigation", "livestock", "services")),
        asked("irrigated_hectares", "number", when='answers.purpose == "irrigation"'),
        asked("source", "choice", options=options("borehole", "river")),
        asked("well_passport", optional=True, when='answers.source == "borehole"'),
        asked("place"),
        asked("amount", "number", decimals=1),
        asked("meter", "yes_no", when="answers.amount > 75"),
        asked("waste_water", "yes_no", when='answers.purpose == "services"'),
        asked("treatment", when="answers.waste_water"),
        asked("from_date", "date", earliest_days=0),
    )


def _codes(definition: Definition, given_answers: dict[str, str]) -> list[str]:
    return [q.code for q in answers.asked(definition, given_answers)]


def test_only_what_concerns_the_person_is_asked(permit: Definition) -> None:
    assert _codes(permit, {}) == ["purpose", "source", "place", "amount", "from_date"]
    farmer = {"purpose": "irrigation", "source": "river", "amount": "60"}
    assert _codes(permit, farmer) == ["purpose", "irrigated_hectares", "source", "place", "amount", "from_date"]
    laundry = {"purpose": "services", "source": "borehole", "amount": "75.1", "waste_water": "yes"}
    assert _codes(permit, laundry) == [
        "purpose", "source", "well_passport", "place", "amount", "meter", "waste_water", "treatment", "from_date",
    ]  # fmt: skip


def test_an_answer_left_from_another_branch_has_no_effect_and_is_not_sent(permit: Definition) -> None:
    changed_mind = {"purpose": "livestock", "source": "river", "waste_water": "yes", "treatment": "шүүлтүүр", "amount": "60"}
    assert "treatment" not in _codes(permit, changed_mind)
    assert answers.relevant(permit, changed_mind) == {"purpose": "livestock", "source": "river", "amount": "60"}


def test_the_next_question_is_the_first_unanswered_or_the_one_whose_answer_has_become_unacceptable(permit: Definition) -> None:
    whole = {"purpose": "livestock", "source": "river", "place": "Хөх булаг", "amount": "60", "from_date": "2026-11-25"}
    assert answers.next_question(permit, whole, TODAY) is None
    later = answers.next_question(permit, whole, date(2026, 11, 26))
    assert later is not None and later.code == "from_date"
    del whole["place"]
    missing = answers.next_question(permit, whole, TODAY)
    assert missing is not None and missing.code == "place"


def test_the_time_to_fill_is_computed_from_the_questions(permit: Definition) -> None:
    assert 2 <= answers.minutes_to_fill(permit) <= 8


def test_a_question_may_depend_on_what_a_register_said_and_waits_for_it_while_it_is_silent() -> None:
    debtor = form(asked("reason", when="facts.tax.debt > 0"), asked("other", when="!has(facts.tax.debt)"), asked("last"))

    def codes(facts: answers.Facts) -> list[str]:
        return [q.code for q in answers.asked(debtor, {}, facts)]

    assert codes({"tax": {"debt": 500.0}}) == ["reason", "last"]
    assert codes({"tax": {"debt": 0.0}}) == ["last"]
    assert codes({"tax": {}}) == ["other", "last"]
    assert codes({}) == ["last"]
    assert answers.next_question(debtor, {"last": "x"}, TODAY, {"tax": {"debt": 1.0}}).code == "reason"  # type: ignore[union-attr]
    assert answers.relevant(debtor, {"reason": "x", "last": "y"}, {"tax": {"debt": 0.0}}) == {"last": "y"}


def test_pages_join_questions_that_cannot_be_answered_apart_and_a_group_stands_alone() -> None:
    group = asked("herds", "group", questions=[asked("kind")])
    pages = [{"code": "owner", "title": WORDS, "questions": ["phone", "email", "herds"], "because": WORDS}]
    joined = form(asked("place"), asked("phone", "phone"), asked("email", "email"), group, asked("last"), pages=pages)
    found = answers.pages(joined, answers.asked(joined, {}))
    assert [(page.code, [q.code for q in page.questions]) for page in found] == [
        ("place", ["place"]), ("owner", ["phone", "email"]), ("herds", ["herds"]), ("last", ["last"]),
    ]  # fmt: skip
    assert (answers.page_code(joined, "email"), answers.page_code(joined, "herds"), answers.page_code(joined, "last")) == (
        "owner",
        "herds",
        "last",
    )
