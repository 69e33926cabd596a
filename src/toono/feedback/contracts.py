"""What leaves the room: one rating, what all ratings of a service say together, a complaint about a reading."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from toono.exchange.contracts import Reading
from toono.kernel.contract import Contract

COMMENT_LENGTH = 1000
"""Longest comment or complaint, in characters."""
ANSWER_LENGTH = 4000
"""Longest answer to a complaint, in characters."""


class RatingView(Contract):
    """How a person rated the way their case was served."""

    case_id: UUID
    stars: int = Field(ge=1, le=5)
    comment: str = Field(max_length=COMMENT_LENGTH)
    """In the person's own words; empty if they wrote none."""
    at: datetime


class RatingSummary(Contract):
    """All ratings of one service together."""

    service: str
    """Code of the service."""
    count: int = Field(ge=0)
    average: float | None
    """Mean number of stars, to two decimals; None while nobody has rated."""
    distribution: tuple[int, int, int, int, int]
    """How many gave one star, two, three, four, five."""


class ComplaintState(StrEnum):
    """How far a complaint has come."""

    OPEN = "open"
    ANSWERED = "answered"


class Finding(StrEnum):
    """What the owner of the register found about a reading."""

    LAWFUL = "lawful"  # it was allowed, and why is told
    UNLAWFUL = "unlawful"  # it should not have been made, and what follows is told


class Complaint(Contract):
    """A person does not recognise a reading of their data, and the owner of the register owes them an answer. The person is not named to the owner."""

    id: UUID
    number: str
    """To quote."""
    organisation: str
    """Code of the owner of the register, who answers."""
    reading: Reading
    """The entry of the person's access ledger as it stood then."""
    words: str = Field(max_length=COMMENT_LENGTH)
    """Of the person; may be empty."""
    opened_at: datetime
    due_at: datetime
    state: ComplaintState
    finding: Finding | None
    answer: str
    """Of the owner; empty while open."""
    answered_at: datetime | None
