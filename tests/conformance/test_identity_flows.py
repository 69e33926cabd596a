"""The whole protocol on a running platform: Authlib as foreign relying party, real pages, PostgreSQL under two at once, deliveries over real sockets."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from uuid import uuid4

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from toono.kernel.jose import from_base64url


class Party:
    """A relying party's server: what came to it, and what it answers to a posted notice."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.posted: list[tuple[str, str, dict[str, str]]] = []
        self.answers = [200]
        party = self

        class Listener(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                party.arrived.append(self.path)
                self._say(200)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                party.posted.append((self.path, body, dict(self.headers)))
                self._say(party.answers.pop(0) if len(party.answers) > 1 else party.answers[0])

            def _say(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<main><h1>back</h1></main>")

            def log_message(self, *arguments: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.back = self.base + "/back"

    @property
    def answer(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.arrived[-1]).query).items()}


@pytest.fixture
def party() -> Iterator[Party]:
    found = Party()
    yield found
    found.server.shutdown()


@pytest.fixture
def metadata(stack: Any) -> dict[str, Any]:
    found: dict[str, Any] = stack.http.get(f"{stack.base_url}/.well-known/openid-configuration").raise_for_status().json()
    return found


@pytest.fixture
def person(stack: Any, fresh_person: Any) -> Any:
    from toono.entry.person import Person

    known = fresh_person()
    browser = Person(stack.base_url, sms=lambda: stack.sms(known["phone"]))
    browser.regnum, browser.civil_id = known["regnum"], known["civil_id"]
    return browser


Register = Callable[..., Any]


@pytest.fixture
def register(stack: Any, party: Party) -> Register:
    """Registers a client through the door; gives its id and secret."""

    def make(**metadata: Any) -> Any:
        import toono.identity.api as identity
        from toono.kernel.actor import system

        given = {"client_name": "Банк", "client_name#en": "Bank", "redirect_uris": [party.back], "scope": "openid register"} | metadata
        return identity.register_client(actor=system("tests"), client_id=f"rp-{uuid4().hex[:12]}", metadata=given)

    return make


VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def question(party: Party, client_id: str, **more: str) -> dict[str, str]:
    return {
        "response_type": "code", "client_id": client_id, "redirect_uri": party.back, "scope": "openid register", "state": "s", "nonce": "n",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    } | more  # fmt: skip


def agree(person: Any, *items: str, refuse: bool = False) -> None:
    """Tick these items on the page of consent."""
    assert person.path == "/identity/consent", person.text
    form = person.form(field="item")
    data = {"csrfmiddlewaretoken": form.form_values()[0][1], "item": list(items), "do": "refuse" if refuse else "agree"}
    person._look(
        person.client.post(str(person.answer.url.join(form.get("action"))), data=data, headers={"Referer": str(person.answer.url)})
    )


def redeem(http: Any, metadata: dict[str, Any], party: Party, client: Any, **more: Any) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": party.answer["code"], "redirect_uri": party.back, "code_verifier": VERIFIER}
    answer: httpx.Response = http.post(metadata["token_endpoint"], data=form, auth=(client.client_id, client.client_secret), **more)
    return answer


# -- consent -------------------------------------------------------------------------------------------------------


def test_a_person_gives_a_bank_one_item_and_takes_it_back(stack: Any, metadata: Any, person: Any, party: Party, register: Register) -> None:
    bank = register()
    url = f"{metadata['authorization_endpoint']}?{urlencode(question(party, bank.client_id))}"
    person.sign_in(person.regnum, path=url)
    assert "Банк" in person.text and len(person.page.xpath("//input[@name='item']")) == 4
    assert person.answer.headers["X-Frame-Options"] == "DENY", "nobody lays this page under another"
    assert person.client.post(str(person.answer.url), data={"do": "agree"}).status_code == 403, "nor presses the button from another site"
    agree(person, "claim:given_name", "claim:everything")
    tokens = redeem(stack.http, metadata, party, bank).json()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert stack.http.get(metadata["userinfo_endpoint"], headers=header).json().keys() == {"sub", "given_name"}
    person.open(url)
    assert person.heading == "back", "who agreed once is not asked again"
    person.open(url + "&prompt=consent")
    agree(person, refuse=True)
    assert party.answer["error"] == "access_denied"
    person.open("/sign-in?next=/identity/connections")
    assert person.heading == "Холбогдсон системүүд" and "Банк" in person.text
    person.press("Зөвшөөрлөө буцаах")
    assert "Банк" not in person.text
    assert stack.http.get(metadata["userinfo_endpoint"], headers=header).status_code == 401
    person.open(url)
    assert person.path == "/identity/consent"


def test_ready_made_software_is_given_the_name_and_told_what_it_is_not_given(
    stack: Any, metadata: Any, person: Any, party: Party, register: Register
) -> None:
    shop = register(scope="openid profile")
    wanted = question(party, shop.client_id, scope="openid profile email")
    person.sign_in(person.regnum, path=f"{metadata['authorization_endpoint']}?{urlencode(wanted)}")
    shown = person.page.xpath("//input[@name='item']")
    assert [item.get("value") for item in shown] == ["claim:given_name", "claim:name"]
    assert "Бүтэн нэр: эцэг (эх)-ийн нэр, өөрийн нэр" in person.text
    agree(person, "claim:given_name", "claim:name")
    tokens = redeem(stack.http, metadata, party, shop).json()
    assert tokens["scope"] == "openid profile"
    known = stack.http.get(metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}).json()
    assert known.keys() == {"sub", "given_name", "name"} and known["name"].endswith(f" {known['given_name']}")


