# ruff: noqa: F811 - fixtures of another module, by their names
"""Judge: Authlib as a web system whose software knows no PKCE, on a running platform: code, tokens and the id token's ``nonce``."""

from __future__ import annotations

import html
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oidc.core import CodeIDToken

from tests.conformance.test_identity_flows import (  # noqa: F401
    CHALLENGE,
    VERIFIER,
    Party,
    Register,
    agree,
    metadata,
    party,
    person,
    register,
)


@pytest.fixture
def old(register: Register, party: Party) -> Any:
    """The system, registered by the platform as one without PKCE, and Authlib's client with its secret and no ``code_challenge_method``."""
    made = register(require_pkce=False)
    client = OAuth2Client(made.client_id, made.client_secret, redirect_uri=party.back, scope="openid register")
    client.nonce = secrets.token_urlsafe(16)
    return client


def test_a_person_signs_in_to_a_system_without_pkce(stack: Any, metadata: Any, person: Any, party: Party, old: Any) -> None:
    address, state = old.create_authorization_url(metadata["authorization_endpoint"], nonce=old.nonce)
    assert "code_challenge" not in address
    person.sign_in(person.regnum, path=address)
    agree(person)
    assert party.answer["state"] == state and party.answer["iss"] == metadata["issuer"]
    tokens = old.fetch_token(metadata["token_endpoint"], authorization_response=party.base + party.arrived[-1])
    keys = JsonWebKey.import_key_set(stack.http.get(metadata["jwks_uri"]).json())
    claims = JsonWebToken(["ES256"]).decode(
        tokens["id_token"], keys, claims_cls=CodeIDToken,
        claims_params={"nonce": old.nonce, "client_id": old.client_id, "access_token": tokens["access_token"]},
    )  # fmt: skip
    claims.validate()
    assert old.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"]
    assert stack.http.get(metadata["userinfo_endpoint"]).json() == {}, "without a token no word of an error"


def test_without_nonce_the_person_is_not_even_asked(metadata: Any, person: Any, party: Party, old: Any) -> None:
    address, _ = old.create_authorization_url(metadata["authorization_endpoint"])
    person.open(address)
    assert party.answer["error"] == "invalid_request" and "nonce" in party.answer["error_description"]
    assert "code" not in party.answer


def test_the_answer_may_be_posted_and_a_verifier_betrays_a_request_that_was_stripped(metadata: Any, person: Any, party: Party, old: Any) -> None:  # fmt: skip
    """RFC 9700 §4.8.2: the software sends PKCE after all, and somebody took the challenge out on its way."""
    address, _ = old.create_authorization_url(metadata["authorization_endpoint"], nonce=old.nonce, response_mode="form_post")
    person.sign_in(person.regnum, path=address)
    agree(person)
    values = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', person.answer.text)}
    with pytest.raises(OAuthError, match="invalid_grant"):
        old.fetch_token(metadata["token_endpoint"], code=values["code"], code_verifier=VERIFIER)
    assert old.fetch_token(metadata["token_endpoint"], code=values["code"])["id_token"]


def test_a_challenge_that_it_sends_all_the_same_is_held_to(metadata: Any, person: Any, party: Party, old: Any) -> None:
    def answered(**more: str) -> dict[str, str]:
        address, _ = old.create_authorization_url(metadata["authorization_endpoint"], nonce=old.nonce, **more)
        person.open(address)
        return party.answer

    bound = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    address, _ = old.create_authorization_url(metadata["authorization_endpoint"], nonce=old.nonce, **bound)
    person.sign_in(person.regnum, path=address)
    agree(person)
    with pytest.raises(OAuthError, match="invalid_grant"):
        old.fetch_token(metadata["token_endpoint"], code=party.answer["code"])
    assert old.fetch_token(metadata["token_endpoint"], code=answered(**bound)["code"], code_verifier=VERIFIER)["id_token"]
    assert answered(**bound | {"code_challenge_method": "plain"})["error_description"] == "code_challenge_method must be S256"


def test_pushed_requests_pass_the_same_check(stack: Any, metadata: Any, person: Any, party: Party, old: Any) -> None:
    form = {"response_type": "code", "redirect_uri": party.back, "scope": "openid", "state": "s"}
    secret = (old.client_id, old.client_secret)
    refused = stack.http.post(metadata["pushed_authorization_request_endpoint"], data=form, auth=secret)
    assert refused.status_code == 400 and "nonce" in refused.json()["error_description"]
    pushed = stack.http.post(metadata["pushed_authorization_request_endpoint"], data=form | {"nonce": "n"}, auth=secret).json()
    asked = urlencode({"client_id": old.client_id, "request_uri": pushed["request_uri"]})
    person.sign_in(person.regnum, path=f"{metadata['authorization_endpoint']}?{asked}")
    assert parse_qs(urlsplit(party.arrived[-1]).query)["code"]
