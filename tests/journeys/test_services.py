"""Five services in Chromium from the first click to the document, by citizen, bank, experts and officers; every page sound."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stage import Stack
from toono.kernel.actor import Actor
from toono.services.tests.officers import appointed

Window = Callable[..., Any]
Answers = dict[str, Any]


@pytest.fixture
def officers(anu: Actor, fresh_person: Callable[[], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """Somebody new at the desk of an organisation."""

    def made(organisation: str) -> dict[str, Any]:
        person = fresh_person()
        appointed(anu, person["regnum"], organisation)
        return person

    return made


def begin(v: Any, who: dict[str, Any], service: str, *, behalf: int = 0) -> None:
    """Sign in and start; where one may apply for others too, for whom."""
    v.sign_in(who)
    v.open(f"/services/{service}/")
    v.is_sound()
    v.page.locator("main form[action$='/start'] button").first.click()
    if v.page.url.endswith("/for-whom"):
        v.is_sound()
        v.page.locator("input[name=on_behalf]").nth(behalf).check()
        v.page.locator("main form button").last.click()


def fill(v: Any, answers: Answers) -> None:
    """Every page of the form, each looked at."""
    for _ in range(30):
        v.page.wait_for_load_state()
        if "/question/" not in v.page.url:
            return
        here = v.page.url
        v.is_sound()
        for code, value in answers.items():
            _type(v.page, code, value)
        v.page.locator("main form button.govuk-button:not([name]):not([hidden])").last.click()
        v.page.wait_for_url(lambda url, was=here: url != was)
    raise AssertionError("the form does not end")


def _type(page: Any, code: str, value: Any) -> None:
    control = page.locator(f"main [name='{code}'], main [name^='{code}-']")
    if not control.count():
        return
    kind = control.first.get_attribute("type")
    if kind == "file":
        control.first.set_input_files(value)
    elif kind in {"radio", "checkbox"}:
        for one in [value] if isinstance(value, str) else value:
            page.locator(f"main [name='{code}'][value='{one}']" if one else f"main [name='{code}']").first.check()
    elif isinstance(value, dict):
        for part, typed in value.items():
            field = page.locator(f"main [name='{code}-{part}']")
            field.select_option(typed) if field.evaluate("e => e.tagName") == "SELECT" else field.fill(typed)
    else:
        control.first.fill(value)


def send(v: Any) -> str:
    """The check page; gives the path of the case."""
    v.page.wait_for_url("**/check")
    v.is_sound()
    v.page.locator("main form:has(input[name=form_token]) button").click()
    v.page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}(/sign)?$"))
    return str(v.page.url).removeprefix(v.stack.base_url).removesuffix("/sign")


def sign(v: Any, who: dict[str, Any]) -> None:
    """By the code from the phone."""
    v.page.wait_for_url("**/sign")
    v.is_sound()
    before = len(v.stack.sms(who["phone"]))
    v.page.locator("main form button").first.click()
    v.page.locator("#code").wait_for()
    v.is_sound()
    text = v.stack.wait(lambda: next((t for t in v.stack.sms(who["phone"])[before:] if "баталгаажуулах код" in t), None), 20)
    v.page.locator("#code").fill(re.findall(r"\b\d{6}\b", text)[-1])
    v.page.locator("main form button").first.click()


def documented(v: Any, case: str) -> str:
    """The document's page, once it is there."""
    v.open(case)
    link = v.page.locator("main a[href^='/documents/']").first
    link.wait_for(timeout=30_000)
    v.is_sound()
    link.click()
    v.is_sound()
    return str(v.page.locator("main").inner_text())


def decide(
    v: Any, who: dict[str, Any], case: str, action: str, *, filled: Answers | None = None, reason: str = "", ground: str = ""
) -> None:
    """At the desk of an officer or expert."""
    v.sign_in(who)
    v.open("/desk/")
    v.is_sound()
    v.open(f"/desk/{case.rpartition('/')[2]}")
    v.is_sound()
    form = v.page.locator("main form[action*='/decision']")
    form.locator(f"input[name=action][value='{action}']").check()
    for code, value in (filled or {}).items():
        field = form.locator(f"[name$='{code}'], [name*='{code}-']")
        if field.first.get_attribute("type") == "radio":
            form.locator(f"[name$='{code}'][value='{value}']").check()
        elif isinstance(value, dict):
            for part, typed in value.items():
                form.locator(f"[name$='{code}-{part}']").fill(typed)
        else:
            field.first.fill(value)
    if ground:
        form.locator("[name=ground]").select_option(ground)
    if reason:
        form.locator("#reason").fill(reason)
    form.locator("button[type=submit], button:not([name])").last.click()
    v.page.wait_for_load_state()
    assert not v.page.locator(".govuk-error-summary").count(), v.page.locator(".govuk-error-summary").inner_text()


def test_a_worn_certificate_of_a_car_is_paid_and_exchanged_at_once(stack: Stack, visit: Window) -> None:
    who = stack.addresses["persons"]["tulga"]
    with visit("phone") as v:
        begin(v, who, "vehicle-certificate-exchange")
        fill(v, {"car": "", "reason": "worn"})
        case = send(v)
        pay = v.page.locator("main a.govuk-button", has_text="Төлөх")
        pay.wait_for(timeout=20_000)
        v.is_sound()
        pay.click()
        v.page.locator("#pay").click()
        v.page.locator("#back").click()
        said = documented(v, case)
        assert "Тээврийн хэрэгслийн гэрчилгээ" in said


def test_a_child_s_vaccinations_are_proven_by_the_mother(stack: Stack, visit: Window) -> None:
    with visit("phone") as v:
        begin(v, stack.addresses["persons"]["nomin"], "vaccination-certificate", behalf=1)
        case = send(v)
        assert "Вакцины гэрчилгээ" in documented(v, case)