def test_the_consent_of_another_browser_is_nobodys(stack: Any, metadata: Any, person: Any, party: Party, register: Register) -> None:
    bank = register()
    person.sign_in(person.regnum, path=f"{metadata['authorization_endpoint']}?{urlencode(question(party, bank.client_id))}")
    address = str(person.answer.url)
    assert httpx.get(address).status_code == 400


# -- FAPI 2.0 with Authlib's client assertion ----------------------------------------------------------------------


class Proofs:
    """DPoP as an application does it, with the server's nonce."""

    def __init__(self) -> None:
        self.key, self.nonce = ECKey.generate_key("P-256"), ""

    def header(self, method: str, url: str, token: str | None = None) -> dict[str, str]:
        claims = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": int(time.time()), "nonce": self.nonce}
        if token:
            claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.as_dict(private=False)}
        return {"DPoP": jws.serialize_compact(head, json.dumps(claims).encode(), self.key)}

    def post(self, client: OAuth2Client, url: str, form: dict[str, str]) -> httpx.Response:
        """Once without the nonce; told it, once more (RFC 9449 §8)."""
        for _ in range(2):
            answer = httpx.post(url, data=form, headers=self.header("POST", url), auth=client.client_auth("private_key_jwt"), timeout=30)
            self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
            if answer.json().get("error") != "use_dpop_nonce":
                return answer
        raise AssertionError(answer.text)


