"""What the exchange tells about itself, in the shapes of X-Road's metadata services."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from lxml import etree

from toono.exchange import limits
from toono.exchange.domain import metadata
from toono.exchange.domain.faults import Fault
from toono.registry.contracts import (
    Agreement,
    Endpoint,
    EndpointGrant,
    ExchangeConfiguration,
    MemberEntry,
    Purpose,
    ServiceEntry,
    ServiceKind,
    SystemEntry,
)

NOW = datetime(2026, 1, 5, tzinfo=UTC)
PURPOSE = Purpose(code="reference", title_mn="Лавлагаа", title_en="Reference", basis_mn="Хуулийн 1.1")
ADDRESS = "https://exchange.example/r1/MN/GOV/agency/register/persons"
NAMESPACES = {"x": "http://x-road.eu/xsd/xroad.xsd", "id": "http://x-road.eu/xsd/identifiers"}


def service(code: str = "persons", **more: Any) -> ServiceEntry:
    values: dict[str, Any] = {
        "base_url": "http://10.0.0.7:8080/api/v2", "timeout_seconds": 2, "title_mn": "а", "title_en": "a", "kind": ServiceKind.OPENAPI, "openapi_path": "/openapi.yaml",
        "endpoints": (Endpoint(method="GET", path="/persons/{civil_id}"), Endpoint(method="POST", path="/persons"), Endpoint(method="GET", path="/codes/**")),
    }  # fmt: skip
    return ServiceEntry(id=f"MN/GOV/agency/register/{code}", **(values | more))


def agreement(*grants: tuple[str, str], **more: Any) -> Agreement:
    values: dict[str, Any] = {"valid_from": NOW - timedelta(days=1), "valid_until": NOW + timedelta(days=1)}
    endpoints = tuple(EndpointGrant(method=method, path=path) for method, path in grants)
    return Agreement(
        id="A", consumer="MN/COM/bank/loans", service=service().id, purposes=(PURPOSE,), endpoints=endpoints, **(values | more)
    )


def configuration() -> ExchangeConfiguration:
    def member(identifier: str, name: str) -> MemberEntry:
        return MemberEntry(id=identifier, name_mn=name, name_en=name, signing_key="k", certificate_pem="")

    systems = ("MN/GOV/agency/register", "MN/GOV/agency/desk", "MN/GOV/agency2/other")
    return ExchangeConfiguration(
        instance="MN", version=1, issued_at=NOW, expires_at=NOW, trusted_certificates_pem=(), services=(), agreements=(),
        members=(member("MN/GOV/agency2", "Хоёр"), member("MN/GOV/agency", "Өргөө <& Ко>\x01")),
        systems=tuple(SystemEntry(id=i, title_mn=f"Систем {i[-5:]}", title_en="s") for i in systems),
    )  # fmt: skip


# -- listClients ---------------------------------------------------------------------------------------------------


def test_clients_are_listed_as_json_in_the_shape_of_the_code() -> None:
    page = metadata.list_clients(configuration(), query="", accept="text/xml;q=1.0, application/json;q=0.1")
    listed = json.loads(page.body)
    assert page.content_type == "application/json;charset=utf-8" and list(listed) == ["member"]
    assert listed["member"][0] == {
        "id": {"object_type": "MEMBER", "xroad_instance": "MN", "member_class": "GOV", "member_code": "agency"},
        "name": "Өргөө <& Ко>\x01",
    }
    assert listed["member"][1]["id"] == {
        "object_type": "SUBSYSTEM", "xroad_instance": "MN", "member_class": "GOV", "member_code": "agency", "subsystem_code": "desk",
    }  # fmt: skip
    assert listed["member"][1]["subsystem_name"] == "Систем /desk"
    assert [entry["id"]["member_code"] for entry in listed["member"]] == ["agency"] * 3 + ["agency2"] * 2


@pytest.mark.parametrize("accept", [None, "*/*", "text/xml", "application/jsonp", "application/xml, text/html"])
def test_clients_are_listed_as_xml_otherwise(accept: str | None) -> None:
    page = metadata.list_clients(configuration(), query="", accept=accept)
    root = etree.fromstring(page.body)
    assert page.content_type == "text/xml;charset=utf-8" and root.tag == "{http://x-road.eu/xsd/xroad.xsd}clientList"
    members = root.findall("x:member", NAMESPACES)
    assert len(members) == 5 and members[0].findtext("x:name", namespaces=NAMESPACES) == "Өргөө <& Ко>"
    identifier = members[1].find("x:id", NAMESPACES)
    assert identifier.get("{http://x-road.eu/xsd/identifiers}objectType") == "SUBSYSTEM"
    assert [(etree.QName(child).localname, child.text) for child in identifier] == [
        ("xRoadInstance", "MN"), ("memberClass", "GOV"), ("memberCode", "agency"), ("subsystemCode", "desk"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query", ["xRoadInstance=MN", "xRoadInstance=", "xRoadInstance=%20", "other=1", "xRoadInstance=XX&xRoadInstance=MN"]
)
def test_the_own_instance_may_be_named(query: str) -> None:
    assert metadata.list_clients(configuration(), query=query, accept=None).body


def test_another_instance_is_refused_with_the_text_of_x_road() -> None:
    with pytest.raises(Fault) as refused:
        metadata.list_clients(configuration(), query="xRoadInstance=EE", accept=None)
    assert (refused.value.message, refused.value.status) == ("Invalid instance identifier: EE", 500)


# -- listMethods, allowedMethods -------------------------------------------------------------------------------------


def test_methods_are_listed_with_their_endpoints() -> None:
    entries = {"a": service("a"), "b": service("b", kind=ServiceKind.REST, openapi_path=None, endpoints=())}
    page = metadata.methods(
        {s.id: metadata.all_endpoints(s) for s in entries.values()},
        {s.id: s.kind for s in entries.values()},
        name="listMethods",
        accept=None,
    )
    assert page.content_type == "application/json"
    assert json.loads(page.body) == {
        "service": [
            {
                "object_type": "SERVICE", "xroad_instance": "MN", "member_class": "GOV", "member_code": "agency", "subsystem_code": "register", "service_code": "a",
                "service_type": "OPENAPI",
                "endpoint_list": [{"method": "GET", "path": "/persons/*"}, {"method": "POST", "path": "/persons"}, {"method": "GET", "path": "/codes/**"}],
            },
            {
                "object_type": "SERVICE", "xroad_instance": "MN", "member_class": "GOV", "member_code": "agency", "subsystem_code": "register", "service_code": "b",
                "service_type": "REST", "endpoint_list": [],
            },
        ]
    }  # fmt: skip


def test_methods_are_listed_as_xml_where_only_that_is_asked_for() -> None:
    entry = service()
    for accept in ("text/xml", "application/xml"):
        page = metadata.methods({entry.id: ()}, {entry.id: entry.kind}, name="allowedMethods", accept=accept)
        root = etree.fromstring(page.body)
        assert root.tag == "{http://x-road.eu/xsd/xroad.xsd}allowedMethodsResponse"
        assert [child.text for child in root[0]] == ["MN", "GOV", "agency", "register", "persons"]
    assert metadata.methods({}, {}, name="listMethods", accept="text/xml, application/json").content_type == "application/json"


@pytest.mark.parametrize(
    ("grants", "allowed"),
    [
        ((), ["GET /persons/*", "POST /persons", "GET /codes/**"]),
        ((("GET", "/persons/*"),), ["GET /persons/*"]),
        ((("*", "**"),), ["GET /persons/*", "POST /persons", "GET /codes/**"]),
        ((("*", "/persons"), ("POST", "**")), ["POST /persons"]),
        ((("GET", "/persons/200000000001"),), ["GET /persons/200000000001"]),
    ],
)
def test_what_is_allowed_is_what_the_grants_let_through(grants: tuple[tuple[str, str], ...], allowed: list[str]) -> None:
    found = metadata.allowed_endpoints(service(), [agreement(*grants)], NOW)
    assert [f"{method} {path}" for method, path in found or ()] == allowed


def test_several_agreements_add_up_and_those_out_of_time_do_not_count() -> None:
    over = agreement(valid_until=NOW)
    assert metadata.allowed_endpoints(service(), [over], NOW) is None
    assert metadata.allowed_endpoints(service(), [], NOW) is None
    both = [agreement(("GET", "/persons/*")), agreement(("POST", "/persons")), over]
    assert metadata.allowed_endpoints(service(), both, NOW) == (("GET", "/persons/*"), ("POST", "/persons"))


# -- getOpenAPI ------------------------------------------------------------------------------------------------------


def test_the_described_service_is_named_by_the_query() -> None:
    assert metadata.described_service("a=1&serviceCode=person%73") == "persons"
    assert metadata.described_service("SERVICECODE=x") == "x"
    for query in ("", "serviceCode=", "service=x"):
        with pytest.raises(Fault, match="Missing serviceCode"):
            metadata.described_service(query)


def test_the_texts_that_clients_compare_are_those_of_x_road() -> None:
    with pytest.raises(Fault, match=r"Invalid service type: REST"):
        metadata.check_describable(service(kind=ServiceKind.REST), "x")
    with pytest.raises(Fault, match=r"Service not found: MN/GOV/agency/register/x"):
        metadata.check_describable(None, "MN/GOV/agency/register/x")
    with pytest.raises(Fault, match=r"Failed reading service description from .*Status: 404 Reason: Not Found") as refused:
        metadata.check_read(service(), 404, "Not Found")
    assert "10.0.0.7" not in refused.value.message
    metadata.check_read(metadata.check_describable(service(), "x"), 200, "OK")


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("application/json", "/x.yaml", True), ("application/vnd.oai.openapi+json; charset=utf-8", "/x", True), ("application/x-yaml", "/x.json", False),
        ("text/plain", "/x.json?v=1", True), ("text/plain", "/x.yaml", False), (None, "/x", False), (None, "/openapi.json", True),
    ],
)  # fmt: skip
def test_the_form_of_a_description_is_told_by_type_then_by_name(kind: str | None, path: str, expected: bool) -> None:
    assert metadata.is_json(kind, path) is expected


DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Хүн ам", "version": "1.10"},
    "servers": [
        {"url": "http://10.0.0.7:8080/api/v2", "description": "inner"}, {"url": "http://10.0.0.7:8080/api/v2/test"}, {"url": "https://{host}.inner/x", "variables": {"host": {"default": "db"}}},
    ],
    "paths": {"/persons": {"servers": [{"url": "http://secret.inner/"}], "get": {"servers": [{"url": "http://secret.inner/api/v2/a"}], "responses": {}}}},
}  # fmt: skip


@pytest.mark.parametrize("as_json", [True, False])
def test_every_server_of_a_description_becomes_the_exchange(as_json: bool) -> None:
    content = json.dumps(DOCUMENT) if as_json else yaml.safe_dump(DOCUMENT, allow_unicode=True)
    public = metadata.public_description(content.encode(), as_json=as_json, service=service(), address=ADDRESS)
    found = json.loads(public) if as_json else yaml.safe_load(public)
    assert [server["url"] for server in found["servers"]] == [ADDRESS, ADDRESS + "/test"]
    assert found["servers"][0]["description"] == "inner"
    assert found["paths"]["/persons"]["servers"] == [{"url": ADDRESS}]
    assert found["paths"]["/persons"]["get"]["servers"] == [{"url": ADDRESS + "/a"}]
    assert found["info"] == DOCUMENT["info"]
    assert not [word for word in ("10.0.0.7", "secret.inner", "{host}", "variables") if word in public.decode()]


@pytest.mark.parametrize("content", [b'{"openapi":"3.1.0"}', b"openapi: 3.1.0\n"])
def test_a_description_without_servers_gets_the_exchange_as_its_server(content: bytes) -> None:
    public = metadata.public_description(content, as_json=content[:1] == b"{", service=service(), address=ADDRESS)
    assert yaml.safe_load(public) == {"openapi": "3.1.0", "servers": [{"url": ADDRESS}]}


def test_values_of_a_yaml_description_keep_the_text_of_the_provider() -> None:
    content = b"openapi: 3.0.0\nx-a: [on, 1.10, 012, 2026-01-05, !!str 1, 'yes']\nx-b: &b {c: 1}\nx-d: *b\n"
    public = metadata.public_description(content, as_json=False, service=service(), address=ADDRESS).decode()
    assert yaml.compose(public, Loader=yaml.BaseLoader) is not None
    assert yaml.load(public, Loader=yaml.BaseLoader)["x-a"] == ["on", "1.10", "012", "2026-01-05", "1", "yes"]
    assert "*b" in public or "*id001" in public


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{", b"- a", b"openapi: [", b"\xff\xfe\x00", b'{"openapi":"3.0.0","x":NaN}', b"[" * 100_000, b'{"swagger":"2.0"}', b'{"openapi":"2.0"}', b"openapi: 2.0",
        b"openapi: 3.0.0\nx:\n  " + b"[" * 100_000, b"openapi: 3.0.0\nx:\n  " + b"[" * 101 + b"]" * 101,
        b"openapi: !!python/object/apply:os.system [id]",
    ],
)  # fmt: skip
def test_what_is_no_openapi_is_refused(content: bytes) -> None:
    with pytest.raises(Fault, match="internal_error"):
        metadata.public_description(content, as_json=content[:1] in (b"{", b"["), service=service(), address=ADDRESS)


def test_a_bomb_of_aliases_stays_as_small_as_it_came() -> None:
    lines = ["openapi: 3.0.0", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    content = "\n".join(lines).encode()
    public = metadata.public_description(content, as_json=False, service=service(), address=ADDRESS)
    assert len(public) < 10 * len(content)


def test_a_description_may_not_be_too_large() -> None:
    with pytest.raises(Fault, match="description_too_large"):
        metadata.public_description(b" " * (limits.DESCRIPTION_BYTES + 1), as_json=True, service=service(), address=ADDRESS)
