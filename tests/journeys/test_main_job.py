"""The main job in Chromium, at both widths, as a citizen, as anybody, as an officer; by keyboard; without JavaScript; in English."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import zxingcpp

from tests.stage import Stack
from toono.entry.tour import verify_upload

Window = Callable[..., Any]


def order(v: Any) -> str:
    """From the service's page to the finished document; gives the document's path."""
    v.open("/services/address-reference/")
    v.is_sound()
    v.page.locator("main form[action$='/start'] button").click()
    v.page.wait_for_url("**/check")
    v.is_sound()
    for box in v.page.locator("main form input[type=checkbox]").all():
        box.check()
    v.page.locator("main form:has(input[name=form_token]) button").click()
    v.page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}$"))
    link = v.page.locator("main a[href^='/documents/']").first
    link.wait_for(timeout=30_000)
    v.is_sound()
    return "/".join(link.get_attribute("href").split("/")[:3])


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_a_citizen_orders_the_reference_and_anybody_verifies_it(
    stack: Stack, visit: Window, person: dict[str, Any], width: str, tmp_path: Path
) -> None:
    with visit(width) as v:
        v.open("/")
        v.is_sound()
        v.page.locator("input[name=q]").fill("хаягын лавлага")  # misspelt, as people do
        v.page.keyboard.press("Enter")
        v.page.wait_for_url("**/services/**")
        v.is_sound()
        v.page.get_by_role("link", name=re.compile("хаягийн бүртгэлийн лавлагаа")).first.click()
        v.page.wait_for_url("**/services/address-reference/")
        v.sign_in(person)
        document = order(v)
        v.open(document)
        v.is_sound()
        with v.page.expect_download() as download:
            v.page.locator(f"main a[href^='{document}/file.pdf']").first.click()
        pdf = Path(download.value.path()).read_bytes()
        for path in ("/my/", "/my/inbox", "/my/readings"):
            v.open(path)
            v.is_sound()
        assert "Цахим Монгол" in v.page.locator("main").inner_text()
    address = printed_address(pdf, tmp_path)
    assert address.startswith(stack.base_url + "/d/")
    with visit(width) as anybody:
        anybody.page.goto(address)
        assert anybody.page.locator("[data-status]").get_attribute("data-status") == "valid"
        assert person["given_name"] not in anybody.page.content()
        anybody.is_sound()
        anybody.open("/verify")
        anybody.is_sound()
        anybody.open("/figures")
        anybody.is_sound()


def printed_address(pdf: bytes, folder: Path) -> str:
    """What a phone reads from the QR on the rendered page."""
    import subprocess

    from PIL import Image

    (folder / "document.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "110", "-png", str(folder / "document.pdf"), str(folder / "page")], check=True)
    found = [c.text for image in sorted(folder.glob("page*.png")) for c in zxingcpp.read_barcodes(Image.open(image))]
    assert len(found) == 1
    return str(found[0])


def test_the_seal_is_valid_for_pdfsig(
    stack: Stack, browser_client: Callable[[str], httpx.Client], person: dict[str, Any], tmp_path: Path
) -> None:
    import subprocess

    pdf = reference_of(stack, browser_client(person["regnum"]))
    (tmp_path / "document.pdf").write_bytes(pdf)
    database = tmp_path / "nss"
    database.mkdir()
    subprocess.run(["certutil", "-N", "-d", f"sql:{database}", "--empty-password"], check=True)
    anchors = Path(stack.addresses["trust_anchors"]).read_text().split("-----END CERTIFICATE-----")
    for number, pem in enumerate(a for a in anchors if "BEGIN" in a):
        (tmp_path / "ca.pem").write_text(pem + "-----END CERTIFICATE-----\n")
        subprocess.run(
            ["certutil", "-A", "-d", f"sql:{database}", "-n", f"toono-{number}", "-t", "C,C,C", "-a", "-i", str(tmp_path / "ca.pem")],
            check=True,
        )
    said = subprocess.run(
        ["pdfsig", "-nssdir", f"sql:{database}", str(tmp_path / "document.pdf")], capture_output=True, text=True, check=False
    ).stdout
    assert "Signature Validation: Signature is Valid." in said, said
    assert "Certificate Validation: Certificate is Trusted." in said, said
    assert "Total document signed" in said and "ETSI.CAdES.detached" in said


def reference_of(stack: Stack, client: httpx.Client) -> bytes:
    """Order a reference as the person of ``client`` and give the file."""
    from toono.entry.person import Person
    from toono.entry.tour import document_link, order_reference

    person = Person(stack.base_url)
    person.client = client
    order_reference(person)
    return client.get(document_link(person) + "/file.pdf").raise_for_status().content


def test_tampered_revoked_and_unknown_files_are_told_apart(
    stack: Stack, browser_client: Callable[[str], httpx.Client], person: dict[str, Any], oyun: Any
) -> None:
    from toono.entry.person import Person

    pdf = reference_of(stack, browser_client(person["regnum"]))
    anybody = Person(stack.base_url)
    assert verify_upload(anybody, pdf) == "genuine"
    place = pdf.index(b"stream", len(pdf) // 3) + 30
    assert verify_upload(anybody, pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]) == "altered"
    assert verify_upload(anybody, pdf + b"\n% more") in ("altered",)
    assert verify_upload(anybody, b"%PDF-1.7\n%%EOF") in ("not_a_document", "unknown")
    assert verify_upload(anybody, b"hello") == "not_a_document"
    anybody.open("/d/22222222222222222222")
    assert anybody.page.xpath("//@data-status") == ["unknown"]


def test_the_whole_job_works_without_javascript_by_forms_alone(visit: Window, person: dict[str, Any]) -> None:
    with visit("phone", script=False) as v:
        v.sign_in(person)
        v.open("/services/address-reference/")
        v.page.locator("main form[action$='/start'] button").click()
        for box in v.page.locator("main form input[type=checkbox]").all():
            box.check()
        v.page.locator("main form:has(input[name=form_token]) button").click()
        link = v.page.locator("main a[href^='/documents/']").first  # the page renews itself
        link.wait_for(timeout=30_000)
        assert v.faults == []


def test_the_whole_job_works_by_keyboard_and_focus_is_always_seen(visit: Window, person: dict[str, Any]) -> None:
    with visit("desk") as v:
        v.sign_in(person)
        v.open("/services/address-reference/")

        def tab_to(selector: str) -> None:
            for _ in range(60):
                v.page.keyboard.press("Tab")
                assert v.page.evaluate(
                    "() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' || s.boxShadow !== 'none' }"
                )
                if v.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                    return
            raise AssertionError(f"{selector} is not reached by Tab on {v.page.url}")

        v.page.keyboard.press("Tab")
        assert v.page.evaluate("() => document.activeElement.getAttribute('href')") == "#main"  # the skip link comes first
        tab_to("form[action$='/start'] button")
        v.page.keyboard.press("Enter")
        v.page.wait_for_url("**/check")
        for _ in v.page.locator("main form input[type=checkbox]").all():
            tab_to("main form input[type=checkbox]")
            v.page.keyboard.press("Space")
        tab_to("main form:has(input[name=form_token]) button")
        v.page.keyboard.press("Enter")
        v.page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}$"))


def test_in_english_no_mongolian_word_of_ours_is_left(visit: Window, person: dict[str, Any]) -> None:
    with visit("phone", locale="en-GB") as v:
        v.open("/language/en?next=/")
        if v.page.locator("html").get_attribute("lang") != "en":
            v.page.get_by_text("English").first.click()
        assert v.page.locator("html").get_attribute("lang") == "en"
        v.sign_in(person)
        names = {person[k] for k in ("clan_name", "patronymic", "given_name") if person.get(k)}
        for path in (
            "/",
            "/services/",
            "/services/address-reference/",
            "/services/water-use-permit/",
            "/my/",
            "/my/readings",
            "/my/inbox",
            "/verify",
            "/figures",
        ):
            v.open(path)
            v.is_sound()
            left = v.page.evaluate(
                """() => [...document.querySelectorAll('main *, footer *')].filter(e => !e.closest('[lang=mn]') && e.children.length === 0)
                   .map(e => e.textContent.trim()).filter(t => /[А-Яа-яӨөҮү]/.test(t))"""
            )
            assert [t for t in left if not any(name in t for name in names)] == [], path


def test_an_officer_decides_a_permit_with_a_reason(stack: Stack, visit: Window, person: dict[str, Any]) -> None:
    from toono.entry.person import Person
    from toono.entry.tour import WATER_PERMIT, answer_questions, declaration, start_form

    citizen = Person(stack.base_url, sms=lambda: stack.sms(person["phone"]))
    citizen.sign_in(person["regnum"])
    citizen.open("/services/water-use-permit/")
    citizen.press(form=start_form(citizen))
    answer_questions(citizen, WATER_PERMIT)
    citizen.press(form=citizen.form(field="form_token"), **declaration(citizen))
    case = citizen.path
    for width in ("phone", "desk"):
        with visit(width) as v:
            v.sign_in(stack.addresses["persons"]["oyun"])
            v.open("/desk/")
            v.is_sound()
            stack.wait(lambda v=v: v.page.goto(f"{stack.base_url}/desk/{case.rsplit('/', 1)[1]}").ok)
            v.is_sound()
            text = v.page.locator("main").inner_text()
            assert "Хөх булаг" in text and person["given_name"] in text
            if width == "desk":
                v.page.locator("main input[name=action][value=refuse]").check()
                v.page.locator("main textarea[name=reason]").fill("Нөөц хүрэлцэхгүй байна.")
                form = v.page.locator("main form:has([name=action])")
                form.locator("button").first.click()  # no ground chosen: refused with a summary
                assert v.page.locator(".govuk-error-summary").count() == 1
                v.is_sound()
                ground = v.page.locator("main [name=ground]")
                if ground.first.evaluate("e => e.tagName") == "SELECT":
                    ground.select_option(index=1)
                else:
                    ground.first.check()
                v.page.locator("main input[name=action][value=refuse]").check()
                v.page.locator("main form:has([name=action]) button").first.click()
    citizen.open(case)
    assert "Нөөц хүрэлцэхгүй байна." in citizen.text  # the reason
    assert "Усны тухай хууль" in citizen.text  # the law


def test_one_persons_session_never_gives_anothers_things(
    stack: Stack, browser_client: Callable[[str], httpx.Client], fresh_person: Callable[[], dict[str, Any]]
) -> None:
    from toono.entry.person import Person
    from toono.entry.tour import document_link, order_reference

    one, other = fresh_person(), fresh_person()
    owner = Person(stack.base_url)
    owner.client = browser_client(one["regnum"])
    order_reference(owner)
    case, document = owner.path, document_link(owner)
    stranger = browser_client(other["regnum"])
    owner.open("/my/inbox")
    message = owner.page.xpath("//main//a[starts-with(@href, '/my/inbox/')]/@href")[0]
    for path in (case, case + "/check", case + "/rate", document, document + "/file.pdf", document + "/picture.svg", message):
        answer = stranger.get(path)
        assert answer.status_code == 404, path
        assert one["regnum"] not in answer.text and one["given_name"] not in answer.text
    officer = browser_client(stack.addresses["persons"]["oyun"]["regnum"])
    assert officer.get(f"/desk/{case.rsplit('/', 1)[1]}").status_code == 404  # another organisation's case
    assert stranger.get("/desk/").status_code == 404
    assert stranger.get("/admin/certificates").status_code == 404
    assert httpx.get(stack.base_url + case).status_code == 302  # not signed in: to sign in, whatever the address


def test_first_visit_and_second_visit_stay_within_the_weight(stack: Stack, visit: Window) -> None:
    with visit("phone") as v:
        client = v.page.context.new_cdp_session(v.page)
        client.send("Network.enable")
        weights: list[tuple[str, str, float]] = []
        kinds: dict[str, tuple[str, str]] = {}
        client.on("Network.responseReceived", lambda e: kinds.__setitem__(e["requestId"], (e["type"], e["response"]["url"])))
        client.on("Network.loadingFinished", lambda e: weights.append((*kinds.get(e["requestId"], ("Other", "")), e["encodedDataLength"])))
        for path, most in (("/", 60_000), ("/services/address-reference/", 15_000)):
            weights.clear()
            v.open(path)
            v.page.wait_for_load_state("networkidle")
            by_kind: dict[str, float] = {}
            for kind, url, size in weights:
                assert url.startswith(stack.base_url) or url.startswith("data:"), f"from elsewhere: {url}"
                by_kind[kind] = by_kind.get(kind, 0) + size
            assert sum(by_kind.values()) <= most, (path, by_kind)
            limits = {"Document": 14_000, "Stylesheet": 15_500, "Font": 32_000, "Script": 12_500, "Image": 4_500}
            assert {k: s for k, s in by_kind.items() if s > limits.get(k, 60_000)} == {}, path


def test_every_machine_can_drive_the_platform_by_addresses_json(stack: Stack) -> None:
    told = json.loads((stack.home / "addresses.json").read_text())
    discovery = httpx.get(told["openid_configuration"]).json()
    assert discovery["issuer"] == told["issuer"]
    assert httpx.get(told["sms_inbox"].format(phone=told["persons"]["sarnai"]["phone"])).status_code == 200
    assert httpx.get(told["verify"]).status_code == 200
