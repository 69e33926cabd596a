# ruff: noqa: F811 - fixtures of another module, by their names
"""Attacks on the running platform, each named after what it tries: RFC 9700 with OWASP's and NIST's on codes by SMS. None passes; each gets a clear answer."""

from __future__ import annotations

import base64
import json
import secrets
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from tests.conformance.oidc_table import module
from tests.conformance.test_identity_flows import (  # noqa: F401
    Party,
    Proofs,
    Register,
    agree,
    metadata,
    party,
    person,
    question,
    redeem,
    register,
)
from tests.conformance.test_oidc_live import go, plane  # noqa: F401
from toono.identity.tests.flows import Late, Visitor, api, models, other_than

PLAN = "RFC 9700"
sign_in: Any = Late("toono.identity.operations.sign_in")
errors: Any = Late("toono.identity.errors")


@pytest.fixture
def limits(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set limits for this process; the stage's others go by the true ones."""
    from toono.identity.limits import LIMITS
    from toono.identity.operations import sign_in as operations

    return lambda **changes: monkeypatch.setattr(operations, "LIMITS", replace(LIMITS, **changes))


@pytest.fixture
def clean_counts(stack: Any) -> Iterator[None]:
    """The platform's own counts, as if nobody had come."""
    models.AddressCount.objects.filter(address_digest="platform").delete()
    yield
    models.AddressCount.objects.filter(address_digest="platform").delete()


def address() -> str:
    return f"203.0.113.{secrets.randbelow(250)}-{uuid4().hex[:6]}"


# -- SMS pumping ---------------------------------------------------------------------------------------------------


@module(PLAN, "sms-pumping-one-number")
def test_one_number_gets_few_texts(stack: Any, fresh_person: Any) -> None:
    """The number is the register's: nobody chooses where a text goes. And it gets one a minute, five an hour, twenty a day."""
    from toono.identity.domain.sign_in import wait_before_next_code
    from toono.identity.limits import LIMITS
    from toono.kernel.clock import now

    visitor = Visitor(stack, fresh_person())
    visitor.ask()
    for _ in range(3):
        with pytest.raises(errors.TooManyCodes):
            Visitor(stack, visitor.person).ask()
    visitor.code()
    assert len(visitor.texts()) == 1
    moment, asked = now(), list[Any]()
    for minute in range(24 * 60):
        at = moment + timedelta(minutes=minute)
        if wait_before_next_code([one for one in asked if at - one < timedelta(days=1)], at) is None:
            asked.append(at)
    assert len(asked) == LIMITS.codes_per_day, "however often they are asked for in a day"


@module(PLAN, "sms-pumping-one-address")
def test_one_address_asks_for_few_texts(stack: Any, fresh_person: Any, limits: Any) -> None:
    limits(address_requests=3)
    where = address()
    for _ in range(3):
        Visitor(stack, fresh_person(), address=where).ask()
    with pytest.raises(errors.TooManyFromAddress):
        Visitor(stack, fresh_person(), address=where).ask()
    Visitor(stack, fresh_person(), address=address()).ask()


@module(PLAN, "sms-pumping-whole-platform", "sms-pumping-ceiling-of-cost")
@pytest.mark.parametrize("ceiling", [{"platform_codes": 2}, {"platform_codes_per_day": 2}])
def test_the_whole_platform_sends_no_more_than_its_ceiling(
    stack: Any, fresh_person: Any, limits: Any, clean_counts: None, ceiling: Any
) -> None:
    """From however many addresses the wave comes. Everybody is told alike, and what was asked for before is not sent either."""
    waiting = [Visitor(stack, fresh_person(), address=address()) for _ in range(3)]
    for visitor in waiting:
        visitor.ask()
    for visitor in waiting:
        visitor.code()
    challenges = [models.Challenge.objects.filter(flow_id=visitor.flow_id).latest("created_at") for visitor in waiting]
    models.AddressCount.objects.filter(address_digest="platform").delete()
    limits(**ceiling)
    for challenge in challenges[:2]:
        api.draw_code(challenge_id=challenge.id)
    with pytest.raises(errors.ChallengeOver):
        api.draw_code(challenge_id=challenges[2].id)
    for regnum in (fresh_person()["regnum"], "УХ05010199"):
        with pytest.raises(errors.CodesHeldBack):
            Visitor(stack, fresh_person(), address=address()).ask(regnum)
    limits()
    Visitor(stack, fresh_person(), address=address()).ask()


def test_without_the_ceiling_the_wave_would_go_on(
    stack: Any, fresh_person: Any, limits: Any, clean_counts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: the count is what refuses."""
    limits(platform_codes=0)
    with pytest.raises(errors.CodesHeldBack):
        Visitor(stack, fresh_person(), address=address()).ask()
    monkeypatch.setattr("toono.identity.operations.sign_in._held_back", lambda: False)
    Visitor(stack, fresh_person(), address=address()).ask()


# -- guessing ------------------------------------------------------------------------------------------------------


@module(PLAN, "brute-force-across-persons-from-one-address")
def test_many_persons_one_code_each_from_one_address(stack: Any, fresh_person: Any, limits: Any) -> None:
    limits(address_failures=3)
    where, tried = address(), 0
    with pytest.raises(errors.TooManyFromAddress):
        for _ in range(5):
            visitor = Visitor(stack, fresh_person(), address=where)
            visitor.ask()
            with pytest.raises(errors.CodeRefused):
                visitor.enter(other_than(visitor.code()))
            tried += 1
    assert tried == 3


@module(PLAN, "brute-force-across-persons-from-everywhere")
def test_many_persons_one_code_each_from_everywhere(stack: Any, fresh_person: Any, limits: Any, clean_counts: None) -> None:
    """Each address tries once. When the whole country's wrong codes are too many, a code is worth one try: the owner's own still works."""
    victim = Visitor(stack, fresh_person(), address=address())
    victim.ask()
    right = victim.code()
    limits(platform_failures=2)
    for _ in range(2):
        visitor = Visitor(stack, fresh_person(), address=address())
        visitor.ask()
        with pytest.raises(errors.CodeRefused):
            visitor.enter(other_than(visitor.code()))
    with pytest.raises(errors.CodeRefused):
        victim.enter(other_than(right))
    with pytest.raises(errors.CodeUsedUp):
        victim.enter(right)
    owner = Visitor(stack, fresh_person(), address=address())
    owner.ask()
    assert owner.enter(owner.drawn()).session_token
    from toono.identity.limits import LIMITS

    assert LIMITS.platform_failures + LIMITS.platform_codes < 25_000, (
        "of a million codes: the chance of one hit in ten minutes stays below 2.5 %"
    )


# -- who is somebody -----------------------------------------------------------------------------------------------


@module(PLAN, "enumeration-of-persons-by-message")
def test_a_number_of_nobody_is_answered_like_anybodys(stack: Any, person: Any, fresh_person: Any) -> None:
    from toono.entry.person import Person

    pages = []
    for regnum in (person.regnum, "УХ05010199"):
        browser = Person(stack.base_url)
        browser.open("/sign-in")
        browser.answer_only_field(regnum)
        first = (browser.path, browser.heading, browser.answer.status_code, len(browser.answer.headers))
        browser.answer_only_field("000000")
        pages.append((*first, browser.path, browser.text, browser.answer.status_code))
    assert pages[0] == pages[1]


def nobody() -> str:
    """A well-formed number that no register knows."""
    return f"УХ{secrets.randbelow(40) + 60}0{secrets.randbelow(9) + 1}{secrets.randbelow(18) + 10}{secrets.randbelow(100):02d}"


@module(PLAN, "enumeration-of-persons-by-time")
def test_an_unknown_number_does_the_same_work(stack: Any, fresh_person: Any) -> None:
    """Not a stop-watch, which a busy machine deceives, but the statements themselves; and the stop-watch beside it, within wide bounds."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def statements(regnum: str) -> tuple[list[str], float]:
        visitor = Visitor(stack, fresh_person())
        with CaptureQueriesContext(connection) as captured:
            began = time.perf_counter()
            visitor.ask(regnum)
            took = time.perf_counter() - began
        return [query["sql"].split("VALUES")[0].split("WHERE")[0][:60] for query in captured.captured_queries], took

    known, unknown = statements(fresh_person()["regnum"]), statements(nobody())
    assert known[0] == unknown[0] and known[0]
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(12):
        times[True].append(statements(fresh_person()["regnum"])[1])
        times[False].append(statements(nobody())[1])
    one, other = (statistics.median(found) for found in times.values())
    assert 1 / 4 < one / other < 4


@module(PLAN, "enumeration-of-persons-by-backchannel-request")
def test_a_client_learns_of_nobody_by_asking_for_an_approval(
    stack: Any, metadata: Any, register: Register, fresh_person: Any, actor_of: Any
) -> None:
    known = fresh_person()["regnum"]
    actor_of(known)
    bank = register(grant_types=["urn:openid:params:grant-type:ciba"], redirect_uris=[])
    auth = (bank.client_id, bank.client_secret)
    shapes = []
    for regnum in (known, "УХ05010199"):
        asked = stack.http.post(metadata["backchannel_authentication_endpoint"], data={"scope": "openid", "login_hint": regnum}, auth=auth)
        polled = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": asked.json()["auth_req_id"]}
        shapes.append(
            (
                asked.status_code,
                set(asked.json()),
                asked.json()["expires_in"],
                stack.http.post(metadata["token_endpoint"], data=polled, auth=auth).json(),
            )
        )
    assert shapes[0] == shapes[1] and shapes[0][3]["error"] == "authorization_pending"


@module(PLAN, "brute-force-of-device-codes")
def test_nobody_tries_the_codes_of_devices(stack: Any, metadata: Any, fresh_citizen: Any) -> None:
    """Ten wrong codes in an hour, then not even the right one is told; counted for the person, so nobody else is kept from theirs."""
    from toono.identity.domain.oidc.device_grant import ALPHABET, LETTERS
    from toono.identity.limits import LIMITS

    def shown() -> str:
        form = {"client_id": "demo-rp", "scope": "openid"}
        return str(stack.http.post(metadata["device_authorization_endpoint"], data=form).raise_for_status().json()["user_code"])

    attacker, owner, code = fresh_citizen(), fresh_citizen(), shown()
    assert api.device_request(actor=attacker, typed=code).client_name_en, "while it has tried nothing"
    for _ in range(LIMITS.user_code_tries):
        with pytest.raises(errors.UserCodeUnknown):
            api.device_request(actor=attacker, typed="".join(secrets.choice(ALPHABET) for _ in range(LETTERS)))
    for _ in range(2):
        with pytest.raises(errors.TooManyUserCodes):
            api.device_request(actor=attacker, typed=code)
    assert api.device_request(actor=owner, typed=code).user_code
    assert len(ALPHABET) ** LETTERS / LIMITS.user_code_tries > 2**31


# -- browsers ------------------------------------------------------------------------------------------------------


@module(PLAN, "session-fixation")
def test_a_session_that_an_attacker_planted_is_nobodys(stack: Any, metadata: Any, person: Any, party: Party, register: Register) -> None:
    """Neither cookie of the attacker's choice lives on: the session is made anew by the sign-in, and a flow belongs to the browser that began it."""
    bank = register()
    url = f"{metadata['authorization_endpoint']}?{urlencode(question(party, bank.client_id))}"
    attacker = httpx.Client(base_url=stack.base_url, follow_redirects=True, timeout=30)
    attacker.get(url)
    planted = {cookie.name: cookie.value for cookie in attacker.cookies.jar}
    chosen = "attackers-choice-" + uuid4().hex
    for name, value in (planted | {"identity_session": chosen}).items():
        person.client.cookies.set(name, str(value), domain="127.0.0.1", path="/")
    go(person, metadata, party, bank.client_id)
    own = [cookie.value for cookie in person.client.cookies.jar if cookie.name == "identity_session"]
    assert chosen not in own[-1:]
    for stolen in (chosen, planted.get("identity_browser", "")):
        attacker.cookies.set("identity_session", stolen, domain="127.0.0.1", path="/")
        seen = attacker.get(url, params={"prompt": "none"}, follow_redirects=False)
        assert "code=" not in seen.headers.get("Location", ""), "what the attacker planted signs nobody in"


@module(PLAN, "session-fixation-second-sign-in")
def test_a_second_sign_in_ends_the_session_that_the_browser_had(
    stack: Any, metadata: Any, person: Any, party: Party, register: Register
) -> None:
    bank = register()
    go(person, metadata, party, bank.client_id)
    living = models.Session.objects.filter(person__regnum=person.regnum, ended_at=None)
    [before] = living.values_list("id", flat=True)
    go(person, metadata, party, bank.client_id, prompt="login")
    [after] = living.values_list("id", flat=True)
    assert after != before, "one browser, one session, and its name is a new one"


@module(PLAN, "4.16-clickjacking")
@pytest.mark.parametrize(
    "path",
    [
        "/sign-in",
        "/identity/code",
        "/identity/device",
        "/identity/requests",
        "/identity/connections",
        "/oidc/end-session",
        "/identity/sessions",
    ],
)
def test_no_page_stands_under_another(stack: Any, path: str) -> None:
    _is_no_frame(httpx.get(stack.base_url + path, follow_redirects=True, timeout=30))


def test_nor_does_a_page_that_refuses_or_that_carries_an_answer(stack: Any, party: Party, register: Register) -> None:
    bank = register()
    carrying = question(party, bank.client_id, response_mode="form_post", prompt="none")
    for path, status in (
        ("/oidc/authorize?client_id=nobody", 400), ("/oauth2/authorize?client_id=nobody", 400), ("/oidc/end-session?id_token_hint=x", 400), ("/identity/consent?flow=x", 400),
        (f"/oidc/authorize?{urlencode(carrying)}", 200),
    ):  # fmt: skip
        answer = httpx.get(stack.base_url + path, timeout=30)
        assert answer.status_code == status, path
        _is_no_frame(answer)
    assert "login_required" in answer.text and party.back in answer.text


def _is_no_frame(answer: httpx.Response) -> None:
    assert answer.headers["X-Frame-Options"] == "DENY" and "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@module(PLAN, "4.12-redirect-with-307")
def test_no_form_is_sent_on(stack: Any, metadata: Any, party: Party, register: Register) -> None:
    bank = register()
    answer = httpx.post(metadata["authorization_endpoint"], data=question(party, bank.client_id))
    assert answer.status_code == 303


# -- replay between processes --------------------------------------------------------------------------------------


@module(PLAN, "dpop-jti-replay-in-two-processes", "dpop-nonce-replay-in-two-processes")
def test_a_proof_is_used_once_whichever_process_sees_it(stack: Any, metadata: Any, plane: str, register: Register) -> None:
    service = register(grant_types=["client_credentials"], redirect_uris=[], scope="api", dpop_bound_access_tokens=True)
    auth, form, proofs = (service.client_id, service.client_secret), {"grant_type": "client_credentials"}, Proofs()
    urls = (plane + "/oidc/token", metadata["token_endpoint"])
    asked = httpx.post(urls[0], data=form, auth=auth, headers=proofs.header("POST", metadata["token_endpoint"]))
    assert asked.json()["error"] == "use_dpop_nonce"
    proofs.nonce = asked.headers["DPoP-Nonce"]
    for _ in range(3):
        shown = proofs.header("POST", metadata["token_endpoint"])
        ask = lambda n, shown=shown: httpx.post(urls[n % 2], data=form, auth=auth, headers=shown, timeout=60)  # noqa: E731
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(ask, range(12)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 11, "one nonce of one process is the other's too"
        assert all(answer.json()["error"] == "invalid_dpop_proof" for answer in answers if answer.status_code == 400)
    for nonce in ("", "x" * 32, proofs.nonce[::-1]):
        proofs.nonce = nonce
        answer = httpx.post(urls[1], data=form, auth=auth, headers=proofs.header("POST", metadata["token_endpoint"]))
        assert answer.json()["error"] == "use_dpop_nonce"


@module(PLAN, "4.14-refresh-race-in-two-processes")
def test_of_refreshes_that_race_in_two_processes_the_family_ends(
    stack: Any, metadata: Any, plane: str, person: Any, party: Party, register: Register
) -> None:
    app = register(grant_types=["authorization_code", "refresh_token"])
    go(person, metadata, party, app.client_id)
    token = redeem(stack.http, metadata, party, app).json()["refresh_token"]
    urls = (plane + "/oidc/token", metadata["token_endpoint"])
    form = {"grant_type": "refresh_token", "refresh_token": token}
    ask = lambda n: httpx.post(urls[n % 2], data=form, auth=(app.client_id, app.client_secret), timeout=60)  # noqa: E731
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(ask, range(10)))
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 2 and won[0] == won[1]
    assert all(answer.json()["error"] == "invalid_grant" for answer in answers if answer.status_code != 200)
    dead = httpx.post(urls[0], data=form | {"refresh_token": won[0]["refresh_token"]}, auth=(app.client_id, app.client_secret), timeout=60)
    assert dead.status_code == 400


@module("FAPI 2.0", "fapi2-security-profile-final-par-attempt-invalid-http-method")
@pytest.mark.parametrize("path", ["token", "par", "introspect", "revoke", "device-authorization", "backchannel-authentication", "register"])
def test_a_machines_endpoint_takes_a_form_in_the_body_and_nothing_else(stack: Any, register: Register, path: str) -> None:
    bank = register()
    auth, url = (bank.client_id, bank.client_secret), f"{stack.base_url}/oidc/{path}"
    for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
        assert httpx.request(method, url, auth=auth).status_code == 405
    by_address = httpx.post(f"{url}?grant_type=client_credentials&response_type=code", auth=auth)
    assert by_address.status_code == 400 and "error" in by_address.json(), "nothing of a request stands in an address (RFC 6749 §3.2)"


# -- what comes too often or too much ------------------------------------------------------------------------------

POSTED = ("token", "par", "introspect", "revoke", "device-authorization", "backchannel-authentication", "userinfo")


@module(PLAN, "duplicate-parameters-everywhere")
@pytest.mark.parametrize("path", POSTED)
def test_a_parameter_twice_is_refused_at_every_endpoint(stack: Any, register: Register, path: str) -> None:
    bank = register()
    name = "access_token" if path == "userinfo" else "scope"
    body = f"{name}=x&{name}=y"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    auth = None if path == "userinfo" else (bank.client_id, bank.client_secret)
    answer = httpx.post(f"{stack.base_url}/oidc/{path}", content=body, headers=headers, auth=auth)
    assert answer.status_code in (400, 401) and answer.json()["error"] == "invalid_request"


@module(PLAN, "duplicate-parameters-in-addresses")
@pytest.mark.parametrize("path", ["/oidc/authorize", "/oidc/end-session", "/oauth2/authorize", "/login", "/oauth2/token"])
def test_a_parameter_twice_in_an_address_is_refused(stack: Any, path: str) -> None:
    call = httpx.post if path == "/oauth2/token" else httpx.get
    assert call(f"{stack.base_url}{path}?client_id=portal&client_id=demo-rp&state=a").status_code in (400, 401)


@module(PLAN, "oversize-everywhere")
@pytest.mark.parametrize("path", ["/oidc/" + one for one in POSTED] + ["/oauth2/token", "/oidc/register"])
def test_too_much_is_refused_at_every_endpoint(stack: Any, path: str) -> None:
    for size in (40_000, 3_000_000):
        try:
            answer = httpx.post(stack.base_url + path, data={"client_id": "x" * size}, timeout=30)
        except httpx.TransportError:
            continue  # cut off while it was being sent
        assert answer.status_code in (400, 401, 413)
    many = httpx.post(
        stack.base_url + path,
        content="&".join(f"a{n}=1" for n in range(5_000)),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert many.status_code in (400, 401)


@module(PLAN, "deep-json-everywhere")
def test_json_without_end_is_refused(stack: Any, register: Register) -> None:
    bank, deep = register(), "[" * 9000
    signed = jws.serialize_compact({"alg": "ES256"}, json.dumps({"iss": bank.client_id}).encode(), ECKey.generate_key("P-256")).split(".")
    nested = base64.urlsafe_b64encode(deep.encode()).rstrip(b"=").decode()
    forms: list[dict[str, str]] = [
        {
            "client_assertion": f"{signed[0]}.{nested}.{signed[2]}",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        },
        {
            "authorization_details": deep,
            "client_id": bank.client_id,
            "client_secret": bank.client_secret,
            "grant_type": "client_credentials",
        },
    ]
    for form in forms:
        assert httpx.post(f"{stack.base_url}/oidc/token", data=form, timeout=30).status_code in (400, 401)
    assert httpx.post(f"{stack.base_url}/oidc/register", content=deep, headers={"Content-Type": "application/json"}).status_code == 400
