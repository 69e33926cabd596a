"""A citizen is asked for consent, agrees or refuses, and takes it back; the gateway obeys at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

AGREEMENT = "khasar-bank-loans-profile"
ASK = f"/consents/ask?agreement={AGREEMENT}"


class Bank:
    """The invented bank's loan system, as a client of the exchange."""

    def __init__(self, stack: Any) -> None:
        self.known, self.gateway = stack.addresses["clients"]["bank"], stack.gateway_url

    def read(self, civil_id: str) -> httpx.Response:
        headers = {
            "X-Road-Client": self.known["client"], "Authorization": "Bearer " + self.known["bearer_key"], "X-Road-Issue": "LOAN-77",
            "X-Toono-Purpose": "customer-identification",
        }  # fmt: skip
        return httpx.get(f"{self.gateway}/r1/MN/GOV/state-registration/population/profile/persons/{civil_id}", headers=headers, timeout=20)


@pytest.fixture
def bank(stack: Any) -> Bank:
    return Bank(stack)


@pytest.fixture
def sarnai(at_browser: Any, fresh_person: Any) -> Any:
    import toono.identity.api as identity
    from toono.kernel.actor import system

    person = fresh_person()
    browser = at_browser(person)
    browser.civil_id = identity.register_person(actor=system("tests"), regnum=person["regnum"]).civil_id
    return browser


def refused(answer: httpx.Response) -> bool:
    return answer.is_error and "consent_missing" in answer.text


def test_the_page_says_in_plain_words_what_is_asked(sarnai: Any) -> None:
    sarnai.open(ASK)
    assert sarnai.heading == "Хасар банк ХК таны мэдээллийг унших зөвшөөрөл хүсэж байна"
    for words in (
        "Улсын бүртгэлийн ерөнхий газар",
        "төрсөн өдөр",
        "Харилцагчийг таньж мэдэх",
        "5 дугаар зүйл",
        "хэдийд ч буцааж авч болно",
        "100,000",
        "Зөвшөөрөхгүй байж болно",
    ):
        assert words in sarnai.text
    assert not sarnai.page.xpath("//main//a[starts-with(@href, 'http')]")


def test_consent_opens_the_register_and_withdrawal_closes_it_with_the_next_call(sarnai: Any, bank: Bank) -> None:
    assert refused(bank.read(sarnai.civil_id))
    sarnai.open(ASK)
    sarnai.press("Уншихыг зөвшөөрөх")
    assert sarnai.path == "/my/consents" and "Зөвшөөрлөө хадгаллаа." in sarnai.text and "Хараахан уншаагүй" in sarnai.text
    given = bank.read(sarnai.civil_id)
    assert given.status_code == 200 and set(given.json()) == {"civil_id", "regnum", "patronymic", "given_name", "birth_date"}
    sarnai.open("/my/consents")
    assert "1 удаа" in sarnai.text
    sarnai.press("Зөвшөөрлөө буцааж авах")
    assert "Зөвшөөрлөө буцааж авлаа." in sarnai.text and "1 удаа уншсан" in sarnai.text and not sarnai.page.xpath("//main//form")
    assert refused(bank.read(sarnai.civil_id))
    sarnai.open("/my/readings")
    sarnai.follow("Хасар банк ХК")
    assert "Таны зөвшөөрлөөр" in sarnai.text and "LOAN-77" in sarnai.text
    assert [li.text_content() for li in sarnai.page.xpath("//dl//ul/li")] == [
        "иргэний бүртгэлийн дугаар", "регистрийн дугаар", "эцэг (эх)-ийн нэр", "нэр", "төрсөн өдөр",
    ]  # fmt: skip


def test_a_consent_of_one_person_opens_nothing_of_another(sarnai: Any, at_browser: Any, fresh_person: Any, bank: Bank) -> None:
    sarnai.open(ASK)
    sarnai.press("Уншихыг зөвшөөрөх")
    assert bank.read(sarnai.civil_id).status_code == 200
    import toono.identity.api as identity
    from toono.kernel.actor import system

    bat = identity.register_person(actor=system("tests"), regnum=fresh_person()["regnum"]).civil_id
    assert refused(bank.read(bat))


def test_refusing_keeps_nothing(sarnai: Any, bank: Bank) -> None:
    sarnai.open(ASK)
    sarnai.press("Зөвшөөрөхгүй")
    assert "Та зөвшөөрсөнгүй." in sarnai.text and "Одоо хүчинтэй зөвшөөрөл алга" in sarnai.text
    assert refused(bank.read(sarnai.civil_id))


