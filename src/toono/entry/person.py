"""A person at a browser without JavaScript: opens pages, follows links, fills forms, reads the phone. For the tour, tests and benchmarks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
from lxml import html


class PageError(Exception):
    """The page is not what the person expected; the message says which page and what was looked for."""


class Person:
    """One browser with its cookies. ``sms`` gives the texts on the person's phone, newest last."""

    def __init__(self, base_url: str, sms: Callable[[], list[str]] = lambda: [], *, language: str = "mn") -> None:
        self.client = httpx.Client(base_url=base_url, follow_redirects=True, timeout=30, headers={"Accept-Language": language})
        self.sms = sms
        self.answer: httpx.Response
        self.page: Any

    def open(self, path: str) -> Any:
        """GET ``path`` and look at it."""
        return self._look(self.client.get(path))

    def _look(self, answer: httpx.Response) -> Any:
        self.answer = answer
        self.page = html.fromstring(answer.text) if "html" in answer.headers.get("content-type", "") else None
        return self.page

    @property
    def path(self) -> str:
        return self.answer.url.path

    @property
    def text(self) -> str:
        """All words of the page's main part."""
        return " ".join(self.page.xpath("string(//main | //body[not(//main)])").split())

    @property
    def heading(self) -> str:
        return " ".join(self.page.xpath("string(//h1)").split())

    def follow(self, words: str) -> Any:
        """Click the first link whose text has ``words``."""
        for link in self.page.xpath("//a[@href]"):
            if words in " ".join(link.text_content().split()):
                return self.open(str(self.answer.url.join(link.get("href"))))
        raise PageError(f"{self.path}: no link «{words}»")

    def form(self, *, button: str | None = None, field: str | None = None) -> Any:
        """The form of the main part that has this button text or this field."""
        for form in self.page.xpath("//main//form | //body[not(//main)]//form"):
            buttons = [" ".join(b.text_content().split()) for b in form.xpath(".//button")]
            if (button is None or any(button in b for b in buttons)) and (field is None or form.xpath(f".//*[@name='{field}']")):
                return form
        raise PageError(f"{self.path}: no form with button «{button}» or field «{field}»; the page says: {self.text[:300]}")

    def press(self, button: str | None = None, *, form: Any = None, **values: str) -> Any:
        """Fill ``values`` in and press the button, as a browser would send it."""
        form = form if form is not None else self.form(button=button, field=next(iter(values), None))
        data = dict(form.form_values())
        data.update(values)
        for pressed in form.xpath(".//button[@name]"):
            if button and button in " ".join(pressed.text_content().split()):
                data[pressed.get("name")] = pressed.get("value", "")
        target = str(self.answer.url.join(form.get("action") or self.answer.url.raw_path.decode()))
        if (form.get("method") or "get").lower() == "get":
            return self._look(self.client.get(target, params=data))
        return self._look(self.client.post(target, data=data, headers={"Referer": str(self.answer.url)}))

    def answer_only_field(self, value: str) -> Any:
        """Fill the one text field that the page asks for and continue."""
        fields = self.page.xpath("//main//form//input[not(@type) or @type='text' or @type='tel' or @type='number'][@name]")
        if not fields:
            raise PageError(f"{self.path}: nothing to fill in; the page says: {self.text[:300]}")
        form = next(fields[0].iterancestors("form"))
        return self.press(form=form, **{fields[0].get("name"): value})

    def sign_in(self, regnum: str, *, path: str = "/sign-in") -> None:
        """Sign in by register number and the code that comes by SMS."""
        before = len(self.sms())
        self.open(path)
        self.answer_only_field(regnum)
        self.answer_only_field(self.code(after=before))

    def code(self, *, after: int, timeout_seconds: float = 15) -> str:
        """The six digits of the first text that came after ``after`` texts."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            for text in self.sms()[after:]:
                found = re.search(r"\b\d{6}\b", text)
                if found:
                    return found.group()
            time.sleep(0.05)
        raise PageError(f"no code came to the phone within {timeout_seconds} s")

    def wait_for(self, words: str, *, timeout_seconds: float = 30) -> Any:
        """Look at the same page again until it has ``words``."""
        deadline = time.monotonic() + timeout_seconds
        while words not in self.text:
            if time.monotonic() > deadline:
                raise PageError(f"{self.path}: «{words}» did not appear; the page says: {self.text[:300]}")
            time.sleep(0.1)
            self.open(self.path)
        return self.page
