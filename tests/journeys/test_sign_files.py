"""A person's own signature on a file of theirs, in Chromium: brought, seen, confirmed by a code, taken along, and found good by the validation page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stage import Stack
from toono.pki.tests.making import document

Window = Callable[..., Any]
NAME = "Түрээсийн гэрээ.pdf"


def _has_key(person: dict[str, Any]) -> None:
    import toono.identity.api as identity
    from toono.kernel.actor import system
    from toono.pki import api as pki
    from toono.pki.contracts import PersonName, Profile

    known = identity.register_person(actor=system("tests"), regnum=person["regnum"])
    name = PersonName(given_name=known.given_name, patronymic=known.patronymic, civil_id=known.civil_id)
    pki.certificate_for(actor=system("tests"), key=f"person/{known.id}", profile=Profile.PERSON, subject=name)


def _codes(stack: Stack, person: dict[str, Any]) -> list[str]:
    return [match.group() for text in stack.sms(person["phone"]) if (match := re.search(r"\b\d{6}\b", text))]


@pytest.mark.parametrize(("width", "script"), [("phone", True), ("desk", False)])
def test_a_person_signs_a_file_of_theirs(
    stack: Stack, visit: Window, person: dict[str, Any], width: str, script: bool, tmp_path: Path
) -> None:
    file = tmp_path / NAME
    file.write_bytes(document("Түрээсийн гэрээ"))
    with visit(width, script=script) as v:
        v.sign_in(person)
        v.open("/my/files")
        assert v.page.get_by_role("link", name="Гэрчилгээ авах").is_visible(), "without a certificate there is nothing to fill in"
        _has_key(person)
        v.open("/my/")
        v.page.get_by_role("link", name="Файлд гарын үсэг зурах").click()
        v.page.get_by_role("button", name="Үргэлжлүүлэх").click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.picture(f"sign-files-error-{width}")
        if script:
            v.is_sound()
        v.page.locator("input[type=file]").set_input_files(file)
        v.page.get_by_role("button", name="Үргэлжлүүлэх").click()
        v.page.get_by_role("heading", name="Юунд гарын үсэг зурах вэ").wait_for()
        main = v.page.locator("main").inner_text()
        assert NAME in main and "1 хуудас" in main
        if script:
            v.page.wait_for_function("() => document.querySelector('img.toono-picture').naturalWidth === 1000")
        v.picture(f"sign-file-{width}")
        if script:
            v.is_sound()
        before = len(_codes(stack, person))
        v.page.get_by_role("button", name="Код авах").click()
        code = stack.wait(lambda: found[-1] if len(found := _codes(stack, person)) > before else None, timeout=40)
        assert f"Файл: {NAME}" in v.page.locator("main").inner_text()
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        v.page.get_by_label("SMS-ээр ирсэн код").fill(wrong)
        v.page.get_by_role("button", name="Гарын үсэг зурах").click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.picture(f"sign-file-code-{width}")
        if script:
            v.is_sound()
        v.page.get_by_label("SMS-ээр ирсэн код").fill(code)
        v.page.get_by_role("button", name="Гарын үсэг зурах").click()
        v.page.get_by_role("heading", name="Гарын үсэг зурагдлаа").wait_for()
        v.picture(f"sign-file-signed-{width}")
        if script:
            v.is_sound()
        with v.page.expect_download() as download:
            v.page.get_by_role("button", name="Гарын үсэгтэй файлыг авах").click()
        signed = tmp_path / download.value.suggested_filename
        assert signed.name == "Түрээсийн гэрээ-signed.pdf"
        download.value.save_as(signed)
        v.open("/validate")
        v.page.locator("#file").set_input_files(signed)
        v.page.get_by_role("button", name="Гарын үсгийг шалгах").click()
        v.page.locator("[data-indication=TOTAL-PASSED]").wait_for()
        v.open("/my/files")
        v.picture(f"sign-files-{width}")
        if script:
            v.is_sound()
            v.open("/language/en?next=/my/files")
            v.is_sound()
            v.picture(f"sign-files-{width}-en")
            v.open("/language/mn?next=/my/files")
        v.page.get_by_role("link", name=NAME).click()
        v.page.get_by_role("button", name="Файлыг одоо устгах").click()
        v.page.wait_for_url("**/my/files")
        assert NAME not in v.page.locator("main").inner_text()
