"""The authorization endpoint judges a request: proven address first, then the rest. Named after the modules of the conformance suite's plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from toono.identity.domain.console import causes
from toono.identity.domain.oidc.authorize import Answer, SignInNeeded, Waited, authorize
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import PageRefusal
from toono.identity.tests.memory import ISSUER, NATIVE, NOW, SESSION, MemoryProvider


@pytest.fixture
def memory() -> MemoryProvider:
    return MemoryProvider()


def query(**changes: str | None) -> str:
    values = {
        "response_type": "code", "client_id": "agency", "redirect_uri": "https://agency.example/back?tenant=1", "scope": "openid register",
        "state": "s" * 200, "nonce": "n" * 64, "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    }  # fmt: skip
    return urlencode({k: v for k, v in {**values, **changes}.items() if v is not None})


def ask(memory: MemoryProvider, encoded: str, session=SESSION, **options):
    return authorize(provider=memory.provider, parameters=parse(encoded), session=session, **options)


def answer(outcome) -> dict[str, str]:
    assert isinstance(outcome, Answer)
    return {k: v[0] for k, v in parse_qs(urlsplit(outcome.url).query).items()}


def test_a_good_request_gets_a_code_with_its_state_and_the_issuer(memory):
    outcome = ask(memory, query())
    assert isinstance(outcome, Answer) and outcome.url.startswith("https://agency.example/back?tenant=1&code=")
    found = answer(outcome)
    assert found["state"] == "s" * 200 and found["iss"] == ISSUER and len(found["code"]) >= 43


def test_without_a_session_the_person_must_sign_in(memory):
    assert isinstance(ask(memory, query(), session=None), SignInNeeded)


def test_state_and_nonce_may_be_left_out(memory):
    assert "state" not in answer(ask(memory, query(state=None, nonce=None)))


def test_unknown_parameters_and_scopes_are_ignored(memory):
    assert "code" in answer(
        ask(memory, query(extra="foobar", scope="openid email offline_access", claims="{}", ui_locales="mn", login_hint="x"))
    )
    assert memory.codes.popitem()[1].grant.scope == "openid"


@pytest.mark.parametrize("client_id", [None, "", "nobody", "AGENCY", "agency ", "agency\0", "portal' OR 1=1 --"])
def test_an_unknown_client_is_told_on_a_page(memory, client_id):
    with pytest.raises(PageRefusal):
        ask(memory, query(client_id=client_id))


@pytest.mark.parametrize(
    "address",
    [
        None, "", "https://agency.example/back", "https://agency.example/back?tenant=2", "https://agency.example/back?tenant=1&x=1",
        "https://agency.example/back?tenant=1#", "https://agency.example/back?tenant=1#f", "https://agency.example/back/?tenant=1",
        "https://agency.example/Back?tenant=1", "https://AGENCY.example/back?tenant=1", "HTTPS://agency.example/back?tenant=1",
        "http://agency.example/back?tenant=1", "https://agency.example:443/back?tenant=1", "https://agency.example./back?tenant=1",
        "https://x@agency.example/back?tenant=1", "https://agency.example@evil.example/back?tenant=1", "https://evil.example/back?tenant=1",
        "https://agency.example.evil.example/back?tenant=1", "https://evil.example/https://agency.example/back?tenant=1",
        "//agency.example/back?tenant=1", "/back?tenant=1", "https://agency.example/a/../back?tenant=1", "https://agency.example/%62ack?tenant=1",
        "https://agency.example/back?tenant=1%00", " https://agency.example/back?tenant=1", "https://agency.example/back?tenant=1 ",
        "https://agency.example\\@evil.example/back?tenant=1", "https:agency.example/back?tenant=1", "javascript:alert(1)", "data:text/html,x",
        "https://agency.example/back?tenant=1\r\nSet-Cookie: a=b", "http://127.0.0.1/callback", "http://localhost/back?tenant=1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_registered_to_the_letter_is_never_redirected_to(memory, address):
    with pytest.raises(PageRefusal):
        ask(memory, query(redirect_uri=address))


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/callback", "http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback", "http://[::1]:8080/callback"]
)
def test_a_native_app_may_use_any_port_on_loopback(memory, address):
    assert "code" in answer(ask(memory, query(client_id=NATIVE, redirect_uri=address)))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:65536/callback", "http://127.0.0.1:0/callback", "http://127.0.0.1:/callback", "http://127.0.0.1:080/callback",
        "http://127.0.0.1:8080/other", "http://127.0.0.1:8080/callback/", "http://127.0.0.1:8080/callback?x=1", "http://127.0.0.1:8080/callback#f",
        "https://127.0.0.1:8080/callback", "http://localhost:8080/callback", "http://127.0.0.2:8080/callback", "http://127.1:8080/callback",
        "http://2130706433:8080/callback", "http://127.0.0.1:8080@evil.example/callback", "http://evil.example:8080/callback",
        "http://127.0.0.1.evil.example:8080/callback", "http://user@127.0.0.1:8080/callback", "http://[::2]:80/callback", "http://127.0.0.1:8٠/callback",
    ],
)  # fmt: skip
def test_but_nothing_else_of_a_loopback_address_may_differ(memory, address):
    with pytest.raises(PageRefusal):
        ask(memory, query(client_id=NATIVE, redirect_uri=address))


def test_a_confidential_client_has_no_free_port(memory):
    memory.clients["agency"] = replace(memory.clients["agency"], redirect_uris=("http://127.0.0.1/callback",))
    with pytest.raises(PageRefusal):
        ask(memory, query(redirect_uri="http://127.0.0.1:8080/callback"))


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "code_challenge", "nonce", "unknown"])
def test_a_repeated_parameter_is_told_on_a_page(memory, name):
    with pytest.raises(PageRefusal):
        ask(memory, query(unknown="1") + "&" + urlencode({name: "2"}))


@pytest.mark.parametrize("encoded", ["x" * 40_000, "state=" + "s" * 13_000, "a=%ff%fe", "&".join(f"p{i}=1" for i in range(200))])
def test_what_is_no_form_or_too_long_is_told_on_a_page(memory, encoded):
    with pytest.raises(PageRefusal):
        ask(memory, encoded)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "register"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "=" * 43}, "invalid_request"),
        ({"code_challenge": "A" * 44}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"),
        ({"request_uri": "https://agency.example/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"id_token_hint": "rubbish"}, "invalid_request"),
    ],
)
def test_other_faults_go_back_to_the_client_with_state_and_issuer(memory, changes, error):
    found = answer(ask(memory, query(**changes)))
    assert (found["error"], found["state"], found["iss"]) == (error, "s" * 200, ISSUER)
    assert "code" not in found and not memory.codes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "code_challenge is missing: PKCE (RFC 7636) with S256 is required"),
        ({"code_challenge": None}, "code_challenge is missing: PKCE (RFC 7636) with S256 is required"),
        ({"code_challenge_method": None}, "code_challenge_method must be S256"),
        ({"code_challenge_method": "plain", "code_challenge": "short"}, "code_challenge_method must be S256"),
        ({"code_challenge": "short"}, "code_challenge is malformed: it must be the base64url of a SHA-256"),
    ],
)
def test_what_is_amiss_with_the_challenge_is_said_first_things_first(memory, changes, words):
    """RFC 7636 §4.4.1."""
    assert answer(ask(memory, query(**changes)))["error_description"] == words
    assert causes.cause_of("invalid_request", words) == "pkce.challenge"


def test_prompt_none_answers_at_once_or_says_login_required(memory):
    assert "code" in answer(ask(memory, query(prompt="none")))
    assert answer(ask(memory, query(prompt="none"), session=None))["error"] == "login_required"


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_prompt_login_asks_again_once(memory, prompt):
    assert isinstance(ask(memory, query(prompt=prompt)), SignInNeeded)
    assert "code" in answer(ask(memory, query(prompt=prompt), waited=Waited(just_signed_in=True)))


def test_max_age_is_kept(memory):
    memory.now = NOW + timedelta(seconds=60)
    assert isinstance(ask(memory, query(max_age="1")), SignInNeeded)
    assert isinstance(ask(memory, query(max_age="0")), SignInNeeded)
    assert "code" in answer(ask(memory, query(max_age="10000")))
    assert answer(ask(memory, query(max_age="1", prompt="none")))["error"] == "login_required"


def test_a_hint_names_the_person_whom_the_client_expects(memory):
    own, another = memory.id_token(sub=SESSION.subject), memory.id_token(sub="another")
    assert "code" in answer(ask(memory, query(id_token_hint=own)))
    assert isinstance(ask(memory, query(id_token_hint=another)), SignInNeeded)
    assert answer(ask(memory, query(id_token_hint=another, prompt="none")))["error"] == "login_required"
    assert answer(ask(memory, query(id_token_hint=another), waited=Waited(just_signed_in=True)))["error"] == "login_required"


def test_an_expired_hint_is_still_a_hint_but_a_foreign_one_is_not(memory):
    assert "code" in answer(ask(memory, query(id_token_hint=memory.id_token(sub=SESSION.subject, exp=1))))
    foreign = MemoryProvider().id_token(sub=SESSION.subject)
    assert answer(ask(memory, query(id_token_hint=foreign)))["error"] == "invalid_request"
    other_issuer = memory.id_token(sub=SESSION.subject, iss="https://evil.example")
    assert answer(ask(memory, query(id_token_hint=other_issuer)))["error"] == "invalid_request"
