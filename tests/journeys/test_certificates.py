"""Certificates in Chromium: a person on their phone, the registration desk, the authority's console. Sound at both widths and languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.stage import Stack
from toono.kernel.actor import Actor, Role
from toono.pki.tests.making import SUBJECT, code

Window = Callable[..., Any]


def _code(stack: Stack, phone: str, before: int) -> str:
    def found() -> str:
        texts = stack.sms(phone)[before:]
        return next((m.group() for text in texts if (m := re.search(r"\b\d{6}\b", text))), "")

    return stack.wait(found, timeout=20)


def _confirm(v: Any, stack: Stack, phone: str) -> None:
    """Ask for the code on the page that is open, and type it in."""
    before = len(stack.sms(phone))
    v.page.locator("main form button").first.click()
    v.page.locator("#code").fill(_code(stack, phone, before))
    v.page.locator("main form button").first.click()


@pytest.mark.parametrize("script", [True, False])
def test_a_person_gets_suspends_revives_and_revokes_a_certificate_on_the_phone(
    stack: Stack, visit: Window, person: dict[str, Any], script: bool
) -> None:
    with visit("phone", script=script) as v:
        v.sign_in(person)
        v.open("/my/certificates")
        v.page.locator("a[href$='/new/person']").click()
        _confirm(v, stack, person["phone"])
        v.page.wait_for_url(re.compile(r"/my/certificates/[0-9a-f]+$"))
        assert v.page.locator("h1 + p .govuk-tag--green").count() == 1
        v.picture("certificate-valid")
        v.page.locator("form:has(input[value=suspend]) button").click()
        v.page.locator("h1 + p .govuk-tag--orange").wait_for()
        v.picture("certificate-suspended")
        v.page.locator("a[href$='/revive']").click()
        _confirm(v, stack, person["phone"])
        v.page.wait_for_url(re.compile(r"/my/certificates/[0-9a-f]+$"))
        v.page.locator("form:has(input[value=revoke]) button").click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.page.locator("input[value=key_compromise]").check()
        v.page.locator("form:has(input[value=revoke]) button").click()
        v.page.locator("h1 + p .govuk-tag--red").wait_for()
        assert v.page.locator("form:has(input[name=act])").count() == 0
        assert v.page.locator("ol.govuk-list li").count() == 4
        v.picture("certificate-revoked")


def test_a_wrong_code_gives_nothing(stack: Stack, visit: Window, person: dict[str, Any]) -> None:
    with visit("phone") as v:
        v.sign_in(person)
        v.open("/my/certificates/new/authentication")
        before = len(stack.sms(person["phone"]))
        v.page.locator("main form button").first.click()
        right = _code(stack, person["phone"], before)
        v.page.locator("#code").fill(f"{(int(right) + 1) % 1_000_000:06}")
        v.page.locator("main form button").first.click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.is_sound()
        v.open("/my/certificates")
        assert v.page.locator("main .govuk-tag").count() == 0


def test_anothers_certificate_is_an_unknown_page(visit: Window, person: dict[str, Any], fresh_citizen: Callable[[], Actor]) -> None:
    from uuid import uuid4

    from toono.pki import api
    from toono.pki.contracts import Profile
    from toono.pki.tests.making import PERSON

    serial = api.request_online(actor=fresh_citizen(), name=PERSON, profile=Profile.PERSON, confirmation=uuid4()).serial
    with visit("phone") as v:
        v.sign_in(person)
        for path in ("", "/revive", "/renew"):
            answer = v.page.request.get(f"{v.stack.base_url}/my/certificates/{serial}{path}")
            assert answer.status == 404


def test_at_the_desk_the_photo_is_compared_before_anything_is_issued(
    stack: Stack, visit: Window, person: dict[str, Any], actor_of: Callable[[str], Actor]
) -> None:
    from toono.pki import api
    from toono.pki.models import CertificateRequest

    with visit("desk") as v:
        v.sign_in(stack.addresses["persons"]["dorj"])
        v.open("/counter/certificates")
        v.is_sound()
        v.page.locator("#regnum").fill("УБ99999999")
        v.page.locator("main button").last.click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.page.locator("#regnum").fill(person["regnum"])
        v.page.locator("main button").last.click()
        assert v.page.locator("img.toono-photo").evaluate("(i) => i.naturalWidth") == 120
        v.is_sound()
        v.picture("registration-desk")
        issue = v.page.locator("form:has(input[value=issue]) button")
        issue.click()
        assert v.page.locator(".govuk-error-summary__list li").count() == 2
        v.page.locator("#document").fill("АА12345678")
        v.page.locator("input[name=same_person]").check()
        v.picture("registration-desk-filled")
        v.page.locator("form:has(input[value=issue]) button").click()
        v.page.locator(".toono-panel").wait_for()
        v.is_sound()
    holder = actor_of(person["regnum"])
    [mine] = api.my_certificates(actor=holder)
    kept = CertificateRequest.objects.get(certificate_id=mine.certificate.serial)
    assert (kept.channel, kept.statement["document"], kept.statement["photo_matches"]) == ("desk", "АА12345678", True)


def test_what_was_shown_to_another_operator_or_long_ago_issues_nothing(
    stack: Stack, person: dict[str, Any], browser_client: Callable[[str], Any], actor_of: Callable[[str], Actor]
) -> None:
    from toono.pki import api

    dorj = browser_client(stack.addresses["persons"]["dorj"]["regnum"])
    page = dorj.get("/counter/certificates").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "step": "issue", "profile": "person", "document": "АА12345678", "same_person": "yes"}
    for seal in ("", "junk", "a:b:c"):
        answer = dorj.post("/counter/certificates", data=fields | {"seal": seal})
        assert "Хугацаа хэтэрсэн" in answer.text
    assert api.my_certificates(actor=actor_of(person["regnum"])) == []


SEAL = re.compile(r'name="seal" value="([^"]+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
DESK = "/counter/certificates"


@pytest.fixture
def shown(stack: Stack, person: dict[str, Any], browser_client: Callable[[str], Any]) -> tuple[Any, dict[str, str]]:
    """Dorj, who has just been shown the person with their photo, and the form that states what he saw."""
    dorj = browser_client(stack.addresses["persons"]["dorj"]["regnum"])
    token = TOKEN.search(dorj.get(DESK).text)
    assert token
    page = dorj.post(DESK, data={"csrfmiddlewaretoken": token[1], "step": "find", "regnum": person["regnum"]}).text
    seal = SEAL.search(page)
    assert seal
    fields = {
        "csrfmiddlewaretoken": token[1],
        "step": "issue",
        "profile": "person",
        "document": "АА12345678",
        "same_person": "yes",
        "seal": seal[1],
    }
    return dorj, fields


def test_a_seal_of_the_desk_that_is_old_changed_or_of_another_use_issues_nothing(
    stack: Stack, person: dict[str, Any], shown: tuple[Any, dict[str, str]], actor_of: Callable[[str], Actor]
) -> None:
    """The last line is the twin: the seal that all of these were made of does issue."""
    from django.core import signing

    from toono.channels.web.certificates import _SALT, PHOTO_SECONDS
    from toono.pki import api

    dorj, fields = shown
    content = signing.loads(fields["seal"], salt=_SALT)
    head, _, signature = fields["seal"].rpartition(":")
    wrong = {
        "old": _aged(content, _SALT, PHOTO_SECONDS + 5),
        "of the future of another use": signing.dumps(content, salt="pki.validation-report"),
        "changed": f"{head[:-1]}{'A' if head[-1] != 'A' else 'B'}:{signature}",
        "without its signature": head,
    }
    for kind, seal in wrong.items():
        answer = dorj.post(DESK, data=fields | {"seal": seal})
        assert "Хугацаа хэтэрсэн" in answer.text and answer.text.count("govuk-error-summary__list") == 1, kind
    assert api.my_certificates(actor=actor_of(person["regnum"])) == []
    assert "toono-panel" in dorj.post(DESK, data=fields | {"seal": _aged(content, _SALT, PHOTO_SECONDS - 60)}).text
    assert len(api.my_certificates(actor=actor_of(person["regnum"]))) == 1


def _aged(content: Any, salt: str, seconds: int) -> str:
    """The same seal as it would have been given so many seconds ago."""
    import time
    from unittest.mock import patch

    from django.core import signing

    moment = time.time() - seconds
    with patch("django.core.signing.time.time", lambda: moment):
        return signing.dumps(content, salt=salt)


def test_a_seal_of_another_operator_and_of_one_whose_right_was_taken_issues_nothing(
    stack: Stack,
    person: dict[str, Any],
    fresh_person: Callable[[], dict[str, Any]],
    shown: tuple[Any, dict[str, str]],
    browser_client: Callable[[str], Any],
    actor_of: Callable[[str], Actor],
    anu: Actor,
) -> None:
    """Of another organisation's operator, and of one who is none any more: revoked while the form was open."""
    import toono.identity.api as identity
    from toono.pki import api

    other = fresh_person()
    made = identity.appoint(actor=anu, regnum=other["regnum"], role=Role.OPERATOR, organisation="state-registration")
    colleague = browser_client(other["regnum"])
    token = TOKEN.search(colleague.get(DESK).text)
    assert token
    _, fields = shown
    assert colleague.post(DESK, data=fields | {"csrfmiddlewaretoken": token[1]}).status_code == 404
    own = {"csrfmiddlewaretoken": token[1], "step": "find", "regnum": person["regnum"]}
    seal = SEAL.search(colleague.post(DESK, data=own).text)
    assert seal
    holder = actor_of(other["regnum"])
    assert holder.person_id
    identity.end_appointment(actor=anu, person_id=holder.person_id, role=made.role, organisation=made.organisation)
    refused = colleague.post(DESK, data=fields | {"csrfmiddlewaretoken": token[1], "seal": seal[1]})
    assert refused.status_code in {403, 404}
    assert api.my_certificates(actor=actor_of(person["regnum"])) == []


