"""Applying again from a copy of an ended case: answers that still fit, files; facts are read anew."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from toono.kernel.actor import Actor
from toono.services.contracts import CaseView, QuestionKind
from toono.services.domain import answers, migration
from toono.services.domain.definition import Definition
from toono.services.errors import NotAllowedNow
from toono.services.models import Case
from toono.services.operations import attachments, ordering
from toono.services.queries import answers as _answers
from toono.services.queries import definitions
from toono.services.queries.access import own_case
from toono.services.queries.dates import today


def copy_case(*, actor: Actor, case_id: UUID) -> CaseView:
    """A draft with the answers of an ended case. An open draft for the same subject is gone on with, and keeps its own answers."""
    old = own_case(actor, case_id)
    if old.open or old.submitted_at is None or old.emptied_at is not None:
        raise NotAllowedNow(f"case {old.number} has not ended, or is emptied")
    draft = ordering.begin(actor, old.service, old.subject, copied_from=old)
    if draft.copied_from == old.id and not draft.answers:
        _fill(draft.id, old)
    return ordering.resume_draft(actor=actor, case_id=draft.id)


def _fill(draft_id: UUID, old: Case) -> None:
    """Under the draft's lock, so that of two presses the second finds the answers of the first."""
    with transaction.atomic():
        draft = Case.objects.select_for_update().get(id=draft_id)
        if draft.answers or draft.submitted_at is not None:
            return
        former = definitions.definition(old.service, old.service_version)
        present = definitions.definition(draft.service, draft.service_version)
        given = dict(old.answers)
        if former.version != present.version:
            given = dict(
                migration.migrate(former, present, answers=given, state=former.workflow.states[0].name, sent=False, today=today()).answers
            )
        draft.answers = _files_copied(old, draft, present, given)
        draft.answers = _fitting(draft, present)
        draft.save(update_fields=["answers"])


def _files_copied(old: Case, draft: Case, definition: Definition, given: dict[str, str]) -> dict[str, str]:
    """The answers, each file in them copied into the draft under an id of its own."""
    files = {q.code: given[q.code].split(",") for q in definition.questions if q.kind is QuestionKind.FILE and given.get(q.code)}
    new = attachments.copy(old, draft, [one for ids in files.values() for one in ids])
    return given | {code: ",".join(new[one] for one in ids if one in new) for code, ids in files.items()}


def _fitting(draft: Case, definition: Definition) -> dict[str, str]:
    """Answers that would be accepted if they were typed today. What depends on a register that was not read yet is asked again."""
    outside, kept = _answers.outside(draft, definition), {}
    for question in definition.questions:
        value = draft.answers.get(question.code)
        if value is None:
            continue
        try:
            if answers.read(question, value, today(), outside) == value:
                kept[question.code] = value
        except answers.Unacceptable:
            continue
    return kept
