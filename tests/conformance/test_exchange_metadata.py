"""X-Road's metadata services over real sockets."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from lxml import etree

from toono.exchange.tests.lab import DESK, DOCUMENTS, OFFICE, PERSONS, PROVIDER, Lab, RunningGateway, answer
from toono.exchange.tests.speaking import Speaker
from toono.registry.contracts import EndpointGrant, ServiceKind

pytest_plugins = ["toono.exchange.tests.stage"]

SYSTEM = f"{PROVIDER}/population"
DESCRIPTION = {
    "openapi": "3.0.3", "info": {"title": "Бүртгэл", "version": "1"}, "servers": [{"url": "http://db.inner:8080/base"}, {"url": "http://db.inner:8080/base/v2"}],
    "paths": {"/documents": {"post": {"responses": {"200": {"description": "ok"}}}}},
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def described(lab: Lab, gateway: RunningGateway) -> Iterator[None]:
    """The documents service describes itself; the desk may write documents and read none."""
    standing = lab.configuration()
    systems = (*standing.systems, standing.systems[0].model_copy(update={"id": SYSTEM, "credentials": ()}))
    services = tuple(
        s.model_copy(update={"kind": ServiceKind.OPENAPI, "openapi_path": "/openapi.yaml"}) if s.id == DOCUMENTS else s
        for s in standing.services
    )
    agreements = tuple(
        a.model_copy(update={"endpoints": (EndpointGrant(method="POST", path="/documents"),)}) if a.id == "A-2" else a
        for a in standing.agreements
    )
    lab.publish(systems=systems, services=services, agreements=agreements)
    gateway.wait_until(lambda: gateway.ready()["configuration"]["version"] == lab.version)
    yield
    lab.publish()


def listed(got: httpx.Response) -> dict[str, list[str]]:
    assert got.status_code == 200 and got.headers["content-type"] == "application/json"
    return {s["service_code"]: [f"{e['method']} {e['path']}" for e in s["endpoint_list"]] for s in got.json()["service"]}


def test_members_and_systems_are_listed_for_everybody_in_both_forms(lab: Lab, gateway: RunningGateway) -> None:
    as_json = httpx.get(gateway.url + "/listClients", headers={"Accept": "application/json"})
    assert as_json.headers["content-type"] == "application/json;charset=utf-8"
    found = [
        "/".join([i["xroad_instance"], i["member_class"], i["member_code"], i.get("subsystem_code", "")]).rstrip("/")
        for i in (m["id"] for m in as_json.json()["member"])
    ]
    assert {PROVIDER, OFFICE, DESK, SYSTEM} <= set(found)
    as_xml = httpx.get(gateway.url + "/listClients?xRoadInstance=MN")
    assert as_xml.headers["content-type"] == "text/xml;charset=utf-8"
    assert len(etree.fromstring(as_xml.content)) == len(found)
    assert "x-road-request-hash" not in as_json.headers
    other = httpx.get(gateway.url + "/listClients?xRoadInstance=XX", headers={"Accept": "text/xml"})
    assert other.status_code == 500 and etree.fromstring(other.content).findtext("message") == "Invalid instance identifier: XX"


def test_methods_of_a_provider_are_listed_signed_and_logged_without_an_agreement(lab: Lab, gateway: RunningGateway) -> None:
    got = gateway.call(lab.loans, SYSTEM, "/listMethods", purpose=None)
    assert listed(got) == {
        "persons": ["GET /persons/*"], "documents": ["GET /documents/*", "POST /documents", "HEAD /documents/*"], "closed": ["GET /persons/*"],
    }  # fmt: skip
    kinds = {s["service_code"]: s["service_type"] for s in got.json()["service"]}
    assert kinds == {"persons": "REST", "documents": "OPENAPI", "closed": "REST"}
    request, response = lab.log_of(got.headers["x-road-id"])
    assert (request["client"], request["service"]) == ("MN/COM/lab-bank/loans", f"{SYSTEM}/listMethods")
    assert lab.signature_of(request)["member"] == "MN/COM/lab-bank" and lab.signature_of(response)["member"] == PROVIDER
    assert bytes(response["body"]) == got.content and got.headers["x-road-service"] == f"{SYSTEM}/listMethods"


def test_the_hash_of_a_request_for_metadata_covers_the_head_alone(lab: Lab, gateway: RunningGateway) -> None:
    got = gateway.call(lab.desk, SYSTEM, "/listMethods", purpose=None, content=b"a body that nobody reads")
    [request, _] = lab.log_of(got.headers["x-road-id"])
    assert got.status_code == 200 and bytes(request["body"]) == b""
    assert base64.b64decode(got.headers["x-road-request-hash"]) == hashlib.sha512(bytes(request["head"])).digest()


def test_allowed_methods_are_what_the_agreements_of_the_caller_let_through(lab: Lab, gateway: RunningGateway) -> None:
    assert listed(gateway.call(lab.desk, SYSTEM, "/allowedMethods", purpose=None)) == {
        "persons": ["GET /persons/*"], "documents": ["POST /documents"], "closed": ["GET /persons/*"],
    }  # fmt: skip
    assert listed(gateway.call(lab.loans, SYSTEM, "/allowedMethods", purpose=None)) == {}  # its agreement is over


def test_methods_are_listed_as_xml_where_that_is_asked_for(lab: Lab, gateway: RunningGateway) -> None:
    got = gateway.call(lab.desk, SYSTEM, "/allowedMethods", purpose=None, Accept="application/xml")
    root = etree.fromstring(got.content)
    assert etree.QName(root).localname == "allowedMethodsResponse" and len(root) == 3


@pytest.mark.parametrize(("kind", "as_json"), [("application/json", True), ("application/x-yaml", False), ("text/plain", False)])
def test_a_description_comes_with_the_exchange_as_its_server(lab: Lab, gateway: RunningGateway, kind: str, as_json: bool) -> None:
    content = json.dumps(DESCRIPTION) if as_json else yaml.safe_dump(DESCRIPTION, allow_unicode=True)
    lab.provider.speech = raw(content.encode(), kind)
    got = gateway.call(lab.loans, SYSTEM, "/getOpenAPI?serviceCode=documents", purpose=None)
    assert (got.status_code, got.headers["content-type"]) == (200, kind)
    found = yaml.safe_load(got.content)
    assert [s["url"] for s in found["servers"]] == [f"{gateway.url}/r1/{DOCUMENTS}", f"{gateway.url}/r1/{DOCUMENTS}/v2"]
    assert found["paths"] == DESCRIPTION["paths"] and b"db.inner" not in got.content
    heard = lab.provider.heard[-1]
    assert (heard.method, heard.target, heard.header("authorization")) == ("GET", "/base/openapi.yaml", "Bearer let-me-in")
    assert b"db.inner" not in bytes(lab.log_of(got.headers["x-road-id"])[1]["body"])


def raw(content: bytes, kind: str) -> Any:
    from toono.exchange.tests.lab import says

    return says(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)


@pytest.mark.parametrize(
    ("query", "speech", "message"),
    [
        ("", None, "Missing serviceCode in message body"),
        ("?serviceCode=persons", None, "Invalid service type: REST"),
        ("?serviceCode=nothing", None, f"Service not found: {SYSTEM}/nothing"),
        ("?serviceCode=documents", answer(404, b"", reason="Not Found"), "Failed reading service description from"),
        ("?serviceCode=documents", answer(body=b"[" * 50_000), "Failed overwriting origin URL"),
        ("?serviceCode=documents", answer(body=b'{"swagger":"2.0"}'), "Incompatible openapi version"),
    ],
)
def test_the_fixed_texts_are_given_and_the_request_stays_in_the_log(
    lab: Lab, gateway: RunningGateway, query: str, speech: Any, message: str
) -> None:
    if speech is not None:
        lab.provider.speech = speech
    got = gateway.call(lab.desk, SYSTEM, "/getOpenAPI" + query, purpose=None)
    assert got.status_code == 500 and got.json()["message"].startswith(message) and "127.0.0.1" not in got.json()["message"]
    assert [r["direction"] for r in lab.log_of(got.headers["x-road-id"])] == ["request", "response"]


def test_only_a_known_client_asks_and_only_by_get(lab: Lab, gateway: RunningGateway) -> None:
    unknown = gateway.call(lab.desk, SYSTEM, "/listMethods", Authorization="Bearer guess")
    assert unknown.headers["x-road-error"].endswith("ssl_authentication_failed")
    for path, how, error in (("/listMethods", {"method": "POST"}, "unknown_service"), ("/listMethods/more", {}, "unknown_service")):
        assert gateway.call(lab.desk, SYSTEM, path, **how).headers["x-road-error"].endswith(error)
    for system in ("MN/GOV/nobody/x", f"{PROVIDER}/nothing"):
        assert gateway.call(lab.desk, system, "/listMethods").headers["x-road-error"].endswith("unknown_member")


def test_a_client_of_the_native_dialect_gets_native_addresses(lab: Lab, gateway: RunningGateway) -> None:
    desk = Speaker(lab.desk, gateway.url)
    lab.provider.speech = raw(json.dumps(DESCRIPTION).encode(), "application/json")
    got = desk.call(SYSTEM, "/getOpenAPI?serviceCode=documents", purpose=None)
    assert got.json()["servers"][0]["url"] == f"{gateway.url}/v1/{DOCUMENTS}" and got.headers["toono-receipt"]
    assert listed(desk.call(SYSTEM, "/allowedMethods", purpose=None))["documents"] == ["POST /documents"]
    assert listed(desk.call(SYSTEM, "/listMethods", purpose=None)).keys() == {"persons", "documents", "closed"}
    assert PERSONS.startswith(SYSTEM)
