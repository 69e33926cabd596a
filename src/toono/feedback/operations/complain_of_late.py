"""A case is late: the person complains with one press, and the head of the desk answers."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from toono.feedback import contracts, queries
from toono.feedback.contracts import COMMENT_LENGTH, LateCase
from toono.feedback.errors import ComplaintTooLong, NotLate
from toono.feedback.events import ComplaintOpened
from toono.feedback.models import Complaint
from toono.feedback.operations.complain import TERM
from toono.kernel import audit, outbox
from toono.kernel.actor import Actor
from toono.kernel.clock import local, now
from toono.kernel.errors import NotAllowed
from toono.kernel.ids import public_code
from toono.kernel.text import clean
from toono.notifications import api as notifications
from toono.services import api as services
from toono.services.contracts import CaseView


def complain_of_case(*, actor: Actor, case_id: UUID, words: str) -> contracts.Complaint:
    """Open a complaint; see :func:`toono.feedback.api.complain_of_case`."""
    said = clean(words)
    if len(said) > COMMENT_LENGTH:
        raise ComplaintTooLong(f"{len(said)} characters")
    if actor.person_id is None:
        raise NotAllowed(f"{actor} has no cases of their own")
    case = services.case(actor=actor, case_id=case_id)
    row = Complaint.objects.filter(case_id=case_id).first()
    return queries.complaint(row or _open(actor, actor.person_id, late(case), said))


def late(case: CaseView) -> LateCase:
    """How late the case is. :raises NotLate:"""
    found = queries.late_case(case)
    if found is None:
        raise NotLate(f"case {case.number} is {case.phase}, due {case.due_at}")
    return found


def _open(actor: Actor, person_id: UUID, found: LateCase, words: str) -> Complaint:
    moment = now()
    with transaction.atomic():
        # Two posts at once meet at the unique case_id: the second waits for the first to commit, then finds its row.
        row, first = Complaint.objects.get_or_create(
            case_id=found.case_id,
            defaults={
                "number": public_code(), "person_id": person_id, "organisation": found.organisation, "late": found.model_dump(mode="json"),
                "words": words, "opened_at": moment, "due_at": moment + TERM,
            },
        )  # fmt: skip
        if first:
            outbox.publish(ComplaintOpened(complaint_id=row.id, organisation=row.organisation))
            audit.record(actor=actor, action="feedback.complain_of_case", subject=f"complaint:{row.id}", case=str(found.case_id))
            _tell_heads(row, found)
    return row


def _tell_heads(row: Complaint, found: LateCase) -> None:
    """In the inbox only. A desk that names no head has many of them: each may answer."""
    context = {
        "number": row.number, "case_number": found.case_number, "service_mn": found.service_name_mn, "service_en": found.service_name_en,
        "due": f"{local(row.due_at):%Y.%m.%d}",
    }  # fmt: skip
    for person_id in services.desk_heads(organisation=row.organisation):
        notifications.notify(
            person_id=person_id, template="desk_complaint", context=context, key=f"complaint:{row.id}:opened:{person_id}", sms=False
        )