def test_fapi_2_from_the_pushed_request_to_the_refreshed_token(
    stack: Any, metadata: Any, person: Any, party: Party, register: Register
) -> None:
    key = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
    registered = register(
        token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key.as_dict(private=False)]}, dpop_bound_access_tokens=True,
        require_pushed_authorization_requests=True, grant_types=["authorization_code", "refresh_token"], scope="openid register offline_access",
    )  # fmt: skip
    assert registered.client_secret is None
    client = OAuth2Client(
        client_id=registered.client_id, client_secret=key.as_pem(private=True), token_endpoint_auth_method="private_key_jwt"
    )
    client.register_client_auth_method(PrivateKeyJWT(metadata["issuer"], alg="PS256"))
    proofs = Proofs()
    wanted = question(party, registered.client_id, scope="openid register offline_access")
    pushed = proofs.post(client, metadata["pushed_authorization_request_endpoint"], wanted)
    assert pushed.status_code == 201
    person.sign_in(
        person.regnum,
        path=f"{metadata['authorization_endpoint']}?{urlencode({'client_id': registered.client_id, 'request_uri': pushed.json()['request_uri']})}",
    )
    agree(person, "claim:civil_id", "offline")
    form = {"grant_type": "authorization_code", "code": party.answer["code"], "redirect_uri": party.back, "code_verifier": VERIFIER}
    tokens = proofs.post(client, metadata["token_endpoint"], form).json()
    assert tokens["token_type"] == "DPoP" and party.answer["iss"] == metadata["issuer"]
    userinfo, token = metadata["userinfo_endpoint"], tokens["access_token"]
    shown = {"Authorization": f"DPoP {token}"} | proofs.header("GET", userinfo, token)
    assert httpx.get(userinfo, headers=shown).json()["civil_id"] == person.civil_id
    assert httpx.get(userinfo, headers=shown).status_code == 401, "a proof is used once, across processes too"
    again = proofs.post(
        client, metadata["token_endpoint"], {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    ).json()
    assert again["refresh_token"] != tokens["refresh_token"] and again["id_token"]
    with pytest.raises(AssertionError):
        person.open(f"{metadata['authorization_endpoint']}?client_id={registered.client_id}&request_uri={pushed.json()['request_uri']}")
        assert person.answer.status_code == 200


# -- two at once ---------------------------------------------------------------------------------------------------


def test_of_many_refreshes_at_once_one_wins_one_gets_the_lost_reply_and_the_family_ends(
    stack: Any, metadata: Any, person: Any, party: Party, register: Register
) -> None:
    app = register(grant_types=["authorization_code", "refresh_token"])
    person.sign_in(person.regnum, path=f"{metadata['authorization_endpoint']}?{urlencode(question(party, app.client_id))}")
    agree(person)
    token = redeem(stack.http, metadata, party, app).json()["refresh_token"]

    def ask(_: int) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return httpx.post(metadata["token_endpoint"], data=form, auth=(app.client_id, app.client_secret), timeout=60)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 2 and won[0] == won[1], "the reply, and the very same once more"
    assert all(answer.json()["error"] == "invalid_grant" for answer in answers if answer.status_code != 200)
    header = {"Authorization": f"Bearer {won[0]['access_token']}"}
    assert httpx.get(metadata["userinfo_endpoint"], headers=header).status_code == 401, "and then six times too often"


def test_of_many_uses_of_one_value_one_is_the_first(stack: Any) -> None:
    from django.db import connection

    from toono.identity.operations.engine import storage
    from toono.kernel.clock import now

    value, until = uuid4().hex, now() + timedelta(minutes=1)

    def use(_: int) -> bool:
        try:
            return storage.use_once("test", value, until)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(use, range(24))) == 1


# -- machines ------------------------------------------------------------------------------------------------------


def test_a_service_gets_tokens_for_itself_and_they_are_introspected_and_revoked(stack: Any, metadata: Any, register: Register) -> None:
    resource = "https://registers.example/api"
    own = register(grant_types=["client_credentials"], redirect_uris=[], scope="api", resources=[resource])
    auth = (own.client_id, own.client_secret)
    given = (
        stack.http.post(metadata["token_endpoint"], data={"grant_type": "client_credentials", "resource": resource}, auth=auth)
        .raise_for_status()
        .json()
    )
    keys = KeySet.import_key_set(stack.http.get(metadata["jwks_uri"]).json())
    decoded = jwt.decode(given["access_token"], keys, algorithms=["ES256"])
    assert decoded.header["typ"] == "at+jwt" and decoded.claims["aud"] == resource and decoded.claims["sub"] == own.client_id

    def introspect(**headers: str) -> httpx.Response:
        answer: httpx.Response = stack.http.post(
            metadata["introspection_endpoint"], data={"token": given["access_token"]}, auth=auth, headers=headers
        )
        return answer

    assert introspect().json()["active"] is True
    signed = introspect(Accept="application/token-introspection+jwt")
    assert signed.headers["Content-Type"] == "application/token-introspection+jwt"
    assert jwt.decode(signed.text, keys, algorithms=["ES256"]).claims["token_introspection"]["active"] is True
    assert (
        introspect(Accept="*/*;q=0.1, Application/Token-Introspection+JWT; q=0.9").headers["Content-Type"] == signed.headers["Content-Type"]
    )
    assert introspect(Accept="application/json, application/token-introspection+jwt;q=0.0").json()["active"] is True
    assert stack.http.post(metadata["revocation_endpoint"], data={"token": given["access_token"]}, auth=auth).status_code == 200
    assert introspect().json() == {"active": False}


