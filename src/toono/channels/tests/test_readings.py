"""A citizen looks who has seen their data, and complains of what they do not recognise."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha512
from typing import Any
from uuid import uuid4

import pytest

from toono.channels.tests.steps import order_reference
from toono.entry.person import Person
from toono.exchange.tests.readings import read


@pytest.fixture
def sarnai(at_browser: Any, fresh_person: Any) -> Any:
    """Somebody whom no other test has used, with their civil id."""
    person = fresh_person()
    browser = at_browser(person)
    browser.civil_id = _civil_id(person["regnum"])
    return browser


def _civil_id(regnum: str) -> str:
    import toono.identity.api as identity
    from toono.kernel.actor import system

    return identity.register_person(actor=system("tests"), regnum=regnum).civil_id


@pytest.fixture
def owner(at_browser: Any, fresh_person: Any) -> Any:
    """An officer of the register's owner at their desk."""
    import toono.identity.api as identity
    from toono.kernel.actor import Role, system

    person = fresh_person()
    identity.appoint(actor=system("first-start"), regnum=person["regnum"], role=Role.OFFICER, organisation="state-registration")
    return at_browser(person)


def read_by_bank(browser: Any, **other: Any) -> Any:
    from toono.kernel.clock import now

    return read(browser.civil_id, now() - timedelta(minutes=5), **other)


def test_an_ordered_reference_shows_who_read_what_for_what(sarnai: Any) -> None:
    order_reference(sarnai)
    sarnai.open("/my/readings")
    assert (
        "Төрийн үйлчилгээний нэгдсэн портал" not in sarnai.text
    )  # the page names organisations; the system stands on the reading's own page
    sarnai.open(sarnai.page.xpath("//ul[@class='toono-log']//a/@href")[0])
    for words in (
        "Цахим Монгол Академи",
        "Хаанаас",
        "Улсын бүртгэлийн ерөнхий газар",
        "Юуг уншсан",
        "Яагаад",
        "Ямар хуулиар",
        "Бүртгэлийн дугаар",
    ):
        assert words in sarnai.text
    [public] = [href for href in sarnai.page.xpath("//a/@href") if href.startswith("/exchange/roots/proof?")]
    answer = sarnai.client.get(public)
    assert answer.status_code in (200, 404, 409, 503) and ("цаг" in answer.text or "receipt" in answer.text)  # not stamped yet, or proven


def test_fields_are_told_in_words(sarnai: Any) -> None:
    sarnai.open(f"/my/readings/{read_by_bank(sarnai)}")
    assert [li.text_content() for li in sarnai.page.xpath("//dl//ul/li")] == ["аймаг, нийслэл", "бүтэн бичвэр"]
    sarnai.open(f"/my/readings/{read_by_bank(sarnai, fields=[])}")
    assert "Бүртгэлээс өгдөг бүх мэдээлэл" in sarnai.text


def test_another_persons_reading_is_an_unknown_page(sarnai: Any, at_browser: Any, fresh_person: Any) -> None:
    bat = at_browser(fresh_person())
    reading = read_by_bank(sarnai)
    unknown = bat.open(f"/my/readings/{uuid4()}") is not None and bat.heading
    for path in (f"/my/readings/{reading}", f"/my/readings/{reading}/proof.json"):
        bat.open(path)
        assert bat.answer.status_code == 404 and bat.heading == unknown
    bat.open("/my/readings")
    token = bat.page.xpath("string(//input[@name='csrfmiddlewaretoken']/@value)")
    posted = bat.client.post(
        f"/my/readings/{reading}/complaint", data={"csrfmiddlewaretoken": token}, headers={"Referer": str(bat.answer.url)}
    )
    assert posted.status_code == 404
    sarnai.open(f"/my/readings/{reading}")
    assert "Та үүнийг танихгүй байна уу?" in sarnai.text


