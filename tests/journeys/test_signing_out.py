"""Signing out where another site sent the person with an address that cannot be trusted: at a shared computer, by the keyboard, with and without script."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.journeys.conftest import Visit


@pytest.mark.parametrize(("width", "script"), [("phone", True), ("desk", True), ("desk", False)])
def test_by_the_keyboard_out_of_a_false_request(
    visit: Callable[..., AbstractContextManager[Visit]], person: dict[str, Any], width: str, script: bool
) -> None:
    with visit(width, script=script) as v:
        v.sign_in(person)
        v.open("/oidc/end-session?post_logout_redirect_uri=https://evil.example/")
        v.faults.clear()  # the browser names the status 400
        assert v.page.locator("h1").inner_text() == "Гарах уу?" and "итгэх боломжгүй" in v.page.locator("main").inner_text()
        if script:
            v.is_sound()
        v.picture(f"sign-out-{width}")
        v.page.get_by_role("button", name="Гарах", exact=True).last.focus()
        v.page.keyboard.press("Enter")
        v.page.wait_for_url("**/oidc/end-session/confirm")
        assert v.page.locator("h1").inner_text() == "Та гарлаа"
        if script:
            v.is_sound()
        v.open("/identity/sessions")
        assert "/identity/sign-in" in v.page.url
