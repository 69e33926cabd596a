"""What the exchange tells about itself: its members, their services, the description of a service.

Source: X-Road service metadata protocol (PR-META) and the one for REST (PR-MREST); shapes and fixed texts as ``MetadataClientRequestProcessor.java``,
``RestMetadataServiceHandlerImpl.java`` and ``Openapi3Anonymiser.java`` give them. Where the document and the code differ, the code is followed (snake_case).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import yaml

from toono.exchange import limits
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.paths import compile_glob
from toono.registry.contracts import Agreement, ExchangeConfiguration, ServiceEntry, ServiceKind

LIST_METHODS, ALLOWED_METHODS, GET_OPENAPI = "listMethods", "allowedMethods", "getOpenAPI"
METASERVICES: Final = frozenset({LIST_METHODS, ALLOWED_METHODS, GET_OPENAPI})
"""Codes below a provider's system that the gateway itself answers, to GET only."""
RESERVED: Final = METASERVICES | {
    "listClients", "getWsdl", "getSecurityServerMetrics", "getSecurityServerOperationalData", "getSecurityServerHealthData",
}  # fmt: skip
"""Codes that no service may have (X-Road 7.7)."""
JSON: Final = "application/json;charset=utf-8"
XML: Final = "text/xml;charset=utf-8"
_NAMESPACES: Final = 'xmlns:id="http://x-road.eu/xsd/identifiers" xmlns:xroad="http://x-road.eu/xsd/xroad.xsd"'
_SEGMENTS: Final = (
    ("xroad_instance", "xRoadInstance"), ("member_class", "memberClass"), ("member_code", "memberCode"), ("subsystem_code", "subsystemCode"),
    ("service_code", "serviceCode"),
)  # fmt: skip
"""Names of an identifier's segments in JSON and in XML."""
_VARIABLE: Final = re.compile(r"\{[a-z_][a-z0-9_]*\}")
_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


class Page(NamedTuple):
    """An answer in one form."""

    content_type: str
    body: bytes


def _media_types(accept: str | None) -> list[str]:
    return [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]


