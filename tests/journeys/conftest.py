"""A real browser: Chromium at a phone's and a desk's width, failing on any console error, judged by axe-core."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.stage import ROOT, Stack

AXE = ROOT / "src" / "toono" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = {"phone": (360, 740), "desk": (1280, 900)}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    # Playwright keeps an event loop in this thread, which makes Django believe that it is called from async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright_driver: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, or whichever stands on the path, or Playwright's own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    browser = playwright_driver.chromium.launch(executable_path=path, args=FLAGS)
    yield browser
    browser.close()


@dataclass
class Visit:
    """One person's browser window, and everything that went wrong in it."""

    page: Page
    stack: Stack
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.stack.base_url + path)

    def sign_in(self, who: dict[str, Any]) -> None:
        """Through the pages, with the code from the phone."""
        before = len(self.stack.sms(who["phone"]))
        self.open("/sign-in")
        self.page.locator("main input[type=text]").first.fill(who["regnum"])
        self.page.locator("main button").first.click()
        code = self.stack.wait(lambda: _six_digits(self.stack.sms(who["phone"])[before:]))
        self.page.locator("main input[type=text]").first.fill(code)
        self.page.locator("main button").first.click()
        self.page.wait_for_url(lambda url: "/identity/" not in url and "/oidc/" not in url and "/callback" not in url)

    def picture(self, name: str) -> None:
        """The whole page as ``<name>.png`` in the folder that ``SCREENSHOTS`` names, if it names one."""
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    def is_sound(self) -> None:
        """No axe violation (WCAG 2.2 A and AA), no sideways scrolling, no console error so far."""
        self.page.add_script_tag(content=AXE.read_text()) if not self.page.evaluate("() => !!window.axe") else None
        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
        found = self.page.evaluate("(options) => axe.run(document, options)", options)
        assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]] == [], self.page.url
        width = self.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1], f"{self.page.url} scrolls sideways: {width}"
        assert self.faults == [], self.page.url


def _six_digits(texts: list[str]) -> str:
    import re

    return next((m.group() for t in texts if (m := re.search(r"\b\d{6}\b", t))), "")


@pytest.fixture
def visit(stack: Stack, chromium: Browser) -> Callable[..., Any]:
    """``with visit("phone") as v:`` a fresh window; ``script=False`` switches JavaScript off."""

    @contextmanager
    def window(width: str = "phone", *, script: bool = True, locale: str = "mn-MN", **options: Any) -> Iterator[Visit]:
        size = WIDTHS[width]
        # axe is put in by the test, past the page's own policy; what the page itself does is still held to the policy's word by the header test.
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=script,
            locale=locale,
            timezone_id="Asia/Ulaanbaatar",
            bypass_csp=True,
            **options,
        )
        page = context.new_page()
        visit = Visit(page, stack)
        page.on("console", lambda m: visit.faults.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: visit.faults.append(str(e)))
        # what a next click cut off is no fault
        page.on("requestfailed", lambda r: None if "ERR_ABORTED" in str(r.failure) else visit.faults.append(f"{r.url} {r.failure}"))
        try:
            yield visit
        finally:
            visit.picture(f"last-{width}")
            context.close()

    return window


@pytest.fixture
def person(fresh_person: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A made-up citizen whom no other test uses."""
    return fresh_person()


@pytest.fixture
def signed_in(stack: Stack, chromium: Browser, person: dict[str, Any]) -> Iterator[Page]:
    """Somebody who is signed in, in a window that is held to the pages' own policy, as :func:`visit` is not."""
    width, height = WIDTHS["phone"]
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="mn-MN")
    visit = Visit(context.new_page(), stack)
    visit.sign_in(person)
    yield visit.page
    context.close()
