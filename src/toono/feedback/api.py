"""The door of feedback."""

from __future__ import annotations

from uuid import UUID

from toono.feedback import queries
from toono.feedback.contracts import RatingSummary, RatingView
from toono.feedback.operations.rate import rate as _rate
from toono.kernel.actor import Actor
from toono.services import api as services


def rate(*, actor: Actor, case_id: UUID, stars: int, comment: str) -> None:
    """Keep how the actor, a citizen, rates the way their own decided case was served. The same content again changes nothing.

    :param stars: one to five.
    :param comment: up to 1,000 characters, in the person's own words; may be empty.
    :raises NotAllowed: not the actor's own case, or no such case.
    :raises NotDecidedYet: the case is open.
    :raises AlreadyRated: it was rated with other content; the first rating stands.
    :raises RatingRefused: stars or comment out of bounds.
    """
    _rate(actor=actor, case_id=case_id, stars=stars, comment=comment)


def rating(*, actor: Actor, case_id: UUID) -> RatingView | None:
    """The rating of a case that the actor may see; None if there is none yet.

    :raises NotAllowed: the actor may not see the case, or there is no such case.
    """
    services.case(actor=actor, case_id=case_id)
    return queries.rating(case_id)


def summary(*, service: str) -> RatingSummary:
    """All ratings of a service together. For pages that show one service; the figures have counters of their own."""
    return queries.summary(service)
