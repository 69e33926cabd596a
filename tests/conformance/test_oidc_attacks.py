"""RFC 9700: each attack, and why it does not pass; and thousands of generated requests of which none may end in an unhandled error.

``PROPERTY_EXAMPLES=10000`` widens the search; the default fits a run of every day.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.oidc_table import module
from toono.identity.domain.dan import protocol as dan
from toono.identity.domain.dan import scope as dan_scope
from toono.identity.domain.oidc import (
    authorize,
    ciba,
    device_grant,
    introspection,
    logout,
    pushed,
    registration,
    revocation,
    token,
    userinfo,
)
from toono.identity.domain.oidc.authorize import SignInNeeded, Waited
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import digest
from toono.identity.tests.memory import BACK, CHALLENGE, ISSUER, RESOURCE, SECRET, SESSION, VERIFIER, MemoryProvider, basic, code_form

PLAN = "RFC 9700"
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "300"))


@pytest.fixture
def op() -> MemoryProvider:
    return MemoryProvider()


@module(PLAN, "4.1-redirect-variations", "4.11-open-redirect")
@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example",
        BACK + "/../x",
        BACK + "%2f",
        "https://agency.example.evil.example/back?tenant=1",
        "//evil.example",
        BACK + "#",
        "javascript:alert(1)",
    ],
)
def test_redirects_go_nowhere_else(op: MemoryProvider, uri: str) -> None:
    for changes in ({}, {"prompt": "none"}, {"response_type": "token"}, {"scope": "x"}):
        with pytest.raises(PageRefusal):
            op.authorize(redirect_uri=uri, **changes)


@module(PLAN, "4.2-referrer-and-4.3-history")
def test_no_token_ever_stands_in_an_address(op: MemoryProvider) -> None:
    for kind in ("token", "id_token", "code token", "code id_token token"):
        assert op.answered(response_type=kind)["error"] == "unsupported_response_type"
    assert set(op.answered()) == {"tenant", "code", "state", "iss"}


@module(PLAN, "4.4-mix-up")
def test_every_answer_names_its_issuer(op: MemoryProvider) -> None:
    assert op.answered()["iss"] == op.answered(scope="x")["iss"] == op.answered(None, prompt="none")["iss"] == ISSUER


@module(PLAN, "4.5-code-injection", "4.8-pkce-downgrade")
def test_a_stolen_code_is_worth_nothing_without_its_verifier(op: MemoryProvider) -> None:
    stolen = op.answered()["code"]
    for verifier in (None, "", "x" * 43, CHALLENGE):
        with pytest.raises(DirectRefusal, match="invalid_grant"):
            op.ask(code_form(stolen, code_verifier=verifier), basic("full"))
    for changes in ({"code_challenge": None}, {"code_challenge_method": "plain"}, {"code_challenge": None, "code_challenge_method": None}):
        assert op.answered(**changes)["error"] == "invalid_request"


@module(PLAN, "4.8.2-pkce-downgrade-of-a-client-without-pkce")
def test_a_challenge_that_was_taken_out_of_the_request_is_seen_at_the_token(op: MemoryProvider) -> None:
    """The client sends PKCE though it need not. Whoever strips the request, or injects a code of their own request, is betrayed by the verifier."""
    op.clients["full"] = replace(op.clients["full"], require_pkce=False)
    bare: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    stripped = op.answered(**bare)["code"]
    with pytest.raises(DirectRefusal, match="invalid_grant: code_verifier"):
        op.ask(code_form(stripped), basic("full"))
    for verifier in (None, "x" * 43):
        bound = op.answered()["code"]
        with pytest.raises(DirectRefusal, match="invalid_grant: code_verifier"):
            op.ask(code_form(bound, code_verifier=verifier), basic("full"))
    assert op.ask(code_form(op.answered()["code"]), basic("full")) and op.ask(code_form(stripped, code_verifier=None), basic("full"))


@module(PLAN, "4.7-csrf")
def test_state_comes_back_to_the_letter(op: MemoryProvider) -> None:
    assert op.answered(state="a&b=c ö#'\"")["state"] == "a&b=c ö#'\""


@module(PLAN, "4.9-token-leak-to-another-resource", "4.10-stolen-token-replay")
def test_a_token_is_for_one_place_and_one_key(op: MemoryProvider) -> None:
    at_resource = op.flow(authorized={"resource": RESOURCE})["access_token"]
    with pytest.raises(DirectRefusal, match="insufficient_scope"):
        op.userinfo(f"Bearer {at_resource}")
    bound = op.flow(dpop=(op.proof(),))["access_token"]
    for header in (f"Bearer {bound}", f"DPoP {bound}"):
        with pytest.raises(DirectRefusal):
            op.userinfo(header)


@module(PLAN, "4.14-refresh-race")
def test_of_owner_and_thief_neither_keeps_the_family(op: MemoryProvider) -> None:
    shared = op.flow()["refresh_token"]
    thief = op.refresh(shared)
    thief = op.refresh(thief["refresh_token"])
    with pytest.raises(DirectRefusal, match="family"):
        op.refresh(shared)
    with pytest.raises(DirectRefusal, match="ended"):
        op.refresh(thief["refresh_token"])


@module(PLAN, "4.15-client-impersonates-person")
def test_a_client_for_itself_is_never_a_person(op: MemoryProvider) -> None:
    for wanted in ("openid", "register", "openid api"):
        with pytest.raises(DirectRefusal, match="invalid_scope"):
            op.ask(urlencode({"grant_type": "client_credentials", "scope": wanted}), basic("full"))
    own = op.ask("grant_type=client_credentials", basic("full"))["access_token"]
    with pytest.raises(DirectRefusal, match="insufficient_scope"):
        op.userinfo(f"Bearer {own}")


@module(PLAN, "key-confusion-and-token-confusion")
def test_one_kind_of_token_is_not_another(op: MemoryProvider) -> None:
    given = op.flow(authorized={"resource": RESOURCE})
    jarm = op.answered(response_mode="jwt")["response"]
    for text in (given["access_token"], jarm):
        assert op.answered(id_token_hint=text)["error"] == "invalid_request"
    with pytest.raises(DirectRefusal, match="invalid_token"):
        op.userinfo(f"Bearer {given['id_token']}")
    with pytest.raises(DirectRefusal, match="invalid_software_statement"):
        registration.register(provider=op.provider, metadata={"software_statement": given["id_token"]})


@module(PLAN, "oversize", "duplicate-parameters")
def test_too_much_is_refused_before_it_is_read(op: MemoryProvider) -> None:
    for encoded in ("x=" + "y" * 40_000, "&".join(f"a{i}=1" for i in range(200)), "%ff=%fe", "a=1%00"):
        assert parse(encoded) is None
        with pytest.raises(DirectRefusal, match="invalid_request"):
            op.ask(encoded, basic("full"))
    with pytest.raises(DirectRefusal, match="repeated"):
        op.ask(code_form("x") + "&code=y", basic("full"))


def test_the_guard_of_a_second_use_is_what_refuses_it(op: MemoryProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: without the mark a code would serve twice, so the test of the second use guards something."""
    monkeypatch.setattr(op, "mark_code_used", lambda _: None)
    code = op.answered()["code"]
    assert op.ask(code_form(code), basic("full")) and op.ask(code_form(code), basic("full"))


