"""The console's question of the exception from PKCE: what is lost is said before it is ticked, and a second person decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.journeys.test_identity_console import Window, main, organisation_code, sound, staff  # noqa: F401
from tests.stage import Stack


@pytest.mark.parametrize(("width", "script"), [("phone", True), ("desk", True), ("phone", False)])
def test_a_system_without_pkce_is_warned_and_approved(
    visit: Window, stack: Stack, staff: Callable[..., dict[str, Any]], width: str, script: bool  # noqa: F811
) -> None:  # fmt: skip
    keeper, administrator = staff("representative", organisation_code(stack)), staff("administrator")
    name = f"Хуучин систем {uuid4().hex[:6]}"
    with visit(width, script=script) as v:
        v.sign_in(keeper)
        v.open("/identity/systems")
        v.page.get_by_role("button", name="Систем бүртгүүлэх").click()
        v.page.locator("input[name=kind][value=web]").check()
        v.page.locator("input[name=stage][value=production]").check()
        v.page.get_by_role("button", name="Үргэлжлүүлэх").click()
        v.page.locator("#client_name").fill(name)
        v.page.locator("#client_name_en").fill("Old system")
        v.page.locator("#redirect_uris").fill("https://old.gov.mn/cb")
        assert not v.page.locator("#guards-nonce").is_visible(), "folded away until it is looked for"
        v.page.get_by_text("PKCE илгээж чаддаггүй систем").click()
        assert "өөр хүний кодоор таны системд нэвтэрч болно" in main(v)
        v.page.locator("#guards-nonce").check()
        sound(v, "without-pkce")
        v.page.get_by_role("button", name="Зөвшөөрөл хүсэх").click()
        assert "Санал орлоо" in main(v)
        address = re.sub(r"\?.*", "", v.page.url.removeprefix(stack.base_url))
    with visit(width, script=script) as v:
        v.sign_in(administrator)
        v.open(address)
        assert re.search(r"PKCE шаардах\s+Үгүй", main(v))
        sound(v, "without-pkce-change")
        v.page.get_by_role("button", name="Зөвшөөрөх").click()
    with visit(width, script=script) as v:
        v.sign_in(keeper)
        v.open(f"/identity/systems?text={name[-6:]}")
        v.page.get_by_role("link", name=name).click()
        client_id = v.page.url.rpartition("/")[2]
        v.open(f"/identity/systems/change/{client_id}")
        assert v.page.locator("#guards-nonce").is_checked() and v.page.locator("#guards-nonce").is_visible()
