"""Judge: Authlib, written by others, as a native application that signs a citizen in through the real pages of a running platform."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata


@pytest.fixture
def application() -> Iterator[tuple[str, list[str]]]:
    """A native application's listener on a free loopback port (RFC 8252 §7.3): its address, and what came to it."""
    arrived: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrived.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<main><h1>back</h1></main>")

        def log_message(self, *arguments: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/callback", arrived
    server.shutdown()


@dataclass
class Judge:
    """Authlib's client, with what it asked."""

    metadata: dict[str, Any]
    keys: Any
    address: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    client: Any = None

    def __post_init__(self) -> None:
        self.client = OAuth2Client(
            client_id="demo-rp",
            redirect_uri=self.address,
            scope="openid register",
            token_endpoint_auth_method="none",
            code_challenge_method="S256",
        )

    def question(self, **extra: str) -> tuple[str, str]:
        url, state = self.client.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=self.verifier, nonce=self.nonce, **extra
        )
        return url, state

    def tokens(self, answer: str, **extra: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.fetch_token(
            self.metadata["token_endpoint"], authorization_response=answer, **({"code_verifier": self.verifier} | extra)
        )
        return found

    def claims(self, tokens: dict[str, Any]) -> Any:
        claims = JsonWebToken(["ES256"]).decode(
            tokens["id_token"], self.keys, claims_cls=CodeIDToken,
            claims_options={"iss": {"essential": True, "value": self.metadata["issuer"]}, "aud": {"essential": True, "value": "demo-rp"}},
            claims_params={"nonce": self.nonce, "client_id": "demo-rp", "access_token": tokens["access_token"], "max_age": 3600},
        )  # fmt: skip
        claims.validate()
        return claims


@pytest.fixture
def judge(stack: Any, application: Any) -> Judge:
    metadata = stack.http.get(f"{stack.base_url}/.well-known/openid-configuration").raise_for_status().json()
    keys = JsonWebKey.import_key_set(stack.http.get(metadata["jwks_uri"]).raise_for_status().json())
    return Judge(metadata, keys, application[0])


@pytest.fixture
def person(stack: Any, fresh_person: Any) -> Any:
    """A browser of somebody who has never signed in, and its person."""
    from toono.entry.person import Person

    known = fresh_person()
    browser = Person(stack.base_url, sms=lambda: stack.sms(known["phone"]))
    browser.regnum = known["regnum"]
    return browser


def sign_in(judge: Judge, person: Any, application: Any, **extra: str) -> str:
    url, state = judge.question(**extra)
    person.sign_in(person.regnum, path=url)
    assert person.heading == "back"
    found = parse_qs(urlsplit(application[1][-1]).query)
    assert (found["state"], found["iss"]) == ([state], [judge.metadata["issuer"]])
    return judge.address.rpartition("/callback")[0] + application[1][-1]


def test_the_metadata_is_sound(judge: Judge, stack: Any) -> None:
    OpenIDProviderMetadata(judge.metadata).validate()
    assert judge.metadata["issuer"] == stack.base_url
    assert judge.metadata["authorization_response_iss_parameter_supported"] is True
    assert judge.metadata["code_challenge_methods_supported"] == ["S256"]


def test_the_whole_flow_from_the_question_to_the_names(judge: Judge, person: Any, application: Any, stack: Any) -> None:
    tokens = judge.tokens(sign_in(judge, person, application))
    claims = judge.claims(tokens)
    assert claims["acr"] == "substantial" and claims["amr"] == ["sms"] and claims["at_hash"] and claims["sid"]
    known = judge.client.get(judge.metadata["userinfo_endpoint"]).raise_for_status().json()
    assert known["sub"] == claims["sub"] and {"clan_name", "patronymic", "given_name", "civil_id"} < set(known)
    assert "family_name" not in known and "regnum" not in known


def test_a_second_client_needs_no_second_code(judge: Judge, person: Any, application: Any) -> None:
    first = judge.claims(judge.tokens(sign_in(judge, person, application)))
    person.open(judge.question(prompt="none")[0])
    again = judge.claims(judge.tokens(judge.address + application[1][-1].removeprefix("/callback")))
    assert (again["sub"], again["sid"], again["auth_time"]) == (first["sub"], first["sid"], first["auth_time"])


def test_prompt_none_without_a_session_is_answered_without_a_page(judge: Judge, person: Any, application: Any) -> None:
    person.open(judge.question(prompt="none")[0])
    assert parse_qs(urlsplit(application[1][-1]).query)["error"] == ["login_required"]
    with pytest.raises(OAuthError):
        judge.tokens(judge.address + application[1][-1].removeprefix("/callback"))


def test_a_posted_question_is_answered_like_any(judge: Judge, person: Any, application: Any) -> None:
    sign_in(judge, person, application)
    url, _ = judge.question(prompt="none")
    target, _, encoded = url.partition("?")
    answer = person.client.post(target, content=encoded, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200 and "code=" in application[1][-1]


def test_a_wrong_verifier_gets_nothing(judge: Judge, person: Any, application: Any) -> None:
    answer = sign_in(judge, person, application)
    with pytest.raises(OAuthError, match="invalid_grant"):
        judge.tokens(answer, code_verifier=secrets.token_urlsafe(48))
    assert judge.tokens(answer)["id_token"]


def test_a_code_used_twice_kills_its_tokens(judge: Judge, person: Any, application: Any) -> None:
    answer = sign_in(judge, person, application)
    judge.tokens(answer)
    assert judge.client.get(judge.metadata["userinfo_endpoint"]).status_code == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        judge.tokens(answer)
    assert judge.client.get(judge.metadata["userinfo_endpoint"]).status_code == 401


def test_of_fifty_exchanges_at_once_one_wins_and_then_loses_too(judge: Judge, person: Any, application: Any) -> None:
    code = parse_qs(urlsplit(sign_in(judge, person, application)).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": judge.address,
        "client_id": "demo-rp",
        "code_verifier": judge.verifier,
    }
    with httpx.Client(timeout=60) as http, ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: http.post(judge.metadata["token_endpoint"], data=form), range(50)))
    won = [a for a in answers if a.status_code == 200]
    assert len(won) == 1 and {a.json()["error"] for a in answers if a not in won} == {"invalid_grant"}
    header = {"Authorization": f"Bearer {won[0].json()['access_token']}"}
    assert httpx.get(judge.metadata["userinfo_endpoint"], headers=header).status_code == 401