def test_what_machines_look_at_before_they_ask(stack: Any, metadata: Any) -> None:
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oidc/jwks"):
        seen, read = httpx.head(stack.base_url + path), httpx.get(stack.base_url + path)
        assert (seen.status_code, seen.content) == (200, b"") and seen.headers["Content-Type"] == read.headers["Content-Type"]
    asked = {
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,dpop",
    }
    told = httpx.options(metadata["userinfo_endpoint"], headers=asked)
    assert told.status_code == 204 and {"Authorization", "DPoP"} <= set(told.headers["Access-Control-Allow-Headers"].split(", "))
    refused = httpx.get(metadata["userinfo_endpoint"], headers={"Origin": "https://page.example"})
    assert refused.status_code == 401 and "WWW-Authenticate" in refused.headers["Access-Control-Expose-Headers"]
    for answer in (told, refused):
        assert answer.headers["Access-Control-Allow-Origin"] == "*" and "Access-Control-Allow-Credentials" not in answer.headers


def test_a_certificate_is_believed_from_the_terminator_only(stack: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from tests.conformance.test_exchange_xroad_clients import certificate
    from toono.identity.contracts import MachineRequest
    from toono.identity.operations import machines

    class Settings:
        gateway_tls = True

        def secret(self, name: str) -> str:
            assert name == "terminator_key"
            return "the-terminator"

    monkeypatch.setattr(machines, "settings", Settings)
    header = quote(certificate(tmp_path, "client").pem.read_text())

    def seen(terminator: str, value: str = header) -> bool:
        return machines._certificate(MachineRequest(path="/oidc/token", form="", certificate=value, terminator=terminator)) is not None

    assert seen("the-terminator")
    assert not (seen("") or seen("guess") or seen("ө") or seen("the-terminator", ":AAAA:"))
    Settings.gateway_tls = False
    assert not seen("the-terminator")


def test_a_client_registers_itself_under_a_statement_and_leaves(stack: Any, metadata: Any) -> None:
    import toono.identity.api as identity
    from toono.kernel.actor import system

    bounds: dict[str, Any] = {"grant_types": ["authorization_code"], "scope": "openid", "redirect_hosts": ["bank.example"]}
    statement = identity.software_statement(actor=system("tests"), software_id="bank", client_name="Банк", bounds=bounds)
    document = {"redirect_uris": ["https://bank.example/back"], "software_statement": statement}
    made = stack.http.post(metadata["registration_endpoint"], json=document)
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    assert stack.http.post(metadata["registration_endpoint"], json=document).json()["error"] == "invalid_software_statement"
    header = {"Authorization": f"Bearer {made.json()['registration_access_token']}"}
    address = made.json()["registration_client_uri"]
    read = stack.http.get(address, headers=header).json()
    assert (read["redirect_uris"], read["id_token_signed_response_alg"]) == (["https://bank.example/back"], "ES256")
    assert stack.http.get(address, headers={"Authorization": "Bearer x"}).status_code == 401
    assert stack.http.delete(address, headers=header).status_code == 204 and stack.http.get(address, headers=header).status_code == 401


def test_a_device_signs_in_by_a_code_typed_elsewhere(stack: Any, metadata: Any, person: Any) -> None:
    shown = (
        stack.http.post(metadata["device_authorization_endpoint"], data={"client_id": "demo-rp", "scope": "openid register"})
        .raise_for_status()
        .json()
    )
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "demo-rp", "device_code": shown["device_code"]}
    assert stack.http.post(metadata["token_endpoint"], data=form).json()["error"] == "authorization_pending"
    person.sign_in(person.regnum, path=f"/sign-in?next=/identity/device?user_code={shown['user_code']}")
    person.answer_only_field("BCDF-BCDF")
    assert "Ийм код алга" in person.text
    person.answer_only_field(shown["user_code"].lower())
    assert person.heading == "Энэ төхөөрөмж дээр нэвтрэх үү?"
    person.press("Зөвшөөрөх")
    assert person.heading == "Та зөвшөөрлөө"
    tokens = stack.http.post(metadata["token_endpoint"], data=form).raise_for_status().json()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert stack.http.get(metadata["userinfo_endpoint"], headers=header).json()["civil_id"] == person.civil_id
    assert stack.http.post(metadata["token_endpoint"], data=form).json()["error"] == "invalid_grant"


