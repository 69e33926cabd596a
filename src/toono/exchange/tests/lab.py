"""A laboratory for the gateway: a real gateway process with a configuration, a registry, a provider and cables of its own.

Database and signer are the real ones of the running platform, reached through cables that a test can cut. The provider says,
byte for byte, what a test wants it to say.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from joserfc import jws
from joserfc.jwk import ECKey

from toono.pki.signing import SignerClient
from toono.registry.contracts import (
    Agreement,
    Credential,
    CredentialKind,
    Endpoint,
    ExchangeConfiguration,
    MemberEntry,
    Purpose,
    ServiceEntry,
    SubjectRule,
    SystemEntry,
)
from toono.registry.verification import CONFIGURATION_POLICY, TYPE

PROVIDER, OFFICE, BANK = "MN/GOV/lab-register", "MN/GOV/lab-office", "MN/COM/lab-bank"
PERSONS, DOCUMENTS, CLOSED = (f"{PROVIDER}/population/{name}" for name in ("persons", "documents", "closed"))
DESK, LOANS, OLD = f"{OFFICE}/desk", f"{BANK}/loans", f"{BANK}/old"
PURPOSES = {
    code: Purpose(code=code, title_mn=f"Зорилго {code}", title_en=f"Purpose {code}", basis_mn="Хуулийн 1.1")
    for code in ("reference", "permit", "loan")
}
KEEP = timedelta(days=365)


class Cable:
    """Carries connections from one address to another until it is cut; then it closes them and takes no more."""

    def __init__(self, listen: tuple[str, int] | str, target: tuple[str, int] | str) -> None:
        self._listen, self._target = listen, target
        self._open: set[socket.socket] = set()
        self._server: socket.socket | None = None
        self._lost: bytes | None = None
        self.restore()

    def restore(self) -> None:
        if self._server is not None:
            return
        server = _socket(self._listen)
        if isinstance(self._listen, str):
            Path(self._listen).unlink(missing_ok=True)
        else:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(self._listen)
        server.listen(64)
        self._server = server
        threading.Thread(target=self._accept, args=(server,), daemon=True).start()

    def cut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        if isinstance(self._listen, str):
            Path(self._listen).unlink(missing_ok=True)
        for end in list(self._open):
            _abort(end)

    def lose(self, reply: bytes) -> None:
        """The next answer that contains ``reply`` does not arrive: the connection breaks in its place."""
        self._lost = reply

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            far = _socket(self._target)
            try:
                far.connect(self._target)
            except OSError:
                _abort(near)
                continue
            self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if self._lost is not None and self._lost in data:
                    self._lost = None
                    break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            self._open.discard(end)
            _abort(end)


def _socket(address: tuple[str, int] | str) -> socket.socket:
    return socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET, socket.SOCK_STREAM)


def _abort(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@dataclass
class Heard:
    """One request as the provider heard it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for n, value in self.headers if n.lower() == name.lower()), None)


Speech = Callable[[socket.socket, Heard], bool]
"""What the provider says to a request; whether it keeps the connection."""


def answer(status: int = 200, body: bytes = b"{}", *, reason: str = "OK", headers: tuple[tuple[str, str], ...] = ()) -> Speech:
    """A well-formed answer."""
    head = "".join(f"{n}: {v}\r\n" for n, v in (("Content-Type", "application/json"), *headers))
    raw = f"HTTP/1.1 {status} {reason}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    return says(raw)


def says(raw: bytes, *, keep: bool = True) -> Speech:
    """These bytes."""

    def speak(connection: socket.socket, heard: Heard) -> bool:
        connection.sendall(raw)
        return keep

    return speak


def person(connection: socket.socket, heard: Heard) -> bool:
    """The person who was asked for."""
    civil_id = heard.target.split("?")[0].split("/")[2]
    body = json.dumps({"civil_id": civil_id, "given_name": "Сарнай"}, ensure_ascii=False).encode()
    return answer(body=body)(connection, heard)


