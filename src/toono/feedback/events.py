"""What this room tells upward."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from toono.kernel.events import Event


class CaseRated(Event):
    """A person has rated the way their case was served. The comment does not travel."""

    name = "feedback.case_rated"

    case_id: UUID
    service: str
    """Code of the service."""
    organisation: str
    """Code of the organisation that decided the case."""
    stars: int = Field(ge=1, le=5)
