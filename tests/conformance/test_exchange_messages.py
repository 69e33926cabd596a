"""The REST message protocol as clients and providers meet it, over real sockets."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from toono.exchange.domain.evidence import hashchain, xades
from toono.exchange.tests.lab import BANK, CLOSED, DESK, DOCUMENTS, PERSONS, Lab, RunningGateway, answer, says

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000001"


def error(response: httpx.Response) -> tuple[str, str]:
    """Type and reason of an error message, whose shape is checked."""
    fields = response.json()
    assert set(fields) == {"type", "message", "detail"} and fields["message"]
    assert response.headers["x-road-error"] == fields["type"]
    assert response.status_code == (500 if fields["type"].lower().startswith("server.") else 400)
    reason, _, fault = fields["detail"].partition(": ")
    UUID(fault)
    return fields["type"], reason


def test_an_answer_carries_the_headers_of_the_protocol_in_their_order(lab: Lab, gateway: RunningGateway) -> None:
    got = gateway.call(lab.desk, PERSONS, PERSON)
    assert got.status_code == 200 and got.json()["civil_id"] == PERSON.rpartition("/")[2]
    own = [name for name in got.headers if name.startswith("x-road-")]
    assert own == ["x-road-id", "x-road-client", "x-road-service", "x-road-request-id", "x-road-request-hash"]
    assert got.headers["x-road-client"] == DESK and got.headers["x-road-service"] == PERSONS
    assert got.headers["x-road-id"].startswith("MN-") and UUID(got.headers["x-road-id"][3:]).version == 4
    assert UUID(got.headers["x-road-request-id"]).version == 4


def test_the_log_holds_both_messages_as_signed_and_openssl_confirms_the_signatures(
    lab: Lab, gateway: RunningGateway, tmp_path: Path
) -> None:
    identifier = f"test-{uuid4()}"
    got = gateway.call(lab.desk, PERSONS, PERSON, X_Road_Id=identifier, X_Road_Issue="C-17", X_Road_UserId="MN200000000001", X_Extra="Өө")
    request, response = lab.log_of(identifier)
    assert (request["direction"], response["direction"]) == ("request", "response")
    assert (request["issue"], request["user_id"], request["agreement"], request["purpose"]) == (
        "C-17",
        "MN200000000001",
        "A-1",
        "reference",
    )
    lines = bytes(request["head"]).decode().split("\r\n")
    assert lines[:2] == ["GET", f"/r1/{PERSONS}{PERSON}"]
    assert f"x-road-id:{identifier}" in lines and "x-extra:Өө" in lines
    assert lines[-2:] == [f"x-road-request-id:{got.headers['x-road-request-id']}", ""]
    assert "authorization" not in bytes(request["head"]).decode()  # the bearer key is the gateway's own business
    head = bytes(response["head"]).decode()
    assert head.startswith("200\r\nOK\r\n") and head.endswith(f"x-road-request-hash:{got.headers['x-road-request-hash']}\r\n")
    assert base64.b64decode(got.headers["x-road-request-hash"]) == hashlib.sha512(bytes(request["head"])).digest()
    assert bytes(response["body"]) == got.content
    members = {member.id: member for member in lab.configuration().members}
    for record, member in ((request, "MN/GOV/lab-office"), (response, "MN/GOV/lab-register")):
        certificate = tmp_path / f"{member.rpartition('/')[2]}.pem"
        certificate.write_text(members[member].certificate_pem)
        key = subprocess.run(["openssl", "x509", "-pubkey", "-noout", "-in", certificate], capture_output=True, check=True).stdout
        (tmp_path / "key.pem").write_bytes(key)
        signature = lab.signature_of(record)
        prepared = xades.restore(
            xades.Signatory.of(x509.load_pem_x509_certificate(certificate.read_bytes())),
            leaves=[signature["leaves"][n : n + 64] for n in range(0, len(signature["leaves"]), 64)], direct=signature["direct"], at=signature["at"],
        )  # fmt: skip
        digests = [hashlib.sha512(bytes(record[part])).digest() if record[part] else None for part in ("head", "body")]
        leaf = digests[0] if signature["direct"] else hashchain.leaf(hashchain.MessageDigests(digests[0] or b"", digests[1]))
        assert leaf == prepared.leaves[record["leaf"]]
        r, s = signature["value"][:32], signature["value"][32:]
        (tmp_path / "signature").write_bytes(encode_dss_signature(int.from_bytes(r), int.from_bytes(s)))
        (tmp_path / "message").write_bytes(prepared.signed_info)
        command = [
            "openssl",
            "dgst",
            "-sha512",
            "-verify",
            tmp_path / "key.pem",
            "-signature",
            tmp_path / "signature",
            tmp_path / "message",
        ]
        assert subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "Verified OK"


def test_the_provider_hears_the_request_without_what_belongs_to_the_connection(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(body=b"[]")
    got = gateway.call(
        lab.desk,
        DOCUMENTS,
        "/documents/N%C2%B07?a=%20&b",
        X_Road_Request_Id="forged",
        X_Road_Request_Hash="forged",
        X_Mine="1",
        Connection="x-hop",
        X_Hop="1",
    )
    assert got.status_code == 200
    heard = lab.provider.heard[-1]
    assert (heard.method, heard.target) == ("GET", "/base/documents/N%C2%B07?a=%20&b")
    assert heard.header("host") == f"127.0.0.1:{lab.provider.port}"
    assert heard.header("authorization") == "Bearer let-me-in"  # the provider's own secret, never the client's
    assert heard.header("x-road-client") == DESK and heard.header("x-mine") == "1" and heard.header("x-toono-purpose") == "reference"
    assert [value for name, value in heard.headers if name == "x-road-request-id"] == [got.headers["x-road-request-id"]]
    assert heard.header("x-road-id") == got.headers["x-road-id"]
    assert not {"user-agent", "connection", "x-hop", "x-road-request-hash", "content-length"} & {name for name, _ in heard.headers}
    assert b"let-me-in" not in bytes(lab.log_of(got.headers["x-road-id"])[0]["head"])


def test_a_body_goes_on_and_is_under_both_hashes(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(201, b'{"number":1}', reason="Created")
    body = json.dumps({"title": "Өргөдөл"}).encode() * 1000
    for content in (body, iter([body[:10], body[10:]])):
        got = gateway.call(lab.desk, DOCUMENTS, "/documents", method="POST", content=content, Content_Type="application/json")
        assert (got.status_code, got.content) == (201, b'{"number":1}')
        assert lab.provider.heard[-1].body == body
        request, response = lab.log_of(got.headers["x-road-id"])
        assert bytes(request["body"]) == body and response["status"] == 201
        assert (
            base64.b64decode(got.headers["x-road-request-hash"])
            == hashlib.sha512(hashlib.sha512(bytes(request["head"])).digest() + hashlib.sha512(body).digest()).digest()
        )


def test_the_purpose_that_the_agreement_supplies_is_inside_the_signed_bytes(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer()
    got = gateway.call(lab.desk, DOCUMENTS, "/documents/1", purpose=None)
    assert got.status_code == 200
    assert b"\r\nx-toono-purpose:reference\r\nx-road-request-id:" in bytes(lab.log_of(got.headers["x-road-id"])[0]["head"])


@pytest.mark.parametrize(
    ("status", "reason", "headers", "body"),
    [
        (404, "Not Found", (("X-Provider", "a"),), b'{"error":"not_found"}'),
        (500, "Internal Server Error", (("X-Road-Error", "forged"),), b"<html>broken</html>"),
        (302, "Found", (("Location", "http://127.0.0.1:1/elsewhere"),), b""),
        (204, "No Content", (), b""),
        (418, "I'm a teapot", (), "Өө".encode()),
    ],
)
def test_what_the_provider_answers_is_passed_untouched(
    lab: Lab, gateway: RunningGateway, status: int, reason: str, headers: Any, body: bytes
) -> None:
    lab.provider.speech = (
        answer(status, body, reason=reason, headers=headers) if status != 204 else says(b"HTTP/1.1 204 No Content\r\n\r\n")
    )
    before = len(lab.provider.heard)
    got = gateway.call(lab.desk, DOCUMENTS, "/documents/1")
    assert (got.status_code, got.content) == (status, body)
    assert "x-road-error" not in got.headers and len(lab.provider.heard) == before + 1
    for name, value in headers:
        assert name == "X-Road-Error" or got.headers[name] == value
    assert lab.log_of(got.headers["x-road-id"])[1]["status"] == status


def test_head_is_answered_without_a_body(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = says(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-Provider: a\r\n\r\n")
    got = gateway.call(lab.desk, DOCUMENTS, "/documents/1", method="HEAD")
    assert (got.status_code, got.content, got.headers["x-provider"]) == (200, b"", "a")


def test_connections_to_the_provider_are_kept(lab: Lab, gateway: RunningGateway) -> None:
    gateway.call(lab.desk, PERSONS, PERSON)
    before = lab.provider.connections
    for _ in range(5):
        assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200
    assert lab.provider.connections == before


REFUSALS: list[tuple[str, dict[str, Any], str, str]] = [
    ("no client", {"X_Road_Client": ""}, "server.clientproxy.invalid_client_identifier", "client_identifier"),
    ("another client form", {"X_Road_Client": "MN/GOV"}, "server.clientproxy.invalid_client_identifier", "client_identifier"),
    ("unknown member", {"X_Road_Client": "MN/GOV/nobody/x"}, "server.clientproxy.unknown_member", "unknown_member"),
    ("unknown system", {"X_Road_Client": BANK + "/x"}, "server.clientproxy.unknown_member", "unknown_client"),
    ("anothers name", {"X_Road_Client": BANK + "/loans"}, "server.clientproxy.ssl_authentication_failed", "credential_of_another"),
    ("unknown key", {"Authorization": "Bearer guess"}, "server.clientproxy.ssl_authentication_failed", "unknown_credential"),
    ("other scheme", {"Authorization": "Basic eDp5"}, "server.clientproxy.missing_signature", "no_credentials"),
    ("half a signature", {"Signature": "sig1=:AAAA:"}, "server.clientproxy.missing_signature", "half_a_signature"),
    ("malformed signature", {"Signature": "x", "Signature_Input": "y"}, "server.clientproxy.malformed_signature", "malformed_signature"),
    ("unknown provider", {"service": "MN/GOV/nobody/x/y"}, "server.clientproxy.unknown_member", "unknown_provider"),
    ("unknown service", {"service": PERSONS + "x"}, "server.serverproxy.unknown_service", "unknown_service"),
    ("no agreement", {"client": "loans", "service": DOCUMENTS, "path": "/documents/1"}, "server.serverproxy.access_denied", "no_agreement"),
    ("expired agreement", {"client": "loans", "purpose": "loan"}, "server.serverproxy.access_denied", "agreement_expired"),
    ("expired credential", {"client": "old", "purpose": "loan"}, "server.clientproxy.ssl_authentication_failed", "credential_expired"),
    ("no purpose", {"purpose": None}, "server.serverproxy.access_denied", "purpose_missing"),
    ("unknown purpose", {"purpose": "loan"}, "server.serverproxy.access_denied", "purpose_unknown"),
    ("service disabled", {"service": CLOSED}, "server.serverproxy.service_disabled", "service_disabled"),
    ("other method", {"method": "DELETE"}, "server.serverproxy.access_denied", "endpoint_not_granted"),
    ("other path", {"path": "/persons/1/more"}, "server.serverproxy.access_denied", "endpoint_not_granted"),
    ("dot segments", {"path": "/persons/x/%2e%2e/1"}, "client.invalid_request", "path_not_normal"),
    ("double slash", {"path": "//persons/1"}, "client.invalid_request", "path_not_normal"),
    ("slash in disguise", {"path": "/persons/1%2fx"}, "client.invalid_request", "path_not_normal"),
    ("unknown method", {"method": "BREW"}, "server.clientproxy.invalid_http_method", "method"),
    ("short address", {"service": "MN/GOV"}, "server.clientproxy.invalid_request", "uri_too_short"),
    ("security server", {"X_Road_Security_Server": "MN/GOV/x"}, "server.clientproxy.invalid_security_server", "security_server"),
    ("represented party", {"X_Road_Represented_Party": "a/b/c"}, "server.clientproxy.invalid_request", "represented_party"),
    ("long message id", {"X_Road_Id": "x" * 256}, "client.invalid_request", "header_value"),
    ("long address", {"path": "/persons/" + "1" * 9000}, "client.invalid_request", "address_too_long"),
    ("large head", {"X_Large": "x" * 40_000}, "client.invalid_request", "head_too_large"),
]


@pytest.mark.parametrize(("how", "kind", "reason"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_each_refusal_has_its_type_and_reason_and_reaches_no_provider(
    lab: Lab, gateway: RunningGateway, how: dict[str, Any], kind: str, reason: str
) -> None:
    arguments: dict[str, Any] = {"service": PERSONS, "path": PERSON} | how
    client = getattr(lab, arguments.pop("client", "desk"))
    before = len(lab.provider.heard)
    got = gateway.call(client, arguments.pop("service"), arguments.pop("path"), **arguments)
    assert error(got) == (kind, reason)
    assert len(lab.provider.heard) == before


def test_a_missing_client_header_gives_500_as_in_x_road(lab: Lab, gateway: RunningGateway) -> None:
    got = gateway.http.get(f"{gateway.url}/r1/{PERSONS}{PERSON}", headers={"Authorization": f"Bearer {lab.desk.bearer}"})
    assert error(got) == ("server.clientproxy.missing_header_field", "missing_client")


def test_of_several_client_headers_the_last_counts_and_other_headers_may_stand_once(lab: Lab, gateway: RunningGateway) -> None:
    url = f"{gateway.url}/r1/{PERSONS}{PERSON}"
    key = ("Authorization", f"Bearer {lab.desk.bearer}")
    purpose = ("X-Toono-Purpose", "reference")
    good = gateway.http.get(url, headers=[("X-Road-Client", BANK + "/loans"), ("X-Road-Client", DESK), key, purpose])
    assert good.status_code == 200 and good.headers["x-road-client"] == DESK
    twice = gateway.http.get(url, headers=[("X-Road-Client", DESK), key, purpose, ("X-Toono-Purpose", "permit")])
    assert error(twice) == ("server.clientproxy.duplicate_header_field", "duplicate_header")


@pytest.mark.parametrize("name", ["X-Toono-Purpose", "X-Road-Issue", "X-Road-Client", "Authorization", "X-Other"])
def test_bytes_that_are_no_text_get_a_clear_answer(lab: Lab, gateway: RunningGateway, name: str) -> None:
    headers = {"X-Road-Client": DESK, "X-Toono-Purpose": "reference", "Authorization": f"Bearer {lab.desk.bearer}", "X-Road-Issue": "C-1"}
    raw = {n: v.encode() for n, v in headers.items()} | {name: b"\xd0\xff\xfe"}
    got = gateway.http.get(f"{gateway.url}/r1/{PERSONS}{PERSON}", headers=raw)
    if name == "X-Other":  # not the exchange's business: it goes on as it came
        assert got.status_code == 200 and b"x-other:\xd0\xff\xfe\r\n" in bytes(lab.log_of(got.headers["x-road-id"])[0]["head"])
    else:
        error(got)


def test_an_error_is_xml_where_the_client_asks_for_it(lab: Lab, gateway: RunningGateway) -> None:
    got = gateway.call(lab.desk, PERSONS, PERSON, purpose="loan", Accept="application/xml")
    found = etree.fromstring(got.content)
    assert got.headers["content-type"].startswith("application/xml")
    assert [(child.tag, bool(child.text)) for child in found] == [("type", True), ("message", True), ("detail", True)]
    assert found.findtext("type") == got.headers["x-road-error"] == "server.serverproxy.access_denied"


def test_the_dialect_of_7_7_names_the_same_errors_in_the_old_way(lab: Lab) -> None:
    with lab.start(TOONO_EXCHANGE_DIALECT="7.7") as old:
        got = old.call(lab.desk, PERSONS, PERSON, purpose="loan")
    assert error(got) == ("Server.ServerProxy.AccessDenied", "purpose_unknown")


def test_health_and_counters_tell_the_operator_what_is_the_matter(lab: Lab, gateway: RunningGateway) -> None:
    assert gateway.http.get(gateway.url + "/health/live").json() == {"status": "ok"}
    state = gateway.ready()
    assert (state["status"], state["signer"], state["database"]) == ("ok", "ok", "ok")
    assert state["configuration"]["version"] == lab.version and state["configuration"]["usable"]
    gateway.call(lab.desk, PERSONS, PERSON)
    gateway.call(lab.desk, PERSONS, PERSON, purpose="loan")
    text = gateway.http.get(gateway.url + "/metrics").text
    assert 'toono_exchange_calls_total{status="2xx"}' in text
    assert 'toono_exchange_errors_total{type="server.serverproxy.access_denied",reason="purpose_unknown"}' in text
    assert "toono_exchange_call_seconds_bucket" in text and PERSON.rpartition("/")[2] not in text
