"""A person is led to the page of consent by the bank's own page and back to it, in a browser that holds the page to its own policy."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.bank_page import registered_page
from tests.journeys.conftest import WIDTHS, Visit
from tests.stage import Stack


@pytest.mark.parametrize(("button", "told"), [("agree", "given"), ("refuse", "refused")])
def test_the_browser_goes_back_to_the_registered_page(
    stack: Stack, chromium: Browser, person: dict[str, Any], button: str, told: str
) -> None:
    width, height = WIDTHS["phone"]
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="mn-MN")
    try:
        with registered_page() as address:
            visit = Visit(context.new_page(), stack)
            visit.sign_in(person)
            visit.open(f"/consents/ask?agreement=khasar-bank-loans-profile&return_to={address}&state=case-7")
            visit.page.locator(f"button[value={button}]").click()
            visit.page.wait_for_url(f"{address}?consent={told}&state=case-7")
            assert visit.page.locator("h1").inner_text() == "Хасар банк"
    finally:
        context.close()
