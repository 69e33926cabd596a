"""The officer's desk in Chromium: by keyboard, at both widths, in both languages, without script; two officers; several at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.stage import Stack
from toono.kernel.actor import Actor
from toono.services.tests.officers import ENVIRONMENT, appointed, arrived, service

Window = Callable[..., Any]
Citizen = Callable[[], Actor]


@pytest.fixture
def officer(stack: Stack, anu: Actor, fresh_person: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Somebody of the register at the environment office, who can sign in."""
    person = fresh_person()
    appointed(anu, person["regnum"], ENVIRONMENT)
    return person


@pytest.mark.parametrize(("width", "language"), [("desk", "mn"), ("phone", "mn"), ("desk", "en"), ("phone", "en")])
def test_every_page_of_the_desk_is_sound(
    stack: Stack, visit: Window, officer: dict[str, Any], fresh_citizen: Citizen, width: str, language: str
) -> None:
    code = service()
    case_id = arrived(fresh_citizen(), code)
    pages = (
        "/desk/", "/desk/?list=late", f"/desk/?service={code}", f"/desk/{case_id}", f"/desk/{case_id}/correction", f"/desk/{case_id}/messages",
        "/desk/settings",
    )  # fmt: skip
    with visit(width) as v:
        v.sign_in(officer)
        if language == "en":
            v.open("/language/en?next=/desk/")
        for number, path in enumerate(pages):
            v.open(path)
            v.picture(f"desk-{width}-{language}-{number}")
            v.is_sound()
    with visit(width) as v:
        v.sign_in(stack.addresses["persons"]["anu"])
        if language == "en":
            v.open("/language/en?next=/admin/")
        v.open("/admin/calendar")
        v.picture(f"calendar-{width}-{language}")
        v.is_sound()


def test_a_list_of_more_than_a_page_leads_on(visit: Window, officer: dict[str, Any], fresh_citizen: Citizen) -> None:
    from toono.services.queries.desk import PAGE

    code, citizen = service(), fresh_citizen()
    for _ in range(PAGE + 1):
        arrived(citizen, code)
    for width in ("phone", "desk"):
        with visit(width) as v:
            v.sign_in(officer)
            v.open(f"/desk/?service={code}")
            assert v.page.locator("[data-desk-list] > li").count() == PAGE
            v.is_sound()
            v.page.locator("a[rel=next]").click()
            assert v.page.locator("[data-desk-list] > li").count() == 1


def test_an_officer_decides_without_touching_the_mouse(visit: Window, officer: dict[str, Any], fresh_citizen: Citizen) -> None:
    code = service()
    for _ in range(2):
        arrived(fresh_citizen(), code)
    with visit("desk") as v:
        v.sign_in(officer)
        v.open(f"/desk/?service={code}")
        keys = v.page.keyboard
        keys.press("j")
        keys.press("j")
        keys.press("k")
        keys.press("Enter")
        v.page.wait_for_url("**/desk/*-*#case")
        assert v.page.locator("fieldset[data-of-action=grant]").is_hidden()
        keys.press("2")  # grant
        v.page.locator("#fill-grant-permitted").fill("200")
        v.page.locator("#fill-grant-permitted").blur()
        keys.press("s")
        keys.press("Enter")
        v.page.locator(".govuk-error-summary").wait_for()  # 90 at most
        assert v.page.locator("#fill-grant-permitted").input_value() == "200"
        v.is_sound()
        v.page.locator("#fill-grant-permitted").fill("60")
        v.page.locator("main form[action*='/decision'] button").click()
        v.page.wait_for_url("**decided=1**")
        assert "Саналаа буцааж авах" in v.page.locator("main").inner_text()  # a second officer must confirm
        v.is_sound()


def test_the_desk_works_with_scripts_off(visit: Window, officer: dict[str, Any], fresh_citizen: Citizen) -> None:
    code = service()
    cases = [arrived(fresh_citizen(), code) for _ in range(2)]
    with visit("phone", script=False) as v:
        v.sign_in(officer)
        v.open(f"/desk/{cases[0]}")
        v.page.locator("button[value=take]").click()
        assert v.page.locator("button[value=give_back]").is_visible()
        v.open(f"/desk/?service={code}")
        for case_id in cases:
            v.page.locator(f"#c-{case_id}").check()
        v.page.locator("#several-refuse").check()
        v.page.locator("#ground").select_option("too_much")
        v.page.locator("#reason").fill("Хэмжээ их.")
        v.page.locator("#several button").click()
        assert "2 хүсэлтээс 2 шийдэгдлээ" in v.page.locator("main").inner_text()
