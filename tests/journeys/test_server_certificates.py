"""A representative asks for a certificate of their organisation's server, in Chromium: at both widths, in both languages, by keyboard and without script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.stage import Stack
from toono.kernel.actor import Actor
from toono.pki.tests.making import code

Window = Callable[..., Any]


def request(*names: str, key: Any = None) -> str:
    """A certificate request (CSR) in PEM, as OpenSSL makes it."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _sent(v: Any, text: str) -> None:
    """By keyboard: the field is filled, the button is the next stop."""
    v.page.locator("#request").fill(text)
    v.page.locator("#request").press("Tab")
    with v.page.expect_navigation():
        v.page.keyboard.press("Enter")


@pytest.mark.parametrize(("width", "language", "script"), [("phone", "mn", True), ("desk", "mn", False), ("desk", "en", True)])
def test_a_request_is_pasted_waits_and_its_refusal_is_read(
    stack: Stack, visit: Window, actor_of: Callable[[str], Actor], anu: Actor, width: str, language: str, script: bool
) -> None:
    from toono.pki import api

    name = f"www.{code()}.mn"
    person = stack.addresses["persons"]["bold"]
    with visit(width, script=script) as v:

        def sound(picture: str) -> None:
            v.picture(f"server-certificates-{picture}-{width}-{language}")
            if script:  # the linter is a script itself
                v.is_sound()

        v.sign_in(person)
        v.open("/servers/certificates" if language == "mn" else "/language/en?next=/servers/certificates")
        assert v.page.locator("html").get_attribute("lang") == language
        texts = v.page.locator("main p").all_inner_texts()
        assert all(text[: len(text) // 3] * 3 != text for text in texts if len(text) > 30), "nothing is said three times"
        sound("empty")
        for wrong in (
            "",
            "-----BEGIN CERTIFICATE REQUEST-----\nбиш\n-----END CERTIFICATE REQUEST-----",
            request(name, key=rsa.generate_private_key(65537, 1024)),
        ):
            _sent(v, wrong)
            assert v.page.locator(".govuk-error-summary").is_visible()
            assert v.page.locator("#request").input_value().strip() == wrong.replace("\r\n", "\n").strip(), "what was typed is kept"
            assert v.page.locator("#request").get_attribute("aria-describedby")
        sound("refused")
        asked = request(name, f"api.{name}")
        _sent(v, asked)
        entry = v.page.locator("li", has_text=name)
        assert entry.locator(".govuk-tag--orange").count() == 1 and f"api.{name}" in entry.inner_text()
        _sent(v, asked)  # once more: what waits is there once
        assert v.page.locator("li", has_text=name).count() == 1
        sound("waiting")
        mine = actor_of(person["regnum"])
        [waiting] = [one for one in api.my_certificate_requests(actor=mine) if name in one.names]
        api.decide_certificate_request(actor=anu, request_id=waiting.id, approved=False, reason="Нэр нь танай байгууллагынх биш")
        v.open("/servers/certificates")
        entry = v.page.locator("li", has_text=name)
        assert entry.locator(".govuk-tag--red").count() == 1 and "Нэр нь танай байгууллагынх биш" in entry.inner_text()
        sound("decided")


def test_nobody_else_sees_the_page_or_the_requests(stack: Stack, browser_client: Callable[[str], Any]) -> None:
    persons = stack.addresses["persons"]
    name = f"www.{code()}.mn"
    bold, tulga, sarnai = (browser_client(persons[one]["regnum"]) for one in ("bold", "tulga", "sarnai"))
    page = bold.get("/servers/certificates").text
    fields = {"csrfmiddlewaretoken": page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0], "request": request(name)}
    assert name in bold.post("/servers/certificates", data=fields).text
    assert tulga.get("/servers/certificates").status_code == 200 and name not in tulga.get("/servers/certificates").text
    assert sarnai.get("/servers/certificates").status_code in {403, 404}
    large = bold.post("/servers/certificates", data=fields | {"request": "x" * 100_000})
    assert large.status_code == 200 and "govuk-error-summary" in large.text
