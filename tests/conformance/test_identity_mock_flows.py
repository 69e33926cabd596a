"""The check of clients that do more than sign in by a browser: devices, CIBA, JARM, PAR, registration, exchange, TLS. Each broken one fails exactly its own cases.

Nobody waits: a client that has to wait puts the mock's clock forward by as much.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.jose import JsonWebToken
from authlib.jose.errors import JoseError as AuthlibError
from joserfc.errors import JoseError

from tests.conformance.test_identity_mock import HTTP, PEOPLE, OpenIdParty, Party, Refused, free_port, listening, results
from toono.identity.mock import approvals, driver, server, tls
from toono.identity.mock.world import World

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CIBA_GRANT = "urn:openid:params:grant-type:ciba"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
RESOURCE = "https://registers.example/api"
PATIENCE = 0.3
"""The parties of these tests have ended when their page has come."""


@contextmanager
def world_of_its_own(**options: Any) -> Iterator[World]:
    port = free_port()
    found = World(issuer=f"{'https' if options.get('tls') else 'http'}://127.0.0.1:{port}", people=PEOPLE, **options)
    with server.serving(found, host="127.0.0.1", port=port):
        yield found


@pytest.fixture(autouse=True)
def _prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parties of these tests need no time to look."""
    monkeypatch.setattr(approvals, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(approvals, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(driver, "LOOK_SECONDS", 0.02)


@pytest.fixture
def world() -> Iterator[World]:
    with world_of_its_own() as found:
        yield found


def checked(world: World, party: Party) -> dict[str, Any]:
    authority = world.tls.ca_pem if world.tls else b""
    plan = driver.Plan(
        mock=world.issuer,
        start=party.base + "/login",
        person="herder",
        proof=party.base + "/me",
        patience_seconds=PATIENCE,
        authority=authority,
    )
    return driver.Driver(plan).report()


def failed(world: World, party: Party) -> set[str]:
    with listening(party):
        report = checked(world, party)
    assert "unclear" not in results(report) and "open" not in results(report), report["cases"]
    return results(report).get("failed", set())


# -- devices ---------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class DeviceParty(OpenIdParty):
    """A kiosk, by Authlib: its page comes when the person has answered."""

    world: World

    def wait(self, seconds: float) -> None:
        self.world.shift += timedelta(seconds=seconds)

    def now(self) -> int:
        return int(self.world.now().timestamp())

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        form = {"client_id": self.client_id, "client_secret": self.secret, "scope": "openid register"}
        asked = HTTP.post(self.metadata["device_authorization_endpoint"], data=form).raise_for_status().json()
        return self.entered(self.patient(asked, DEVICE_GRANT, device_code=asked["device_code"]), "", browser)

    def patient(self, asked: dict[str, Any], grant: str, **name: str) -> Any:
        """Ask until there is an answer."""
        interval = 1 if self.forgets("interval") else asked["interval"]
        for _ in range(8):
            try:
                return self.client.fetch_token(self.metadata["token_endpoint"], grant_type=grant, **name)
            except OAuthError as error:
                interval = self.after(error.error, interval)
            except httpx.RemoteProtocolError:
                if self.forgets("gives_up_when_lost"):
                    raise Refused("lost") from None
                if self.forgets("hurries_after_loss"):
                    continue
            self.wait(interval)
        raise Refused("never answered")

    def after(self, error: str, interval: int) -> int:
        """The interval from now on."""
        if error == "slow_down":
            if self.forgets("gives_up_when_slowed"):
                raise Refused(error)
            return interval if self.forgets("slow_down") else interval + 5
        asks_on = {"asks_on": ("access_denied", "expired_token", "invalid_grant"), "asks_on_at_anything": ("invalid_grant",)}
        if error == "authorization_pending" or error in asks_on.get(self.broken, ()):
            return interval
        if error == "access_denied" and self.forgets("breaks_at_denial"):
            raise RuntimeError(error)
        raise Refused(error)


ID_TOKENS = {"signature", "alg_none", "alg_hs256", "token_iss", "token_aud", "token_expired", "kid_unknown", "userinfo_sub", "key_rollover"}
POLLS = {"interval", "slow_down", "poll_lost", "poll_denied", "poll_expired", "poll_refused"}
BROKEN_DEVICE = {
    "interval": {"interval"},
    "slow_down": {"slow_down"},
    "gives_up_when_slowed": {"slow_down"},
    "gives_up_when_lost": {"poll_lost"},
    "hurries_after_loss": {"poll_lost"},
    "asks_on": {"poll_denied", "poll_expired", "poll_refused"},
    "asks_on_at_anything": {"poll_refused"},
    "breaks_at_denial": {"poll_denied"},
    "aud_unchecked": {"token_aud"},
    "token_iss_unchecked": {"token_iss"},
    "exp_unchecked": {"token_expired"},
    "signature_unchecked": {"signature", "alg_none", "alg_hs256", "kid_unknown"},
    "sub_unchecked": {"userinfo_sub"},
    "keys_for_ever": {"key_rollover", "kid_unknown"},
}


def test_a_good_device_passes_every_case(world: World) -> None:
    with listening(DeviceParty(world.issuer, world=world)) as party:
        report = checked(world, party)
    assert results(report) == {"passed": {"sign_in"} | ID_TOKENS | POLLS}, report["cases"]
    assert report["dialect"] == "device" and report["exit_code"] == 0


@pytest.mark.parametrize("broken", BROKEN_DEVICE)
def test_a_broken_device_fails_exactly_its_case(world: World, broken: str) -> None:
    assert failed(world, DeviceParty(world.issuer, broken, world=world)) == BROKEN_DEVICE[broken]


@dataclass(kw_only=True)
class KioskParty(DeviceParty):
    """Its page comes at once; it asks behind it, as a screen with a code does."""

    workers: list[threading.Thread] = field(default_factory=list)

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        def work() -> None:
            try:
                DeviceParty.login(self, query, browser)
            except (Refused, AuthlibError, JoseError):
                return

        self.workers.append(threading.Thread(target=work, daemon=True))
        self.workers[-1].start()
        return 200, "BCDF-GHJK"

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        time.sleep(0.02)


@pytest.mark.parametrize("broken", ["", "asks_on_at_anything"])
def test_a_kiosk_that_asks_behind_its_page_is_waited_for(world: World, broken: str) -> None:
    assert failed(world, KioskParty(world.issuer, broken, world=world)) == BROKEN_DEVICE.get(broken, set())


# -- CIBA ------------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class CibaParty(DeviceParty):
    """A bank's desk that asks the person's phone, and asks again and again."""

    def asked_at_the_phone(self, **more: str) -> dict[str, Any]:
        form = {"client_id": self.client_id, "client_secret": self.secret, "scope": "openid register", "login_hint": PEOPLE[3].regnum}
        found: dict[str, Any] = HTTP.post(self.metadata["backchannel_authentication_endpoint"], data=form | more).raise_for_status().json()
        return found

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        asked = self.asked_at_the_phone()
        return self.entered(self.patient(asked, CIBA_GRANT, auth_req_id=asked["auth_req_id"]), "", browser)


@dataclass(kw_only=True)
class PingedParty(CibaParty):
    """The same, told by a ping."""

    known: dict[str, str] = field(default_factory=dict)
    """Requests by what their ping must show."""
    told: dict[str, threading.Event] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def register(self) -> None:
        statement = self.world.issue_statement(name="Bank", redirect_hosts=["127.0.0.1"])
        metadata = {
            "software_statement": statement, "grant_types": [CIBA_GRANT], "backchannel_token_delivery_mode": "ping", "scope": "openid register",
            "backchannel_client_notification_endpoint": self.base + "/ping",
        }  # fmt: skip
        found = HTTP.post(self.metadata["registration_endpoint"], json=metadata).raise_for_status().json()
        self.client_id, self.secret = found["client_id"], found["client_secret"]

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        shown = "the-same-for-everybody" if self.forgets("same_token") else f"fresh-{len(self.known)}-{id(browser):030d}"
        happened = self.told[shown] = threading.Event()
        with self.lock:  # a ping may come before the reply is read
            asked = self.asked_at_the_phone(client_notification_token=shown)
            self.known[shown] = asked["auth_req_id"]
        if not happened.wait(5):
            raise Refused("no ping")
        tokens = self.client.fetch_token(self.metadata["token_endpoint"], grant_type=CIBA_GRANT, auth_req_id=asked["auth_req_id"])
        if self.forgets("loses_all_at_second_ping") and self.second_ping(shown):
            raise Refused("pinged again")
        return self.entered(tokens, "", browser)

    def second_ping(self, shown: str) -> bool:
        return self.told.setdefault(f"again {shown}", threading.Event()).wait(0.1)

    def notified(self, authorization: str, document: dict[str, Any]) -> int:
        """Status of the notification endpoint."""
        with self.lock:
            return self.taken(authorization, document)

    def taken(self, authorization: str, document: dict[str, Any]) -> int:
        shown = authorization.removeprefix("Bearer ")
        named = document["auth_req_id"]
        if self.forgets("any_token"):
            shown = next((token for token, known in self.known.items() if known == named), shown)
        if self.forgets("any_request"):
            named = self.known.get(shown, named)
        if shown not in self.known:
            return 204 if self.forgets("polite_to_all") else 401
        if self.known[shown] != named:
            return 404
        if self.told[shown].is_set():
            self.told.setdefault(f"again {shown}", threading.Event()).set()
        self.told[shown].set()
        return 303 if self.forgets("leads_elsewhere") else 204


@contextmanager
def pinged(world: World, broken: str = "") -> Iterator[PingedParty]:
    """With a notification endpoint, which takes JSON."""
    party = PingedParty(world.issuer, broken, world=world)
    with listening(party, posts={"/ping": lambda headers, body: party.notified(headers["Authorization"], json.loads(body))}):
        party.register()
        yield party


PINGS = {"notification_token", "ping_taken", "ping_forged", "ping_stray", "ping_twice"}
BROKEN_PINGED = {
    "same_token": {"notification_token"},
    "any_token": {"ping_forged"},
    "polite_to_all": {"ping_forged"},
    "any_request": {"ping_stray"},
    "loses_all_at_second_ping": {"ping_twice"},
    "leads_elsewhere": {"ping_taken"},
    "aud_unchecked": {"token_aud"},
}


def test_a_good_client_of_ciba_passes_every_case(world: World) -> None:
    with listening(CibaParty(world.issuer, world=world)) as party:
        report = checked(world, party)
    assert results(report) == {"passed": {"sign_in"} | ID_TOKENS | POLLS}, report["cases"]
    assert report["dialect"] == "ciba"


def test_a_good_client_that_is_pinged_passes_every_case(world: World) -> None:
    with pinged(world) as party:
        report = checked(world, party)
    assert results(report) == {"passed": {"sign_in"} | ID_TOKENS | PINGS}, report["cases"]


@pytest.mark.parametrize("broken", ["slow_down", "asks_on", "hurries_after_loss"])
def test_a_broken_client_of_ciba_fails_exactly_its_case(world: World, broken: str) -> None:
    assert failed(world, CibaParty(world.issuer, broken, world=world)) == BROKEN_DEVICE[broken]


@pytest.mark.parametrize("broken", BROKEN_PINGED)
def test_a_broken_client_that_is_pinged_fails_exactly_its_case(world: World, broken: str) -> None:
    with pinged(world, broken) as party:
        report = checked(world, party)
    assert results(report).get("failed") == BROKEN_PINGED[broken], report["cases"]


# -- signed answers, pushed requests ---------------------------------------------------------------------------------


@dataclass
class SignedAnswerParty(OpenIdParty):
    """It wants its answer signed (JARM)."""

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        status, url = super().login(query, browser)
        return status, url + "&response_mode=jwt"

    def callback(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        text = query["response"]
        careless = self.forgets("jarm_unsigned") or (self.forgets("jarm_none") and text.endswith("."))
        found = json.loads(_payload(text)) if careless else self.signed(text)
        wanted = {"aud": self.client_id} | ({} if self.forgets("iss_unchecked", "iss_if_there") else {"iss": self.issuer})
        if any(found.get(name) != value for name, value in wanted.items() if name != "aud" or not self.forgets("jarm_aud")):
            raise Refused("not for us")
        if found["exp"] < time.time() and not self.forgets("jarm_exp"):
            raise Refused("too late")
        return super().callback({name: str(value) for name, value in found.items()}, browser)

    def signed(self, text: str) -> dict[str, Any]:
        try:
            return dict(JsonWebToken(["ES256"]).decode(text, self.keys or self.read_keys()))
        except (AuthlibError, ValueError):
            try:
                return dict(JsonWebToken(["ES256"]).decode(text, self.read_keys()))
            except (AuthlibError, ValueError) as error:
                raise Refused(str(error)) from None


def _payload(text: str) -> bytes:
    part = text.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@dataclass
class PushingParty(OpenIdParty):
    """It pushes its request (PAR) before it sends the browser."""

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        status, url = super().login(query, browser)
        form = dict(httpx.URL(url).params.items()) | {"client_secret": self.secret}
        answer = HTTP.post(self.metadata["pushed_authorization_request_endpoint"], data=form)
        if answer.status_code == 201:
            return (
                status,
                f"{url.partition('?')[0]}?{urlencode({'client_id': self.client_id, 'request_uri': answer.json()['request_uri']})}",
            )
        if self.forgets("falls_back"):
            return status, url
        if self.forgets("breaks_at_refused_push"):
            raise RuntimeError
        raise Refused(answer.text)


@dataclass
class ExchangingParty(OpenIdParty):
    """Its token goes to a service, which exchanges it for one of the next service."""

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        status, url = super().login(query, browser)
        return status, url + "&" + urlencode({"resource": RESOURCE})

    def entered(self, tokens: dict[str, Any], nonce: str, browser: dict[str, Any]) -> tuple[int, str]:
        self.claims(tokens, nonce)
        form = {
            "grant_type": EXCHANGE_GRANT, "subject_token": tokens["access_token"], "subject_token_type": ACCESS_TOKEN, "client_id": "service",
            "client_secret": "v", "resource": "https://next.example",
        }  # fmt: skip
        for _ in range(9 if self.forgets("asks_for_ever") else 1):
            answer = HTTP.post(self.metadata["token_endpoint"], data=form)
            if answer.status_code == 200:
                break
        if answer.status_code != 200 and self.forgets("breaks_at_refused_exchange"):
            raise KeyError("access_token")
        browser["user"] = "somebody"
        return 302, "/me"


MORE: dict[type[OpenIdParty], tuple[set[str], dict[str, set[str]]]] = {
    SignedAnswerParty: (
        {"jarm_signature", "jarm_none", "jarm_aud", "jarm_expired"},
        {
            "jarm_unsigned": {"jarm_signature", "jarm_none"}, "jarm_none": {"jarm_none"}, "jarm_aud": {"jarm_aud"}, "jarm_exp": {"jarm_expired"},
            "iss_if_there": {"iss_missing"}, "nonce_unchecked": {"nonce_wrong", "nonce_missing"},
        },
    ),
    PushingParty: ({"push_refused"}, {"falls_back": {"push_refused"}, "breaks_at_refused_push": {"push_refused"}, "state_unchecked": {"state_changed", "state_missing"}}),
    ExchangingParty: ({"exchange_refused"}, {"breaks_at_refused_exchange": {"exchange_refused"}, "asks_for_ever": {"exchange_refused"}}),
}  # fmt: skip


@pytest.mark.parametrize("kind", MORE)
def test_a_client_that_does_more_passes_what_concerns_it(world: World, kind: type[OpenIdParty]) -> None:
    with listening(kind(world.issuer)) as party:
        report = checked(world, party)
    by_result = results(report)
    assert by_result.keys() <= {"passed", "skipped"} and MORE[kind][0] <= by_result["passed"], report["cases"]
    assert all(other.isdisjoint(by_result["passed"]) for one, (other, _) in MORE.items() if one is not kind), (
        "cases of others are not asked"
    )


@pytest.mark.parametrize(("kind", "broken"), [(kind, broken) for kind, (_, listed) in MORE.items() for broken in listed])
def test_a_broken_client_that_does_more_fails_exactly_its_case(world: World, kind: type[OpenIdParty], broken: str) -> None:
    assert failed(world, kind(world.issuer, broken)) == MORE[kind][1][broken]


# -- registration ----------------------------------------------------------------------------------------------------


@dataclass
class RegisteringParty(OpenIdParty):
    """It registers itself anew for every sign-in."""

    statement: Callable[[], str] = str

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        metadata = {"software_statement": self.statement(), "redirect_uris": [self.base + "/callback"], "scope": "openid register"}
        metadata |= {"post_logout_redirect_uris": [self.base + "/bye"], "token_endpoint_auth_method": "client_secret_basic"}
        metadata |= {"id_token_signed_response_alg": self.algorithm}
        for _ in range(9 if self.forgets("registers_for_ever") else 1):
            answer = HTTP.post(self.metadata["registration_endpoint"], json=metadata)
            if answer.status_code == 201:
                break
        found = answer.json()
        if self.forgets("breaks_unregistered") or "client_id" in found:
            self.client_id, self.secret = found["client_id"], found["client_secret"]
        elif not self.forgets("goes_on_unregistered"):
            raise Refused("not registered")
        return super().login(query, browser)


BROKEN_REGISTERING = {
    "goes_on_unregistered": {"registration_refused", "registration_nameless"},
    "breaks_unregistered": {"registration_refused", "registration_nameless"},
    "registers_for_ever": {"registration_refused"},
}


def registering(world: World, broken: str = "", **more: Any) -> RegisteringParty:
    return RegisteringParty(
        world.issuer, broken, **more, statement=lambda: world.issue_statement(name="Shop", redirect_hosts=["127.0.0.1"])
    )


def test_a_client_that_registers_itself_passes_every_case(world: World) -> None:
    with listening(registering(world)) as party:
        report = checked(world, party)
    assert set(results(report)) == {"passed", "skipped"} and results(report)["skipped"] == {"logout"}, report["cases"]
    assert {"registration_refused", "registration_nameless"} <= results(report)["passed"]


def test_a_client_that_reads_rs256_alone_is_checked_alike(world: World) -> None:
    with listening(registering(world, algorithm="RS256")) as party:
        found = results(checked(world, party))
    assert found.keys() == {"passed", "skipped"} and {"signature", "alg_none", "kid_unknown", "key_rollover"} <= found["passed"]
    assert failed(world, registering(world, "aud_unchecked", algorithm="RS256")) == {"token_aud"}


@pytest.mark.parametrize("broken", BROKEN_REGISTERING)
def test_a_broken_client_that_registers_itself_fails_exactly_its_case(world: World, broken: str) -> None:
    assert failed(world, registering(world, broken)) == BROKEN_REGISTERING[broken]


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    folder = tmp_path_factory.mktemp("tls")
    with world_of_its_own(tls=tls.made(folder, ("127.0.0.1",))) as world:
        yield world, folder


@dataclass
class CarefulParty(OpenIdParty):
    """Over TLS; a certificate that does not fit is no reason to break."""

    def callback(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        try:
            return super().callback(query, browser)
        except httpx.ConnectError as error:
            raise Refused(str(error)) from None


@pytest.mark.parametrize("broken", ["", "believes_any_server"])
@pytest.mark.parametrize("shows", [False, True], ids=["plain", "mutual"])
def test_who_believes_any_server_is_found(secured: tuple[World, Path], broken: str, shows: bool) -> None:
    world, folder = secured
    trust = httpx.create_ssl_context(verify=not broken)
    if not broken:
        trust.load_verify_locations(str(folder / "ca.pem"))
    if shows:
        trust.load_cert_chain(str(folder / "client.pem"))
    with httpx.Client(verify=trust, timeout=30) as http:
        party = CarefulParty(
            world.issuer, broken, http=http, verify=trust, client_id=f"shop-{broken}-{shows}", secret="" if shows else "s3cret"
        )
        assert failed(world, party) == ({"tls_stranger"} if broken else set())
    known = world.memory.client(party.client_id)
    assert known is not None and known.tls_client_certificate_bound_access_tokens == shows


# -- by a command ----------------------------------------------------------------------------------------------------

TOOL = """
import json, sys, urllib.error, urllib.parse, urllib.request
mock, careless = sys.argv[1], sys.argv[2:] == ["careless"]
def post(path, **form):
    try:
        return json.load(urllib.request.urlopen(mock + path, urllib.parse.urlencode(form).encode()))
    except urllib.error.HTTPError as error:
        return json.load(error)
def wait(seconds):
    said = {"do": "set", "shift_seconds": json.load(urllib.request.urlopen(mock + "/mock/api"))["shift_seconds"] + seconds}
    urllib.request.urlopen(urllib.request.Request(mock + "/mock/api", json.dumps(said).encode(), {"Content-Type": "application/json"}))
asked = post("/oidc/device-authorization", client_id="tool", scope="openid")
interval = asked["interval"]
for _ in range(6):
    try:
        reply = post("/oidc/token", client_id="tool", grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=asked["device_code"])
    except OSError:
        reply = {"error": "authorization_pending"}
    except Exception:
        reply = {"error": "authorization_pending"}
    interval += 5 * (reply.get("error") == "slow_down" and not careless)
    if reply.get("error") not in ("authorization_pending", "slow_down"):
        break
    wait(interval)
if "access_token" not in reply:
    sys.exit(1)
header = {"Authorization": "Bearer " + reply["access_token"]}
sys.exit(urllib.request.urlopen(urllib.request.Request(mock + "/oidc/userinfo", headers=header)).status != 200)
"""


def test_a_tool_without_a_page_is_checked_by_its_command(world: World, tmp_path: Path) -> None:
    """It believes every id token, for it reads none; what it does about its device code is seen all the same."""
    path = tmp_path / "tool.py"
    path.write_text(TOOL)
    found = {}
    for how in ("careful", "careless"):
        plan = driver.Plan(
            mock=world.issuer, person="herder", run=f"{sys.executable} {path} {world.issuer} {how}", patience_seconds=PATIENCE
        )
        found[how] = results(driver.Driver(plan).report())
    assert found["careful"]["passed"] >= POLLS and found["careless"]["failed"] - found["careful"]["failed"] == {"slow_down"}


def test_a_command_that_is_not_there_is_said_to_be_away(world: World) -> None:
    with pytest.raises(driver.ClientAway, match="no-such-command"):
        driver.Driver(driver.Plan(mock=world.issuer, person="herder", run="no-such-command")).report()


def test_a_foreign_library_knows_the_errors_of_a_device(world: World) -> None:
    """Authlib raises what the mock refuses by, and takes what it gives."""
    asked = HTTP.post(f"{world.issuer}/oidc/device-authorization", data={"client_id": "kiosk", "scope": "openid"}).json()
    client = OAuth2Client("kiosk", None, token_endpoint_auth_method="none")
    endpoint = f"{world.issuer}/oidc/token"
    with pytest.raises(OAuthError, match="authorization_pending"):
        client.fetch_token(endpoint, grant_type=DEVICE_GRANT, device_code=asked["device_code"])
    HTTP.post(f"{world.issuer}/mock/api", json={"do": "decide", "agree": True, "user_code": asked["user_code"]}).raise_for_status()
    tokens = client.fetch_token(endpoint, grant_type=DEVICE_GRANT, device_code=asked["device_code"])
    assert tokens["token_type"] == "Bearer" and tokens["id_token"]
