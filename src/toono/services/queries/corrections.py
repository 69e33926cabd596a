"""The open correction of a case: what is asked, what has been gone through."""

from __future__ import annotations

from toono.services.contracts import CorrectionField, CorrectionView, Text
from toono.services.domain.definition import Definition, Question
from toono.services.models import Case, Correction
from toono.services.queries import answers


def current(case: Case) -> Correction | None:
    """The open correction."""
    return Correction.objects.filter(case=case, answered_at__isnull=True).first() if case.correcting_since else None


def named(correction: Correction) -> list[str]:
    """Codes of the questions that it names."""
    return [field["question"] for field in correction.fields]


def to_answer(case: Case, definition: Definition, correction: Correction) -> list[Question]:
    """What is still to be gone through, in the order of the form: named questions, and those that became needed."""
    way = answers.asked(case, definition)
    left = set(named(correction)) - set(correction.answered)
    return [question for question in way if question.code in left or question.code not in case.answers]


def view(case: Case, definition: Definition) -> CorrectionView | None:
    """The open correction, for the applicant."""
    correction = current(case)
    if correction is None:
        return None
    before = Case(answers=correction.answers_before, id=case.id, service=case.service, service_version=case.service_version)
    return CorrectionView(
        asked_at=correction.asked_at,
        by_rule=correction.asked_by is None,
        fields=tuple(_field(case, before, definition, correction, field) for field in correction.fields),
        complete=not to_answer(case, definition, correction),
    )


def _field(case: Case, before: Case, definition: Definition, correction: Correction, field: dict[str, str]) -> CorrectionField:
    question = definition.question(field["question"])
    code = field["question"]
    return CorrectionField(
        question=code,
        label=question.label if question else Text(mn=code, en=code),
        what=field["what"],
        before=answers.shown(before, definition, question) if question and code in before.answers else None,
        value=answers.shown(case, definition, question) if question and code in case.answers else None,
        answered=code in correction.answered,
    )


def as_sent(case: Case) -> Case:
    """The case with the answers as they were sent: what the desk reads while the applicant corrects. Not to be saved."""
    correction = current(case)
    if correction is not None:
        case.answers = correction.answers_before
    return case
