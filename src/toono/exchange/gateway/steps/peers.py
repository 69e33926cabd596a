"""From gateway to gateway: how a message reaches a provider that another gateway serves, and how one comes in from there.

The consumer's gateway signs and logs the request, sends it over mutual TLS and takes the response only with the provider's signature, about the very request that it sent. The
provider's gateway believes a request by the consumer's signature, decides by its own configuration, and does everything else as for a call of its own. Each keeps both messages with
both signatures. The reading of a person's data stands in the ledger by the provider's gateway, which sees the register's answer.

What travels, and when it is believed: :mod:`toono.exchange.domain.peers`. Nothing is sent twice: another address of the gateway is tried only where nothing was sent.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from toono.exchange import limits
from toono.exchange.domain import client_certificates, identifiers, messages, peers
from toono.exchange.domain.answers import BadAnswer, ProviderAnswer
from toono.exchange.domain.evidence.message import Direction
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.origins import origin_of
from toono.exchange.domain.peers import Believed, Envelope, PeerRefused
from toono.exchange.domain.rights import Index, KnownMember
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.database import DatabaseUnavailable
from toono.exchange.gateway.provider import ProviderUnreachable
from toono.exchange.gateway.rows import NonceRow
from toono.exchange.gateway.sealing import Received
from toono.exchange.gateway.steps.client import client_certificate, replayed
from toono.exchange.gateway.steps.seal import log_received_response
from toono.exchange.gateway.tls import Trust
from toono.kernel.clock import now
from toono.registry.contracts import GatewayEntry

_NONCE_LIFE: Final = timedelta(seconds=limits.SIGNATURE_AGE_SECONDS + limits.SIGNATURE_AHEAD_SECONDS)
_CODES: Final = {code.value: code for code in Code}


def find_peer(shared: Shared, call: Call) -> None:
    """Whether the provider is reached through another gateway.

    :raises Fault: through one that the configuration does not name.
    """
    name = call.service.provider.entry.gateway
    if name is None or name == shared.faces.gateway_name:
        return
    call.peer = next((gateway for gateway in call.index.configuration.gateways if gateway.name == name), None)
    if call.peer is None or not call.peer.addresses:
        raise Fault(Code.SERVICE_MISSING_URL, "gateway_unknown", f"The configuration does not tell how the gateway «{name}» is reached.")


# -- the consumer's side --------------------------------------------------------------------------------------------


async def relay(shared: Shared, call: Call, peer: GatewayEntry) -> None:
    """The answer of a provider that ``peer`` serves: verified, logged, and ready to be answered.

    :raises Fault: the peer's own, or there is none that can be believed.
    """
    if call.request_made is None:
        raise RuntimeError("a request is relayed before it was signed")
    content = peers.pack(call.request_made.envelope(call.request_head, call.body))
    started = perf_counter()
    try:
        answer = await _send(shared, call, peer, content)
    finally:
        shared.metrics.provider_seconds.observe(perf_counter() - started)
    kind = answer.header("content-type") or ""
    if answer.status != 200 or kind != peers.MEDIA_TYPE:
        raise _told(answer, kind)
    await _take(shared, call, answer.body)


async def _send(shared: Shared, call: Call, peer: GatewayEntry, content: bytes) -> ProviderAnswer:
    headers = [("content-type", peers.MEDIA_TYPE)]
    if call.trace is not None:
        headers = call.trace.outgoing(headers)
    trust = Trust(peer.authority_pem, shows_certificate=True)
    seconds = call.service.entry.timeout_seconds + limits.PEER_SECONDS
    unreachable = ProviderUnreachable("gateway_unknown", "The gateway has no address.", sent=False)
    first = call.request_id.int % len(peer.addresses)  # each address carries its part
    for address in peer.addresses[first:] + peer.addresses[:first]:
        place = urlsplit(address)
        try:
            return await shared.providers.send(
                origin_of(place), "POST", place.path.rstrip("/") + peers.PATH, headers, content, timeout_seconds=seconds, trust=trust,
                answer_bytes=limits.ANSWER_BODY_BYTES + limits.PEER_OVERHEAD_BYTES,
            )  # fmt: skip
        except BadAnswer as error:
            raise Fault(Code.GATEWAY_ANSWER, error.reason, f"The gateway «{peer.name}» does not answer as one: {error}") from error
        except ProviderUnreachable as error:
            unreachable = error
            if error.sent:
                break  # it may have acted on the request
    raise Fault(
        Code.GATEWAY_UNREACHABLE,
        f"gateway_{unreachable.reason}",
        f"The gateway «{peer.name}» of the provider: {unreachable}",
        retry_after=unreachable.retry_after,
    )


def _told(answer: ProviderAnswer, kind: str) -> Fault:
    """The fault that the other gateway tells of."""
    try:
        if kind != peers.FAULT_TYPE:
            raise ValueError(kind)
        told = json.loads(answer.body)
        retry_after = told.get("retry_after")
        fault = Fault(
            _CODES[told["type"]], str(told["reason"]), str(told["message"]), retry_after=int(retry_after) if retry_after else None
        )
        fault.id = str(UUID(told["id"]))
        return fault
    except (ValueError, KeyError, TypeError, AttributeError):
        return Fault(
            Code.GATEWAY_ANSWER, "gateway_answer", f"The gateway of the provider answers {answer.status} and nothing that can be read."
        )


async def _take(shared: Shared, call: Call, content: bytes) -> None:
    try:
        envelope = peers.unpack(content)
        believed = await _believe(envelope, Direction.RESPONSE, call.index, call.service.provider)
        received = await _received(shared, believed)
    except PeerRefused as refused:
        raise Fault(Code.INVALID_SIGNATURE_VALUE, refused.reason, str(refused)) from refused
    except DatabaseUnavailable as error:
        raise Fault(
            Code.LOGGING_RESPONSE_FAILED, "database_unavailable", "The proof of the provider's signature could not be kept."
        ) from error
    status, reason, headers = _head(envelope.head)
    _check_same(call, headers)
    call.answer = ProviderAnswer(int(status), reason, headers, envelope.body or b"")
    call.response_headers, call.response_head = headers, envelope.head
    call.response_hash = messages.message_hash(envelope.digests)
    call.counted_bytes += len(call.answer.body)
    shared.body_bytes_in_flight += len(call.answer.body)
    await log_received_response(shared, call, received)


def _check_same(call: Call, headers: Iterable[messages.Header]) -> None:
    """:raises Fault: the response is to another request."""
    values = dict(headers)
    expected = {
        "x-road-id": call.message_id,
        "x-road-request-id": str(call.request_id),
        "x-road-client": identifiers.encode_identifier(call.client_id),
        "x-road-service": call.service.encoded_id,
        "x-road-request-hash": b64encode(call.request_hash).decode(),
    }
    for name, value in expected.items():
        if values.get(name) != value:
            raise Fault(
                Code.INCONSISTENT_RESPONSE,
                f"other_{name.removeprefix('x-road-').replace('-', '_')}",
                f"The response is to another request: {name} differs.",
            )


# -- both sides -----------------------------------------------------------------------------------------------------


async def _believe(envelope: Envelope, direction: Direction, index: Index, member: KnownMember) -> Believed:
    """Beside the loop: reading and verifying a signature takes some milliseconds."""
    policy = index.configuration.policy
    return await asyncio.to_thread(
        lambda: peers.believe(envelope, direction, member=member, anchors=peers.anchors_of(index), policy=policy, now=now())
    )


async def _received(shared: Shared, believed: Believed) -> Received:
    envelope = believed.envelope
    proof = await shared.ageing.keep(envelope.ocsp, envelope.at)
    return Received(envelope.prepared(believed.signatory), envelope.value, proof, believed.document, envelope.place)


def _head(head: bytes) -> tuple[str, str, list[messages.Header]]:
    """First line, second line and headers of a message's head. Its form was checked with its signature."""
    first, second, *lines = head.decode("utf-8", "surrogateescape").removesuffix("\r\n").split("\r\n")
    return first, second, [(name, value) for name, _, value in (line.partition(":") for line in lines)]


