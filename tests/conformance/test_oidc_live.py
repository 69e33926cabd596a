"""The extensions of the protocol over HTTP on the running platform: what :mod:`test_oidc_basic` shows of pure functions, shown of the whole."""

# ruff: noqa: F811 - fixtures of another module, by their names
from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey, KeySet

from tests.conformance.oidc_table import module
from tests.conformance.test_identity_flows import (  # noqa: F401
    Party,
    Register,
    agree,
    metadata,
    party,
    person,
    question,
    redeem,
    register,
)
from tests.stage import ROOT, free_ports

RESOURCE, NEXT = "https://registers.example/api", "https://next.example"
KEY_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def signed(key: ECKey, claims: dict[str, Any], typ: str = "JWT") -> str:
    return jws.serialize_compact({"alg": "ES256", "kid": key.kid, "typ": typ}, json.dumps(claims).encode(), key)


def assertion(metadata: Any, client_id: str, key: ECKey) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": metadata["issuer"], "jti": uuid4().hex, "iat": now, "exp": now + 60}
    return {"client_id": client_id, "client_assertion_type": KEY_TYPE, "client_assertion": signed(key, claims)}


def own_keys(http: Any, metadata: Any) -> KeySet:
    return KeySet.import_key_set(http.get(metadata["jwks_uri"]).json())


def opened(http: Any, metadata: Any, text: str) -> dict[str, Any]:
    return dict(jwt.decode(text, own_keys(http, metadata), algorithms=["ES256"]).claims)


def go(person: Any, metadata: Any, party: Party, client_id: str, **more: str) -> None:
    """Sign in, and agree to everything."""
    person.sign_in(person.regnum, path=f"{metadata['authorization_endpoint']}?{urlencode(question(party, client_id, **more))}")
    if person.path == "/identity/consent":
        agree(person, *person.page.xpath("//input[@name='item']/@value"))


@module("FAPI 2.0 message signing", "oidcc-live-signed-request-and-answer")
def test_a_signed_request_has_a_signed_answer(stack: Any, metadata: Any, person: Any, party: Party, register: Register) -> None:
    key = ECKey.generate_key("P-256", {"kid": "jar"})
    bank = register(
        jwks={"keys": [key.as_dict(private=False)]}, token_endpoint_auth_method="private_key_jwt", require_signed_request_object=True
    )
    now = int(time.time())
    inside = question(party, bank.client_id, response_mode="jwt", state="inner") | {
        "iss": bank.client_id, "aud": metadata["issuer"], "exp": now + 300, "nbf": now,
    }  # fmt: skip
    asked = {
        "client_id": bank.client_id,
        "request": signed(key, inside, "oauth-authz-req+jwt"),
        "state": "outer",
        "scope": "openid offline_access",
    }
    person.sign_in(person.regnum, path=f"{metadata['authorization_endpoint']}?{urlencode(asked)}")
    agree(person, *person.page.xpath("//input[@name='item']/@value"))
    assert party.answer.keys() == {"response"}
    answer = opened(stack.http, metadata, party.answer["response"])
    assert (answer["state"], answer["iss"], answer["aud"]) == ("inner", metadata["issuer"], bank.client_id)
    form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": party.back, "code_verifier": _verifier()}
    tokens = stack.http.post(metadata["token_endpoint"], data=form | assertion(metadata, bank.client_id, key)).raise_for_status().json()
    assert opened(stack.http, metadata, tokens["id_token"])["nonce"] == "n"
    person.open(f"{metadata['authorization_endpoint']}?{urlencode(question(party, bank.client_id))}")
    assert party.answer["error"] == "invalid_request", "unsigned"
    forged = signed(ECKey.generate_key("P-256", {"kid": "jar"}), inside, "oauth-authz-req+jwt")
    person.open(f"{metadata['authorization_endpoint']}?{urlencode(asked | {'request': forged, 'redirect_uri': party.back})}")
    assert party.answer["error"] == "invalid_request_object"


def _verifier() -> str:
    from tests.conformance.test_identity_flows import VERIFIER

    return VERIFIER


