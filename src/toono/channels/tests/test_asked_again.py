"""What the state still asks twice is public: question, register, law, last day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from toono.services.contracts import AskedAgain, Text

if TYPE_CHECKING:
    from tests.stage import Stack


def test_the_page_is_open_to_everybody_and_says_that_nothing_is_asked_twice(stack: Stack) -> None:
    page = stack.http.get(f"{stack.base_url}/services/asked-again")
    assert page.status_code == 200
    assert "Төр одоо ч дахин асуудаг зүйлс" in page.text


def test_an_exemption_is_shown_with_its_law_and_its_end(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test import Client

    from toono.services import api

    def words(mn: str) -> Text:
        return Text(mn=mn, en=mn)

    one: Any = AskedAgain(
        service="address-reference", service_name=words("Лавлагаа"), organisation_name=words("УБЕГ"), question=words("Утасны дугаар?"),
        known_as=words("Утас"), source=words("Хүн амын бүртгэл"), law=words("Харилцаа холбооны тухай хууль"), article=words("7"),
        until="2027-06-30",
    )  # fmt: skip
    monkeypatch.setattr(api, "exemptions", lambda: (one,))
    page = Client(SERVER_NAME=urlsplit(stack.base_url).hostname or "").get("/services/asked-again").content.decode()
    for shown in ("Утасны дугаар?", "Хүн амын бүртгэл", "Харилцаа холбооны тухай хууль, 7", "2027.06.30"):
        assert shown in page
