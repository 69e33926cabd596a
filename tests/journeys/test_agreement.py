"""An agreement between two organisations, from the wish to the right: three persons, on a phone without script and at a desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.journeys.conftest import Visit
from tests.stage import Stack

Window = Callable[..., AbstractContextManager[Visit]]


def main(visit: Visit) -> str:
    return visit.page.locator("main").inner_text()


def propose(visit: Visit, title: str) -> str:
    """Fill the form as Tulga of the bank; gives the address of the draft."""
    page = visit.page
    visit.open("/exchange/agreements")
    page.locator("main a.govuk-button").click()
    page.locator("#text").fill("хаяг")
    page.locator("main [role=search] button").click()
    page.locator("main .toono-log a", has_text="Оршин суугаа газрын хаяг").first.click()
    page.locator("main .toono-log a", has_text="Зээлийн систем").first.click()
    page.locator("form#form > button").click()
    assert "Засах зүйл байна" in main(visit), "an empty form names each field"
    page.locator("#purpose-0-title_mn").fill(title)
    page.locator("#purpose-0-title_en").fill("Journey")
    page.locator("#purpose-0-basis_mn").fill("Туршилтын тухай хуулийн 6 дугаар зүйл")
    page.locator("#purpose-0-code").fill("journey")
    page.locator("#endpoint").check()
    page.locator("#fields").fill("/text\n/registered_on")
    page.locator("#consent").check()
    page.locator("#authentication").check()
    page.locator("#quota").fill("1,000")
    for day in ("#weekday", "#weekday-5"):
        page.locator(day).check()
    page.locator("#begin").fill("08:30")
    page.locator("#end").fill("17:30")
    page.locator("#valid_from").fill("2030.01.01")
    page.locator("#valid_until").fill("2030.12.31")
    page.locator("form#form > button").click()
    assert "Төсөл орлоо. Өөр хүн шалгаж батална." in main(visit)
    return re.sub(r"\?.*", "", page.url.removeprefix(visit.stack.base_url))


@pytest.mark.parametrize(("width", "script"), [("phone", False), ("desk", True)])
def test_three_persons_make_an_agreement(stack: Stack, visit: Window, width: str, *, script: bool) -> None:
    cast, title = stack.addresses["persons"], f"Аялал {width}"
    with visit(width, script=script) as bank:
        bank.sign_in(cast["tulga"])
        address = propose(bank, title)
        text = main(bank)
        for told in (
            title,
            "GET /persons/*/address",
            "/registered_on",
            "1,000",
            "Даваа, Баасан; 08:30–17:30",
            "2031.01.01 00:00",
            "Нэг удаагийн код",
        ):
            assert told in text, told
        assert "Төслийг батлах" not in text and "Саналаа буцааж авах" in text
    with visit(width, script=script) as owner:
        owner.sign_in(cast["bold"])
        owner.open("/exchange/agreements")
        assert "Таны шийдвэрийг хүлээж байна." in main(owner)
        owner.open(address)
        owner.page.get_by_role("button", name="Мэдээллээ өгөхийг зөвшөөрөх").click()
        assert "Зөвшөөрлөө. Одоо администратор баталгаажуулна." in main(owner)
    with visit(width, script=script) as administrator:
        administrator.sign_in(cast["anu"])
        administrator.open(address.replace("/exchange/agreements/drafts", "/admin/registry/drafts"))
        administrator.page.get_by_role("button", name="Төслийг батлах").click()
        assert "Баталлаа. Шинэ тохиргоо нийтлэгдлээ." in main(administrator)
        administrator.open("/admin/registry/agreements?validity=later")
        assert title in main(administrator)


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_every_page_of_the_console_is_sound(stack: Stack, visit: Window, width: str) -> None:
    cast = stack.addresses["persons"]
    service = "MN/GOV/state-registration/population/address"
    pages = {
        "overview": "/admin/registry",
        "organisations": "/admin/registry/organisations",
        "organisation": "/admin/registry/organisations/khasar-bank",
        "system": "/admin/registry/systems/MN/COM/khasar-bank/loans",
        "service": f"/admin/registry/services/{service}",
        "agreements": "/admin/registry/agreements?text=хасар",
        "agreement": "/admin/registry/agreements/khasar-bank-loans-profile",
        "form": "/admin/registry/agreements/khasar-bank-loans-profile/change",
        "choose": "/admin/registry/agreements/new",
        "remove": "/admin/registry/remove/agreement/khasar-bank-loans-profile",
        "versions": "/admin/registry/history/agreement/khasar-bank-loans-profile",
        "history": "/admin/registry/history",
        "exchange": "/admin/registry/propose",
        "picture": "/admin/registry/picture",
    }
    with visit(width) as administrator:
        administrator.sign_in(cast["anu"])
        for name, address in pages.items():
            administrator.open(address)
            administrator.is_sound()
            administrator.picture(f"agreement-{name}-{width}")
    with visit(width) as bank:
        bank.sign_in(cast["tulga"])
        for name, address in {"own": "/exchange/agreements", "own-agreement": "/exchange/agreements/of/khasar-bank-loans-profile"}.items():
            bank.open(address)
            bank.is_sound()
            bank.picture(f"agreement-{name}-{width}")


def test_the_picture_says_in_words_what_it_draws(stack: Stack, visit: Window) -> None:
    with visit("desk", locale="en-GB") as administrator:
        administrator.sign_in(stack.addresses["persons"]["anu"])
        administrator.open("/admin/registry/picture?organisation=khasar-bank")
        drawn = administrator.page.locator("main svg path").count()
        assert drawn == administrator.page.locator("main tbody tr").count() > 0
        assert "Зээлийн систем" in main(administrator)