@module("Form Post OP", "oidcc-formpost-live")
def test_an_answer_is_posted_and_stands_in_no_address(stack: Any, metadata: Any, person: Any, party: Party, register: Register) -> None:
    bank = register()
    go(person, metadata, party, bank.client_id, response_mode="form_post")
    [form] = person.page.xpath("//form[@data-send-now]")
    assert form.get("action") == party.back and form.get("method").lower() == "post" and not party.arrived
    policy = person.answer.headers["Content-Security-Policy"]
    assert f"form-action 'self' {party.base}" in policy and "no-store" in person.answer.headers["Cache-Control"]
    fields = dict(form.form_values())
    assert fields["state"] == "s" and fields["iss"] == metadata["issuer"] and "code" not in str(person.answer.url)
    httpx.post(party.back, data=fields)
    code = parse_qs(party.posted[-1][1])["code"][0]
    form_ = {"grant_type": "authorization_code", "code": code, "redirect_uri": party.back, "code_verifier": _verifier()}
    assert stack.http.post(metadata["token_endpoint"], data=form_, auth=(bank.client_id, bank.client_secret)).status_code == 200
    person.open(f"{metadata['authorization_endpoint']}?{urlencode(question(party, bank.client_id, response_mode='form_post', scope='x'))}")
    assert dict(person.page.xpath("//form[@data-send-now]")[0].form_values())["error"] == "invalid_scope"


@module("Basic OP", "oidcc-ensure-post-request-succeeds")
def test_a_posted_request_is_answered_as_one_in_the_address(
    stack: Any, metadata: Any, person: Any, party: Party, register: Register
) -> None:
    bank = register()
    go(person, metadata, party, bank.client_id)
    first = party.answer["code"]
    answer = person.client.post(metadata["authorization_endpoint"], data=question(party, bank.client_id), follow_redirects=True)
    assert answer.status_code == 200 and party.answer["code"] != first


@module("RAR", "fapi2-rar-live")
@module("Resource indicators", "rfc8707-live")
@module("Token exchange", "rfc8693-live")
def test_a_right_in_detail_for_one_resource_is_acted_on_by_the_next_service(
    stack: Any,
    metadata: Any,
    person: Any,
    party: Party,
    register: Register,
) -> None:
    detail = {"type": "toono_exchange", "services": ["MN/GOV/a/b/c"], "purpose": "loan"}
    bank = register(resources=[RESOURCE], authorization_details_types=["toono_exchange"])
    register_ = register(
        grant_types=["urn:ietf:params:oauth:grant-type:token-exchange"], redirect_uris=[], resources=[RESOURCE, NEXT], may_act_for=[bank.client_id],
        authorization_details_types=["toono_exchange"], scope="openid",
    )  # fmt: skip
    go(person, metadata, party, bank.client_id, resource=RESOURCE, authorization_details=json.dumps([detail]), scope="openid")
    tokens = (
        redeem(
            stack.http,
            metadata,
            party,
            bank,
        )
        .raise_for_status()
        .json()
    )
    claims = opened(stack.http, metadata, tokens["access_token"])
    assert claims["aud"] == RESOURCE and claims["authorization_details"] == [detail] == tokens["authorization_details"]
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert stack.http.get(metadata["userinfo_endpoint"], headers=header).status_code == 403, "a token for another place"
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": tokens["access_token"], "resource": NEXT,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }  # fmt: skip
    auth = (register_.client_id, register_.client_secret)
    acting = stack.http.post(metadata["token_endpoint"], data=form, auth=auth).raise_for_status().json()
    acted = opened(stack.http, metadata, acting["access_token"])
    assert (acted["sub"], acted["aud"], acted["act"]) == (claims["sub"], NEXT, {"sub": register_.client_id})
    assert (
        stack.http.post(metadata["token_endpoint"], data=form, auth=(bank.client_id, bank.client_secret)).json()["error"]
        == "unauthorized_client"
    )
    assert (
        stack.http.post(metadata["token_endpoint"], data=form | {"resource": "https://evil.example"}, auth=auth).json()["error"]
        == "invalid_target"
    )
    person.open("/sign-in?next=/identity/connections")
    person.press("Зөвшөөрлөө буцаах")
    found = stack.http.post(metadata["introspection_endpoint"], data={"token": acting["access_token"]}, auth=auth).json()
    assert found == {"active": False}, "taken back, it ends for those who act on it too"