class Provider:
    """A provider that does as it is told; without orders it answers rightly."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.speech: Speech = person
        self.connections = 0
        self._server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        with contextlib.suppress(OSError, ValueError):
            while line := file.readline():
                method, target, _ = line.decode().split(" ")
                headers = []
                while (header := file.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")) != "":
                    name, _, value = header.partition(": ")
                    headers.append((name, value))
                heard = Heard(method, target, headers, b"")
                heard.body = file.read(int(heard.header("content-length") or 0))
                self.heard.append(heard)
                if not self.speech(connection, heard):
                    break
        _abort(connection)

    def close(self) -> None:
        _abort(self._server)


@dataclass
class LabClient:
    """A client system with its key."""

    system: str
    key_id: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    bearer: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def private_pem(self) -> bytes:
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def entry(self, *, valid_for: timedelta = KEEP) -> SystemEntry:
        public = self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        start = datetime.now(UTC) - KEEP
        return SystemEntry(
            id=self.system,
            title_mn=f"Систем {self.system}",
            title_en=f"System {self.system}",
            credentials=(
                Credential(kind=CredentialKind.SIGNATURE, key_id=self.key_id, public_key_pem=public.decode(), not_before=start, not_after=start + KEEP + valid_for),
                Credential(
                    kind=CredentialKind.KEY, key_id=self.key_id + "-bearer", key_sha256=hashlib.sha256(self.bearer.encode()).hexdigest(),
                    not_before=start, not_after=start + KEEP + valid_for,
                ),
            ),
        )  # fmt: skip


class Authority:
    """The laboratory's own root: signs members' certificates and the configuration's signer."""

    def __init__(self, *, responder: str | None = None) -> None:
        """:param responder: address of its OCSP responder; it stands in members' certificates."""
        self._responder = responder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._issue("Lab root", self._key.public_key(), authority=True)
        self._signer = ec.generate_private_key(ec.SECP256R1())
        policy = x509.CertificatePolicies([x509.PolicyInformation(CONFIGURATION_POLICY, None)])
        self._signer_certificate = self._issue("Lab configuration", self._signer.public_key(), extension=policy)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def certificate_pem(self, name: str, key: ec.EllipticCurvePublicKey) -> str:
        access = None
        if self._responder is not None:
            place = x509.UniformResourceIdentifier(self._responder)
            access = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])
        return self._issue(name, key, extension=access).public_bytes(serialization.Encoding.PEM).decode()

    def _issue(
        self, name: str, key: ec.EllipticCurvePublicKey, *, authority: bool = False, extension: x509.ExtensionType | None = None
    ) -> x509.Certificate:
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lab root")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + KEEP)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False), critical=True)
        )
        if extension is not None:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def sign(self, configuration: ExchangeConfiguration) -> str:
        der = self._signer_certificate.public_bytes(serialization.Encoding.DER)
        header = {"alg": "ES256", "typ": TYPE, "x5c": [base64.b64encode(der).decode()]}
        key = ECKey.import_key(
            self._signer.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return jws.serialize_compact(header, configuration.model_dump_json().encode(), key)

    def status(self, request: bytes, state: ocsp.OCSPCertStatus, at: datetime) -> bytes:
        """The OCSP response to ``request``: this state, as known at this moment."""
        asked = ocsp.load_der_ocsp_request(request)
        revoked = state is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash, issuer_key_hash=asked.issuer_key_hash, serial_number=asked.serial_number,
            algorithm=asked.hash_algorithm, cert_status=state, this_update=at, next_update=None,
            revocation_time=at if revoked else None, revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )  # fmt: skip
        return (
            builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
            .sign(self._key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )


class Responder:
    """Answers about members' certificates, as its authority would."""

    def __init__(self) -> None:
        self.authority: Authority | None = None
        self.asked = 0
        self.restore()
        lab = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                lab.asked += 1
                found = b""
                if lab.up and lab.authority is not None:
                    found = lab.authority.status(body, lab.state, datetime.now(UTC).replace(microsecond=0) - lab.age)
                self.send_response(200 if found else 503)
                self.send_header("Content-Length", str(len(found)))
                self.end_headers()
                self.wfile.write(found)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/ocsp"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def restore(self) -> None:
        self.up, self.state, self.age = True, ocsp.OCSPCertStatus.GOOD, timedelta()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Registry:
    """Serves the configuration, as the portal does."""

    def __init__(self) -> None:
        self.jws = ""
        self.up = True
        lab = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                etag = f'"{hashlib.sha256(lab.jws.encode()).hexdigest()[:16]}"'
                same = self.headers.get("If-None-Match") == etag
                self.send_response(503 if not lab.up else 304 if same else 200)
                self.send_header("ETag", etag)
                body = b"" if same or not lab.up else lab.jws.encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Lab:
    """Everything together. ``start`` begins a gateway; several may run one after the other on the same state."""

    def __init__(
        self, home: Path, *, gateway_dsn: str, signer_socket: Path, tokens: dict[str, str], provider_url: str | None = None
    ) -> None:
        self.home = home
        self.owner_dsn = ""
        self.provider, self.registry, self.responder = Provider(), Registry(), Responder()
        self.authority = self.responder.authority = Authority(responder=self.responder.url)
        self.desk, self.loans, self.old = LabClient(DESK, "lab-desk"), LabClient(LOANS, "lab-loans"), LabClient(OLD, "lab-old")
        self.gateway_dsn, self._signer_socket, self._tokens = gateway_dsn, signer_socket, tokens
        self._provider_url = provider_url or f"http://127.0.0.1:{self.provider.port}"
        self.version = int(time.time())
        self._ports = iter(_free_ports(24))
        (home / "secrets").mkdir(parents=True)
        (home / "exchange").mkdir()
        (home / "run").mkdir(mode=0o700)
        (home / "secrets" / "signer_token_gateway").write_text(tokens["gateway"])
        (home / "secrets" / "lab_secret").write_text("let-me-in")
        (home / "secrets" / "gateway_token_key").write_text(secrets.token_urlsafe(48))
        (home / "secrets" / "terminator_key").write_text("the-terminator-of-the-lab")
        (home / "exchange" / "anchors.pem").write_text(self.authority.pem)
        address = urlsplit(gateway_dsn)
        database_port = next(self._ports)
        self.database = Cable(("127.0.0.1", database_port), (address.hostname or "127.0.0.1", address.port or 5432))
        self._cabled_dsn = address._replace(netloc=f"{address.netloc.rpartition('@')[0]}@127.0.0.1:{database_port}").geturl()
        self.signer = Cable(str(home / "run" / "signer.sock"), str(signer_socket))
        client = SignerClient(signer_socket, tokens["web"])
        self._members = tuple(
            MemberEntry(
                id=member, name_mn=f"Байгууллага {member}", name_en=f"Organisation {member}", signing_key=f"exchange/{member.split('/')[2]}",
                certificate_pem=self.authority.certificate_pem(member, client.generate(key=f"exchange/{member.split('/')[2]}")),
            )
            for member in (PROVIDER, OFFICE, BANK)
        )  # fmt: skip
        self.publish()

    def configuration(self, **changes: Any) -> ExchangeConfiguration:
        moment = datetime.now(UTC)
        subject = SubjectRule(variable="civil_id", identifier="civil_id", echo_pointer="/civil_id", civil_id_pointer="/civil_id")

        def service(identifier: str, *endpoints: Endpoint, **more: Any) -> ServiceEntry:
            values = {
                "base_url": self._provider_url,
                "timeout_seconds": 2,
                "title_mn": f"Үйлчилгээ {identifier}",
                "title_en": f"Service {identifier}",
            }
            return ServiceEntry(id=identifier, endpoints=endpoints, **(values | more))

        def agreement(identifier: str, consumer: str, to: str, *purposes: str, **more: Any) -> Agreement:
            values = {"valid_from": moment - KEEP, "valid_until": moment + KEEP}
            return Agreement(id=identifier, consumer=consumer, service=to, purposes=tuple(PURPOSES[p] for p in purposes), **(values | more))

        values: dict[str, Any] = {
            "instance": "MN",
            "version": self.version,
            "issued_at": moment,
            "expires_at": moment + timedelta(hours=24),
            "trusted_certificates_pem": (self.authority.pem,),
            "members": self._members,
            "systems": (self.desk.entry(), self.loans.entry(), self.old.entry(valid_for=-timedelta(days=1))),
            "services": (
                service(PERSONS, Endpoint(method="GET", path="/persons/{civil_id}", subject=subject)),
                service(
                    DOCUMENTS, Endpoint(method="GET", path="/documents/{number}"), Endpoint(method="POST", path="/documents"), Endpoint(method="HEAD", path="/documents/{number}"),
                    base_url=self._provider_url + "/base/", secret_name="lab_secret",
                ),
                service(CLOSED, Endpoint(method="GET", path="/persons/{civil_id}"), enabled=False),
            ),
            "agreements": (
                agreement("A-1", DESK, PERSONS, "reference", "permit"),
                agreement("A-2", DESK, DOCUMENTS, "reference"),
                agreement("A-3", DESK, CLOSED, "reference"),
                agreement("A-4", LOANS, PERSONS, "loan", valid_until=moment - timedelta(days=1)),
                agreement("A-5", OLD, PERSONS, "loan"),
            ),
        }  # fmt: skip
        return ExchangeConfiguration(**(values | changes))

    def publish(self, **changes: Any) -> int:
        """Put a new configuration into the registry; its version."""
        self.version += 1
        configuration = self.configuration(**changes)
        self.registry.jws = self.authority.sign(configuration)
        return configuration.version

    @contextlib.contextmanager
    def start(
        self,
        *,
        mutant: str = "",
        direct: bool = False,
        workers: int = 1,
        expect_configuration: bool = True,
        server: tuple[str, ...] = (),
        **settings: str,
    ) -> Iterator[RunningGateway]:
        """A gateway process. ``mutant`` names a guard that is taken out (see ``mutants.py``); ``server``: further options of Granian."""
        port = next(self._ports)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("TOONO_", "DJANGO_"))} | {
            "TOONO_HOME": str(self.home),
            "TOONO_GATEWAY_PORT": str(port),
            "TOONO_GATEWAY_WORKERS": str(workers),
            "TOONO_INNER_URL": f"http://127.0.0.1:{self.registry.port}",
            "TOONO_GATEWAY_DATABASE_URL": self.gateway_dsn if direct else self._cabled_dsn,
            "LAB_MUTANT": mutant,
            **settings,
        }
        if direct:
            self.signer.cut()
            (self.home / "run" / "signer.sock").symlink_to(self._signer_socket)
        command = [
            sys.executable, "-m", "granian", "toono.exchange.tests.mutants:application", "--interface", "asgi", "--loop", "uvloop", "--no-ws", "--http", "1",
            "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers), "--log-level", "warning", "--http1-header-read-timeout", "1000", "--backlog", "2048", *server,
        ]  # fmt: skip
        with (self.home / f"gateway-{port}.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        running = RunningGateway(f"http://127.0.0.1:{port}", process, self.home / f"gateway-{port}.log")
        try:
            running.wait_until(lambda: running.ready()["configuration"]["version"] is not None or not expect_configuration)
            yield running
        finally:
            running.http.close()
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database's owner sees."""
        with psycopg.connect(self.owner_dsn) as connection:
            return connection.execute(query, values).fetchall()

    def log_of(self, message_id: str) -> list[dict[str, Any]]:
        """The records of a message id, oldest first."""
        names = (
            "direction",
            "request_id",
            "status",
            "error_type",
            "reason",
            "head",
            "body",
            "digest",
            "batch",
            "signature",
            "leaf",
            "issue",
            "user_id",
            "agreement",
            "client",
            "service",
            "purpose",
        )
        found = self.rows(f"SELECT {', '.join(names)} FROM exchange_messagerecord WHERE message_id = %s ORDER BY at, id", message_id)
        return [dict(zip(names, row, strict=True)) for row in found]

    def signature_of(self, record: dict[str, Any]) -> dict[str, Any]:
        """The signature under a record of :meth:`log_of`."""
        names = ("position", "member", "certificate_serial", "at", "leaves", "direct", "value", "document_digest")
        [row] = self.rows(f"SELECT {', '.join(names)} FROM exchange_signature WHERE id = %s", record["signature"])
        return dict(zip(names, row, strict=True))

    def close(self) -> None:
        self.database.cut()
        self.signer.cut()
        self.provider.close()
        self.registry.close()
        self.responder.close()


@dataclass
class RunningGateway:
    """A gateway process and a way to talk to it."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def kill(self) -> None:
        """kill -9 of the gateway and its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [self.process.pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def ready(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(self.url + "/health/ready", timeout=5).json()
        return found

    def wait_until(self, question: Callable[[], object], timeout: float = 20) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(httpx.HTTPError):
                if question():
                    return
            time.sleep(0.05)
        raise AssertionError(f"the gateway did not come to it:\n{self.log.read_text()[-3000:]}")

    def call(
        self,
        client: LabClient,
        service: str,
        path: str,
        *,
        method: str = "GET",
        purpose: str | None = "reference",
        content: bytes | Iterator[bytes] | None = None,
        **headers: str,
    ) -> httpx.Response:
        """A call with the client's bearer key. Underscores in header names stand for dashes."""
        sent = {"X-Road-Client": client.system, "Authorization": f"Bearer {client.bearer}"}
        if purpose is not None:
            sent["X-Toono-Purpose"] = purpose
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = {name: value.encode() for name, value in sent.items()}
        return self.http.request(method, f"{self.url}/r1/{service}{path}", headers=raw, content=content)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
