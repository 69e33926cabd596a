"""Connections to providers: secured as the configuration says, refused for a reason that can be told, bounded, used again where that is safe."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from toono.exchange import limits
from toono.exchange.domain.answers import BadAnswer, ProviderAnswer
from toono.exchange.domain.policy import Breaker
from toono.exchange.gateway.provider import ProviderClient, ProviderUnreachable
from toono.exchange.gateway.tls import MACHINE, TlsContexts, Trust

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DAY = timedelta(days=1)
Result = TypeVar("Result")
Speech = Callable[[socket.socket, bytes], bool]


class Authority:
    """Issues certificates of servers and clients."""

    def __init__(self, name: str = "Test root") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.pem = self._certificate(self._key, authority=True, names=(), begins=-DAY, ends=DAY).decode()

    def _certificate(
        self, key: ec.EllipticCurvePrivateKey, *, authority: bool, names: tuple[str, ...], begins: timedelta, ends: timedelta
    ) -> bytes:
        moment = datetime.now(UTC)
        subject = self._name if authority else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment + begins)
            .not_valid_after(moment + ends)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            shown = [x509.IPAddress(ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
            builder = builder.add_extension(x509.SubjectAlternativeName(shown), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def files(self, folder: Path, *names: str, begins: timedelta = -DAY, ends: timedelta = DAY) -> tuple[Path, Path]:
        """Certificate and key for ``names`` as files."""
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, secret = folder / "certificate.pem", folder / "key.pem"
        certificate.write_bytes(self._certificate(key, authority=False, names=names, begins=begins, ends=ends))
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return certificate, secret


def says(raw: bytes, *, keep: bool = True, after: float = 0.0) -> Speech:
    """These bytes, after some seconds."""

    def speak(connection: socket.socket, _: bytes) -> bool:
        time.sleep(after)
        connection.sendall(raw)
        return keep

    return speak


WELL = says(OK)
SILENT = says(b"", keep=False)


class Server:
    """Answers each request as ``speech`` says; counts connections and remembers the certificates that clients showed."""

    def __init__(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.speech: Speech = WELL
        self.connections = 0
        self.requests: list[bytes] = []
        self.shown: list[bytes | None] = []
        self.context = context
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _secured(raw: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        """As servers do, one that refuses still reads what was sent: else its refusal would be lost with the connection (a reset overtakes it)."""
        spare = raw.dup()
        try:
            return context.wrap_socket(raw, server_side=True)
        except ssl.SSLError:
            spare.settimeout(0.3)
            with contextlib.suppress(OSError):
                while spare.recv(65536):
                    pass
            raise
        finally:
            spare.close()

    def _serve(self, raw: socket.socket) -> None:
        connection = raw
        with contextlib.suppress(OSError):
            if self.context is not None:
                connection = self._secured(raw, self.context)
                self.shown.append(connection.getpeercert(binary_form=True))
            held = b""
            while data := connection.recv(65536):
                held += data
                if b"\r\n\r\n" in held:
                    self.requests.append(held)
                    if not self.speech(connection, held):
                        break
                    held = b""
        connection.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Listening(Breaker):
    """A breaker that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def succeeded(self, now: float) -> None:
        self.said.append("well")
        super().succeeded(now)

    def failed(self, now: float) -> None:
        self.said.append("failed")
        super().failed(now)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def start(files: tuple[Path, Path] | None = None, *, clients: str | None = None, highest: ssl.TLSVersion | None = None) -> Server:
        context = None
        if files is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*files)
            if highest is not None:
                context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, highest
                context.set_ciphers("ALL:@SECLEVEL=0")
            if clients is not None:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(cadata=clients)
        made.append(Server(context))
        return made[-1]

    yield start
    for server in made:
        server.close()


LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture(params=sorted(LOOPS))
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, Result]], Result]:
    """Runs a coroutine; on the gateway's loop and on the library's."""

    def go(work: Coroutine[Any, Any, Result]) -> Result:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            return runner.run(work)

    return go


def _client(folder: Path, breaker: Callable[[], Breaker] | None = None) -> ProviderClient:
    return ProviderClient(TlsContexts(folder), breaker=breaker)