@module("Basic OP", "oidcc-live-pairwise")
def test_pairwise_names_and_a_userinfo_for_the_clients_eyes_only(
    stack: Any,
    metadata: Any,
    person: Any,
    party: Party,
    register: Register,
) -> None:
    key = ECKey.generate_key("P-256", {"use": "enc", "kid": "e"})
    sealed = {
        "userinfo_signed_response_alg": "ES256",
        "userinfo_encrypted_response_alg": "ECDH-ES",
        "jwks": {"keys": [key.as_dict(private=False)]},
    }
    bank = register(subject_type="pairwise", **sealed)
    plain = register(userinfo_signed_response_alg="ES256")
    go(person, metadata, party, bank.client_id)
    tokens = redeem(stack.http, metadata, party, bank).json()
    answer = stack.http.get(metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert answer.headers["Content-Type"] == "application/jwt" and answer.text.count(".") == 4
    registry = jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM"])
    inside = opened(stack.http, metadata, jwe.decrypt_compact(answer.text, key, registry=registry).plaintext.decode())
    own = opened(stack.http, metadata, tokens["id_token"])
    assert inside["sub"] == own["sub"] and inside["civil_id"] == person.civil_id and inside["aud"] == bank.client_id
    person.open(f"{metadata['authorization_endpoint']}?{urlencode(question(party, plain.client_id))}")
    agree(person, *person.page.xpath("//input[@name='item']/@value"))
    other = redeem(stack.http, metadata, party, plain).json()
    public = stack.http.get(metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {other['access_token']}"})
    assert opened(stack.http, metadata, public.text)["sub"] != own["sub"], "the sector's name is the sector's alone"


# -- keys that a client publishes ----------------------------------------------------------------------------------


class Keys(Party):
    """A client's site that publishes keys, or whatever ``said`` holds."""

    def __init__(self) -> None:
        super().__init__()
        self.said: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")
        site = self

        def do_GET(handler: Any) -> None:
            site.arrived.append(handler.path)
            status, headers, body = site.said
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.server.RequestHandlerClass.do_GET = do_GET  # type: ignore[attr-defined]

    def publish(self, *keys: ECKey) -> None:
        self.said = (
            200,
            {"Content-Type": "application/jwk-set+json"},
            json.dumps({"keys": [k.as_dict(private=False) for k in keys]}).encode(),
        )


@pytest.fixture
def site() -> Iterator[Keys]:
    found = Keys()
    yield found
    found.server.shutdown()


@module("Dynamic OP", "oidcc-registration-jwks-uri-live")
def test_a_client_publishes_its_keys(stack: Any, metadata: Any, site: Keys, register: Register) -> None:
    key = ECKey.generate_key("P-256", {"kid": "1"})
    site.publish(key)
    service = register(
        grant_types=["client_credentials"], redirect_uris=[], scope="api", token_endpoint_auth_method="private_key_jwt", jwks_uri=site.base + "/jwks"
    )  # fmt: skip

    def ask(with_key: ECKey) -> int:
        form = {"grant_type": "client_credentials"} | assertion(metadata, service.client_id, with_key)
        return int(stack.http.post(metadata["token_endpoint"], data=form).status_code)

    assert [ask(key) for _ in range(6)] == [200] * 6
    assert set(site.arrived) == {"/jwks"} and len(site.arrived) <= 3, "each process reads it once"
    assert ask(ECKey.generate_key("P-256", {"kid": "1"})) == 401


def test_no_address_of_our_own_network_is_read(site: Keys, stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant stands beside: without production's rule the same address is read."""
    from toono.identity.operations import client_addresses, published_keys

    class Production:
        production = True

    site.publish(ECKey.generate_key("P-256", {"kid": "1"}))
    assert len(published_keys.read(site.base + "/jwks")) == 1
    before = len(site.arrived)
    monkeypatch.setattr(client_addresses, "settings", Production)
    port = urlsplit(site.base).port
    for uri in (
        site.base + "/jwks", f"https://127.0.0.1:{port}/", f"https://localhost:{port}/", "https://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "https://[::1]/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://0.0.0.0/", "https://100.64.0.1/", "https://224.0.0.1/",
        f"https://2130706433:{port}/", "file:///etc/passwd", "https://nowhere.invalid/",
    ):  # fmt: skip
        with pytest.raises(published_keys.Refused):
            published_keys.read(uri)
    assert len(site.arrived) == before


def test_what_a_clients_site_answers_is_bounded(site: Keys, stack: Any) -> None:
    from toono.identity.operations import published_keys

    good = json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}).encode()
    for said in (
        (302, {"Location": site.base + "/else"}, b""), (404, {}, good), (200, {}, b"x" * 70_000), (200, {}, b"[]"), (200, {}, b"\xff"), (200, {}, b'{"keys":[]' + b" " * 70_000 + b"}"),
    ):  # fmt: skip
        site.said = said
        with pytest.raises(published_keys.Refused):
            published_keys.read(site.base + "/jwks")
    assert "/else" not in site.arrived
    published_keys.forget()
    site.said = (500, {}, b"")
    assert published_keys.keys(site.base + "/a", False) == () == published_keys.keys(site.base + "/a", True)
    assert site.arrived.count("/a") == 1, "an address that fails is not asked at every try"


# -- sessions that end by age --------------------------------------------------------------------------------------


@module("Back-channel logout", "oidcc-backchannel-session-expired")
@pytest.mark.parametrize("by", ["age", "idleness"])
def test_a_session_that_ends_by_time_tells_its_clients(
    stack: Any,
    metadata: Any,
    person: Any,
    party: Party,
    register: Register,
    by: str,
) -> None:
    from toono.identity.models import LogoutDelivery, Session
    from toono.identity.operations import housekeeping
    from toono.kernel.clock import now

    bank = register(backchannel_logout_uri=party.base + "/logout")
    go(person, metadata, party, bank.client_id)
    sid = opened(stack.http, metadata, redeem(stack.http, metadata, party, bank).json()["id_token"])["sid"]
    housekeeping.remove_ended()
    assert Session.objects.get(id=UUID(sid)).ended_at is None, "who lives is left alone"
    late = {"expires_at": now() - timedelta(seconds=1)} if by == "age" else {"last_used_at": now() - timedelta(minutes=31)}
    Session.objects.filter(id=UUID(sid)).update(**late)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: _in_thread(housekeeping.remove_ended), range(4)))
    stack.wait(lambda: party.posted, timeout=60)
    claims = opened(stack.http, metadata, parse_qs(party.posted[0][1])["logout_token"][0])
    assert claims["sid"] == sid and claims["aud"] == bank.client_id
    assert LogoutDelivery.objects.filter(session_id=UUID(sid)).count() == 1, "of four at once one told"
    assert Session.objects.get(id=UUID(sid)).ended_at is not None


