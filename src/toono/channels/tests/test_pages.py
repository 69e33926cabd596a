"""What holds for every page of the portal."""

from __future__ import annotations

import gzip
import re
from typing import Any

from lxml import html

from toono.channels.tests.steps import apply_for_water, order_reference

CYRILLIC = re.compile(r"[а-яөүё]{3,}", re.IGNORECASE)


def _own_pages(browser: Any) -> list[str]:
    reference = order_reference(browser)
    document = browser.page.xpath("string(//a[contains(., 'Баримтаа үзэх')]/@href)")
    permit = apply_for_water(browser)
    fixed = ["/", "/services/", "/services/address-reference/", "/services/water-use-permit/", "/my/", "/my/inbox", "/my/readings"]
    return [*fixed, reference, document, permit, f"{reference}/rate"]


def test_every_page_is_small_alone_in_its_heading_and_free_of_inline_code(citizen: Any) -> None:
    for path in _own_pages(citizen):
        page = citizen.open(path)
        assert citizen.answer.status_code == 200, path
        assert len(gzip.compress(citizen.answer.content)) <= 14 * 1024, path
        assert len(page.xpath("//h1")) == 1, path
        assert not page.xpath("//*[@style] | //style | //script[not(@src)] | //*[@onclick]"), path
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        for field in page.xpath("//main//input[not(@type='hidden')] | //main//select | //main//textarea"):
            assert page.xpath(f"//label[@for='{field.get('id')}']"), (path, field.get("name"))


def test_in_english_every_word_of_ours_is_english(citizen: Any) -> None:
    paths = _own_pages(citizen)
    citizen.client.cookies.set("language", "en")
    for path in paths:
        page = html.fromstring(citizen.client.get(path).text)
        assert page.get("lang") == "en"
        for place in page.xpath("//main//h1 | //main//h2 | //main//button | //main//label | //main//legend | //main//summary | //footer"):
            words = place.text_content().strip()
            if not words.startswith("Hello, "):
                assert not CYRILLIC.search(words), (path, words)
