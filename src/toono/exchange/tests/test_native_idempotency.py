"""Idempotency keys: which calls are the same, and what a second one gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from toono.exchange.domain import idempotency
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.faults import Fault
from toono.exchange.domain.idempotency import Stored

HEADERS = [
    ("x-toono-purpose", "reference"),
    ("x-road-issue", "C-1"),
    ("content-type", "application/json"),
    ("x-road-id", "M-1"),
    ("x-other", "1"),
]
CALL: dict[str, Any] = {
    "method": "POST",
    "target": "/r1/a",
    "headers": HEADERS,
    "digests": MessageDigests(b"h", b"b"),
    "agreement": "A-1 1",
}


@pytest.mark.parametrize(
    ("value", "key"),
    [('"k-123456"', "k-123456"), ("k-123456", "k-123456"), ('"a \\"b\\" \\\\c"', 'a "b" \\c'), ("x" * 128, "x" * 128), (None, None)],
)
def test_a_key_is_a_string_with_or_without_quotes(value: str | None, key: str | None) -> None:
    assert idempotency.parse_key(value, "GET") == key


@pytest.mark.parametrize(
    "value", ["", "short", "x" * 129, '"k-123456', 'k-123456"x', "өөөөөөөө", "with space in", '"a\tbcdefgh"', "k-123456;a=1, k-123457"]
)
def test_another_form_is_refused(value: str) -> None:
    with pytest.raises(Fault) as refused:
        idempotency.parse_key(value, "POST")
    assert refused.value.reason == "idempotency_malformed"


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_does_something_each_time_needs_a_key(method: str) -> None:
    with pytest.raises(Fault, match="idempotency_missing"):
        idempotency.parse_key(None, method)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"}, {"target": "/r1/a?x"}, {"digests": MessageDigests(b"h", b"c")}, {"digests": MessageDigests(b"h", None)}, {"agreement": "A-1 2"},
        {"headers": [("x-toono-purpose", "permit"), *HEADERS[1:]]}, {"headers": HEADERS[:1] + HEADERS[2:]}, {"headers": [*HEADERS, ("x-toono-subject", "1")]},
    ],
)  # fmt: skip
def test_a_call_that_differs_in_what_counts_is_another_call(change: dict[str, Any]) -> None:
    assert idempotency.fingerprint(**(CALL | change)) != idempotency.fingerprint(**CALL)


def test_a_repetition_has_the_same_fingerprint_though_its_id_and_its_order_differ() -> None:
    headers = [("x-road-id", "M-2"), *HEADERS[:3][::-1], ("x-other", "2"), ("x-toono-authentication", "newer")]
    assert idempotency.fingerprint(**(CALL | {"headers": headers, "digests": MessageDigests(b"other", b"b")})) == idempotency.fingerprint(
        **CALL
    )


def test_a_key_is_used_up_for_one_client_and_one_attempt() -> None:
    used = {idempotency.nonce(client, key, attempt) for client in ("a", "b") for key in ("k", "l") for attempt in (0, 1)}
    assert len(used) == 8


NOW = datetime(2026, 1, 5, tzinfo=UTC)
STORED = Stored(
    UUID(int=7), "M-1", NOW + timedelta(seconds=1), b"f", 201, b"201\r\nCreated\r\nx-a:1\r\nx-a:2:3\r\nx-raw:\xff\r\n", b"body", None
)


def test_an_answer_comes_back_from_the_log_byte_for_byte() -> None:
    status, headers, body = idempotency.answer_of(idempotency.check_same(STORED, b"f", NOW))
    assert (status, body) == (201, b"body")
    assert [(name, value.encode("utf-8", "surrogateescape")) for name, value in headers] == [
        ("x-a", b"1"),
        ("x-a", b"2:3"),
        ("x-raw", b"\xff"),
    ]


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (None, "idempotency_running"),
        (STORED._replace(status=None), "idempotency_running"),
        (STORED._replace(status=None, held_until=NOW), "idempotency_unknown"),
        (STORED._replace(fingerprint=b"g"), "idempotency_reused"),
    ],
)
def test_what_is_not_done_or_was_another_call_has_no_answer(stored: Stored | None, reason: str) -> None:
    with pytest.raises(Fault) as refused:
        idempotency.check_same(stored, b"f", NOW)
    assert refused.value.reason == reason
    assert (refused.value.earlier is not None) is (reason == "idempotency_unknown")


def test_only_what_never_left_the_exchange_may_be_tried_again() -> None:
    assert idempotency.was_not_sent(STORED._replace(reason="circuit_open: 6f0c"))
    assert not any(
        idempotency.was_not_sent(STORED._replace(reason=r))
        for r in (None, "timeout: 6f0c", "connection_closed: 6f0c", "other_person: 1", "connection_failed: 1")
    )
