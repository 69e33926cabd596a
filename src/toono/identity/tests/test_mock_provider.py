"""``toono identity mock`` answers as the platform does: the same protocol, made-up persons, and each fault once when it is switched on."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from toono.identity.domain.oidc import token
from toono.identity.mock import clients, driver, persons, server
from toono.identity.mock.words import translator
from toono.identity.mock.world import SWITCHES, World

PEOPLE = persons.persons(Path(__file__).resolve().parents[4] / "catalogue" / "personas.yaml")
BACK = "http://127.0.0.1:9/back?tenant=1"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
DAN_SCOPE = [
    {"services": ["WS100101_getCitizenIDCardInfo"], "wsdl": "https://xyp.gov.mn/citizen-1.3.0/ws?WSDL"},
    {"services": ["WS100103_getCitizenAddressInfo", "WS999999_getNothing"], "wsdl": "https://xyp.gov.mn/citizen-1.5.0/ws?WSDL"},
    {"services": ["WS100307_getLegalEntityInfoWithRegnum"], "wsdl": "https://xyp.gov.mn/legal-entity-1.3.0/ws?WSDL"},
]


TRIED_IN_FLOWS = {
    "answer_iss", "token_iss", "slow_down", "approval_expired", "approval_denied", "poll_lost", "ping_forged", "ping_lost", "ping_twice", "push_refused",
    "push_expired", "exchange_refused", "registration_refused", "tls_stranger",
}  # fmt: skip
"""Switches whose tests stand in ``test_mock_flows``."""


class Mock:
    """A running mock, and one browser before it."""

    def __init__(self, world: World) -> None:
        self.world, self.base = world, world.issuer
        trust = driver.trust(world.tls.ca_pem) if world.tls else driver.trust()
        self.http = httpx.Client(base_url=self.base, timeout=10, follow_redirects=False, verify=trust)

    def question(self, **changes: str | None) -> str:
        values = {
            "response_type": "code", "client_id": "shop", "redirect_uri": BACK, "scope": "openid register", "state": "s-1", "nonce": "n-1",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        } | changes  # fmt: skip
        return "/oidc/authorize?" + urlencode({k: v for k, v in values.items() if v is not None})

    def open(self, url: str) -> httpx.Response:
        """Follow redirects as far as the mock's own pages go."""
        found = self.http.get(url)
        while found.is_redirect and urlsplit(str(found.url.join(found.headers["Location"]))).netloc == urlsplit(self.base).netloc:
            found = self.http.get(found.headers["Location"])
        return found

    def press(self, page: httpx.Response, **form: Any) -> httpx.Response:
        action = re.search(r'<form method="post" action="([^"]+)"', page.text)
        assert action, page.text
        found = self.http.post(unescape(action[1]), data=form)
        location = found.headers.get("Location", "")
        return self.open(location) if location.startswith("/") else found

    def arrive(self, url: str, *, person: str = "herder", items: list[str] | None = None) -> dict[str, str]:
        """Sign in, agree to these items (all by default), and give what the client gets."""
        page = self.open(url)
        if "/mock/sign-in" in str(page.url):
            page = self.press(page, person=person)
        if "/mock/consent" in str(page.url):
            listed = re.findall(r'name="item" id="[^"]+" value="([^"]+)"', page.text)
            page = self.press(page, do="agree", item=listed if items is None else items)
        return arrived(page)

    def tokens(self, answer: dict[str, str], **changes: str | None) -> httpx.Response:
        form = {
            "grant_type": "authorization_code", "code": answer.get("code"), "redirect_uri": BACK, "code_verifier": VERIFIER, "client_id": "shop",
            "client_secret": "s",
        } | changes  # fmt: skip
        return self.http.post("/oidc/token", data={k: v for k, v in form.items() if v is not None})

    def userinfo(self, tokens: dict[str, Any]) -> httpx.Response:
        return self.http.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    def claims(self, tokens: dict[str, Any]) -> dict[str, Any]:
        keys = KeySet.import_key_set(self.http.get("/oidc/jwks").json())
        return dict(jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims)

    def turn(self, **form: Any) -> None:
        assert self.http.post("/mock", data={"do": "set", "slow_seconds": "0", "shift_minutes": "0"} | form).status_code == 303

    def service(self, tokens: dict[str, Any]) -> httpx.Response:
        return self.http.get("/oauth2/api/v1/service", headers={"Authorization": f"Bearer {tokens['access_token']}"})


