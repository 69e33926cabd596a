"""A person does not recognise a reading of their data; and the answers to all complaints, those about late cases among them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from toono.exchange import api as exchange
from toono.feedback import contracts, queries
from toono.feedback.contracts import ANSWER_LENGTH, COMMENT_LENGTH, ComplaintState, Finding
from toono.feedback.errors import AlreadyAnswered, AnswerMissing, ComplaintNotFound, ComplaintTooLong, FindingMissing, HeadAnswers
from toono.feedback.events import ComplaintAnswered, ComplaintOpened
from toono.feedback.models import Complaint
from toono.kernel import audit, outbox
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.ids import public_code
from toono.kernel.text import clean, paragraphs
from toono.notifications import api as notifications
from toono.services import api as services

TERM: Final = timedelta(days=30)
"""Өргөдөл, гомдлыг шийдвэрлэх тухай хууль, 13.1: thirty days."""
OWNERS: Final = (Role.OFFICER, Role.REPRESENTATIVE)
"""Who answers for an organisation."""
_FINDINGS: Final = {
    Finding.LAWFUL: ("Уншилт хууль ёсных байсан", "The reading was lawful"),
    Finding.UNLAWFUL: ("Уншилт хууль ёсных биш байсан", "The reading was not lawful"),
    Finding.UPHELD: ("Гомдол үндэслэлтэй, байгууллага хугацаандаа амжаагүй", "The complaint is justified: the organisation was late"),
    Finding.EXCUSED: ("Хугацаа хэтэрсэн нь байгууллагаас шалтгаалаагүй", "The delay was not in the organisation's power"),
}
_OF_READING: Final = (Finding.LAWFUL, Finding.UNLAWFUL)
_OF_CASE: Final = (Finding.UPHELD, Finding.EXCUSED)


def complain(*, actor: Actor, civil_id: str, reading_id: UUID, words: str) -> contracts.Complaint:
    """Open a complaint; see :func:`toono.feedback.api.complain`."""
    said = clean(words)
    if len(said) > COMMENT_LENGTH:
        raise ComplaintTooLong(f"{len(said)} characters")
    if actor.person_id is None:
        raise NotAllowed(f"{actor} has no access ledger")
    reading = exchange.reading(actor=actor, civil_id=civil_id, reading_id=reading_id)
    moment = now()
    with transaction.atomic():
        # Two posts at once meet at the unique reading_id: the second waits for the first to commit, then finds its row.
        row, first = Complaint.objects.get_or_create(
            reading_id=reading_id,
            defaults={
                "number": public_code(), "person_id": actor.person_id, "organisation": reading.provider, "reading": reading.model_dump(mode="json"),
                "words": said, "opened_at": moment, "due_at": moment + TERM,
            },
        )  # fmt: skip
        if first:
            outbox.publish(ComplaintOpened(complaint_id=row.id, organisation=row.organisation))
            audit.record(actor=actor, action="feedback.complain", subject=f"complaint:{row.id}", reading=str(reading_id))
    return queries.complaint(row)


def organisation_of(actor: Actor) -> str:
    """The organisation for which the actor answers complaints.

    :raises NotAllowed: for none.
    """
    if actor.role not in OWNERS or actor.organisation is None:
        raise NotAllowed(f"{actor} answers for no organisation")
    return actor.organisation


def complaint(*, actor: Actor, complaint_id: UUID) -> contracts.Complaint:
    """One complaint to the actor's organisation. :raises ComplaintNotFound:"""
    row = Complaint.objects.filter(id=complaint_id, organisation=organisation_of(actor)).first()
    if row is None:
        raise ComplaintNotFound(f"no complaint {complaint_id} to {actor.organisation}")
    return queries.complaint(row)


def may_answer(actor: Actor, found: contracts.Complaint) -> bool:
    """Whether the actor, who may read the complaint, is one who answers it: of a late case an officer is, if they keep the desk."""
    if found.late is None or actor.role is not Role.OFFICER:
        return True
    return actor.person_id in services.desk_heads(organisation=found.organisation)


def answer(*, actor: Actor, complaint_id: UUID, finding: str, words: str) -> contracts.Complaint:
    """Answer; see :func:`toono.feedback.api.answer_complaint`."""
    said = paragraphs(words)
    if finding not in set(Finding):
        raise FindingMissing(f"finding {finding[:20]!r}")
    if not said or len(said) > ANSWER_LENGTH:
        raise AnswerMissing(f"{len(said)} characters")
    with transaction.atomic():
        row = Complaint.objects.select_for_update().filter(id=complaint_id, organisation=organisation_of(actor)).first()
        if row is None:
            raise ComplaintNotFound(f"no complaint {complaint_id} to {actor.organisation}")
        if not may_answer(actor, queries.complaint(row)):
            raise HeadAnswers(f"{actor} is not head of the desk of {row.organisation}")
        if finding not in (_OF_READING if row.case_id is None else _OF_CASE):
            raise FindingMissing(f"finding {finding!r} of a {'reading' if row.case_id is None else 'case'}")
        if row.state == ComplaintState.ANSWERED:
            if (row.finding, row.answer) != (finding, said):
                raise AlreadyAnswered(f"complaint {complaint_id} was answered at {row.answered_at}")
            return queries.complaint(row)
        row.state, row.finding, row.answer = ComplaintState.ANSWERED.value, finding, said
        row.answered_at, row.answered_by = now(), actor.person_id
        row.save()
        outbox.publish(ComplaintAnswered(complaint_id=row.id, organisation=row.organisation, finding=Finding(finding)))
        audit.record(actor=actor, action="feedback.answer_complaint", subject=f"complaint:{row.id}", finding=finding)
        _tell(row, Finding(finding))
    return queries.complaint(row)


def _tell(row: Complaint, finding: Finding) -> None:
    found, (mn, en) = queries.complaint(row), _FINDINGS[finding]
    context = {"number": row.number, "finding_mn": mn, "finding_en": en, "answer": row.answer}
    template = "complaint_answered"
    if found.reading is not None:
        context |= {"owner_mn": found.reading.provider_name_mn, "owner_en": found.reading.provider_name_en}
    if found.late is not None:
        template = "case_complaint_answered"
        context |= {
            "owner_mn": found.late.organisation_name_mn, "owner_en": found.late.organisation_name_en, "case_number": found.late.case_number,
        }  # fmt: skip
    notifications.notify(
        person_id=row.person_id, template=template, context=context, key=f"complaint:{row.id}:answered", case_id=row.case_id
    )
