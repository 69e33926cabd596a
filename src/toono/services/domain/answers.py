"""The way through the form: which questions a person is asked, on which pages, and whether their answers still hold.

Answers are kept as text in one form per kind (:mod:`.kinds`); an optional question that was passed over is kept as an empty text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from toono.services.contracts import Option, QuestionKind, Text
from toono.services.domain.conditions import holds
from toono.services.domain.definition import Definition, Page, Question
from toono.services.domain.kinds import KINDS, NOT_PROVIDED, NOTHING, NotKnownNow, Outside, Unacceptable, choices, read, shown, value

__all__ = [
    "NOTHING", "NOT_PROVIDED", "Answers", "Facts", "NotKnownNow", "Outside", "PageOf", "Unacceptable", "acceptable", "asked", "minutes_to_fill",
    "next_question", "options", "page_code", "pages", "read", "relevant", "shown", "typed",
]  # fmt: skip

Answers = Mapping[str, str]
Facts = Mapping[str, Mapping[str, Any]]
"""By name, as conditions read them. A fact that is missing here is pending; one of which nothing is held is empty."""

NO_FACTS: Facts = {}


def options(question: Question, outside: Outside = NOTHING) -> tuple[Option, ...]:
    """What one can choose from; nothing while the register that holds it is silent."""
    return choices.of(question, outside) or ()


def typed(of: Definition | Iterable[Question], answers: Answers) -> dict[str, Any]:
    """Answers as conditions read them: numbers as numbers, yes/no as truth, lists and places as such; what was passed over is missing."""
    questions = of.questions if isinstance(of, Definition) else of
    return {q.code: value(q, kept) for q in questions if (kept := answers.get(q.code, ""))}


def asked(definition: Definition, answers: Answers, facts: Facts = NO_FACTS) -> list[Question]:
    """The questions that a person with these answers and facts is asked, in order.

    A condition sees the answers of asked questions only, so that an answer left from another branch has no effect.
    """
    way: list[Question] = []
    seen: dict[str, Any] = {}
    for question in definition.questions:
        if question.when is not None and not holds(question.when, {"answers": seen, "facts": facts}):
            continue
        way.append(question)
        seen.update(typed([question], answers))
    return way


def relevant(definition: Definition, answers: Answers, facts: Facts = NO_FACTS) -> dict[str, str]:
    """The answers to asked questions; what was typed on another branch is left out."""
    return {q.code: answers[q.code] for q in asked(definition, answers, facts) if q.code in answers}


def next_question(
    definition: Definition, answers: Answers, today: date, facts: Facts = NO_FACTS, outside: Outside = NOTHING
) -> Question | None:
    """The first asked question without an answer that is acceptable today; None when all are answered.

    An answer saved long ago may have become unacceptable: a date has passed, a vehicle was sold.
    """
    return next((q for q in asked(definition, answers, facts) if not acceptable(q, answers, today, outside)), None)


def acceptable(question: Question, answers: Answers, today: date, outside: Outside = NOTHING) -> bool:
    """Whether the question has an answer that would be accepted today."""
    if question.code not in answers:
        return False
    try:
        return read(question, answers[question.code], today, outside) == answers[question.code]
    except NotKnownNow:
        return True
    except Unacceptable:
        return False


# -- pages -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PageOf:
    """Questions that stand on one page."""

    code: str
    title: Text
    questions: tuple[Question, ...]


def page_code(definition: Definition, question: str) -> str:
    """The page on which a question stands: the question's own code, unless a page joins it with others."""
    page = _joining(definition, question)
    return page.code if page else question


def _joining(definition: Definition, question: str) -> Page | None:
    """A group always has a page of its own: its members are added one after another."""
    found = definition.question(question)
    if found is None or found.kind is QuestionKind.GROUP:
        return None
    return next((page for page in definition.pages if question in page.questions), None)


def pages(definition: Definition, way: Iterable[Question]) -> list[PageOf]:
    """The asked questions as pages, in order."""
    found: dict[str, PageOf] = {}
    for question in way:
        page = _joining(definition, question.code)
        code, title = (page.code, page.title) if page else (question.code, question.label)
        before = found[code].questions if code in found else ()
        found[code] = PageOf(code, title, (*before, question))
    return list(found.values())


def minutes_to_fill(definition: Definition) -> int:
    """Estimated minutes for all questions: time to read the words and to give the answer, by kind."""
    words = sum(len((q.label.mn + (q.hint.mn if q.hint else "")).split()) for q in definition.questions)
    words += len(definition.declaration.mn.split())
    total = sum(KINDS[q.kind].seconds for q in definition.questions) + words / 3
    return max(1, round(total / 60))
