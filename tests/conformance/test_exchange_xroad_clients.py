"""X-Road's REST protocol rule by rule, and plain clients of it: ``curl`` with a client certificate through a real nginx, as an information system calls its security server."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.nginx import nginx
from tests.stage import free_ports
from toono.exchange.tests.lab import DESK, DOCUMENTS, OFFICE, PERSONS, Lab, RunningGateway, answer, says
from toono.registry.contracts import Credential, CredentialKind

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000001"
TERMINATOR = "the-terminator-of-the-lab"


# -- the table of the protocol -----------------------------------------------------------------------------------------

SKIPPED = ("keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade", "user-agent", "server", "expect")
"""Of the thirteen those that a client may send as it likes; the others are of the connection itself."""


def heads(lab: Lab, got: httpx.Response) -> tuple[str, str]:
    request, response = lab.log_of(got.headers["x-road-id"])
    return bytes(request["head"]).decode(), bytes(response["head"]).decode()


def test_headers_of_the_connection_are_neither_signed_nor_passed_on_in_either_direction(lab: Lab, gateway: RunningGateway) -> None:
    hop = "".join(f"{name.title()}: hop\r\n" for name in SKIPPED if name not in ("expect", "upgrade", "te", "trailer"))
    lab.provider.speech = says(f"HTTP/1.1 200 OK\r\n{hop}X-Own: 1\r\nContent-Length: 2\r\n\r\n[]".encode())
    sent = {name.title().replace("-", "_"): "hop" for name in SKIPPED if name not in ("expect", "upgrade", "te", "trailer")}
    got = gateway.call(lab.desk, DOCUMENTS, "/documents/1", X_Mine="1", **sent)
    request, response = heads(lab, got)
    for name in SKIPPED:
        assert f"{name}:" not in request and f"\r\n{name}:" not in response, name
        assert lab.provider.heard[-1].header(name) is None, name
    assert "hop" not in request and "hop" not in response
    assert "\r\nx-mine:1\r\n" in request and "\r\nx-own:1\r\n" in response and got.headers["x-own"] == "1"
    assert got.headers.get("server") != "hop"


def test_headers_keep_their_order_and_repetitions_in_the_signed_bytes(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = says(b"HTTP/1.1 200 OK\r\nX-B: 2\r\nX-A: 1\r\nX-B: 3\r\nContent-Length: 2\r\n\r\n[]")
    base = [("X-Road-Client", DESK), ("Authorization", f"Bearer {lab.desk.bearer}"), ("X-Toono-Purpose", "reference")]
    got = gateway.http.get(f"{gateway.url}/r1/{DOCUMENTS}/documents/1", headers=[("X-B", "2"), ("X-A", "1"), *base, ("X-B", "3")])
    request, response = heads(lab, got)
    # The server in front gives repeated headers side by side, at the place of the first; what stands in the evidence is what the provider hears.
    assert [line for line in request.split("\r\n") if line.startswith(("x-a", "x-b"))] == ["x-b:2", "x-b:3", "x-a:1"]
    assert [line for line in response.split("\r\n") if line.startswith(("x-a", "x-b"))] == ["x-b:2", "x-a:1", "x-b:3"]
    assert [(n, v) for n, v in lab.provider.heard[-1].headers if n in ("x-a", "x-b")] == [("x-b", "2"), ("x-b", "3"), ("x-a", "1")]
    assert sorted((n, v) for n, v in got.headers.multi_items() if n in ("x-a", "x-b")) == [("x-a", "1"), ("x-b", "2"), ("x-b", "3")]


def test_a_generated_message_id_stands_behind_the_request_id_and_a_given_one_where_it_was(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(body=b"[]")
    made, _ = heads(lab, gateway.call(lab.desk, DOCUMENTS, "/documents/1"))
    assert [line.partition(":")[0] for line in made.split("\r\n")[-3:-1]] == ["x-road-request-id", "x-road-id"]
    given, _ = heads(lab, gateway.call(lab.desk, DOCUMENTS, "/documents/1", X_Road_Id=f"own-{time.time_ns()}"))
    assert given.split("\r\n")[-2].startswith("x-road-request-id:") and given.count("x-road-id:") == 1


def test_identifiers_are_percent_encoded_segment_by_segment(lab: Lab, gateway: RunningGateway) -> None:
    encoded = PERSONS.replace("population", "populati%6Fn")
    got = gateway.call(lab.desk, encoded, PERSON, X_Road_Client=DESK.replace("desk", "d%65sk"))
    assert got.status_code == 200 and got.headers["x-road-service"] == PERSONS and got.headers["x-road-client"] == DESK
    assert heads(lab, got)[0].split("\r\n")[1] == f"/r1/{encoded}{PERSON}"  # signed as it was received


@pytest.mark.parametrize(
    ("server", "status"),
    [(f"{OFFICE}/main", 200), ("MN/GOV/nobody/main", 500), (f"{OFFICE}/other", 500), (OFFICE, 500), (f"{OFFICE}/main/x", 500)],
)
def test_a_security_server_must_be_one_that_reaches_the_service(lab: Lab, gateway: RunningGateway, server: str, status: int) -> None:
    got = gateway.call(lab.desk, PERSONS, PERSON, X_Road_Security_Server=server)
    assert got.status_code == status
    assert status == 200 or got.headers["x-road-error"] == "server.clientproxy.invalid_security_server"


@pytest.mark.parametrize(("party", "good"), [("agency", True), ("GOV/%D3%A9", True), ("a/b/c", False), ("GOV/%ZZ", False)])
def test_a_represented_party_is_passed_on_as_it_came(lab: Lab, gateway: RunningGateway, party: str, good: bool) -> None:
    got = gateway.call(lab.desk, PERSONS, PERSON, X_Road_Represented_Party=party)
    assert (got.status_code == 200) is good
    assert not good or lab.provider.heard[-1].header("x-road-represented-party") == party


@pytest.mark.parametrize("name", ["X-Road-Client", "x-toono-purpose", "X-ROAD-ID", "authorization"])
def test_connection_cannot_make_a_header_vanish_that_was_read(lab: Lab, gateway: RunningGateway, name: str) -> None:
    got = gateway.call(lab.desk, PERSONS, PERSON, Connection=f"close, {name}", X_Road_Id="own-1")
    assert got.headers["x-road-error"] == "client.invalid_request" and got.json()["detail"].startswith("connection_header")


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "DELETE", "PUT", "PATCH", "HEAD"])
def test_every_method_is_spoken_and_each_needs_its_endpoint(lab: Lab, gateway: RunningGateway, method: str) -> None:
    from toono.registry.contracts import Endpoint

    refused = gateway.call(lab.desk, PERSONS, PERSON, method=method)
    assert refused.headers["x-road-error"].endswith("access_denied") and (method != "HEAD" or refused.content == b"")
    standing = lab.configuration()
    services = [
        s.model_copy(update={"endpoints": (*s.endpoints, Endpoint(method=method, path="/any/{thing}"))}) if s.id == DOCUMENTS else s
        for s in standing.services
    ]
    lab.publish(services=tuple(services))
    gateway.wait_until(lambda: gateway.ready()["configuration"]["version"] == lab.version)
    lab.provider.speech = says(b"HTTP/1.1 204 No Content\r\nX-Own: 1\r\n\r\n")
    got = gateway.call(lab.desk, DOCUMENTS, "/any/x", method=method)
    assert (got.status_code, got.headers["x-own"], lab.provider.heard[-1].method) == (204, "1", method)
    assert heads(lab, got)[0].startswith(method + "\r\n")


def test_there_is_one_date_header(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(body=b"[]", headers=(("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),))
    got = gateway.call(lab.desk, DOCUMENTS, "/documents/1")
    assert got.headers.get_list("date") == ["Sun, 06 Nov 1994 08:49:37 GMT"]


def test_a_chunked_body_goes_through_in_both_directions(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n")
    got = gateway.call(lab.desk, DOCUMENTS, "/documents", method="POST", content=iter([b"a" * 70_000, b"b", b"c" * 10]))
    assert got.content == b"[1,2]" and lab.provider.heard[-1].body == b"a" * 70_000 + b"b" + b"c" * 10
    assert lab.provider.heard[-1].header("transfer-encoding") is None and lab.provider.heard[-1].header("content-length") == "70011"


def test_a_large_answer_leaves_in_pieces_and_whole(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(body=bytes(range(256)) * 20_000)
    got = gateway.call(lab.desk, DOCUMENTS, "/documents/1")
    assert got.content == bytes(range(256)) * 20_000


def test_a_client_that_takes_nothing_is_left_and_others_are_served(lab: Lab, gateway: RunningGateway) -> None:
    body = bytes(9 * 1024 * 1024)
    lab.provider.speech = answer(body=body)
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    own = {"Host": host, "X-Road-Client": DESK, "X-Toono-Purpose": "reference", "Authorization": f"Bearer {lab.desk.bearer}"}
    head = "".join(f"{name}: {value}\r\n" for name, value in own.items())
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        slow.connect((host, int(port)))
        slow.sendall(f"GET /r1/{DOCUMENTS}/documents/1 HTTP/1.1\r\n{head}\r\n".encode())
        gateway.wait_until(lambda: lab.provider.heard and lab.provider.heard[-1].target.endswith("/documents/1"))
        lab.provider.speech = answer(body=b"[]")
        assert gateway.call(lab.desk, DOCUMENTS, "/documents/2").content == b"[]"
        time.sleep(3)
        slow.settimeout(20)
        taken = 0
        while part := slow.recv(65_536):  # what was on the way arrives; then the connection ends
            taken += len(part)
    assert 0 < taken < len(body)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json;charset=utf-8", "application/json"), ("foobarbaz", "application/json"), ("application/xml", "application/xml;charset=utf-8"), ("text/xml", "text/xml;charset=utf-8"),
        ("application/xml, text/xml", "application/xml;charset=utf-8"), ("text/xml, application/xml", "text/xml;charset=utf-8"), ("text/xml-patch+xml", "application/json"),
        ("application/xml; q=0.2", "application/xml;charset=utf-8"), ("text/xml, application/xml, application/json", "text/xml;charset=utf-8"), ("text/*", "text/xml;charset=utf-8"),
    ],
)  # fmt: skip
def test_the_form_of_an_error_follows_accept_as_x_roads_own_tests_say(lab: Lab, gateway: RunningGateway, accept: str, kind: str) -> None:
    got = gateway.call(lab.desk, PERSONS, PERSON, purpose="loan", Accept=accept)
    assert (got.status_code, got.headers["content-type"]) == (500, kind)


# -- a client certificate ----------------------------------------------------------------------------------------------

TEMPLATE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "nginx-before-the-gateway.conf"


@dataclass
class Certificate:
    """A self-signed certificate of an information system, as X-Road's are."""

    pem: Path
    key: Path
    digest: str