def test_what_a_law_keeps_back_does_not_show_and_later_says_why(sarnai: Any) -> None:
    from toono.kernel.clock import now

    read_by_bank(sarnai)
    kept = read_by_bank(
        sarnai,
        organisation="police",
        organisation_name_mn="Цагдаагийн ерөнхий газар",
        visible_at=now() + timedelta(days=1),
        secrecy_basis_mn="Хууль, 25.1",
    )
    sarnai.open("/my/readings")
    assert "Цагдаа" not in sarnai.answer.text and str(kept) not in sarnai.answer.text
    sarnai.open(f"/my/readings/{kept}")
    assert sarnai.answer.status_code == 404
    over = read_by_bank(
        sarnai,
        organisation="police",
        organisation_name_mn="Цагдаагийн ерөнхий газар",
        visible_at=now() - timedelta(minutes=1),
        secrecy_basis_mn="Хууль, 25.1",
    )
    sarnai.open("/my/readings")
    assert "Хуулийн дагуу" in sarnai.text and "(1)" in sarnai.answer.text
    sarnai.open(f"/my/readings/{over}")
    assert "Хууль, 25.1" in sarnai.text and "танд харуулаагүй" in sarnai.text


def test_the_list_is_filtered_by_organisation_and_time(sarnai: Any) -> None:
    from toono.kernel.clock import local, now

    read_by_bank(sarnai)
    read(sarnai.civil_id, now() - timedelta(days=50), organisation="police", organisation_name_mn="Цагдаагийн ерөнхий газар")
    sarnai.open("/my/readings")
    sarnai.press("Шүүх", organisation="police")
    items = sarnai.page.xpath("//ul[@class='toono-log']/li")
    assert len(items) == 1 and "Цагдаагийн ерөнхий газар" in items[0].text_content()
    since = local(now() - timedelta(days=10)).date().isoformat()
    sarnai.press("Шүүх", organisation="", since=since)
    recent = [item.text_content() for item in sarnai.page.xpath("//ul[@class='toono-log']/li")]
    assert any("Хасар банк" in item for item in recent) and not any("Цагдаа" in item for item in recent)
    sarnai.follow("Бүгдийг харах")
    assert len(sarnai.page.xpath("//ul[@class='toono-log']/li")) == len(recent) + 1


@pytest.mark.parametrize("query", ["since=yesterday", "until=2026-13-01", "since=0001-01-01", "until=99999-01-01"])
def test_a_day_that_is_none_is_said_beside_its_field(sarnai: Any, query: str) -> None:
    sarnai.open(f"/my/readings?{query}")
    assert "Өдрийг 2026-11-22 гэж бичнэ үү" in sarnai.text
    field = query.partition("=")[0]
    assert sarnai.page.xpath(f"//input[@id='{field}']/@aria-describedby") == [f"{field}-error"]


