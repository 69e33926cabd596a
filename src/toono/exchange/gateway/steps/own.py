"""Metadata services: the gateway answers in the provider's name, and everything else is as for any call: logged, signed, provable.

No agreement is needed (X-Road: ``shouldVerifyAccess`` is false), but a client that is known. X-Road's request hash covers the head only, so a body that somebody sends is left out.
A provider that another gateway serves is described by that one, which has its key and reaches its register.
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
from toono.exchange.gateway.steps.peers import relay
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
    described = [known.entry for identifier, known in call.index.services.items() if identifier.startswith(system_id + "/")]
    if provider is None or (system is None and not described):
        raise Fault(Code.UNKNOWN_MEMBER, "unknown_provider", f"The exchange knows no provider {system_id}.")
    if call.service_path not in ("", "/"):
        raise Fault(Code.UNKNOWN_SERVICE, "unknown_service", f"{call.own} has no address below it.")
    endpoint = Endpoint(method="GET", path="")
    seconds = max((service.timeout_seconds for service in described), default=1)  # another gateway may have to ask for a description
    entry = ServiceEntry(
        id=call.service_id, base_url=shared.base_url, timeout_seconds=seconds, endpoints=(endpoint,), title_mn=PURPOSE.title_mn, title_en=PURPOSE.title_en,
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
    if call.peer is not None:
        await relay(shared, call, call.peer)
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
    identifier = _described(call)
    known = call.index.services.get(identifier)
    service = metadata.check_describable(known.entry if known is not None else None, identifier)
    if known is None or service.openapi_path is None:
        raise RuntimeError("a service without description was let through")
    path = service.openapi_path
    answer = await ask(
        shared, known, "GET", known.base_path + path, [("accept", "application/json, application/yaml;q=0.9, */*;q=0.1")], b""
    )
    metadata.check_read(service, answer.status, answer.reason)
    kind = answer.header("content-type")
    address = _address(shared, call, known)
    # Reading megabytes of YAML would hold up every other call: it is done beside the loop.
    body = await asyncio.to_thread(
        metadata.public_description, answer.body, as_json=metadata.is_json(kind, path), service=service, address=address
    )
    return Page(kind or "text/plain", body)


def _described(call: Call) -> str:
    return f"{call.service_id.rpartition('/')[0]}/{metadata.described_service(call.query)}"


def _address(shared: Shared, call: Call, known: KnownService) -> str:
    """Where the client calls what is described. Another gateway's client calls that one, whose address and dialect only it knows: then it is told from the place of the description itself (RFC 3986, §5)."""
    if call.received is not None:
        return f"./{known.encoded_id.rpartition('/')[2]}"
    prefix = call.signed_target.partition("/")[2].partition("/")[0] or "r1"
    return f"{shared.base_url}/{prefix}/{known.encoded_id}"