def certificate(folder: Path, name: str, *, begin: timedelta = timedelta(days=-1), end: timedelta = timedelta(days=1)) -> Certificate:
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    moment = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
    )
    builder = builder.not_valid_before(moment + begin).not_valid_after(moment + end)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = builder.sign(key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Certificate(folder / f"{name}.pem", folder / f"{name}.key", made.fingerprint(hashes.SHA256()).hex())


def terminator(server: Certificate, gateway: RunningGateway, port: int) -> str:
    """nginx's server before ``gateway``, as the how-to says."""
    filled = (
        TEMPLATE.read_text().replace("/etc/toono/tls/certificate.pem", str(server.pem)).replace("/etc/toono/tls/key.pem", str(server.key))
    )
    filled = filled.replace("127.0.0.1:8401", gateway.url.removeprefix("http://")).replace("TERMINATOR-KEY", TERMINATOR)
    return f"server {{ listen 127.0.0.1:{port} ssl; {filled} }}"


@dataclass
class Door:
    """nginx before a gateway that believes it."""

    url: str
    server: Certificate
    gateway: RunningGateway
    folder: Path
    clients: dict[str, Certificate]

    def curl(self, *arguments: str, shown: str | None = None, client: str = DESK) -> tuple[int, dict[str, Any]]:
        """A plain call by curl: status and JSON body."""
        own = ["--cert", str(self.clients[shown].pem), "--key", str(self.clients[shown].key)] if shown else []
        command = [
            "curl", "-sS", "--cacert", str(self.server.pem), *own, "-H", f"X-Road-Client: {client}", "-H", "X-Toono-Purpose: reference", "-w", "\n%{http_code}", *arguments,
            f"{self.url}/r1/{PERSONS}{PERSON}",
        ]  # fmt: skip
        found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
        body, _, status = found.rpartition("\n")
        return int(status), json.loads(body)


def test_anybody_would_be_believed_if_the_terminator_did_not_prove_itself(lab: Lab, door: Door) -> None:
    with lab.start(mutant="any-terminator", TOONO_GATEWAY_TLS="yes", TOONO_GATEWAY_URL=door.url) as mutant:
        der = x509.load_pem_x509_certificate(door.clients["known"].pem.read_bytes()).public_bytes(serialization.Encoding.DER)
        sent = {
            "X-Road-Client": DESK,
            "X-Toono-Purpose": "reference",
            "Client-Cert": f":{base64.b64encode(der).decode()}:",
            "X-Toono-Terminator": "guess",
        }
        mutant.wait_until(lambda: httpx.get(f"{mutant.url}/r1/{PERSONS}{PERSON}", headers=sent).status_code == 200)


@pytest.fixture(scope="module")
def door(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    now, day = datetime.now(UTC), timedelta(days=1)
    clients = {name: certificate(folder, name) for name in ("known", "another", "unknown", "ended")}
    clients |= {"old": certificate(folder, "old", begin=-3 * day, end=-day), "early": certificate(folder, "early", begin=day, end=2 * day)}

    def credential(name: str, end: datetime) -> Credential:
        return Credential(
            kind=CredentialKind.CERTIFICATE, key_id=name, certificate_sha256=clients[name].digest, not_before=now - 9 * day, not_after=end
        )

    desk, loans, old = lab.configuration().systems
    desk = desk.model_copy(
        update={
            "credentials": (
                *desk.credentials,
                *(credential(n, now + day) for n in ("known", "old", "early")),
                credential("ended", now - day),
            )
        }
    )
    loans = loans.model_copy(update={"credentials": (*loans.credentials, credential("another", now + day))})
    lab.publish(systems=(desk, loans, old))
    server = certificate(folder, "localhost")
    [port] = free_ports(1)
    with lab.start(TOONO_GATEWAY_TLS="yes", TOONO_GATEWAY_URL=f"https://localhost:{port}") as gateway:
        gateway.wait_until(lambda: gateway.ready()["configuration"]["version"] == lab.version)
        url = f"https://localhost:{port}"
        with nginx(folder, terminator(server, gateway, port), answers=url):
            yield Door(url, server, gateway, folder, clients)
    lab.publish()


def test_curl_with_a_known_certificate_reads_a_person_through_nginx(lab: Lab, door: Door) -> None:
    status, body = door.curl(shown="known")
    assert (status, body["civil_id"]) == (200, PERSON.rpartition("/")[2]), body
    heard = lab.provider.heard[-1]
    assert not [name for name, _ in heard.headers if "cert" in name or "terminator" in name]
    message_id = heard.header("x-road-id") or ""
    assert not any(word in bytes(lab.log_of(message_id)[0]["head"]) for word in (b"client-cert", b"terminator", TERMINATOR.encode()))


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ("unknown", "unknown_credential"), ("another", "credential_of_another"), ("ended", "credential_expired"), ("old", "client_certificate_expired"),
        ("early", "client_certificate_not_yet_valid"),
    ],
)  # fmt: skip
def test_another_certificate_is_refused_with_its_own_reason(door: Door, shown: str, reason: str) -> None:
    status, body = door.curl(shown=shown)
    assert (status, body["type"]) == (500, "server.clientproxy.ssl_authentication_failed") and body["detail"].startswith(reason)


