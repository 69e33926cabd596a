"""The gateway of the laboratory. Its waits are shorter, so that tests are.

``LAB_MUTANT`` takes one guard out: a test that claims a guarantee must fail on its mutant.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from toono.exchange import limits
from toono.exchange.domain import subjects
from toono.exchange.gateway import app, log, steps
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.log import Entry, MessageLog


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
    steps.signatures.verify = lambda *_, **__: None  # type: ignore[assignment]


def _no_nonce_memory() -> None:
    def check(shared: Shared, call: Call) -> None:
        found(shared, call)
        call.nonce = None

    found = steps.authenticate_client
    app.Nonces.add = lambda *_: True  # type: ignore[method-assign, assignment]
    changed = tuple(step._replace(run=check) if step.name == "client" else step for step in steps.STEPS)
    app.STEPS = steps.STEPS = changed  # type: ignore[misc]


def _no_subject_check() -> None:
    def subject_of(*args: Any, **kwargs: Any) -> str:
        return "0" * 12

    subjects.subject_of = subject_of  # type: ignore[assignment]


def _no_agreement_dates() -> None:
    from toono.exchange.domain.rights import Grant, Index

    def grant(self: Index, client: str, service: str, purpose: str | None, now: Any) -> Grant:
        agreement = self._agreements[client, service][0]
        return Grant(agreement, agreement.purposes[0])

    Index.grant = grant  # type: ignore[method-assign]


def _retry_blindly() -> None:
    """After a commit of unknown outcome the batch is written again without looking."""

    async def stored(self: MessageLog, connection: Any, batch: Any) -> set[Any]:
        return set()

    log.MessageLog._stored = stored  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    "answer-before-commit": _answer_before_commit,
    "no-request-log": _without("log request"),
    "no-signature-check": _no_signature_check,
    "no-nonce-memory": _no_nonce_memory,
    "no-subject-check": _no_subject_check,
    "no-agreement-dates": _no_agreement_dates,
    "retry-blindly": _retry_blindly,
}

if chosen := os.environ.get("LAB_MUTANT"):
    MUTANTS[chosen]()

limits.CONFIGURATION_POLL_SECONDS = 0.2  # type: ignore[misc]
limits.LOG_WAIT_SECONDS = 2.0  # type: ignore[misc]
limits.LOG_IDLE_CHECK_SECONDS = 0.5  # type: ignore[misc]

application = app.application