def test_a_camera_statement_is_signed_by_code_and_given_by_the_police(
    stack: Stack, visit: Window, fresh_person: Callable[[], dict[str, Any]], officers: Callable[[str], dict[str, Any]]
) -> None:
    from toono.kernel.clock import local, now

    who, police = fresh_person(), officers("dundgovi-police")
    day = local(now()).date()
    with visit("phone") as citizen, visit("desk") as desk:
        begin(citizen, who, "camera-statement")
        moment = {"year": str(day.year), "month": str(day.month), "day": str(day.day)}
        place = {"lat": "45.7626", "lon": "106.2708"}
        fill(citizen, {"event": "accident", "place": place, "day": moment, "hour": "8", "use": "insurance"})
        case = send(citizen)
        sign(citizen, who)
        citizen.page.wait_for_url(f"**{case}")
        citizen.is_sound()
        decide(desk, police, case, "grant", filled={"camera": "МГ-07", "seen": "Цагаан машин гарцаар оров."})
        assert "Хяналтын камерийн тодорхойлолт" in documented(citizen, case)


def test_a_road_is_cut_after_two_bodies_were_asked(
    stack: Stack, visit: Window, fresh_person: Callable[[], dict[str, Any]], officers: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    from datetime import timedelta

    from toono.kernel.clock import local, now
    from toono.services.tests.test_files import pdf

    plan = tmp_path / "plan.pdf"
    plan.write_bytes(pdf(pages=1))
    start = local(now()).date() + timedelta(days=20)
    who = fresh_person()
    with visit("phone") as citizen:
        begin(citizen, who, "road-opening-permit")
        fill(
            citizen,
            {
                "network": "water", "work": "new", "method": "cut", "place": {"lat": "45.7630", "lon": "106.2700"}, "length": "12",
                "start": {"year": str(start.year), "month": str(start.month), "day": str(start.day)}, "days": "3", "plan": plan, "restore": "city",
            },
        )  # fmt: skip
        case = send(citizen)
        citizen.is_sound()
        steps: tuple[tuple[str, str, Answers, str], ...] = (
            ("dundgovi-water", "water_answer", {"water_opinion": "Манай шугам байхгүй."}, ""),
            ("dundgovi-police", "traffic_answer", {"traffic_opinion": "Нэг эгнээг хаана."}, ""),
            ("mandalgovi-city", "grant", {"deposit": "2 500 000", "conditions": "Шөнө ажиллахгүй."}, "Зураг нийцэж байна."),
        )
        for organisation, action, filled, reason in steps:
            with visit("desk") as desk:
                _until_there(desk, case)
                decide(desk, officers(organisation), case, action, filled=filled, reason=reason)
        assert "Авто зам сэтлэх" in documented(citizen, case)


def _until_there(desk: Any, case: str) -> None:
    """The rule has passed the case on."""
    from toono.services.models import Case

    desk.stack.wait(lambda: Case.objects.get(id=case.rpartition("/")[2]).state != "checking", 20)


def test_a_permit_is_corrected_and_then_refused_with_what_would_change_it(
    stack: Stack, visit: Window, fresh_person: Callable[[], dict[str, Any]], officers: Callable[[str], dict[str, Any]]
) -> None:
    from toono.kernel.clock import local, now

    day = local(now()).date()
    who, officer = fresh_person(), officers("dundgovi-emergency")
    visit_day = {"year": str(day.year + (day.month == 12)), "month": str(day.month % 12 + 1), "day": "5"}
    with visit("phone", script=False) as citizen, visit("desk") as desk:
        citizen.sign_in(who)
        citizen.open("/services/fire-safety-conclusion/")
        citizen.page.locator("main form[action$='/start'] button").first.click()
        if citizen.page.url.endswith("/for-whom"):
            citizen.page.locator("input[name=on_behalf]").first.check()
            citizen.page.locator("main form button").last.click()
        answers = {
            "whose": "other", "place": {"unit": "480157", "rest": "Төв 3"}, "activity": "office", "equipment": ["extinguisher"], "visit": visit_day,
            "phone": "",
        }  # fmt: skip
        for _ in range(10):
            if "/question/" not in citizen.page.url:
                break
            for code, value in answers.items():
                _type(citizen.page, code, value)
            citizen.page.locator("main form button.govuk-button:not([name]):not([hidden])").last.click()
        citizen.page.locator("main form:has(input[name=form_token]) button").click()
        case = str(citizen.page.url).removeprefix(stack.base_url)
        desk.sign_in(officer)
        number = case.rpartition("/")[2]
        desk.open(f"/desk/{number}/correction")
        desk.is_sound()
        desk.page.locator("main input[type=checkbox][value=equipment]").check()
        desk.page.locator("main [name*='equipment']:not([type=checkbox])").first.fill("Гарах зургийн самбар байхгүй юу?")
        desk.page.locator("main form button").last.click()
        citizen.open(case)
        assert "Гарах зургийн самбар" in citizen.page.locator("main").inner_text()
        citizen.page.locator("main a.govuk-button, main form button.govuk-button").first.click()
        citizen.page.locator("input[value=plan]").check()
        citizen.page.locator("main form button.govuk-button:not([name]):not([hidden])").last.click()
        citizen.page.locator("main form:has(input[name=form_token]) button").click()
        with visit("desk") as second:
            decide(second, officers("dundgovi-emergency"), case, "refuse", ground="escape", reason="Арын хаалга цоожтой байв.")
        citizen.open(case)
        said = citizen.page.locator("main").inner_text()
        assert "Аврах гарц" in said and "Гарцаа чөлөөлөөд" in said and "Арын хаалга" in said
