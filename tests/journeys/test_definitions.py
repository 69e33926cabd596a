"""The pages of definitions in Chromium: the list, a service, a life event for everybody; the editor for an analyst, the review for an administrator."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.stage import Stack
from toono.kernel.ids import public_code
from toono.services.tests.test_editing import permit

Window = Callable[..., Any]
PUBLIC = (
    "/services/", "/services/?q=ус&level=dundgovi", "/services/?page=2", "/services/water-use-permit/", "/services/vehicle-certificate-exchange/",
    "/life/drilling-a-well/", "/life/child-born/", "/services/asked-again",
)  # fmt: skip


@pytest.mark.parametrize(("width", "locale"), [("phone", "mn-MN"), ("desk", "en-GB")])
def test_what_is_offered_is_sound_for_everybody(visit: Window, width: str, locale: str) -> None:
    with visit(width, locale=locale) as v:
        for path in PUBLIC:
            v.open(path)
            v.is_sound()


def test_a_list_of_services_is_light_enough_for_a_slow_line(stack: Stack, visit: Window) -> None:
    """Over 2G (about 4 kB a second) a page of the list takes some seconds: its words are what counts, style and font are kept."""
    import gzip

    for path in PUBLIC[:6]:
        page = stack.http.get(stack.base_url + path, headers={"Accept-Encoding": "identity"}).content
        assert len(gzip.compress(page)) < 14_000, path


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_an_analyst_writes_and_an_administrator_approves(stack: Stack, visit: Window, width: str) -> None:
    code = f"drafted-{public_code(8).lower()}"
    files = permit(code)
    with visit(width) as v:
        v.open("/")
        v.sign_in(stack.addresses["persons"]["enkhjin"])
        v.open("/editor/")
        v.is_sound()
        v.page.locator("#code").fill(code)
        v.page.locator("form:has(#code) button").click()
        v.page.wait_for_url(re.compile(r"/editor/[0-9a-f-]{36}$"))
        v.is_sound()
        path = "/" + v.page.url.split("/", 3)[3]
        for name, file in (("service", "service.yaml"), ("document", "document.typ"), ("tests", "tests.yaml")):
            v.open(f"{path}/text/{name}")
            v.page.locator("textarea[name=text]").fill(files[file])
            v.page.locator("form:has(textarea) button").click()
            v.page.wait_for_url(re.compile("saved=1"))
            v.is_sound()
        for sheet in ("names", "questions", "term", "grounds", "questions/amount", "grounds/no_reserve"):
            v.open(f"{path}/form/{sheet}")
            v.is_sound()
        v.open(f"{path}/preview?walk.as=herder")
        v.page.locator("button", has_text="Үргэлжлүүлэх").click()
        v.page.locator(".govuk-error-message").first.wait_for()
        v.is_sound()
        v.open(path)
        v.page.get_by_role("button", name="Туршилтыг ажиллуулах").click()
        v.page.get_by_text("Бүгд хэлсний дагуу").wait_for(timeout=60_000)
        v.is_sound()
        v.page.get_by_role("button", name="Хянуулахаар өгөх").click()
        v.page.get_by_text("Хянуулахаар өгсөн").wait_for()
    with visit(width) as anu:
        anu.open("/")
        anu.sign_in(stack.addresses["persons"]["anu"])
        anu.open("/admin/definitions/")
        anu.is_sound()
        anu.open(path.replace("/editor/", "/admin/definitions/"))
        anu.is_sound()
        anu.page.get_by_role("button", name="Батлах").click()
        anu.page.get_by_role("button", name="Нийтлэх").click()
        anu.page.get_by_text("Нийтэлсэн").first.wait_for()
        anu.is_sound()
