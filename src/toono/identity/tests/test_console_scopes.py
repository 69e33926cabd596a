"""Which scopes the pages of the console offer: to a system that works those of a person's data too, to one for trials not."""

# ruff: noqa: F811 - fixtures of another module, by their names
from __future__ import annotations

from typing import Any

import pytest

from toono.identity.tests.test_console_parties import appointed, codes  # noqa: F401 - fixtures
from toono.identity.tests.test_console_roles import window  # noqa: F401 - fixture
from toono.kernel.actor import Role


def boxes(person: Any, name: str) -> dict[str, str]:
    """The choices of a field, and the words beside them."""
    found = person.page.xpath(f"//input[@name='{name}']")
    return {box.get("value"): " ".join(person.page.xpath(f"//label[@for='{box.get('id')}']")[0].text_content().split()) for box in found}


@pytest.mark.parametrize(("stage", "offered"), [
    ("production", {"register", "profile", "offline_access"}), ("test", {"offline_access"}),
])  # fmt: skip
def test_a_registration(window: Any, codes: list[str], stage: str, offered: set[str]) -> None:
    person, _ = window(Role.ADMINISTRATOR)
    person.open(f"/identity/systems/new?kind=web&stage={stage}&organisation={codes[0]}")
    shown = boxes(person, "scope")
    assert shown.keys() == offered and shown.get("profile", "Бүтэн нэр").startswith("Бүтэн нэр")


def test_a_statement_with_the_name(window: Any, codes: list[str]) -> None:
    person, _ = window(Role.ADMINISTRATOR)
    person.open("/identity/systems/statements")
    shown = boxes(person, "scopes")
    assert shown.keys() == {"register", "profile", "offline_access"} and shown["profile"].startswith("Бүтэн нэр")
    form = person.form(field="client_name")
    wished = {"organisation": codes[0], "client_name": "Дэлгүүр", "grants": "authorization_code", "scopes": "profile", "hosts": "shop.mn"}
    data = dict(form.form_values()) | wished
    answer = person.client.post("/identity/systems/statements", data=data, headers={"Referer": str(person.answer.url)})
    assert answer.status_code == 200 and "software_statement" in answer.text
