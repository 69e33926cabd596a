"""Rules of a delivery by an operator: what an answer means, when to try again, when to give up. No input or output.

The one guarantee: a text is never handed over twice unless it is certain that the operator did not take it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from toono.notifications.contracts import DeliveryState

# What asks us to come again (SMPP 3.4 §5.1.3): system error, queue full, throttled, temporary application error.
TRANSIENT_STATUSES = frozenset({0x08, 0x14, 0x58, 0x64})
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=5)
MESSAGE_LIFETIME = timedelta(hours=24)
"""A message that could not be handed over for so long is not sent any more; it stands in the inbox."""
CODE_LIFETIME = timedelta(minutes=3)
"""A sign-in code is useless after that."""
RECEIPT_LIFETIME = timedelta(hours=24)
"""No receipt after so long: nobody will tell any more."""
REFERENCE_LIFETIME = timedelta(days=3)
"""For so long a receipt may be matched by our own 16-bit reference, where the operator's answer was lost."""


@dataclass(frozen=True)
class Accepted:
    """The operator took the text."""

    provider_message_id: str


@dataclass(frozen=True)
class Refused:
    """The operator did not take it; ``status`` is the SMPP command status."""

    status: int


@dataclass(frozen=True)
class NotSent:
    """Nothing was handed over: no connection, or the text could not be prepared."""

    reason: str


@dataclass(frozen=True)
class NoAnswer:
    """It may have been handed over; no answer came."""


Outcome = Accepted | Refused | NotSent | NoAnswer


@dataclass(frozen=True)
class Step:
    """What follows from an outcome."""

    state: DeliveryState
    failure: str = ""
    """Stable word for what went wrong."""
    again_at: datetime | None = None
    """When to try again, for a delivery that is queued."""


def wait_before(attempt: int) -> timedelta:
    """Time to wait after so many attempts: 1, 2, 4 … s, at most five minutes."""
    return min(FIRST_WAIT * (1 << min(attempt - 1, 20)), LONGEST_WAIT)


def after(outcome: Outcome, *, attempt: int, moment: datetime, give_up_at: datetime) -> Step:
    """The step after the ``attempt``-th try."""
    match outcome:
        case Accepted():
            return Step(DeliveryState.SENT)
        case NoAnswer():
            return Step(DeliveryState.UNKNOWN, "no_answer")
        case Refused(status) if status not in TRANSIENT_STATUSES:
            return Step(DeliveryState.FAILED, f"refused_0x{status:02x}")
        case Refused(status):
            reason = f"refused_0x{status:02x}"
        case NotSent(reason):
            pass
    again_at = moment + wait_before(attempt)
    if again_at >= give_up_at:
        return Step(DeliveryState.FAILED, reason)
    return Step(DeliveryState.QUEUED, reason, again_at)


_RECEIPT_STATES = {
    "DELIVRD": DeliveryState.DELIVERED,
    "EXPIRED": DeliveryState.FAILED,
    "DELETED": DeliveryState.FAILED,
    "UNDELIV": DeliveryState.FAILED,
    "REJECTD": DeliveryState.FAILED,
    "UNKNOWN": DeliveryState.UNKNOWN,
}


def receipt_state(status: str) -> DeliveryState | None:
    """What a receipt's ``stat`` (SMPP 3.4, Appendix B) says; None where it is still on its way."""
    return _RECEIPT_STATES.get(status)


def supersedes(new: DeliveryState, old: DeliveryState) -> bool:
    """Whether a receipt may change the state: what has arrived or failed stays so, except that arrival beats everything."""
    if new == DeliveryState.DELIVERED:
        return old != DeliveryState.DELIVERED
    return old in (DeliveryState.SENT, DeliveryState.UNKNOWN)
