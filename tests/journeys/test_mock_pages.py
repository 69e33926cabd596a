"""The mock's pages in Chromium: a developer signs in to their client as somebody else, breaks an answer, and checks the client by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from tests.conformance.test_identity_mock import PEOPLE, OpenIdParty, Party, free_port, listening
from tests.journeys.conftest import WIDTHS, Visit
from toono.identity.domain.oidc import device_grant
from toono.identity.mock import server
from toono.identity.mock.world import World

Window = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture
def world() -> Iterator[World]:
    port = free_port()
    found = World(issuer=f"http://127.0.0.1:{port}", people=PEOPLE)
    with server.serving(found, host="127.0.0.1", port=port):
        yield found


@pytest.fixture
def party(world: World) -> Iterator[Party]:
    with listening(OpenIdParty(world.issuer)) as found:
        yield found


@pytest.fixture
def window(chromium: Browser) -> Window:
    """A fresh browser window; the platform is not needed. ``policy``: held to the pages' own policy, which keeps axe out."""

    @contextmanager
    def opened(width: str, language: str = "mn", *, script: bool = True, policy: bool = False) -> Iterator[Visit]:
        size = WIDTHS[width]
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, locale={"mn": "mn-MN", "en": "en-GB"}[language], java_script_enabled=script,
            bypass_csp=not policy,
        )  # fmt: skip
        page = context.new_page()
        stack: Any = None
        visit = Visit(page, stack)
        page.on("console", lambda m: visit.faults.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: visit.faults.append(str(e)))
        yield visit
        context.close()

    return opened


def sound(v: Visit, name: str) -> None:
    v.picture(f"mock-{name}")
    v.is_sound()


@pytest.mark.parametrize(("width", "language"), [("phone", "mn"), ("desk", "en"), ("phone", "en"), ("desk", "mn")])
def test_every_page_of_the_mock_is_sound(world: World, party: Party, window: Window, width: str, language: str) -> None:
    def look(name: str) -> None:
        sound(v, f"{name}-{width}-{language}")

    with window(width, language) as v:
        v.page.goto(party.base + "/login")
        look("sign-in")
        v.page.locator("#person-herder").click()
        look("consent")
        v.page.locator("button[value=agree]").click()
        v.page.wait_for_url("**/me")
        assert v.page.inner_text("body") == PEOPLE[0].given_name
        v.page.goto(world.issuer + "/mock")
        look("control")
        v.page.goto(world.issuer + "/oidc/end-session?client_id=shop")
        look("confirm")
        v.page.locator("main button").click()
        look("signed-out")
        v.page.goto(world.issuer + "/mock/check")
        look("check-begin")
        v.page.locator("button[value=begin]").click()
        look("check-now")
        v.page.goto(party.base + "/login")
        v.page.locator("#person-director").click()
        v.page.locator("button[value=agree]").click()
        v.page.wait_for_url("**/me")
        v.page.goto(world.issuer + "/mock/check")
        v.page.locator("button[value=look]").click()
        look("check-passed")
        world.inspection.begin("userinfo_sub")
        v.page.goto(party.base + "/logout")
        v.page.goto(party.base + "/login")
        v.page.locator("#person-director").click()
        v.page.wait_for_url("**/callback**")
        v.faults.clear()  # the client says 403, which is what it should
        v.page.goto(world.issuer + "/mock/check")
        look("check-question")
        world.inspection.begin("another_browser")
        v.page.goto(party.base + "/login")
        look("handed-over")
        world.inspection.leave_out("another_browser")
    with window(width, language) as v:
        v.page.goto(world.issuer + "/mock/sign-in?flow=none")
        v.faults.clear()  # the status of the page itself
        look("over")
        v.page.goto(world.issuer + "/oidc/authorize?client_id=a")
        v.faults.clear()
        look("refused")