def test_the_person_reads_where_the_client_will_act_for_them(
    stack: Any, metadata: Any, person: Any, party: Party, register: Register
) -> None:
    """On the page of a device, of a request and of consent: the resource that was named, or those of which one may be named later."""
    first, second = "https://registers.example/api", "https://other.example/api"
    device, ciba = "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"
    signing = f"{stack.base_url}/csc/v2"
    bank = register(
        grant_types=["authorization_code", device, ciba], resources=[first, second, signing], backchannel_token_delivery_mode="poll"
    )
    auth = (bank.client_id, bank.client_secret)
    person.sign_in(person.regnum, path="/sign-in?next=/identity/device")
    for named, told in (({"resource": first}, "дараах хаягт хандана"), ({}, "дараах хаягийн аль нэгд хандаж болно")):
        form = {"scope": "openid"} | named
        shown = stack.http.post(metadata["device_authorization_endpoint"], data=form, auth=auth).raise_for_status().json()
        person.open("/identity/device")
        person.answer_only_field(shown["user_code"])
        assert told in person.text and first in person.text and (second in person.text) is not bool(named)
        assert ("Тооно платформын гарын үсгийн үйлчилгээ" in person.text) is not bool(named)
    asked = {"scope": "openid", "login_hint": person.regnum, "resource": second}
    stack.http.post(metadata["backchannel_authentication_endpoint"], data=asked, auth=auth).raise_for_status()
    person.open("/identity/requests")
    assert "дараах хаягт хандана" in person.text and second in person.text and first not in person.text
    person.open(f"{metadata['authorization_endpoint']}?{urlencode(question(party, bank.client_id, resource=signing))}")
    assert person.path == "/identity/consent" and "Тооно платформын гарын үсгийн үйлчилгээ" in person.text
    assert first not in person.text and signing not in person.text


def test_a_sign_in_that_a_client_began_is_approved_on_the_phone_and_the_client_is_pinged(
    stack: Any, metadata: Any, person: Any, party: Party, register: Register
) -> None:
    bank = register(
        grant_types=["urn:openid:params:grant-type:ciba"], redirect_uris=[], backchannel_token_delivery_mode="ping",
        backchannel_client_notification_endpoint=party.base + "/ping",
    )  # fmt: skip
    person.sign_in(person.regnum, path="/sign-in?next=/identity/requests")
    form = {"scope": "openid register", "login_hint": person.regnum, "binding_message": "A-17", "client_notification_token": "t" * 32}
    asked = (
        stack.http.post(metadata["backchannel_authentication_endpoint"], data=form, auth=(bank.client_id, bank.client_secret))
        .raise_for_status()
        .json()
    )
    for _ in range(7):
        more = form | {"binding_message": "flood"}
        assert (
            stack.http.post(
                metadata["backchannel_authentication_endpoint"], data=more, auth=(bank.client_id, bank.client_secret)
            ).status_code
            == 200
        )
    person.open("/identity/requests")
    assert "A-17" in person.text and person.text.count("flood") == 4, "five wait for one person at most, and nobody is told"
    person.press("Зөвшөөрөх")
    stack.wait(lambda: party.posted, timeout=30)
    path, body, headers = party.posted[-1]
    assert (
        path == "/ping" and json.loads(body) == {"auth_req_id": asked["auth_req_id"]} and headers["Authorization"] == "Bearer " + "t" * 32
    )
    redeemed = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": asked["auth_req_id"]}
    tokens = stack.http.post(metadata["token_endpoint"], data=redeemed, auth=(bank.client_id, bank.client_secret)).raise_for_status().json()
    assert tokens["id_token"]


