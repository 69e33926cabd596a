"""What leaves the room: one rating, and what all ratings of a service say together."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from toono.kernel.contract import Contract

COMMENT_LENGTH = 1000
"""Longest comment, in characters."""


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
