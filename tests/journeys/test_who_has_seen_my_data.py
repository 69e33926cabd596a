"""The pages on which people meet the exchange, in Chromium: the ledger, a complaint and its answer, consents, settings, the traffic."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from tests.journeys.conftest import WIDTHS, Visit
from tests.stage import Stack
from toono.exchange.tests.readings import read

Window = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture
def person(stack: Stack, fresh_person: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Somebody with readings of several kinds."""
    import toono.identity.api as identity
    from toono.kernel.actor import system
    from toono.kernel.clock import now

    found = fresh_person()
    civil_id = identity.register_person(actor=system("tests"), regnum=found["regnum"]).civil_id
    police = {
        "organisation": "police",
        "organisation_name_mn": "Цагдаагийн ерөнхий газар",
        "organisation_name_en": "National Police Agency",
    }
    read(civil_id, now() - timedelta(minutes=9))
    read(civil_id, now() - timedelta(days=1), fields=[], basis_en="")
    read(
        civil_id,
        now() - timedelta(days=100),
        visible_at=now() - timedelta(days=10),
        secrecy_basis_mn="Гүйцэтгэх ажлын тухай хуулийн 9 дүгээр зүйл",
        **police,
    )
    return found


def look(visit: Visit, name: str) -> None:
    """Judge the page; keep its picture where somebody wants to look at it."""
    visit.is_sound()
    width = (visit.page.viewport_size or {"width": 0})["width"]
    visit.picture(f"{name}-{width}")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_citizen_reads_complains_consents_and_chooses(stack: Stack, visit: Window, person: dict[str, Any], width: str) -> None:
    with visit(width) as v:
        v.sign_in(person)
        v.open("/my/readings")
        look(v, "readings")
        v.page.locator("summary").first.click()
        v.page.locator("#organisation").select_option("police")
        v.page.get_by_role("button", name="Шүүх").click()
        look(v, "readings-filtered")
        v.page.locator(".toono-log a").first.click()
        look(v, "reading-kept-back")
        v.open("/my/readings")
        v.page.get_by_role("link", name="Хасар банк ХК").first.click()
        v.page.locator("main details summary").last.click()
        look(v, "reading")
        v.page.locator("#words").fill("Би энэ банкнаас зээл хүсээгүй.")
        v.page.get_by_role("button", name="Би үүнийг танихгүй байна").click()
        look(v, "reading-complained")
        v.open("/consents/ask?agreement=khasar-bank-loans-profile")
        look(v, "consent")
        v.page.get_by_role("button", name="Уншихыг зөвшөөрөх").click()
        look(v, "consents")
        v.page.go_back()
        v.page.get_by_role("button", name="Уншихыг зөвшөөрөх").click()
        assert v.page.locator("main section").count() == 1
        v.page.get_by_role("button", name="Зөвшөөрлөө буцааж авах").click()
        look(v, "consents-withdrawn")
        v.open("/my/settings")
        v.page.get_by_label("Уншсан бүрд мэдэгдэх").check()
        v.page.get_by_role("button", name="Тохиргоог хадгалах").click()
        look(v, "settings")
        v.open("/my/")
        look(v, "my")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_owner_of_the_register_answers(stack: Stack, visit: Window, person: dict[str, Any], fresh_person: Any, width: str) -> None:
    import toono.exchange.api as exchange
    import toono.feedback.api as feedback
    import toono.identity.api as identity
    from toono.kernel.actor import Actor, Role, system

    citizen = identity.register_person(actor=system("tests"), regnum=person["regnum"])
    actor = Actor(role=Role.CITIZEN, person_id=citizen.id)
    reading = exchange.readings(actor=actor, civil_id=citizen.civil_id, organisation="khasar-bank")[0]
    complaint = feedback.complain(actor=actor, civil_id=citizen.civil_id, reading_id=reading.id, words="Би энэ банкнаас зээл хүсээгүй.")
    officer = fresh_person()
    identity.appoint(actor=system("first-start"), regnum=officer["regnum"], role=Role.OFFICER, organisation="state-registration")
    with visit(width) as v:
        v.sign_in(officer)
        v.open("/desk/complaints")
        look(v, "complaints")
        v.open(f"/desk/complaints/{complaint.id}")
        look(v, "complaint")
        v.page.get_by_role("button", name="Иргэнд хариу өгөх").click()
        look(v, "complaint-wrong")
        v.page.get_by_label("Уншилт хууль ёсных байсан", exact=True).check()
        v.page.locator("#words").fill("Та 11 сарын 20-нд зээлийн хүсэлт өгсөн тул банк хаягийг тань уншсан.")
        v.page.get_by_role("button", name="Иргэнд хариу өгөх").click()
        look(v, "complaint-answered")


@pytest.mark.parametrize("width", WIDTHS)
def test_an_administrator_looks_at_the_traffic(stack: Stack, visit: Window, width: str) -> None:
    from toono.exchange.tests.test_traffic_page import row
    from toono.kernel.clock import now

    for hour in range(20):
        row(now() - timedelta(hours=hour), calls=1_000 + 137 * (hour % 7), milliseconds=12)
        row(
            now() - timedelta(hours=hour),
            calls=13 * (hour % 5),
            milliseconds=3_000,
            outcome="timeout",
            service="MN/GOV/auto-transport/vehicles/owner",
        )
    with visit(width) as v:
        v.sign_in(stack.addresses["persons"]["anu"])
        for period in ("day", "month"):
            v.open(f"/admin/exchange/traffic?period={period}")
            look(v, f"traffic-{period}")


def test_in_english_no_mongolian_word_of_ours_is_left(visit: Window, person: dict[str, Any]) -> None:
    with visit("phone", locale="en-GB") as v:
        v.open("/language/en?next=/")
        v.sign_in(person)
        names = {person[name] for name in ("clan_name", "patronymic", "given_name") if person.get(name)}
        v.open("/my/readings")
        readings = v.page.evaluate("() => [...document.querySelectorAll('.toono-log a')].map(a => a.getAttribute('href'))")
        for path in (
            "/my/",
            "/my/readings",
            *readings,
            "/consents/ask?agreement=khasar-bank-loans-profile",
            "/my/consents",
            "/my/settings",
        ):
            v.open(path)
            v.is_sound()
            left = v.page.evaluate(
                """() => [...document.querySelectorAll('main *, footer *')].filter(e => !e.closest('[lang=mn]') && e.children.length === 0)
                   .map(e => e.textContent.trim()).filter(t => /[А-Яа-яӨөҮү]/.test(t))"""
            )
            assert [text for text in left if not any(name in text for name in names)] == [], path