# -- generated requests --------------------------------------------------------------------------------------------

NAMES = (
    "grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "client_assertion", "client_assertion_type", "refresh_token", "scope",
    "resource", "authorization_details", "device_code", "auth_req_id", "subject_token", "subject_token_type", "token", "response_type", "response_mode", "state",
    "nonce", "prompt", "max_age", "claims", "acr_values", "login_hint", "id_token_hint", "request", "request_uri", "code_challenge", "code_challenge_method",
    "dpop_jkt", "binding_message", "requested_expiry", "post_logout_redirect_uri", "access_token", "ui_locales", "login_type", "unknown",
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(
        [
            *token.GRANTS, "full", "by-key", "fapi", "native", "nobody", BACK, SECRET, "code", "openid register", CHALLENGE, VERIFIER, "S256", "none login", "0", "-1", "e" * 43,
            "{}", "[]", '{"userinfo":{"acr":null}}', '[{"type":"toono_exchange"}]', "eyJhbGciOiJub25lIn0.e30.", "a.b.c", "УБ95010112", "jwt", authorize.PUSHED + "x", RESOURCE,
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "urn:ietf:params:oauth:token-type:access_token", "W3sic2VydmljZXMiOlsiV1MxMDAxMDFfeCJdfV0=", "\x00", "\ud7ff", "٣", "http://[", "[" * 3000,
        ]
    ),
    st.text(max_size=40),
    st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")),
)  # fmt: skip
FORMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12)
HEADERS = st.one_of(
    st.none(), st.just(basic("full")), st.just("Bearer x"), st.just("DPoP x"), st.text(max_size=40), VALUES.map(lambda v: f"Basic {v}")
)
PROOFS = st.lists(st.one_of(st.text(max_size=40), VALUES), max_size=2).map(tuple)
many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
GOOD = {
    "response_type": "code",
    "client_id": "full",
    "redirect_uri": BACK,
    "scope": "openid",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}

