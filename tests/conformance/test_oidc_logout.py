"""RP-initiated and back-channel logout: the cases of ``oidcc-rp-initiated-logout`` and ``oidcc-backchannel`` at the protocol itself; key rollover beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from joserfc import jwt

from tests.conformance.oidc_table import module
from toono.identity.domain.oidc import backchannel_logout, rollover
from toono.identity.domain.oidc.id_token import read_hint
from toono.identity.domain.oidc.logout import Logout, logout
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.rollover import SigningKey
from toono.identity.limits import LIMITS
from toono.identity.tests.memory import ISSUER, NOW, SESSION, MemoryProvider

PLAN = "RP logout"
OUT = "https://agency.example/out"


@pytest.fixture
def op() -> MemoryProvider:
    return MemoryProvider()


def ask(op: MemoryProvider, **parameters: str) -> Logout:
    return logout(provider=op.provider, parameters=parse(urlencode(parameters)), session=SESSION)


@module(PLAN, "oidcc-rp-initiated-logout", "oidcc-rp-initiated-logout-no-state")
def test_a_good_request(op: MemoryProvider) -> None:
    assert ask(op, id_token_hint=op.id_token(), post_logout_redirect_uri=OUT, state="x") == Logout(True, OUT + "?state=x")
    assert ask(op, id_token_hint=op.id_token(), post_logout_redirect_uri=OUT) == Logout(True, OUT)


@module(PLAN, "oidcc-rp-initiated-logout-no-params", "oidcc-rp-initiated-logout-only-state", "oidcc-rp-initiated-logout-no-id-token-hint")
@pytest.mark.parametrize("parameters", [{}, {"state": "x"}, {"client_id": "agency", "post_logout_redirect_uri": OUT}])
def test_without_proof_the_person_is_asked(op: MemoryProvider, parameters: dict[str, str]) -> None:
    assert not ask(op, **parameters).confirmed


@module(
    PLAN,
    "oidcc-rp-initiated-logout-bad-id-token-hint",
    "oidcc-rp-initiated-logout-modified-id-token-hint",
    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
)
def test_what_is_false_is_asked_about_and_leads_nowhere(op: MemoryProvider) -> None:
    good = op.id_token()
    head, body, signature = good.split(".")
    for hint in ("x", f"{head}.{body}.{signature[::-1]}", op.sign({"iss": ISSUER, "sub": "a", "aud": "agency", "sid": "s"}, "at+jwt")):
        found = ask(op, id_token_hint=hint, client_id="agency", post_logout_redirect_uri=OUT)
        assert (found.confirmed, found.redirect_url, found.strays) == (False, None, True) and "id_token_hint" in found.fault
    for address in ("https://evil.example", OUT + "?x=1"):
        found = ask(op, id_token_hint=good, post_logout_redirect_uri=address)
        assert (found.confirmed, found.redirect_url, found.strays) == (False, None, True) and "not registered" in found.fault
    assert ask(op, id_token_hint=good).redirect_url is None


@module("Back-channel logout", "oidcc-backchannel-rp-initiated-logout", "oidcc-backchannel-logout-token-claims")
def test_the_notice_says_who_and_which_session_and_is_no_id_token(op: MemoryProvider) -> None:
    text = backchannel_logout.logout_token(op.provider, op.clients["agency"], subject="person-1", session_id="sid-1", identifier="j")
    claims = op.opened(text)
    assert (
        claims["events"] == {backchannel_logout.EVENT: {}}
        and claims["aud"] == "agency"
        and claims["sid"] == "sid-1"
        and "nonce" not in claims
    )
    assert claims["exp"] - claims["iat"] == 120 and read_hint(op.provider, text) is None
    reads_rsa = replace(op.clients["agency"], id_token_signed_response_alg="RS256")
    text = backchannel_logout.logout_token(op.provider, reads_rsa, subject="person-1", session_id="sid-1", identifier="j")
    assert jwt.decode(text, op.rsa, algorithms=["RS256"]).claims["sid"] == "sid-1" and read_hint(op.provider, text) is None


def test_deliveries_are_tried_for_a_day_and_then_given_up() -> None:
    waits = [backchannel_logout.next_attempt(attempt) for attempt in range(1, LIMITS.logout_attempts)]
    assert timedelta(hours=20) < sum((wait for wait in waits if wait), timedelta()) < timedelta(days=2)
    assert backchannel_logout.next_attempt(LIMITS.logout_attempts) is None
    assert [status for status in (200, 204, 302, 400, 401, 404, 500, 503, 0) if backchannel_logout.final(status)] == [200, 204, 400]


@module("Key rollover", "oidcc-server-rotate-keys")
def test_a_key_is_published_before_its_use_and_after() -> None:
    first = SigningKey(label="token", published_at=NOW, active_from=NOW)
    rsa = replace(first, label="token/rsa", algorithm="RS256")
    second, second_rsa = rollover.successors([first, rsa], NOW)
    assert (second.label, second_rsa.label, second_rsa.algorithm) == ("token/2", "token/rsa/2", "RS256")
    assert second.active_from - NOW == LIMITS.key_published_before == second_rsa.active_from - NOW
    both = [first, second]
    assert [key.label for key in rollover.successors(both, NOW)] == ["token/rsa"], "of one algorithm none is on its way"
    assert rollover.successors([*both, rsa, second_rsa], NOW) == []
    labels = [[key.label for key in rollover.published(both, NOW + timedelta(hours=hours))] for hours in (0, 23, 25, 47, 49)]
    assert labels == [["token", "token/2"], ["token", "token/2"], ["token/2", "token"], ["token/2", "token"], ["token/2"]]
    later = NOW + timedelta(hours=25)
    assert [key.label for key in rollover.published([*both, rsa, second_rsa], later)] == ["token/2", "token", "token/rsa/2", "token/rsa"]
    assert rollover.active([*both, rsa, second_rsa], later) == second
    assert rollover.active([*both, rsa, second_rsa], later, "RS256") == second_rsa