def test_who_signs_out_is_signed_out_everywhere_and_the_ledger_says_so(
    stack: Any, metadata: Any, person: Any, party: Party, register: Register
) -> None:
    from toono.identity.models import LogoutDelivery

    bank = register(backchannel_logout_uri=party.base + "/logout")
    party.answers = [503, 200]
    person.sign_in(person.regnum, path=f"{metadata['authorization_endpoint']}?{urlencode(question(party, bank.client_id))}")
    agree(person)
    tokens = redeem(stack.http, metadata, party, bank).json()
    person.open(f"{metadata['end_session_endpoint']}?{urlencode({'id_token_hint': tokens['id_token']})}")
    stack.wait(lambda: len(party.posted) >= 2, timeout=60)
    notices = [parse_qs(body)["logout_token"][0] for _, body, _ in party.posted]
    keys = KeySet.import_key_set(stack.http.get(metadata["jwks_uri"]).json())
    decoded = jwt.decode(notices[-1], keys, algorithms=["ES256"])
    own = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    assert decoded.header["typ"] == "logout+jwt" and (decoded.claims["sub"], decoded.claims["sid"]) == (own["sub"], own["sid"])
    row = stack.wait(lambda: LogoutDelivery.objects.filter(client_id=bank.client_id).exclude(delivered_at=None).first(), timeout=20)
    assert row.attempts == 2
    assert stack.http.post(f"{stack.base_url}/oidc/inner/logout-notice/{row.id}", headers={"Authorization": "Bearer x"}).status_code == 404


def test_the_next_key_is_published_before_it_signs(stack: Any, metadata: Any) -> None:
    import toono.identity.api as identity
    from toono.identity.operations import keys
    from toono.kernel.actor import system

    assert identity.roll_signing_key(actor=system("tests")) == ["token/2", "token/rsa/2"]
    assert identity.roll_signing_key(actor=system("tests")) == []
    published: Any = keys.jwks()["keys"]
    assert [key["alg"] for key in published] == ["ES256", "ES256", "RS256", "RS256"]
    for number, algorithm in enumerate(("ES256", "ES256", "RS256", "RS256")):
        header = jwt.decode(keys.sign({}, "JWT", algorithm), keys.key_set(), algorithms=[algorithm]).header
        assert header["kid"] == published[2 * (number // 2)]["kid"], "the first of an algorithm signs until tomorrow"


def read_rs256(text: str, published: dict[str, Any]) -> dict[str, Any]:
    """By the library of keys alone (RFC 7518 §3.3): what signs is another one."""
    signed, _, signature = text.rpartition(".")
    header, claims = (json.loads(from_base64url(part)) for part in signed.split("."))
    [jwk] = [key for key in published["keys"] if key["kid"] == header["kid"]]
    assert (header["alg"], jwk["alg"], jwk["kty"], jwk["use"]) == ("RS256", "RS256", "RSA", "sig")
    e, n = (int.from_bytes(from_base64url(jwk[name])) for name in ("e", "n"))
    assert n.bit_length() == 3072
    rsa.RSAPublicNumbers(e, n).public_key().verify(from_base64url(signature), signed.encode(), padding.PKCS1v15(), SHA256())
    return dict(claims)


def test_a_client_that_reads_rs256_alone(stack: Any, metadata: Any, person: Any, party: Party, register: Register) -> None:
    bank = register(id_token_signed_response_alg="RS256", userinfo_signed_response_alg="RS256")
    person.sign_in(person.regnum, path=f"{metadata['authorization_endpoint']}?{urlencode(question(party, bank.client_id))}")
    agree(person, "claim:given_name", "claim:everything")
    tokens = redeem(stack.http, metadata, party, bank).json()
    published = stack.http.get(metadata["jwks_uri"]).json()
    told = read_rs256(tokens["id_token"], published)
    assert (told["aud"], told["nonce"]) == (bank.client_id, "n")
    userinfo = stack.http.get(metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert userinfo.headers["Content-Type"] == "application/jwt"
    assert read_rs256(userinfo.text, published)["sub"] == told["sub"]
