"""Requests to addresses that strangers chose reach the public network only, the address that was looked at, and end within their bounds."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from toono.kernel.public_network import (
    LOOPBACK,
    PUBLIC,
    AnswerTooLong,
    Bounds,
    NameUnknown,
    NotPublic,
    Question,
    Reach,
    Unreachable,
    address_of,
    fetch,
    is_public,
)

HERE = Reach(any_port=True, networks=LOOPBACK)
SHORT = Bounds(most_bytes=1000, seconds=0.5, redirects=2)
ENOUGH = Bounds(most_bytes=1000, seconds=20, redirects=2)
"""For what is answered, on a machine that is busy."""
OK = b"HTTP/1.1 200 OK\r\n"
Serve = Callable[..., int]


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.8", "192.168.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808", "100::1",
        "2001:0:7f00:1::", "2001:0:808:808::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "fc00::1", "fe80::1", "fec0::1", "ff02::1", "4000::1", "3fff::1", "2001:20::1", "192.88.99.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_everybodys_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "103.9.90.1", "2606:4700::1111", "::ffff:103.9.90.1", "64:ff9b::808:808"])
def test_everybodys_are(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_the_clothes_of_ipv6_make_no_inner_address_public(inner: IPv4Address) -> None:
    number = int(inner)
    dressed = [IPv6Address(start + number) for start in (0xFFFF << 32, 0, 0x64FF9B << 96)]
    dressed += [IPv6Address((0x2002 << 112) + (number << 80)), IPv6Address((0x20010000 << 96) + (number ^ 0xFFFFFFFF))]
    assert is_public(inner) or not any(is_public(address) for address in dressed)


def test_a_network_beside_is_allowed_and_its_neighbour_is_not() -> None:
    beside = [ip_network("10.20.0.0/16")]
    assert is_public(ip_address("10.20.1.1"), beside=beside) and is_public(ip_address("::ffff:10.20.1.1"), beside=beside)
    assert not is_public(ip_address("10.21.1.1"), beside=beside)


def _named(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name has these addresses; the answer lists what was looked up."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host == "127.0.0.1":  # what the connection itself looks up is a number already
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_all_addresses_of_a_name_must_be_public(monkeypatch: pytest.MonkeyPatch) -> None:
    _named(monkeypatch, "2606:4700::1111", "93.184.216.34")
    assert str(address_of("example.mn", 80)) == "93.184.216.34"
    _named(monkeypatch, "93.184.216.34", "127.0.0.1")
    with pytest.raises(NotPublic):
        address_of("example.mn", 80)
    _named(monkeypatch)
    with pytest.raises(NameUnknown):
        address_of("example.mn", 80)


def test_a_name_whose_servers_keep_silent_is_waited_for_no_longer_than_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20))
    began = time.monotonic()
    with pytest.raises(NameUnknown):
        fetch("http://example.mn/", bounds=SHORT)
    over.set()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://2130706433/", "http://127.1/", "http://localhost/", "http://0/",
        "http://8.8.8.8:22/", "https://8.8.8.8:80/", "http://user@8.8.8.8/", "http://@8.8.8.8/", "http://8.8.8.8:99999/", "http://[broken", "file:///etc/passwd", "ftp://8.8.8.8/", "//8.8.8.8/",
        "http:///x", "", "http://8.8.8.8/a b", "http://8.8.8.8/\r\nX: y", "http://пример.мн/",
    ],
)  # fmt: skip
def test_no_connection_is_opened_elsewhere(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection was opened"))
    with pytest.raises(NotPublic):
        fetch(url, bounds=SHORT)


# -- a server of the test ------------------------------------------------------------------------------------------


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that does ``act(connection, request)`` for everybody who asks; gives its port."""
    over, opened = threading.Event(), []

    def start(act: Callable[[Any, bytes], object] | bytes, context: ssl.SSLContext | None = None) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        opened.append(server)

        def one(connection: socket.socket) -> None:
            try:
                with context.wrap_socket(connection, server_side=True) if context else connection as spoken:
                    request = spoken.recv(65536)
                    spoken.sendall(act) if isinstance(act, bytes) else act(spoken, request)
            except OSError:
                return

        def run() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        threading.Thread(target=run, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    over.set()
    for server in opened:
        server.close()


def test_the_checked_address_is_asked_under_its_name(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere a moment later gains nothing: it is looked up once."""
    heard: list[bytes] = []

    def hear(connection: Any, request: bytes) -> None:
        heard.append(request)
        connection.sendall(OK + b"Content-Length: 3\r\n\r\nyes")

    port = serve(hear)
    asked = _named(monkeypatch, "127.0.0.1")
    answer = fetch(
        f"http://example.mn:{port}/a?b=c", bounds=ENOUGH, reach=HERE, question=Question("POST", b"body", {"Content-Type": "x/y"})
    )
    assert (answer.status, answer.content, asked) == (200, b"yes", ["example.mn"])
    lines = heard[0].split(b"\r\n")
    assert lines[0] == b"POST /a?b=c HTTP/1.1" and f"Host: example.mn:{port}".encode() in lines and b"Content-Type: x/y" in lines
    assert b"Accept-Encoding: identity" in lines, "what comes is as long as it looks"


def _drip(connection: Any, before: bytes, drop: bytes) -> None:
    connection.sendall(before)
    while True:
        time.sleep(0.02)
        connection.sendall(drop)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda connection, _: _drip(connection, b"", b"H"), Unreachable),
        (lambda connection, _: _drip(connection, OK, b"a: b\r\n"), Unreachable),
        (lambda connection, _: _drip(connection, OK + b"\r\n", b"x"), Unreachable),
        (lambda connection, _: connection.recv(1), Unreachable),
        (OK + b"\r\n" + b"x" * 1001, AnswerTooLong),
        (OK + b"Content-Length: 999999999999\r\n\r\n" + b"x" * 1001, AnswerTooLong),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1001 + b"0\r\n\r\n", AnswerTooLong),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\nxyz", Unreachable),
        (OK + b"Content-Length: 10\r\n\r\nshort", Unreachable),
        (OK + b"a: b\r\n" * 1000 + b"\r\n", Unreachable),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000 + b"\r\n\r\n", Unreachable),
        (b"nonsense\r\n\r\n", Unreachable),
        (b"", Unreachable),
    ],
)  # fmt: skip
def test_an_answer_that_is_slow_endless_or_none_ends(serve: Serve, act: Any, error: type[Exception]) -> None:
    port, began = serve(act), time.monotonic()
    with pytest.raises(error) as raised:
        fetch(f"http://127.0.0.1:{port}/", bounds=SHORT, reach=HERE)
    assert type(raised.value) is error
    assert time.monotonic() - began < 5


def _redirect(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def test_redirects_are_followed_as_often_as_wanted(serve: Serve) -> None:
    there = serve(OK + b"Content-Length: 3\r\n\r\nyes")
    port = serve(_redirect(f"http://127.0.0.1:{there}/x"))
    url = f"http://127.0.0.1:{port}/"
    answer = fetch(url, bounds=ENOUGH, reach=HERE)
    assert (answer.content, answer.url) == (b"yes", f"http://127.0.0.1:{there}/x")
    assert fetch(url, bounds=Bounds(1000, 20), reach=HERE).status == 302
    round_and_round = serve(_redirect("/again"))
    assert fetch(f"http://127.0.0.1:{round_and_round}/", bounds=ENOUGH, reach=HERE).status == 302


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "//192.168.0.1/", "file:///etc/passwd", "gopher://8.8.8.8/", "http://[broken", "http://u:p@8.8.8.8/",
        "http://8.8.8.8/ HTTP/1.1%0d%0aX: y",
    ],
)  # fmt: skip
def test_a_redirect_leads_nowhere_that_may_not_be_asked(serve: Serve, to: str) -> None:
    with pytest.raises(NotPublic):
        fetch(f"http://127.0.0.1:{serve(_redirect(to))}/", bounds=ENOUGH, reach=HERE)


def test_the_same_server_is_not_asked_without_the_network_beside(serve: Serve) -> None:
    """The mutant stands beside: with it the same address answers."""
    port = serve(OK + b"Content-Length: 0\r\n\r\n")
    assert fetch(f"http://127.0.0.1:{port}/", bounds=ENOUGH, reach=HERE).status == 200
    with pytest.raises(NotPublic):
        fetch(f"http://127.0.0.1:{port}/", bounds=ENOUGH, reach=Reach(any_port=True))
    with pytest.raises(NotPublic):
        fetch(f"http://127.0.0.1:{port}/", bounds=ENOUGH, reach=PUBLIC)


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side for example.mn, and the certificate to believe it by."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.mn")])
    day = datetime.timedelta(days=1)
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(moment).not_valid_after(moment + 36500 * day)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("example.mn")]), critical=False)
    pem, private = tmp_path / "c.pem", tmp_path / "k.pem"
    pem.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem


def test_tls_is_spoken_with_the_name_and_its_certificate_is_checked(
    serve: Serve, tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, pem = tls
    shown: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: shown.append(name)
    port = serve(OK + b"Content-Length: 3\r\n\r\nyes", context)
    _named(monkeypatch, "127.0.0.1")
    with pytest.raises(Unreachable):
        fetch(f"https://example.mn:{port}/", bounds=ENOUGH, reach=HERE)
    made = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda: made(cafile=str(pem)))
    assert fetch(f"https://example.mn:{port}/", bounds=ENOUGH, reach=HERE).content == b"yes"
    with pytest.raises(Unreachable):
        fetch(f"https://other.mn:{port}/", bounds=ENOUGH, reach=HERE)
    unchecked = Reach(any_port=True, networks=LOOPBACK, certificate_checked=False)
    assert fetch(f"https://other.mn:{port}/", bounds=ENOUGH, reach=unchecked).content == b"yes"
    assert shown == ["example.mn", "example.mn", "other.mn", "other.mn"]


def test_a_server_that_never_finishes_the_handshake_is_left(serve: Serve) -> None:
    port, began = serve(lambda connection, _: connection.recv(1)), time.monotonic()
    with pytest.raises(Unreachable):
        fetch(f"https://127.0.0.1:{port}/", bounds=SHORT, reach=HERE)
    assert time.monotonic() - began < 5
