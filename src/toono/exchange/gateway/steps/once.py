"""Calls under an idempotency key: done once, answered as often as they are asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from toono.exchange import limits
from toono.exchange.domain import idempotency
from toono.exchange.domain.answers import ProviderAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.idempotency import Stored
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.database import DatabaseUnavailable
from toono.exchange.gateway.rows import NONCE_TABLE, NonceRow
from toono.exchange.gateway.steps.client import replayed
from toono.exchange.gateway.steps.seal import log_request
from toono.kernel.clock import now

_LIFE: Final = timedelta(seconds=limits.IDEMPOTENCY_SECONDS)
_FIND: Final = "SELECT request_id, message_id, held_until, fingerprint, status, head, body, reason FROM exchange_stored_answer(%s)"
_USE_UP: Final = f"INSERT INTO {NONCE_TABLE} (nonce, expires_at) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING nonce"  # noqa: S608 - fixed name


class _KeyUsed(Exception):
    """There was a call under this idempotency key before."""


async def log_request_once(shared: Shared, call: Call) -> None:
    """The request is durable before the provider hears of it, and under its key there is no other; or the answer to that other one is given again."""
    if call.idempotency_key is None:
        return await log_request(shared, call)
    signature_nonces = list(call.nonces)
    agreement = call.grant.agreement
    fingerprint = idempotency.fingerprint(
        method=call.method,
        target=call.target,
        headers=call.headers,
        digests=call.request_digests,
        agreement=f"{agreement.id} {agreement.version}",
    )
    for attempt in range(idempotency.ATTEMPTS):
        nonce = idempotency.nonce(call.client_id, call.idempotency_key, attempt)
        call.nonces = [*signature_nonces, NonceRow(nonce, call.at + _LIFE, call.request_id, fingerprint, _held_until(call))]
        call.repeated = lambda row, key=nonce: _KeyUsed() if row.nonce == key else replayed()
        try:
            return await log_request(shared, call)
        except _KeyUsed:
            call.replayed = True
            stored = idempotency.check_same(await _stored(shared, nonce), fingerprint, now())
        if not idempotency.was_not_sent(stored):
            await use_up_nonces(shared, signature_nonces)
            return _give_again(call, stored)
        call.replayed = False
    raise Fault(Code.INVALID_REQUEST, "idempotency_exhausted", f"After {idempotency.ATTEMPTS} attempts a new Idempotency-Key is needed.")


async def _stored(shared: Shared, nonce: bytes) -> Stored | None:
    try:
        rows = await shared.database.fetch(_FIND, [nonce])
    except DatabaseUnavailable as error:
        raise _unavailable() from error
    if not rows:
        return None
    request_id, message_id, held_until, fingerprint, status, head, body, reason = rows[0]
    return Stored(request_id, message_id, held_until, bytes(fingerprint), status, bytes(head or b""), bytes(body or b""), reason)


def _held_until(call: Call) -> datetime:
    """When the outcome of a call that is recorded now must stand in the log, if its gateway lives."""
    return now() + timedelta(seconds=call.service.entry.timeout_seconds + limits.IDEMPOTENCY_HELD_SECONDS)


async def use_up_nonces(shared: Shared, nonces: Iterable[NonceRow]) -> None:
    """Use them up where no message is logged: whoever has seen a signature gets nothing by it, at no gateway.

    :raises Fault: one was used before, or that cannot be told.
    """
    for row in nonces:
        try:
            fresh = await shared.database.fetch(_USE_UP, [row.nonce, row.expires_at])
        except DatabaseUnavailable as error:
            raise _unavailable() from error
        if not fresh:
            raise replayed()


def _unavailable() -> Fault:
    return Fault(
        Code.LOGGING_REQUEST_FAILED,
        "database_unavailable",
        "What was answered before could not be looked up; try again in a moment.",
        retry_after=1,
    )


def _give_again(call: Call, stored: Stored) -> None:
    if stored.reason is not None:
        reason, _, identifier = stored.reason.partition(": ")
        fault = Fault(_code_of(stored.status), reason, f"The first call under this Idempotency-Key ended so; its fault is {identifier}.")
        fault.id = identifier
        raise fault
    status, call.response_headers, body = idempotency.answer_of(stored)
    call.answer = ProviderAnswer(status, "", call.response_headers, body)


def _code_of(status: int | None) -> Code:
    """A type with the status that was answered; the reason tells more."""
    return {502: Code.INVALID_RESPONSE, 504: Code.NETWORK_ERROR, 500: Code.SERVER_INTERNAL_ERROR}.get(
        status or 0, Code.LOGGING_RESPONSE_FAILED
    )


async def use_up(shared: Shared, call: Call) -> None:
    """Use up what a question needs that leaves no message in the log.

    :raises Fault: see :func:`use_up_nonces`.
    """
    await use_up_nonces(shared, call.nonces)
