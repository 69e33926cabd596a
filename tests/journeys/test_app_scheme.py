"""An app on a phone takes its answer at a scheme of its own: a browser that holds forms to the page's policy lets it go there (RFC 8252 §7.1)."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route

from tests.stage import Stack

APP = "com.example.app:/callback"


@pytest.fixture
def address(stack: Stack) -> str:
    import toono.identity.api as identity
    from toono.kernel.actor import system

    metadata: dict[str, object] = {
        "client_name": "Апп",
        "redirect_uris": [APP],
        "scope": "openid register",
        "token_endpoint_auth_method": "none",
    }
    made = identity.register_client(actor=system("tests"), client_id=f"app-{uuid4().hex[:8]}", metadata=metadata)
    asked = {
        "response_type": "code", "client_id": made.client_id, "redirect_uri": APP, "scope": "openid register", "code_challenge": "e" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"/oidc/authorize?{urlencode(asked)}"


def handed_over(page: Page, stack: Stack, address: str) -> str:
    """Where the browser's way ended after the button: at the address that it could not show itself, or before it, where it was held."""
    ended: list[str] = []
    page.on("requestfailed", lambda request: ended.append(request.url))
    page.goto(stack.base_url + address)
    with page.expect_event("requestfailed"):
        page.locator("button[value=agree]").click()
    [place] = ended
    return place


def test_the_browser_hands_the_answer_to_the_app(signed_in: Page, stack: Stack, address: str) -> None:
    assert handed_over(signed_in, stack, address).startswith(APP + "?code=")


def test_which_it_would_not_if_the_page_did_not_name_the_scheme(signed_in: Page, stack: Stack, address: str) -> None:
    """The twin: the same page, its policy without the scheme."""

    def without(route: Route) -> None:
        found = route.fetch(max_redirects=0)
        policy = found.headers["content-security-policy"].replace(" com.example.app:", "")
        route.fulfill(response=found, headers=found.headers | {"content-security-policy": policy})

    signed_in.route("**/identity/consent?*", lambda route: without(route) if route.request.method == "GET" else route.continue_())
    assert "/oidc/authorize/" in handed_over(signed_in, stack, address)
