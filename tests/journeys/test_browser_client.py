"""An application that is nothing but a page: public, with PKCE, on an origin of its own, talking to the provider by ``fetch`` in a real Chromium."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from tests.conformance.test_oidc_live import plane  # noqa: F401
from tests.stage import Stack

APPLICATION = """
const setup = SETUP, store = sessionStorage
const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "")
const random = () => text(crypto.getRandomValues(new Uint8Array(32)))
const sha256 = async (value) => text(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(value)))
const json = (value) => text(new TextEncoder().encode(JSON.stringify(value)))

async function begin(provider) {
  const verifier = random(), state = random()
  store.setItem("verifier", verifier)
  store.setItem("state", state)
  location = provider.authorization_endpoint + "?" + new URLSearchParams({
    response_type: "code", client_id: setup.client_id, redirect_uri: setup.back, scope: "openid offline_access", state, nonce: random(),
    code_challenge: await sha256(verifier), code_challenge_method: "S256",
  })
}

class Prover {
  nonce = null

  async proof(method, address, token) {
    this.keys ??= await crypto.subtle.generateKey({name: "ECDSA", namedCurve: "P-256"}, false, ["sign"])
    const {kty, crv, x, y} = await crypto.subtle.exportKey("jwk", this.keys.publicKey)
    const claims = {jti: random(), htm: method, htu: address, iat: Math.floor(Date.now() / 1000)}
    if (this.nonce) claims.nonce = this.nonce
    if (token) claims.ath = await sha256(token)
    const signed = json({typ: "dpop+jwt", alg: "ES256", jwk: {kty, crv, x, y}}) + "." + json(claims)
    const signature = await crypto.subtle.sign({name: "ECDSA", hash: "SHA-256"}, this.keys.privateKey, new TextEncoder().encode(signed))
    return signed + "." + text(signature)
  }
}

async function call(prover, sent, method, address, {form, token, ...more} = {}) {
  for (let turn = 0; turn < 2; turn++) {
    const headers = {}
    if (token) headers.Authorization = (prover ? "DPoP " : "Bearer ") + token
    if (prover) headers.DPoP = await prover.proof(method, more.means ?? address, token)
    const answer = await fetch(address, {method, headers, body: form && new URLSearchParams(form)})
    const said = await answer.text()
    const told = {status: answer.status, body: said ? JSON.parse(said) : null, authenticate: answer.headers.get("WWW-Authenticate")}
    told.number = answer.headers.get("X-Request-Id")
    sent.push(told)
    const nonce = answer.headers.get("DPoP-Nonce")
    if (!prover || !nonce || told.status < 400) return told
    prover.nonce = nonce
  }
}

async function finish(provider, answered) {
  const prover = setup.dpop ? new Prover() : null, sent = []
  const token_endpoint = setup.token_endpoint ?? provider.token_endpoint
  if (answered.get("state") !== store.getItem("state") || answered.get("iss") !== provider.issuer) throw new Error("not our answer")
  const form = {client_id: setup.client_id, grant_type: "authorization_code", redirect_uri: setup.back, code: answered.get("code")}
  const means = provider.token_endpoint
  const wrong = await call(null, sent, "POST", token_endpoint, {form: {...form, code: "wrong", code_verifier: random()}})
  const tokens = (await call(prover, sent, "POST", token_endpoint, {form: {...form, code_verifier: store.getItem("verifier")}, means})).body
  const person = await call(prover, sent, "GET", provider.userinfo_endpoint, {token: tokens.access_token})
  const again = (await call(prover, sent, "POST", token_endpoint, {
    form: {client_id: setup.client_id, grant_type: "refresh_token", refresh_token: tokens.refresh_token}, means,
  })).body
  const gone = await call(null, sent, "POST", provider.revocation_endpoint, {form: {client_id: setup.client_id, token: again.refresh_token}})
  const after = await call(prover, sent, "GET", provider.userinfo_endpoint, {token: again.access_token})
  const keys = await (await fetch(provider.jwks_uri)).json()
  const closed = await fetch(provider.introspection_endpoint, {method: "POST", body: new URLSearchParams({token: "x"})}).then(() => "read", (e) => e.name)
  return {wrong, tokens, person, again, gone, after, closed, keys: keys.keys.length, sent}
}

