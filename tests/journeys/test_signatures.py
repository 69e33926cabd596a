"""A person's requests to sign in Chromium: waiting, read, refused, signed; and the administrator's list of who may ask."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.stage import Stack

Window = Callable[..., Any]
TEXT = "Би 2026 оны 12 дугаар сарын 1-нээс эхлэн ажлын байрны гэрээг зөвшөөрч байна.\nЦалин: 2 400 000 ₮"


def asked(person: dict[str, Any], text: str, *digests: bytes) -> Any:
    """A request to this person, who has a key."""
    import toono.identity.api as identity
    from toono.kernel.actor import system
    from toono.pki import api as pki
    from toono.pki.contracts import PersonName, Profile, SigningOrigin, SigningPurpose

    actor = system("tests")
    known = identity.register_person(actor=actor, regnum=person["regnum"])
    name = PersonName(given_name=known.given_name, patronymic=known.patronymic, civil_id=known.civil_id)
    certificate = pki.certificate_for(actor=actor, key=f"person/{known.id}", profile=Profile.PERSON, subject=name)
    wanted = digests or (hashlib.sha256(text.encode()).digest(),)
    return pki.ask_signature(
        origin=SigningOrigin.CSC, purpose=SigningPurpose.SIGNATURE, party_id="bank", party="Хөдөлмөрийн гэрээний цахим сан", text=text,
        certificate=certificate.serial, digests=[base64.b64encode(one).decode() for one in wanted], protocol={},
    )  # fmt: skip


@pytest.mark.parametrize(("width", "language"), [("phone", "mn"), ("desk", "mn"), ("phone", "en")])
def test_every_page_of_signing_is_sound(stack: Stack, visit: Window, person: dict[str, Any], width: str, language: str) -> None:
    exact, other, refused = asked(person, TEXT), asked(person, "Нууцын гэрээ", bytes(32), bytes(range(32))), asked(person, "Түрээс")
    with visit(width) as v:
        v.sign_in(person)
        if language == "en":
            v.open("/language/en?next=/my/signatures")
        v.open("/my/signatures")
        v.picture(f"signatures-{width}-{language}")
        v.is_sound()
        for name, one in (("exact", exact), ("digests", other)):
            v.open(f"/my/signatures/{one.id}")
            v.picture(f"signature-{name}-{width}-{language}")
            v.is_sound()
        v.open(f"/my/signatures/{refused.id}")
        v.page.locator("form:has(input[value=refuse]) button").click()
        v.page.locator(".govuk-warning-text").wait_for(state="detached")
        v.page.wait_for_load_state()
        v.is_sound()
        v.picture(f"signature-refused-{width}-{language}")
        v.open(f"/my/signatures/{exact.id}?asked=1")
        v.page.locator("form:has(input[name=code]) button").click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.picture(f"signature-error-{width}-{language}")
        v.is_sound()


@pytest.mark.parametrize("script", [True, False])
def test_a_person_signs_on_their_phone(stack: Stack, visit: Window, person: dict[str, Any], script: bool) -> None:
    from toono.pki import api as pki

    one = asked(person, TEXT)
    with visit("phone", script=script) as v:
        v.sign_in(person)
        v.open("/my/")
        v.page.get_by_role("link", name="Гарын үсгийн хүсэлт").click()
        v.page.get_by_role("link", name="Хөдөлмөрийн гэрээний цахим сан").click()
        assert "Цалин: 2 400 000 ₮" in v.page.locator("main").inner_text()
        before = len(_codes(stack, person))
        v.page.get_by_role("button", name="Код авах").click()
        code = stack.wait(lambda: found[-1] if len(found := _codes(stack, person)) > before else None, timeout=20)
        v.page.get_by_label("SMS-ээр ирсэн код").fill(code)
        v.page.get_by_role("button", name="Гарын үсэг зурах").click()
        v.page.get_by_role("heading", name="Гарын үсэг зурагдлаа").wait_for()
        v.picture(f"signed-{script}")
        if script:
            v.is_sound()
    assert len(pki.signing_outcome(request_id=one.id).signatures) == 1


def _codes(stack: Stack, person: dict[str, Any]) -> list[str]:
    import re

    return [match.group() for text in stack.sms(person["phone"]) if (match := re.search(r"\b\d{6}\b", text))]


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_an_administrator_registers_who_may_ask(stack: Stack, visit: Window, width: str) -> None:
    with visit(width) as v:
        v.sign_in(stack.addresses["persons"]["anu"])
        v.open("/admin/signing-parties")
        v.page.get_by_role("button", name="Бүртгэх").click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.is_sound()
        v.page.get_by_label("Хүнд харагдах нэр").fill(f"Говийн банк {width}")
        v.page.get_by_label("Хүн буцаж очих хаяг").fill("https://bank.mn")
        v.page.get_by_role("button", name="Бүртгэх").click()
        v.page.get_by_text("rp_sk_").wait_for()
        assert "rp_sk_" in v.page.locator("main").inner_text()
        v.picture(f"relying-parties-{width}")
        v.is_sound()
        v.open("/admin/signing-parties")
        assert "rp_sk_" not in v.page.locator("main").inner_text(), "told once"
        v.page.locator("section", has_text=f"Говийн банк {width}").first.get_by_role("button", name="Зогсоох").click()
        v.page.get_by_text("Зогсоосон").first.wait_for()
        v.page.wait_for_load_state()
        v.is_sound()
