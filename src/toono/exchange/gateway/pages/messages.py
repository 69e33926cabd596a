"""``/v1/messages/{message id}/evidence``: the signed messages of an own call, as containers that anybody can verify. The portal makes them; the gateway proves who asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

from toono.exchange import limits
from toono.exchange.domain.answers import BadAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.identifiers import decode_segment
from toono.exchange.gateway.call import Call, Message, Receive, Scope, Send, Shared
from toono.exchange.gateway.dialects.sending import response
from toono.exchange.gateway.pages.asking import NO_STORE, answered, ask_portal
from toono.exchange.gateway.provider import ProviderUnreachable

PREFIX: Final = "/v1/messages/"
_SUFFIX: Final = "/evidence"
_NAMES: Final = ("xRoadInstance", "memberClass", "memberCode", "subsystemCode")


async def evidence(shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one question."""
    await answered(shared, scope, receive, send, _evidence)


async def _evidence(shared: Shared, call: Call) -> Iterable[Message]:
    message_id = decode_segment(call.path.removeprefix(PREFIX).removesuffix(_SUFFIX))
    if not call.path.endswith(_SUFFIX) or not message_id or "/" in message_id or len(message_id) > limits.IDENTIFIER_CHARACTERS:
        raise Fault(Code.CLIENT_INVALID_REQUEST, "uri_too_short", "The address must be /v1/messages/{message id}/evidence.")
    asked = {"queryId": message_id, **dict(zip(_NAMES, call.client_id.split("/"), strict=False))}
    query = urlencode(asked | ({"force": ""} if "force" in call.query.split("&") else {}))
    try:
        found = await ask_portal(shared, f"/asic?{query}", client=call.client_id)
    except (ProviderUnreachable, BadAnswer) as error:
        raise Fault(Code.DATABASE_ERROR, "evidence_unavailable", f"The evidence cannot be looked up now: {error}", retry_after=5) from error
    if found.status == 404:
        raise Fault(Code.UNKNOWN_SERVICE, "unknown_message", f"{call.client_id} has no message «{message_id}» in the log.")
    if found.status == 500 and b"time-stamp" in found.body:
        raise Fault(
            Code.TIMESTAMPER_FAILED,
            "not_stamped_yet",
            "The messages are signed, but have no time-stamp yet: come again, or ask with ?force.",
            retry_after=60,
        )
    if found.status != 200:
        raise Fault(
            Code.DATABASE_ERROR, "evidence_unavailable", f"The evidence cannot be looked up now: status {found.status}.", retry_after=5
        )
    passed = [(name, value) for name, value in found.headers if name in ("content-type", "content-disposition")]
    return response(200, [*passed, NO_STORE], found.body)