def test_a_form_of_the_desk_that_is_sent_twice_issues_once(
    person: dict[str, Any], shown: tuple[Any, dict[str, str]], actor_of: Callable[[str], Actor]
) -> None:
    from toono.pki import api

    dorj, fields = shown
    answers = [dorj.post(DESK, data=fields) for _ in range(2)]
    assert all("toono-panel" in answer.text for answer in answers)
    assert len(api.my_certificates(actor=actor_of(person["regnum"]))) == 1


def _pkcs10(name: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(("width", "language"), [("desk", "mn"), ("phone", "mn"), ("desk", "en"), ("phone", "en")])
def test_every_page_is_sound(
    stack: Stack, visit: Window, person: dict[str, Any], actor_of: Callable[[str], Actor], width: str, language: str
) -> None:
    from uuid import uuid4

    from toono.pki import api
    from toono.pki.contracts import PersonName, Profile

    holder = actor_of(person["regnum"])
    name = PersonName(given_name="Сорил", patronymic="Сорилт", civil_id="990000000001")
    held = api.request_online(actor=holder, name=name, profile=Profile.PERSON, confirmation=uuid4())
    asking = Actor(role=Role.REPRESENTATIVE, person_id=uuid4(), organisation="dundgovi-environment")
    waiting = api.request_for_server(actor=asking, organisation=SUBJECT, request=_pkcs10(f"{code()}.gov.mn"))
    own = (
        "/my/certificates",
        f"/my/certificates/{held.serial}",
        "/my/certificates/new/authentication",
        "/pki/disclosure/mn",
        "/pki/disclosure/en",
    )
    console = ("/admin/certificates/authority", f"/admin/certificates/requests/{waiting.id}", f"/admin/certificates/{held.serial}")
    for who, pages in ((person, own), (stack.addresses["persons"]["anu"], console)):
        with visit(width) as v:
            v.sign_in(who)
            if language == "en":
                v.open("/language/en?next=/")
            for path in pages:
                v.open(path)
                v.picture(f"{width}-{language}{path.replace('/', '-')[:40]}")
                v.is_sound()


def test_an_administrator_decides_on_a_server(stack: Stack, visit: Window) -> None:
    from uuid import uuid4

    from toono.pki import api

    asking = Actor(role=Role.REPRESENTATIVE, person_id=uuid4(), organisation="dundgovi-environment")
    asked = [api.request_for_server(actor=asking, organisation=SUBJECT, request=_pkcs10(f"{code()}.gov.mn")) for _ in range(2)]
    with visit("desk") as v:
        v.sign_in(stack.addresses["persons"]["anu"])
        v.open("/admin/certificates/authority")
        v.page.locator(f"a[href$='{asked[0].id}']").click()
        v.page.locator("button[value=issue]").click()
        v.page.locator("p[role=status] a").wait_for()
        v.open(f"/admin/certificates/requests/{asked[1].id}")
        v.page.locator("button[value=refuse]").click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.page.locator("#reason").fill("Нэр нь танай байгууллагынх биш")
        v.page.locator("button[value=refuse]").click()
        v.page.locator("p[role=status]").wait_for()
        v.is_sound()
