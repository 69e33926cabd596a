"""Reading ratings and complaints."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count

from toono.exchange.contracts import Reading
from toono.feedback import contracts
from toono.feedback.contracts import ComplaintState, ContradictedFact, Correctness, Finding, LateCase, RatingSummary, RatingView
from toono.feedback.models import Complaint, Contradiction, Rating
from toono.kernel.calendar import working_time_between
from toono.kernel.clock import now
from toono.services.contracts import CaseView


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


def complaint_of_case(*, person_id: UUID, case_id: UUID) -> contracts.Complaint | None:
    row = Complaint.objects.filter(case_id=case_id, person_id=person_id).first()
    return complaint(row) if row else None


def late_case(case: CaseView) -> LateCase | None:
    """How late a case is; None where nobody is: in time, standing while the person corrects, or ended without a decision."""
    ended = case.decided_at if case.decided_at is not None else now()
    over = case.decided_at is None and case.outcome is not None
    stands = case.term is not None and case.term.paused_at is not None
    if case.submitted_at is None or case.due_at is None or over or stands or ended <= case.due_at:
        return None
    return LateCase(
        case_id=case.id, case_number=case.number, service=case.service, service_name_mn=case.service_name.mn, service_name_en=case.service_name.en,
        organisation=case.organisation, organisation_name_mn=case.organisation_name.mn, organisation_name_en=case.organisation_name.en,
        sent_at=case.submitted_at, due_at=case.due_at, decided_at=case.decided_at,
        late_minutes=int(working_time_between(case.due_at, ended).total_seconds()) // 60,
        extended_hours=case.term.extended_hours if case.term else 0, pauses=case.term.pauses if case.term else (),
    )  # fmt: skip


def complaints(*, organisation: str, limit: int) -> list[contracts.Complaint]:
    """An organisation's complaints: open ones first, the most urgent at the top, then the answered, newest first."""
    rows = Complaint.objects.filter(organisation=organisation)
    still_open = list(rows.filter(state=ComplaintState.OPEN).order_by("due_at", "id")[:limit])
    answered = rows.filter(state=ComplaintState.ANSWERED).order_by("-answered_at", "-id")[: limit - len(still_open)]
    return [complaint(row) for row in (*still_open, *answered)]


def contradictions(*, organisation: str, limit: int) -> list[contracts.Contradiction]:
    """What persons say against facts of an organisation's registers: open ones by time left, then the answered, newest first."""
    rows = Contradiction.objects.filter(organisation=organisation)
    still_open = list(rows.filter(answered_at=None).order_by("due_at", "id")[:limit])
    answered = rows.exclude(answered_at=None).order_by("-answered_at", "-id")[: limit - len(still_open)]
    return [contradiction(row) for row in (*still_open, *answered)]


def contradiction(row: Contradiction) -> contracts.Contradiction:
    """The contract of a row."""
    return contracts.Contradiction(
        id=row.id, number=row.number, organisation=row.organisation, fact=ContradictedFact.model_validate(row.fact), words=row.words,
        opened_at=row.opened_at, due_at=row.due_at, outcome=Correctness(row.outcome) if row.outcome else None, answer=row.answer,
        answered_at=row.answered_at,
    )  # fmt: skip


def open_complaints(*, organisation: str) -> int:
    """How many wait for this organisation's answer."""
    return Complaint.objects.filter(organisation=organisation, state=ComplaintState.OPEN).count()


def complaint(row: Complaint) -> contracts.Complaint:
    """The contract of a row."""
    return contracts.Complaint(
        id=row.id, number=row.number, organisation=row.organisation,
        reading=Reading.model_validate(row.reading) if row.reading else None, late=LateCase.model_validate(row.late) if row.late else None,
        words=row.words,
        opened_at=row.opened_at, due_at=row.due_at, state=ComplaintState(row.state), finding=Finding(row.finding) if row.finding else None,
        answer=row.answer, answered_at=row.answered_at,
    )  # fmt: skip
