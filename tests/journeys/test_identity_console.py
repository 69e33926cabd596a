"""The console of identity: a system from the wish to its first sign-in, its failures in words, support that the person reads of; on a phone without script and at a desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.journeys.conftest import WIDTHS, Visit
from tests.stage import Stack

Window = Callable[..., AbstractContextManager[Visit]]


def shot(visit: Visit, name: str) -> None:
    width = visit.page.viewport_size["width"]  # type: ignore[index]
    visit.picture(f"console-{name}-{width}")


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
    supporter, second = staff("support"), staff("support")
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


def english(visit: Visit, name: str, *names: str) -> None:
    """Sound at both widths, and nothing in Mongolian but what people and systems are called."""
    for width in WIDTHS.values():
        visit.page.set_viewport_size({"width": width[0], "height": width[1]})
        sound(visit, f"english-{name}")
    said = main(visit)
    names = (*names, *visit.page.locator("main bdi, main option:not([value='']), main th.toono-breaks").all_inner_texts())
    for known in sorted({"ДАН", *names}, key=len, reverse=True):  # so that no name leaves the rest of a longer one
        said = said.replace(known, "")
    assert re.findall(r"[А-Яа-яӨөҮүЁё]+", said) == [], visit.page.url


def test_the_console_in_english(visit: Window, stack: Stack, staff: Callable[..., dict[str, Any]], person: dict[str, Any]) -> None:
    """Everything that a system may have, a statement, an appointment, trials by device and by phone, support: by the words of the other language."""
    keeper, administrator = staff("representative", organisation_code(stack)), staff("administrator")
    name = f"Booking {uuid4().hex[:6]}"
    with visit("desk") as v:
        v.sign_in(keeper)
        v.open("/language/en?next=/identity/systems")
        v.page.get_by_role("button", name="Register a system").click()
        english(v, "choose")
        v.page.locator("input[name=kind][value=web]").check()
        v.page.locator("input[name=stage][value=production]").check()
        v.page.get_by_role("button", name="Continue").click()
        v.page.locator("#client_name").fill(name)
        v.page.locator("#client_name_en").fill(name)
        v.page.locator("#redirect_uris").fill("https://hospital.gov.mn/cb")
        assert not v.page.locator("#grants-ciba").is_visible(), "what few need stands folded"
        for title in (
            "Signing in on another device",
            "Rights in detail (RAR)",
            "Tokens for calling other systems",
            "Signature algorithm (id_token)",
        ):
            v.page.get_by_text(title, exact=True).click()
        v.page.locator("input[name=id_token_signed_response_alg][value=RS256]").check()
        v.page.locator("#grants").check()
        v.page.locator("#grants-ciba").check()
        v.page.locator("input[name=backchannel_token_delivery_mode][value=ping]").check()
        v.page.locator("input[name=authorization_details_types][value=toono_exchange]").check()
        v.page.get_by_role("button", name="Ask for approval").click()
        assert "Write the address that takes the notice" in main(v)
        v.faults.clear()
        english(v, "form-errors")
        v.page.locator("#backchannel_client_notification_endpoint").fill("https://hospital.gov.mn/ping")
        v.page.get_by_role("button", name="Ask for approval").click()
        english(v, "asked")
        address = re.sub(r"\?.*", "", v.page.url.removeprefix(stack.base_url))
    with visit("desk") as v:
        v.sign_in(administrator)
        v.open(f"/language/en?next={address}")
        english(v, "change")
        v.page.get_by_role("button", name="Allow").click()
        v.open("/identity/systems/figures")
        english(v, "figures")
        v.open("/identity/systems/statements")
        english(v, "statement-form")
        v.page.locator("#client_name").fill("Register by itself")
        v.page.get_by_role("button", name="Issue the statement").click()
        assert "Choose at least one way" in main(v)
        v.faults.clear()
        v.page.locator("#organisation").select_option(organisation_code(stack))
        v.page.locator("#grants").check()
        v.page.locator("#hosts").fill("hospital.gov.mn")
        v.page.get_by_role("button", name="Issue the statement").click()
        statement = v.page.locator("#statement").inner_text().strip()
        english(v, "statement")
        sent = {"software_statement": statement, "redirect_uris": ["https://hospital.gov.mn/cb"]}
        assert httpx.post(f"{stack.base_url}/oidc/register", json=sent).status_code == 201
        v.open("/admin/identity/appointments")
        v.page.locator("#regnum").fill(person["regnum"])
        v.page.locator("input[type=radio][value=support]").check()
        v.page.get_by_role("button", name="Appoint").click()
        v.open(f"/admin/identity/appointments?text={person['given_name']} {person['patronymic']}")
        english(v, "appointments", person["given_name"], person["patronymic"], person["regnum"][:2])
    with visit("desk") as v:
        v.sign_in(keeper)
        v.open(f"/language/en?next=/identity/systems?text={name[-6:]}")
        v.page.get_by_role("link", name=name).first.click()
        english(v, "party")
        party = v.page.url
        v.page.get_by_role("button", name="Try approval by phone").click()
        english(v, "trial-phone")
        with v.page.context.expect_page() as other:
            v.page.get_by_role("link", name="The page to answer on").click()
        other.value.get_by_role("button", name="Allow").first.click()
        other.value.wait_for_url("**/decide*")
        other.value.close()
        v.page.get_by_role("button", name="I have answered, go on").click()
        assert "All steps succeeded" in main(v)
        english(v, "trial-phone-done")
        v.page.goto(party)
        v.page.get_by_role("button", name="Try the device flow").click()
        v.page.get_by_role("button", name="I have answered, go on").click()
        assert "You have not answered yet" in main(v)
        english(v, "trial-device")
    with visit("desk") as v:
        v.sign_in(person)
        v.open("/language/en?next=/my/")
        v.page.get_by_role("banner").get_by_role("link", name="Help a person").click()
        english(v, "support")
        assert "Systems" not in v.page.locator("main nav").inner_text(), "support is shown its own pages"