ENDPOINTS: dict[str, Any] = {
    "token": token.exchange,
    "userinfo": userinfo.userinfo,
    "par": pushed.push,
    "revoke": revocation.revoke,
    "introspect": lambda **k: introspection.introspect(signed=False, **k),
    "device": lambda **k: device_grant.start(letters="BCDFGHJK", **k),
    "ciba": ciba.start,
    "dan-token": lambda *, provider, request: dan.exchange(provider, request),
}
OP = MemoryProvider()


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@many
@given(form=FORMS, header=HEADERS, proofs=PROOFS, assertion=st.booleans())
def test_a_machine_endpoint_answers_or_refuses(
    endpoint: str, form: dict[str, str], header: str | None, proofs: tuple[str, ...], assertion: bool
) -> None:
    shown = form | (OP.assertion() if assertion else {})
    request = Request(parameters=parse(urlencode(shown, errors="replace")), authorization=header, dpop=proofs)
    try:
        found = ENDPOINTS[endpoint](provider=OP.provider, request=request)
    except DirectRefusal as refusal:
        assert 400 <= refusal.status < 500 and refusal.error.isascii() and refusal.description.isprintable()
    else:
        assert isinstance(found, dict | str)


@many
@given(
    form=FORMS, signed_in=st.booleans(), good=st.booleans(), agreed=st.one_of(st.none(), st.frozensets(st.text(max_size=20), max_size=3))
)
def test_the_authorization_endpoint_answers_or_shows_a_page(
    form: dict[str, str], signed_in: bool, good: bool, agreed: frozenset[str] | None
) -> None:
    parameters = parse(urlencode((GOOD if good else {}) | form, errors="replace"))
    try:
        waited = Waited(agreed=agreed) if agreed is not None else None
        outcome = authorize.authorize(provider=OP.provider, parameters=parameters, session=SESSION if signed_in else None, waited=waited)
    except PageRefusal:
        return
    if not isinstance(outcome, SignInNeeded):
        assert outcome.url.startswith((BACK + "&", "http://127.0.0.1", "http://[::1]"))


@many
@given(form=FORMS)
def test_the_logout_endpoint_answers_or_shows_a_page(form: dict[str, str]) -> None:
    found = logout.logout(provider=OP.provider, parameters=parse(urlencode(form, errors="replace")), session=SESSION)
    assert found.redirect_url is None or (found.redirect_url.startswith("https://agency.example/out") and not found.fault)


METADATA = st.dictionaries(
    st.sampled_from([*sorted(registration.FIELDS), "x"]),
    st.one_of(st.text(max_size=10), st.booleans(), st.lists(st.one_of(st.text(max_size=10), st.just("https://bank.example/")), max_size=3), st.integers(), st.none(), st.sampled_from(["fapi2", "pairwise", "none", "openid", "private_key_jwt"]), st.just({"keys": [{"kty": "EC"}]})),
    max_size=8,
)  # fmt: skip


@many
@given(metadata=METADATA)
def test_a_registration_is_made_or_refused(metadata: dict[str, Any]) -> None:
    try:
        found = registration.client("x", metadata)
    except DirectRefusal as refusal:
        assert refusal.error in ("invalid_client_metadata", "invalid_redirect_uri")
    else:
        assert found.client_id == "x" and (
            not found.redirect_uris or all(u.startswith(("https://", "http://127.0.0.1", "http://[::1]")) for u in found.redirect_uris)
        )


@many
@given(text=st.one_of(st.text(max_size=60), VALUES, st.binary(max_size=60).map(lambda raw: __import__("base64").b64encode(raw).decode())))
def test_a_scope_of_dan_is_read_or_refused(text: str) -> None:
    try:
        assert dan_scope.parse(text)
    except dan_scope.InvalidScope:
        assert digest(text)
