"""Errors become one kind of page, or one kind of document."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from lxml import html

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
NUMBER = r"[2-9B-Z]{4}-[2-9B-Z]{4}"


@pytest.fixture
def requests(stack: Any) -> Any:
    """Makes Django's requests without a server, so that faults can be put in."""
    from django.test import RequestFactory

    return RequestFactory()


def _text(content: bytes) -> str:
    return " ".join(html.fromstring(content.decode()).xpath("string(//main)").split())


def test_an_unknown_address_is_a_page_with_a_way_on_and_a_number(stack: Any) -> None:
    answer = httpx.get(stack.base_url + "/no/such/page", headers=BROWSER)
    page = html.fromstring(answer.text)
    assert answer.status_code == 404
    assert page.xpath("string(//h1)") == "Ийм хуудас олдсонгүй"
    assert page.xpath("//form[@role='search']") and re.search(NUMBER, answer.text)


def test_a_program_gets_a_problem_document(stack: Any) -> None:
    answer = httpx.get(stack.base_url + "/no/such/page", headers={"Accept": "application/json"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 404 and problem["code"] == "toono.not_found" and problem["title"] == "No such thing."
    assert httpx.get(stack.base_url + "/pki/no/such").headers["Content-Type"] == "application/problem+json"
    assert "text/html" in httpx.get(stack.base_url + "/pki/no/such", headers=BROWSER).headers["Content-Type"]


def test_a_form_without_its_token_says_what_became_of_the_work(stack: Any) -> None:
    answer = httpx.post(stack.base_url + "/preferences", data={"text_size": "100"}, headers=BROWSER)
    assert answer.status_code == 403
    assert "хадгалагдаагүй" in _text(answer.content)


def test_a_form_that_is_too_large_is_refused_with_a_page(stack: Any) -> None:
    client = httpx.Client(base_url=stack.base_url, headers=BROWSER)
    client.get("/preferences")
    answer = client.post("/preferences", data={"next": "x" * (6 * 1024 * 1024)})
    assert answer.status_code == 413
    assert "хэт том" in _text(answer.content)


def test_nothing_technical_reaches_the_reader(requests: Any, caplog: pytest.LogCaptureFixture) -> None:
    from toono.ui.faults import answer

    response = answer(requests.get("/x"), RuntimeError("password=hunter2 in /srv/secret.py"))
    assert response.status_code == 500 and response["Retry-After"] == "30" and response["Cache-Control"] == "no-store"
    text = response.content.decode()
    assert "hunter2" not in text and "secret" not in text and "RuntimeError" not in text
    assert "хоёр удаа илгээсэн ч давхардахгүй" in text
    (number,) = set(re.findall(NUMBER, _text(response.content)))
    assert number in caplog.text and "hunter2" in caplog.text


def test_a_database_that_is_away_is_a_moment_and_not_an_error_of_the_reader(requests: Any) -> None:
    from django.db import OperationalError

    from toono.ui.faults import answer

    response = answer(requests.get("/x"), OperationalError("connection refused"))
    assert response.status_code == 503
    assert "connection" not in response.content.decode()


def test_a_page_of_a_fault_asks_nobody_anything(requests: Any) -> None:
    """The frame of a page about a silent database must not ask the database who the reader is."""
    from toono.ui.faults import answer

    class Nobody:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"the page asked for {name}")

    request = requests.get("/x")
    request.actors = (Nobody(),)
    request.person = Nobody()
    assert answer(request, RuntimeError("x")).status_code == 500


def test_a_rooms_own_error_keeps_its_words_and_status_in_both_languages(requests: Any) -> None:
    from django.utils import translation

    from toono.kernel.errors import Conflict
    from toono.ui.faults import answer

    assert "аль хэдийн хийгдсэн" in answer(requests.get("/x"), Conflict("twice")).content.decode()
    with translation.override("en"):
        response = answer(requests.get("/x"), Conflict("twice"))
    assert response.status_code == 409 and "This has been done already" in response.content.decode()


def test_an_exception_before_the_view_becomes_the_same_page(requests: Any) -> None:
    from toono.ui.views import server_error

    try:
        raise RuntimeError("in a middleware")
    except RuntimeError:
        response = server_error(requests.get("/x"))
    assert response.status_code == 500 and "Манай талд алдаа гарлаа" in response.content.decode()
