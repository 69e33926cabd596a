"""The search that forgives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toono.services.domain.search import Index, likeness

SERVICES = {
    "address": "Иргэний оршин суугаа газрын хаягийн бүртгэлийн лавлагаа. Reference of a citizen's registered address",
    "water": "Ус ашиглах зөвшөөрөл олгох, худаг, цооног. Permit to use water, well",
    "archive": "Цалингийн тодорхойлолт. Salary statement",
    "cattle": "Малын А данс олгох. Livestock record",
}


@pytest.fixture(scope="module")
def index() -> Index:
    made = Index()
    for code, text in SERVICES.items():
        made.add(code, [(text, 1.0)])
    return made


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("хаяг", "address"), ("ХАЯГ", "address"), ("хаягын", "address"), ("хайг", "address"), ("лавлага", "address"), ("лавлгаа", "address"),
        ("xaяг", "address"), ("hayag", "address"), ("khayag", "address"), ("hayagiin lavlagaa", "address"), ("adress", "address"),
        ("оршин суугаа", "address"), ("худгийн зөвшөөрөл", "water"), ("зовшоорол", "water"), ("зэвшөөрөл", "water"), ("us ashiglah", "water"),
        ("ус", "water"), ("water permit", "water"), ("wator", "water"), ("цалин", "archive"), ("tsalin", "archive"), ("А данс", "cattle"),
    ],
)  # fmt: skip
def test_people_find_what_they_mean(index: Index, typed: str, found: str) -> None:
    scores = index.find(typed)
    assert scores and max(scores, key=lambda code: scores[code]) == found


@pytest.mark.parametrize("typed", ["цэцэрлэг", "паспорт", "zzzz", "", "  ", "!!!"])
def test_what_is_not_there_is_not_found(index: Index, typed: str) -> None:
    assert index.find(typed) == {}


def test_a_stem_finds_its_endings_before_the_shorter_word_that_it_begins_with() -> None:
    made = Index()
    for code, text in {
        "records": "Архивын лавлагаа",
        "spirits": "Архи худалдах зөвшөөрөл",
        "more": "Архивын нэгж",
        "other": "Архивын хуулбар",
    }.items():
        made.add(code, [(text, 1.0)])
    scores = made.find("архив")
    assert min(scores, key=lambda code: scores[code]) == "spirits"


def test_a_word_is_most_like_itself() -> None:
    assert likeness("хаяг", "хаяг") > likeness("хаяг", "хаягийн") > likeness("хаяг", "хашаа")


def test_a_thousand_services_are_searched_in_no_time() -> None:
    import time

    made = Index()
    for number in range(2000):
        made.add(str(number), [(f"{SERVICES['address']} {number} үйлчилгээ{number} газар{number % 97}", 1.0)])
    started = time.perf_counter()
    assert made.find("хаягийн лавлагаа")
    assert time.perf_counter() - started < 2.0


WORD = st.text("абвгдеоөрстүaxbchkz", min_size=1, max_size=9)


@settings(max_examples=600, deadline=None)
@given(typed=WORD, known=st.lists(WORD, min_size=1, max_size=12))
def test_no_word_that_is_like_enough_is_passed_over(typed: str, known: list[str]) -> None:
    """The words that are compared are picked by their trigrams; comparing all would find the same."""
    index = Index()
    for number, word in enumerate(known):
        index.add(str(number), [(word, 1.0)])
    picked = index._near(typed)
    for word in index.postings:
        assert word in picked or likeness(typed, word) < 0.5, (typed, word)
