"""From gateway to gateway: nginx ends TLS before the provider's one, and somebody stands in between who changes what is said. Nothing but the true answer reaches a client."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography import x509

from tests.conformance.test_exchange_xroad_clients import Certificate, certificate, terminator
from tests.nginx import nginx
from tests.stage import free_ports
from toono.exchange.domain import peers
from toono.exchange.domain.evidence import xades
from toono.exchange.tests.lab import DESK, DOCUMENTS, LOANS, OFFICE, PERSONS, PROVIDER, Lab, RunningGateway, answer, person
from toono.registry.contracts import GatewayEntry, ServiceKind

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000008"
Change = Callable[[bytes], bytes | None]
"""What becomes of a message on its way; None: the connection is broken in its place."""


def _as_it_is(content: bytes) -> bytes:
    return content


class Between(ThreadingHTTPServer):
    """Stands between the two gateways with certificates that both believe, and hears and changes what it likes."""

    def __init__(self, target: str, server: Certificate, client: Certificate) -> None:
        self.target, self.heard, self.said = target, list[bytes](), list[bytes]()
        self.calm()
        trust = ssl.create_default_context(cafile=str(server.pem))
        trust.load_cert_chain(client.pem, client.key)
        self.http = httpx.Client(verify=trust, timeout=30)
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.pem, server.key)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client.pem)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://localhost:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def calm(self) -> None:
        self.on_request: Change = _as_it_is
        self.on_response: Change = _as_it_is

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    server: Between
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(body)
        changed = self.server.on_request(body)
        if changed is None:
            self.close_connection = True
            return
        got = self.server.http.post(self.server.target + self.path, content=changed, headers={"Content-Type": self.headers["Content-Type"]})
        self.server.said.append(got.content)
        back = self.server.on_response(got.content) if got.status_code == 200 else got.content
        if back is None:
            self.close_connection = True
            return
        self.send_response(got.status_code)
        self.send_header("Content-Type", got.headers["Content-Type"])
        self.send_header("Content-Length", str(len(back)))
        self.end_headers()
        self.wfile.write(back)

    def log_message(self, *args: Any) -> None:
        pass


@dataclass
class Pair:
    """The consumer's gateway (north), the provider's (south), nginx before it, and whoever stands in between."""

    north: RunningGateway
    south: RunningGateway
    door: str
    between: Between
    own: Certificate
    strange: Certificate
    server: Certificate
    changes: dict[str, Any] = field(default_factory=dict)

    def post(self, content: bytes, shown: Certificate | None) -> httpx.Response:
        """A message straight to the provider's gateway."""
        trust = ssl.create_default_context(cafile=str(self.server.pem))
        if shown is not None:
            trust.load_cert_chain(shown.pem, shown.key)
        with httpx.Client(verify=trust) as http:
            return http.post(self.door + peers.PATH, content=content, headers={"Content-Type": peers.MEDIA_TYPE})


