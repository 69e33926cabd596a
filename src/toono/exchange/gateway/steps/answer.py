"""The answer: about the person who was asked for, and of it only the fields that are granted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from toono.exchange import limits
from toono.exchange.domain import documents, fields, subjects
from toono.exchange.domain.documents import DocumentRefused
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.gateway.call import Call, Shared


def check_subject(shared: Shared, call: Call) -> Awaitable[None] | None:
    """A successful answer of an endpoint about persons is about the person who was asked for."""
    rule, answer = call.match.endpoint.subject, call.known_answer
    if rule is None or not 200 <= answer.status < 300:
        return None
    variables = call.match.variables
    subjects.check_readable(answer.headers)

    def check() -> None:
        call.civil_id = subjects.subject_of(rule, variables, _parsed(answer.body))

    return _beside_the_loop(check, len(answer.body))


def filter_fields(shared: Shared, call: Call) -> Awaitable[None] | None:
    """Where the agreement grants fields, nothing else goes on; this is what is signed, logged and answered."""
    projection, answer = call.grant.projection, call.known_answer
    if projection is None:
        return None

    def cut() -> None:
        call.answer, call.fields = fields.filtered(projection, call.method, answer)

    return _beside_the_loop(cut, len(answer.body))


def _parsed(body: bytes) -> Any:
    try:
        return documents.parse(body)
    except DocumentRefused as error:
        raise Fault(Code.INVALID_RESPONSE, error.reason, f"The provider's answer cannot be read: {error}") from error


def _beside_the_loop(work: Callable[[], None], size: int) -> Awaitable[None] | None:
    """Do ``work`` at once, or, where it takes long, in a thread, so that other calls do not wait for it."""
    if size > limits.DOCUMENT_LOOP_BYTES:
        return asyncio.to_thread(work)
    work()
    return None