def _in_thread(work: Callable[[], None]) -> None:
    from django.db import connection

    try:
        work()
    finally:
        connection.close()


def test_rows_of_expired_cookies_are_removed_once_a_night(stack: Any) -> None:
    from django.contrib.sessions.models import Session as Cookie

    from toono.identity.operations import housekeeping
    from toono.kernel.clock import now

    for name, hours in (("dead", -1), ("alive", 1)):
        Cookie.objects.update_or_create(
            session_key=f"{name}-cookie", defaults={"session_data": "x", "expire_date": now() + timedelta(hours=hours)}
        )
    housekeeping.remove_expired_cookies()
    assert set(Cookie.objects.filter(session_key__endswith="-cookie").values_list("session_key", flat=True)) == {"alive-cookie"}


# -- what a client's own endpoint answers to a ping ----------------------------------------------------------------


@module(
    "FAPI-CIBA", "fapi-ciba-id1-ping-backchannel-notification-endpoint-response-401-and-require-server-does-not-retry",
    "fapi-ciba-id1-ping-backchannel-notification-endpoint-response-403-and-require-server-does-not-retry",
    "fapi-ciba-id1-ping-backchannel-notification-endpoint-response-301-redirect-request",
    "fapi-ciba-id1-ping-with-response-body",
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 301, 401, 403])
def test_whatever_the_ping_endpoint_answers_the_client_may_still_ask(
    stack: Any,
    metadata: Any,
    person: Any,
    party: Party,
    register: Register,
    status: int,
) -> None:
    party.answers = [status]
    bank = register(
        grant_types=["urn:openid:params:grant-type:ciba"], redirect_uris=[], backchannel_token_delivery_mode="ping",
        backchannel_client_notification_endpoint=party.base + "/ping",
    )  # fmt: skip
    auth = (bank.client_id, bank.client_secret)
    person.sign_in(person.regnum, path="/sign-in?next=/identity/requests")
    form = {"scope": "openid", "login_hint": person.regnum, "client_notification_token": "t" * 32, "binding_message": f"A-{status}"}
    asked = stack.http.post(metadata["backchannel_authentication_endpoint"], data=form, auth=auth).raise_for_status().json()
    person.open("/identity/requests")
    person.press("Зөвшөөрөх")
    stack.wait(lambda: party.posted, timeout=30)
    redeemed = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": asked["auth_req_id"]}
    assert stack.http.post(metadata["token_endpoint"], data=redeemed, auth=auth).status_code == 200
    assert len(party.posted) == 1


