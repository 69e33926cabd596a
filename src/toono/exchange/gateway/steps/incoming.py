"""What came in: limits, configuration, the body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha512
from typing import Final

from toono.exchange import limits
from toono.exchange.domain import signatures
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.gateway.call import Call, ClientGone, Receive, Shared

_SINGLE: Final = frozenset(
    {
        "x-road-id", "x-road-issue", "x-road-userid", "x-road-security-server", "x-road-represented-party", "x-toono-purpose", "x-toono-authentication", "toono-authentication",
        "authorization", "content-type", "content-digest", "signature", "signature-input",
    }
)  # fmt: skip


def check_limits(shared: Shared, call: Call) -> None:
    """Refuse what is too much, before anything is done for it."""
    if shared.calls_in_flight > limits.CALLS_IN_FLIGHT or shared.body_bytes_in_flight > limits.BODY_BYTES_IN_FLIGHT:
        raise Fault(Code.LOGGING_REQUEST_FAILED, "overloaded", "The gateway has as many calls as it can carry; try again in a moment.")
    if len(call.target) > limits.TARGET_BYTES:
        raise Fault(Code.INVALID_REQUEST, "address_too_long", f"The address is longer than {limits.TARGET_BYTES} bytes.")
    if len(call.headers) > limits.HEADERS or sum(len(name) + len(value) for name, value in call.headers) > limits.HEAD_BYTES:
        raise Fault(Code.INVALID_REQUEST, "head_too_large", f"More than {limits.HEADERS} headers or {limits.HEAD_BYTES} bytes of them.")
    _collect_headers(call)
    declared = call.values.get("content-length", "0")
    call.has_body = declared != "0" or "transfer-encoding" in call.values
    call.body_read = not call.has_body
    if not declared.isdigit() or int(declared) > call.body_limit:
        raise _too_large()


def _collect_headers(call: Call) -> None:
    for name, value in call.headers:
        if name not in call.values:
            call.values[name] = value
        elif name in _SINGLE:
            raise Fault(Code.DUPLICATE_HEADER_FIELD, "duplicate_header", f"The header {name} stands more than once.")
        else:
            call.values[name] += ", " + value


def check_configuration(shared: Shared, call: Call) -> None:
    """The call goes through to its end by the configuration in force now."""
    call.index = shared.configuration.current(call.at)


def read_request(shared: Shared, call: Call) -> None:
    """Who calls what, by which message: as the call's dialect says it."""
    call.dialect.read(shared, call)


async def read_body(shared: Shared, call: Call) -> None:
    """The whole body, within its limits, as its digest says; it is hashed as it comes, so that a large one holds nobody up."""
    check = signatures.DigestCheck(call.values.get("content-digest")) if call.signed is not None else None
    if call.has_body:
        try:
            async with asyncio.timeout(limits.BODY_READ_SECONDS):
                call.body = await _receive_body(shared, call, check)
        except TimeoutError:
            raise Fault(
                Code.INVALID_REQUEST, "body_too_slow", f"The body did not arrive within {limits.BODY_READ_SECONDS:g} seconds."
            ) from None
    if check is not None:
        check.finish()


async def _receive_body(shared: Shared, call: Call, check: signatures.DigestCheck | None) -> bytes:
    parts: list[bytes] = []
    size, digest = 0, sha512()
    async for part in body_parts(call):
        size += len(part)
        if size > call.body_limit:
            raise _too_large()
        parts.append(part)
        digest.update(part)
        if check is not None:
            check.update(part)
        call.counted_bytes += len(part)
        shared.body_bytes_in_flight += len(part)
    call.body_digest = digest.digest() if size else None
    return b"".join(parts)


async def body_parts(call: Call) -> AsyncIterator[bytes]:
    """Parts of the body as they come."""
    receive: Receive = call.receive
    while not call.body_read:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        call.body_read = not message.get("more_body", False)
        if part := message.get("body", b""):
            yield bytes(part)


def _too_large() -> Fault:
    return Fault(Code.INVALID_REQUEST, "body_too_large", f"A request body may have {limits.REQUEST_BODY_BYTES} bytes.")