@pytest.fixture(scope="module")
def pair(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("peers")
    folder.chmod(0o755)
    server, own, strange = (certificate(folder, name) for name in ("server", "north", "strange"))
    (lab.home / "exchange" / "tls").mkdir(exist_ok=True)
    (lab.home / "exchange" / "tls" / "certificate.pem").write_bytes(own.pem.read_bytes())
    (lab.home / "exchange" / "tls" / "key.pem").write_bytes(own.key.read_bytes())
    port, dead = free_ports(2)
    door = f"https://localhost:{port}"
    between = Between(door, server, own)
    members = tuple(
        m.model_copy(update={"gateway": {PROVIDER: "south", OFFICE: "north"}.get(m.id, "elsewhere")}) for m in lab.configuration().members
    )
    gateways = (
        GatewayEntry(
            name="south", addresses=(between.url, f"https://localhost:{dead}"), authority_pem=server.pem.read_text(), certificates_sha256=()
        ),
        GatewayEntry(name="north", addresses=(), authority_pem=own.pem.read_text(), certificates_sha256=(own.digest,)),
    )
    changes: dict[str, Any] = {"members": members, "gateways": gateways}
    version = lab.publish(**changes)
    with (
        lab.start(TOONO_GATEWAY_NAME="south", TOONO_GATEWAY_TLS="yes", TOONO_GATEWAY_URL=door) as south,
        lab.start(TOONO_GATEWAY_NAME="north") as north,
    ):
        with nginx(folder, terminator(server, south, port), answers=door):
            for gateway in (north, south):
                gateway.wait_until(lambda one=gateway: one.ready()["configuration"]["version"] == version)
            yield Pair(north, south, door, between, own, strange, server, changes)
        between.shutdown()
        lab.publish()


@pytest.fixture(autouse=True)
def _calm_between(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "pair" in request.fixturenames:
        request.getfixturevalue("pair").between.calm()


def refusal(got: httpx.Response) -> tuple[str, str]:
    return got.headers["x-road-error"], got.json()["detail"].partition(":")[0]


def call(lab: Lab, pair: Pair, identifier: str | None = None) -> httpx.Response:
    return pair.north.call(lab.desk, PERSONS, PERSON, X_Road_Id=identifier or f"peer-{uuid4()}")


# -- the way there and back -----------------------------------------------------------------------------------------


def test_a_provider_behind_another_gateway_answers_and_both_keep_both_messages_with_both_signatures(lab: Lab, pair: Pair) -> None:
    identifier = f"peer-{uuid4()}"
    got = call(lab, pair, identifier)
    assert (got.status_code, got.json()["civil_id"]) == (200, PERSON.rpartition("/")[2])
    records = lab.rows(
        "SELECT m.direction, b.gateway, m.head, m.body, m.leaf, s.member, s.certificate_serial, s.at, s.leaves, s.direct, s.value, s.document_digest, o.der"
        " FROM exchange_messagerecord m JOIN exchange_batch b ON b.id = m.batch JOIN exchange_signature s ON s.id = m.signature"
        " JOIN exchange_ocspresponse o ON o.digest = s.ocsp WHERE m.message_id = %s",
        identifier,
    )
    assert sorted((r[0], r[1], r[5]) for r in records) == [
        ("request", "north", OFFICE), ("request", "south", OFFICE), ("response", "north", PROVIDER), ("response", "south", PROVIDER),
    ]  # fmt: skip
    for direction in ("request", "response"):
        mine, theirs = [r for r in records if r[0] == direction]
        assert (mine[2], mine[3], mine[10]) == (theirs[2], theirs[3], theirs[10])  # head, body, signature value
    certificates = {m.id: x509.load_pem_x509_certificate(m.certificate_pem.encode()) for m in lab.configuration().members}
    for _, _, _, _, _, member, _, at, leaves, direct, value, digest, der in records:
        signatory = xades.Signatory.of(certificates[member])
        prepared = xades.restore(signatory, leaves=[leaves[n : n + 64] for n in range(0, len(leaves), 64)], direct=direct, at=at)
        assert hashlib.sha512(xades.document(signatory, prepared, value, der)).digest() == bytes(digest)
    assert lab.rows("SELECT count(*) FROM exchange_ledgerentry WHERE message_id = %s", identifier) == [(1,)]
    assert got.headers["x-road-request-hash"] and all(b"x-road-service" in bytes(r[2]) for r in records if r[0] == "response")


def test_bodies_go_there_and_back(lab: Lab, pair: Pair) -> None:
    big = json.dumps({"text": "ө" * 200_000}).encode()
    lab.provider.speech = answer(body=big)
    got = pair.north.call(lab.desk, DOCUMENTS, "/documents", method="POST", content=big, content_type="application/json")
    assert (got.status_code, got.content) == (200, big)
    assert lab.provider.heard[-1].body == big


def test_many_at_once_share_signatures_and_each_finds_its_own(lab: Lab, pair: Pair) -> None:
    def one(number: int) -> bool:
        civil_id = f"{300000000000 + number}"
        url = f"{pair.north.url}/r1/{PERSONS}/persons/{civil_id}"
        headers = {"X-Road-Client": DESK, "X-Toono-Purpose": "reference", "Authorization": f"Bearer {lab.desk.bearer}"}
        got = httpx.get(url, headers=headers, timeout=30)
        return got.status_code == 200 and got.json()["civil_id"] == civil_id

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(one, range(60)))


def test_a_fault_of_the_providers_side_comes_with_its_own_type_reason_and_id(lab: Lab, pair: Pair) -> None:
    lab.provider.speech = answer(body=b'{"civil_id": "999999999999"}')
    identifier = f"peer-{uuid4()}"
    got = call(lab, pair, identifier)
    assert refusal(got)[0] == "server.serverproxy.service_failed.invalid_response"
    outcomes = lab.rows("SELECT reason FROM exchange_messagerecord WHERE message_id = %s AND direction = 'response'", identifier)
    assert outcomes == [(got.json()["detail"],)] * 2  # the same fault under the same id on both sides


# -- what the provider's gateway tells about it ---------------------------------------------------------------------


DESCRIPTION = {
    "openapi": "3.0.3",
    "info": {"title": "Бүртгэл", "version": "1"},
    "servers": [{"url": "http://db.inner/base/v2"}],
    "paths": {},
}


@pytest.mark.parametrize("question", ["listMethods", "allowedMethods", "getOpenAPI?serviceCode=documents"])
def test_a_provider_behind_another_gateway_is_described_by_that_one_with_its_signature(lab: Lab, pair: Pair, question: str) -> None:
    services = tuple(
        s.model_copy(update={"kind": ServiceKind.OPENAPI, "openapi_path": "/openapi.json"}) if s.id == DOCUMENTS else s
        for s in lab.configuration().services
    )
    lab.provider.speech = answer(body=json.dumps(DESCRIPTION).encode())
    try:
        settle(pair, lab.publish(**pair.changes, services=services))
        relayed = len(pair.between.heard)
        got = pair.north.call(lab.desk, DOCUMENTS.rpartition("/")[0], "/" + question, purpose=None)
        assert got.status_code == 200, got.text
        assert len(pair.between.heard) == relayed + 1
        gateways = lab.rows(
            "SELECT m.direction, b.gateway, s.member FROM exchange_messagerecord m JOIN exchange_batch b ON b.id = m.batch"
            " JOIN exchange_signature s ON s.id = m.signature WHERE m.message_id = %s ORDER BY 1, 2",
            got.headers["x-road-id"],
        )
        assert gateways == [
            ("request", "north", OFFICE), ("request", "south", OFFICE), ("response", "north", PROVIDER), ("response", "south", PROVIDER),
        ]  # fmt: skip
        if question.startswith("getOpenAPI"):
            assert [s["url"] for s in got.json()["servers"]] == ["./documents/v2"]  # from where it was read: the consumer's gateway
        else:
            assert {s["service_code"] for s in got.json()["service"]} == {"persons", "documents", "closed"}
    finally:
        settle(pair, lab.publish(**pair.changes))


def test_metadata_that_somebody_changed_on_the_way_are_refused(lab: Lab, pair: Pair) -> None:
    pair.between.on_response = lambda content: content.replace(b'"persons"', b'"parsons"')
    got = pair.north.call(lab.desk, DOCUMENTS.rpartition("/")[0], "/listMethods", purpose=None)
    assert refusal(got) == ("server.clientproxy.invalid_signature_value", "other_message")


def settle(pair: Pair, version: int) -> None:
    for gateway in (pair.north, pair.south):
        gateway.wait_until(lambda one=gateway: one.ready()["configuration"]["version"] == version)


# -- whom a gateway takes messages from -----------------------------------------------------------------------------


def test_only_a_gateway_of_the_configuration_is_heard(lab: Lab, pair: Pair) -> None:
    call(lab, pair)
    message = pair.between.heard[-1]
    assert pair.post(message, None).json()["reason"] == "gateway_certificate_missing"
    assert pair.post(message, pair.strange).json()["reason"] == "gateway_unknown"


def test_a_gateway_speaks_only_for_its_own_members(lab: Lab, pair: Pair) -> None:
    members = tuple(m.model_copy(update={"gateway": "elsewhere"}) if m.id == OFFICE else m for m in pair.changes["members"])
    gateways = (
        *pair.changes["gateways"],
        GatewayEntry(name="elsewhere", addresses=("https://localhost:1",), authority_pem="", certificates_sha256=()),
    )
    try:
        version = lab.publish(members=members, gateways=gateways)
        for gateway in (pair.north, pair.south):
            gateway.wait_until(lambda one=gateway: one.ready()["configuration"]["version"] == version)
        assert refusal(call(lab, pair)) == ("server.clientproxy.ssl_authentication_failed", "gateway_of_another")
    finally:
        settle(pair, lab.publish(**pair.changes))


def test_a_message_is_taken_once(lab: Lab, pair: Pair) -> None:
    call(lab, pair)
    heard = len(lab.provider.heard)
    assert pair.post(pair.between.heard[-1], pair.own).json()["reason"] == "nonce_repeated"
    assert len(lab.provider.heard) == heard


def test_a_changed_request_is_refused(lab: Lab, pair: Pair) -> None:
    assert call(lab, pair).status_code == 200
    heard = len(lab.provider.heard)
    pair.between.on_request = lambda content: content.replace(PERSON.encode(), b"/persons/200000000001")
    assert refusal(call(lab, pair)) == ("server.serverproxy.invalid_signature_value", "other_message")
    pair.between.on_request = lambda content: content[:-1]
    assert refusal(call(lab, pair))[1] == "peer_malformed"
    assert len(lab.provider.heard) == heard


# -- what the consumer's side believes ------------------------------------------------------------------------------


def test_a_changed_answer_is_refused_and_reaches_nobody(lab: Lab, pair: Pair) -> None:
    pair.between.on_response = lambda content: content.replace("Сарнай".encode(), "Саранг".encode())
    assert refusal(call(lab, pair)) == ("server.clientproxy.invalid_signature_value", "other_message")


def test_an_answer_to_another_request_is_refused(lab: Lab, pair: Pair) -> None:
    assert call(lab, pair).status_code == 200
    earlier = pair.between.said[-1]
    pair.between.on_response = lambda _: earlier
    assert refusal(call(lab, pair)) == ("server.clientproxy.inconsistent_response", "other_id")
    same = f"peer-{uuid4()}"  # a client may use an id twice; the gateway's own id and the hash tell them apart
    pair.between.calm()
    assert call(lab, pair, same).status_code == 200
    again = pair.between.said[-1]
    pair.between.on_response = lambda _: again
    assert refusal(call(lab, pair, same)) == ("server.clientproxy.inconsistent_response", "other_request_id")


def test_an_answer_to_another_request_would_pass_if_nobody_compared(lab: Lab, pair: Pair) -> None:
    assert call(lab, pair).status_code == 200
    earlier = pair.between.said[-1]
    with lab.start(mutant="no-request-binding", TOONO_GATEWAY_NAME="north") as mutant:
        pair.between.on_response = lambda _: earlier
        assert mutant.call(lab.desk, PERSONS, "/persons/200000000001").json()["civil_id"] == PERSON.rpartition("/")[2]


def test_a_request_sent_back_as_its_own_answer_is_refused(lab: Lab, pair: Pair) -> None:
    pair.between.on_response = lambda _: pair.between.heard[-1]
    assert refusal(call(lab, pair))[0] == "server.clientproxy.invalid_signature_value"


def test_something_else_than_a_message_is_refused(lab: Lab, pair: Pair) -> None:
    pair.between.on_response = lambda _: b'{"ok": true}'
    assert refusal(call(lab, pair)) == ("server.clientproxy.invalid_signature_value", "peer_malformed")


# -- when the other gateway is not there ----------------------------------------------------------------------------


def test_another_address_is_tried_only_where_nothing_was_sent(lab: Lab, pair: Pair) -> None:
    for _ in range(6):  # the dead address is the first one for some of them
        assert call(lab, pair).status_code == 200
    heard = len(pair.between.heard)
    pair.between.on_request = lambda _: None  # it has heard, and nobody knows what it did
    outcomes = {refusal(call(lab, pair)) for _ in range(3)}
    assert outcomes == {("server.clientproxy.network_error", "gateway_connection_closed")}
    assert len(pair.between.heard) == heard + 3


def test_a_gateway_that_the_configuration_does_not_name_cannot_be_reached(lab: Lab, pair: Pair) -> None:
    members = tuple(m.model_copy(update={"gateway": "nowhere"}) if m.id == PROVIDER else m for m in pair.changes["members"])
    try:
        version = lab.publish(members=members, gateways=pair.changes["gateways"])
        pair.north.wait_until(lambda: pair.north.ready()["configuration"]["version"] == version)
        assert refusal(call(lab, pair)) == ("server.serverproxy.service_missing_url", "gateway_unknown")
    finally:
        settle(pair, lab.publish(**pair.changes))


def test_rights_are_those_of_the_providers_side_too(lab: Lab, pair: Pair) -> None:
    """A consumer's gateway that does not look is of no use to its clients: the provider's looks itself."""
    lab.provider.speech = person
    message = _message_of(lab, pair)
    assert LOANS not in message.decode("latin-1")
    agreements = tuple(a for a in lab.configuration().agreements if a.id != "A-1")
    try:
        version = lab.publish(**pair.changes, agreements=agreements)
        pair.south.wait_until(lambda: pair.south.ready()["configuration"]["version"] == version)
        assert pair.post(message, pair.own).json()["reason"] == "no_agreement"
    finally:
        settle(pair, lab.publish(**pair.changes))


def _message_of(lab: Lab, pair: Pair) -> bytes:
    """A message that the consumer's gateway has signed and that never arrived."""
    pair.between.on_request = lambda _: None
    call(lab, pair)
    pair.between.calm()
    return pair.between.heard[-1]
