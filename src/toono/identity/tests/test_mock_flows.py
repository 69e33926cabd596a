"""The mock beyond signing in by a browser: devices, CIBA, registration, exchange, TLS, each with the faults that can be switched on."""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import ECKey

from toono.identity.domain.oidc import ciba, device_grant, token_exchange
from toono.identity.mock import tls
from toono.identity.mock.journal import Kind
from toono.identity.mock.words import translator
from toono.identity.mock.world import SWITCHES
from toono.identity.tests.test_mock_provider import BACK, CHALLENGE, PEOPLE, TRIED_IN_FLOWS, VERIFIER, Mock, arrived, running

RESOURCE = "https://registers.example/api"
SHOP = {"client_id": "shop", "client_secret": "s"}


@pytest.fixture
def mock() -> Iterator[Mock]:
    with running() as found:
        yield found


def api(mock: Mock, do: str, **more: Any) -> dict[str, Any]:
    answer = mock.http.post("/mock/api", json={"do": do, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def later(mock: Mock, seconds: int) -> None:
    """Put the mock's clock forward, so that nobody has to wait."""
    api(mock, "set", shift_seconds=int(mock.world.shift.total_seconds()) + seconds)


class Elsewhere:
    """A flow whose person answers elsewhere."""

    def __init__(self, mock: Mock, kind: str) -> None:
        self.mock, self.kind = mock, kind
        self.name = "auth_req_id" if kind == ciba.GRANT else "device_code"

    def start(self, **more: str) -> dict[str, Any]:
        path, hint = (
            ("backchannel-authentication", {"login_hint": PEOPLE[1].regnum}) if self.kind == ciba.GRANT else ("device-authorization", {})
        )
        answer = self.mock.http.post(f"/oidc/{path}", data=SHOP | {"scope": "openid register"} | hint | more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def poll(self, asked: dict[str, Any], **more: str) -> httpx.Response:
        return self.mock.http.post("/oidc/token", data=SHOP | {"grant_type": self.kind, self.name: asked[self.name]} | more)

    def error(self, asked: dict[str, Any]) -> str:
        return str(self.poll(asked).json().get("error", ""))


@pytest.fixture(params=[device_grant.GRANT, ciba.GRANT], ids=["device", "ciba"])
def flow(mock: Mock, request: pytest.FixtureRequest) -> Elsewhere:
    return Elsewhere(mock, request.param)


# -- devices and CIBA ------------------------------------------------------------------------------------------------


def test_somebody_answers_and_the_client_is_given_tokens_once(flow: Elsewhere) -> None:
    asked = flow.start()
    assert flow.error(asked) == "authorization_pending"
    [shown] = api(flow.mock, "requests")["requests"]
    assert shown["items"][:2] == ["claim:clan_name", "claim:patronymic"] and 0 < shown["expires_in"] <= asked["expires_in"]
    api(flow.mock, "decide", agree=True, person=PEOPLE[1].code, **{flow.name: asked[flow.name]})
    tokens = flow.poll(asked).json()
    claims = flow.mock.claims(tokens)
    assert (claims["sub"], claims["aud"], claims["iss"]) == (PEOPLE[1].subject, "shop", flow.mock.base)
    assert flow.mock.userinfo(tokens).json()["given_name"] == PEOPLE[1].given_name
    assert flow.error(asked) == "invalid_grant" and api(flow.mock, "requests")["requests"] == []


def test_who_refuses_says_so_once_for_all(flow: Elsewhere) -> None:
    asked = flow.start()
    api(flow.mock, "decide", agree=False)
    assert flow.error(asked) == flow.error(asked) == "access_denied"
    again = flow.mock.http.post("/mock/api", json={"do": "decide", "agree": True, flow.name: asked[flow.name]})
    assert again.status_code == 409


def test_who_asks_too_soon_waits_longer_and_not_for_ever(flow: Elsewhere) -> None:
    asked = flow.start()
    assert [flow.error(asked), flow.error(asked)] == ["authorization_pending", "slow_down"]
    later(flow.mock, 6)
    assert flow.error(asked) == "slow_down", "ten seconds now"
    later(flow.mock, 601)
    assert flow.error(asked) == "expired_token"


@pytest.mark.parametrize("answer", ["agree", "refuse"])
def test_somebody_may_answer_at_once_so_that_a_test_needs_nobody(flow: Elsewhere, answer: str) -> None:
    api(flow.mock, "answer", answer=answer, person=PEOPLE[2].code)
    asked = flow.start()

    assert wait_for(lambda: api(flow.mock, "requests")["requests"], lambda waiting: not waiting) == []
    error = flow.poll(asked).json()
    assert error.get("error", "") == ("" if answer == "agree" else "access_denied")
    if answer == "agree":
        expected = PEOPLE[1] if flow.kind == ciba.GRANT else PEOPLE[2]
        assert flow.mock.claims(error)["sub"] == expected.subject


def wait_for(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    until = time.monotonic() + 10
    while not good(found := look()) and time.monotonic() < until:
        time.sleep(0.02)
    return found


@pytest.mark.parametrize(
    ("switch", "error"), [("slow_down", "slow_down"), ("approval_expired", "expired_token"), ("approval_denied", "access_denied")]
)
def test_a_switch_meets_the_next_question(flow: Elsewhere, switch: str, error: str) -> None:
    asked, other = flow.start(), flow.start()
    api(flow.mock, "set", switches=[switch])
    assert flow.error(asked) == error and flow.error(other) == "authorization_pending"
    if switch == "slow_down":
        later(flow.mock, 10)
        api(flow.mock, "decide", agree=True, **{flow.name: asked[flow.name]})
        assert flow.poll(asked).status_code == 200, "it goes on"
    else:
        assert flow.error(asked) == error, "what is over stays over"


def test_a_lost_reply_leaves_the_request_as_it_is(flow: Elsewhere) -> None:
    asked = flow.start()
    api(flow.mock, "set", switches=["poll_lost"])
    with pytest.raises(httpx.RemoteProtocolError):
        flow.poll(asked)
    later(flow.mock, 5)
    assert flow.error(asked) == "authorization_pending"


def test_an_id_token_of_another_provider_comes_once(flow: Elsewhere) -> None:
    issuers = []
    for switches in (["token_iss"], []):
        asked = flow.start()
        api(flow.mock, "decide", agree=True, **{flow.name: asked[flow.name]})
        api(flow.mock, "set", switches=switches)
        issuers.append(flow.mock.claims(flow.poll(asked).json())["iss"])
    assert issuers[0] != flow.mock.base and issuers[1] == flow.mock.base


def test_a_resource_is_the_audience(flow: Elsewhere) -> None:
    asked = flow.start(resource=RESOURCE)
    assert api(flow.mock, "requests")["requests"][0]["resources"] == [RESOURCE]
    api(flow.mock, "decide", agree=True)
    assert flow.mock.claims({"id_token": flow.poll(asked).json()["access_token"]})["aud"] == RESOURCE


def test_a_persons_page_answers_and_a_second_press_shows_the_same(mock: Mock) -> None:
    device = Elsewhere(mock, device_grant.GRANT)
    asked = device.start()
    assert asked["verification_uri"] == f"{mock.base}/identity/device"
    assert f'value="{asked["user_code"]}"' in mock.http.get(asked["verification_uri_complete"]).text, "only filled in"
    assert "govuk-error-summary" in mock.http.post("/identity/device", data={"user_code": "BCDF-BCDF"}).text
    page = mock.press(mock.http.get("/identity/device"), user_code=asked["user_code"].lower().replace("-", " "))
    assert "/mock/requests/" in str(page.url) and "shop" in page.text
    first, second = (mock.press(page, do="agree", person="director") for _ in range(2))
    assert first.text == second.text and "Та зөвшөөрлөө" in first.text
    assert mock.press(page, do="refuse").text == first.text, "nor is it taken back"
    director = next(person for person in PEOPLE if person.code == "director")
    assert mock.claims(device.poll(asked).json())["sub"] == director.subject
    assert "user_code" not in api(mock, "requests")["requests"] and mock.http.get("/mock/requests/none").status_code == 404


def test_a_clients_request_is_answered_by_the_person_whom_it_names(mock: Mock) -> None:
    backchannel = Elsewhere(mock, ciba.GRANT)
    asked = backchannel.start(binding_message="A-17")
    listed = mock.http.get("/mock/requests")
    assert "A-17" in listed.text and PEOPLE[1].regnum in listed.text
    wrong = mock.http.post("/mock/api", json={"do": "decide", "agree": True, "person": PEOPLE[0].code})
    assert wrong.status_code == 409 and backchannel.error(asked) == "authorization_pending"
    page = mock.http.get("/mock/requests/" + api(mock, "requests")["requests"][0]["id"])
    mock.press(page, do="agree", person=PEOPLE[0].code)
    assert mock.claims(backchannel.poll(asked).json())["sub"] == PEOPLE[1].subject, "whatever a page is made to send"


def test_nobody_of_a_strange_register_number_can_agree(mock: Mock) -> None:
    backchannel = Elsewhere(mock, ciba.GRANT)
    asked = backchannel.start(login_hint="АА00210101")
    assert mock.http.post("/mock/api", json={"do": "decide", "agree": True}).status_code == 409
    page = mock.http.get("/mock/requests/" + api(mock, "requests")["requests"][0]["id"])
    assert 'value="agree"' not in page.text and "govuk-error-summary" in mock.press(page, do="agree").text
    assert backchannel.error(asked) == "authorization_pending", "as on the platform the client is not told"


def test_another_site_answers_nothing(mock: Mock) -> None:
    Elsewhere(mock, device_grant.GRANT).start()
    key = api(mock, "requests")["requests"][0]["id"]
    crossing = {"Sec-Fetch-Site": "cross-site"}
    assert mock.http.post(f"/mock/requests/{key}", data={"do": "agree"}, headers=crossing).status_code == 403
    assert mock.http.post("/mock/api", json={"do": "decide", "agree": True}, headers=crossing).status_code == 403
    assert mock.http.post("/mock/api", content='{"do": "decide", "agree": true}', headers={"Content-Type": "text/plain"}).status_code == 415
    assert len(api(mock, "requests")["requests"]) == 1


# -- pings -----------------------------------------------------------------------------------------------------------


class Pinged:
    """The notification endpoint of a client."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str]] = []
        self.base = ""


@contextmanager
def listening() -> Iterator[Pinged]:
    found = Pinged()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.came.append((self.headers["Authorization"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None: ...

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
    found.base = f"http://127.0.0.1:{web.server_port}/ping"
    yield found
    web.shutdown()
    web.server_close()


def registered(mock: Mock, **metadata: Any) -> dict[str, Any]:
    """A client that has registered itself under a statement."""
    statement = api(mock, "statement", name="Хот", resources=[RESOURCE])["software_statement"]
    whole = {"redirect_uris": [BACK], "scope": "openid register", "software_statement": statement} | metadata
    answer = mock.http.post("/oidc/register", json=whole)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("switch", "expected"), [("", ["right"]), ("ping_forged", ["forged", "right"]), ("ping_lost", []), ("ping_twice", ["right", "right"])]
)
def test_a_ping_tells_that_somebody_has_answered(mock: Mock, switch: str, expected: list[str]) -> None:
    with listening() as client:
        known = registered(
            mock, grant_types=[ciba.GRANT], redirect_uris=[], backchannel_token_delivery_mode="ping", backchannel_client_notification_endpoint=client.base
        )  # fmt: skip
        api(mock, "set", switches=[switch] if switch else [])
        token, own = "t" * 32, {name: known[name] for name in ("client_id", "client_secret")}
        form = own | {"scope": "openid", "login_hint": PEOPLE[0].regnum, "client_notification_token": token}
        asked = mock.http.post("/oidc/backchannel-authentication", data=form).json()
        if switch == "ping_forged":
            assert wait_for(lambda: len(client.came), bool) == 1, "before anybody has answered"
        api(mock, "decide", agree=True)
        wait_for(lambda: mock.world.tasks, lambda tasks: not tasks)
        body = f'{{"auth_req_id":"{asked["auth_req_id"]}"}}'
        assert [("right" if shown == f"Bearer {token}" else "forged") for shown, _ in client.came] == expected
        assert all(said.replace(" ", "") == body for _, said in client.came) and mock.world.armed == set()
        tokens = mock.http.post("/oidc/token", data=own | {"grant_type": ciba.GRANT, "auth_req_id": asked["auth_req_id"]})
        assert tokens.status_code == 200


def test_a_client_that_does_not_take_its_ping_is_told_of_in_the_journal(mock: Mock) -> None:
    known = registered(
        mock, grant_types=[ciba.GRANT], redirect_uris=[], backchannel_token_delivery_mode="ping",
        backchannel_client_notification_endpoint="http://127.0.0.1:9/ping",
    )  # fmt: skip
    form = {name: known[name] for name in ("client_id", "client_secret")} | {"scope": "openid", "login_hint": PEOPLE[0].regnum}
    assert mock.http.post("/oidc/backchannel-authentication", data=form | {"client_notification_token": "t" * 32}).status_code == 200
    api(mock, "decide", agree=False)
    wait_for(lambda: mock.world.tasks, lambda tasks: not tasks)
    [ping] = [one for one in mock.world.journal if one.kind is Kind.PING]
    assert ping.status == 0 and "Connect" in ping.fault


# -- registration ----------------------------------------------------------------------------------------------------


def test_a_client_registers_itself_signs_people_in_and_ends_its_registration(mock: Mock) -> None:
    known = registered(mock)
    answer = mock.arrive(mock.question(client_id=known["client_id"]))
    changes = {"client_id": known["client_id"], "client_secret": known["client_secret"]}
    tokens = mock.tokens(answer, **changes).json()
    assert mock.claims(tokens)["aud"] == known["client_id"]
    assert (
        mock.tokens(mock.arrive(mock.question(client_id=known["client_id"])), **changes | {"client_secret": "guessed"}).status_code == 401
    )
    own = {"Authorization": f"Bearer {known['registration_access_token']}"}
    shown = mock.http.get(known["registration_client_uri"], headers=own).json()
    assert shown["client_name"] == "Хот" and "client_secret" not in shown
    assert shown == {name: value for name, value in known.items() if not name.startswith(("client_secret", "client_id_issued"))}
    for wrong in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {known['registration_access_token']}"}):
        assert mock.http.delete(known["registration_client_uri"], headers=wrong).status_code == 401
    assert mock.http.delete(known["registration_client_uri"], headers=own).status_code == 204
    assert mock.userinfo(tokens).status_code == 401 and mock.http.get(known["registration_client_uri"], headers=own).status_code == 401


def test_who_is_registered_is_no_guest_of_an_open_mock(mock: Mock) -> None:
    known = registered(mock)
    assert mock.open(mock.question(client_id=known["client_id"], redirect_uri="http://127.0.0.1:1/else")).status_code == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"software_statement": None}, "invalid_software_statement"), ({"software_statement": "a.b.c"}, "invalid_software_statement"),
        ({"redirect_uris": ["https://elsewhere.example/"]}, "unapproved_software_statement"),
        ({"may_act_for": ["a"]}, "invalid_client_metadata"),
    ],
)  # fmt: skip
def test_what_the_statement_does_not_allow_is_refused(mock: Mock, change: dict[str, Any], error: str) -> None:
    whole = {"redirect_uris": [BACK], "software_statement": api(mock, "statement")["software_statement"]} | change
    answer = mock.http.post("/oidc/register", json={name: value for name, value in whole.items() if value is not None})
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_statement_is_good_once_and_a_refused_registration_does_not_use_it_up(mock: Mock) -> None:
    whole = {"redirect_uris": [BACK], "software_statement": api(mock, "statement")["software_statement"]}
    api(mock, "set", switches=["registration_refused"])
    answers = [mock.http.post("/oidc/register", json=whole) for _ in range(3)]
    assert [one.status_code for one in answers] == [400, 201, 400]
    assert answers[0].json()["error"] == "unapproved_software_statement" and answers[2].json()["error"] == "invalid_software_statement"


def test_a_person_gets_a_statement_on_the_page_too(mock: Mock) -> None:
    page = mock.http.post("/mock/statement", data={"name": "Хот", "redirect_hosts": "client.example 127.0.0.1", "resources": RESOURCE})
    text = page.text.partition('id="statement">')[2].partition("<")[0]
    claims = mock.claims({"id_token": text})
    assert (claims["client_name"], claims["redirect_hosts"], claims["resources"]) == ("Хот", ["client.example", "127.0.0.1"], [RESOURCE])
    for wrong in ({"redirect_hosts": "https://client.example"}, {"redirect_hosts": "a b/c"}, {"resources": "here"}):
        assert mock.http.post("/mock/statement", data=wrong).status_code == 400


def test_a_client_that_signs_its_requests_and_proves_itself_by_key(mock: Mock) -> None:
    """JAR, PAR, JARM and ``private_key_jwt``: what FAPI 2.0 Message Signing puts together."""
    key = ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)
    known = registered(
        mock, jwks={"keys": [key.as_dict(private=False)]}, token_endpoint_auth_method="private_key_jwt", require_signed_request_object=True
    )
    name, now = known["client_id"], int(time.time())

    def signed(typ: str, **claims: Any) -> str:
        return jwt.encode(
            {"alg": "ES256", "kid": key.kid, "typ": typ}, {"iss": name, "aud": mock.base, "exp": now + 60, "nbf": now} | claims, key
        )

    def proof() -> dict[str, str]:
        assertion = signed("JWT", sub=name, jti=str(time.monotonic_ns()), iat=now)
        return {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": assertion}

    asked = {
        "response_type": "code", "client_id": name, "redirect_uri": BACK, "scope": "openid", "state": "s-1", "nonce": "n-1", "response_mode": "jwt",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    plain = mock.open("/oidc/authorize?" + urlencode(asked | {"response_mode": "query"}))
    assert "code" not in arrived(plain), "unsigned it is refused"
    pushed = mock.http.post("/oidc/par", data=proof() | {"request": signed("oauth-authz-req+jwt", **asked)})
    assert pushed.status_code == 201, pushed.text
    answer = mock.claims(
        {
            "id_token": mock.arrive(f"/oidc/authorize?{urlencode({'client_id': name, 'request_uri': pushed.json()['request_uri']})}")[
                "response"
            ]
        }
    )
    form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": BACK, "code_verifier": VERIFIER}
    assert mock.http.post("/oidc/token", data=form | {"client_id": name}).status_code == 401, "without the proof"
    assert mock.http.post("/oidc/token", data=form | proof()).status_code == 200


def test_keys_of_a_client_are_read_where_it_publishes_them(mock: Mock) -> None:
    key = ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(httpx.Request("POST", "http://x", json={"keys": [key.as_dict(private=False)]}).content)

        def log_message(self, *arguments: Any) -> None: ...

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
    uri = f"http://127.0.0.1:{web.server_port}/jwks"
    name = registered(mock, jwks_uri=uri, token_endpoint_auth_method="private_key_jwt", grant_types=["client_credentials"])["client_id"]

    def ask() -> int:
        claims = {"iss": name, "sub": name, "aud": mock.base, "exp": int(time.time()) + 60, "jti": str(time.monotonic_ns())}
        assertion = jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)
        form = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": assertion}
        return mock.http.post("/oidc/token", data=form | {"grant_type": "client_credentials"}).status_code

    assert ask() == 200
    web.shutdown()
    web.server_close()
    assert ask() == 401, "an address that is away is no key"


# -- pushed requests, mix-up, exchange -------------------------------------------------------------------------------


def test_a_pushed_request_is_refused_or_over_once_when_it_shall_be(mock: Mock) -> None:
    question = {name: values[0] for name, values in parse_qs(urlsplit(mock.question()).query).items()} | {"client_secret": "s"}
    api(mock, "set", switches=["push_refused"])
    assert [mock.http.post("/oidc/par", data=question).status_code for _ in range(2)] == [400, 201]
    opened = []
    for switches in (["push_expired"], []):
        api(mock, "set", switches=switches)
        uri = mock.http.post("/oidc/par", data=question).json()["request_uri"]
        opened.append(mock.open("/oidc/authorize?" + urlencode({"client_id": "shop", "request_uri": uri})).status_code)
    assert opened == [400, 200]


def test_an_answer_in_anothers_name_comes_once(mock: Mock) -> None:
    api(mock, "set", switches=["answer_iss"])
    assert [mock.arrive(mock.question())["iss"] == mock.base for _ in range(2)] == [False, True]


def test_a_service_exchanges_the_token_that_it_was_sent(mock: Mock) -> None:
    answer = mock.arrive(mock.question(resource=RESOURCE))
    shown = mock.tokens(answer, resource=RESOURCE).json()["access_token"]
    form = {
        "grant_type": token_exchange.GRANT, "subject_token": shown, "subject_token_type": token_exchange.ACCESS_TOKEN, "resource": "https://next.example",
        "client_id": "registers", "client_secret": "r",
    }  # fmt: skip
    api(mock, "set", switches=["exchange_refused"])
    refused, given = (mock.http.post("/oidc/token", data=form) for _ in range(2))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")
    claims = mock.claims({"id_token": given.json()["access_token"]})
    assert (claims["aud"], claims["sub"], claims["act"]) == ("https://next.example", PEOPLE[0].subject, {"sub": "registers"})
    opaque = mock.tokens(mock.arrive(mock.question())).json()["access_token"]
    assert mock.http.post("/oidc/token", data=form | {"subject_token": opaque}).json()["error"] == "invalid_request", (
        "it was not sent to the service"
    )
    nobody = {name: value for name, value in form.items() if name != "client_secret"}
    assert mock.http.post("/oidc/token", data=nobody).json()["error"] == "unauthorized_client"


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("tls") / "kept"
    tls.made(found, ("127.0.0.1",))
    return found


def showing(mock: Mock, pem: Path) -> httpx.Client:
    """A client that shows a certificate."""
    context = ssl.create_default_context(cadata=mock.http.get("/mock/ca.pem").text)
    context.load_cert_chain(str(pem))
    return httpx.Client(base_url=mock.base, verify=context, timeout=10)


def test_over_tls_a_client_proves_itself_by_certificate_and_its_tokens_are_bound_to_it(folder: Path, tmp_path: Path) -> None:
    with running(tls=tls.made(folder, ("127.0.0.1",))) as mock, showing(mock, folder / "client.pem") as client:
        found = mock.http.get("/.well-known/openid-configuration").json()
        assert (
            found["tls_client_certificate_bound_access_tokens"]
            and "self_signed_tls_client_auth" in found["token_endpoint_auth_methods_supported"]
        )
        answer = mock.arrive(mock.question())
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            "client_id": "shop",
        }
        tokens = client.post("/oidc/token", data=form).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert client.get("/oidc/userinfo", headers=bearer).status_code == 200
        assert mock.http.get("/oidc/userinfo", headers=bearer).status_code == 401, "stolen, it is worth nothing"
        other = tmp_path / "other.pem"
        other.write_text(mock.http.post("/mock/client.pem", params={"name": "another"}).text)
        with showing(mock, other) as thief:
            assert thief.get("/oidc/userinfo", headers=bearer).status_code == 401
        assert mock.http.get("/oidc/userinfo", headers=bearer | {"Client-Cert": ":" + "A" * 100 + ":"}).status_code == 401


def test_a_registered_certificate_is_the_clients_only_proof(folder: Path, tmp_path: Path) -> None:
    with running(tls=tls.made(folder, ("127.0.0.1",))) as mock, showing(mock, folder / "client.pem") as client:
        own = x509.load_pem_x509_certificate((folder / "client.pem").read_bytes())
        thumbprint = tls.thumbprint(own)
        known = registered(
            mock, token_endpoint_auth_method="self_signed_tls_client_auth", tls_client_certificate_sha256=thumbprint, grant_types=["client_credentials"],
            redirect_uris=[], tls_client_certificate_bound_access_tokens=True, scope="openid",
        )  # fmt: skip
        form = {"grant_type": "client_credentials", "client_id": known["client_id"]}
        assert client.post("/oidc/token", data=form).status_code == 200
        assert mock.http.post("/oidc/token", data=form).status_code == 401
        (tmp_path / "other.pem").write_text(mock.http.post("/mock/client.pem").text)
        with showing(mock, tmp_path / "other.pem") as thief:
            assert thief.post("/oidc/token", data=form).status_code == 401


def test_a_stranger_is_met_once_and_by_nobody_who_looks(folder: Path) -> None:
    with running(tls=tls.made(folder, ("127.0.0.1",))) as mock:
        mock.turn(switch="tls_stranger")
        answer = mock.arrive(mock.question())
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            mock.tokens(answer)
        assert mock.tokens(answer).status_code == 200


def test_a_certificate_that_nobody_signed_ends_the_connection_unless_it_is_named(folder: Path, tmp_path: Path) -> None:
    pem, certificate, key = tmp_path / "self.pem", tmp_path / "self.crt", tmp_path / "self.key"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=self", "-days", "9"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    pem.write_bytes(certificate.read_bytes() + key.read_bytes())
    with running(tls=tls.made(folder, ("127.0.0.1",))) as mock, showing(mock, pem) as client, pytest.raises(httpx.TransportError):
        client.get("/oidc/jwks")
    more = tmp_path / "kept"
    more.mkdir()
    (more / "clients.pem").write_bytes(certificate.read_bytes())
    with running(tls=tls.made(more, ("127.0.0.1",))) as mock, showing(mock, pem) as client:
        assert client.get("/oidc/jwks").status_code == 200


def test_the_authority_stays_and_its_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    first = tls.made(tmp_path, ("127.0.0.1",)).ca_pem
    assert tls.made(tmp_path, ("127.0.0.1",)).ca_pem == first == (tmp_path / "ca.pem").read_bytes()
    assert {path.name: path.stat().st_mode & 0o77 for path in tmp_path.iterdir()} == {"ca.pem": 0o44, "ca.key": 0, "client.pem": 0}
    (tmp_path / "ca.key").write_bytes(tls.authority("other").private_pem())
    with pytest.raises(tls.FolderUnusable, match="do not belong together"):
        tls.made(tmp_path, ("127.0.0.1",))
    (tmp_path / "ca.key").write_text("nothing")
    with pytest.raises(tls.FolderUnusable):
        tls.made(tmp_path, ("127.0.0.1",))


def test_without_tls_no_header_is_a_certificate(mock: Mock) -> None:
    assert mock.http.get("/mock/ca.pem").status_code == 404 and mock.http.post("/mock/client.pem").status_code == 404
    known = {"Client-Cert": ":" + "A" * 100 + ":"}
    form = {"grant_type": "client_credentials", "client_id": "shop"}
    assert mock.http.post("/oidc/token", data=form, headers=known).json()["error"] == "unauthorized_client"


# -- the control interface -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"do": "dance"}, {"do": "set", "switches": ["no such"]}, {"do": "set", "switches": "slow_down"}, {"do": "set", "slow_seconds": -1},
        {"do": "set", "slow_seconds": True}, {"do": "set", "slow_seconds": 1e300}, {"do": "set", "shift_seconds": 10**30}, {"do": "set", "shift_seconds": 1.5},
        {"do": "decide"}, {"do": "decide", "agree": "yes"}, {"do": "decide", "agree": True, "id": "a", "user_code": "b"}, {"do": "answer", "answer": "maybe"},
        {"do": "answer", "answer": "agree", "person": "nobody"}, {"do": "statement", "redirect_hosts": [1]}, {"do": "statement", "redirect_hosts": [""]},
        {"do": "statement", "name": "a\nb"}, {"do": "requests", "more": 1}, {"do": "decide", "agree": True, "colour": "red"},
    ],
)  # fmt: skip
def test_what_a_program_asks_wrongly_is_said_and_changes_nothing(mock: Mock, asked: dict[str, Any]) -> None:
    before = mock.http.get("/mock/api").json()
    answer = mock.http.post("/mock/api", json=asked)
    assert answer.status_code == 400 and answer.json()["error"]
    assert mock.http.get("/mock/api").json() == before


def test_a_program_turns_all_that_the_pages_turn(mock: Mock) -> None:
    assert api(mock, "set", switches=["denied"], slow_seconds=0.5)["armed"] == ["denied"] and mock.world.slow_seconds == 0.5
    assert api(mock, "heal")["armed"] == [] and mock.world.slow_seconds == 0
    kid = api(mock, "roll")["kid"]
    assert mock.http.get("/oidc/jwks").json()["keys"][0]["kid"] == kid
    tokens = mock.tokens(mock.arrive(mock.question())).json()
    api(mock, "sign-out")
    assert mock.userinfo(tokens).status_code == 401
    device = Elsewhere(mock, device_grant.GRANT)
    device.start()
    device.start()
    assert mock.http.post("/mock/api", json={"do": "decide", "agree": True}).status_code == 400, "two wait: one must be named"
    assert mock.http.post("/mock/api", json={"do": "decide", "agree": True, "user_code": "BBBB-BBBB"}).status_code == 409
    assert set(TRIED_IN_FLOWS) <= set(SWITCHES) and all(
        translator("en")(switch.group) != switch.group for switch in SWITCHES.values() if switch.group
    )


def test_no_request_at_the_newer_endpoints_makes_the_mock_fail(mock: Mock) -> None:
    for path in (
        "/oidc/device-authorization",
        "/oidc/backchannel-authentication",
        "/oidc/register",
        "/mock/api",
        "/mock/statement",
        "/identity/device",
    ):
        for content, kind in (
            (b"\xff\x00", "application/x-www-form-urlencoded"), (b"user_code=%ff%00&client_id=%00", "application/x-www-form-urlencoded"),
            (b"[" * 5000, "application/json"), (b'{"do": 7, "software_statement": []}', "application/json"), (b"", "\xff"),
            (b'{"software_statement": "a.b.c", "redirect_uris": "x"}', "application/json"),
        ):  # fmt: skip
            answer = mock.http.post(path, content=content, headers={"Content-Type": kind.encode("latin-1")})
            assert answer.status_code < 500, (path, content[:20], kind)
    for path in ("/oidc/register/none", "/mock/requests/%00", "/identity/device?user_code=%ff", "/mock/requests"):
        assert mock.http.get(path).status_code in (200, 401, 404), path
