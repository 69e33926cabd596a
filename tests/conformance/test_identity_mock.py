"""The check of a client is itself checked: a good client by Authlib passes every case, and each broken one fails exactly its own."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from toono.identity.mock import driver, persons, server
from toono.identity.mock.world import World

PERSONAS = Path(__file__).resolve().parents[2] / "catalogue" / "personas.yaml"
PEOPLE = persons.persons(PERSONAS)


HTTP = httpx.Client(timeout=30)
"""Of all clients; making one takes longer than a sign-in."""


class Refused(Exception):
    """The client says no."""


@dataclass
class Party:
    """A system with a web page for each step; ``broken`` names what it forgets."""

    issuer: str
    broken: str = ""
    browsers: dict[str, dict[str, Any]] = field(default_factory=dict)
    pending: dict[str, Any] = field(default_factory=dict)
    """Of whichever browser: what a careless client looks into."""
    base: str = ""
    client_id: str = "shop"
    secret: str = "s3cret"

    def forgets(self, *names: str) -> bool:
        return self.broken in names

    def path(self, path: str, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        """Status, and the address of a redirect or the text of the page."""
        steps: dict[str, Callable[[dict[str, str], dict[str, Any]], tuple[int, str]]] = {
            "/login": self.login, "/callback": self.callback, "/me": self.me, "/logout": self.logout, "/bye": lambda *_: (200, "bye"),
            "/favicon.ico": lambda *_: (204, ""),
        }  # fmt: skip
        try:
            return steps[path](query, browser)
        except (Refused, JoseError) as error:
            return 403, f"not signed in: {error}"

    def me(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        return (200, browser["user"]) if "user" in browser else (401, "nobody")

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        raise NotImplementedError

    def callback(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        raise NotImplementedError

    def logout(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        browser.pop("user", None)
        return 302, "/bye"

    def asked(self, query: dict[str, str], browser: dict[str, Any]) -> dict[str, Any]:
        """The question to which this answer belongs; good for once."""
        held = self.pending if self.forgets("any_browser") else browser.get("pending", {})
        careless = self.forgets("no_state", "state_unchecked")
        found = next(iter(held.values()), None) if careless else held.get(query.get("state", ""))
        if found is None:
            raise Refused("nobody asked")
        if not self.forgets("replays"):
            held.clear()
        if "error" in query:
            if self.forgets("breaks_at_denial"):
                raise RuntimeError
            raise Refused(query["error"])
        return dict(found)

    def ask(self, browser: dict[str, Any], state: str, **question: Any) -> None:
        browser["pending"] = {state: question}
        self.pending = {state: question}


@dataclass
class OpenIdParty(Party):
    """By Authlib."""

    keys: Any = None
    posted: bool = False
    """It wants the answer as a form."""
    http: httpx.Client = HTTP
    verify: Any = False
    algorithm: str = "ES256"
    """Of id tokens, for which it registered."""

    def __post_init__(self) -> None:
        self.metadata = self.http.get(self.issuer + "/.well-known/openid-configuration").json()

    @property
    def client(self) -> Any:
        method = None if self.forgets("no_pkce") else "S256"
        return OAuth2Client(
            self.client_id,
            self.secret,
            redirect_uri=self.base + "/callback",
            scope="openid register",
            code_challenge_method=method,
            verify=self.verify,
        )

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        state = "the-very-same-state" if self.forgets("same_state") else secrets.token_urlsafe(24)
        extra: dict[str, str] = {} if self.forgets("no_pkce") else {"code_verifier": verifier}
        extra |= {} if self.forgets("no_nonce") else {"nonce": nonce}
        extra |= {"response_mode": "form_post"} if self.posted else {}
        url, _ = self.client.create_authorization_url(self.metadata["authorization_endpoint"], state=state, **extra)
        if self.forgets("no_state"):
            url = url.replace(f"&state={state}", "")
        if self.forgets("plain_pkce"):
            parts = parse_qs(urlsplit(url).query)
            url = url.replace(parts["code_challenge"][0], verifier).replace("method=S256", "method=plain")
        self.ask(browser, state, verifier=verifier, nonce=nonce)
        return 302, url

    def callback(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        asked = self.asked(query, browser)
        absent_is_well = "iss" not in query and self.forgets("iss_if_there")
        if query.get("iss") != self.issuer and not (self.forgets("iss_unchecked") or absent_is_well):
            raise Refused("another provider")
        tokens = self.client.fetch_token(
            self.metadata["token_endpoint"], code=query["code"], grant_type="authorization_code", code_verifier=asked["verifier"],
            redirect_uri=self.base + "/callback",
        )  # fmt: skip
        return self.entered(tokens, asked["nonce"], browser)

    def entered(self, tokens: dict[str, Any], nonce: str, browser: dict[str, Any]) -> tuple[int, str]:
        """The person is signed in, if the tokens say so."""
        claims = self.claims(tokens, nonce)
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        known = self.http.get(self.metadata["userinfo_endpoint"], headers=header).raise_for_status().json()
        if known["sub"] != claims["sub"] and not self.forgets("sub_unchecked"):
            raise Refused("another person")
        browser["user"], browser["id_token"] = known["given_name"], tokens["id_token"]
        return 302, "/me"

    def now(self) -> int | None:
        """None: everybody's clock."""
        return None

    def claims(self, tokens: dict[str, Any], nonce: str) -> Any:
        text = tokens["id_token"]
        header, body = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split(".")[:2])
        if self.is_careless(text, header["alg"]):
            claims = CodeIDToken(body, {"alg": self.algorithm}, self.claims_options(), self.claims_params(tokens, nonce))
        else:
            claims = self.decoded(text, tokens, nonce)
        leeway = 10**6 if self.forgets("exp_unchecked") else 5
        if self.forgets("nonce_unchecked", "no_nonce") or (self.forgets("nonce_if_there") and "nonce" not in claims):
            claims.params.pop("nonce")
        claims.validate(now=self.now(), leeway=leeway)
        return claims

    def is_careless(self, text: str, algorithm: str) -> bool:
        """Whether this client asks no further about the signature."""
        signed, _, signature = text.rpartition(".")
        if algorithm == "HS256" and self.forgets("hs256_allowed"):
            secret = (self.keys or self.read_keys()).keys[0].as_pem(is_private=False)
            assert signature == base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=").decode()
            return True
        return self.forgets("signature_unchecked") or (algorithm == "none" and self.forgets("none_allowed"))

    def claims_options(self) -> dict[str, Any]:
        wanted = {"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client_id}}
        left_out = {"token_iss_unchecked": "iss", "aud_unchecked": "aud"}.get(self.broken)
        return {name: how for name, how in wanted.items() if name != left_out}

    def claims_params(self, tokens: dict[str, Any], nonce: str) -> dict[str, Any]:
        params = {"nonce": nonce, "client_id": self.client_id, "access_token": tokens["access_token"]}
        return {name: value for name, value in params.items() if name != "client_id" or not self.forgets("aud_unchecked")}

    def decoded(self, text: str, tokens: dict[str, Any], nonce: str) -> Any:
        """Keys are kept; read again once when none fits."""
        more: dict[str, Any] = {
            "claims_cls": CodeIDToken, "claims_options": self.claims_options(), "claims_params": self.claims_params(tokens, nonce),
        }  # fmt: skip
        try:
            return JsonWebToken([self.algorithm]).decode(text, self.keys or self.read_keys(), **more)
        except ValueError:
            if self.forgets("keys_for_ever"):
                raise Refused("unknown key") from None
        try:
            return JsonWebToken([self.algorithm]).decode(text, self.read_keys(), **more)
        except ValueError:
            raise Refused("unknown key") from None

    def read_keys(self) -> Any:
        self.keys = JsonWebKey.import_key_set(self.http.get(self.metadata["jwks_uri"]).json())
        return self.keys

    def logout(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        if not self.forgets("stays_signed_in"):
            browser.pop("user", None)
        if self.forgets("leaves_alone"):
            return 302, "/bye"
        said = {"id_token_hint": browser.get("id_token", ""), "post_logout_redirect_uri": self.base + "/bye", "client_id": self.client_id}
        if self.forgets("no_hint"):
            said.pop("id_token_hint")
        return 302, f"{self.metadata['end_session_endpoint']}?{urlencode(said)}"


SCOPE = [
    {
        "services": ["WS100101_getCitizenIDCardInfo"],
        "wsdl": "https://xyp.gov.mn/citizen-1.3.0/ws?WSDL",
        "params": {"WS100101_getCitizenIDCardInfo": {"note": "шо"}},
    },
    {"services": ["WS100103_getCitizenAddressInfo"], "wsdl": "https://xyp.gov.mn/citizen-1.5.0/ws?WSDL"},
]
CARD = "WS100101_getCitizenIDCardInfo"


@dataclass
class DanParty(Party):
    """A plain client of ДАН."""

    def login(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        scope = base64.b64encode(json.dumps(SCOPE, ensure_ascii=False).encode()).decode()
        assert "+" in scope and scope.endswith("=")
        state = secrets.token_urlsafe(24)
        given = {
            "response_type": "code", "client_id": "0f-1e", "redirect_uri": self.base + "/callback", "scope": scope, "state": state,
        }  # fmt: skip
        if self.forgets("no_state"):
            given.pop("state")
        self.ask(browser, state)
        written = "&".join(f"{k}={v}" for k, v in given.items()) if self.forgets("raw_scope") else urlencode(given)
        return 302, f"{self.issuer}/oauth2/authorize?{written}"

    def callback(self, query: dict[str, str], browser: dict[str, Any]) -> tuple[int, str]:
        self.asked(query, browser)
        form = {
            "grant_type": "authorization_code", "code": query["code"], "client_id": "0f-1e", "client_secret": "c2VjcmV0",
            "redirect_uri": self.base + "/callback",
        }  # fmt: skip
        tokens = HTTP.post(self.issuer + "/oauth2/token", files={name: (None, value) for name, value in form.items()}).json()
        if "error" in tokens and not self.forgets("token_error_unread"):
            raise Refused(tokens["error"])
        answer = HTTP.get(self.issuer + "/oauth2/api/v1/service", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        if answer.status_code != 200 and not self.forgets("status_unread"):
            raise Refused(str(answer.status_code))
        found = answer.json()
        card = found[1]["services"][CARD] if self.forgets("by_position") else self.by_name(found)
        if card["resultCode"] != 0 and not self.forgets("result_unread", "nobody_is_somebody"):
            raise Refused(card["resultMessage"])
        nobody = {"firstname": "?"} if self.forgets("nobody_is_somebody") else None
        browser["user"] = (card["response"] or nobody)["firstname"]
        return 302, "/me"

    def by_name(self, found: list[dict[str, Any]]) -> dict[str, Any]:
        card: dict[str, Any] = next(one["services"][CARD] for one in found if CARD in one.get("services", {}))
        return card


@contextmanager
def listening(party: Party, posts: dict[str, Callable[[Any, bytes], int]] | None = None) -> Iterator[Party]:
    """The client's own web server.

    :param posts: what takes a body, without a browser: headers and body in, the status out.
    """

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if posts and self.path in posts:
                self.send_response(posts[self.path](self.headers, body))
                self.end_headers()
            else:
                self.do_GET(body.decode())

        def do_GET(self, form: str = "") -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(form or parts.query).items()}
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get("party")
            name = cookie.value if cookie else secrets.token_urlsafe(16)
            try:
                status, said = party.path(parts.path, query, party.browsers.setdefault(name, {}))
            except Exception as error:
                status, said = 500, repr(error)
            self.send_response(status)
            self.send_header("Set-Cookie", f"party={name}; Path=/; HttpOnly; Secure; SameSite=Lax")
            self.send_header(*(("Location", said) if status == 302 else ("Content-Type", "text/plain; charset=utf-8")))
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *arguments: Any) -> None: ...

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
    party.base = f"http://127.0.0.1:{web.server_port}"
    yield party
    web.shutdown()
    web.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with server.serving(World(issuer=address, people=PEOPLE), host="127.0.0.1", port=port):
        yield address


def checked(mock: str, party: Party, *, proof: bool = True) -> dict[str, Any]:
    plan = driver.Plan(
        mock=mock, start=party.base + "/login", person="herder", proof=party.base + "/me" if proof else "", logout=party.base + "/logout"
    )
    return driver.Driver(plan).report()


def results(report: dict[str, Any]) -> dict[str, set[str]]:
    """Cases by their result."""
    found: dict[str, set[str]] = {}
    for one in report["cases"]:
        found.setdefault(one["result"], set()).add(one["case"])
    return found


@pytest.mark.parametrize("kind", [OpenIdParty, DanParty])
@pytest.mark.parametrize("proof", [True, False])
def test_a_good_client_passes_every_case(mock: str, kind: type[Party], proof: bool) -> None:
    with listening(kind(mock)) as party:
        report = checked(mock, party, proof=proof)
    assert set(results(report)) == {"passed"}, [one for one in report["cases"] if one["result"] != "passed"]
    assert len(report["cases"]) == (23 if kind is OpenIdParty else 12) and report["exit_code"] == 0


def test_a_client_that_wants_its_answer_as_a_form_is_checked_alike(mock: str) -> None:
    with listening(OpenIdParty(mock, posted=True)) as party:
        assert set(results(checked(mock, party))) == {"passed"}
    with listening(OpenIdParty(mock, "any_browser", posted=True)) as party:
        assert results(checked(mock, party)).get("failed") == {"another_browser"}


BROKEN_OPENID = {
    "no_state": {"state"},
    "same_state": {"state"},
    "state_unchecked": {"state_changed", "state_missing"},
    "any_browser": {"another_browser"},
    "replays": {"code_replay"},
    "breaks_at_denial": {"denied"},
    "no_nonce": {"nonce"},
    "nonce_unchecked": {"nonce_wrong", "nonce_missing"},
    "nonce_if_there": {"nonce_missing"},
    "no_pkce": {"pkce"},
    "plain_pkce": {"pkce"},
    "iss_unchecked": {"mix_up", "iss_missing"},
    "iss_if_there": {"iss_missing"},
    "signature_unchecked": {"signature", "alg_none", "alg_hs256", "kid_unknown"},
    "none_allowed": {"alg_none"},
    "hs256_allowed": {"alg_hs256"},
    "token_iss_unchecked": {"token_iss"},
    "aud_unchecked": {"token_aud"},
    "exp_unchecked": {"token_expired"},
    "keys_for_ever": {"key_rollover", "kid_unknown"},
    "sub_unchecked": {"userinfo_sub"},
    "no_hint": {"logout"},
    "leaves_alone": {"logout"},
    "stays_signed_in": {"logout"},
}
BROKEN_DAN = {
    "no_state": {"state"},
    "state_unchecked": {"state_changed", "state_missing"},
    "any_browser": {"another_browser"},
    "replays": {"code_replay"},
    "breaks_at_denial": {"denied"},
    "raw_scope": {"scope"},
    "token_error_unread": {"token_error"},
    "status_unread": {"data_expired"},
    "by_position": {"data_order"},
    "result_unread": {"data_error"},
    "nobody_is_somebody": {"data_error"},
}


@pytest.mark.parametrize("broken", BROKEN_OPENID)
def test_a_broken_openid_client_fails_exactly_its_case(mock: str, broken: str) -> None:
    with listening(OpenIdParty(mock, broken)) as party:
        report = checked(mock, party)
    assert results(report).get("failed") == BROKEN_OPENID[broken], report["cases"]
    assert report["exit_code"] == 1 and "unclear" not in results(report)


@pytest.mark.parametrize("broken", BROKEN_DAN)
def test_a_broken_dan_client_fails_exactly_its_case(mock: str, broken: str) -> None:
    with listening(DanParty(mock, broken)) as party:
        report = checked(mock, party)
    assert results(report).get("failed") == BROKEN_DAN[broken], report["cases"]
    assert report["exit_code"] == 1 and "unclear" not in results(report)


@pytest.mark.parametrize("broken", ["aud_unchecked", "sub_unchecked", "state_unchecked"])
def test_without_a_page_that_proves_it_the_requests_and_the_end_tell(mock: str, broken: str) -> None:
    with listening(OpenIdParty(mock, broken)) as party:
        report = checked(mock, party, proof=False)
    assert results(report).get("failed") == BROKEN_OPENID[broken], report["cases"]


def test_a_page_that_everybody_sees_is_no_proof(mock: str) -> None:
    with listening(OpenIdParty(mock)) as party:
        plan = driver.Plan(mock=mock, start=party.base + "/login", person="herder", proof=party.base + "/bye")
        with pytest.raises(driver.ClientAway, match="proves nothing"):
            driver.Driver(plan).report()


def test_a_client_that_is_not_there_is_said_to_be_away(mock: str) -> None:
    plan = driver.Plan(mock=mock, start=f"http://127.0.0.1:{free_port()}/login", person="herder")
    with pytest.raises(driver.ClientAway, match="/login"):
        driver.Driver(plan).report()