# -- the provider's side --------------------------------------------------------------------------------------------


async def receive(shared: Shared, call: Call) -> None:
    """The step in the place of «identifiers» and «client»: the request of another gateway, with everything that its own has checked already left to be checked again."""
    gateway = _gateway(shared, call)
    if call.method != "POST":
        raise Fault(Code.INVALID_HTTP_METHOD, "method", "A message between gateways is sent by POST.")
    try:
        envelope = peers.unpack(call.body)
        client_id = _client_of(envelope)
        call.consumer = call.index.members[identifiers.member_of(client_id)]
        believed = await _believe(envelope, Direction.REQUEST, call.index, call.consumer)
    except PeerRefused as refused:
        raise Fault(Code.INVALID_RESPONSE_SIGNATURE, refused.reason, str(refused)) from refused
    except KeyError:
        raise Fault(Code.UNKNOWN_MEMBER, "unknown_member", f"The exchange knows no member {identifiers.member_of(client_id)}.") from None
    if call.consumer.entry.gateway not in (None, gateway.name):
        raise Fault(
            Code.AUTHENTICATION_FAILED, "gateway_of_another", f"The gateway «{gateway.name}» does not speak for {call.consumer.entry.id}."
        )
    await _adopt(shared, call, believed)


def _gateway(shared: Shared, call: Call) -> GatewayEntry:
    """The gateway that called, known by its certificate."""
    shown = client_certificate(shared, call)
    if shown is None:
        raise Fault(Code.AUTHENTICATION_FAILED, "gateway_certificate_missing", "Another gateway shows its certificate.")
    client_certificates.check_time(shown, call.at)
    for gateway in call.index.configuration.gateways:
        if shown.sha256 in gateway.certificates_sha256:
            return gateway
    raise Fault(Code.AUTHENTICATION_FAILED, "gateway_unknown", "The configuration names no gateway with this certificate.")


