"""FAPI 2.0 Security Profile (Final): the cases of ``fapi2-security-profile-final-test-plan``, at the protocol itself, with private_key_jwt and DPoP."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey, RSAKey

from tests.conformance.oidc_table import module
from toono.identity.domain.oidc import fapi, pushed
from toono.identity.domain.oidc.certificate import Certificate
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import BY_CERTIFICATE, digest
from toono.identity.tests.memory import BACK, CHALLENGE, DEVICE_KEY, ISSUER, MemoryProvider, code_form, signed

PLAN = "FAPI 2.0"


@pytest.fixture
def op() -> MemoryProvider:
    return MemoryProvider()


def pushed_uri(op: MemoryProvider, client_id: str = "fapi", **changes: Any) -> str:
    found = op.push(**{**op.assertion(client_id), **changes})
    return str(found["request_uri"])


def code(op: MemoryProvider, **changes: Any) -> str:
    return op.answered(client_id="fapi", request_uri=pushed_uri(op, **changes))["code"]


def ask(op: MemoryProvider, form: str, client_id: str = "fapi", **more: Any) -> Any:
    more = {"dpop": (op.proof(),)} | more
    return op.ask(form + "&" + urlencode(op.assertion(client_id)), **more)


@module(
    PLAN,
    "fapi2-security-profile-final-happy-flow",
    "fapi2-security-profile-final-ensure-token-type-case-insensitive",
    "fapi2-security-profile-final-refresh-token",
)
def test_a_whole_flow(op: MemoryProvider) -> None:
    given = ask(op, code_form(code(op)))
    assert given["token_type"] == "DPoP"
    for scheme in ("DPoP", "dpop"):
        proof = op.proof(method="GET", path="/oidc/userinfo", token=given["access_token"])
        assert op.userinfo(f"{scheme} {given['access_token']}", dpop=(proof,))["sub"] == "person-1"
    again = ask(op, urlencode({"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}))
    assert again["refresh_token"] == given["refresh_token"], "§5.3.2.1-9: refresh tokens are not rotated"


@module(
    PLAN,
    "fapi2-security-profile-final-ensure-unsigned-authorization-request-without-using-par-fails",
    "fapi2-security-profile-final-ensure-request-object-in-query-without-par-fails",
)
def test_requests_must_be_pushed(op: MemoryProvider) -> None:
    assert op.answered(client_id="fapi")["error"] == "invalid_request"
    assert op.answered(client_id="fapi", request=op.request_object("fapi"))["error"] == "invalid_request"


@module(
    PLAN,
    "fapi2-security-profile-final-par-attempt-reuse-request_uri",
    "fapi2-security-profile-final-par-attempt-to-use-expired-request_uri",
    "fapi2-security-profile-final-par-attempt-to-use-request_uri-for-different-client",
    "fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
)
def test_a_pushed_request_is_good_once_in_time_for_its_client(op: MemoryProvider) -> None:
    uri = pushed_uri(op)
    op.authorize(None, client_id="fapi", request_uri=uri)  # shown twice before the person has signed in
    assert op.answered(client_id="fapi", request_uri=uri)["code"]
    foreign, late = pushed_uri(op, client_id="fapi-other"), pushed_uri(op)
    op.later(seconds=91)
    for client, one in (("fapi", uri), ("fapi", late), ("fapi", foreign), ("fapi", pushed.PUSHED + "guess")):
        with pytest.raises(PageRefusal):
            op.authorize(client_id=client, request_uri=one)


@module(PLAN, "fapi2-security-profile-final-par-pushed-parameters-win")
def test_only_what_was_pushed_counts(op: MemoryProvider) -> None:
    found = op.answered(
        client_id="fapi",
        request_uri=pushed_uri(op, state="inner"),
        state="outer",
        redirect_uri="https://evil.example",
        scope="openid offline_access",
    )
    assert found["state"] == "inner" and op.codes.popitem()[1].grant.scope == "openid register"


@module(
    PLAN,
    "fapi2-security-profile-final-par-authorization-request-containing-request_uri",
    "fapi2-security-profile-final-par-authorization-request-containing-request_uri-form-param",
)
def test_what_cannot_be_pushed(op: MemoryProvider) -> None:
    with pytest.raises(DirectRefusal, match="cannot be pushed"):
        pushed_uri(op, request_uri="urn:x")
    repeated = parse(urlencode(op.assertion("fapi")) + f"&scope=openid&scope=openid&redirect_uri={BACK}")
    with pytest.raises(DirectRefusal, match="repeated"):
        pushed.push(provider=op.provider, request=Request(parameters=repeated))


@module(
    PLAN, "fapi2-security-profile-final-par-without-duplicate-parameters", "fapi2-security-profile-final-ensure-mismatched-response-type"
)
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "code id_token"}, "unsupported_response_type"), ({"redirect_uri": "https://evil.example"}, "invalid_request"), ({"redirect_uri": None}, "invalid_request"),
        ({"scope": None}, "invalid_scope"), ({"prompt": "none login"}, "invalid_request"), ({"claims": "x"}, "invalid_request"), ({"resource": "x"}, "invalid_target"),
        ({"authorization_details": "x"}, "invalid_authorization_details"), ({"dpop_jkt": "x"}, "invalid_request"), ({"id_token_hint": "x"}, "invalid_request"),
        ({"client_id": "full"}, "invalid_client"),
    ],
)  # fmt: skip
def test_what_authorization_would_refuse_is_refused_when_pushed(op: MemoryProvider, changes: dict[str, Any], error: str) -> None:
    with pytest.raises(DirectRefusal) as refused:
        pushed_uri(op, **changes)
    assert refused.value.error == error and not op.pushes


@module(
    PLAN,
    "fapi2-security-profile-final-ensure-pkce-required",
    "fapi2-security-profile-final-ensure-plain-pkce-rejected",
    "fapi2-security-profile-final-ensure-authorization-code-is-bound-to-pkce",
    "fapi2-security-profile-final-par-ensure-pkce-code-verifier-required",
)
def test_pkce(op: MemoryProvider) -> None:
    for changes in (
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": None, "code_challenge_method": None},
    ):
        with pytest.raises(DirectRefusal, match="invalid_request"):
            pushed_uri(op, **changes)
    found = code(op)
    for verifier in (None, CHALLENGE):
        with pytest.raises(DirectRefusal, match="invalid_grant"):
            ask(op, code_form(found, code_verifier=verifier))


@module(
    PLAN,
    "fapi2-security-profile-final-ensure-client-assertion-with-aud-array-fails",
    "fapi2-security-profile-final-par-ensure-aud-is-par-endpoint-fails",
    "fapi2-security-profile-final-ensure-client-assertion-aud-token-endpoint-fails",
    "fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint-fails-without",
    "fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails",
)
def test_assertions(op: MemoryProvider) -> None:
    for audience in ([ISSUER], [ISSUER, "https://other.example"], ISSUER + "/oidc/par", ISSUER + "/oidc/token"):
        with pytest.raises(DirectRefusal, match="invalid_client"):
            op.push(**op.assertion("fapi", aud=audience))
    with pytest.raises(DirectRefusal, match="invalid_client"):
        op.push(client_id="fapi")
    rsa = RSAKey.generate_key(2048)
    op.save_client(replace(op.clients["fapi"], jwks=(rsa.as_dict(private=False),)))
    text = signed({"alg": "RS256"}, {"iss": "fapi", "sub": "fapi", "aud": ISSUER, "jti": "1", "exp": int(op.now.timestamp()) + 60}, rsa)
    with pytest.raises(DirectRefusal, match="invalid_client"):
        op.push(client_assertion=text, client_assertion_type=op.assertion()["client_assertion_type"])


@module(
    PLAN,
    "fapi2-security-profile-final-ensure-client-assertion-iat-nbf-8-seconds-in-the-future-succeeds",
    "fapi2-security-profile-final-ensure-client-assertion-iat-60-seconds-in-the-future-fails",
)
def test_clocks_ahead(op: MemoryProvider) -> None:
    now = int(op.now.timestamp())
    assert op.push(**op.assertion("fapi", iat=now + 8, nbf=now + 8))
    for late in ({"iat": now + 60}, {"nbf": now + 60}):
        with pytest.raises(DirectRefusal, match="future"):
            op.push(**op.assertion("fapi", **late))


@module(
    PLAN,
    "fapi2-security-profile-final-ensure-holder-of-key-required",
    "fapi2-security-profile-final-dpop-negative-tests",
    "fapi2-security-profile-final-ensure-dpop-proof-10-seconds",
)
def test_no_bearer_tokens(op: MemoryProvider) -> None:
    found = code(op)
    with pytest.raises(DirectRefusal, match="invalid_dpop_proof"):
        ask(op, code_form(found), dpop=())
    given = ask(op, code_form(found), dpop=(op.proof(iat=int(op.now.timestamp()) + 10),))
    with pytest.raises(DirectRefusal, match="another type"):
        op.userinfo(f"Bearer {given['access_token']}")


@module(
    PLAN,
    "fapi2-security-profile-final-ensure-dpop_jkt-mismatch-par-fails",
    "fapi2-security-profile-final-ensure-dpop_jkt-mismatch-token-endpoint-fails",
    "fapi2-security-profile-final-ensure-dpop-auth-code-binding-success",
)
def test_the_code_is_bound_to_the_key_of_the_pushed_request(op: MemoryProvider) -> None:
    other = ECKey.generate_key("P-256")
    proof = lambda key=DEVICE_KEY: (op.proof(path="/oidc/par", key=key),)  # noqa: E731
    with pytest.raises(DirectRefusal, match="another key"):
        op.push(dpop=proof(), **{**op.assertion("fapi"), "dpop_jkt": other.thumbprint()})
    uri = op.push(dpop=proof(), **op.assertion("fapi"))["request_uri"]
    found = op.answered(client_id="fapi", request_uri=uri)["code"]
    with pytest.raises(DirectRefusal, match="another key"):
        ask(op, code_form(found), dpop=(op.proof(key=other),))
    assert ask(op, code_form(found))["access_token"]


@module(
    PLAN,
    "fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client",
    "fapi2-security-profile-final-ensure-expired-authorization-code-fails",
    "fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second",
    "fapi2-security-profile-final-ensure-different-redirect-uri-fails",
)
def test_codes(op: MemoryProvider) -> None:
    found = code(op)
    with pytest.raises(DirectRefusal, match="invalid_grant"):
        ask(op, code_form(found), "fapi-other")
    with pytest.raises(DirectRefusal, match="redirect_uri differs"):
        ask(op, code_form(found, redirect_uri=BACK + "&x=1"))
    given = ask(op, code_form(found))
    op.later(seconds=1)
    with pytest.raises(DirectRefusal, match="invalid_grant"):
        ask(op, code_form(found))
    with pytest.raises(DirectRefusal, match="invalid_grant"):
        ask(op, urlencode({"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}))
    late = code(op)
    op.later(seconds=61)
    with pytest.raises(DirectRefusal, match="expired"):
        ask(op, code_form(late))


@module(
    PLAN,
    "fapi2-security-profile-final-state-only-outside-request-object-not-used",
    "fapi2-security-profile-final-test-long-state",
    "fapi2-security-profile-final-ensure-request-with-64-char-nonce",
    "fapi2-security-profile-final-user-rejects-authentication",
)
def test_long_values_and_a_refusal(op: MemoryProvider) -> None:
    from toono.identity.domain.oidc.authorize import Waited

    uri = pushed_uri(op, state="s" * 1000, nonce="n" * 64)
    found = op.answered(client_id="fapi", request_uri=uri)
    assert found["state"] == "s" * 1000 and found["iss"] == ISSUER
    given = ask(op, code_form(found["code"]))
    assert op.opened(given["id_token"])["nonce"] == "n" * 64
    refused = op.answered(client_id="full", waited=Waited(refused=True))
    assert refused["error"] == "access_denied" and refused["iss"] == ISSUER


@module(
    "FAPI 2.0 message signing",
    "fapi2-message-signing-ensure-signed-request-object",
    "fapi2-message-signing-request-object-bad-signature",
    "fapi2-message-signing-request-object-missing-exp",
    "fapi2-message-signing-request-object-exp-over",
    "fapi2-message-signing-request-object-nbf-too-old",
    "fapi2-message-signing-request-object-aud",
    "fapi2-message-signing-request-object-RS256",
)
def test_signed_requests(op: MemoryProvider) -> None:
    op.save_client(replace(op.clients["fapi"], require_signed_request_object=True))
    now = int(op.now.timestamp())
    with pytest.raises(DirectRefusal, match="must be signed"):
        pushed_uri(op)

    def push(text: str) -> Any:
        request = Request(parameters=parse(urlencode(op.assertion("fapi") | {"request": text})))
        return pushed.push(provider=op.provider, request=request)

    assert op.answered(client_id="fapi", request_uri=push(op.request_object("fapi"))["request_uri"])["code"]
    for changes in (
        {"key": ECKey.generate_key("P-256")}, {"exp": None}, {"exp": now - 60}, {"exp": now + 7200}, {"nbf": now - 7200}, {"nbf": now + 60}, {"aud": "https://other.example"},
        {"iss": "full"}, {"response_mode": 1}, {"request_uri": "urn:x"}, {"request": "x"}, {"sub": "fapi"}, {"header": {"alg": "ES256", "jku": "https://evil.example"}}, {"state": ["x"]}, {"header": {"typ": "at+jwt"}},
    ):  # fmt: skip
        with pytest.raises(DirectRefusal, match="invalid_request_object"):
            push(op.request_object("fapi", **changes))


@module(
    PLAN,
    "fapi2-security-profile-final-ensure-request-with-essential-acr-claim",
    "fapi2-security-profile-final-ensure-unmet-essential-acr-fails",
    "fapi2-security-profile-final-ensure-form_post-response-mode",
)
def test_an_essential_assurance_is_met_or_the_request_is_refused(op: MemoryProvider) -> None:
    wanted = lambda level: json.dumps({"id_token": {"acr": {"essential": True, "values": [level]}}})  # noqa: E731
    given = ask(op, code_form(code(op, claims=wanted("substantial"))))
    assert op.opened(given["id_token"])["acr"] == "substantial"
    with pytest.raises(DirectRefusal, match="unmet_authentication_requirements"):
        pushed_uri(op, claims=wanted("high"))
    answer = op.authorize(client_id="fapi", request_uri=pushed_uri(op, response_mode="form_post"))
    assert answer.url == BACK and ask(op, code_form(dict(answer.posted)["code"]))["access_token"]


@module(
    PLAN,
    "fapi2-security-profile-final-mtls-happy-flow",
    "fapi2-security-profile-final-ensure-mtls-holder-of-key-required",
    "fapi2-security-profile-final-ensure-client-certificate-in-time",
)
def test_a_certificate_proves_the_client_and_binds_its_tokens(op: MemoryProvider) -> None:
    own = Certificate(sha256="a" * 43, valid_from=op.now - timedelta(days=1), valid_until=op.now + timedelta(days=1))
    client = replace(
        op.clients["fapi"], jwks=(), token_endpoint_auth_method=BY_CERTIFICATE, certificate_sha256="a" * 43, dpop_bound_access_tokens=False,
        tls_client_certificate_bound_access_tokens=True,
    )  # fmt: skip
    op.save_client(client)
    assert not fapi.faults(client)
    form = "grant_type=client_credentials&client_id=fapi&scope=api"
    value = op.ask(form, certificate=own)["access_token"]
    assert op.tokens[digest(value)].binding.x5t == "a" * 43
    for other in (
        None,
        replace(own, sha256="b" * 43),
        replace(own, valid_until=op.now),
        replace(own, valid_from=op.now + timedelta(seconds=1)),
    ):
        with pytest.raises(DirectRefusal, match="invalid_client"):
            op.ask(form, certificate=other)
    given = op.ask(code_form(op.answered(client_id="fapi", request_uri=push_with(op, own))["code"]) + "&client_id=fapi", certificate=own)[
        "access_token"
    ]
    assert op.userinfo(f"Bearer {given}", certificate=own)["sub"] == "person-1"
    for other in (None, replace(own, sha256="b" * 43)):
        with pytest.raises(DirectRefusal, match="invalid_token"):
            op.userinfo(f"Bearer {given}", certificate=other)


def push_with(op: MemoryProvider, certificate: Certificate) -> str:
    values = {
        "client_id": "fapi", "response_type": "code", "redirect_uri": BACK, "scope": "openid register", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    request = Request(parameters=parse(urlencode(values)), certificate=certificate, path="/oidc/par")
    return str(pushed.push(provider=op.provider, request=request)["request_uri"])


@module(PLAN, "toono-profile-holds-the-registration")
def test_a_registration_bears_the_profile_or_is_refused(op: MemoryProvider) -> None:
    good = op.clients["fapi"]
    assert not fapi.faults(good)
    assert not fapi.faults(replace(good, token_endpoint_auth_method=BY_CERTIFICATE, certificate_sha256="x"))
    for changes in (
        {"token_endpoint_auth_method": "client_secret_basic"}, {"secret_digest": "x"}, {"dpop_bound_access_tokens": False},
        {"id_token_signed_response_alg": "RS256"}, {"userinfo_signed_response_alg": "RS256"},
        {"require_pushed_authorization_requests": False}, {"redirect_uris": ("http://127.0.0.1/",)},
    ):  # fmt: skip
        assert fapi.faults(replace(good, **changes))
