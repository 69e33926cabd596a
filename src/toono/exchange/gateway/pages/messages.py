"""What a client may ask about its own calls by their message id; the portal's side answers from the log, the gateway proves who asks.

``/v1/messages/{message id}``: what became of them. ``/v1/messages/{message id}/evidence``: the signed messages, as containers that anybody can verify.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

from toono.exchange import limits
from toono.exchange.domain.answers import BadAnswer, ProviderAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.identifiers import decode_segment
from toono.exchange.gateway.call import Call, Message, Receive, Scope, Send, Shared
from toono.exchange.gateway.dialects.sending import response
from toono.exchange.gateway.pages.asking import NO_STORE, answered, ask_portal, json_response
from toono.exchange.gateway.provider import ProviderUnreachable

PREFIX: Final = "/v1/messages/"
_SUFFIX: Final = "/evidence"
_NAMES: Final = ("xRoadInstance", "memberClass", "memberCode", "subsystemCode")


async def about(shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one question."""
    await answered(shared, scope, receive, send, _about)


async def _about(shared: Shared, call: Call) -> Iterable[Message]:
    return await (_evidence if call.path.endswith(_SUFFIX) else _outcomes)(shared, call)


def _message_id(call: Call) -> str:
    found = decode_segment(call.path.removeprefix(PREFIX).removesuffix(_SUFFIX))
    if not found or "/" in found or len(found) > limits.IDENTIFIER_CHARACTERS:
        raise Fault(
            Code.CLIENT_INVALID_REQUEST,
            "uri_too_short",
            "The address must be /v1/messages/{message id} or /v1/messages/{message id}/evidence.",
        )
    return found


async def _ask(shared: Shared, call: Call, target: str) -> ProviderAnswer:
    try:
        return await ask_portal(shared, target, client=call.client_id)
    except (ProviderUnreachable, BadAnswer) as error:
        raise Fault(Code.DATABASE_ERROR, "evidence_unavailable", f"The log cannot be looked up now: {error}", retry_after=5) from error


def _check_found(call: Call, message_id: str, status: int) -> None:
    if status == 404:
        raise Fault(Code.UNKNOWN_SERVICE, "unknown_message", f"{call.client_id} has no message «{message_id}» in the log.")
    if status != 200:
        raise Fault(Code.DATABASE_ERROR, "evidence_unavailable", f"The log cannot be looked up now: status {status}.", retry_after=5)


async def _outcomes(shared: Shared, call: Call) -> Iterable[Message]:
    message_id = _message_id(call)
    found = await _ask(shared, call, f"/outcomes?{urlencode({'queryId': message_id})}")
    _check_found(call, message_id, found.status)
    return json_response(200, found.body)


async def _evidence(shared: Shared, call: Call) -> Iterable[Message]:
    message_id = _message_id(call)
    asked = {"queryId": message_id, **dict(zip(_NAMES, call.client_id.split("/"), strict=False))}
    query = urlencode(asked | ({"force": ""} if "force" in call.query.split("&") else {}))
    found = await _ask(shared, call, f"/asic?{query}")
    if found.status == 500 and b"time-stamp" in found.body:
        raise Fault(
            Code.TIMESTAMPER_FAILED,
            "not_stamped_yet",
            "The messages are signed, but have no time-stamp yet: come again, or ask with ?force.",
            retry_after=60,
        )
    _check_found(call, message_id, found.status)
    passed = [(name, value) for name, value in found.headers if name in ("content-type", "content-disposition")]
    return response(200, [*passed, NO_STORE], found.body)
