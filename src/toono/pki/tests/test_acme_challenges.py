"""The fetching of challenges reaches the agency's server and nothing of ours."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from toono.pki.adapters.acme import http01
from toono.pki.adapters.acme.http01 import Reach, fetch
from toono.pki.errors import AcmeRefused


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "2001:0:7f00:1::"],
)  # fmt: skip
def test_addresses_that_only_we_reach_are_not_asked(address: str) -> None:
    assert not Reach().allows(ip_address(address))


@pytest.mark.parametrize("address", ["103.9.90.1", "2606:4700::1111", "::ffff:103.9.90.1"])
def test_public_addresses_are_asked(address: str) -> None:
    assert Reach().allows(ip_address(address))


def test_the_states_own_network_is_asked_where_the_settings_name_it() -> None:
    reach = Reach(own_networks=[ip_network("10.20.0.0/16")])
    assert reach.allows(ip_address("10.20.1.1"))
    assert not reach.allows(ip_address("10.21.1.1"))


@pytest.mark.parametrize("name", ["localhost.localdomain", "internal.example.mn"])
def test_a_name_that_leads_inside_is_not_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))])
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection was opened"))
    with pytest.raises(AcmeRefused) as refused:
        fetch(name=name, token="t", reach=Reach())
    assert refused.value.kind == "connection"


def test_the_connection_goes_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to a public address first and to ours a moment later (rebinding) gains nothing."""
    asked: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("103.9.90.1", 0))])

    def connect(target: Any, **_: Any) -> socket.socket:
        asked.append(target)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(AcmeRefused):
        fetch(name="a.example.mn", token="t", reach=Reach())
    assert asked == [("103.9.90.1", 80)]


def test_a_name_that_nobody_knows_is_said_so() -> None:
    with pytest.raises(AcmeRefused) as refused:
        fetch(name="nobody.invalid", token="t", reach=Reach())
    assert refused.value.kind == "dns"


Serving = Callable[[bytes], Reach]


@pytest.fixture
def serving() -> Iterator[Serving]:
    """Starts a server that answers anything with these bytes."""
    running: list[socketserver.TCPServer] = []

    def start(content: bytes) -> Reach:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.recv(4096)
                self.request.sendall(content)

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return Reach(instead=("127.0.0.1", server.server_address[1]))

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def _redirect(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def test_an_answer_is_fetched(serving: Serving) -> None:
    assert fetch(name="a.example.mn", token="t", reach=serving(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")) == b"yes"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "unauthorized"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000, "unauthorized"),
        (b"\x00\x01 nonsense\r\n\r\n", "connection"),
        (b"", "connection"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000 + b"\r\n", "connection"),
        (_redirect("http://a.example.mn/.well-known/acme-challenge/t"), "unauthorized"),  # for ever
        (_redirect("http://a.example.mn:22/"), "connection"),
        (_redirect("http://127.0.0.1/"), "connection"),
        (_redirect("http://[::1]/"), "connection"),
        (_redirect("http://localhost/"), "connection"),
        (_redirect("file:///etc/passwd"), "connection"),
        (_redirect("gopher://a.example.mn/"), "connection"),
        (_redirect("http://user:word@a.example.mn/"), "connection"),
        (_redirect("http://a.example.mn/ HTTP/1.1%0d%0aX: y"), "connection"),
        (_redirect("http://[broken"), "connection"),
    ],
)
def test_a_bad_answer_is_told_apart(serving: Serving, content: bytes, kind: str) -> None:
    with pytest.raises(AcmeRefused) as refused:
        fetch(name="a.example.mn", token="t", reach=serving(content))
    assert refused.value.kind == kind


def test_a_server_that_drips_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dripping(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(b"HTTP/1.1 200 OK\r\n")
            pause = threading.Event()
            while not pause.wait(0.05):
                try:
                    self.request.sendall(b"a: b\r\n")
                except OSError:
                    return

    monkeypatch.setattr(http01, "WHOLE_SECONDS", 0.3)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dripping) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(AcmeRefused) as refused:
            fetch(name="a.example.mn", token="t", reach=Reach(instead=("127.0.0.1", server.server_address[1])))
        server.shutdown()
    assert refused.value.kind == "connection"