def _client_of(envelope: Envelope) -> str:
    _, _, headers = _head(envelope.head)
    clients = [value for name, value in headers if name == "x-road-client"]
    if not clients:
        raise PeerRefused("peer_malformed", "The message names no client.")
    return identifiers.parse_client(clients[-1])


async def _adopt(shared: Shared, call: Call, believed: Believed) -> None:
    """The call goes on as what was signed."""
    envelope, message = believed.envelope, believed.message
    call.method, target, call.headers = _head(envelope.head)
    call.path, _, call.query = target.partition("?")
    call.values = dict(call.headers)
    call.dialect.read(shared, call)
    try:
        call.client = call.index.client(call.client_id)
        call.request_id = UUID(message.request_id)
        call.received = await _received(shared, believed)
    except ValueError:
        raise Fault(Code.INVALID_REQUEST, "request_id", "The message has no id of the gateway's making.") from None
    except DatabaseUnavailable as error:
        raise Fault(
            Code.LOGGING_REQUEST_FAILED, "database_unavailable", "The proof of the consumer's signature could not be kept."
        ) from error
    call.body, call.body_digest = envelope.body or b"", envelope.digests.body
    call.request_headers, call.request_head, call.request_digests = call.headers, envelope.head, envelope.digests
    call.request_hash = messages.message_hash(envelope.digests)
    nonce = sha256(b"peer\n" + call.request_hash).digest()
    if not shared.nonces.add(nonce, call.at.timestamp()):
        raise replayed()
    call.nonces.append(NonceRow(nonce, call.at + _NONCE_LIFE))


def check_personal(shared: Shared, call: Call) -> None:
    """The other gateway has left out what may not go on where the answer is about a person.

    :raises Fault: it has not.
    """
    personal = call.match.endpoint.subject is not None or call.grant.projection is not None
    left = messages.PERSONAL.intersection(call.values) if personal else frozenset()
    if left:
        raise Fault(Code.INVALID_REQUEST, "header_not_allowed", f"The message still has {', '.join(sorted(left))}.")