def _xml(value: str) -> str:
    """``value`` as the content of an element, without characters that XML 1.0 cannot carry (§2.2)."""
    return escape("".join(c for c in value if c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"))


def _identifier(identifier: str) -> dict[str, str]:
    return {names[0]: part for names, part in zip(_SEGMENTS, identifier.split("/"), strict=False)}


def _identifier_xml(identifier: str) -> str:
    return "".join(f"<id:{names[1]}>{_xml(part)}</id:{names[1]}>" for names, part in zip(_SEGMENTS, identifier.split("/"), strict=False))


# -- listClients ---------------------------------------------------------------------------------------------------


def list_clients(configuration: ExchangeConfiguration, *, query: str, accept: str | None) -> Page:
    """Members and their systems: XML, or JSON where ``Accept`` names ``application/json``, whatever its weight.

    :param query: may name the instance by ``xRoadInstance``.
    :raises Fault: another instance than this one; X-Road's text.
    """
    asked = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "xRoadInstance"]
    if asked and asked[-1].strip() and asked[-1] != configuration.instance:
        raise Fault(Code.CLIENT_INTERNAL_ERROR, "unknown_instance", f"Invalid instance identifier: {asked[-1][:100]}")
    clients = list(_clients(configuration))
    if "application/json" in _media_types(accept):
        return Page(JSON, _dumped({"member": [_client(*client) for client in clients]}))
    inner = "".join(_client_xml(*client) for client in clients)
    return Page(XML, f'<?xml version="1.0" encoding="UTF-8"?><xroad:clientList {_NAMESPACES}>{inner}</xroad:clientList>'.encode())


def _clients(configuration: ExchangeConfiguration) -> Iterable[tuple[str, str, str | None]]:
    """Identifier, the member's name, the system's title, each member before its systems."""
    for member in sorted(configuration.members, key=lambda m: m.id):
        yield member.id, member.name_mn, None
        for system in sorted(configuration.systems, key=lambda s: s.id):
            if system.id.startswith(member.id + "/"):
                yield system.id, member.name_mn, system.title_mn


def _kind(identifier: str) -> str:
    return "MEMBER" if identifier.count("/") == 2 else "SUBSYSTEM"


def _client(identifier: str, name: str, title: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"id": {"object_type": _kind(identifier), **_identifier(identifier)}, "name": name}
    return found if title is None else found | {"subsystem_name": title}


def _client_xml(identifier: str, name: str, title: str | None) -> str:
    subsystem = "" if title is None else f"<xroad:subsystemName>{_xml(title)}</xroad:subsystemName>"
    return (
        f'<xroad:member><xroad:id id:objectType="{_kind(identifier)}">{_identifier_xml(identifier)}</xroad:id>'
        f"<xroad:name>{_xml(name)}</xroad:name>{subsystem}</xroad:member>"
    )


# -- listMethods, allowedMethods -------------------------------------------------------------------------------------

Endpoints = tuple[tuple[str, str], ...]
"""Method and path; in a path ``*`` stands for one segment."""


def all_endpoints(service: ServiceEntry) -> Endpoints:
    """What ``service`` offers, each variable written as ``*``."""
    return tuple((endpoint.method, _VARIABLE.sub("*", endpoint.path)) for endpoint in service.endpoints)


def allowed_endpoints(service: ServiceEntry, agreements: Iterable[Agreement], now: datetime) -> Endpoints | None:
    """What one consumer may call of ``service`` by its ``agreements`` on it; None where none is in force.

    A grant that lets through only a part of an endpoint (``/persons/1`` of ``/persons/*``) stands there as it is.
    """
    found: dict[tuple[str, str], None] = {}
    valid = [agreement for agreement in agreements if agreement.valid_from <= now < agreement.valid_until]
    every = all_endpoints(service)
    for agreement in valid:
        if not agreement.endpoints:
            return every
        for grant in agreement.endpoints:
            glob = compile_glob(grant.path)
            whole = [e for e in every if grant.method in ("*", e[0]) and glob.matches(e[1])]
            found |= dict.fromkeys(whole or [(grant.method, grant.path)])
    return tuple(found) if valid else None


def methods(services: Mapping[str, Endpoints], kinds: Mapping[str, ServiceKind], *, name: str, accept: str | None) -> Page:
    """The answer of ``listMethods`` or ``allowedMethods`` (``name``): JSON as X-Road's REST gives it, or, where ``Accept`` names XML and not JSON, the list
    of X-Road's SOAP service, which knows no endpoints."""
    types = _media_types(accept)
    if "application/json" not in types and {"text/xml", "application/xml"} & set(types):
        inner = "".join(f'<xroad:service id:objectType="SERVICE">{_identifier_xml(service)}</xroad:service>' for service in services)
        return Page(
            XML, f'<?xml version="1.0" encoding="UTF-8"?><xroad:{name}Response {_NAMESPACES}>{inner}</xroad:{name}Response>'.encode()
        )
    listed = [
        {
            "object_type": "SERVICE", **_identifier(service), "service_type": kinds[service].name,
            "endpoint_list": [{"method": method, "path": path} for method, path in endpoints],
        }
        for service, endpoints in services.items()
    ]  # fmt: skip
    return Page("application/json", _dumped({"service": listed}))


# -- getOpenAPI ------------------------------------------------------------------------------------------------------


def described_service(query: str) -> str:
    """The service code that ``getOpenAPI`` is asked for.

    :raises Fault: none; X-Road's text.
    """
    asked = [value for name, value in parse_qsl(query) if name.lower() == "servicecode"]
    if not asked or not asked[-1]:
        raise Fault(Code.SERVER_INVALID_REQUEST, "no_service_code", "Missing serviceCode in message body")
    return asked[-1]


def check_describable(service: ServiceEntry | None, identifier: str) -> ServiceEntry:
    """:raises Fault: no such service, or one without a description; the texts are X-Road's, since clients compare them."""
    if service is None:
        raise _internal("no_such_service", f"Service not found: {identifier}")
    if service.kind is not ServiceKind.OPENAPI or service.openapi_path is None:
        raise _internal("not_described", f"Invalid service type: {service.kind.name}")
    return service


def check_read(service: ServiceEntry, status: int, reason: str) -> None:
    """:raises Fault: the provider did not give its description. Its inner address is not told to the client."""
    if status != 200:
        raise _internal("description_unread", f"Failed reading service description from {service.id}. Status: {status} Reason: {reason}")


def is_json(content_type: str | None, path: str) -> bool:
    """Whether a description is JSON; what says neither is told by the name of its file, and is YAML otherwise."""
    if content_type is not None and "json" in content_type.lower():
        return True
    yaml_named = content_type is not None and "yaml" in content_type.lower()
    return not yaml_named and path.partition("?")[0].endswith(".json")


def public_description(content: bytes, *, as_json: bool, service: ServiceEntry, address: str) -> bytes:
    """The provider's OpenAPI description with the exchange's address in place of its own, wherever it names servers.

    :param address: where the exchange carries calls to ``service``; what the provider's servers have below ``base_url`` is kept.
    :raises Fault: not OpenAPI 3, unreadable, or too large.
    """
    if len(content) > limits.DESCRIPTION_BYTES:
        raise _internal("description_too_large", f"The description of {service.id} is larger than {limits.DESCRIPTION_BYTES} bytes.")
    try:
        return _public_json(content, service, address) if as_json else _public_yaml(content, service, address)
    except (ValueError, RecursionError, yaml.YAMLError):
        raise _internal("description_unreadable", f"Failed overwriting origin URL for the openapi servers for {service.id}") from None


def _check_version(version: object) -> None:
    if not isinstance(version, str) or not version.startswith("3."):
        raise _internal(
            "description_version",
            f"Incompatible openapi version. Openapi version 3 or greater expected. Given openapi document is of version {str(version)[:20]}",
        )


def _public_url(url: str, service: ServiceEntry, address: str) -> str:
    """``url`` of a server as the exchange offers it: what follows the service's own address follows the exchange's."""
    base = urlsplit(service.base_url).path.rstrip("/")
    path = "" if "{" in url else urlsplit(url).path.rstrip("/")
    return address + (path[len(base) :] if path.startswith(base + "/") and base else "")


def _public_json(content: bytes, service: ServiceEntry, address: str) -> bytes:
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("no object")
    _check_version(document.get("openapi"))
    document.setdefault("servers", [{"url": "/"}])
    paths = document["paths"].values() if isinstance(document.get("paths"), dict) else ()
    items = [item for item in paths if isinstance(item, dict)]
    operations = [operation for item in items for name, operation in item.items() if name in _METHODS and isinstance(operation, dict)]
    for holder in [document, *items, *operations]:
        servers = holder.get("servers")
        if isinstance(servers, list):
            holder["servers"] = _distinct([_public_server(server, service, address) for server in servers if isinstance(server, dict)])
    return _dumped(document)


def _public_server(server: dict[str, Any], service: ServiceEntry, address: str) -> dict[str, Any]:
    kept = {name: value for name, value in server.items() if name not in ("url", "variables")}
    return {"url": _public_url(str(server.get("url", "/")), service, address), **kept}


def _distinct(servers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Several inner servers may be one place at the exchange."""
    found: dict[str, dict[str, Any]] = {}
    for server in servers:
        found.setdefault(server["url"], server)
    return list(found.values())


def _public_yaml(content: bytes, service: ServiceEntry, address: str) -> bytes:
    """YAML is changed as a tree of nodes: values keep the very text that the provider wrote (``on``, ``1.10``, ``012``), aliases stay aliases."""
    _check_depth(content)
    root = yaml.compose(content, Loader=_LOADER)
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("no mapping")
    version = _member(root, "openapi")
    _check_version(version.value if isinstance(version, yaml.ScalarNode) else None)
    if _member(root, "servers") is None:
        root.value.append((_scalar("servers"), yaml.SequenceNode("tag:yaml.org,2002:seq", [_mapping({"url": "/"})])))
    paths = _member(root, "paths")
    items = [item for _, item in paths.value] if isinstance(paths, yaml.MappingNode) else []
    operations = [
        operation for item in items if isinstance(item, yaml.MappingNode) for name, operation in item.value if name.value in _METHODS
    ]
    for holder in [root, *items, *operations]:
        if isinstance(holder, yaml.MappingNode):
            holder.value = [(name, _public_nodes(name, value, service, address)) for name, value in holder.value]
    return yaml.serialize(root, encoding="utf-8", allow_unicode=True, Dumper=_DUMPER)


def _check_depth(content: bytes) -> None:
    """The events of a document come without recursion; its tree is made by recursion in C, which a document of many brackets would bring down with the whole process."""
    depth = 0
    for event in yaml.parse(content, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > limits.DESCRIPTION_DEPTH:
            raise ValueError("nested too deeply")


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _public_nodes(name: yaml.Node, value: yaml.Node, service: ServiceEntry, address: str) -> yaml.Node:
    if name.value != "servers" or not isinstance(value, yaml.SequenceNode):
        return value
    servers: dict[str, yaml.MappingNode] = {}
    for server in value.value:
        if isinstance(server, yaml.MappingNode):
            url = _member(server, "url")
            public = _public_url(url.value if isinstance(url, yaml.ScalarNode) else "/", service, address)
            kept = [(key, found) for key, found in server.value if key.value not in ("url", "variables")]
            servers.setdefault(public, yaml.MappingNode(server.tag, [(_scalar("url"), _scalar(public)), *kept]))
    return yaml.SequenceNode(value.tag, list(servers.values()))


def _member(node: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in node.value if key.value == name), None)


def _scalar(value: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style='"')


def _mapping(values: Mapping[str, str]) -> yaml.MappingNode:
    return yaml.MappingNode("tag:yaml.org,2002:map", [(_scalar(name), _scalar(value)) for name, value in values.items()])


def _internal(reason: str, message: str) -> Fault:
    return Fault(Code.SERVER_INTERNAL_ERROR, reason, message)


def _dumped(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")
