"""The pages of signing in, and the portal as relying party, on a running platform: what a person sees, what an attacker tries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from toono.identity.tests import flows

Browser = Callable[..., Any]


@pytest.fixture
def browser(stack: Any, fresh_person: Any) -> Browser:
    """Makes browsers; each has a person who never signed in, unless one is named."""
    from toono.entry.person import Person

    def make(known: dict[str, Any] | None = None) -> Any:
        known = known or fresh_person()
        found = Person(stack.base_url, sms=lambda: stack.sms(known["phone"]))
        found.known, found.regnum = known, known["regnum"]
        return found

    return make


def attribute(person: Any, field: str, name: str) -> str | None:
    value: str | None = person.page.xpath(f"//input[@name='{field}']")[0].get(name)
    return value


def test_signing_in_asks_one_thing_per_page_and_comes_back(browser: Browser) -> None:
    person = browser()
    person.open("/sign-in?next=/identity/sessions")
    assert person.path == "/identity/sign-in" and person.heading == "Регистрийн дугаараа бичнэ үү"
    person.answer_only_field(person.regnum)
    assert person.path == "/identity/code" and person.heading == "SMS-ээр ирсэн кодоо бичнэ үү"
    assert (attribute(person, "code", "autocomplete"), attribute(person, "code", "inputmode")) == ("one-time-code", "numeric")
    person.answer_only_field(person.code(after=0))
    assert person.path == "/identity/sessions" and "энэ төхөөрөмж" in person.text


def test_the_pages_speak_english_too(browser: Browser) -> None:
    person = browser()
    person.client.cookies.set("language", "en")
    person.open("/sign-in")
    assert person.heading == "Enter your register number"
    person.answer_only_field("abc")
    assert "There is a problem" in person.text and "two Cyrillic letters" in person.text
    person.answer_only_field(person.regnum)
    person.answer_only_field("12")
    assert "Enter the six-digit code" in person.text
    person.follow("If the code has not come")
    assert person.page.xpath("string(//html/@lang)") == "en"


@pytest.mark.parametrize("typed", ["УБ", "УБ05139912", "<script>alert(1)</script>"])
def test_a_malformed_number_is_told_in_place_with_what_was_typed(browser: Browser, typed: str) -> None:
    person = browser()
    person.open("/sign-in")
    person.answer_only_field(typed)
    assert person.path == "/identity/sign-in" and person.page.xpath("//*[@role='alert']//a[@href='#regnum']")
    assert attribute(person, "regnum", "value") == typed and "<script>alert" not in person.answer.text


def test_an_unknown_number_sees_what_a_known_one_sees(browser: Browser) -> None:
    known, unknown = browser(), browser({"regnum": "ЫЫ05051399", "phone": "0"})
    pages = []
    for person in (known, unknown):
        person.open("/sign-in")
        person.answer_only_field(person.regnum)
        person.answer_only_field("000000")
        pages.append((person.answer.status_code, person.path, person.text))
        person.follow("Код ирээгүй бол")
        pages[-1] += (person.text,)
        person.press("Шинэ код авах")
        pages[-1] += (person.answer.status_code, person.heading)
    assert pages[0] == pages[1]
    assert pages[0][4] == 429


def test_a_register_that_is_down_is_told_with_the_helpline_and_the_code_comes_later(browser: Browser, stack: Any) -> None:
    stack.faults(register="down")
    person = browser()
    person.open("/sign-in")
    person.answer_only_field(person.regnum)
    here = str(person.answer.url)
    stack.wait(lambda: "түр хариу өгөхгүй байна" in person.open(here).text_content(), timeout=20)
    assert "1800-1111" in person.text and person.answer.status_code == 200
    other = browser({"regnum": "ЫЫ05051499", "phone": "0"})
    other.open("/sign-in")
    other.answer_only_field(other.regnum)
    assert "түр хариу өгөхгүй байна" in other.text, "everybody is told the same"
    stack.faults()
    person.answer_only_field(person.code(after=0, timeout_seconds=30))
    assert person.path == "/"


def test_too_many_codes_and_a_lock_are_told_with_the_time_to_wait(browser: Browser, stack: Any) -> None:
    person = browser()
    person.open("/sign-in")
    person.answer_only_field(person.regnum)
    person.follow("Код ирээгүй бол")
    person.press("Шинэ код авах")
    assert person.answer.status_code == 429 and int(person.answer.headers["Retry-After"]) <= 61 and "Хүлээх хугацаа" in person.text
    from toono.identity.models import Challenge, Guard

    key = Challenge.objects.filter(regnum=person.regnum).latest("created_at").guard_key
    Guard.objects.filter(key=key).update(failures=9)
    person.follow("Код бичих хуудас")
    person.answer_only_field("000000" if person.code(after=0) != "000000" else "000001")
    assert person.answer.status_code == 429 and person.heading == "Нэвтрэх эрх түр түгжигдсэн" and "цаг:" in person.text
    person.open("/sign-in")
    person.answer_only_field(person.regnum)
    assert person.heading == "Нэвтрэх эрх түр түгжигдсэн"


def test_another_browser_cannot_go_on_with_my_sign_in(browser: Browser) -> None:
    victim, thief = browser(), browser()
    victim.open("/sign-in")
    victim.answer_only_field(victim.regnum)
    code = victim.code(after=0)
    page = str(victim.answer.url)
    for address in (page, page.replace("/code?", "/sign-in?"), page.replace("/code?", "/new-code?")):
        thief.open(address)
        assert thief.answer.status_code == 400 and "Эхнээс нь нэвтрэх" in thief.text
    thief.open("/sign-in")
    token = thief.page.xpath("//main//input[@name='csrfmiddlewaretoken']")[0].get("value")
    thief._look(thief.client.post(page, data={"code": code, "csrfmiddlewaretoken": token}, headers={"Referer": page}))
    assert thief.answer.status_code == 400
    victim.answer_only_field(code)
    assert victim.path == "/"


@pytest.mark.parametrize("query", ["", "?flow=", "?flow=abc", "?flow=00000000-0000-7000-8000-000000000000"])
def test_a_page_without_a_sign_in_on_its_way_says_how_to_begin(browser: Browser, query: str) -> None:
    for path in ("sign-in", "code", "new-code"):
        person = browser()
        person.open(f"/identity/{path}{query}")
        assert person.answer.status_code == 400 and person.page.xpath("//a[@href='/sign-in']")


def test_a_planted_session_does_not_become_signed_in(browser: Browser, stack: Any) -> None:
    """Fixation: the attacker's session cookies, put into the victim's browser, are other ones after signing in."""
    attacker, victim = browser(), browser()
    attacker.open("/sign-in")
    planted = {c.name: c.value for c in attacker.client.cookies.jar}
    for name in ("toono_session", "identity_browser"):
        victim.client.cookies.set(name, planted[name], domain=urlsplit(stack.base_url).hostname or "", path="/")
    victim.sign_in(victim.regnum, path="/sign-in?next=/identity/sessions")
    assert victim.path == "/identity/sessions"
    assert attacker.client.get("/identity/sessions", follow_redirects=False).headers["Location"].startswith("/sign-in")
    now = {c.name: c.value for c in victim.client.cookies.jar}
    assert now["toono_session"] != planted["toono_session"] and now["identity_session"] not in planted.values()


def test_the_cookies_are_out_of_reach(browser: Browser, stack: Any) -> None:
    person = browser()
    person.sign_in(person.regnum)
    cookies = {c.name: c for c in person.client.cookies.jar}
    for name in ("toono_session", "identity_session", "identity_browser", "toono_csrf"):
        assert cookies[name].has_nonstandard_attr("HttpOnly") and cookies[name].get_nonstandard_attr("SameSite") == "Lax", name
        assert cookies[name].path == "/" and not cookies[name].domain_specified


def test_what_the_client_hints_at_stands_on_the_page(browser: Browser, stack: Any) -> None:
    """``login_hint`` and ``ui_locales`` (Core §3.1.2.1): a help, never a word against what the person chose themselves."""
    asked = f"/oidc/authorize?{flows.query(login_hint='уб05210321', ui_locales='de en-GB mn')}"
    person = browser()
    person.open(asked)
    assert person.path == "/identity/sign-in" and attribute(person, "regnum", "value") == "УБ05210321"
    person.open(str(person.answer.url))
    assert person.page.xpath("string(//html/@lang)") == "en", "the first of the list that is spoken here"
    other = browser()
    other.client.cookies.set("language", "mn")
    other.open(asked)
    other.open(str(other.answer.url))
    assert other.page.xpath("string(//html/@lang)") == "mn"
    for hint in ("sarnai@example.mn", "<script>", "УБ99999999", "x" * 900):
        other.open(f"/oidc/authorize?{flows.query(login_hint=hint)}")
        assert other.path == "/identity/sign-in" and not attribute(other, "regnum", "value")


MACHINES = {
    "authorize", "end_session", "token", "par", "introspect", "revoke", "device_authorization", "backchannel_authentication", "userinfo", "register", "managed",
    "logout_notice", "dan_token", "dan_service",
}  # fmt: skip
"""Routes that take a form without a token: they read no cookie, or, of a browser, only go on to a page by GET."""


def test_every_page_asks_for_the_token_of_its_form(browser: Browser, stack: Any) -> None:
    from django.urls import reverse

    from toono.identity.web.urls import urlpatterns

    assert {route.name for route in urlpatterns if getattr(route.callback, "csrf_exempt", False)} == MACHINES
    person = browser()
    person.sign_in(person.regnum)
    some = {
        "flow_id": str(UUID(int=1)),
        "change_id": str(UUID(int=1)),
        "run_id": str(UUID(int=1)),
        "look_id": str(UUID(int=1)),
        "client_id": "portal",
    }
    for route in urlpatterns:
        if route.name not in MACHINES:
            wanted = {name: some[name] for name in route.pattern.converters}
            answer = person.client.post(reverse(f"identity:{route.name}", kwargs=wanted), data={"do": "agree"}, follow_redirects=False)
            assert answer.status_code in (403, 405), route.name


def test_a_form_without_its_token_is_refused(browser: Browser) -> None:
    person = browser()
    person.open("/sign-in")
    answer = person.client.post(str(person.answer.url), data={"regnum": person.regnum})
    assert answer.status_code == 403 and person.sms() == []


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/%0a/evil.example\n",
        "javascript:alert(1)", "http:evil.example", "https:/evil.example", "evil.example", "", "/ok\r\nSet-Cookie: a=b", " //evil.example", "/" + "x" * 3000,
        "\x00//evil.example", "/\x7f/evil.example", "@evil.example", "?next=//evil.example", "data:text/html,x", "/\u2028/evil.example\x0b",
    ],
)  # fmt: skip
def test_nobody_is_led_to_another_site_after_signing_in(stack: Any, target: str) -> None:
    from toono.channels.sign_in import local_path

    assert local_path(target) == local_path(stack.base_url + target if target.startswith("/") else target) == "/"


@pytest.mark.parametrize("target", ["/", "/my/", "/services/?q=%D1%83%D1%81&page=2", "/cases/1#top", "/a//b", "/@x"])
def test_a_path_of_the_portal_is_kept(stack: Any, target: str) -> None:
    from toono.channels.sign_in import local_path

    assert local_path(target) == local_path(stack.base_url + target) == target
    assert local_path(stack.base_url + ".evil.example" + target) == local_path(stack.base_url + "@evil.example" + target) == "/"


def test_a_strange_next_leads_home(browser: Browser) -> None:
    person = browser()
    person.sign_in(person.regnum, path="/sign-in?next=https://evil.example/")
    assert person.path == "/" and urlsplit(str(person.answer.url)).hostname == "127.0.0.1"


def location(answer: httpx.Response) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_the_portals_question_has_pkce_state_and_nonce_anew_each_time(browser: Browser) -> None:
    person = browser()
    asked = [location(person.client.get("/sign-in", follow_redirects=False)) for _ in range(2)]
    for one in asked:
        assert (one["code_challenge_method"], one["client_id"], one["response_type"]) == ("S256", "portal", "code")
    assert all(asked[0][name] != asked[1][name] for name in ("state", "nonce", "code_challenge"))


def answered(person: Any) -> httpx.URL:
    """The provider's answer to the portal, caught before the browser takes it there."""
    person.open("/sign-in?next=/identity/sessions")
    person.answer_only_field(person.regnum)
    code = person.code(after=0)
    form = person.form(field="code")
    data = dict(form.form_values()) | {"code": code}
    person.client.follow_redirects = False
    answer = person.client.post(str(person.answer.url.join(form.get("action"))), data=data, headers={"Referer": str(person.answer.url)})
    assert answer.status_code == 303
    found = person.client.get(answer.headers["Location"]).headers["Location"]
    assert urlsplit(found).path == "/callback"
    return httpx.URL(found)