async function main() {
  const provider = await (await fetch(setup.issuer + "/.well-known/openid-configuration")).json()
  const answered = new URLSearchParams(location.search)
  if (!answered.has("iss")) return begin(provider)
  window.found = await finish(provider, answered).catch((error) => ({failed: String(error)}))
}
main()
"""


class Site:
    """The application's own server: one page, and its script with what ``setup`` says."""

    def __init__(self) -> None:
        self.setup: dict[str, Any] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                script = APPLICATION.replace("SETUP", json.dumps(site.setup), 1)
                page = f"<!doctype html><title>App</title><link rel=icon href=data:,><script type=module>{script}</script>".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *arguments: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/app"


@pytest.fixture
def site(stack: Stack) -> Iterator[Site]:
    """Served, and registered with the provider as a public client."""
    import toono.identity.api as identity
    from toono.kernel.actor import system

    found = Site()
    metadata: dict[str, object] = {
        "client_name": "Хуудас", "redirect_uris": [found.address], "scope": "openid offline_access", "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    }  # fmt: skip
    made = identity.register_client(actor=system("tests"), client_id=f"page-{uuid4().hex[:8]}", metadata=metadata)
    found.setup = {"issuer": stack.base_url, "client_id": made.client_id, "back": found.address}
    threading.Thread(target=found.server.serve_forever, daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def run(page: Page, site: Site) -> dict[str, Any]:
    """Through the application, once; what its script has found."""
    page.goto(site.address)
    page.locator("button[value=agree]").click()
    found: dict[str, Any] = page.wait_for_function("() => window.found").json_value()
    assert "failed" not in found, found
    return found


def is_whole(found: dict[str, Any]) -> None:
    """Every answer was read, refusals and their headers too; and what is for servers was not."""
    assert found["wrong"]["body"]["error"] == "invalid_grant" and found["wrong"]["number"]
    assert {"access_token", "id_token", "refresh_token"} <= found["tokens"].keys()
    assert found["person"]["status"] == 200 and found["person"]["body"].keys() == {"sub"}
    assert found["again"]["access_token"] != found["tokens"]["access_token"]
    assert found["gone"]["status"] == 200
    assert found["after"]["status"] == 401 and "invalid_token" in found["after"]["authenticate"]
    assert found["keys"] >= 1 and found["closed"] == "TypeError", "introspection is for servers"


def test_a_page_signs_somebody_in_by_a_bearer_token(site: Site, signed_in: Page) -> None:
    found = run(signed_in, site)
    is_whole(found)
    assert found["tokens"]["token_type"] == "Bearer"


@pytest.mark.parametrize("where", ["portal", "plane"])
def test_a_page_proves_its_key_with_the_nonce_that_it_was_told(
    request: pytest.FixtureRequest, site: Site, signed_in: Page, where: str
) -> None:
    """From the portal, and from the plane for machines: browsers ask both alike."""
    site.setup["dpop"] = True
    if where == "plane":
        site.setup["token_endpoint"] = request.getfixturevalue("plane") + "/oidc/token"
    found = run(signed_in, site)
    is_whole(found)
    assert found["tokens"]["token_type"] == "DPoP"
    assert "use_dpop_nonce" in [(one["body"] or {}).get("error") for one in found["sent"]]


def test_cookies_of_the_person_go_with_none_of_it(site: Site, signed_in: Page) -> None:
    """The person is signed in to the provider in this very browser, and its scripts may say nothing of it."""
    run(signed_in, site)
    kinds = signed_in.evaluate(
        "() => Promise.all(['/oidc/userinfo', '/oidc/jwks', '/identity/connections', '/oidc/authorize']"
        f".map((path) => fetch('{site.setup['issuer']}' + path, {{credentials: 'include'}}).then((a) => a.status, (e) => e.name)))"
    )
    assert kinds == ["TypeError"] * 4
