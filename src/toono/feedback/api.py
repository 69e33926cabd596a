"""The door of feedback."""

from __future__ import annotations

from uuid import UUID

from toono.feedback import queries
from toono.feedback.contracts import Complaint, Contradiction, LateCase, RatingSummary, RatingView
from toono.feedback.operations import complain as _complain
from toono.feedback.operations import complain_of_late as _late
from toono.feedback.operations import contradict as _contradict
from toono.feedback.operations.rate import rate as _rate
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed
from toono.services import api as services
from toono.services.contracts import CaseView
from toono.services.events import FactDisputed


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


# -- complaints about readings and late cases ------------------------------------------------------------------------------------


def complain(*, actor: Actor, civil_id: str, reading_id: UUID, words: str) -> Complaint:
    """The actor, a citizen, does not recognise a reading in their access ledger: the owner of the register has to answer in 30 days.

    One complaint for each reading: again, with whatever words, gives the first one.

    :param civil_id: that of the actor, from ``identity``.
    :param words: up to 1,000 characters; may be empty.
    :raises NotAllowed: the actor is no citizen.
    :raises ReadingNotFound: no such reading that they may know of.
    :raises ComplaintTooLong: nothing was kept.
    """
    return _complain.complain(actor=actor, civil_id=civil_id, reading_id=reading_id, words=words)


def complaint_of_reading(*, actor: Actor, reading_id: UUID) -> Complaint | None:
    """The actor's own complaint about this reading; None if there is none. :raises NotAllowed: the actor is no citizen."""
    return queries.complaint_of_reading(person_id=_citizen(actor), reading_id=reading_id)


def _citizen(actor: Actor) -> UUID:
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} has made no complaints")
    return actor.person_id


def complain_of_case(*, actor: Actor, case_id: UUID, words: str) -> Complaint:
    """The actor, a citizen, complains that their case is late: who decides it has to answer in 30 days. The facts of the delay stand in the
    complaint by themselves; the head of the desk is told.

    One complaint for each case: again, with whatever words, gives the first one.

    :param words: up to 1,000 characters; may be empty.
    :raises CaseUnknown: there is none, or it is another's.
    :raises NotLate: nobody is late with it.
    :raises ComplaintTooLong: nothing was kept.
    """
    return _late.complain_of_case(actor=actor, case_id=case_id, words=words)


def complaint_of_case(*, actor: Actor, case_id: UUID) -> Complaint | None:
    """The actor's own complaint about this case; None if there is none. :raises NotAllowed: the actor is no citizen."""
    return queries.complaint_of_case(person_id=_citizen(actor), case_id=case_id)


def is_late(*, case: CaseView) -> bool:
    """Whether the applicant may complain now that their case is late: overdue, or decided after its time."""
    return queries.late_case(case) is not None


def late_case(*, actor: Actor, case_id: UUID) -> LateCase:
    """What a complaint about the actor's own case would say by itself.

    :raises CaseUnknown: there is none, or it is another's.
    :raises NotLate: nobody is late with it.
    """
    return _late.late(services.case(actor=actor, case_id=case_id))


def complaints(*, actor: Actor, limit: int = 200) -> list[Complaint]:
    """Complaints to the actor's organisation: open ones by time left, then answered ones, newest first.

    :raises NotAllowed: the actor is neither officer nor representative of one.
    """
    return queries.complaints(organisation=_complain.organisation_of(actor), limit=max(1, min(limit, 500)))


def open_complaints(*, actor: Actor) -> int:
    """How many complaints wait for the actor's organisation. :raises NotAllowed: as :func:`complaints`."""
    return queries.open_complaints(organisation=_complain.organisation_of(actor))


def complaint(*, actor: Actor, complaint_id: UUID) -> Complaint:
    """One of them.

    :raises NotAllowed: as :func:`complaints`.
    :raises ComplaintNotFound: there is none, or it is another organisation's.
    """
    return _complain.complaint(actor=actor, complaint_id=complaint_id)


def may_answer_complaint(*, actor: Actor, complaint: Complaint) -> bool:
    """Whether the actor, who may read the complaint, is one who answers it: one about a late case is answered by who keeps the desk, or by a
    representative of the organisation; every other by any who reads it."""
    return _complain.may_answer(actor, complaint)


def answer_complaint(*, actor: Actor, complaint_id: UUID, finding: str, words: str) -> Complaint:
    """Say what was found; the person is told. The same answer again changes nothing.

    :param finding: a :class:`~toono.feedback.contracts.Finding`.
    :param words: to the person, up to 4,000 characters; line ends are kept.
    :raises NotAllowed, ComplaintNotFound: as :func:`complaint`.
    :raises HeadAnswers: it is about a late case, and the actor an officer who does not keep the desk.
    :raises FindingMissing, AnswerMissing: nothing was kept.
    :raises AlreadyAnswered: with other words; the first answer stands.
    """
    return _complain.answer(actor=actor, complaint_id=complaint_id, finding=finding, words=words)


# -- «this register is wrong» ---------------------------------------------------------------------------------------


def on_fact_disputed(event: FactDisputed) -> None:
    """Subscriber: the keeper of the register has to answer in 30 days."""
    _contradict.on_fact_disputed(event)


def contradictions(*, actor: Actor, limit: int = 200) -> list[Contradiction]:
    """What persons say against facts of the registers of the actor's organisation: open ones by time left, then answered ones.

    :raises NotAllowed: the actor is neither officer nor representative of one.
    """
    return queries.contradictions(organisation=_complain.organisation_of(actor), limit=max(1, min(limit, 500)))


def contradiction(*, actor: Actor, contradiction_id: UUID) -> Contradiction:
    """One of them.

    :raises NotAllowed: as :func:`contradictions`.
    :raises ContradictionNotFound: there is none, or it is another organisation's.
    """
    return _contradict.contradiction(actor=actor, contradiction_id=contradiction_id)


def answer_contradiction(*, actor: Actor, contradiction_id: UUID, outcome: str, words: str) -> Contradiction:
    """Say whether the register is corrected; the person is told, and the case reads it again. The same answer again changes nothing.

    :param outcome: a :class:`~toono.feedback.contracts.Correctness`.
    :param words: to the person, up to 4,000 characters; line ends are kept.
    :raises NotAllowed, ContradictionNotFound: as :func:`contradiction`.
    :raises OutcomeMissing, AnswerMissing: nothing was kept.
    :raises AlreadyAnswered: with other words; the first answer stands.
    """
    return _contradict.answer(actor=actor, contradiction_id=contradiction_id, outcome=outcome, words=words)