def test_an_answer_is_believed_once_in_its_own_browser_with_its_own_issuer_and_state(browser: Browser) -> None:
    person, other = browser(), browser()
    answer = answered(person)
    other.open("/sign-in")
    for browser_, address in (
        (other, answer),
        (other, answer.copy_set_param("state", "guess")),
        (person, answer.copy_remove_param("state")),
        (person, answer.copy_set_param("state", "guess")),
    ):
        refused = browser_.client.get(address)
        assert refused.status_code == 400 and "Нэвтрэлт амжилтгүй боллоо" in refused.text
    assert person.client.get(answer).headers["Location"] == "/identity/sessions"
    assert person.client.get(answer).headers["Location"] == "/", "gone back in the browser: who is signed in goes on"
    person.client.cookies.delete("toono_session")
    assert person.client.get(answer).status_code == 400


@pytest.mark.parametrize(
    "change", [{"iss": "https://evil.example"}, {"iss": ""}, {"code": "guess"}, {"code": ""}, {"error": "access_denied"}]
)
def test_a_changed_answer_signs_nobody_in(browser: Browser, change: dict[str, str]) -> None:
    person = browser()
    answer = answered(person)
    for name, value in change.items():
        answer = answer.copy_set_param(name, value)
    assert person.client.get(answer).status_code == 400
    assert person.client.get("/identity/sessions").status_code == 302


