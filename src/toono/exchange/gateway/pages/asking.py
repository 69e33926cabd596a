"""Questions of clients that are no calls to a provider: who asks is told and checked in the same way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from toono.exchange import limits
from toono.exchange.domain.answers import ProviderAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.origins import origin_of
from toono.exchange.gateway.call import Call, ClientGone, Message, Receive, Scope, Send, Shared
from toono.exchange.gateway.dialects.native import Native, identify
from toono.exchange.gateway.dialects.sending import deliver, response
from toono.exchange.gateway.steps.client import authenticate_client
from toono.exchange.gateway.steps.incoming import check_configuration, check_limits
from toono.exchange.gateway.steps.once import use_up
from toono.kernel.clock import now

_log = logging.getLogger(__name__)
_INNER: Final = "/exchange/inner"
NO_STORE: Final = ("cache-control", "no-store")
Answer = Callable[[Shared, Call], Awaitable[Iterable[Message]]]


async def body_of(receive: Receive, most: int) -> bytes | None:
    """The whole body of a small form; None where it is larger than ``most`` bytes, too slow, or broken off."""
    body = b""
    try:
        async with asyncio.timeout(limits.BODY_READ_SECONDS):
            while len(body) <= most:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    return body if len(body) <= most else None
    except TimeoutError:
        pass
    return None


def call_of(shared: Shared, scope: Scope, receive: Receive) -> Call:
    """The request as a call of the native dialect, about which nothing is known yet."""
    return Call.of(Native(shared.base_url), scope, receive, now())


async def answered(shared: Shared, scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
    """Check who asks (access token and signature, used up for good), then send what ``answer`` gives, or the fault as a problem document."""
    call = call_of(shared, scope, receive)
    try:
        check_limits(shared, call)
        check_configuration(shared, call)
        identify(shared, call)
        if call.method != "GET" or call.has_body:
            raise Fault(Code.INVALID_HTTP_METHOD, "method", "This is asked by GET, without a body.")
        authenticate_client(shared, call)
        await use_up(shared, call)
        messages = await answer(shared, call)
    except ClientGone:
        return
    except Fault as fault:
        messages = _refused(shared, call, fault)
    except Exception:
        _log.exception("A question failed inside the gateway")
        messages = _refused(
            shared, call, Fault(Code.CLIENT_INTERNAL_ERROR, "internal_error", "The gateway failed; its operator finds the fault by its id.")
        )
    await deliver(send, messages)


def _refused(shared: Shared, call: Call, fault: Fault) -> Iterable[Message]:
    shared.metrics.errors[call.dialect.error_type(fault), fault.reason] += 1
    _log.info("%s %s (%s) %s", fault.code.value, fault.reason, fault.id, call.path[:200])
    return call.dialect.refused(call, fault)


async def ask_portal(shared: Shared, target: str, *, client: str | None = None) -> ProviderAnswer:
    """The portal's answer to ``/exchange/inner/…``, whatever its status.

    :param client: who has proved to ask.
    :raises Fault: this gateway may not ask there.
    :raises ProviderUnreachable, BadAnswer: no answer.
    """
    if shared.faces.inner is None:
        raise Fault(Code.CLIENT_INTERNAL_ERROR, "evidence_off", "This gateway has no key to the evidence; its operator has to set it.")
    portal = urlsplit(shared.faces.inner_url)
    headers = [("authorization", f"Bearer {shared.faces.inner}"), ("accept", "*/*")]
    headers += [("x-toono-client", client)] if client is not None else []
    return await shared.providers.send(
        origin_of(portal), "GET", f"{portal.path.rstrip('/')}{_INNER}{target}", headers, b"", timeout_seconds=limits.EVIDENCE_SECONDS,
        answer_bytes=limits.EVIDENCE_BYTES,
    )  # fmt: skip


def json_response(status: int, body: bytes, *headers: tuple[str, str], content_type: str = "application/json") -> Iterable[Message]:
    """A JSON answer that nobody keeps."""
    return response(status, [("content-type", content_type), NO_STORE, *headers], body)