@pytest.mark.parametrize(("width", "language"), [("phone", "mn"), ("desk", "en")])
def test_what_is_asked_elsewhere_is_answered_on_pages(world: World, window: Window, width: str, language: str) -> None:
    """A device's code typed and agreed to; a client's request refused; a statement issued. Each page is sound."""

    def look(name: str) -> None:
        sound(v, f"{name}-{width}-{language}")

    form = {
        "client_id": "kiosk",
        "client_secret": "k",
        "scope": "openid register offline_access",
        "resource": "https://registers.example/api",
    }
    asked = httpx.post(world.issuer + "/oidc/device-authorization", data=form).raise_for_status().json()
    by_phone = form | {"login_hint": PEOPLE[1].regnum, "binding_message": "A-17"}
    httpx.post(world.issuer + "/oidc/backchannel-authentication", data=by_phone).raise_for_status()
    httpx.post(world.issuer + "/oidc/backchannel-authentication", data=by_phone | {"login_hint": "АА00210101"}).raise_for_status()
    with window(width, language) as v:
        v.page.goto(world.issuer + "/identity/device")
        look("device")
        v.page.locator("#user_code").fill("BCDF")
        v.page.keyboard.press("Enter")
        v.page.wait_for_selector(".govuk-error-summary")
        look("device-unknown")
        v.page.goto(asked["verification_uri_complete"])
        v.page.locator("main button").click()
        v.page.wait_for_url("**/mock/requests/*")
        v.page.locator("#person").select_option("elder")
        look("approve-device")
        v.page.locator("button[value=agree]").click()
        v.page.wait_for_selector("button[value=agree]", state="detached")
        look("agreed")
        v.page.goto(world.issuer + "/mock/requests")
        look("requests")
        v.page.locator("main li a").first.click()
        look("approve-phone")
        v.page.locator("button[value=refuse]").click()
        v.page.wait_for_selector("button[value=refuse]", state="detached")
        look("refused-by-person")
        v.page.goto(world.issuer + "/mock/requests")
        v.page.locator("main li a").first.click()
        look("approve-nobody")
        v.page.goto(world.issuer + "/mock")
        look("control-flows")
        v.page.locator("form[action='/mock/statement'] button").click()
        look("statement")
        assert v.page.locator("#statement").inner_text().count(".") == 2
        v.page.goto(world.issuer + "/mock")
        v.page.locator("#redirect_hosts").fill("https://wrong")
        with v.page.expect_event("console"):  # the status of the page itself
            v.page.locator("form[action='/mock/statement'] button").click()
        v.page.wait_for_load_state()
        v.faults.clear()
        look("statement-wrong")
    poll = form | {"grant_type": device_grant.GRANT, "device_code": asked["device_code"]}
    assert httpx.post(world.issuer + "/oidc/token", data=poll).status_code == 200


@pytest.mark.parametrize("script", [True, False])
def test_an_answer_by_form_arrives_with_script_and_without(world: World, window: Window, script: bool) -> None:
    """Held to the page's own policy, which lets its one script run."""
    with listening(OpenIdParty(world.issuer, "any_browser", posted=True)) as party, window("phone", script=script, policy=True) as v:
        v.page.goto(party.base + "/login")
        v.page.locator("#person-elder").click()
        v.page.locator("button[value=agree]").click()
        if not script:
            v.page.locator("main button").click()
        v.page.wait_for_url("**/me")


def test_a_developer_breaks_the_next_answer_by_keyboard(world: World, party: Party, window: Window) -> None:
    with window("desk") as v:
        v.page.goto(world.issuer + "/mock")
        v.page.locator("#switch-denied").focus()
        v.page.keyboard.press("Space")
        v.page.locator("button[value=set]").focus()
        with v.page.expect_navigation():
            v.page.keyboard.press("Enter")
        assert world.armed == {"denied"}
        v.page.goto(party.base + "/login")
        v.page.locator("#person-blind").focus()
        with v.page.expect_navigation():
            v.page.keyboard.press("Enter")
        v.page.locator("button[value=agree]").focus()
        v.page.keyboard.press("Enter")
        v.page.wait_for_url("**/callback**")
        assert "access_denied" in v.page.url and world.armed == set()