def test_the_tokens_answer_is_kept_by_nobody(judge: Judge, person: Any, application: Any) -> None:
    code = parse_qs(urlsplit(sign_in(judge, person, application)).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": judge.address,
        "client_id": "demo-rp",
        "code_verifier": judge.verifier,
    }
    for query in ("", "?code=1"):
        answer = httpx.post(judge.metadata["token_endpoint"] + query, data=form)
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Content-Type"] == "application/json"
        assert answer.status_code == (400 if query else 200)
        form["code"] = form["code"] if not query else ""
    assert httpx.get(judge.metadata["token_endpoint"]).status_code == 405
    assert httpx.post(judge.metadata["token_endpoint"], json=form).json()["error"] == "invalid_request"


def test_another_clients_code_and_a_confidential_client_without_its_secret_get_nothing(judge: Judge, person: Any, application: Any) -> None:
    code = parse_qs(urlsplit(sign_in(judge, person, application)).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": judge.address, "code_verifier": judge.verifier}
    answer = httpx.post(judge.metadata["token_endpoint"], data=form | {"client_id": "portal"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client") and "Basic" in answer.headers["WWW-Authenticate"]
    answer = httpx.post(judge.metadata["token_endpoint"], data=form, auth=("portal", "guess"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    from toono.kernel.settings import settings

    answer = httpx.post(judge.metadata["token_endpoint"], data=form, auth=("portal", settings().secret("portal_client_secret")))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_signing_out_by_the_client_ends_the_session_and_its_tokens(judge: Judge, person: Any, application: Any) -> None:
    tokens = judge.tokens(sign_in(judge, person, application))
    endpoint = judge.metadata["end_session_endpoint"]
    person.client.follow_redirects = False
    bad = person.client.get(endpoint, params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://evil.example/"})
    assert bad.status_code == 400 and judge.client.get(judge.metadata["userinfo_endpoint"]).status_code == 200
    asked = person.client.get(endpoint, params={"client_id": "demo-rp"})
    assert asked.status_code == 200 and "Гарах уу?" in asked.text
    done = person.client.get(
        endpoint, params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "http://127.0.0.1/signed-out", "state": "z"}
    )
    assert (done.status_code, done.headers["Location"]) == (303, "http://127.0.0.1/signed-out?state=z")
    assert judge.client.get(judge.metadata["userinfo_endpoint"]).status_code == 401
    person.client.follow_redirects = True
    person.open(judge.question(prompt="none")[0])
    assert "login_required" in application[1][-1]


def test_the_person_confirms_a_sign_out_that_proves_nothing(judge: Judge, person: Any, application: Any) -> None:
    sign_in(judge, person, application)
    person.open(judge.metadata["end_session_endpoint"])
    assert person.heading == "Гарах уу?"
    person.press("Гарах")
    assert person.heading == "Та гарлаа"
    person.open(judge.question(prompt="none")[0])
    assert "login_required" in application[1][-1]
