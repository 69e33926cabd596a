"""Bytes and hash of messages, after the facts of X-Road's own message classes."""

from __future__ import annotations

import hashlib

from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.messages import message_hash, request_bytes, request_headers, response_bytes, response_headers

RECEIVED = [
    ("host", "gateway"), ("user-agent", "curl"), ("content-length", "2"), ("transfer-encoding", "chunked"), ("te", "trailers"), ("expect", "100-continue"),
    ("connection", "keep-alive, X-Hop"), ("x-hop", "1"), ("x-road-client", "MN/GOV/a/b"), ("x-road-request-id", "forged"), ("x-road-request-hash", "forged"),
    ("accept", "a"), ("accept", "b"), ("x-toono-purpose", "p"),
]  # fmt: skip


def test_a_request_is_verb_target_and_headers_in_their_order() -> None:
    headers = request_headers(RECEIVED, request_id="RID", message_id="MN-1", purpose=None, dropped=frozenset())
    assert request_bytes("GET", "/r1/MN/GOV/a/b/c/d?e=%20f", headers) == (
        b"GET\r\n/r1/MN/GOV/a/b/c/d?e=%20f\r\n"
        b"x-road-client:MN/GOV/a/b\r\naccept:a\r\naccept:b\r\nx-toono-purpose:p\r\nx-road-request-id:RID\r\nx-road-id:MN-1\r\n"
    )


def test_a_message_id_given_by_the_client_stays_where_it_stood() -> None:
    headers = request_headers([("x-road-id", "mine"), ("accept", "a")], request_id="RID", message_id=None, purpose="p", dropped=frozenset())
    assert headers == [("x-road-id", "mine"), ("accept", "a"), ("x-toono-purpose", "p"), ("x-road-request-id", "RID")]


def test_a_response_ends_with_the_five_headers_of_the_exchange_in_their_order() -> None:
    received = [("content-type", "a/b"), ("server", "x"), ("x-road-error", "forged"), ("x-road-id", "forged"), ("set-cookie", "ü")]
    headers = response_headers(received, message_id="M", client="MN/GOV/a/b", service="MN/GOV/c/d/e", request_id="R", request_hash="H")
    assert (
        response_bytes(200, "OK", headers)
        == (
            "200\r\nOK\r\ncontent-type:a/b\r\nset-cookie:ü\r\n"
            "x-road-id:M\r\nx-road-client:MN/GOV/a/b\r\nx-road-service:MN/GOV/c/d/e\r\nx-road-request-id:R\r\nx-road-request-hash:H\r\n"
        ).encode()
    )


def test_the_hash_is_of_the_head_alone_or_of_both_hashes() -> None:
    head, body = hashlib.sha512(b"head").digest(), hashlib.sha512(b"body").digest()
    assert message_hash(MessageDigests(head, None)) == head
    assert message_hash(MessageDigests(head, body)) == hashlib.sha512(head + body).digest()


def test_bytes_that_are_no_utf_8_come_back_unchanged() -> None:
    value = b"\xd2\xaf\xff".decode("utf-8", "surrogateescape")
    assert b"x:\xd2\xaf\xff\r\n" in request_bytes("GET", "/", [("x", value)])
