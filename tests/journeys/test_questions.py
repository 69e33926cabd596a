"""Every kind of question in a real browser: at a phone's and a desk's width, in both languages, with and without errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from toono.services.tests.forms import asked, form, options, published

if TYPE_CHECKING:
    from toono.services.domain.definition import Definition

HINT = {"mn": "Тайлбар үг энд байна.", "en": "A word of help stands here."}
SHEEP = asked("herds", "group", questions=[asked("kind"), asked("heads", "number"), asked("since", "date", optional=True)], least=1, most=3)
KINDS: list[dict[str, Any]] = [
    asked("text", hint=HINT), asked("long", max_length=500, optional=True), asked("number", "number", unit={"mn": "м³/хоног", "en": "m³ a day"}, hint=HINT),
    asked("money", "money"), asked("date", "date", hint=HINT), asked("choice", "choice", options=options("a", "b", "c"), hint=HINT),
    asked("choices", "choices", options=options("a", "b", "c")), asked("yes", "yes_no"), asked("phone", "phone"), asked("email", "email"),
    asked("photos", "file", files=3, hint=HINT), asked("paper", "file", accepts=["pdf"]), asked("home", "address"), asked("camp", "address", within="48"),
    asked("well", "point", within="48", hint=HINT), asked("heir", "person", hint=HINT), asked("car", "vehicle", chosen_from="vehicles"), SHEEP,
    asked("owner_phone", "phone"), asked("owner_email", "email"), asked("owner_since", "date"),
]  # fmt: skip
PAGES = [
    {
        "code": "owner", "title": {"mn": "Эзэмшигчтэй холбоо барих", "en": "How to reach the owner"}, "because": HINT,
        "questions": ["owner_phone", "owner_email", "owner_since"],
    }
]  # fmt: skip
FACTS = [{"name": "vehicles", "meaning": "person.vehicles", "purpose": "address-reference"}]


@pytest.fixture
def definition(stack: Any) -> Iterator[Definition]:
    yield published(form(*KINDS, code=f"kinds-{uuid4().hex[:8]}", pages=PAGES, facts=FACTS))


def look(visit: Any, name: str) -> None:
    """Judge the page; keep its picture where somebody wants to see it."""
    visit.is_sound()
    visit.picture(name)


def start(visit: Any, person: dict[str, Any], service: str) -> str:
    """Sign in and begin; gives the address of the case."""
    visit.sign_in(person)
    visit.open(f"/services/{service}/")
    visit.page.locator("#start button").click()
    if visit.page.url.endswith("/for-whom"):
        visit.page.locator("input[name=on_behalf]").first.check()
        visit.page.locator("main form button").click()
    visit.page.wait_for_url("**/question/**")
    return str(visit.page.url).split("/question/")[0].removeprefix(visit.stack.base_url)


@pytest.mark.parametrize("width", ["phone", "desk"])
@pytest.mark.parametrize("language", ["mn", "en"])
def test_every_kind_is_sound_with_and_without_errors(
    visit: Callable[..., Any], person: dict[str, Any], definition: Definition, width: str, language: str
) -> None:
    with visit(width) as v:
        v.page.context.add_cookies([{"name": "language", "value": language, "url": v.stack.base_url}])
        case = start(v, person, definition.code)
        for code in [*(q["code"] for q in KINDS if not q["code"].startswith("owner_")), "owner"]:
            v.open(f"{case}/question/{code}")
            look(v, f"{width}-{language}-{code}")
            if code in {"long", "car"}:
                continue
            v.page.locator("main button.govuk-button:not([name]):not([hidden])").last.click()
            v.page.locator(".govuk-error-summary").wait_for()
            assert v.page.title().startswith("Алдаа: " if language == "mn" else "Error: "), code
            first = v.page.locator(".govuk-error-summary a").first
            assert v.page.locator(str(first.get_attribute("href"))).count() == 1, code
            look(v, f"{width}-{language}-{code}-error")
        v.open(f"{case}/question/herds/new")
        look(v, f"{width}-{language}-member")


def test_a_herd_files_and_an_address_are_given_without_script_on_a_phone(
    visit: Callable[..., Any], person: dict[str, Any], definition: Definition, tmp_path: Path
) -> None:
    from toono.services.tests.test_files import pdf, picture

    (tmp_path / "Диплом.pdf").write_bytes(pdf(pages=2))
    (tmp_path / "зураг.jpg").write_bytes(picture(size=(400, 300)))
    with visit("phone", script=False) as v:
        case = start(v, person, definition.code)
        v.open(f"{case}/question/photos")
        v.page.locator("#photos").set_input_files([tmp_path / "Диплом.pdf", tmp_path / "зураг.jpg"])
        v.page.get_by_role("button", name="Файл нэмэх").click()
        assert v.page.locator(".toono-files li").count() == 2
        v.picture("phone-files")
        v.page.get_by_role("button", name="Хасах – Диплом.pdf").click()
        assert v.page.locator(".toono-files li").all_inner_texts()[0].startswith("зураг.jpg")
        v.open(f"{case}/question/home")
        v.page.locator("#home-aimag").select_option("48")
        v.page.locator("main button.govuk-button").last.click()
        v.picture("phone-address")
        assert not v.page.locator(".govuk-error-summary").count()
        v.page.locator("#home-unit").select_option("480155")
        v.page.locator("#home-rest").fill("Хөх булаг")
        v.page.locator("main button.govuk-button").last.click()
        v.open(f"{case}/question/herds")
        for kind, heads in (("Хонь", "1,000"), ("Ямаа", "20")):
            v.page.locator("main a.govuk-button").click()
            v.page.locator("#kind").fill(kind)
            v.page.locator("#heads").fill(heads)
            v.page.locator("main button.govuk-button").last.click()
        assert v.page.locator("main section").count() == 2
        v.picture("phone-herds")
        v.page.get_by_role("button", name="Хасах – 1-р нь").click()
        assert v.page.locator("main section").count() == 1 and "Ямаа" in v.page.locator("main section").inner_text()
        v.open(f"{case}/question/text")
        v.page.locator("#text").fill("Хөх булаг")
        v.page.keyboard.press("Enter")  # the hidden first button is the one that goes on
        v.page.wait_for_url("**/question/long")


def test_the_place_where_one_stands_is_filled_in_on_request(
    visit: Callable[..., Any], person: dict[str, Any], definition: Definition
) -> None:
    with visit("phone", geolocation={"latitude": 45.70012, "longitude": 106.20034}, permissions=["geolocation"]) as v:
        case = start(v, person, definition.code)
        v.open(f"{case}/question/well")
        v.page.get_by_role("button", name="Миний байгаа газар").click()
        v.stack.wait(lambda: v.page.locator("#well-lat").input_value())
        assert (v.page.locator("#well-lat").input_value(), v.page.locator("#well-lon").input_value()) == ("45.70012", "106.20034")
        v.page.locator("main button.govuk-button:not([hidden])").last.click()
        v.page.wait_for_url(lambda url: not url.endswith("/well"))


def test_a_file_that_is_too_large_is_told_before_it_is_sent(
    visit: Callable[..., Any], person: dict[str, Any], definition: Definition, tmp_path: Path
) -> None:
    large = tmp_path / "large.pdf"
    large.write_bytes(b"%PDF-1.7" + b"x" * (10 * 1024 * 1024))
    with visit("phone") as v:
        case = start(v, person, definition.code)
        v.open(f"{case}/question/paper")
        v.page.locator("#paper").set_input_files(large)
        assert v.page.get_by_text("10 МБ-аас том байна").first.is_visible()
        assert v.page.locator("#paper").input_value() == ""
