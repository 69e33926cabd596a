"""Metadata services: the gateway answers in the provider's name, and everything else is as for any call: logged, signed, provable.

No agreement is needed (X-Road: ``shouldVerifyAccess`` is false), but a client that is known. X-Road's request hash covers the head only, so a body that somebody sends is left out.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from toono.exchange.domain import identifiers, metadata
from toono.exchange.domain.answers import ProviderAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.metadata import Page
from toono.exchange.domain.rights import EndpointMatch, Grant, KnownService
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.steps.forward import ask
from toono.registry.contracts import Agreement, Endpoint, Purpose, Retention, ServiceEntry

PURPOSE: Final = Purpose(
    code="metadata", title_mn="Үйлчилгээний тодорхойлолт", title_en="Description of services", basis_mn="", basis_en=""
)
_ALWAYS: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def prepare(shared: Shared, call: Call) -> None:
    """The provider's own metadata service, as if it stood in the configuration."""
    if call.own is None:
        return
    system_id = call.service_id.rpartition("/")[0]
    system = call.index.systems.get(system_id)
    provider = call.index.members.get(identifiers.member_of(system_id))
    if provider is None or (system is None and not any(i.startswith(system_id + "/") for i in call.index.services)):
        raise Fault(Code.UNKNOWN_MEMBER, "unknown_provider", f"The exchange knows no provider {system_id}.")
    if call.service_path not in ("", "/"):
        raise Fault(Code.UNKNOWN_SERVICE, "unknown_service", f"{call.own} has no address below it.")
    endpoint = Endpoint(method="GET", path="")
    entry = ServiceEntry(
        id=call.service_id, base_url=shared.base_url, timeout_seconds=1, endpoints=(endpoint,), title_mn=PURPOSE.title_mn, title_en=PURPOSE.title_en,
        retention=Retention.SHORT,
    )  # fmt: skip
    call.service = KnownService(entry, provider, system, {}, ("http", "", 0), "", identifiers.encode_identifier(entry.id))
    agreement = Agreement(
        id="", consumer=call.client_id, service=call.service_id, purposes=(PURPOSE,), valid_from=_ALWAYS[0], valid_until=_ALWAYS[1]
    )
    call.grant, call.match = Grant(agreement, PURPOSE), EndpointMatch(endpoint, {})


def leave_out_body(shared: Shared, call: Call) -> None:
    """The message has no body."""
    if call.own is not None:
        call.body, call.body_digest = b"", None


async def answer(shared: Shared, call: Call) -> None:
    """What is asked for, about the services of the provider's system."""
    if call.own is None:
        return
    page = await _description(shared, call) if call.own == metadata.GET_OPENAPI else _methods(call)
    call.answer = ProviderAnswer(200, "OK", [("content-type", page.content_type)], page.body)


def _methods(call: Call) -> Page:
    prefix = call.service_id.rpartition("/")[0] + "/"
    services = {s.id: s for s in call.index.configuration.services if s.id.startswith(prefix)}
    found = {identifier: metadata.all_endpoints(service) for identifier, service in sorted(services.items())}
    if call.own == metadata.ALLOWED_METHODS:
        agreements = call.index.agreements_of(call.client_id)
        allowed = {i: metadata.allowed_endpoints(services[i], [a for a in agreements if a.service == i], call.at) for i in found}
        found = {identifier: endpoints for identifier, endpoints in allowed.items() if endpoints is not None}
    kinds = {identifier: services[identifier].kind for identifier in found}
    return metadata.methods(found, kinds, name=call.own or "", accept=call.values.get("accept"))


async def _description(shared: Shared, call: Call) -> Page:
    identifier = f"{call.service_id.rpartition('/')[0]}/{metadata.described_service(call.query)}"
    known = call.index.services.get(identifier)
    service = metadata.check_describable(known.entry if known is not None else None, identifier)
    if known is None or service.openapi_path is None:
        raise RuntimeError("a service without description was let through")
    path = service.openapi_path
    answer = await ask(
        shared, known, "GET", known.base_path + path, [("accept", "application/json, application/yaml;q=0.9, */*;q=0.1")], b""
    )
    metadata.check_read(service, answer.status, answer.reason)
    kind = next((value for name, value in answer.headers if name == "content-type"), None)
    prefix = call.signed_target.partition("/")[2].partition("/")[0] or "r1"
    address = f"{shared.base_url}/{prefix}/{known.encoded_id}"
    # Reading megabytes of YAML would hold up every other call: it is done beside the loop.
    body = await asyncio.to_thread(
        metadata.public_description, answer.body, as_json=metadata.is_json(kind, path), service=service, address=address
    )
    return Page(kind or "text/plain", body)
