"""A citizen orders, reads, saves, rates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html

from toono.channels.tests.steps import WATER, answer, apply_for_water, begin, in_a_week, order_reference


def test_a_reference_is_ordered_with_two_presses_and_nothing_typed(citizen: Any) -> None:
    citizen.open("/services/address-reference/")
    citizen.press(form=citizen.page.xpath("//main//form[@id='start']")[0])
    assert citizen.path.endswith("/check")
    assert not citizen.page.xpath("//main//input[not(@type='hidden')] | //main//textarea")
    assert "Эх сурвалж: " in citizen.text and re.search(r"\d\d:\d\d цагт уншсан", citizen.text)
    citizen.press("Лавлагаа авах")
    assert re.fullmatch(r"/cases/[0-9a-f-]{36}", citizen.path)
    number = citizen.page.xpath("string(//div[contains(@class, 'govuk-panel')]//strong)")
    assert re.fullmatch(r"[2-9B-Z]{8}", number)
    citizen.wait_for("PDF")
    assert number in citizen.text and "Хүчинтэй" in citizen.text


def test_while_the_platform_works_the_page_renews_itself_without_script(citizen: Any) -> None:
    citizen.open("/services/address-reference/")
    citizen.press(form=citizen.page.xpath("//main//form[@id='start']")[0])
    citizen.press("Лавлагаа авах")
    if "өөрөө шинэчлэгдэнэ" in citizen.text:  # else it was faster than we
        assert '<noscript><meta http-equiv="refresh" content="1"></noscript>' in citizen.answer.text
        assert citizen.page.xpath("//*[@data-waits-for]")
    citizen.wait_for("PDF")
    assert "http-equiv" not in citizen.answer.text and not citizen.page.xpath("//*[@data-waits-for]")


def test_sending_twice_makes_one_case(citizen: Any) -> None:
    citizen.open("/services/address-reference/")
    citizen.press(form=citizen.page.xpath("//main//form[@id='start']")[0])
    form = citizen.page.xpath("//main//form[.//input[@name='form_token']]")[0]
    citizen.press(form=form)
    first = citizen.path
    citizen.press(form=form)
    assert citizen.path == first
    citizen.open("/my/")
    assert len(citizen.page.xpath("//a[starts-with(@href, '/cases/')]")) == 1


def test_a_page_that_was_changed_meanwhile_is_shown_again_and_not_sent(citizen: Any) -> None:
    citizen.open("/services/address-reference/")
    citizen.press(form=citizen.page.xpath("//main//form[@id='start']")[0])
    citizen.press(form=citizen.page.xpath("//main//form[.//input[@name='form_token']]")[0], form_token="0" * 64)
    assert citizen.path.endswith("/check") and "Юу ч илгээгдээгүй" in citizen.text
    assert citizen.page.xpath("string(//title)").startswith("Алдаа: ")


def test_the_document_is_looked_at_saved_and_shown_to_others(citizen: Any) -> None:
    order_reference(citizen)
    citizen.follow("Баримтаа үзэх")
    assert "Хүчинтэй" in citizen.text
    (check_url,) = set(citizen.page.xpath("//main//a[contains(@href, '/d/')]/@href"))
    (file,) = set(citizen.page.xpath("//main//a[@download]/@href"))
    saved = citizen.client.get(file)
    assert saved.content.startswith(b"%PDF-") and saved.headers["Content-Type"] == "application/pdf"
    assert re.fullmatch(r'attachment; filename="[\x21-\x7e]+\.pdf"', saved.headers["Content-Disposition"])
    assert saved.headers["Cache-Control"] == "no-store"
    (picture,) = citizen.page.xpath("//main//img/@src")
    shown = citizen.client.get(picture)
    assert shown.headers["Content-Type"] == "image/svg+xml" and "default-src 'none'" in shown.headers["Content-Security-Policy"]
    import httpx

    assert httpx.get(check_url).status_code == 200


def test_questions_come_one_a_page_and_say_what_is_wrong(citizen: Any) -> None:
    begin(citizen, "water-use-permit")
    assert "/question/" in citizen.path
    assert len(citizen.page.xpath("//main//h1")) == 1
    answer(citizen)
    page = citizen.page
    assert page.xpath("string(//title)").startswith("Алдаа: ")
    (link,) = page.xpath("//*[contains(@class, 'govuk-error-summary')]//a/@href")
    assert page.xpath(f"//*[@id='{link[1:]}']")[0].get("name") == "purpose"
    assert page.xpath("//*[@id='purpose-error']") and "purpose-error" in page.xpath("string(//fieldset/@aria-describedby)")


def test_what_was_typed_wrongly_is_still_there(citizen: Any) -> None:
    begin(citizen, "water-use-permit")
    while not citizen.path.endswith("/amount"):
        answer(citizen, **WATER | {"source": "river"})
    answer(citizen, amount="их «ус»")
    assert citizen.page.xpath("string(//input[@name='amount']/@value)") == "их «ус»"


def test_one_answer_is_changed_from_the_check_page_and_leads_back(citizen: Any) -> None:
    begin(citizen, "water-use-permit")
    path = apply_until_check(citizen)
    citizen.open(citizen.page.xpath("string(//a[contains(@href, '/question/amount')]/@href)"))
    assert citizen.page.xpath("string(//input[@name='amount']/@value)") == "60"
    answer(citizen, amount="70")
    assert citizen.path == path and "70" in citizen.text


def apply_until_check(browser: Any) -> str:
    while not browser.path.endswith("/check"):
        answer(browser, **WATER | {"from_date": in_a_week()})
    return str(browser.path)


def test_a_rating_without_points_is_asked_again_and_given_once(citizen: Any) -> None:
    case = order_reference(citizen)
    citizen.press("Үнэлгээгээ өгөх", comment="Хурдан болжээ")
    assert citizen.page.xpath("string(//title)").startswith("Алдаа: ")
    assert citizen.page.xpath("string(//textarea)").strip() == "Хурдан болжээ"
    citizen.press("Үнэлгээгээ өгөх", stars="5")
    assert citizen.path == case and "Таны үнэлгээ: 5/5" in citizen.text


def test_who_has_read_the_data_is_shown_with_organisation_purpose_and_hour(citizen: Any) -> None:
    order_reference(citizen)
    citizen.open("/my/readings")
    entry = citizen.page.xpath("//ul[contains(@class, 'toono-log')]/li")[0].text_content()
    assert re.search(r"\d\d:\d\d", entry) and "лавлагаа" in entry.lower()


def test_the_message_about_the_document_is_in_the_inbox_and_is_read_once_opened(citizen: Any) -> None:
    order_reference(citizen)
    citizen.wait_for("Явц")
    citizen.open("/my/inbox")
    assert "шинэ" in citizen.text
    unread = len(citizen.page.xpath("//main//li//*[contains(@class, 'govuk-tag')]"))
    citizen.open(citizen.page.xpath("string(//main//li//a/@href)"))
    citizen.open("/my/inbox")
    assert len(citizen.page.xpath("//main//li//*[contains(@class, 'govuk-tag')]")) == unread - 1


def test_a_neighbour_finds_nothing_of_hers_by_any_address(
    citizen: Any, at_browser: Callable[[dict[str, Any]], Any], fresh_person: Callable[[], dict[str, Any]]
) -> None:
    case = order_reference(citizen)
    document = citizen.page.xpath("string(//a[contains(., 'Баримтаа үзэх')]/@href)")
    citizen.open("/my/inbox")
    message = citizen.page.xpath("string(//main//li//a/@href)")
    neighbour = at_browser(fresh_person())
    for path in (case, f"{case}/check", f"{case}/question/purpose", document, f"{document}/file.pdf", f"{document}/picture.svg", message):
        assert neighbour.client.get(path).status_code == 404, path
    token = html.fromstring(neighbour.client.get("/my/").text).xpath("string(//input[@name='csrfmiddlewaretoken']/@value)")
    for path in (f"{case}/check", f"{case}/question/purpose", f"{case}/withdraw", f"{case}/rate"):
        posted = neighbour.client.post(path, data={"csrfmiddlewaretoken": token, "stars": "1", "purpose": "x", "form_token": "x"})
        assert posted.status_code == 404, path


@pytest.mark.parametrize("path", ["/desk/", "/desk/01890000-0000-7000-8000-000000000001"])
def test_a_citizen_does_not_learn_that_there_is_a_desk(citizen: Any, path: str) -> None:
    assert citizen.client.get(path).status_code == 404


def test_an_officer_decides_with_a_ground_and_the_citizen_reads_why(citizen: Any, officer: Any) -> None:
    case = apply_for_water(citizen)
    assert "Хүлээн авлаа" in citizen.text
    desk = case.replace("/cases/", "/desk/")
    officer.open("/desk/")
    assert officer.page.xpath(f"//a[starts-with(@href, '{desk}')]")
    officer.open(desk)
    assert officer.answer.headers["Cache-Control"] == "no-store"
    officer.press("Шийдвэрээ гаргах", reason="Усны нөөц хүрэлцэхгүй байна")
    assert "Шийдвэрээ сонгоно уу" in officer.text
    officer.press("Шийдвэрээ гаргах", action="refuse", reason="Усны нөөц хүрэлцэхгүй байна")
    assert officer.page.xpath("//*[contains(@class, 'govuk-error-summary')]//a[@href='#ground']")
    assert officer.page.xpath("string(//textarea[@name='reason'])").strip() == "Усны нөөц хүрэлцэхгүй байна"
    ground = officer.page.xpath("string((//select[@name='ground']/option[@value!=''])[1]/@value)")
    officer.press("Шийдвэрээ гаргах", action="refuse", ground=ground, reason="Усны нөөц хүрэлцэхгүй байна")
    assert officer.path == desk and "Усны нөөц хүрэлцэхгүй байна" in officer.text
    citizen.open(case)
    for words in ("Татгалзсан", "Үндэслэл", "Усны нөөц хүрэлцэхгүй байна", "Юу өөрчлөгдвөл болох вэ", "Гомдол гаргах"):
        assert words in citizen.text


def test_a_sent_case_is_withdrawn_by_its_owner(citizen: Any) -> None:
    case = apply_for_water(citizen)
    citizen.press("Хүсэлтээ буцааж авах")
    assert citizen.path == case and not citizen.page.xpath("//form[contains(@action, 'withdraw')]")
