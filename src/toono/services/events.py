"""What this room tells the rooms above it. Ids and codes only."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from toono.kernel.events import Event


class CaseEvent(Event):
    """Fields that every event about a case carries."""

    case_id: UUID
    case_number: str
    service: str
    organisation: str
    channel: str
    aimag_code: str | None
    person_id: UUID
    submitted_at: datetime | None
    due_at: datetime | None
    decided_at: datetime | None
    outcome: str | None
    """``granted``, ``refused``, ``withdrawn``, ``lapsed``; None while open."""


class CaseSubmitted(CaseEvent):
    """A citizen sent a case."""

    name: ClassVar[str] = "services.case_submitted"


class CaseDecided(CaseEvent):
    """A case was granted or refused, by an officer or by rule."""

    name: ClassVar[str] = "services.case_decided"


class CaseLapsed(CaseEvent):
    """A sent case ended before its decision: the applicant died."""

    name: ClassVar[str] = "services.case_lapsed"


class FactDisputed(Event):
    """A person says that what a register told is wrong. The words do not travel."""

    name: ClassVar[str] = "services.fact_disputed"

    dispute_id: UUID
    case_id: UUID
    organisation: str
    """Keeper of the register."""


class CaseWithdrawn(CaseEvent):
    """Its owner took a sent case back before it was decided."""

    name: ClassVar[str] = "services.case_withdrawn"


class CaseLate(CaseEvent):
    """The term of a case has passed without a decision; told once."""

    name: ClassVar[str] = "services.case_late"


class DocumentIssued(CaseEvent):
    """The sealed document of a case stands in its owner's page."""

    name: ClassVar[str] = "services.document_issued"

    document_id: UUID


class DocumentRevoked(CaseEvent):
    """A document was withdrawn by its issuer."""

    name: ClassVar[str] = "services.document_revoked"

    document_id: UUID
