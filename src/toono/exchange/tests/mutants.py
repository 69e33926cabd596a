"""The gateway of the laboratory. Its waits are shorter, so that tests are.

``LAB_MUTANT`` takes one guard out: a test that claims a guarantee must fail on its mutant.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from toono.exchange import limits
from toono.exchange.domain import subjects
from toono.exchange.gateway import app, steps
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.log import MessageLog
from toono.exchange.gateway.pages import tokens
from toono.exchange.gateway.sealing import Chain, Entry
from toono.exchange.gateway.steps import client, seal


def _answer_before_commit() -> None:
    """The log takes the entry and says «done» at once."""

    async def append(self: MessageLog, entry: Entry) -> None:
        self._waiting.append(entry)
        self._arrived.set()

    MessageLog.append = append  # type: ignore[method-assign]


def _without(name: str) -> Callable[[], None]:
    """The pipeline without one step."""

    def change() -> None:
        left = tuple(step for step in steps.STEPS if step.name != name)
        app.STEPS = steps.STEPS = left  # type: ignore[misc]

    return change


def _no_signature_check() -> None:
    client.signatures.verify = lambda *_, **__: None  # type: ignore[assignment]


def _no_nonce_memory() -> None:
    def check(shared: Shared, call: Call) -> None:
        found(shared, call)
        call.nonces.clear()

    found = client.authenticate_client
    app.Nonces.add = lambda *_: True  # type: ignore[method-assign, assignment]
    changed = tuple(step._replace(run=check) if step.name == "client" else step for step in steps.STEPS)
    app.STEPS = steps.STEPS = changed  # type: ignore[misc]


def _no_subject_check() -> None:
    def subject_of(*args: Any, **kwargs: Any) -> str:
        return "0" * 12

    subjects.subject_of = subject_of  # type: ignore[assignment]


def _no_agreement_dates() -> None:
    from toono.exchange.domain.rights import Grant, Index

    def grants(self: Index, client: str, service: str, *_: Any, **__: Any) -> list[Grant]:
        agreement = next(a for a in self.configuration.agreements if (a.consumer, a.service) == (client, service))
        return [Grant(agreement, agreement.purposes[0])]

    Index.grants = grants  # type: ignore[method-assign, assignment]


def _retry_blindly() -> None:
    """After a commit of unknown outcome the batch is written again under another id."""

    async def commit(self: MessageLog, connection: Any, sealed: Any, *, uncertain: bool) -> Any:
        if uncertain:
            sealed = await self._sealer.seal(sealed.entries, Chain("mutant"))
            for entry in sealed.entries:
                entry.nonces = ()
            sealed = await self._sealer.seal(sealed.entries, Chain("mutant"))
        return await whole(self, connection, sealed, uncertain=False)

    whole = MessageLog._commit
    MessageLog._commit = commit  # type: ignore[method-assign]


def _no_idempotency() -> None:
    """Keys are read and nobody looks whether they were used."""
    changed = tuple(step._replace(run=seal.log_request) if step.name == "log request" else step for step in steps.STEPS)
    app.STEPS = steps.STEPS = changed  # type: ignore[misc]


def _assertions_again_and_again() -> None:
    async def use_up_nonces(shared: Shared, nonces: Any) -> None:
        pass

    tokens.use_up_nonces = use_up_nonces


def _any_terminator() -> None:
    client.hmac.compare_digest = lambda *_: True  # type: ignore[assignment]


def _no_request_binding() -> None:
    """A response of another gateway is taken though it is to another request."""
    from toono.exchange.gateway.steps import peers

    peers._check_same = lambda *_: None


def _older_status() -> None:
    """An older word of the authority replaces a younger one."""
    from toono.exchange.gateway import ageing

    taken = ageing.Ageing._take

    def take(self: Any, known: Any, der: bytes) -> bool:
        held, known.status = known.status, None
        try:
            return taken(self, known, der)
        finally:
            known.status = known.status or held

    ageing.Ageing._take = take  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    "no-ageing": _without("ageing"),
    "no-request-binding": _no_request_binding,
    "older-status": _older_status,
    "no-idempotency": _no_idempotency,
    "assertions-again-and-again": _assertions_again_and_again,
    "any-terminator": _any_terminator,
    "answer-before-commit": _answer_before_commit,
    "no-request-log": _without("log request"),
    "no-signature-check": _no_signature_check,
    "no-nonce-memory": _no_nonce_memory,
    "no-subject-check": _no_subject_check,
    "no-field-filter": _without("fields"),
    "no-conditions": _without("conditions"),
    "no-agreement-dates": _no_agreement_dates,
    "retry-blindly": _retry_blindly,
}

if chosen := os.environ.get("LAB_MUTANT"):
    MUTANTS[chosen]()

limits.CONFIGURATION_POLL_SECONDS = 0.2  # type: ignore[misc]
limits.OCSP_POLL_SECONDS = 0.2  # type: ignore[misc]
limits.OCSP_RETRY_SECONDS = limits.OCSP_URGENT_SECONDS = 0.4  # type: ignore[misc]
limits.STAMPS_POLL_SECONDS = 0.5  # type: ignore[misc]
limits.LOG_WAIT_SECONDS = 2.0  # type: ignore[misc]
limits.ANSWER_PIECE_SECONDS = 1.0  # type: ignore[misc]
limits.LOG_IDLE_CHECK_SECONDS = 0.5  # type: ignore[misc]

application = app.application
