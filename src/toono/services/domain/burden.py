"""What a service costs people: measured by walking it, for each of the cast."""

from __future__ import annotations

from collections.abc import Iterable

from toono.kernel.actor import Channel
from toono.kernel.money import Money
from toono.services.contracts import Applicant, Burden, QuestionKind
from toono.services.domain import answers
from toono.services.domain.definition import Definition, Meanings, Question
from toono.services.domain.kinds import KINDS
from toono.services.domain.personas import Personas
from toono.services.domain.simulation.walks import Walk, walks

WORDS_A_SECOND = 3
"""Reading, for a grown person who reads a form with care."""
ONLINE = frozenset({Channel.WEB, Channel.MOBILE, Channel.API})


def burdens(definition: Definition, meanings: Meanings, cast: Personas) -> tuple[Burden, ...]:
    """One for each of the cast and each way of applying: the longest of the ways that were walked."""
    return of_walks(definition, walks(definition, meanings, cast))


def of_walks(definition: Definition, walked: Iterable[Walk]) -> tuple[Burden, ...]:
    """The same of ways that were walked already."""
    longest: dict[tuple[str, Applicant], Burden] = {}
    for way in walked:
        if way.case is None:
            continue
        found, key = _burden(definition, way), (way.persona.code, way.applicant)
        if key not in longest or _weight(found) > _weight(longest[key]):
            longest[key] = found
    return tuple(longest.values())


def _weight(burden: Burden) -> tuple[bool, int, int, int]:
    return burden.stopped is None, burden.questions, burden.attachments, burden.minutes


def _burden(definition: Definition, way: Walk) -> Burden:
    fee = way.case.fee_mungu if way.case is not None and way.case.fee_mungu is not None else 0
    return Burden(
        persona=way.persona.code, title=way.persona.title, applicant=way.applicant, stopped=way.stopped, questions=len(way.asked),
        attachments=sum(1 for q in way.asked if q.kind is QuestionKind.FILE), facts=way.facts,
        pages=len(answers.pages(definition, way.asked)) + 1, minutes=minutes(definition, way.asked),
        visits=0 if ONLINE & set(definition.channels) else 1, fee=Money(amount_mungu=fee), legal_words=len(definition.declaration.mn.split()),
    )  # fmt: skip


def minutes(definition: Definition, asked: Iterable[Question]) -> int:
    """To read these questions and the declaration and to answer."""
    questions = list(asked)
    words = sum(len(f"{q.label.mn} {q.hint.mn if q.hint else ''}".split()) for q in questions) + len(definition.declaration.mn.split())
    return max(1, round((sum(KINDS[q.kind].seconds for q in questions) + words / WORDS_A_SECOND) / 60))
