"""Keep a rating."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from toono.feedback.contracts import COMMENT_LENGTH
from toono.feedback.errors import AlreadyRated, NotDecidedYet, RatingRefused
from toono.feedback.events import CaseRated
from toono.feedback.models import Rating
from toono.kernel import outbox
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.text import clean
from toono.services import api as services
from toono.services.contracts import Outcome


def rate(*, actor: Actor, case_id: UUID, stars: int, comment: str) -> None:
    """Keep the actor's rating of their own decided case; see :func:`toono.feedback.api.rate`."""
    words = clean(comment)
    if not 1 <= stars <= 5 or len(words) > COMMENT_LENGTH:
        raise RatingRefused(f"{stars} stars, comment of {len(words)} characters")
    if actor.role is not Role.CITIZEN:
        raise NotAllowed(f"{actor} may see cases, but a case is rated by its own person")
    case = services.case(actor=actor, case_id=case_id)
    if case.outcome not in (Outcome.GRANTED, Outcome.REFUSED):
        raise NotDecidedYet(f"case {case_id} is {case.phase}")
    with transaction.atomic():
        # Two posts at once (a double click) meet at the unique case_id: the second waits for the first to commit, then
        # get_or_create reads that row. So one row and one event come of it, without a lock of our own.
        rating, first = Rating.objects.get_or_create(
            case_id=case_id,
            defaults={
                "service": case.service, "organisation": case.organisation, "stars": stars, "comment": words, "at": now(),
            },
        )  # fmt: skip
        if first:
            outbox.publish(CaseRated(case_id=case_id, service=case.service, organisation=case.organisation, stars=stars))
    if (rating.stars, rating.comment) != (stars, words):
        raise AlreadyRated(f"case {case_id} was rated at {rating.at}")
