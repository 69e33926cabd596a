"""Persons at a browser without JavaScript, signed in through the real pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def at_browser(stack: Any) -> Callable[[dict[str, Any]], Any]:
    """A browser at which this person of the register has signed in."""
    from toono.entry.person import Person

    def sit_down(person: dict[str, Any]) -> Any:
        phone = person["phone"]
        browser = Person(stack.base_url, sms=lambda: stack.sms(phone))
        browser.client.headers["Accept"] = "text/html"
        browser.sign_in(person["regnum"])
        return browser

    return sit_down


@pytest.fixture
def citizen(at_browser: Callable[[dict[str, Any]], Any], fresh_person: Callable[[], dict[str, Any]]) -> Any:
    """Somebody whom no other test has used."""
    return at_browser(fresh_person())


@pytest.fixture
def officer(at_browser: Callable[[dict[str, Any]], Any], stack: Any) -> Any:
    """Оюун at her desk."""
    return at_browser(stack.addresses["persons"]["oyun"])
