"""A person says that a register is wrong; its keeper answers."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from django.db import transaction

from toono.feedback import contracts, queries
from toono.feedback.contracts import ANSWER_LENGTH, COMMENT_LENGTH, ContradictedFact, Correctness
from toono.feedback.errors import AlreadyAnswered, AnswerMissing, ContradictionNotFound, OutcomeMissing
from toono.feedback.models import Contradiction
from toono.feedback.operations.complain import TERM, organisation_of
from toono.kernel import audit
from toono.kernel.actor import Actor, system
from toono.kernel.clock import now
from toono.kernel.ids import public_code
from toono.kernel.text import paragraphs
from toono.notifications import api as notifications
from toono.services import api as services
from toono.services.contracts import DisputedFact
from toono.services.errors import NotAllowedNow
from toono.services.events import FactDisputed

ITSELF = system("feedback")
_OUTCOMES = {
    Correctness.CORRECTED: ("Бүртгэлийг зассан", "The register is corrected"),
    Correctness.STANDS: ("Бүртгэл зөв гэж үзсэн", "The register was found to be right"),
}


def on_fact_disputed(event: FactDisputed) -> None:
    """Bring the dispute to the keeper of the register. Once, by the dispute's id."""
    said = services.disputed_fact(actor=ITSELF, dispute_id=event.dispute_id)
    moment = now()
    Contradiction.objects.get_or_create(
        dispute_id=event.dispute_id,
        defaults={
            "number": public_code(), "case_id": said.case_id, "person_id": said.person_id, "organisation": event.organisation,
            "fact": _fact(said).model_dump(mode="json"), "words": said.text[:COMMENT_LENGTH], "opened_at": moment, "due_at": moment + TERM,
        },
    )  # fmt: skip


def _fact(said: DisputedFact) -> ContradictedFact:
    return ContradictedFact(
        title_mn=said.title.mn, title_en=said.title.en, field_mn=said.label.mn, field_en=said.label.en, value=said.value,
        case_number=said.case_number, message_id=said.message_id,
    )  # fmt: skip


def contradiction(*, actor: Actor, contradiction_id: UUID) -> contracts.Contradiction:
    """One of those to the actor's organisation. :raises ContradictionNotFound:"""
    row = Contradiction.objects.filter(id=contradiction_id, organisation=organisation_of(actor)).first()
    if row is None:
        raise ContradictionNotFound(f"no contradiction {contradiction_id} to {actor.organisation}")
    return queries.contradiction(row)


def answer(*, actor: Actor, contradiction_id: UUID, outcome: str, words: str) -> contracts.Contradiction:
    """Answer, tell the person, and have the registers of the case read again where one was corrected."""
    said = paragraphs(words)
    if outcome not in set(Correctness):
        raise OutcomeMissing(f"outcome {outcome[:20]!r}")
    if not said or len(said) > ANSWER_LENGTH:
        raise AnswerMissing(f"{len(said)} characters")
    row, first = _answered(actor, contradiction_id, Correctness(outcome), said)
    if first and row.outcome == Correctness.CORRECTED:
        with suppress(NotAllowedNow):  # the case has ended without a document
            services.read_again(actor=ITSELF, case_id=row.case_id)
    return queries.contradiction(row)


def _answered(actor: Actor, contradiction_id: UUID, outcome: Correctness, said: str) -> tuple[Contradiction, bool]:
    """The row with the answer, and whether it was given now. Two officers at once come one after the other by the row's lock."""
    with transaction.atomic():
        row = Contradiction.objects.select_for_update().filter(id=contradiction_id, organisation=organisation_of(actor)).first()
        if row is None:
            raise ContradictionNotFound(f"no contradiction {contradiction_id} to {actor.organisation}")
        if row.answered_at is not None:
            if (row.outcome, row.answer) != (outcome, said):
                raise AlreadyAnswered(f"contradiction {contradiction_id} was answered at {row.answered_at}")
            return row, False
        row.outcome, row.answer, row.answered_at, row.answered_by = outcome.value, said, now(), actor.person_id
        row.save()
        audit.record(actor=actor, action="feedback.answer_contradiction", subject=f"contradiction:{row.id}", outcome=outcome.value)
        _tell(row, outcome)
    return row, True


def _tell(row: Contradiction, outcome: Correctness) -> None:
    mn, en = _OUTCOMES[outcome]
    fact = row.fact
    notifications.notify(
        person_id=row.person_id, template="fact_answered", case_id=row.case_id, key=f"contradiction:{row.id}:answered",
        context={
            "number": row.number, "field_mn": fact["field_mn"], "field_en": fact["field_en"], "outcome_mn": mn, "outcome_en": en,
            "answer": row.answer,
        },
    )  # fmt: skip