def test_a_long_ledger_has_pages_that_join(sarnai: Any) -> None:
    from toono.kernel.clock import now

    for number in range(105):
        read(sarnai.civil_id, now() - timedelta(minutes=10 + number // 3))
    sarnai.open("/my/readings")
    first = sarnai.page.xpath("//ul[@class='toono-log']//a/@href")
    sarnai.follow("Өмнөх уншилтыг харах")
    rest = sarnai.page.xpath("//ul[@class='toono-log']//a/@href")
    assert len(first) == 100 and len(rest) >= 5 and not set(first) & set(rest)
    sarnai.open("/my/readings?before=nonsense")
    assert sarnai.answer.status_code == 404


def test_the_proof_can_be_saved_and_checked(sarnai: Any) -> None:
    reading = read_by_bank(sarnai)
    sarnai.open(f"/my/readings/{reading}")
    [link] = sarnai.page.xpath("//a[@download]/@href")
    saved = sarnai.client.get(link)
    assert saved.headers["Content-Disposition"].startswith("attachment") and "no-store" in saved.headers["Cache-Control"]
    proof = json.loads(saved.text)
    content = bytes.fromhex(proof["batch"]["content"])
    assert sha512(proof["reading"].encode()).digest() == content[proof["leaf"] * 64 :][:64]
    [public] = [href for href in sarnai.page.xpath("//a/@href") if href.startswith("/exchange/roots/proof?receipt=")]
    assert "+" not in public and "/" not in public.partition("=")[2]


def test_a_complaint_goes_to_the_owner_and_its_answer_comes_back(sarnai: Any, owner: Any) -> None:
    sarnai.open(f"/my/readings/{read_by_bank(sarnai)}")
    sarnai.press("Би үүнийг танихгүй байна", words="Би зээл хүсээгүй <script>")
    assert "Гомдлыг хүлээн авлаа" in sarnai.text and "Би зээл хүсээгүй <script>" in sarnai.text
    number = sarnai.page.xpath("string(//h2[@id='complaint-title']//span)")
    assert not sarnai.page.xpath("//main//textarea")

    owner.open("/desk/")
    owner.follow("Иргэдийн гомдол")
    [link] = owner.page.xpath(f"//li[contains(., '{number}')]//a/@href")
    owner.open(link)
    assert "Хасар банк ХК" in owner.text and sarnai.civil_id not in owner.answer.text
    owner.press("Иргэнд хариу өгөх", words="")
    assert "Юу тогтоосноо сонгоно уу" in owner.text
    owner.press("Иргэнд хариу өгөх", finding="unlawful")
    assert "Иргэнд өгөх хариугаа бичнэ үү" in owner.text and owner.page.xpath("//input[@value='unlawful']/@checked")
    owner.press("Иргэнд хариу өгөх", finding="unlawful", words="Ажилтан эрхгүй уншсан.")
    assert "Ажилтан эрхгүй уншсан." in owner.text and not owner.page.xpath("//main//form")

    sarnai.open(sarnai.path)
    assert "Уншилт хууль ёсных биш байсан" in sarnai.text and "Ажилтан эрхгүй уншсан." in sarnai.text
    sarnai.open("/my/inbox")
    assert "Мэдээлэл уншсан тухай гомдолд хариу ирлээ" in sarnai.text


def test_a_complaint_sent_twice_is_one(sarnai: Any) -> None:
    sarnai.open(f"/my/readings/{read_by_bank(sarnai)}")
    form = sarnai.form(button="Би үүнийг танихгүй байна")
    page = sarnai.answer
    sarnai.press("Би үүнийг танихгүй байна", form=form)
    number = sarnai.page.xpath("string(//h2[@id='complaint-title']//span)")
    sarnai.answer = page  # the back button, and once more
    sarnai.press("Би үүнийг танихгүй байна", form=form, words="Дахин")
    assert sarnai.page.xpath("string(//h2[@id='complaint-title']//span)") == number and "Дахин" not in sarnai.text


def test_desks_of_others_do_not_see_the_complaint(sarnai: Any, officer: Any) -> None:
    import toono.feedback.api as feedback
    import toono.identity.api as identity
    from toono.kernel.actor import Actor, Role

    reading = read_by_bank(sarnai)
    actor = Actor(role=Role.CITIZEN, person_id=uuid4())
    complaint = feedback.complain(actor=actor, civil_id=sarnai.civil_id, reading_id=reading, words="")
    assert identity.appointments  # the officer of the environment office holds an appointment of another organisation
    officer.open(f"/desk/complaints/{complaint.id}")
    assert officer.answer.status_code == 404
    officer.open("/desk/complaints")
    assert complaint.number not in officer.text
    sarnai.open("/desk/complaints")
    assert sarnai.answer.status_code == 404


def test_settings_are_kept(sarnai: Any) -> None:
    sarnai.open("/my/")
    sarnai.follow("Миний тохиргоо")
    assert sarnai.page.xpath("//input[@name='notice'][@checked]/@value") == ["weekly"] and not sarnai.page.xpath(
        "//input[@name='sms']/@checked"
    )
    sarnai.press("Тохиргоог хадгалах", notice="each", sms="yes")
    assert "Тохиргоог хадгаллаа." in sarnai.text
    sarnai.open("/my/settings")
    assert sarnai.page.xpath("//input[@name='notice'][@checked]/@value") == ["each"] and sarnai.page.xpath("//input[@name='sms']/@checked")
    sarnai.press("Тохиргоог хадгалах", notice="sometimes")
    assert "Хэзээ мэдэгдэхийг сонгоно уу" in sarnai.text


def test_pages_of_the_ledger_ask_a_visitor_to_sign_in(stack: Any) -> None:
    visitor = Person(stack.base_url)
    for path in (
        f"/my/readings/{uuid4()}",
        f"/my/readings/{uuid4()}/proof.json",
        "/my/consents",
        "/my/settings",
        "/consents/ask?agreement=x",
        "/desk/complaints",
    ):
        answer = visitor.client.get(path, follow_redirects=False)
        assert answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in?next=%2F")
    assert "agreement%3Dx" in visitor.client.get("/consents/ask?agreement=x", follow_redirects=False).headers["Location"]