# -- the plane for machines ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plane(stack: Any) -> Iterator[str]:
    """A second process that answers machines, beside the portal."""
    [port] = free_ports(1)
    command = [
        sys.executable,
        "-m",
        "granian",
        "toono.entry.idp:application",
        "--interface",
        "rsgi",
        "--port",
        str(port),
        "--loop",
        "uvloop",
        "--log-level",
        "warning",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=stack.environment)
    address = f"http://127.0.0.1:{port}"

    def lives() -> bool:
        try:
            return httpx.get(f"{address}/health/live").is_success
        except httpx.TransportError:
            return False

    stack.wait(lives, timeout=60)
    yield address
    process.terminate()
    process.wait(20)


def service(register: Register, key: ECKey) -> Any:
    return register(
        grant_types=["client_credentials"], redirect_uris=[], scope="api", resources=[RESOURCE], token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [key.as_dict(private=False)]},
    )  # fmt: skip


def ends_by_its_client(stack: Any, metadata: Any, plane: str, proof: Callable[[], dict[str, str]], value: str, other: str) -> None:
    """A token of which nothing is remembered until it is revoked, at once by two in two presses; each process sees it."""

    def states() -> list[bool]:
        return [
            httpx.post(base + "/oidc/introspect", data={"token": one, **proof()}).raise_for_status().json()["active"]
            for base in (stack.base_url, plane)
            for one in (value, other)
        ]

    assert states() == [True] * 4
    with ThreadPoolExecutor(2) as at_once:
        ended = list(
            at_once.map(lambda form: httpx.post(metadata["revocation_endpoint"], data={"token": value} | form), [proof(), proof()])
        )
    assert [answer.status_code for answer in ended] == [200, 200]
    assert states() == [False, True, False, True]


