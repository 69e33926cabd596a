"""Events of an invented office, for the tests of this room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from toono.feedback.events import CaseRated
from toono.services.events import CaseDecided, CaseSubmitted, CaseWithdrawn, DocumentIssued

MONDAY_MORNING = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
"""Nine o'clock in Ulaanbaatar, on a working day."""


@dataclass(frozen=True)
class Story:
    """One case and what happens to it."""

    service: str
    organisation: str = "test-office"
    submitted_at: datetime = MONDAY_MORNING
    took: timedelta = timedelta(hours=2)
    term: timedelta = timedelta(days=1)
    outcome: str = "granted"
    channel: str = "mobile"
    aimag_code: str | None = "48"
    case_id: UUID = field(default_factory=uuid4)

    def _fields(self, decided: bool) -> dict[str, Any]:
        return {
            "case_id": self.case_id, "case_number": "BCDF2345", "service": self.service, "organisation": self.organisation,
            "channel": self.channel, "aimag_code": self.aimag_code, "person_id": uuid4(), "submitted_at": self.submitted_at,
            "due_at": self.submitted_at + self.term, "decided_at": self.submitted_at + self.took if decided else None,
            "outcome": self.outcome if decided else None,
        }  # fmt: skip

    def submitted(self) -> CaseSubmitted:
        return CaseSubmitted(**self._fields(decided=False), occurred_at=self.submitted_at)

    def decided(self) -> CaseDecided:
        return CaseDecided(**self._fields(decided=True), occurred_at=self.submitted_at + self.took)

    def withdrawn(self) -> CaseWithdrawn:
        at = self.submitted_at + self.took
        return CaseWithdrawn(**self._fields(decided=False) | {"outcome": "withdrawn"}, occurred_at=at)

    def issued(self) -> DocumentIssued:
        return DocumentIssued(**self._fields(decided=True), document_id=uuid4(), occurred_at=self.submitted_at + self.took)

    def rated(self, stars: int) -> CaseRated:
        return CaseRated(
            case_id=self.case_id,
            service=self.service,
            organisation=self.organisation,
            stars=stars,
            occurred_at=self.submitted_at + self.took,
        )