def test_without_a_certificate_there_is_no_client(door: Door) -> None:
    assert door.curl()[1]["type"] == "server.clientproxy.missing_signature"


def test_a_certificate_in_a_header_is_not_believed_from_anybody_but_the_terminator(lab: Lab, door: Door, gateway: RunningGateway) -> None:
    der = x509.load_pem_x509_certificate(door.clients["known"].pem.read_bytes()).public_bytes(serialization.Encoding.DER)
    value = f":{base64.b64encode(der).decode()}:"
    assert sha256(der).hexdigest() == door.clients["known"].digest
    sent = {"X-Road-Client": DESK, "X-Toono-Purpose": "reference", "Client-Cert": value}
    url = f"/r1/{PERSONS}{PERSON}"
    for more in ({}, {"X-Toono-Terminator": "guess"}):
        direct = httpx.get(door.gateway.url + url, headers=sent | more)
        assert direct.headers["x-road-error"].endswith("ssl_authentication_failed") and direct.json()["detail"].startswith(
            "terminator_unknown"
        )
    assert httpx.get(door.gateway.url + url, headers=sent | {"X-Toono-Terminator": TERMINATOR}).status_code == 200  # RFC 9440's own form
    # nginx writes over what a client sends; a gateway without a terminator does not look at it
    assert door.curl("-H", f"Client-Cert: {value}", "-H", f"X-Toono-Terminator: {TERMINATOR}")[1]["type"].endswith("missing_signature")
    plain = httpx.get(gateway.url + url, headers=sent | {"X-Toono-Terminator": TERMINATOR})
    assert plain.headers["x-road-error"].endswith("missing_signature")
