"""RFC 8725 and RFC 9700: one table of every place that reads a signed text, and every way to forge one. What passes where it should is shown beside."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey, RSAKey

from tests.conformance.oidc_table import module
from toono.identity.domain.oidc import ciba, introspection, registration
from toono.identity.domain.oidc.logout import logout
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.tests.memory import ISSUER, KEY, NOW, RESOURCE, SESSION, MemoryProvider, basic, signed, unsigned

STRANGER, RSA = ECKey.generate_key("P-256"), RSAKey.generate_key(2048)
EVIL = "https://evil.example/keys"
LATER = int(NOW.timestamp()) + 60


@dataclass(frozen=True)
class Reader:
    """A place that believes a signed text."""

    typ: str
    claims: Callable[[], dict[str, Any]]
    believes: Callable[[MemoryProvider, str], bool]
    of_client: bool = False
    """The client's key signs it, not the provider's."""

    def key(self, op: MemoryProvider) -> ECKey:
        return KEY if self.of_client else op.key


def _refused(act: Callable[[], Any]) -> bool:
    try:
        act()
    except (DirectRefusal, PageRefusal):
        return True
    return False


def _asked_by_phone(op: MemoryProvider, text: str) -> bool:
    request = Request(parameters=parse(urlencode({"scope": "openid", "id_token_hint": text})), authorization=basic("full"))
    return not _refused(lambda: ciba.start(provider=op.provider, request=request))


def _signs_out(op: MemoryProvider, text: str) -> bool:
    return logout(provider=op.provider, parameters=parse(urlencode({"id_token_hint": text})), session=SESSION).confirmed


def _registers(op: MemoryProvider, text: str) -> bool:
    metadata = {"software_statement": text, "redirect_uris": ["https://bank.example/back"]}
    return not _refused(lambda: registration.register(provider=op.provider, metadata=metadata))


def _introspects(op: MemoryProvider, text: str) -> bool:
    request = Request(parameters=parse(urlencode({"token": text})), authorization=basic("full"), path="/oidc/introspect")
    answer = introspection.introspect(provider=op.provider, request=request, signed=False)
    return isinstance(answer, dict) and bool(answer["active"])


def _proves(op: MemoryProvider, text: str) -> bool:
    form = {"grant_type": "client_credentials", "scope": "api"} | op.assertion() | {"client_assertion": text}
    return not _refused(lambda: op.ask(urlencode(form)))


def _id_token() -> dict[str, Any]:
    return {"iss": ISSUER, "sub": "person-1", "aud": "full", "sid": "sid-1", "exp": LATER}


def _statement() -> dict[str, Any]:
    bounds = {"grant_types": ["authorization_code"], "scope": "openid", "redirect_hosts": ["bank.example"]}
    return registration.statement_claims(
        issuer=ISSUER, issued=LATER - 60, identifier=secrets.token_hex(8), software_id="bank", client_name="Банк", bounds=bounds
    )


def _own_token() -> dict[str, Any]:
    return {"iss": ISSUER, "aud": RESOURCE, "client_id": "full", "sub": "full", "scope": "api", "jti": "j", "iat": LATER - 60, "exp": LATER}


def _assertion() -> dict[str, Any]:
    return {"iss": "by-key", "sub": "by-key", "aud": ISSUER, "jti": secrets.token_hex(8), "exp": LATER}


def _request() -> dict[str, Any]:
    asked = MemoryProvider().request_object().split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(asked + "==")))


READERS = {
    "a hint of who signs in": Reader("JWT", _id_token, lambda op, text: "code" in op.answered(id_token_hint=text, prompt="none")),
    "a hint of who signs out": Reader("JWT", lambda: _id_token() | {"aud": "agency"}, _signs_out),
    "a hint of whom to ask": Reader("JWT", _id_token, _asked_by_phone),
    "a software statement": Reader(registration.STATEMENT_TYPE, _statement, _registers),
    "a client's own access token": Reader("at+jwt", _own_token, _introspects),
    "a client's proof of itself": Reader("JWT", _assertion, _proves, of_client=True),
    "a signed request": Reader(
        "oauth-authz-req+jwt", _request, lambda op, text: "code" in op.answered(client_id="by-key", request=text), of_client=True
    ),
}


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _hs256(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """By hand: no library would take a public key for a secret."""
    text = f"{_part(header | {'alg': 'HS256'})}.{_part(claims)}"
    return f"{text}.{base64.urlsafe_b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).rstrip(b'=').decode()}"


def _tampered(text: str) -> str:
    head, body, signature = text.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return ".".join([head, _part(claims | {"more": 1}), signature])


Forge = Callable[[dict[str, Any], dict[str, Any], ECKey], str]
"""From the header and claims of a good one, and the key by which it would be checked, to a false one."""
FORGERIES: dict[str, Forge] = {
    "alg none": lambda head, claims, _: unsigned(head | {"alg": "none"}, claims),
    "alg nOnE": lambda head, claims, _: unsigned(head | {"alg": "nOnE"}, claims),
    "alg none, with a signature": lambda head, claims, key: (
        unsigned(head | {"alg": "none"}, claims) + signed(head, claims, key).split(".")[2]
    ),
    "the public key as secret, PEM": lambda head, claims, key: _hs256(head, claims, key.as_pem(private=False)),
    "the public key as secret, JWK": lambda head, claims, key: _hs256(head, claims, json.dumps(key.as_dict(private=False)).encode()),
    "no secret, kid of an empty file": lambda head, claims, _: _hs256(head | {"kid": "../../../../dev/null"}, claims, b""),
    "kid traversal": lambda head, claims, _: signed(head | {"kid": "../../../etc/hostname"}, claims, STRANGER),
    "kid of a query": lambda head, claims, _: signed(head | {"kid": "x' UNION SELECT 1 --"}, claims, STRANGER),
    "jku": lambda head, claims, _: signed({k: v for k, v in head.items() if k != "kid"} | {"jku": EVIL}, claims, STRANGER),
    "x5u": lambda head, claims, _: signed({k: v for k, v in head.items() if k != "kid"} | {"x5u": EVIL}, claims, STRANGER),
    "its own jwk": lambda head, claims, _: signed(head | {"jwk": STRANGER.as_dict(private=False)}, claims, STRANGER),
    "another key under the right kid": lambda head, claims, _: signed(head, claims, STRANGER),
    "another algorithm": lambda head, claims, _: signed(head | {"alg": "RS256"}, claims, RSA),
    "a tampered body": lambda head, claims, key: _tampered(signed(head, claims, key)),
    "a cut signature": lambda head, claims, key: signed(head, claims, key).rpartition(".")[0] + ".",
    "two parts": lambda head, claims, key: signed(head, claims, key).rpartition(".")[0],
    "another kind of token": lambda head, claims, key: signed(head | {"typ": "toono-other+jwt"}, claims, key),
}
CASES = [(name, forgery) for name in READERS for forgery in FORGERIES]


def good(op: MemoryProvider, reader: Reader) -> tuple[dict[str, Any], dict[str, Any], ECKey]:
    key = reader.key(op)
    return {"alg": "ES256", "typ": reader.typ, "kid": key.kid}, reader.claims(), key


@pytest.mark.parametrize("name", READERS)
def test_what_is_rightly_signed_is_believed(name: str) -> None:
    op, reader = MemoryProvider(), READERS[name]
    head, claims, key = good(op, reader)
    assert reader.believes(op, signed(head, claims, key))


@module("RFC 9700", "alg-none-everywhere", "key-confusion-everywhere", "kid-traversal-everywhere", "jku-everywhere")
@pytest.mark.parametrize(("name", "forgery"), CASES)
def test_what_is_forged_is_believed_nowhere(name: str, forgery: str) -> None:
    op, reader = MemoryProvider(), READERS[name]
    text = FORGERIES[forgery](*good(op, reader))
    assert not reader.believes(op, text)
    assert not op.tokens and (name == "a signed request" or len(op.clients) == len(MemoryProvider().clients))