def arrived(page: httpx.Response) -> dict[str, str]:
    location = page.headers.get("Location", "")
    assert page.status_code == 303 and location.startswith(BACK + "&"), (page.status_code, location, page.text)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items() if name != "tenant"}


@contextmanager
def running(**options: Any) -> Iterator[Mock]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    scheme = "https" if options.get("tls") else "http"
    world = World(issuer=f"{scheme}://127.0.0.1:{port}", people=PEOPLE, **options)
    with server.serving(world, host="127.0.0.1", port=port):
        mock = Mock(world)
        yield mock
        mock.http.close()


@pytest.fixture
def mock() -> Iterator[Mock]:
    with running() as found:
        yield found


# -- OpenID Connect --------------------------------------------------------------------------------------------------


def test_somebody_chosen_signs_in_and_is_told_of_by_what_they_ticked(mock: Mock) -> None:
    answer = mock.arrive(mock.question(), items=["claim:given_name"])
    assert (answer["state"], answer["iss"]) == ("s-1", mock.base)
    tokens = mock.tokens(answer).json()
    claims = mock.claims(tokens)
    assert (claims["nonce"], claims["aud"], claims["acr"]) == ("n-1", "shop", "substantial")
    assert mock.userinfo(tokens).json() == {"sub": PEOPLE[0].subject, "given_name": PEOPLE[0].given_name}


def test_the_name_that_ready_made_software_shows_is_there_for_whoever_asks(mock: Mock) -> None:
    page = mock.press(mock.open(mock.question(scope="openid profile email")), person="herder")
    items = re.findall(r'name="item" id="[^"]+" value="([^"]+)"', page.text)
    assert "Бүтэн нэр" in page.text and items == ["claim:given_name", "claim:name"]
    tokens = mock.tokens(arrived(mock.press(page, do="agree", item=items))).json()
    known = PEOPLE[0].claims()
    assert tokens["scope"] == "openid profile"
    assert mock.userinfo(tokens).json() == {
        "sub": PEOPLE[0].subject, "name": f"{known['patronymic']} {known['given_name']}", "given_name": known["given_name"],
    }  # fmt: skip


def test_the_same_person_has_the_same_subject_at_the_next_start(mock: Mock) -> None:
    with running() as later:
        assert later.claims(later.tokens(later.arrive(later.question())).json())["sub"] == PEOPLE[0].subject


def test_who_is_signed_in_and_has_agreed_is_asked_no_more(mock: Mock) -> None:
    mock.arrive(mock.question())
    assert "code" in arrived(mock.open(mock.question(prompt="none")))
    assert "/mock/sign-in" in str(mock.open(mock.question(prompt="login")).url)
    mock.http.post("/mock", data={"do": "sign-out"})
    assert arrived(mock.open(mock.question(prompt="none")))["error"] == "login_required"


def test_a_refusal_is_told_to_the_client(mock: Mock) -> None:
    page = mock.press(mock.press(mock.open(mock.question()), person="elder"), do="refuse")
    assert arrived(page)["error"] == "access_denied"


@pytest.mark.parametrize("question", ["oidc", "dan"])
def test_a_double_click_gets_the_same_answer_and_no_second_code(mock: Mock, question: str) -> None:
    page = mock.press(mock.open(mock.question() if question == "oidc" else dan_question()), person="elder")
    form = {"do": "agree", "item": re.findall(r'name="item" id="[^"]+" value="([^"]+)"', page.text)}
    first, second = mock.press(page, **form), mock.press(page, **form)
    assert arrived(first) == arrived(second)
    assert mock.http.get(str(page.url)).status_code == 400, "going back is no second click"


