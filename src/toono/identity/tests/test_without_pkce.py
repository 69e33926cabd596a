"""A confidential client that is registered as one without PKCE: OpenID Connect's ``nonce`` stands for the challenge, and nothing else is given up (RFC 9700 §2.1.1)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from toono.identity.domain.console import bounds, causes
from toono.identity.domain.oidc import credential, registration
from toono.identity.domain.oidc.authorize import Answer
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Profile
from toono.identity.tests.memory import ISSUER, NATIVE, MemoryProvider, basic, code_form

BARE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
METADATA = {"client_name": "С", "redirect_uris": ["https://a.mn/cb"], "require_pkce": False}


@pytest.fixture
def op() -> MemoryProvider:
    """``full`` and ``by-key`` are without PKCE."""
    found = MemoryProvider()
    for name in ("full", "by-key"):
        found.clients[name] = replace(found.clients[name], require_pkce=False)
    return found


# -- the request ---------------------------------------------------------------------------------------------------


def test_a_request_with_nonce_needs_no_challenge_and_its_id_token_says_the_nonce(op):
    given = op.ask(code_form(op.answered(**BARE, nonce="n-9")["code"], code_verifier=None), basic("full"))
    assert op.opened(given["id_token"])["nonce"] == "n-9"


def test_everybody_else_needs_one(op):
    for client_id in ("stranger", "agency"):
        assert op.answered(client_id=client_id, **BARE)["error_description"].startswith("code_challenge is missing")
    native = {"client_id": NATIVE, "redirect_uri": "http://127.0.0.1/callback"}
    assert op.answered(**native, **BARE)["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("changes", "error", "cause"),
    [
        ({"nonce": None}, "invalid_request", "pkce.nonce"),
        ({"nonce": ""}, "invalid_request", "pkce.nonce"),
        ({"scope": "register"}, "invalid_scope", "scope.openid"),
        ({"code_challenge_method": "S256"}, "invalid_request", "pkce.challenge"),
        ({"code_challenge_method": "plain"}, "invalid_request", "pkce.challenge"),
        ({"code_challenge": "x" * 43}, "invalid_request", "pkce.challenge"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "plain"}, "invalid_request", "pkce.challenge"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request", "pkce.challenge"),
    ],
)
def test_half_a_challenge_and_no_nonce_are_refused_in_words(op, changes, error, cause):
    found = op.answered(**BARE | changes)
    assert (found["error"], causes.cause_of(found["error"], found["error_description"])) == (error, cause)
    assert not op.codes


def test_a_client_that_may_not_have_an_id_token_has_no_nonce_to_stand_on(op):
    op.clients["full"] = replace(op.clients["full"], scopes=frozenset({"register"}))
    assert "scope openid" in op.answered(**BARE)["error_description"]


def test_whichever_way_the_request_and_its_answer_go(op):
    posted = op.authorize(response_mode="form_post", **BARE)
    assert isinstance(posted, Answer) and "code" in dict(posted.posted)
    assert "code" in op.opened(op.answered(response_mode="jwt", **BARE)["response"])
    pushed = op.push(basic("full"), **BARE)
    assert "code" in op.answered(request_uri=pushed["request_uri"])
    with pytest.raises(DirectRefusal, match="nonce and scope openid"):
        op.push(basic("full"), nonce=None, **BARE)
    signed = op.request_object(**BARE)
    assert "code" in op.answered(client_id="by-key", request=signed)
    without = op.request_object(**BARE, nonce=None)
    assert "nonce" in op.answered(client_id="by-key", request=without)["error_description"]
    kept = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    assert "code" in op.answered(client_id="by-key", request=signed, **kept) and all(not code.code_challenge for code in op.codes.values())


@pytest.mark.parametrize("by", ["scope", "details", "both"])
def test_signatures_are_asked_for_with_a_challenge_by_everybody(op, by):
    """The signing service's grants have no id token of their own, and what they give is a signature."""
    service = ISSUER + credential.RESOURCE
    details = [
        {
            "type": credential.TYPE, "credentialID": "c", "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1",
            "documentDigests": [{"hash": "sTOgwOm+474gFj0q0x1iSNspKqbcse4IeiqlDg/HWuI=", "label": "л"}],
        }
    ]  # fmt: skip
    op.clients["full"] = replace(
        op.clients["full"], scopes=frozenset({"openid", "credential", "service"}), resources=frozenset({service}), authorization_details_types=frozenset({credential.TYPE})
    )  # fmt: skip
    more = {"authorization_details": json.dumps(details)}
    more |= {"scope": {"scope": "credential", "details": "openid", "both": "openid credential"}[by]}
    assert "error" not in _outcome(op.authorize(**more)), "with a challenge the person is asked"
    assert op.answered(**BARE, **more)["error_description"].startswith("code_challenge is missing")
    unusual = more["authorization_details"].replace("credential", "\\u0063redential", 1)
    assert op.answered(**BARE, **more | {"authorization_details": unusual})["error"] == "invalid_request", "however the type is written"


