"""What a person answered to the same meaning before, to be offered again. Never taken silently."""

from __future__ import annotations

from datetime import date

from toono.kernel.clock import local, now
from toono.services import limits
from toono.services.contracts import Offer, QuestionKind
from toono.services.domain import answers as rules
from toono.services.domain.definition import Question
from toono.services.models import Case
from toono.services.queries import definitions

OFFERED = frozenset(
    {
        QuestionKind.TEXT, QuestionKind.NUMBER, QuestionKind.MONEY, QuestionKind.DATE, QuestionKind.CHOICE, QuestionKind.CHOICES,
        QuestionKind.PHONE, QuestionKind.EMAIL, QuestionKind.ADDRESS, QuestionKind.POINT,
    }
)  # fmt: skip
"""Not a yes or no (it may be a consent), not a file, not another person, not what a register lists anyway."""
_ALWAYS_FRESH = frozenset({"consent", "declaration", "signature"})


def offered(case: Case, question: Question, outside: rules.Outside) -> tuple[str, date] | None:
    """The newest earlier answer of the same person for the same subject, in its kept form, and the day on which it was sent."""
    if question.reuse != "offer" or question.kind not in OFFERED or _ALWAYS_FRESH & set(question.meaning.split(".")):
        return None
    today = local(now()).date()
    sent = Case.objects.filter(person_id=case.person_id, subject=case.subject, submitted_at__isnull=False, emptied_at__isnull=True)
    rows = sent.exclude(id=case.id).order_by("-created_at").only("service", "service_version", "answers", "submitted_at")
    for row in rows[: limits.OFFER_CASES]:
        kept = _same_meaning(row, question)
        if kept and row.submitted_at and rules.acceptable(question, {question.code: kept}, today, outside):
            return kept, local(row.submitted_at).date()
    return None


def _same_meaning(row: Case, question: Question) -> str:
    definition = definitions.definition(row.service, row.service_version)
    same = (q for q in definition.questions if q.meaning == question.meaning and q.kind is question.kind)
    return next((row.answers[q.code] for q in same if row.answers.get(q.code)), "")


def offer(case: Case, question: Question, outside: rules.Outside) -> Offer | None:
    """The same, to be shown; nothing while there is an answer already."""
    found = None if case.answers.get(question.code) else offered(case, question, outside)
    return Offer(value=rules.shown(question, found[0], outside), answered_on=found[1]) if found else None