@pytest.mark.parametrize(
    "changes", [{"redirect_uri": "javascript:alert(1)"}, {"redirect_uri": "data:text/html,x"}, {"redirect_uri": None}, {"client_id": None}]
)
def test_no_browser_is_sent_where_it_would_run_something(mock: Mock, changes: dict[str, str | None]) -> None:
    page = mock.open(mock.question(**changes))
    assert page.status_code == 400 and "Location" not in page.headers


def test_another_browser_cannot_go_on_with_a_request(mock: Mock) -> None:
    page = mock.open(mock.question())
    stranger = httpx.get(str(page.url))
    assert stranger.status_code == 400 and httpx.post(str(page.url), data={"person": "elder"}).status_code == 400


def test_a_client_without_pkce_is_refused_as_on_the_platform(mock: Mock) -> None:
    assert arrived(mock.open(mock.question(code_challenge=None, code_challenge_method=None)))["error"] == "invalid_request"


def test_a_code_is_good_once_and_a_second_use_ends_its_tokens(mock: Mock) -> None:
    answer = mock.arrive(mock.question())
    tokens = mock.tokens(answer).json()
    assert mock.tokens(answer).json()["error"] == "invalid_grant" and mock.userinfo(tokens).status_code == 401


def test_a_pushed_request_and_a_signed_answer_work_too(mock: Mock) -> None:
    question = dict(parse_qs(urlsplit(mock.question(response_mode="jwt")).query))
    pushed = mock.http.post("/oidc/par", data={**question, "client_secret": "s"})
    assert pushed.status_code == 201, pushed.text
    answer = mock.arrive("/oidc/authorize?" + urlencode({"client_id": "shop", "request_uri": pushed.json()["request_uri"]}))
    opened = mock.claims({"id_token": answer["response"]})
    assert opened["state"] == "s-1" and mock.tokens(opened).status_code == 200


def test_everything_in_the_metadata_is_there_and_nothing_else_is_promised(mock: Mock) -> None:
    found = mock.http.get("/.well-known/openid-configuration").json()
    addresses = [value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(addresses) == 11
    assert all(httpx.post(url).status_code in (200, 303, 400, 401, 405) for url in addresses)
    assert found["issuer"] == mock.base and "self_signed_tls_client_auth" not in found["token_endpoint_auth_methods_supported"]
    assert set(found["grant_types_supported"]) == set(token.GRANTS) and "tls_client_certificate_bound_access_tokens" not in found


def test_a_lost_reply_to_a_refresh_is_given_once_more(mock: Mock) -> None:
    tokens = mock.tokens(mock.arrive(mock.question())).json()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": "shop", "client_secret": "s"}
    mock.turn(switch="lost")
    with pytest.raises(httpx.RemoteProtocolError):
        mock.http.post("/oidc/token", data=form)
    again = mock.http.post("/oidc/token", data=form)
    assert again.status_code == 200 and mock.userinfo(again.json()).status_code == 200


def test_signing_out_ends_the_session_and_tells_nobody_else(mock: Mock) -> None:
    tokens = mock.tokens(mock.arrive(mock.question())).json()
    asked = mock.http.get("/oidc/end-session", params={"client_id": "shop"})
    assert asked.status_code == 200 and mock.userinfo(tokens).status_code == 200, "without a hint the person is asked"
    out = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "http://127.0.0.1:9/out", "state": "z"}
    done = mock.http.get("/oidc/end-session", params=out)
    assert (done.status_code, done.headers["Location"]) == (303, "http://127.0.0.1:9/out?state=z")
    assert mock.userinfo(tokens).status_code == 401


def test_a_false_request_to_sign_out_is_asked_about_and_says_why(mock: Mock) -> None:
    tokens = mock.tokens(mock.arrive(mock.question())).json()
    asked = mock.http.get("/oidc/end-session", params={"id_token_hint": "x", "post_logout_redirect_uri": "http://127.0.0.1:9/out"})
    assert asked.status_code == 400 and "Гарах уу?" in asked.text and "id_token_hint is not an id token" in asked.text
    assert mock.userinfo(tokens).status_code == 200
    done = mock.http.post("/mock/sign-out", data={"query": re.findall(r'name="query" value="([^"]*)"', asked.text)[0]})
    assert done.status_code == 200 and mock.userinfo(tokens).status_code == 401


