"""What this room tells upward."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from toono.feedback.contracts import Finding
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


class ComplaintOpened(Event):
    """A person does not recognise a reading of their data, or complains that their case is late. Neither the person nor their words travel."""

    name = "feedback.complaint_opened"

    complaint_id: UUID
    organisation: str
    """Code of the owner of the register, or of who is late with the case: who has to answer."""


class ComplaintAnswered(Event):
    """The organisation has said what it found. The words do not travel."""

    name = "feedback.complaint_answered"

    complaint_id: UUID
    organisation: str
    finding: Finding
