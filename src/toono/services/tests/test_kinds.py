"""Every kind of question: what people type, how it is kept, shown and computed with, and what is refused how."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.services.contracts import Option, QuestionKind, Text
from toono.services.domain import answers
from toono.services.domain.conditions import holds
from toono.services.domain.definition import Meaning, Question
from toono.services.domain.kinds import KINDS, choices, groups
from toono.services.domain.kinds.base import Outside
from toono.services.domain.kinds.places import degrees
from toono.services.domain.kinds.suffixes import from_, vowel

TODAY = date(2026, 11, 22)
LABEL = Text(mn="Асуулт?", en="Question?")
UNITS = {"480155": Text(mn="Дундговь, Сайнцагаан, 1-р баг", en="Dundgovi, Saintsagaan, Bag 1"), "48": Text(mn="Дундговь", en="Dundgovi")}
VEHICLES = (
    Option(value="1234УБА", label=Text(mn="1234УБА · Toyota", en="1234УБА · Toyota")),
    Option(value="5678ДГВ", label=Text(mn="5678ДГВ · Hyundai", en="5678ДГВ · Hyundai")),
)
FILES = {"0190a000-0000-7000-8000-000000000001": "Диплом.pdf", "0190a000-0000-7000-8000-000000000002": "Зураг.jpg"}
WORLD = Outside(
    choices=lambda code: None if code == "silent" else VEHICLES,
    unit=UNITS.get,
    box=lambda code: (104.0, 44.0, 108.0, 47.0) if code == "48" else None,
    file_name=FILES.get,
)


def asks(kind: QuestionKind, **limits: Any) -> Question:
    return Question.model_validate({"code": "q", "meaning": "water.q", "kind": kind, "label": LABEL, **limits})


OPTIONS = [Option(value=v, label=Text(mn=f"Сонголт {v}", en=f"Option {v}")) for v in ("a", "b", "c")]
PART = {"code": "name", "meaning": "water.name", "kind": "text", "label": LABEL, "max_length": 40}
COUNT = {"code": "heads", "meaning": "water.heads", "kind": "number", "label": LABEL, "minimum": 1, "maximum": 900, "optional": True}

MONEY = asks(QuestionKind.MONEY, minimum=1000, maximum=5_000_000)
WHOLE = asks(QuestionKind.NUMBER, minimum=0, maximum=20000)
UNIT = asks(QuestionKind.NUMBER, minimum=50, maximum=1500, decimals=1, unit=Text(mn="м³/хоног", en="m³ a day"))
CHOICES = asks(QuestionKind.CHOICES, options=OPTIONS)
PHONE = asks(QuestionKind.PHONE)
EMAIL = asks(QuestionKind.EMAIL)
ADDRESS = asks(QuestionKind.ADDRESS, within="48")
POINT = asks(QuestionKind.POINT, within="48")
PERSON = asks(QuestionKind.PERSON)
VEHICLE = asks(QuestionKind.VEHICLE, chosen_from="vehicles")
FILE = asks(QuestionKind.FILE, files=2)
GROUP = asks(QuestionKind.GROUP, questions=[PART, COUNT], least=1, most=2)
DATE = asks(QuestionKind.DATE)
BOTH = ",".join(FILES)
HOME = json.dumps({"unit": "480155", "rest": "Хөх булаг"}, ensure_ascii=False, separators=(",", ":"))
TWO = [{"name": "Бор", "heads": "20"}, {"name": "Хар", "heads": ""}]


@pytest.mark.parametrize(
    ("question", "typed", "kept", "shown", "value"),
    [
        (MONEY, "12,000 ₮", "12000", "12,000 ₮", 12000.0),
        (MONEY, "12 000 төг", "12000", "12,000 ₮", 12000.0),
        (MONEY, "12.000", "12000", "12,000 ₮", 12000.0),
        (MONEY, "1.234.567", "1234567", "1,234,567 ₮", 1234567.0),
        (MONEY, "12000.00 төгрөг", "12000", "12,000 ₮", 12000.0),
        (WHOLE, "12.000", "12000", "12,000", 12000.0),
        (WHOLE, "12’000", "12000", "12,000", 12000.0),
        (UNIT, "60,5 м³/хоног", "60.5", "60.5 м³/хоног", 60.5),
        (UNIT, "٦٠", "60", "60 м³/хоног", 60.0),
        (CHOICES, ["c", "a"], "a,c", "Сонголт a; Сонголт c", ["a", "c"]),
        (CHOICES, "b", "b", "Сонголт b", ["b"]),
        (PHONE, "+976 9911-2233", "99112233", "9911 2233", "99112233"),
        (PHONE, "(70) 55 66 77", "70556677", "7055 6677", "70556677"),
        (EMAIL, " Ner@Jishee.MN ", "Ner@jishee.mn", "Ner@jishee.mn", "Ner@jishee.mn"),
        (EMAIL, "сарнай@жишээ.мон", "сарнай@жишээ.мон", "сарнай@жишээ.мон", "сарнай@жишээ.мон"),
        (
            ADDRESS, {"aimag": "48", "unit": "480155", "rest": " Хөх  булаг "}, HOME, "Дундговь, Сайнцагаан, 1-р баг, Хөх булаг",
            {"unit": "480155", "soum": "4801", "aimag": "48", "rest": "Хөх булаг"},
        ),
        (POINT, {"lat": "45.76321", "lon": "106,27"}, "45.76321,106.27000", "ХӨ 45.76321°, ЗУ 106.27000°", {"lat": 45.76321, "lon": 106.27}),
        (POINT, {"lat": "45°45.6'", "lon": "106° 30′ 36″ E"}, "45.76000,106.51000", "ХӨ 45.76000°, ЗУ 106.51000°", {"lat": 45.76, "lon": 106.51}),
        (POINT, "45.7, 106.2", "45.70000,106.20000", "ХӨ 45.70000°, ЗУ 106.20000°", {"lat": 45.7, "lon": 106.2}),
        (PERSON, {"regnum": "уб 9001-0112", "given_name": "Бат"}, "УБ90010112", "УБ90010112", "УБ90010112"),
        (VEHICLE, "1234 уба", "1234УБА", "1234УБА · Toyota", "1234УБА"),
        (VEHICLE, "1234YБA", "1234УБА", "1234УБА · Toyota", "1234УБА"),  # Latin Y and A
        (FILE, BOTH, BOTH, "Диплом.pdf; Зураг.jpg", list(FILES)),
        (
            GROUP, TWO, '[{"name":"Бор","heads":"20"},{"name":"Хар","heads":""}]', "1. Бор, 20\n2. Хар, Хариулаагүй",
            [{"name": "Бор", "heads": 20.0}, {"name": "Хар"}],
        ),
        (DATE, {"year": "2026", "month": "3", "day": "2"}, "2026-03-02", "2026.03.02", "2026-03-02"),
        (DATE, "2026 оны 3-р сарын 2", "2026-03-02", "2026.03.02", "2026-03-02"),
    ],
)  # fmt: skip
def test_what_people_type_is_kept_shown_and_computed_with(question: Question, typed: Any, kept: str, shown: str, value: Any) -> None:
    assert answers.read(question, typed, TODAY, WORLD) == kept
    assert answers.read(question, kept, TODAY, WORLD) == kept
    assert answers.shown(question, kept, WORLD).mn == shown
    assert answers.typed([question], {"q": kept}) == {"q": value}


@pytest.mark.parametrize(
    ("question", "typed", "words", "part"),
    [
        (MONEY, "999", "1,000-аас 5,000,000 ₮ хүртэлх", None),
        (MONEY, "12000.50", "мөнгөгүйгээр", None),
        (MONEY, "мянга", "тоогоор", None),
        (asks(QuestionKind.NUMBER, minimum=1, maximum=9), "10", "1-ээс 9 хүртэлх", None),
        (asks(QuestionKind.NUMBER, minimum=4, maximum=9), "10", "4-өөс 9 хүртэлх", None),
        (UNIT, "60 литр", "тоогоор", None),
        (CHOICES, ["a", "z"], "хэд хэдийг", None),
        (CHOICES, [], "хэд хэдийг", None),
        (PHONE, "991122", "8 оронтой", None),
        (PHONE, "00000000", "8 оронтой", None),
        (EMAIL, "ner@jishee", "цахим шуудангийн", None),
        (EMAIL, "ner at jishee.mn", "цахим шуудангийн", None),
        (ADDRESS, {"unit": "", "rest": "Хөх булаг"}, "сонгоно уу", "unit"),
        (ADDRESS, {"unit": "480199", "rest": "x"}, "сонгоно уу", "unit"),
        (ADDRESS, {"unit": "480155", "rest": ""}, "газрын нэр", "rest"),
        (ADDRESS, {"unit": "480155", "rest": "х" * 201}, "200 тэмдэгт", "rest"),
        (ADDRESS, "Хөх булаг", "сонгоно уу", "unit"),
        (asks(QuestionKind.ADDRESS, within="11"), {"unit": "480155", "rest": "x"}, "дотор байх", "unit"),
        (POINT, {"lat": "хойд", "lon": "106"}, "хойд өргөргийг", "lat"),
        (POINT, {"lat": "45.7", "lon": "106°61'"}, "зүүн уртрагийг", "lon"),
        (POINT, {"lat": "45.7 S", "lon": "106"}, "хойд өргөргийг", "lat"),
        (POINT, {"lat": "106.2", "lon": "45.7"}, "сольж бичсэн", "lat"),
        (POINT, {"lat": "35.6", "lon": "139.7"}, "Монгол Улсын", "lat"),
        (POINT, {"lat": "49.9", "lon": "106.2"}, "Дундговь дотор байхгүй", "lat"),
        (PERSON, {"regnum": "УБ9001", "given_name": "Бат"}, "регистрийн дугаар", "regnum"),
        (PERSON, {"regnum": "УБ90131112", "given_name": "Бат"}, "регистрийн дугаар", "regnum"),  # no month 13
        (PERSON, {"regnum": "УБ90010112", "given_name": ""}, "нэрийг", "given_name"),
        (VEHICLE, "9999ХХХ", "Нэгийг сонгоно уу", None),
        (FILE, "0190a000-0000-7000-8000-00000000000f", "айл хавсаргана", None),
        (asks(QuestionKind.FILE), BOTH, "1-ээс олон", None),
        (GROUP, [*TWO, {"name": "Цагаан"}], "2-оос олныг", None),
        (GROUP, [], "Дор хаяж нэгийг", None),
        (GROUP, [{"name": "х" * 41}], "40 тэмдэгт", None),
        (DATE, {"year": "2026", "month": "", "day": "2"}, "огноог", "month"),
    ],
)
def test_what_is_no_answer_is_refused_in_words_that_name_the_question_and_the_part(
    question: Question, typed: Any, words: str, part: str | None
) -> None:
    with pytest.raises(answers.Unacceptable) as refused:
        answers.read(question, typed, TODAY, WORLD)
    assert words in refused.value.text.mn and LABEL.mn in refused.value.text.mn and LABEL.en in refused.value.text.en
    assert refused.value.part == part


def test_every_kind_stands_in_the_table() -> None:
    assert set(KINDS) == set(QuestionKind)


ALL = [MONEY, WHOLE, UNIT, CHOICES, PHONE, EMAIL, ADDRESS, POINT, PERSON, VEHICLE, FILE, GROUP, DATE]
_TYPED = st.recursive(
    st.text(max_size=30), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["unit", "rest", "lat", "lon", "regnum", "given_name", "year", "name"]), inner, max_size=3), max_leaves=6
)  # fmt: skip


@given(_TYPED)
def test_nothing_that_a_browser_can_send_breaks_a_reader(typed: Any) -> None:
    for question in ALL:
        try:
            kept = answers.read(question, typed, TODAY, WORLD)
        except answers.Unacceptable:
            continue
        assert answers.read(question, kept, TODAY, WORLD) == kept
        assert answers.shown(question, kept, WORLD).mn
        assert answers.typed([question], {"q": kept})


@given(st.floats(41.6, 52.0), st.floats(88.0, 119.0))
def test_a_point_survives_every_way_of_writing_it(lat: float, lon: float) -> None:
    anywhere = asks(QuestionKind.POINT)
    kept = answers.read(anywhere, {"lat": f"{lat:.5f}", "lon": f"{lon:.5f}"}, TODAY)
    minutes = {part: f"{int(value)}°{(value - int(value)) * 60:.4f}'" for part, value in (("lat", lat), ("lon", lon))}
    if "60.0000" not in "".join(minutes.values()):
        again = answers.read(anywhere, minutes, TODAY)
        assert all(abs(float(a) - float(b)) < 0.00002 for a, b in zip(kept.split(","), again.split(","), strict=True))


@pytest.mark.parametrize(
    ("typed", "part", "expected"), [("46°07'24\"N", "lat", 46.12333), ("106.5", "lon", 106.5), ("46.5°30'", "lat", None)]
)
def test_degrees_are_read_as_instruments_write_them(typed: str, part: str, expected: float | None) -> None:
    found = degrees(typed, part)
    assert (found is None) if expected is None else found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("0", "0-ээс"), ("1", "1-ээс"), ("2", "2-оос"), ("3", "3-аас"), ("4", "4-өөс"), ("5", "5-аас"), ("7", "7-оос"), ("9", "9-өөс"), ("10", "10-аас"),
        ("11", "11-ээс"), ("20", "20-оос"), ("40", "40-өөс"), ("50", "50-аас"), ("90", "90-ээс"), ("100", "100-аас"), ("1,000", "1,000-аас"),
        ("1,020", "1,020-оос"), ("0.1", "0.1-ээс"), ("2.50", "2.50-аас"), ("1,000,000", "1,000,000-аас"),
    ],
)  # fmt: skip
def test_numbers_take_the_ending_with_which_they_are_read_aloud(number: str, said: str) -> None:
    assert from_(number) == said


@given(st.integers(0, 10**12))
def test_every_number_has_a_vowel(number: int) -> None:
    assert vowel(f"{number:,}") in "аоэө"


# -- chosen from a register --------------------------------------------------------------------------------------


def test_while_the_register_is_silent_nothing_is_chosen_and_what_was_chosen_stays() -> None:
    silent = VEHICLE.model_copy(update={"code": "silent"})
    with pytest.raises(answers.NotKnownNow) as refused:
        answers.read(silent, "1234УБА", TODAY, WORLD)
    assert "хадгалагдсан" in refused.value.text.mn
    assert answers.acceptable(silent, {"silent": "1234УБА"}, TODAY, WORLD)
    assert not answers.acceptable(silent, {}, TODAY, WORLD)


def test_what_the_register_holds_no_longer_is_asked_again() -> None:
    sold = Outside(choices=lambda _code: VEHICLES[1:])
    assert answers.acceptable(VEHICLE, {"q": "1234УБА"}, TODAY, WORLD)
    assert not answers.acceptable(VEHICLE, {"q": "1234УБА"}, TODAY, sold)


def test_a_key_that_could_mean_two_things_is_not_guessed() -> None:
    twins = Outside(choices=lambda _code: tuple(Option(value=v, label=LABEL) for v in ("УБА-1", "УБА 1")))
    with pytest.raises(answers.Unacceptable):
        answers.read(VEHICLE, "уба1", TODAY, twins)


def test_items_of_a_fact_become_choices_that_people_recognise() -> None:
    field = {"meaning": "person.x", "label": LABEL}
    fields = [{"name": "number", "pointer": "/n", **field}, {"name": "given_on", "pointer": "/d", "kind": "date", **field}]
    meaning = Meaning.model_validate(
        {
            "code": "person.fines", "title": LABEL, "source": LABEL, "organisation": "police", "service": "MN/GOV/police/drivers/fines",
            "path": "/fines/{civil_id}", "items": {"pointer": "/f", "key": "number", "fields": fields, "describes": ["number", "given_on"]},
        }
    )  # fmt: skip
    found = choices.of_items(meaning, [{"number": "A-1", "given_on": "2026-03-02"}, {"number": "A-2"}, {"number": "A-1"}])
    assert [(o.value, o.label.mn) for o in found] == [("A-1", "A-1 · 2026.03.02"), ("A-2", "A-2")]


# -- groups ------------------------------------------------------------------------------------------------------


def test_a_member_is_named_by_what_is_said_about_it() -> None:
    first, second = groups.members(answers.read(GROUP, TWO, TODAY))
    assert groups.key(first) == groups.key(dict(first)) != groups.key(second)


def test_a_group_that_may_be_empty_is_passed_over() -> None:
    none = GROUP.model_copy(update={"least": 0})
    assert answers.read(none, "", TODAY) == ""
    assert answers.shown(none, "") == answers.NOT_PROVIDED


# -- conditions over what was answered ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "kept", "condition"),
    [
        (MONEY, "12000", "answers.q == 12000 && answers.q > 11999.5 && answers.q in [12000, 5]"),
        (CHOICES, "a,c", "'a' in answers.q && size(answers.q) == 2"),
        (ADDRESS, HOME, "answers.q.aimag == '48' && answers.q.soum == '4801'"),
        (POINT, "45.70000,106.20000", "answers.q.lat > 45 && answers.q.lon < 107"),
        (FILE, BOTH, "size(answers.q) >= 2"),
        (GROUP, '[{"name":"Бор","heads":"20"}]', "answers.q.exists(m, m.heads >= 20 && m.name == 'Бор')"),
        (asks(QuestionKind.YES_NO), "no", "!answers.q"),
    ],
)
def test_conditions_read_answers_by_their_kind(question: Question, kept: str, condition: str) -> None:
    assert holds(condition, {"answers": answers.typed([question], {"q": kept})})


def test_a_condition_on_a_pending_fact_does_not_hold_and_one_on_an_empty_fact_is_computed() -> None:
    for condition in ("has(facts.tax.debt)", "!has(facts.tax.debt)", "size(facts.tax.items) == 0", "!(facts.tax.debt > 0)"):
        assert not holds(condition, {"facts": {}})
    empty: dict[str, Any] = {"facts": {"tax": {"items": []}}}
    assert holds("!has(facts.tax.debt)", empty) and holds("size(facts.tax.items) == 0", empty)
    fined = {"facts": {"fines": {"items": [{"paid": False, "amount": 5000.0}]}}}
    assert holds("facts.fines.items.exists(f, !f.paid && f.amount == 5000)", fined)