async def _get(
    client: ProviderClient,
    server: Server,
    trust: Trust = MACHINE,
    *,
    host: str = "127.0.0.1",
    method: str = "GET",
    seconds: float = 2.0,
    **more: Any,
) -> ProviderAnswer:
    scheme = "https" if server.context is not None else "http"
    return await client.send(
        (scheme, host, server.port), method, "/", [], more.pop("body", b""), timeout_seconds=seconds, trust=trust, **more
    )


def _reason(run: Callable[[Coroutine[Any, Any, Any]], Any], work: Coroutine[Any, Any, Any]) -> str:
    try:
        run(work)
    except (ProviderUnreachable, BadAnswer) as refused:
        return refused.reason
    raise AssertionError("it was not refused")


# -- whom the gateway believes --------------------------------------------------------------------------------------


def test_the_authority_of_the_configuration_is_believed(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve(authority.files(tmp_path / "server", "127.0.0.1"))
    assert run(_get(_client(tmp_path), server, Trust(authority.pem))).body == b"ok"


def test_any_other_authority_is_not(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve(authority.files(tmp_path / "server", "127.0.0.1"))
    assert _reason(run, _get(_client(tmp_path), server, Trust(Authority().pem))) == "tls_untrusted"
    assert _reason(run, _get(_client(tmp_path), server)) == "tls_untrusted"
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve(authority.files(tmp_path / "server", "register.example"))
    assert _reason(run, _get(_client(tmp_path), server, Trust(authority.pem), host="localhost")) == "tls_hostname"
    assert _reason(run, _get(_client(tmp_path), server, Trust(authority.pem))) == "tls_hostname"


def test_a_certificate_out_of_its_time_is_refused(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    expired = serve(authority.files(tmp_path / "expired", "127.0.0.1", begins=-2 * DAY, ends=-DAY))
    early = serve(authority.files(tmp_path / "early", "127.0.0.1", begins=DAY, ends=2 * DAY))
    assert {_reason(run, _get(_client(tmp_path), server, Trust(authority.pem))) for server in (expired, early)} == {"tls_expired"}


def test_an_old_protocol_is_refused(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve(authority.files(tmp_path / "server", "127.0.0.1"), highest=ssl.TLSVersion.TLSv1_1)
    assert _reason(run, _get(_client(tmp_path), server, Trust(authority.pem))) in ("tls_failed", "connection_failed")
    assert server.requests == []


def test_an_authority_that_cannot_be_read_says_so(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve(authority.files(tmp_path / "server", "127.0.0.1"))
    assert (
        _reason(run, _get(_client(tmp_path), server, Trust("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")))
        == "tls_authority"
    )


def test_a_provider_that_speaks_no_tls_says_so(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve()
    work = _client(tmp_path).send(("https", "127.0.0.1", server.port), "GET", "/", [], b"", timeout_seconds=1, trust=Trust(authority.pem))
    assert _reason(run, work) in ("tls_failed", "connect_timeout", "connection_failed")


# -- by what the gateway shows itself -------------------------------------------------------------------------------


def test_the_gateway_shows_its_own_certificate_where_asked(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve(authority.files(tmp_path / "server", "127.0.0.1"), clients=authority.pem)
    certificate, _ = authority.files(tmp_path / "tls", "gateway.example")
    assert run(_get(_client(tmp_path / "tls"), server, Trust(authority.pem, shows_certificate=True))).status == 200
    assert server.shown == [x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(serialization.Encoding.DER)]


@pytest.mark.parametrize(
    ("highest", "without"),
    # In TLS 1.2 a server without a certificate from the client says no more than that the handshake failed (RFC 5246 §7.4.6).
    # In TLS 1.3 the refusal comes after the handshake and may be overtaken by the end of the connection (RFC 8446 §4.4.2).
    [(ssl.TLSVersion.TLSv1_2, {"tls_failed"}), (ssl.TLSVersion.TLSv1_3, {"tls_client_refused", "connection_closed"})],
)
def test_a_provider_that_refuses_the_certificate_is_told_apart(
    run: Any, serve: Any, authority: Authority, tmp_path: Path, highest: ssl.TLSVersion, without: set[str]
) -> None:
    server = serve(authority.files(tmp_path / "server", "127.0.0.1"), clients=authority.pem)
    server.context.maximum_version = highest
    Authority("Another root").files(tmp_path / "tls", "gateway.example")
    client = _client(tmp_path / "tls")
    with_another = without | {"tls_client_refused"} if highest is ssl.TLSVersion.TLSv1_3 else {"tls_client_refused"}
    for trust, reasons in ((Trust(authority.pem), without), (Trust(authority.pem, shows_certificate=True), with_another)):
        with pytest.raises(ProviderUnreachable) as refused:
            run(_get(client, server, trust, method="POST", body=b"{}"))
        assert refused.value.reason in reasons
        assert refused.value.sent is (refused.value.reason == "connection_closed")
    assert server.requests == []


def test_without_a_certificate_to_show_nothing_is_sent(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve(authority.files(tmp_path / "server", "127.0.0.1"))
    assert _reason(run, _get(_client(tmp_path / "none"), server, Trust(authority.pem, shows_certificate=True))) == "tls_no_identity"
    assert server.requests == []


def test_a_renewed_certificate_is_shown_without_a_restart(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve(authority.files(tmp_path / "server", "127.0.0.1"), clients=authority.pem)
    server.speech = says(OK, keep=False)
    trust = Trust(authority.pem, shows_certificate=True)
    authority.files(tmp_path / "tls", "gateway.example")
    client = _client(tmp_path / "tls")

    async def work() -> None:
        await _get(client, server, trust)
        authority.files(tmp_path / "tls", "gateway.example")
        await _get(client, server, trust)
        (tmp_path / "tls" / "key.pem").write_text("half written")
        await _get(client, server, trust)  # the former stays in use until the new one is whole

    run(work())
    assert len(server.shown) == 3
    assert server.shown[0] != server.shown[1] == server.shown[2]


def test_connections_of_different_trust_are_never_shared(run: Any, serve: Any, authority: Authority, tmp_path: Path) -> None:
    server = serve(authority.files(tmp_path / "server", "127.0.0.1"))
    authority.files(tmp_path / "tls", "gateway.example")
    client = _client(tmp_path / "tls")

    async def work() -> None:
        for trust in (Trust(authority.pem), Trust(authority.pem, shows_certificate=True), Trust(authority.pem)):
            await _get(client, server, trust)
        with pytest.raises(ProviderUnreachable):
            await _get(client, server, MACHINE)

    run(work())
    assert server.connections == 3  # two of different trust, one refused; the third call used the first connection again


# -- providers that do not answer as they should --------------------------------------------------------------------


def _drip(connection: socket.socket, request: bytes) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)
    return False


def _endless(start: bytes, more: bytes) -> Speech:
    def speak(connection: socket.socket, request: bytes) -> bool:
        connection.sendall(start)
        while True:
            connection.sendall(more)

    return speak


@pytest.mark.parametrize(
    ("speech", "reason"),
    [
        (SILENT, "connection_closed"),
        (says(OK[:-1], keep=False), "connection_closed"),
        (says(OK, after=1.5), "timeout"),
        (_drip, "timeout"),
        (_endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), "answer_too_large"),
        (_endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"), "answer_too_large"),
        (_endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-More: " + b"x" * 1000 + b"\r\n"), "answer_head_too_large"),
        (_endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 1000 + b"\r\n"), "answer_head_too_large"),
        (_endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "not_http"),
        (says(b"SSH-2.0-OpenSSH\r\n\r\n", keep=False), "not_http"),
    ],
    ids=["closes", "stops short", "hangs", "drips", "streams", "chunks forever", "trailers forever", "head forever", "announces forever", "other protocol"],
)  # fmt: skip
def test_each_way_of_not_answering_has_its_reason(run: Any, serve: Any, tmp_path: Path, speech: Speech, reason: str) -> None:
    server = serve()
    server.speech = speech
    assert _reason(run, _get(_client(tmp_path), server, seconds=0.6, answer_bytes=256 * 1024)) == reason


@pytest.mark.parametrize("at_once", [True, False])
def test_a_second_answer_reaches_nobody(run: Any, serve: Any, tmp_path: Path, at_once: bool) -> None:
    server = serve()

    def twice(connection: socket.socket, request: bytes) -> bool:
        number = len(server.requests)
        own = OK.replace(b"ok", f"{number:02}".encode())
        if at_once:
            connection.sendall(own + OK.replace(b"ok", b"xx"))
        else:
            connection.sendall(own)
            time.sleep(0.05)
            connection.sendall(OK.replace(b"ok", b"xx"))
        return True

    server.speech = twice
    client = _client(tmp_path)

    async def work() -> list[bytes]:
        found = []
        for _ in range(3):
            found.append((await _get(client, server)).body)
            await asyncio.sleep(0.15)
        return found

    assert run(work()) == [b"01", b"02", b"03"]


def test_a_provider_that_starts_anew_is_reached_whatever_the_method(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROVIDER_RECONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    servers: list[Server] = []
    threading.Timer(0.1, lambda: servers.append(Server(port=port))).start()
    work = _client(tmp_path).send(("http", "127.0.0.1", port), "POST", "/", [], b"{}", timeout_seconds=2)
    assert run(work).status == 200
    assert len(servers[0].requests) == 1
    servers[0].close()


def test_what_may_have_been_done_is_not_sent_again(run: Any, serve: Any, tmp_path: Path) -> None:
    server = serve()
    server.speech = lambda connection, request: len(server.requests) == 1 and WELL(connection, request)
    client = _client(tmp_path)

    async def work() -> None:
        await _get(client, server, method="POST", body=b"{}")
        await _get(client, server, method="POST", body=b"{}")  # on the kept connection, which now ends without an answer

    with pytest.raises(ProviderUnreachable) as refused:
        run(work())
    assert (refused.value.reason, refused.value.sent, len(server.requests)) == ("connection_closed", True, 2)


def test_calls_that_find_no_free_connection_are_told_so(run: Any, serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROVIDER_CONNECTIONS", 1)
    server = serve()
    server.speech = says(OK, after=1.0)
    client = _client(tmp_path)

    async def work() -> list[Any]:
        return await asyncio.gather(*(_get(client, server, seconds=seconds) for seconds in (0.8, 0.3)), return_exceptions=True)

    assert sorted(error.reason for error in run(work())) == ["connections_busy", "timeout"]


def test_a_name_that_nobody_has_is_told(run: Any, tmp_path: Path) -> None:
    work = _client(tmp_path).send(("http", "register.invalid", 80), "GET", "/", [], b"", timeout_seconds=5)
    assert _reason(run, work) in ("name_not_found", "connect_timeout")


# -- the breaker ----------------------------------------------------------------------------------------------------


def test_a_provider_that_fails_again_and_again_is_left_alone_for_a_while(run: Any, serve: Any, tmp_path: Path) -> None:
    server = serve()
    server.speech = SILENT
    client = _client(tmp_path, Breaker)

    async def work() -> list[tuple[str, bool, bool]]:
        found = []
        for _ in range(limits.BREAKER_FAILURES + 1):
            try:
                await _get(client, server)
            except ProviderUnreachable as error:
                found.append((error.reason, error.sent, error.retry_after in (1, 2)))
        return found

    found = run(work())
    assert found[-1] == ("circuit_open", False, True)
    assert set(found[:-1]) == {("connection_closed", True, False)}
    assert len(server.requests) == limits.BREAKER_FAILURES


def test_the_breaker_hears_of_each_outcome(run: Any, serve: Any, tmp_path: Path) -> None:
    server, breaker = serve(), Listening()
    client = _client(tmp_path, lambda: breaker)
    speeches: list[Speech] = [
        WELL,
        says(OK.replace(b"200 OK", b"500 Broken")),  # the provider is there and has its own reasons
        says(OK.replace(b"200 OK", b"503 Away")),
        SILENT,
    ]

    async def work() -> None:
        for speech in speeches:
            server.speech = speech
            with contextlib.suppress(ProviderUnreachable):
                await _get(client, server)

    run(work())
    assert breaker.said == ["well", "well", "failed", "failed"]
