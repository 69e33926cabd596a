"""The console of identity: a system from the wish to its first sign-in, its failures in words, support that the person reads of; on a phone without script and at a desk."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.journeys.conftest import Visit
from tests.stage import Stack

Window = Callable[..., AbstractContextManager[Visit]]


def shot(visit: Visit, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        width = visit.page.viewport_size["width"]  # type: ignore[index]
        visit.page.screenshot(path=str(Path(folder) / f"console-{name}-{width}.png"), full_page=True)


def main(visit: Visit) -> str:
    return str(visit.page.locator("main").inner_text())


def sound(visit: Visit, name: str) -> None:
    """Where scripts are off, axe cannot run: then the page must work, and is judged in the runs beside this one."""
    if not visit.page.evaluate("() => matchMedia('(scripting: none)').matches"):
        visit.is_sound()
    shot(visit, name)


@pytest.fixture
def staff(stack: Stack, fresh_person: Callable[[], dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A fresh person with a right."""

    def make(role: str, organisation: str = "") -> dict[str, Any]:
        from toono.identity import models
        from toono.identity.operations.registration import register_person
        from toono.kernel.clock import now

        who = fresh_person()
        models.Appointment.objects.create(person=register_person(who["regnum"]), role=role, organisation=organisation, appointed_at=now())
        return who

    return make


def organisation_code(stack: Stack) -> str:
    import toono.registry.api as registry

    return registry.organisations()[0].code


@pytest.mark.parametrize(("width", "script"), [("phone", True), ("desk", True), ("phone", False)])
def test_a_system_from_the_wish_to_its_secret(
    visit: Window, stack: Stack, staff: Callable[..., dict[str, Any]], width: str, script: bool
) -> None:
    keeper, administrator = staff("representative", organisation_code(stack)), staff("administrator")
    name = f"Цаг захиалга {uuid4().hex[:6]}"
    with visit(width, script=script) as v:
        v.sign_in(keeper)
        v.open("/identity/systems")
        sound(v, "empty")
        v.page.get_by_role("button", name="Систем бүртгүүлэх").click()
        sound(v, "choose")
        v.page.locator("input[name=kind][value=web]").check()
        v.page.locator("input[name=stage][value=production]").check()
        v.page.get_by_role("button", name="Үргэлжлүүлэх").click()
        sound(v, "form")
        v.page.locator("#client_name").fill(name)
        v.page.locator("#redirect_uris").fill("https://*.hospital.gov.mn/cb")
        v.page.get_by_role("button", name="Зөвшөөрөл хүсэх").click()
        assert "Засах зүйл байна" in main(v) and "1 дүгээр мөр" in main(v)
        v.faults.clear()  # the browser names the status 400 of a form that is to be mended
        sound(v, "form-errors")
        v.page.locator("#client_name_en").fill("Booking")
        v.page.locator("#redirect_uris").fill("https://hospital.gov.mn/cb")
        v.page.locator("input[name=scope][value=register]").check()
        v.page.get_by_role("button", name="Зөвшөөрөл хүсэх").click()
        assert "Санал орлоо" in main(v)
        sound(v, "asked")
        address = re.sub(r"\?.*", "", v.page.url.removeprefix(stack.base_url))
    with visit(width, script=script) as v:
        v.sign_in(administrator)
        v.open("/identity/systems")
        assert name in main(v)
        sound(v, "waiting")
        v.open(address)
        sound(v, "change")
        v.page.get_by_role("button", name="Зөвшөөрөх").click()
        assert "Шийдвэрийг бүртгэлээ" in main(v)
        v.open("/identity/systems/figures")
        sound(v, "figures")
    with visit(width, script=script) as v:
        v.sign_in(keeper)
        v.open(f"/identity/systems?text={name[-6:]}")
        v.page.get_by_role("link", name=name).click()
        sound(v, "party")
        client_id = v.page.url.rpartition("/")[2]
        v.page.get_by_role("button", name="Нууц түлхүүр үүсгэх").click()
        secret = v.page.locator("[role=alert] .toono-code").inner_text().strip()
        assert len(secret) >= 43
        sound(v, "secret")
        wrong = httpx.post(
            f"{stack.base_url}/oidc/token",
            data={"grant_type": "authorization_code", "code": "x", "client_id": client_id, "client_secret": "y"},
        )
        right = httpx.post(
            f"{stack.base_url}/oidc/token",
            data={"grant_type": "authorization_code", "code": "x", "client_id": client_id, "client_secret": secret},
        )
        assert wrong.status_code == 401
        assert right.json()["error"] != "invalid_client"
        v.open(f"/identity/systems/of/{client_id}")
        v.page.get_by_role("link", name="Алдааны бүртгэл").click()
        assert "Нууц түлхүүр буруу байна" in main(v)
        sound(v, "failures")
        v.open(f"/identity/systems/failures-of/{client_id}?number={wrong.headers['X-Request-Id']}")
        assert wrong.headers["X-Request-Id"] in main(v)
        v.open(f"/identity/systems/change/{client_id}")
        assert v.page.locator("#client_name").input_value() == name
        sound(v, "edit")
        v.open(f"/identity/systems/of/{client_id}")
        v.page.get_by_role("button", name="Туршиж үзэх").click()
        sound(v, "trial")
        v.page.get_by_role("button", name="Нэвтрэх хуудас руу үргэлжлүүлэх").click()
        v.page.get_by_role("button", name="Зөвшөөрөх").click()
        assert "Бүх алхам амжилттай" in main(v)
        sound(v, "trial-done")


@pytest.mark.parametrize(("width", "script"), [("phone", True), ("desk", True), ("phone", False)])
def test_support_looks_with_a_reason_and_the_person_reads_it(
    visit: Window, staff: Callable[..., dict[str, Any]], person: dict[str, Any], width: str, script: bool
) -> None:
    supporter, second = staff("administrator"), staff("administrator")
    with visit(width, script=script) as v:
        v.sign_in(person)
        v.open("/identity/looks")
        assert "Одоогоор хэн ч нээгээгүй байна" in main(v)
        sound(v, "looks-empty")
    with visit(width, script=script) as v:
        v.sign_in(supporter)
        v.open("/admin/identity/support")
        sound(v, "support")
        v.page.locator("#regnum").fill(person["regnum"])
        v.page.get_by_role("button", name="Бүртгэлийг нээх").click()
        assert "Шалтгаанаа бичнэ үү" in main(v)
        v.faults.clear()
        sound(v, "support-errors")
        v.page.locator("#reason").fill("Хэрэг 2026/17, утсаа гээсэн")
        v.page.get_by_role("button", name="Бүртгэлийг нээх").click()
        assert person["given_name"] in main(v) and person["regnum"] not in v.page.content()
        sound(v, "account")
        v.page.locator("#phone").fill("88112233")
        v.page.locator("#evidence").fill("Салбарт үнэмлэхээр, акт 12")
        v.page.get_by_role("button", name="Солихыг хүсэх").click()
        assert "Өөр ажилтан шийднэ" in main(v)
    with visit(width, script=script) as v:
        v.sign_in(second)
        v.open("/admin/identity/phones")
        sound(v, "phones")
        v.page.locator("section", has_text="88112233").filter(has_text=person["given_name"]).get_by_role(
            "button", name="Татгалзах"
        ).first.click()
        assert "Шийдвэрийг бүртгэлээ" in main(v)
    with visit(width, script=script) as v:
        v.sign_in(person)
        v.open("/identity/looks")
        assert "Хэрэг 2026/17, утсаа гээсэн" in main(v) and "Утасны дугаар солих хүсэлтээс татгалзсан" in main(v)
        sound(v, "looks")
