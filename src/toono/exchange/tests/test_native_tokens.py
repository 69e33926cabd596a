"""Client assertions and access tokens. The client's side is libraries that others wrote (joserfc, Authlib)."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey

from toono.exchange import limits
from toono.exchange.domain import tokens
from toono.exchange.domain.faults import Fault
from toono.exchange.domain.tokens import TokenKeys, TokenRefused, TokenRequest

KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
SYSTEM, GATEWAY = "MN/COM/bank/loans", "https://exchange.example"
TOKEN_URL = GATEWAY + "/oauth/token"
NOW = int(time.time())
SECRET, OTHER = secrets.token_urlsafe(32), secrets.token_urlsafe(32)


def assertion(header: dict[str, Any] | None = None, key: bytes = PEM, **claims: Any) -> str:
    values = {"iss": SYSTEM, "sub": SYSTEM, "aud": TOKEN_URL, "iat": NOW, "exp": NOW + 60, "jti": "j" * 16} | claims
    sent = {name: value for name, value in values.items() if value is not None}
    return jws.serialize_compact(
        {"alg": "ES256", "typ": "JWT", "kid": "bank-1"} | (header or {}), json.dumps(sent).encode(), ECKey.import_key(key)
    )


def check(value: str, *, client_id: str | None = None, now: float = NOW) -> tokens.Assertion:
    parsed = tokens.parse_assertion(value)
    tokens.check_assertion(parsed, TokenRequest(client_id, value), audiences=(GATEWAY, TOKEN_URL), now=now)
    tokens.verify_assertion(parsed, KEY.public_key())
    return parsed


def refused(value: str, **how: Any) -> str:
    with pytest.raises(TokenRefused) as error:
        check(value, **how)
    assert (error.value.error, error.value.status) == ("invalid_client", 401)
    return error.value.description


# -- the form --------------------------------------------------------------------------------------------------------

FORM = {"grant_type": "client_credentials", "client_assertion_type": tokens.ASSERTION_TYPE, "client_assertion": "a.b.c"}
TYPE = "application/x-www-form-urlencoded"


def test_a_form_is_read() -> None:
    assert tokens.parse_request(TYPE + "; charset=utf-8", None, urlencode(FORM | {"client_id": SYSTEM, "unknown": "1"}).encode()) == (
        SYSTEM,
        "a.b.c",
    )
    assert tokens.parse_request(TYPE.upper(), None, urlencode(FORM | {"client_id": "", "scope": ""}).encode()).client_id is None


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"content_type": "application/json"}, "invalid_request"),
        ({"content_type": None}, "invalid_request"),
        ({"body": b"\xff"}, "invalid_request"),
        ({"body": b""}, "invalid_request"),
        ({"body": b"grant_type"}, "invalid_request"),
        ({"body": urlencode(FORM).encode() + b"&grant_type=client_credentials"}, "invalid_request"),
        ({"body": b"&".join([b"a=1"] * 21)}, "invalid_request"),
        ({"form": {"grant_type": None}}, "invalid_request"),
        ({"form": {"grant_type": "password"}}, "unsupported_grant_type"),
        ({"form": {"client_assertion": None}}, "invalid_client"),
        ({"form": {"client_assertion_type": "other"}}, "invalid_client"),
        ({"form": {"client_secret": "x"}}, "invalid_client"),
        ({"authorization": "Basic eDp5"}, "invalid_client"),
        ({"form": {"scope": "all"}}, "invalid_scope"),
    ],
)
def test_another_form_is_refused_by_the_error_of_the_rfc(change: dict[str, Any], error: str) -> None:
    form = {name: value for name, value in (FORM | change.get("form", {})).items() if value is not None}
    with pytest.raises(TokenRefused) as found:
        tokens.parse_request(change.get("content_type", TYPE), change.get("authorization"), change.get("body", urlencode(form).encode()))
    assert (found.value.error, found.value.status) == (error, 401 if error == "invalid_client" else 400)
    assert found.value.description.isascii()


# -- the assertion ---------------------------------------------------------------------------------------------------


def test_assertions_of_foreign_libraries_are_accepted() -> None:
    parsed = check(assertion())
    assert (parsed.client, parsed.key_id) == (SYSTEM, "bank-1")
    foreign = private_key_jwt_sign(PEM, client_id=SYSTEM, token_endpoint=TOKEN_URL, alg="ES256", header={"kid": "bank-1"}, expires_in=300)
    assert check(foreign, now=time.time()).claims["jti"]
    claims = {"iss": SYSTEM, "sub": SYSTEM, "aud": [GATEWAY], "exp": NOW + 300, "jti": "k" * 8, "nbf": NOW}
    assert check(jwt.encode({"alg": "ES256"}, claims, ECKey.import_key(PEM)), client_id=SYSTEM).key_id is None


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://other.example"}, {"aud": None}, {"aud": [TOKEN_URL, "https://other.example"]}, {"aud": []}, {"aud": {"a": 1}}, {"aud": GATEWAY + "/"},
        {"iss": "MN/COM/other/x"}, {"sub": "MN/COM/other/x"}, {"iss": None}, {"iss": 1}, {"jti": None}, {"jti": "short"}, {"jti": "j" * 129}, {"jti": 7},
        {"exp": None}, {"exp": NOW}, {"exp": NOW - 1}, {"exp": NOW + limits.ASSERTION_SECONDS + limits.SIGNATURE_AHEAD_SECONDS + 1}, {"exp": "soon"}, {"exp": True},
        {"exp": 10**400}, {"iat": NOW + 31}, {"nbf": NOW + 31}, {"nbf": "now"}, {"role": "admin"}, {"scope": "all"},
    ],
)  # fmt: skip
def test_an_assertion_with_other_claims_is_refused(change: dict[str, Any]) -> None:
    assert refused(assertion(**change))


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"], "exp": 1}, {"kid": 1}, {"typ": "at+jwt"}, {"jku": "https://evil.example"}, {"x5c": ["AA=="]}]
)
def test_an_assertion_with_another_header_is_refused(header: dict[str, Any]) -> None:
    part = base64.urlsafe_b64encode(json.dumps({"alg": "ES256"} | header).encode()).rstrip(b"=").decode()
    assert "header" in refused(part + assertion()[assertion().index(".") :]) or header == {"kid": 1}


def test_another_algorithm_is_refused() -> None:
    claims = {"iss": SYSTEM, "sub": SYSTEM, "aud": TOKEN_URL, "exp": NOW + 60, "jti": "j" * 16}
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert "alg ES256" in refused(jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(base64.b64encode(public))))
    head, body, signature = assertion().split(".")
    nothing = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    assert "alg ES256" in refused(f"{nothing}.{body}.")
    assert "alg ES256" in refused(f"{nothing}.{body}.{signature}") and head


def test_another_key_or_a_changed_text_does_not_match() -> None:
    stranger = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert "does not match" in refused(assertion(key=stranger))
    head, _, signature = assertion().split(".")
    assert "does not match" in refused(f"{head}.{assertion(exp=NOW + 61).split('.')[1]}.{signature}")
    der = base64.urlsafe_b64encode(KEY.sign(b"x", ec.ECDSA(hashes.SHA256()))).rstrip(b"=").decode()
    assert "does not match" in refused(f"{head}.{assertion().split('.')[1]}.{der}")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "a.b",
        "a.b.c.d",
        "..",
        "!!.e30.AA",
        "e30.e30.A",
        "e30=.e30.AA",
        "W10.W10.AA",
        "bnVsbA.e30.AA",
        "eyJhIjoxLCJhIjoyfQ.e30.AA",
        "x" * 9000,
    ],
)
def test_what_is_no_assertion_is_refused(value: str) -> None:
    assert refused(value)


def test_an_assertion_is_used_up_by_its_client_and_id() -> None:
    first, same, other = (tokens.parse_assertion(assertion(**c)) for c in ({}, {"exp": NOW + 61}, {"jti": "z" * 16}))
    neighbour = tokens.parse_assertion(assertion(iss="MN/COM/bank/x", sub="MN/COM/bank/x"))
    assert tokens.assertion_nonce(first) == tokens.assertion_nonce(same)
    assert len({tokens.assertion_nonce(a) for a in (first, other, neighbour)}) == 3


# -- the access token --------------------------------------------------------------------------------------------------


def issue(keys: TokenKeys | None = None, now: int = NOW, **change: str) -> str:
    values = {"issuer": GATEWAY, "client": SYSTEM, "key_id": "bank-1", "token_id": "t-1"} | change
    return (keys or TokenKeys([SECRET])).issue(now=now, **values)


def read(token: str, keys: TokenKeys | None = None, now: float = NOW) -> tokens.AccessToken:
    return (keys or TokenKeys([SECRET])).read(token, issuer=GATEWAY, now=now)


def reason(token: str, **how: Any) -> str:
    with pytest.raises(Fault) as fault:
        read(token, **how)
    return fault.value.reason


def test_a_token_is_read_as_it_was_issued() -> None:
    assert read(issue()) == (SYSTEM, "bank-1", NOW + limits.TOKEN_SECONDS)


def test_a_foreign_library_reads_the_token_as_a_jwt_of_rfc_9068() -> None:
    found = jwt.decode(issue(), OctKey.import_key(SECRET), algorithms=["HS256"])
    assert found.header == {"alg": "HS256", "typ": "at+jwt"}
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= found.claims.keys() and found.claims["cnf"] == {"kid": "bank-1"}


def test_while_the_secret_changes_both_are_believed_and_the_first_signs() -> None:
    old, both, new = TokenKeys([OTHER]), TokenKeys([SECRET, OTHER]), TokenKeys([SECRET])
    assert read(issue(old), both) and read(issue(both), new)
    assert reason(issue(both), keys=old) == "token_unknown"


@pytest.mark.parametrize(
    ("age", "expected"), [(0, None), (299, None), (300, "token_expired"), (9999, "token_expired"), (-30, None), (-31, "token_expired")]
)
def test_a_token_lives_for_its_time(age: int, expected: str | None) -> None:
    if expected is None:
        assert read(issue(), now=NOW + age)
    else:
        assert reason(issue(), now=NOW + age) == expected


def test_a_token_of_somebody_else_is_refused() -> None:
    claims = {
        "iss": GATEWAY,
        "aud": GATEWAY,
        "sub": SYSTEM,
        "client_id": SYSTEM,
        "iat": NOW,
        "exp": NOW + 9999,
        "jti": "x",
        "cnf": {"kid": "bank-1"},
    }
    forged = jwt.encode({"alg": "HS256", "typ": "at+jwt"}, claims, OctKey.import_key(OTHER))
    assert reason(forged) == "token_unknown"
    assert reason(issue(issuer="https://other.example")) == "token_unknown"
    head, body, code = issue().split(".")
    wider = base64.urlsafe_b64encode(base64.urlsafe_b64decode(body + "==").replace(b"loans", b"admin")).rstrip(b"=").decode()
    for value in (
        "",
        "..",
        f"{head}.{wider}.{code}",
        f"{head}.{body}.",
        f"{head}.{body}",
        assertion(),
        f"{head}.{body}.{code}ö",
        "x" * 5000,
    ):
        assert reason(value) == "token_unknown"


def test_a_token_of_another_kind_by_the_same_secret_is_refused() -> None:
    claims = {
        "iss": GATEWAY,
        "aud": GATEWAY,
        "sub": SYSTEM,
        "client_id": SYSTEM,
        "iat": NOW,
        "exp": NOW + 99,
        "jti": "x",
        "cnf": {"kid": "bank-1"},
    }
    assert reason(jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(SECRET))) == "token_unknown"
    more = jws.serialize_compact(
        {"alg": "HS256", "typ": "at+jwt"}, json.dumps(claims | {"admin": True}).encode(), OctKey.import_key(SECRET)
    )
    assert reason(more) == "token_unknown"


@pytest.mark.parametrize("secrets_", [[], [""], ["short"], [SECRET, "short"]])
def test_a_weak_secret_is_refused(secrets_: list[str]) -> None:
    with pytest.raises(ValueError, match="32 characters"):
        TokenKeys(secrets_)