def test_both_processes_answer_machines_alike(stack: Any, metadata: Any, plane: str, register: Register) -> None:
    key = ECKey.generate_key("P-256", {"kid": "1"})
    own, other = service(register, key), register(grant_types=["client_credentials"], redirect_uris=[], scope="api")

    def ask(base: str, path: str = "/oidc/token", **form: str) -> httpx.Response:
        return httpx.post(base + path, data={"grant_type": "client_credentials", "resource": RESOURCE} | form, timeout=30)

    given = {base: ask(base, **assertion(metadata, own.client_id, key)).raise_for_status() for base in (stack.base_url, plane)}
    one, two = (answer.json() for answer in given.values())
    assert one.keys() == two.keys() and given[plane].headers["cache-control"] == "no-store" and one["access_token"] != two["access_token"]
    first, second = (opened(stack.http, metadata, found["access_token"]) for found in (one, two))
    moving = {"jti", "iat", "exp"}
    assert {k: v for k, v in first.items() if k not in moving} == {k: v for k, v in second.items() if k not in moving}
    used = assertion(metadata, own.client_id, key)
    assert [ask(plane, **used).status_code, ask(stack.base_url, **used).status_code, ask(plane, **used).status_code] == [200, 401, 401]
    for form in (
        {},
        {"client_id": "nobody", "client_secret": "x"},
        assertion(metadata, own.client_id, ECKey.generate_key("P-256", {"kid": "1"})),
    ):
        answers = [ask(base, **form) for base in (stack.base_url, plane)]
        assert answers[0].status_code == answers[1].status_code and answers[0].json() == answers[1].json()
    fresh = assertion(metadata, own.client_id, key)
    assert ask(plane, **fresh, scope="more").json()["error"] == "invalid_scope", "refused as the portal refuses"
    auth = (other.client_id, other.client_secret)
    token = httpx.post(plane + "/oidc/token", data={"grant_type": "client_credentials"}, auth=auth).json()["access_token"]
    for base in (stack.base_url, plane):
        shown = lambda value, base=base: httpx.post(base + "/oidc/introspect", data={"token": value}, auth=auth).json()  # noqa: E731
        assert shown(token)["active"] is True and shown("rubbish") == {"active": False} == shown(one["access_token"])
        signed_ = httpx.post(
            base + "/oidc/introspect", data={"token": token}, auth=auth, headers={"Accept": "application/token-introspection+jwt"}
        )
        assert opened(stack.http, metadata, signed_.text)["token_introspection"]["active"] is True
        assert signed_.headers["content-type"] == "application/token-introspection+jwt"
    assert httpx.get(plane + "/oidc/jwks").json() == stack.http.get(metadata["jwks_uri"]).json()
    head = httpx.head(plane + "/oidc/jwks")
    assert (head.status_code, head.content) == (200, b"") and httpx.put(plane + "/oidc/jwks").headers["allow"] == "GET, HEAD"
    stack.http.post(metadata["revocation_endpoint"], data={"token": token}, auth=auth)
    assert httpx.post(plane + "/oidc/introspect", data={"token": token}, auth=auth).json() == {"active": False}
    ends_by_its_client(stack, metadata, plane, lambda: assertion(metadata, own.client_id, key), one["access_token"], two["access_token"])
    for bad in (
        httpx.post(plane + "/oidc/token?x=1", data={"a": "b"}), httpx.post(plane + "/oidc/token", content=b"{}", headers={"Content-Type": "application/json"}),
        httpx.post(plane + "/oidc/token", data={"a": "b" * 40_000}),
    ):  # fmt: skip
        assert bad.status_code == 400 and bad.json()["error"] == "invalid_request"
    assert httpx.get(plane + "/oidc/token").status_code == 405 and httpx.get(plane + "/").status_code == 404


@module("RFC 9700", "4.10-assertion-replay-in-two-processes")
def test_of_many_uses_of_one_assertion_in_two_processes_one_wins(stack: Any, metadata: Any, plane: str, register: Register) -> None:
    key = ECKey.generate_key("P-256", {"kid": "1"})
    own = service(register, key)
    for _ in range(3):
        form = {"grant_type": "client_credentials"} | assertion(metadata, own.client_id, key)
        ask = lambda n, form=form: httpx.post((plane, stack.base_url)[n % 2] + "/oidc/token", data=form, timeout=60).status_code  # noqa: E731
        with ThreadPoolExecutor(12) as threads:
            assert sorted(threads.map(ask, range(24))) == [200] + [401] * 23


def test_a_batch_keeps_what_it_gives_and_gives_what_it_keeps(stack: Any, metadata: Any, plane: str, register: Register) -> None:
    from toono.identity.models import AccessToken
    from toono.identity.operations.secrets import digest

    key = ECKey.generate_key("P-256", {"kid": "1"})
    own = service(register, key)
    forms = [{"grant_type": "client_credentials"} | assertion(metadata, own.client_id, key) for _ in range(60)]
    with ThreadPoolExecutor(20) as threads:
        given = [
            answer.json()["access_token"]
            for answer in threads.map(lambda form: httpx.post(plane + "/oidc/token", data=form, timeout=60), forms)
        ]
    assert len(set(given)) == 60
    assert AccessToken.objects.filter(digest__in=[digest(one) for one in given], client_id=own.client_id).count() == 60
