"""Faults as problem documents."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from toono.exchange.domain import problems
from toono.exchange.domain.faults import Code, Fault

BASE = "https://exchange.example"


def told(code: Code, reason: str, *, message_id: str = "", retry_after: int | None = None) -> tuple[problems.Problem, dict[str, object]]:
    found = problems.problem(Fault(code, reason, "Өө", retry_after=retry_after), base_url=BASE, message_id=message_id, outcome="not_done")
    return found, json.loads(found.body)


def test_a_problem_says_what_where_and_what_may_have_happened() -> None:
    found, document = told(Code.ACCESS_DENIED, "agreement_expired", message_id="MN-1")
    assert UUID(str(document.pop("instance")).removeprefix("urn:uuid:"))
    assert document == {
        "type": BASE + "/v1/problems/agreement_expired", "title": "Agreement expired", "status": 403, "detail": "Өө", "code": "agreement_expired",
        "xroad_type": "server.serverproxy.access_denied", "outcome": "not_done", "message_id": "MN-1",
    }  # fmt: skip
    assert (found.status, dict(found.headers)) == (
        403,
        {
            "content-type": "application/problem+json",
            "cache-control": "no-store",
            "toono-error": "agreement_expired",
            "toono-message-id": "MN-1",
        },
    )


@pytest.mark.parametrize(
    ("code", "reason", "status"),
    [
        (Code.MISSING_SIGNATURE, "no_credentials", 401), (Code.AUTHENTICATION_FAILED, "token_expired", 401), (Code.INVALID_SIGNATURE_VALUE, "wrong_signature", 401),
        (Code.INVALID_SIGNATURE_VALUE, "wrong_digest", 400), (Code.UNKNOWN_MEMBER, "unknown_client", 401), (Code.UNKNOWN_MEMBER, "unknown_provider", 404),
        (Code.UNKNOWN_SERVICE, "unknown_service", 404), (Code.ACCESS_DENIED, "no_agreement", 403), (Code.ACCESS_DENIED, "rate_exceeded", 429),
        (Code.ACCESS_DENIED, "quota_exceeded", 429), (Code.INVALID_REQUEST, "body_too_large", 413), (Code.INVALID_REQUEST, "body_too_slow", 408),
        (Code.INVALID_REQUEST, "address_too_long", 414), (Code.INVALID_REQUEST, "head_too_large", 431), (Code.INVALID_REQUEST, "idempotency_running", 409),
        (Code.INVALID_REQUEST, "idempotency_reused", 422), (Code.INVALID_REQUEST, "header_value", 400), (Code.CLIENT_INVALID_REQUEST, "uri_too_short", 404),
        (Code.INVALID_HTTP_METHOD, "method", 405), (Code.NETWORK_ERROR, "timeout", 504), (Code.NETWORK_ERROR, "connection_failed", 502), (Code.NETWORK_ERROR, "circuit_open", 503),
        (Code.INVALID_RESPONSE, "other_person", 502), (Code.SERVICE_DISABLED, "service_disabled", 503), (Code.LOGGING_REQUEST_FAILED, "database_unavailable", 503),
        (Code.GLOBAL_CONF_OUTDATED, "configuration_expired", 503), (Code.CANNOT_SIGN_RESPONSE, "signer_unavailable", 503), (Code.SERVER_INTERNAL_ERROR, "internal_error", 500),
    ],
)  # fmt: skip
def test_each_fault_has_the_status_that_fits(code: Code, reason: str, status: int) -> None:
    found, document = told(code, reason)
    assert (found.status, document["status"]) == (status, status)
    assert ("www-authenticate" in dict(found.headers)) is (status == 401) and ("allow" in dict(found.headers)) is (status == 405)


def test_every_status_is_an_error() -> None:
    assert {problems.status_of(Fault(code, "x", "")) // 100 for code in Code} == {4, 5}


def test_a_challenge_names_an_error_only_where_a_token_was_sent() -> None:
    challenges = [
        dict(told(Code.AUTHENTICATION_FAILED, reason)[0].headers)["www-authenticate"] for reason in ("token_missing", "token_expired")
    ]
    assert challenges == [
        'Bearer realm="toono-exchange"',
        'Bearer realm="toono-exchange", error="invalid_token", error_description="token_expired"',
    ]


def test_a_client_is_told_when_to_come_again() -> None:
    found, document = told(Code.ACCESS_DENIED, "rate_exceeded", retry_after=7)
    assert (dict(found.headers)["retry-after"], document["retry_after"]) == ("7", 7)


def test_the_description_for_readers_is_the_one_that_is_served() -> None:
    from pathlib import Path

    source = Path(__file__).resolve().parents[1] / "gateway" / "pages" / "openapi.yaml"
    copy = Path(__file__).resolve().parents[4] / "docs" / "reference" / "exchange-openapi.yaml"
    assert copy.read_bytes() == source.read_bytes()
