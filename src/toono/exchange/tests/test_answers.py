"""Reading a provider's answer; the judge is h11, a parser that others wrote."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toono.exchange.domain.answers import AnswerReader, BadAnswer, ProviderAnswer

OK = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello"


def read(raw: bytes, *, method: str = "GET", piece: int = 0, body_bytes: int = 1000) -> tuple[ProviderAnswer | None, bool]:
    reader = AnswerReader(method, body_bytes=body_bytes)
    for start in range(0, len(raw), piece or len(raw) or 1):
        if reader.feed(raw[start : start + (piece or len(raw))]):
            break
    else:
        reader.closed()
    return reader.answer, reader.keep_alive


@pytest.mark.parametrize("piece", [0, 1, 3, 7])
@pytest.mark.parametrize(
    ("raw", "body", "kept"),
    [
        (OK, b"hello", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", b"", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", b"ab", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab", b"ab", True),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end", False),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
            b"abc0123456789",
            True,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK, b"hello", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", b"", True),
        (b"HTTP/1.1 200\r\nContent-Length: 1, 1\r\n\r\nx", b"x", True),
    ],
)
def test_an_answer_is_read_however_it_is_cut(raw: bytes, body: bytes, kept: bool, piece: int) -> None:
    answer, keep_alive = read(raw, piece=piece)
    assert answer is not None and answer.body == body
    assert keep_alive == kept


def test_the_answer_to_head_has_no_body() -> None:
    answer, _ = read(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", method="HEAD")
    assert answer is not None and answer.body == b""


def test_headers_keep_order_and_bytes() -> None:
    answer, _ = read(b"HTTP/1.1 404 Not \xc3\xa4 Found\r\nX-B: 2 \r\nx-a:\t1\r\nX-B: \xff\r\nContent-Length: 0\r\n\r\n")
    assert answer is not None
    assert (answer.status, answer.reason) == (404, "Not ä Found")
    assert answer.headers == [("x-b", "2"), ("x-a", "1"), ("x-b", "\udcff"), ("content-length", "0")]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not_http"),
        (b"HTTP/2 200 OK\r\n\r\n", "not_http"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "not_http"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nA: b\x00\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "not_http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", "answer_too_large"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001, "answer_too_large"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", "answer_too_large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "answer_head_too_large"),
    ],
)
def test_what_can_be_understood_in_two_ways_or_is_too_much_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        read(raw)
    assert refused.value.reason == reason


@pytest.mark.parametrize("raw", [OK[:-1], OK[:20], b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
def test_a_connection_that_ends_early_gives_no_answer(raw: bytes) -> None:
    assert read(raw)[0] is None


def test_more_than_was_asked_for_ends_the_connection() -> None:
    answer, keep_alive = read(OK + b"HTTP/1.1 200 OK\r\n")
    assert answer is not None and answer.body == b"hello" and not keep_alive


_names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True).filter(
    lambda n: n.lower() not in {"content-length", "transfer-encoding", "connection", "upgrade", "keep-alive"}
)
_values = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)


@settings(max_examples=200)
@given(
    status=st.integers(200, 599).filter(lambda s: s not in (204, 304)),
    headers=st.lists(st.tuples(_names, _values), max_size=5),
    body=st.binary(max_size=300),
    chunked=st.booleans(),
    piece=st.integers(1, 50),
)
def test_what_h11_writes_is_read_back(status: int, headers: list[tuple[str, str]], body: bytes, chunked: bool, piece: int) -> None:
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    server.next_event()
    server.next_event()
    framing = [("Transfer-Encoding", "chunked")] if chunked else [("Content-Length", str(len(body)))]
    raw = server.send(h11.Response(status_code=status, headers=headers + framing)) or b""
    raw += (server.send(h11.Data(data=body)) or b"") + (server.send(h11.EndOfMessage()) or b"")
    answer, keep_alive = read(raw, piece=piece)
    assert answer is not None and keep_alive
    assert (answer.status, answer.body) == (status, body)
    assert [(n, v) for n, v in answer.headers if n not in ("content-length", "transfer-encoding")] == [(n.lower(), v) for n, v in headers]
