"""What became of a call, as its client may ask by the message id."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from toono.exchange import limits
from toono.exchange.contracts import CallOutcome, CallState
from toono.exchange.domain.idempotency import NOT_SENT

_LONGEST: Final = timedelta(seconds=limits.SERVICE_SECONDS + limits.IDEMPOTENCY_HELD_SECONDS)


class Record(NamedTuple):
    """What is asked of one row of the message log."""

    request_id: UUID
    direction: str
    at: datetime
    service: str
    status: int | None
    reason: str | None
    """Reason and id of a fault; None in an answer."""


def outcomes(records: Iterable[Record], now: datetime) -> tuple[CallOutcome, ...]:
    """One for each call among ``records``, in their order."""
    found: dict[UUID, CallOutcome] = {}
    for record in records:
        if record.direction == "request":
            state = CallState.RUNNING if now < record.at + _LONGEST else CallState.UNKNOWN
            begun = CallOutcome(request_id=record.request_id, service=record.service, at=record.at, state=state)
            found.setdefault(record.request_id, begun)
        else:
            reason = record.reason.partition(":")[0] if record.reason is not None else None
            state = CallState.ANSWERED if reason is None else CallState.NOT_DONE if reason in NOT_SENT else CallState.UNKNOWN
            found[record.request_id] = CallOutcome(
                request_id=record.request_id, service=record.service, at=record.at, state=state, status=record.status, reason=reason
            )
    return tuple(found.values())