def test_signing_out_ends_both_sessions_and_every_copy_of_the_cookie(browser: Browser, stack: Any) -> None:
    person = browser()
    person.sign_in(person.regnum, path="/sign-in?next=/identity/sessions")
    copy = httpx.Client(base_url=stack.base_url, cookies=dict(person.client.cookies))
    assert copy.get("/identity/sessions").status_code == 200
    token = person.page.xpath("//form[@action='/sign-out']//input[@name='csrfmiddlewaretoken']")[0].get("value")
    assert person.client.get("/sign-out", follow_redirects=False).status_code == 405
    assert person.client.post("/sign-out", data={}, follow_redirects=False).status_code == 403
    person._look(person.client.post("/sign-out", data={"csrfmiddlewaretoken": token}, headers={"Referer": str(person.answer.url)}))
    assert person.path == "/"
    for client in (copy, person.client):
        assert client.get("/identity/sessions", follow_redirects=False).status_code == 302
    person.open("/sign-in")
    assert person.path == "/identity/sign-in", "the provider's session is over too"


def test_ending_the_session_elsewhere_ends_the_portals_at_once(browser: Browser, stack: Any) -> None:
    phone, computer = browser(), None
    phone.sign_in(phone.regnum, path="/sign-in?next=/identity/sessions")
    computer = browser(phone.known)
    computer.sign_in(phone.regnum, path="/sign-in?next=/identity/sessions")
    for form in computer.page.xpath("//main//form"):
        section = form.getparent().text_content()
        if "энэ төхөөрөмж" not in section:
            computer.press(form=form)
            break
    assert phone.client.get("/identity/sessions", follow_redirects=False).status_code == 302
    assert computer.open("/identity/sessions") is not None and computer.answer.status_code == 200


