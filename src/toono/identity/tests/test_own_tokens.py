"""A client's own JWT is not remembered: it says everything itself, it still ends when it is revoked, and nobody else can say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from toono.identity.domain.oidc import introspection, revocation
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import digest
from toono.identity.limits import LIMITS
from toono.identity.tests.memory import DEVICE_KEY, RESOURCE, MemoryProvider, basic
from toono.kernel.jose import base64url, from_base64url

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (SEC 2 §2.4.2)."""
DETAIL = {"type": "toono_exchange", "actions": ["read"]}


@pytest.fixture
def op() -> MemoryProvider:
    return MemoryProvider()


def own_token(op: MemoryProvider, client_id: str = "full", *, resource: str = RESOURCE, **more: Any) -> str:
    form = {"grant_type": "client_credentials", "scope": "api", "resource": resource}
    return str(op.ask(urlencode(form), basic(client_id), **more)["access_token"])


def shown(op: MemoryProvider, value: str, client_id: str = "full") -> dict[str, Any]:
    request = Request(parameters=parse(urlencode({"token": value})), authorization=basic(client_id), path="/oidc/introspect")
    found = introspection.introspect(provider=op.provider, request=request, signed=False)
    assert isinstance(found, dict)
    return found


def revoke(op: MemoryProvider, value: str, client_id: str = "full") -> None:
    request = Request(parameters=parse(urlencode({"token": value})), authorization=basic(client_id), path="/oidc/revoke")
    revocation.revoke(provider=op.provider, request=request)


def resigned(op: MemoryProvider, value: str, *, key: ECKey | None = None, typ: str = "at+jwt", **changes: Any) -> str:
    """What the token says, changed, and signed by the provider's key or another."""
    claims = {k: v for k, v in (op.opened(value) | changes).items() if v is not None}
    key = key or op.key
    return str(jwt.encode({"alg": "ES256", "kid": key.kid, "typ": typ}, claims, key))


def test_it_is_shown_as_it_is_and_nothing_is_kept(op: MemoryProvider) -> None:
    value = own_token(op)
    assert op.tokens == {}
    assert shown(op, value) == {"active": True, "token_type": "Bearer"} | op.opened(value)
    assert shown(op, value, "stranger")["active"], "the resource for which it is"
    assert shown(op, value, "agency") == {"active": False}


def test_what_it_is_bound_to_and_what_it_may_comes_back(op: MemoryProvider) -> None:
    form = {"grant_type": "client_credentials", "scope": "api", "resource": RESOURCE, "authorization_details": json.dumps([DETAIL])}
    value = op.ask(urlencode(form), basic("full"), dpop=(op.proof(),))["access_token"]
    found = shown(op, value)
    assert found["token_type"] == "DPoP" and found["cnf"] == {"jkt": DEVICE_KEY.thumbprint()} and found["authorization_details"] == [DETAIL]


def test_acting_on_a_machines_token_tells_who_acts(op: MemoryProvider) -> None:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": own_token(op), "resource": RESOURCE, "scope": "api",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }  # fmt: skip
    value = op.ask(urlencode(form), basic("next"))["access_token"]
    assert shown(op, value, "next")["act"] == {"sub": "next"} and op.tokens == {}
    revoke(op, own := form["subject_token"])
    with pytest.raises(DirectRefusal, match="invalid_request"):
        op.ask(urlencode(form), basic("next"))
    assert not shown(op, own)["active"]


def test_it_ends_when_it_is_revoked_by_its_client_and_nobody_else(op: MemoryProvider) -> None:
    value, other = own_token(op), own_token(op)
    revoke(op, value, "stranger")
    assert shown(op, value)["active"]
    revoke(op, value)
    revoke(op, value)
    assert shown(op, value) == {"active": False} and shown(op, other)["active"]


@pytest.mark.parametrize("first", [True, False])
def test_the_other_text_of_the_same_signature_is_the_same_token(op: MemoryProvider, first: bool) -> None:
    """(r, n - s) verifies like (r, s), and needs no key to be written."""
    value = own_token(op)
    content, _, signature = value.rpartition(".")
    raw = from_base64url(signature)
    other = f"{content}.{base64url(raw[:32] + (ORDER - int.from_bytes(raw[32:])).to_bytes(32))}"
    assert other != value and shown(op, value)["active"] and shown(op, other)["active"]
    revoke(op, value if first else other)
    assert shown(op, value) == shown(op, other) == {"active": False}


def test_it_ends_in_time_and_with_its_client(op: MemoryProvider) -> None:
    value = own_token(op)
    client = op.clients["full"]
    op.clients["full"] = replace(client, tokens_from=op.now)
    assert not shown(op, value)["active"], "it had been switched off"
    op.later(seconds=2)
    later = own_token(op)
    assert shown(op, later)["active"]
    del op.clients["full"]
    assert not shown(op, later, "stranger")["active"]
    op.clients["full"] = client
    op.later(seconds=LIMITS.access_token_lifetime.total_seconds() + 1)
    assert not shown(op, later)["active"]


@pytest.mark.parametrize(
    "changes",
    [
        {"key": ECKey.generate_key("P-256", auto_kid=True)},
        {"typ": "JWT"},
        {"iss": "https://another.example"},
        {"auth_time": 1},
    ],
    ids=["by another's key", "an ID token", "another provider's", "a person's, of which nothing is remembered"],
)
def test_what_only_looks_like_one_is_none(op: MemoryProvider, changes: Mapping[str, Any]) -> None:
    assert shown(op, resigned(op, own_token(op), **changes)) == {"active": False}
    assert shown(op, resigned(op, own_token(op)))["active"], "only the change makes the difference"


def test_userinfo_says_that_it_is_not_for_it(op: MemoryProvider) -> None:
    with pytest.raises(DirectRefusal, match="insufficient_scope"):
        op.userinfo(f"Bearer {own_token(op)}")


def test_a_persons_jwt_is_remembered_and_ends_with_what_it_stands_on(op: MemoryProvider) -> None:
    given = op.flow(authorized={"resource": RESOURCE})
    assert digest(given["access_token"]) in op.tokens and shown(op, given["access_token"])["active"]
    op.revoke_grant(op.tokens[digest(given["access_token"])].grant.id)  # type: ignore[union-attr]
    assert not shown(op, given["access_token"])["active"]
