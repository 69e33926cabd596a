"""The frame of every page, as browsers get it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from lxml import html


@pytest.fixture
def visitor(stack: Any) -> httpx.Client:
    return httpx.Client(base_url=stack.base_url, headers={"Accept": "text/html"})


def _page(answer: httpx.Response) -> Any:
    return html.fromstring(answer.text)


def test_the_frame_speaks_mongolian_first_whatever_the_browser_asks(visitor: httpx.Client) -> None:
    answer = visitor.get("/accessibility", headers={"Accept-Language": "en-GB"})
    page = _page(answer)
    assert page.get("lang") == "mn" and answer.headers["Content-Language"] == "mn"
    assert page.xpath("string(//title)") == "Хүртээмжийн тухай – Тооно"
    assert page.xpath("//a[@href='#main']") and page.xpath("//main[@id='main']//h1")


def test_the_language_is_changed_by_a_link_that_leads_back(visitor: httpx.Client) -> None:
    link = _page(visitor.get("/accessibility")).xpath("string(//header//a[@lang='en']/@href)")
    moved = visitor.get(link)
    assert moved.status_code == 302 and moved.headers["Location"] == "/accessibility"
    page = _page(visitor.get("/accessibility"))
    assert page.get("lang") == "en" and page.xpath("string(//h1)") == "Accessibility"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_neither_language_nor_preferences_lead_to_another_site(visitor: httpx.Client, elsewhere: str) -> None:
    assert visitor.get("/language/en", params={"next": elsewhere}).headers["Location"] == "/"
    assert elsewhere not in visitor.get("/preferences", params={"next": elsewhere}).text


def test_an_unknown_language_is_no_page(visitor: httpx.Client) -> None:
    assert visitor.get("/language/xx").status_code == 404


def test_text_size_and_contrast_are_kept_by_the_server(visitor: httpx.Client) -> None:
    form = _page(visitor.get("/preferences?next=/accessibility")).xpath("//main//form")[0]
    values = dict(form.form_values()) | {"text_size": "200", "contrast": "high"}
    answer = visitor.post("/preferences", data=values, headers={"Referer": str(visitor.base_url)})
    assert answer.status_code == 302 and answer.headers["Location"] == "/accessibility"
    assert _page(visitor.get("/accessibility")).get("class") == "govuk-template toono-text-200 toono-contrast"
    chosen = _page(visitor.get("/preferences")).xpath("//input[@checked]/@value")
    assert chosen == ["200", "high"]


def test_a_forged_preference_is_taken_for_none(visitor: httpx.Client) -> None:
    visitor.cookies.set("display", '150"><script>.high')
    assert _page(visitor.get("/accessibility")).get("class") == "govuk-template toono-contrast"


def test_the_helpline_and_the_accessibility_statement_stand_on_every_page(visitor: httpx.Client, stack: Any) -> None:
    for path in ("/", "/accessibility", "/preferences", "/nothing-here"):
        footer = _page(visitor.get(path)).xpath("//footer")[0]
        assert stack.settings.helpline in footer.text_content()
        assert footer.xpath(".//a[@href='/accessibility']")


def test_pages_allow_no_inline_script_no_frame_and_nothing_from_elsewhere(visitor: httpx.Client) -> None:
    answer = visitor.get("/accessibility")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy and "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin" and "camera=()" in answer.headers["Permissions-Policy"]
    page = _page(answer)
    assert not page.xpath("//*[@style]") and not page.xpath("//style") and not page.xpath("//script[not(@src)]")
    assert not [a for a in page.xpath("//@src | //link/@href") if not a.startswith("/")]


def test_nobody_stores_the_page_of_somebody_who_is_signed_in(visitor: httpx.Client, browser_client: Any, stack: Any) -> None:
    assert visitor.get("/accessibility").headers["Cache-Control"] == "private, no-cache"
    client = browser_client(stack.addresses["persons"]["sarnai"]["regnum"])
    assert client.get("/accessibility").headers["Cache-Control"] == "no-store"


def test_built_files_are_kept_for_ever_and_travel_compressed(visitor: httpx.Client) -> None:
    address = _page(visitor.get("/")).xpath("string(//link[@rel='stylesheet']/@href)")
    answer = visitor.get(address, headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert "max-age=31536000" in answer.headers["Cache-Control"] and "public" in answer.headers["Cache-Control"]


def test_the_first_visit_stays_within_its_weight(visitor: httpx.Client) -> None:
    """What a new visitor's phone loads for the home page, compressed."""
    total = 0
    answer = visitor.send(visitor.build_request("GET", "/", headers={"Accept-Encoding": "gzip"}), stream=True)
    raw = b"".join(answer.iter_raw())
    assert len(raw) <= 14 * 1024
    total += len(raw)
    page = _page(visitor.get("/"))
    files = page.xpath("//link[@rel='stylesheet']/@href | //script/@src | //link[@rel='icon']/@href | //link[@rel='preload']/@href")
    for file in [*files, _bold()]:
        answer = visitor.send(visitor.build_request("GET", file, headers={"Accept-Encoding": "br"}), stream=True)
        total += len(b"".join(answer.iter_raw()))
    assert total <= 60 * 1024


def _bold() -> str:
    from toono.ui.api import static

    return static("noto-700.woff2")