def test_one_person_cannot_end_anothers_session_by_its_id(browser: Browser) -> None:
    from toono.identity.models import Person as Row
    from toono.identity.models import Session

    victim, mallory = browser(), browser()
    for person in (victim, mallory):
        person.sign_in(person.regnum, path="/sign-in?next=/identity/sessions")
    theirs: UUID = Session.objects.get(person=Row.objects.get(regnum=victim.regnum)).id
    mallory.press("Гаргах", session=str(theirs))
    assert mallory.answer.status_code == 404
    assert victim.open("/identity/sessions") is not None and victim.path == "/identity/sessions"


def test_pages_of_signing_in_are_kept_by_nobody_and_framed_by_nobody(browser: Browser) -> None:
    person = browser()
    person.open("/sign-in")
    headers = person.answer.headers
    assert (
        "no-store" in headers["Cache-Control"]
        and headers["X-Frame-Options"] == "DENY"
        and "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    )
    assert "'unsafe" not in headers["Content-Security-Policy"]


def test_a_browser_is_shown_a_page_and_a_program_a_problem_document(stack: Any) -> None:
    address = f"{stack.base_url}/oidc/authorize?client_id=nobody&redirect_uri=https://evil.example"
    page = stack.http.get(address, headers={"Accept": "text/html"})
    assert page.status_code == 400 and "Энэ холбоосоор нэвтрэх боломжгүй" in page.text and '="https://evil' not in page.text
    problem = stack.http.get(address)
    assert problem.status_code == 400 and problem.json()["code"] == "identity.request_refused"


def test_a_proxy_header_from_this_machine_names_the_address_and_the_limit_holds(browser: Browser, stack: Any) -> None:
    from toono.identity.limits import LIMITS
    from toono.identity.models import AddressCount
    from toono.identity.operations.secrets import keyed_digest

    address = f"203.0.113.{hash(stack.base_url) % 250 + 1}"
    person = browser()
    person.client.headers["X-Forwarded-For"] = f"198.51.100.1, {address}"
    person.open("/sign-in")
    person.answer_only_field(person.regnum)
    counted = AddressCount.objects.filter(address_digest=keyed_digest("address", address), kind="request")
    assert [c.count for c in counted] == [1]
    counted.update(count=LIMITS.address_requests)
    other = browser()
    other.client.headers["X-Forwarded-For"] = address
    other.open("/sign-in")
    other.answer_only_field(other.regnum)
    assert other.answer.status_code == 429 and other.heading == "Таны сүлжээнээс хэт олон хүсэлт ирлээ"
