"""Reading ratings."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count

from toono.feedback.contracts import RatingSummary, RatingView
from toono.feedback.models import Rating


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