def _outcome(found):
    return found.url if isinstance(found, Answer) else ""


# -- the token -----------------------------------------------------------------------------------------------------


def test_a_code_without_a_challenge_takes_no_verifier(op):
    with pytest.raises(DirectRefusal, match="invalid_grant: code_verifier"):
        op.ask(code_form(op.answered(**BARE)["code"]), basic("full"))


def test_a_code_with_a_challenge_needs_its_verifier(op):
    for verifier in (None, "x" * 43):
        with pytest.raises(DirectRefusal, match="invalid_grant: code_verifier"):
            op.ask(code_form(op.answered()["code"], code_verifier=verifier), basic("full"))
    assert op.ask(code_form(op.answered()["code"]), basic("full"))["access_token"]


def test_a_client_that_must_send_pkce_by_now_has_nothing_of_such_a_code(op):
    code = op.answered(**BARE)["code"]
    op.clients["full"] = replace(op.clients["full"], require_pkce=True)
    for verifier in (None, "x" * 43):
        with pytest.raises(DirectRefusal, match="invalid_grant: code_verifier"):
            op.ask(code_form(code, code_verifier=verifier), basic("full"))


# -- the registration ----------------------------------------------------------------------------------------------


def test_pkce_is_asked_of_whoever_says_nothing():
    silent = {name: value for name, value in METADATA.items() if name != "require_pkce"}
    assert registration.client("x", silent, secret_digest="y").require_pkce
    assert registration.client("x", METADATA | {"require_pkce": True}, secret_digest="y").require_pkce
    assert not registration.client("x", METADATA, secret_digest="y").require_pkce


@pytest.mark.parametrize("value", ["false", 0, None, []])
def test_it_is_true_or_false(value):
    with pytest.raises(DirectRefusal, match="require_pkce must be true or false"):
        registration.client("x", METADATA | {"require_pkce": value}, secret_digest="y")


def test_a_public_client_has_nothing_else_and_cannot_do_without():
    with pytest.raises(DirectRefusal, match="require_pkce is false for a client that can prove itself only"):
        registration.client("x", METADATA | {"token_endpoint_auth_method": "none"})


def test_nor_does_a_client_of_fapi(op):
    whole = METADATA | {
        "jwks": {"keys": [dict(op.clients["fapi"].jwks[0])]}, "token_endpoint_auth_method": "private_key_jwt", "dpop_bound_access_tokens": True,
        "profile": Profile.FAPI2.value, "require_pushed_authorization_requests": True,
    }  # fmt: skip
    with pytest.raises(DirectRefusal, match=r"§?5.3.2.2-5: PKCE is required"):
        registration.client("x", whole)
    assert registration.client("x", whole | {"require_pkce": True}).profile is Profile.FAPI2


@pytest.mark.parametrize("value", [True, False])
def test_no_statement_gives_the_exception(op, value):
    claims = registration.statement_claims(
        issuer=ISSUER, issued=int(op.now.timestamp()), identifier="j", software_id="s", client_name="С",
        bounds={"redirect_hosts": ["a.mn"], "scope": "openid", "grant_types": ["authorization_code"]},
    )  # fmt: skip
    statement = op.sign(claims, registration.STATEMENT_TYPE)
    with pytest.raises(DirectRefusal, match="the platform alone gives this"):
        registration.register(provider=op.provider, metadata=METADATA | {"software_statement": statement, "require_pkce": value})


def test_the_exception_waits_for_a_second_person_and_leaving_it_does_not(op):
    before, after = replace(op.clients["full"], require_pkce=True), op.clients["full"]
    assert bounds.widened(before, after) == ["require_pkce"] and bounds.widened(after, before) == []
    assert "require_pkce" in bounds.beyond_test(after), "a client for trials has nobody's word"
