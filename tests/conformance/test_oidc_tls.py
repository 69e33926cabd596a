"""FAPI 2.0 as it is meant to stand: over TLS, with nginx as terminator, real certificates, and beside the portal the plane for machines."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from uuid import uuid4

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet

from tests.conformance.oidc_table import module
from tests.conformance.test_exchange_xroad_clients import Certificate, certificate
from tests.conformance.test_identity_flows import (
    CHALLENGE,
    VERIFIER,
    Party,
    agree,
)
from tests.nginx import nginx
from tests.stage import ROOT, free_ports

PLAN = "FAPI 2.0"
_SERVERS = """
  proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header Client-Cert $ssl_client_escaped_cert; proxy_set_header X-Toono-Terminator {terminator};
  ssl_certificate {server}.pem; ssl_certificate_key {server}.key; ssl_protocols TLSv1.2 TLSv1.3;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_verify_client optional_no_ca; ssl_verify_depth 0;
    location = /oidc/token {{ proxy_pass http://127.0.0.1:{plane}; }}
    location = /oidc/introspect {{ proxy_pass http://127.0.0.1:{plane}; }}
    location = /oidc/jwks {{ proxy_pass http://127.0.0.1:{plane}; }}
    location / {{ proxy_pass http://127.0.0.1:{portal}; }}
  }}
  server {{ listen 127.0.0.1:{back} ssl; location / {{ proxy_pass {party}; }} }}
"""


@dataclass
class Secured:
    """The platform behind its terminator, and a client of the profile."""

    issuer: str
    inner: dict[str, str]
    """Addresses behind the terminator: portal, plane."""
    back: str
    trust: ssl.SSLContext
    folder: Path
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k"}))

    def http(self, own: Certificate | None = None) -> httpx.Client:
        """A client that trusts the terminator's certificate, and shows its own where it has one."""
        trust = ssl.create_default_context(cafile=str(self.folder / "server.pem"))
        if own is not None:
            trust.load_cert_chain(str(own.pem), str(own.key))
        return httpx.Client(verify=trust, timeout=30)

    def register(self, **metadata: Any) -> str:
        import toono.identity.api as identity
        from toono.kernel.actor import system

        name = f"fapi-{uuid4().hex[:10]}"
        given: dict[str, Any] = {
            "client_name": "Банк", "redirect_uris": [self.back], "scope": "openid register", "profile": "fapi2", "require_pushed_authorization_requests": True,
        }  # fmt: skip
        identity.register_client(actor=system("tests"), client_id=name, metadata=given | metadata)
        return name

    def assertion(self, client_id: str, **changes: Any) -> dict[str, str]:
        now = int(time.time())
        claims = {"iss": client_id, "sub": client_id, "aud": self.issuer, "jti": uuid4().hex, "iat": now, "exp": now + 60} | changes
        text = jws.serialize_compact({"alg": "ES256", "kid": "k"}, json.dumps(claims).encode(), self.key)
        return {
            "client_id": client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": text,
        }


@pytest.fixture(scope="module")
def site() -> Iterator[Party]:
    """Where the person comes back to."""
    found = Party()
    yield found
    found.server.shutdown()


@pytest.fixture(scope="module")
def secured(stack: Any, site: Party, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("terminator")
    folder.chmod(0o755)
    certificate(folder, "server")
    port, portal, plane, back = free_ports(4)
    issuer = f"https://localhost:{port}"
    environment = stack.environment | {"TOONO_PUBLIC_URL": issuer, "TOONO_GATEWAY_TLS": "yes", "TOONO_INNER_URL": stack.base_url}
    granian = [sys.executable, "-m", "granian", "--log-level", "warning", "--http", "1", "--no-ws"]
    processes = [
        subprocess.Popen([*granian, "toono.entry.web:application", "--interface", "wsgi", "--blocking-threads", "4", "--port", str(portal)], cwd=ROOT, env=environment),
        subprocess.Popen([*granian, "toono.entry.idp:application", "--interface", "rsgi", "--loop", "uvloop", "--port", str(plane)], cwd=ROOT, env=environment),
    ]  # fmt: skip
    said = _SERVERS.format(
        terminator=stack.settings.secret("terminator_key"), server=folder / "server", port=port, portal=portal, plane=plane, back=back, party=site.base
    )  # fmt: skip
    trust = ssl.create_default_context(cafile=str(folder / "server.pem"))
    inner = {"portal": f"http://127.0.0.1:{portal}", "plane": f"http://127.0.0.1:{plane}"}
    try:
        for address in (inner["portal"] + "/health/ready", inner["plane"] + "/health/live"):
            stack.wait(lambda address=address: _answers(address), timeout=60)
        with nginx(folder, said, answers=issuer):
            yield Secured(issuer, inner, f"https://localhost:{back}/back", trust, folder)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def browser(stack: Any, secured: Secured, fresh_person: Any) -> Any:
    from toono.entry.person import Person

    known = fresh_person()
    found = Person(secured.issuer, sms=lambda: stack.sms(known["phone"]))
    found.client = httpx.Client(
        base_url=secured.issuer, verify=secured.trust, follow_redirects=True, timeout=30, headers={"Accept-Language": "mn"}
    )
    found.regnum, found.civil_id = known["regnum"], known["civil_id"]
    return found


class Proofs:
    """DPoP with the server's nonce."""

    def __init__(self) -> None:
        self.key, self.nonce = ECKey.generate_key("P-256"), ""

    def header(self, method: str, url: str, token: str | None = None, **changes: Any) -> dict[str, str]:
        claims = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": int(time.time()), "nonce": self.nonce} | changes
        if token:
            claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.as_dict(private=False)}
        return {"DPoP": jws.serialize_compact(head, json.dumps(claims).encode(), self.key)}

    def post(self, secured: Secured, http: httpx.Client, path: str, form: dict[str, str], client_id: str) -> httpx.Response:
        for _ in range(2):
            answer = http.post(
                secured.issuer + path, data=form | secured.assertion(client_id), headers=self.header("POST", secured.issuer + path)
            )
            self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
            if answer.json().get("error") != "use_dpop_nonce":
                break
        return answer


def wanted(secured: Secured, client_id: str, **more: str) -> dict[str, str]:
    return {
        "response_type": "code", "client_id": client_id, "redirect_uri": secured.back, "scope": "openid register", "state": "s", "nonce": "n",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    } | more  # fmt: skip


def come_back(secured: Secured, site: Party, browser: Any, client_id: str, request_uri: str) -> str:
    """Sign in, agree, and give the code with which the browser came back."""
    browser.sign_in(
        browser.regnum, path=f"{secured.issuer}/oidc/authorize?{urlencode({'client_id': client_id, 'request_uri': request_uri})}"
    )
    if browser.path == "/identity/consent":
        agree(browser, *browser.page.xpath("//input[@name='item']/@value"))
    assert str(browser.answer.url).startswith(secured.back), browser.text
    found = parse_qs(urlsplit(site.arrived[-1]).query)
    assert found["iss"] == [secured.issuer]
    return found["code"][0]


@module(PLAN, "fapi2-security-profile-final-live-over-tls-private-key-jwt-dpop")
def test_the_profile_over_tls_with_dpop(stack: Any, secured: Secured, site: Party, browser: Any) -> None:
    client_id = secured.register(
        token_endpoint_auth_method="private_key_jwt", jwks={"keys": [secured.key.as_dict(private=False)]}, dpop_bound_access_tokens=True
    )
    proofs = Proofs()
    with secured.http() as http:
        metadata = http.get(secured.issuer + "/.well-known/openid-configuration").json()
        assert metadata["issuer"] == secured.issuer and all(
            v.startswith("https://") for k, v in metadata.items() if k.endswith("_endpoint")
        )
        pushed = proofs.post(secured, http, "/oidc/par", wanted(secured, client_id), client_id)
        assert pushed.status_code == 201, pushed.text
        code = come_back(secured, site, browser, client_id, pushed.json()["request_uri"])
        kept = {cookie.name: cookie.secure for cookie in browser.client.cookies.jar}
        assert kept["__Host-identity-session"] and kept["__Host-identity-browser"]
        assert browser.client.get("/").headers["Strict-Transport-Security"].startswith("max-age=")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": secured.back, "code_verifier": VERIFIER}
        plain = http.post(secured.issuer + "/oidc/token", data=form | secured.assertion(client_id))
        assert plain.json()["error"] == "invalid_dpop_proof", "no bearer token for a client of the profile"
        tokens = proofs.post(secured, http, "/oidc/token", form, client_id).raise_for_status().json()
        keys = KeySet.import_key_set(http.get(metadata["jwks_uri"]).json())
        assert jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims["iss"] == secured.issuer and tokens["token_type"] == "DPoP"
        userinfo = secured.issuer + "/oidc/userinfo"
        shown = {"Authorization": f"DPoP {tokens['access_token']}"}
        assert (
            http.get(userinfo, headers=shown | proofs.header("GET", userinfo, tokens["access_token"])).json()["civil_id"]
            == browser.civil_id
        )
        for header in (
            {"Authorization": f"Bearer {tokens['access_token']}"},
            shown,
            shown | Proofs().header("GET", userinfo, tokens["access_token"]),
        ):
            assert http.get(userinfo, headers=header).status_code == 401
        for audience in (secured.issuer + "/oidc/token", [secured.issuer], "https://other.example"):
            answer = http.post(secured.issuer + "/oidc/par", data=wanted(secured, client_id) | secured.assertion(client_id, aud=audience))
            assert answer.status_code == 401
        unpushed = browser.client.get(f"{secured.issuer}/oidc/authorize?{urlencode(wanted(secured, client_id))}")
        assert unpushed.url.params["error"] == "invalid_request"


@module(PLAN, "fapi2-security-profile-final-live-over-tls-mtls", "fapi2-security-profile-final-ensure-forged-certificate-header-fails")
def test_a_certificate_proves_the_client_and_a_forged_header_nothing(
    stack: Any, secured: Secured, site: Party, browser: Any, tmp_path: Path
) -> None:
    own, other = certificate(tmp_path, "own"), certificate(tmp_path, "other")
    thumbprint = base64.urlsafe_b64encode(bytes.fromhex(own.digest)).rstrip(b"=").decode()
    client_id = secured.register(
        token_endpoint_auth_method="self_signed_tls_client_auth", tls_client_certificate_sha256=thumbprint, tls_client_certificate_bound_access_tokens=True,
        grant_types=["authorization_code", "client_credentials"], scope="openid register api",
    )  # fmt: skip
    machine = {"grant_type": "client_credentials", "client_id": client_id, "scope": "api"}
    escaped = quote(own.pem.read_text())
    with secured.http(own) as mine, secured.http(other) as stranger, secured.http() as nobody:
        given = mine.post(secured.issuer + "/oidc/token", data=machine)
        assert given.status_code == 200, given.text
        forged = {"Client-Cert": escaped, "X-Toono-Terminator": "guess"}
        for http, headers in ((stranger, {}), (nobody, {}), (nobody, forged), (stranger, forged)):
            answer = http.post(secured.issuer + "/oidc/token", data=machine, headers=headers)
            assert answer.status_code == 401 and answer.json()["error"] == "invalid_client"
        for base in secured.inner.values():
            assert httpx.post(base + "/oidc/token", data=machine, headers=forged, timeout=30).status_code == 401, "past the terminator"
        pushed = mine.post(secured.issuer + "/oidc/par", data=wanted(secured, client_id)).raise_for_status().json()
        code = come_back(secured, site, browser, client_id, pushed["request_uri"])
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": secured.back,
            "code_verifier": VERIFIER,
            "client_id": client_id,
        }
        assert stranger.post(secured.issuer + "/oidc/token", data=form).status_code == 401
        token = mine.post(secured.issuer + "/oidc/token", data=form).raise_for_status().json()["access_token"]
        header = {"Authorization": f"Bearer {token}"}
        userinfo = secured.issuer + "/oidc/userinfo"
        assert mine.get(userinfo, headers=header).json()["civil_id"] == browser.civil_id
        for http, more in ((stranger, {}), (nobody, {}), (nobody, forged)):
            assert http.get(userinfo, headers=header | more).status_code == 401, "stolen, it is worth nothing"
        seen = mine.post(secured.issuer + "/oidc/introspect", data={"token": token, "client_id": client_id}).json()
        assert seen["active"] and seen["cnf"] == {"x5t#S256": thumbprint}
