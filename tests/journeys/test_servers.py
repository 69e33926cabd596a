"""The administrator's pages for agencies' servers in Chromium: at both widths, in both languages, by keyboard and without script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.stage import Stack
from toono.pki.contracts import Profile
from toono.pki.tests.making import SUBJECT, code

Window = Callable[..., Any]


@pytest.fixture
def organisation(stack: Stack) -> str:
    """An organisation with a seal."""
    from toono.kernel.actor import system
    from toono.pki import api

    own = code()
    api.certificate_for(actor=system("tests"), key=f"seal/{own}", profile=Profile.SEAL, subject=SUBJECT)
    return own


@pytest.mark.parametrize(("width", "language", "script"), [("desk", "mn", True), ("phone", "mn", False), ("phone", "en", True)])
def test_names_are_entered_and_a_key_is_made(
    stack: Stack, visit: Window, organisation: str, width: str, language: str, script: bool
) -> None:
    def sound(v: Any) -> None:
        if script:  # the linter is a script itself
            v.is_sound()

    with visit(width, script=script) as v:
        v.sign_in(stack.addresses["persons"]["anu"])
        if language == "en":
            v.open("/language/en?next=/admin/")
        v.open("/admin/servers")
        sound(v)
        v.picture(f"servers-{width}-{language}")
        v.open(f"/admin/servers/{organisation}")
        v.page.locator("#name").fill("not a name")
        v.page.locator("#name").press("Enter")
        assert v.page.locator(".govuk-error-summary").is_visible()
        sound(v)
        v.page.locator("#name").fill(f"www.{organisation}.mn")
        v.page.locator("#name").press("Enter")
        assert v.page.get_by_text(f"www.{organisation}.mn").first.is_visible()
        v.page.locator("form:has(input[value=key]) button").press("Enter")
        assert "certbot register" in v.page.locator("pre").inner_text()
        sound(v)
        v.picture(f"servers-of-{width}-{language}")
