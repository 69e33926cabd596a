"""Reading ratings and complaints."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count

from toono.exchange.contracts import Reading
from toono.feedback import contracts
from toono.feedback.contracts import ComplaintState, Finding, RatingSummary, RatingView
from toono.feedback.models import Complaint, Rating


def rating(case_id: UUID) -> RatingView | None:
    row = Rating.objects.filter(case_id=case_id).first()
    return RatingView(case_id=row.case_id, stars=row.stars, comment=row.comment, at=row.at) if row else None


def summary(service: str) -> RatingSummary:
    """Read from the index (service, stars) alone."""
    rows = Rating.objects.filter(service=service).values_list("stars").annotate(Count("stars"))
    by_stars = dict(rows)
    count = sum(by_stars.values())
    return RatingSummary(
        service=service,
        count=count,
        average=round(sum(stars * n for stars, n in by_stars.items()) / count, 2) if count else None,
        distribution=(by_stars.get(1, 0), by_stars.get(2, 0), by_stars.get(3, 0), by_stars.get(4, 0), by_stars.get(5, 0)),
    )


def complaint_of_reading(*, person_id: UUID, reading_id: UUID) -> contracts.Complaint | None:
    row = Complaint.objects.filter(reading_id=reading_id, person_id=person_id).first()
    return complaint(row) if row else None


def complaints(*, organisation: str, limit: int) -> list[contracts.Complaint]:
    """An organisation's complaints: open ones first, the most urgent at the top, then the answered, newest first."""
    rows = Complaint.objects.filter(organisation=organisation)
    still_open = list(rows.filter(state=ComplaintState.OPEN).order_by("due_at", "id")[:limit])
    answered = rows.filter(state=ComplaintState.ANSWERED).order_by("-answered_at", "-id")[: limit - len(still_open)]
    return [complaint(row) for row in (*still_open, *answered)]


def open_complaints(*, organisation: str) -> int:
    """How many wait for this organisation's answer."""
    return Complaint.objects.filter(organisation=organisation, state=ComplaintState.OPEN).count()


def complaint(row: Complaint) -> contracts.Complaint:
    """The contract of a row."""
    return contracts.Complaint(
        id=row.id, number=row.number, organisation=row.organisation, reading=Reading.model_validate(row.reading), words=row.words,
        opened_at=row.opened_at, due_at=row.due_at, state=ComplaintState(row.state), finding=Finding(row.finding) if row.finding else None,
        answer=row.answer, answered_at=row.answered_at,
    )  # fmt: skip
