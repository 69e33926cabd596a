"""Finding a service, signed in or not."""

from __future__ import annotations

from typing import Any

import pytest

from toono.entry.person import Person


@pytest.fixture
def visitor(stack: Any) -> Person:
    person = Person(stack.base_url)
    person.client.headers["Accept"] = "text/html"
    return person


def test_the_home_page_leads_to_services_by_search_by_life_and_by_use(visitor: Person) -> None:
    page = visitor.open("/")
    assert page.xpath("//form[@role='search']//input[@name='q']")
    assert len(page.xpath("//section[@aria-labelledby='most-used']//ul//a")) == 10
    visitor.follow("Нүүх, шилжих")
    assert visitor.page.xpath("//a[@href='/services/address-reference/']")


def test_a_search_with_wrong_letters_finds_the_service(visitor: Person) -> None:
    visitor.open("/")
    visitor.press("Хайх", q="хаягын лавлогоо")
    assert visitor.page.xpath("(//main//ul//a)[1]/@href") == ["/services/address-reference/"]


def test_a_search_that_finds_nothing_says_what_to_do(visitor: Person, stack: Any) -> None:
    visitor.open("/services/?q=цщъцщъцщъ")
    assert "олдсонгүй" in visitor.text and stack.settings.helpline in visitor.text


def test_what_was_searched_is_shown_as_text_only(visitor: Person) -> None:
    visitor.open("/services/?q=<script>alert(1)</script>")
    assert visitor.page.xpath("//main//script") == [] and visitor.answer.status_code == 200


def test_the_page_of_a_service_tells_everything_before_one_starts(visitor: Person) -> None:
    visitor.open("/services/address-reference/")
    for words in ("Та юу авах вэ", "Хэн авч болох вэ", "Төлбөргүй", "Хэр удах вэ", "Бид мэддэг тул асуухгүй"):
        assert words in visitor.text


def test_a_visitor_signs_in_first_and_comes_back_to_the_service(visitor: Person) -> None:
    page = visitor.open("/services/address-reference/")
    assert page.xpath("string(//a[@id='start']/@href)") == "/sign-in?next=/services/address-reference/%23start"
    assert not page.xpath("//form[@method='post' and contains(@action, '/start')]")


def test_an_unknown_service_is_a_page_with_a_way_on(visitor: Person) -> None:
    visitor.open("/services/no-such-service/")
    assert visitor.answer.status_code == 404 and visitor.heading == "Ийм үйлчилгээ олдсонгүй"


@pytest.mark.parametrize("path", ["/my/", "/my/inbox", "/my/readings", "/desk/", "/cases/01890000-0000-7000-8000-000000000001"])
def test_own_pages_ask_a_visitor_to_sign_in(visitor: Person, path: str) -> None:
    answer = visitor.client.get(path, follow_redirects=False)
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in?next=%2F")


def test_the_list_is_narrowed_and_paged_without_script(visitor: Person) -> None:
    visitor.open("/services/")
    assert visitor.page.xpath("//nav//a[@rel='next']")
    visitor.press("Шүүх", organisation="dundgovi-environment")
    assert len(visitor.page.xpath("//ul[@class='toono-links']/li")) >= 6 and "Байгаль орчны газар" in visitor.text
    visitor.follow("Шүүлтийг арилгах")
    visitor.follow("Дараагийн хуудас")
    assert "2-р хуудас" in visitor.text and visitor.page.xpath("//nav//a[@rel='prev']")


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=99999999999", "level=%00", "organisation=<b>", "applicant=x&page=7"]
)
def test_a_strange_address_is_a_plain_list(visitor: Person, query: str) -> None:
    visitor.open(f"/services/?{query}")
    assert visitor.answer.status_code == 200 and visitor.heading == "Бүх үйлчилгээ"


def test_a_service_says_how_little_it_asks(visitor: Person) -> None:
    visitor.open("/services/address-reference/")
    assert "цаас хэрэггүй, асуулт алга, 1 минут" in visitor.text
    visitor.open("/services/water-use-permit/")
    assert "Хэн авч чадахгүй вэ" in visitor.text and "75 м³-ээс их ус авах цэгийг" in visitor.text


def test_a_life_event_leads_through_its_services_in_order(visitor: Person) -> None:
    visitor.open("/services/")
    visitor.follow("Худаг гаргах")
    steps = visitor.page.xpath("//ol[@class='toono-timeline']/li//b/a/@href")
    assert steps[0] == "/services/environmental-impact-screening/" and len(steps) == 5
    assert "«Ус ашиглах зөвшөөрөл олгох» гарсныг бид өөрсдөө уншина" in visitor.text
    visitor.open("/life/nothing/")
    assert visitor.answer.status_code == 404