def test_the_back_button_and_a_second_press_give_one_consent(sarnai: Any) -> None:
    sarnai.open(ASK)
    page, form = sarnai.answer, sarnai.form(button="Уншихыг зөвшөөрөх")
    sarnai.press("Уншихыг зөвшөөрөх", form=form)
    sarnai.answer = page
    sarnai.press("Уншихыг зөвшөөрөх", form=form)
    assert len(sarnai.page.xpath("//section")) == 1
    sarnai.open(ASK)
    assert "Та үүнийг аль хэдийн зөвшөөрсөн байна." in sarnai.text


def test_an_offer_that_changed_is_shown_again(sarnai: Any) -> None:
    sarnai.open(ASK)
    sarnai.press("Уншихыг зөвшөөрөх", token="0" * 64)
    assert "Зөвшөөрлийн нөхцөл сая өөрчлөгдлөө" in sarnai.text
    sarnai.press("Уншихыг зөвшөөрөх", purpose="another")
    assert "Юунд зөвшөөрөхөө сонгоно уу" in sarnai.text
    sarnai.open("/my/consents")
    assert "Одоо хүчинтэй зөвшөөрөл алга" in sarnai.text


@pytest.mark.parametrize("agreement", ["", "no-such", "khasar-bank-loans-address", "khasar-bank-loans-renewal", "x" * 500])
def test_what_nobody_asks_for_is_an_unknown_page(sarnai: Any, agreement: str) -> None:
    sarnai.open(f"/consents/ask?agreement={agreement}")
    assert sarnai.answer.status_code == 404 and sarnai.heading == "Ийм зөвшөөрөл хүссэн байгууллага алга"


# -- led back to the consumer's page ---------------------------------------------------------------------------------


@pytest.fixture
def bank_page(stack: Any) -> Iterator[str]:
    """A page of the bank that it has registered; gives its address."""
    from tests.bank_page import registered_page

    with registered_page() as address:
        yield address


@pytest.mark.parametrize(("button", "told"), [("Уншихыг зөвшөөрөх", "given"), ("Зөвшөөрөхгүй", "refused")])
def test_the_person_comes_back_to_the_page_that_sent_them(sarnai: Any, bank: Bank, bank_page: str, button: str, told: str) -> None:
    sarnai.open(f"{ASK}&return_to={quote(bank_page, safe='')}&state=loan-77")
    origin = bank_page.partition("/back")[0]
    assert f"form-action 'self' {origin};" in sarnai.answer.headers["content-security-policy"] + ";"
    assert f"Хариугаа өгсний дараа {origin.removeprefix('http://')} хуудас руу буцна." in sarnai.text
    sarnai.press(button)
    assert str(sarnai.answer.url) == f"{bank_page}?consent={told}&state=loan-77"
    assert refused(bank.read(sarnai.civil_id)) is (told == "refused")


@pytest.mark.parametrize(
    "more",
    ["return_to={page}/", "return_to={page}%3Fx", "return_to=https://evil.example/", "return_to=//evil.example", "return_to={page}&state=a%26b", "return_to=javascript:alert(1)"],
)  # fmt: skip
def test_nobody_is_led_to_an_address_that_is_not_registered(sarnai: Any, bank: Bank, bank_page: str, more: str) -> None:
    sarnai.open(f"{ASK}&{more.format(page=quote(bank_page, safe=''))}")
    assert (sarnai.answer.status_code, sarnai.heading) == (400, "Буцах хаяг бүртгэлгүй байна")
    sarnai.open(f"{ASK}&return_to={quote(bank_page, safe='')}")
    sarnai.press("Уншихыг зөвшөөрөх", return_to="https://evil.example/")  # the form was changed on its way
    assert sarnai.answer.status_code == 400
    assert refused(bank.read(sarnai.civil_id))


def test_an_offer_that_changed_is_shown_again_and_still_leads_back(sarnai: Any, bank_page: str) -> None:
    sarnai.open(f"{ASK}&return_to={quote(bank_page, safe='')}&state=s")
    sarnai.press("Уншихыг зөвшөөрөх", token="0" * 64)
    assert "Зөвшөөрлийн нөхцөл сая өөрчлөгдлөө" in sarnai.text
    sarnai.press("Уншихыг зөвшөөрөх")
    assert str(sarnai.answer.url) == f"{bank_page}?consent=given&state=s"


def test_another_persons_consent_cannot_be_taken_back(sarnai: Any, at_browser: Any, fresh_person: Any) -> None:
    sarnai.open(ASK)
    sarnai.press("Уншихыг зөвшөөрөх")
    [action] = sarnai.page.xpath("//form[contains(@action, '/withdraw')]/@action")
    bat = at_browser(fresh_person())
    bat.open("/my/consents")
    token = bat.page.xpath("string(//input[@name='csrfmiddlewaretoken']/@value)")
    posted = bat.client.post(action, data={"csrfmiddlewaretoken": token}, headers={"Referer": str(bat.answer.url)})
    assert posted.status_code == 404
    sarnai.open("/my/consents")
    assert len(sarnai.page.xpath("//section")) == 1