def test_without_a_token_no_word_of_an_error(mock: Mock) -> None:
    answer = mock.http.get("/oidc/userinfo")
    assert (answer.status_code, answer.json()) == (401, {}) and "WWW-Authenticate" in answer.headers


# -- ДАН -------------------------------------------------------------------------------------------------------------


def dan_question(**changes: str) -> str:
    scope = base64.b64encode(json.dumps(DAN_SCOPE, indent=1).encode()).decode()
    given = {"response_type": "code", "client_id": "0f-1e", "redirect_uri": BACK, "scope": scope, "state": "s-1"} | changes
    return "/oauth2/authorize?" + "&".join(f"{name}={value}" for name, value in given.items())


DAN_FORM = {"grant_type": "authorization_code", "client_id": "0f-1e", "client_secret": "c2VjcmV0", "redirect_uri": BACK}
ENCODINGS: dict[str, Callable[[Mock, dict[str, str]], httpx.Response]] = {
    "form": lambda mock, form: mock.http.post("/oauth2/token", data=form),
    "multipart": lambda mock, form: mock.http.post("/oauth2/token", files={name: (None, value) for name, value in form.items()}),
    "query": lambda mock, form: mock.http.post(f"/oauth2/token?{urlencode(form)}"),
    "query with json": lambda mock, form: mock.http.post(f"/oauth2/token?{urlencode(form)}", json={}),
    "json": lambda mock, form: mock.http.post("/oauth2/token", json=form),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_client_of_dan_gets_its_array_in_the_sequence_of_its_scope(mock: Mock, encoding: str) -> None:
    answer = mock.arrive(dan_question())
    assert answer.keys() == {"code", "state"}
    form = DAN_FORM | {"code": answer["code"]}
    tokens = ENCODINGS[encoding](mock, form).json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in"}
    found = mock.service(tokens).json()
    assert found[0] == {"citizen_loginType": 0}
    assert [(list(one["services"]), one["wsdl"]) for one in found[1:]] == [(one["services"], one["wsdl"]) for one in DAN_SCOPE]
    card = found[1]["services"]["WS100101_getCitizenIDCardInfo"]
    assert (card["resultCode"], card["response"]["regnum"], card["response"]["image"]) == (0, PEOPLE[0].regnum, None)
    assert card["response"]["aimagCityName"] == "Дундговь" and card["response"]["soumDistrictCode"] == "16"
    assert found[2]["services"]["WS999999_getNothing"]["resultCode"] == 501, "what no register holds is never made up"
    assert found[3]["services"]["WS100307_getLegalEntityInfoWithRegnum"]["resultCode"] == 1
    assert mock.http.post("/oauth2/token", data=form).json()["error"] == "invalid_grant"


def test_what_was_left_out_is_not_told(mock: Mock) -> None:
    answer = mock.arrive(dan_question(), items=["operation:WS100103_getCitizenAddressInfo"])
    found = mock.service(mock.http.post("/oauth2/token", data=DAN_FORM | {"code": answer["code"]}).json()).json()
    assert found[1]["services"]["WS100101_getCitizenIDCardInfo"]["resultCode"] == 203


def test_who_leads_an_organisation_signs_in_for_it_and_nobody_else_does(mock: Mock) -> None:
    assert mock.arrive(dan_question(login_type="ORG"), person="herder")["error"] == "access_denied"
    answer = mock.arrive(dan_question(login_type="ORG"), person="director")
    found = mock.service(mock.http.post("/oauth2/token", data=DAN_FORM | {"code": answer["code"]}).json()).json()
    company = found[3]["services"]["WS100307_getLegalEntityInfoWithRegnum"]["response"]
    assert found[0] == {"citizen_loginType": 1} and company["general"]["companyRegnum"] == "9846077"
    assert company["general"]["companyName"] == "Говийн Илч ХХК" and company["address"][0]["stateCity"]["name"]


def test_dan_asks_for_the_person_every_time(mock: Mock) -> None:
    mock.arrive(dan_question())
    assert "/mock/sign-in" in str(mock.open(dan_question()).url)


# -- who may ask -----------------------------------------------------------------------------------------------------

REGISTERED = [
    {"client_id": "bank", "client_secret": "hush", "redirect_uris": [BACK], "scope": "openid register"},
    {"client_id": "phone", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/callback"], "scope": "openid"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clients.json"
    path.write_text(json.dumps(REGISTERED))
    return path


def test_with_a_file_only_its_clients_may_ask_and_by_their_secret(file: Path) -> None:
    with running(known=clients.read(file), is_open=False) as mock:
        assert mock.open(mock.question()).status_code == 400
        assert mock.open(mock.question(client_id="bank", redirect_uri=BACK + "x")).status_code == 400
        answer = mock.arrive(mock.question(client_id="bank"))
        assert mock.tokens(answer, client_id="bank").json()["error"] == "invalid_client"
        assert mock.tokens(answer, client_id="bank", client_secret="hush").status_code == 200


def test_an_open_mock_does_not_take_what_a_file_has_fixed(file: Path) -> None:
    with running(known=clients.read(file), is_open=True) as mock:
        assert mock.open(mock.question(client_id="bank", redirect_uri=BACK + "x")).status_code == 400
        assert "code" in mock.arrive(mock.question(client_id="somebody"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "while parsing"), ("[]", "no list"), ('[{"redirect_uris": []}]', "no client_id"), ('[{"client_id": "a"}]', "client_secret"),
        ('[{"client_id": "a", "client_secret": "b", "redirect_uris": ["https://a.example/*"]}]', "redirect address"),
        ('[{"client_id": "a", "client_secret": "b", "colour": "red"}]', "colour"),
        ('[{"client_id": "a", "client_secret": "b", "redirect_uris": ["https://a.example/"], "scope": "openid email"}]', "email cannot be had"),
    ],
)  # fmt: skip
def test_a_file_that_is_amiss_says_where(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "clients.yaml"
    path.write_text(text)
    with pytest.raises(clients.ClientsUnreadable, match=re.escape(why)):
        clients.read(path)


# -- faults ----------------------------------------------------------------------------------------------------------


def test_each_switch_breaks_one_answer_and_the_next_is_right_again(mock: Mock) -> None:
    seen = set()
    for switch, error in (("refused", "temporarily_unavailable"), ("denied", "access_denied")):
        mock.turn(switch=switch)
        assert mock.arrive(mock.question())["error"] == error
        assert "code" in mock.arrive(mock.question())
        seen.add(switch)
    mock.turn(switch="token_refused")
    assert mock.tokens(mock.arrive(mock.question())).json() == {"error": "invalid_grant", "error_description": "made by the mock"}
    mock.turn(switch="expired")
    assert mock.userinfo(mock.tokens(mock.arrive(mock.question())).json()).status_code == 401
    mock.turn(switch="lost")
    with pytest.raises(httpx.RemoteProtocolError):
        mock.tokens(mock.arrive(mock.question()))
    before = mock.http.get("/oidc/jwks").json()
    mock.turn(switch="rolled")
    tokens = mock.tokens(mock.arrive(mock.question())).json()
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(tokens["id_token"], KeySet.import_key_set(before), algorithms=["ES256"])
    assert mock.claims(tokens)
    mock.turn(switch="register_away")
    dan = mock.http.post("/oauth2/token", data=DAN_FORM | {"code": mock.arrive(dan_question())["code"]}).json()
    codes = [mock.service(dan).json()[1]["services"]["WS100101_getCitizenIDCardInfo"]["resultCode"] for _ in range(2)]
    assert codes == [801, 0]
    assert mock.userinfo(mock.tokens(mock.arrive(mock.question())).json()).status_code == 200
    seen |= {"token_refused", "expired", "lost", "rolled", "register_away"}
    assert seen == {code for code in SWITCHES if code not in TRIED_IN_FLOWS}, "every switch is tried here or there"


def test_an_earlier_key_stays_published_when_the_key_changes(mock: Mock) -> None:
    tokens = mock.tokens(mock.arrive(mock.question())).json()
    mock.http.post("/mock", data={"do": "roll"})
    assert mock.claims(tokens) and [key["alg"] for key in mock.http.get("/oidc/jwks").json()["keys"]] == [
        "ES256",
        "ES256",
        "RS256",
        "RS256",
    ]


def test_the_clock_can_be_put_forward_and_back(mock: Mock) -> None:
    tokens = mock.tokens(mock.arrive(mock.question())).json()
    mock.turn(shift_minutes="11")
    assert mock.userinfo(tokens).status_code == 401, "an access token lives ten minutes"
    assert mock.claims(mock.tokens(mock.arrive(mock.question())).json())["iat"] > time.time() + 600
    mock.http.post("/mock", data={"do": "heal"})
    assert mock.userinfo(tokens).status_code == 200


def test_slow_answers_are_slow(mock: Mock) -> None:
    mock.turn(slow_seconds="1")
    begun = time.monotonic()
    mock.http.post("/oidc/token")
    assert time.monotonic() - begun >= 1
    mock.turn(slow_seconds="²")
    assert mock.world.slow_seconds == 0


# -- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/mock", "/mock/check"])
def test_another_site_turns_nothing(mock: Mock, path: str) -> None:
    answer = mock.http.post(path, data={"do": "roll"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and len(mock.http.get("/oidc/jwks").json()["keys"]) == 2


def test_what_a_client_sends_is_text_on_the_pages(mock: Mock) -> None:
    page = mock.open(mock.question(client_id="<script>alert(1)</script>"))
    assert "<script" not in page.text and "&lt;script" in page.text
    assert "<script" not in mock.http.get("/mock").text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"] and page.headers["X-Frame-Options"] == "DENY"


def test_the_pages_speak_both_languages_and_lead_nowhere_else(mock: Mock) -> None:
    assert 'lang="mn"' in mock.http.get("/mock").text
    assert 'lang="en"' in mock.http.get("/mock", headers={"Accept-Language": "en"}).text
    assert mock.http.get("/mock/language/en", params={"next": "//evil.example"}).headers["Location"] == "/mock"
    assert 'lang="en"' in mock.http.get("/mock").text
    english = translator("en")
    assert all(english(switch.title) != switch.title for switch in SWITCHES.values())


def test_no_request_makes_the_mock_fail(mock: Mock) -> None:
    """What is no protocol at all gets an answer too."""
    for path in ("/oidc/token", "/oauth2/token", "/oidc/par", "/oidc/introspect", "/oidc/revoke", "/oidc/userinfo", "/mock/check/api"):
        for content, kind in (
            (b"\xff\x00", "application/x-www-form-urlencoded"), (b"a=%ff&a=%00", "application/x-www-form-urlencoded"), (b"[", "application/json"),
            (b"[" * 5000, "application/json"), (b"x" * 100_000, "multipart/form-data; boundary=x"), (b"--x\r\n\r\n\xff\r\n--x--", "multipart/form-data; boundary=x"),
            (b'{"do": "finish", "case": "sign_in", "end": 7}', "application/json"), (b"", "multipart/form-data"), (b"", "\xff"),
        ):  # fmt: skip
            answer = mock.http.post(path, content=content, headers={"Content-Type": kind.encode("latin-1"), "Authorization": "Basic ***"})
            assert answer.status_code < 500, (path, content[:20], kind)
    for path in ("/oidc/authorize", "/oauth2/authorize", "/oidc/end-session", "/mock/sign-in", "/mock/consent", "/static/..%2f..%2fapi.py"):
        for query in (
            "%ff",
            "client_id=%00",
            "request=..&client_id=a",
            "request=e30.e30.&client_id=a&redirect_uri=http://a",
            "flow=x",
            "id_token_hint=a.W10.c",
        ):
            assert mock.http.get(f"{path}?{query}").status_code in (200, 303, 400, 404), (path, query)
