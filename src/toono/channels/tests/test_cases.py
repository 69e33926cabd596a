"""A case at the browser: for whom, what stops it, corrections, messages, «this is wrong», tracking, again from a copy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from toono.channels.tests.steps import answer
from toono.services.tests.published import definition, publish

WORDS = {"mn": "Ферм энд болохгүй.", "en": "No farms here."}
INSTEAD = {"mn": "Суманд хандана уу.", "en": "Turn to the soum."}


@pytest.fixture
def service(stack: Any) -> str:
    """A permit that anybody may ask for, for whom they may; not for farms."""
    stops = [{"code": "no_farms", "when": 'answers.purpose == "farm"', "text": WORDS, "instead": INSTEAD}]
    made = definition(applicants=["citizen", "child", "legal_entity"], stops=stops)
    made["facts"].append({"name": "family", "meaning": "person.family", "purpose": "vaccination-certificate"})
    return publish(made)


def _start(browser: Any, service: str, on_behalf: str = "") -> None:
    browser.open(f"/services/{service}/")
    browser.press(form=browser.page.xpath("//main//form[@id='start']")[0])
    if browser.path.endswith("/for-whom"):
        browser.press(form=browser.page.xpath("//main//form[.//input[@name='on_behalf']]")[0], on_behalf=on_behalf)


def _sent(browser: Any, service: str, on_behalf: str = "", **answers: str) -> str:
    _start(browser, service, on_behalf)
    for _ in range(6):
        if browser.path.endswith("/check"):
            break
        answer(browser, **({"purpose": "garden", "note": "Жимсний мод"} | answers))
    browser.press(form=browser.page.xpath("//main//form[.//input[@name='form_token']]")[0])
    return str(browser.path)


def test_a_mother_chooses_her_child_and_the_case_says_so_everywhere(
    at_browser: Callable[[dict[str, Any]], Any], stack: Any, service: str
) -> None:
    mother = at_browser(stack.addresses["persons"]["nomin"])
    mother.open(f"/services/{service}/")
    mother.press(form=mother.page.xpath("//main//form[@id='start']")[0])
    assert mother.path.endswith("/for-whom") and "Өөрийн өмнөөс" in mother.text
    form = mother.page.xpath("//main//form[.//input[@name='on_behalf']]")[0]
    mother.press(form=form)
    assert mother.page.xpath("string(//title)").startswith("Алдаа: ")
    (child,) = [v for v in mother.page.xpath("//input[@name='on_behalf']/@value") if len(v) == 12]
    case = _sent(mother, service, child)
    assert "Хэний өмнөөс" in mother.text
    mother.open("/my/")
    name = mother.page.xpath(f"string(//a[@href='{case}'])")
    assert "Туршилт – " in name


def test_nobody_applies_for_a_child_by_typing_a_number(citizen: Any, service: str) -> None:
    citizen.open(f"/services/{service}/")
    citizen.press(form=citizen.page.xpath("//main//form[@id='start']")[0], on_behalf="148000000001")
    assert citizen.path.endswith("/for-whom")
    citizen.open("/my/")
    assert not citizen.page.xpath("//a[starts-with(@href, '/cases/')]")


def test_a_service_for_others_has_a_page_that_says_so(citizen: Any) -> None:
    code = publish(definition(applicants=["legal_entity"]))
    citizen.open(f"/services/{code}/")
    citizen.press(form=citizen.page.xpath("//main//form[@id='start']")[0])
    assert "авах боломжгүй" in citizen.heading and not citizen.page.xpath("//main//form")


def test_a_stop_is_a_page_that_says_what_to_do_and_lets_one_change_the_answer(citizen: Any, service: str) -> None:
    _start(citizen, service)
    answer(citizen, purpose="farm")
    assert citizen.path.endswith("/stopped") and WORDS["mn"] in citizen.text and INSTEAD["mn"] in citizen.text
    case = citizen.path.removesuffix("/stopped")
    citizen.open(f"{case}/check")
    assert citizen.path.endswith("/stopped")
    citizen.open(f"{case}/question/purpose?from=check")
    answer(citizen, purpose="garden")
    answer(citizen, note="Жимсний мод")
    assert citizen.path.endswith("/check")


def test_a_correction_leads_straight_to_the_answer_and_back_to_the_desk(citizen: Any, officer: Any, service: str) -> None:
    case = _sent(citizen, service)
    desk = case.replace("/cases/", "/desk/")
    officer.open(f"{desk}/correction")
    officer.press("засахыг хүсэх", field="note", **{"what-note": "Ямар мод вэ?"})
    citizen.open(case)
    assert "Ямар мод вэ?" in citizen.text and "Таны хариулт: Жимсний мод" in citizen.text
    citizen.follow("Хариултаа засах")
    assert citizen.path == f"{case}/question/note"
    answer(citizen, note="Алимны мод")
    assert citizen.path == f"{case}/check" and "Өмнө нь: Жимсний мод" in citizen.text
    form = citizen.page.xpath("//main//form[.//input[@name='form_token']]")[0]
    citizen.press(form=form)
    assert citizen.path == case and "засаж илгээсэн" in citizen.text
    citizen.press(form=form)  # the back button, and once more
    assert citizen.path == case
    officer.open(desk)
    assert "Алимны мод" in officer.text


def test_messages_go_both_ways_and_a_double_press_is_one(citizen: Any, officer: Any, service: str) -> None:
    case = _sent(citizen, service)
    citizen.open(f"{case}/messages")
    form = citizen.page.xpath("//main//form[.//textarea]")[0]
    citizen.press(form=form, text="Хэзээ болох вэ?")
    citizen.press(form=form, text="Хэзээ болох вэ?")
    assert citizen.text.count("Хэзээ болох вэ?") == 1
    citizen.press(form=citizen.page.xpath("//main//form[.//textarea]")[0], text=" ")
    assert citizen.page.xpath("string(//title)").startswith("Алдаа: ")
    officer.open(case.replace("/cases/", "/desk/") + "/messages")
    assert "Хэзээ болох вэ?" in officer.text


def test_what_is_wrong_in_a_register_is_said_beside_it(citizen: Any, service: str) -> None:
    _start(citizen, service)
    answer(citizen, purpose="garden")
    answer(citizen, note="Жимсний мод")
    check = citizen.path
    citizen.open(citizen.page.xpath("string(//a[contains(@href, '/wrong/identity')]/@href)"))
    citizen.press(form=citizen.page.xpath("//main//form[.//textarea]")[0], text=" ")
    assert citizen.page.xpath("string(//title)").startswith("Алдаа: ")
    citizen.press(form=citizen.page.xpath("//main//form[.//textarea]")[0], field="given_name", text="Сарнай гэдэг")
    assert "Хүлээн авлаа" in citizen.heading and "Сарнай гэдэг" in citizen.text
    citizen.follow("Үргэлжлүүлэх")
    assert citizen.path == check and "буруу гэж мэдэгдсэн" in citizen.text


def test_anybody_who_holds_the_code_sees_where_it_stands_and_no_name(citizen: Any, stack: Any, service: str) -> None:
    from toono.entry.person import Person

    case = _sent(citizen, service)
    code = re.search(r"шалгах код: ((?:[2-9B-Z]{4} ?){3})", citizen.text)
    assert code
    stranger = Person(stack.base_url)
    stranger.client.headers["Accept"] = "text/html"
    stranger.open("/track")
    stranger.press("Явцыг харах", code="K7MX 2B9C 4DFG")
    assert stranger.page.xpath("string(//title)").startswith("Алдаа: ")
    stranger.press("Явцыг харах", code=code[1].lower())
    assert "Хянаж байна" in stranger.text and "Туршилт" in stranger.text
    assert case.rsplit("/", 1)[1] not in stranger.answer.text and "Жимсний" not in stranger.text


def test_who_guesses_is_told_to_wait(stack: Any) -> None:
    import secrets

    from toono.entry.person import Person

    stranger = Person(stack.base_url)
    stranger.client.headers.update({"Accept": "text/html", "X-Forwarded-For": f"2001:db8::{secrets.token_hex(2)}"})
    stranger.open("/track")
    statuses = []
    for _ in range(21):
        stranger.press("Явцыг харах", code="K7MX 2B9C 4DFG")
        statuses.append(stranger.answer.status_code)
    assert statuses == [200] * 20 + [429] and stranger.answer.headers["Retry-After"] == "600"


def test_a_refused_case_is_applied_for_again_with_the_reason_beside_the_answer(citizen: Any, oyun: Any, service: str) -> None:
    from uuid import UUID

    from toono.services import api

    case = _sent(citizen, service)
    api.decide_case(actor=oyun, case_id=UUID(case.rsplit("/", 1)[1]), action="refuse", ground="too_much", reason="Их байна")
    citizen.open(case)
    citizen.press("дахин хүсэх")
    assert citizen.path.endswith("/check") and "Өмнө нь үүнээс болж татгалзсан: Хэт их" in citizen.text


def test_a_neighbour_finds_none_of_these_pages(
    citizen: Any, at_browser: Callable[[dict[str, Any]], Any], fresh_person: Callable[[], dict[str, Any]], service: str
) -> None:
    case = _sent(citizen, service)
    neighbour = at_browser(fresh_person())
    for page in ("messages", "wrong/identity", "stopped"):
        assert neighbour.client.get(f"{case}/{page}").status_code == 404, page
    neighbour.open("/my/")
    token = neighbour.page.xpath("string(//input[@name='csrfmiddlewaretoken']/@value)")
    for page in ("messages", "copy", "wrong/identity", "read-again"):
        said = neighbour.client.post(f"{case}/{page}", data={"csrfmiddlewaretoken": token, "text": "x", "key": "aaaaaaaa-1"})
        assert said.status_code == 404, page
