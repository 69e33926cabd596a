"""FAPI-CIBA-ID1 and RFC 8628: requests that their person answers elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conformance.oidc_table import module
from toono.identity.domain.oidc import ciba, device_grant
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import ApprovalState, Grant, digest
from toono.identity.limits import LIMITS
from toono.identity.tests.memory import SESSION, MemoryProvider, basic

PLAN = "FAPI-CIBA"


@pytest.fixture
def op() -> MemoryProvider:
    return MemoryProvider()


def start(op: MemoryProvider, who: str = "full", **changes: str | None) -> Any:
    values = {"scope": "openid register", "login_hint": "УБ95010112", "binding_message": "A-1"} | changes
    form = parse(urlencode({k: v for k, v in values.items() if v is not None}))
    return ciba.start(provider=op.provider, request=Request(parameters=form, authorization=basic(who)))


def poll(op: MemoryProvider, value: str, who: str = "full", kind: str = ciba.GRANT, name: str = "auth_req_id") -> Any:
    return op.ask(urlencode({"grant_type": kind, name: value}), basic(who))


def answer(op: MemoryProvider, value: str, *, agreed: bool = True) -> None:
    grant = Grant(id="g", client_id="full", session=SESSION, scope="openid register", userinfo_claims=("given_name",))
    op.save_grant(grant)
    state = ApprovalState.APPROVED if agreed else ApprovalState.REFUSED
    op.approvals[digest(value)] = replace(op.approvals[digest(value)], state=state, grant=grant if agreed else None)


def error(op: MemoryProvider, *arguments: Any, **more: Any) -> str:
    with pytest.raises(DirectRefusal) as refused:
        poll(op, *arguments, **more)
    return str(refused.value.error)


@module(PLAN, "fapi-ciba-id1", "fapi-ciba-id1-ensure-authorization-pending", "fapi-ciba-id1-auth-req-id-single-use")
def test_approved(op: MemoryProvider) -> None:
    asked = start(op)
    assert error(op, asked["auth_req_id"]) == "authorization_pending"
    answer(op, asked["auth_req_id"])
    given = poll(op, asked["auth_req_id"])
    assert op.opened(given["id_token"])["sub"] == "person-1" and op.userinfo(f"Bearer {given['access_token']}")["given_name"]
    assert error(op, asked["auth_req_id"]) == "invalid_grant"


@module(
    PLAN,
    "fapi-ciba-id1-user-rejects-authentication",
    "fapi-ciba-id1-ensure-auth-req-id-expired",
    "fapi-ciba-id1-ensure-wrong-auth-request-id-in-token-endpoint-request",
    "fapi-ciba-id1-ensure-wrong-client-id-in-token-endpoint-request",
)
def test_refused_expired_wrong(op: MemoryProvider) -> None:
    refused, late = start(op)["auth_req_id"], start(op, requested_expiry="30")["auth_req_id"]
    answer(op, refused, agreed=False)
    assert error(op, refused) == "access_denied"
    assert error(op, "wrong") == error(op, late, "stranger") == "invalid_grant"
    op.later(seconds=31)
    assert error(op, late) == "expired_token"


@module(PLAN, "fapi-ciba-id1-multiple-call-to-token-endpoint-slow-down")
def test_who_asks_too_soon_waits_longer(op: MemoryProvider) -> None:
    value = start(op)["auth_req_id"]
    assert error(op, value) == "authorization_pending"
    op.later(seconds=4)
    assert error(op, value) == "slow_down"
    op.later(seconds=6)
    assert error(op, value) == "slow_down", "the interval grew to ten seconds"
    op.later(seconds=16)
    assert error(op, value) == "authorization_pending"


@module(
    PLAN,
    "fapi-ciba-id1-ensure-request-missing-hint",
    "fapi-ciba-id1-ensure-request-multiple-hints",
    "fapi-ciba-id1-ensure-binding-message-bad",
    "fapi-ciba-id1-ensure-requested-expiry",
    "fapi-ciba-id1-ensure-authorization-request-without-scope-fails",
)
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"login_hint": None}, "invalid_request"), ({"id_token_hint": "x"}, "invalid_request"), ({"login_hint": None, "login_hint_token": "x"}, "invalid_request"),
        ({"login_hint": None, "id_token_hint": "x"}, "invalid_request"), ({"login_hint": "nobody"}, "unknown_user_id"), ({"binding_message": "<b>" }, "invalid_binding_message"),
        ({"binding_message": "x" * 101}, "invalid_binding_message"), ({"requested_expiry": "soon"}, "invalid_request"), ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "-1"}, "invalid_request"), ({"scope": None}, "invalid_scope"), ({"scope": "register"}, "invalid_scope"), ({"authorization_details": "x"}, "invalid_authorization_details"),
    ],
)  # fmt: skip
def test_bad_requests(op: MemoryProvider, changes: dict[str, str | None], expected: str) -> None:
    with pytest.raises(DirectRefusal) as refused:
        start(op, **changes)
    assert refused.value.error == expected and not op.approvals


def test_somebody_unknown_is_answered_like_anybody(op: MemoryProvider) -> None:
    known, unknown = start(op), start(op, login_hint="УХ95010112")
    assert known.keys() == unknown.keys() and error(op, unknown["auth_req_id"]) == "authorization_pending"


@module(PLAN, "fapi-ciba-id1-ping-missing-notification-token")
def test_ping_needs_a_token_to_be_shown(op: MemoryProvider) -> None:
    for token in (None, "short", "with space" * 3):
        with pytest.raises(DirectRefusal, match="client_notification_token"):
            start(op, "ping", client_notification_token=token)
    value = start(op, "ping", client_notification_token="t" * 32)["auth_req_id"]
    kept = op.approvals[digest(value)]
    assert (kept.notification_token, kept.auth_req_id) == ("t" * 32, value)
    assert not op.approvals[digest(start(op)["auth_req_id"])].auth_req_id, "kept for a ping only"


@module(
    PLAN,
    "fapi-ciba-id1-ensure-binding-message-good",
    "fapi-ciba-id1-ensure-requested-expiry-as-string",
    "fapi-ciba-id1-ensure-id-token-hint",
)
def test_good_requests(op: MemoryProvider) -> None:
    asked = start(op, binding_message="Гэрээ № 17-A, дэлгүүр", requested_expiry="30")
    assert asked["expires_in"] == 30 and op.approvals[digest(asked["auth_req_id"])].binding_message == "Гэрээ № 17-A, дэлгүүр"
    assert start(op, requested_expiry="999999")["expires_in"] == 300, "never longer than the platform allows"
    hinted = start(op, login_hint=None, id_token_hint=op.id_token(aud="full"))
    assert op.approvals[digest(hinted["auth_req_id"])].subject == "person-1"
    with pytest.raises(DirectRefusal, match="id_token_hint"):
        start(op, login_hint=None, id_token_hint=op.id_token(aud="other"))


@module("Device flow", "rfc8628-happy-flow", "rfc8628-wrong-client")
def test_a_device(op: MemoryProvider) -> None:
    request = Request(parameters=parse("scope=openid"), authorization=basic("full"))
    shown = device_grant.start(provider=op.provider, request=request, letters="BCDFGHJK")
    assert shown["user_code"] == "BCDF-GHJK" and device_grant.typed_code("bcdf ghjk") == "BCDFGHJK"
    value = shown["device_code"]

    def asked(who: str = "full") -> str:
        return error(op, value, who, device_grant.GRANT, "device_code")

    assert asked() == "authorization_pending" and asked("stranger") == "invalid_grant" and error(op, value) == "invalid_grant", (
        "it is no CIBA request"
    )
    answer(op, value)
    assert poll(op, value, kind=device_grant.GRANT, name="device_code")["id_token"] and asked() == "invalid_grant"


@module("Device flow", "rfc8628-expired", "rfc8628-access-denied", "rfc8628-slow-down")
def test_a_device_that_asks_too_late_too_soon_or_in_vain(op: MemoryProvider) -> None:
    def begun(letters: str) -> str:
        request = Request(parameters=parse("scope=openid"), authorization=basic("full"))
        return str(device_grant.start(provider=op.provider, request=request, letters=letters)["device_code"])

    def asked(value: str) -> str:
        return error(op, value, kind=device_grant.GRANT, name="device_code")

    refused, soon, late = begun("BCDFGHJK"), begun("BCDFGHJL"), begun("BCDFGHJM")
    answer(op, refused, agreed=False)
    assert asked(refused) == asked(refused) == "access_denied"
    assert [asked(soon), asked(soon)] == ["authorization_pending", "slow_down"]
    answer(op, late)
    op.later(seconds=LIMITS.device_lifetime.total_seconds() + 1)
    assert asked(late) == asked(soon) == "expired_token", "agreed to or not"
    assert not op.tokens


@pytest.mark.parametrize("typed", ["", "BCDF", "AEIOUAEI", "BCDFGHJKL", "БСDFGHJK", "B" * 500])
def test_what_is_no_device_code(typed: str) -> None:
    assert device_grant.typed_code(typed) is None
