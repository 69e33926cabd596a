"""A draft walked page by page as one of the cast: what the pages of a case would ask, without a case."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from toono.services.contracts import Applicant, QuestionKind, Text, Typed
from toono.services.domain import answers as rules
from toono.services.domain.answers import NotKnownNow, PageOf, Unacceptable
from toono.services.domain.definition import Definition
from toono.services.domain.simulation.case import SimulatedCase
from toono.services.domain.simulation.errors import StepFailed
from toono.services.domain.simulation.stories import BEGINS, opened
from toono.services.domain.simulation.walks import possible, sample
from toono.services.domain.simulation.world import World
from toono.services.errors import ConditionError

SAID_LENGTH = 50_000
"""Of the answers so far, as the page carries them."""
BY_MACHINE = frozenset({QuestionKind.FILE, QuestionKind.GROUP, QuestionKind.PERSON})
"""Kinds that a preview answers by itself: a file, a list of members, another person of the cast."""


@dataclass
class Stand:
    """Where the walk stands."""

    case: SimulatedCase | None
    """None: the service is not for this persona."""
    applicants: list[Applicant]
    page: PageOf | None = None
    """What is asked next."""
    way: list[PageOf] = field(default_factory=list)
    wrong: dict[str, Unacceptable] = field(default_factory=dict)
    stop: str | None = None
    cannot: str = ""

    @property
    def said(self) -> str:
        """The answers so far, to be handed back."""
        return json.dumps(self.case.answers if self.case else {}, ensure_ascii=False)


def walk(definition: Definition, world: World, *, applicant: Applicant | None, said: str, typed: Mapping[str, Typed] | None) -> Stand:
    """The walk after the answers ``said`` and those ``typed`` on the page that comes then (None: it is only opened).

    What does not fit any more is forgotten and asked again; nothing that a browser sends can break it.
    """
    try:
        applicants = possible(definition, world)
        chosen = applicant if applicant in applicants else next(iter(applicants), None)
        if chosen is None:
            return Stand(None, [])
        case = opened(definition, world, chosen, BEGINS)
        case.start()
        stand = Stand(case, applicants)
        for code, kept in _read(said).items():
            _again(case, code, kept)
        _by_machine(case)
        stand.page = _next(case)
        if stand.page is not None and typed is not None:
            _take(stand, stand.page, typed)
            _by_machine(case)
        _settle(stand)
        return stand
    except (StepFailed, ConditionError) as error:
        return Stand(None, [], cannot=str(error))


def _read(said: str) -> dict[str, str]:
    try:
        found = json.loads(said[:SAID_LENGTH] or "{}")
    except ValueError:
        return {}
    return {str(k): v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def _again(case: SimulatedCase, code: str, kept: str) -> None:
    try:
        case.answer(code, kept)
    except StepFailed:
        return


def _by_machine(case: SimulatedCase) -> None:
    while not case.stops() and (question := case.next_question()) is not None:
        if question.kind in BY_MACHINE:
            case.answer(question.code, sample(question, 0, case.today, case.world))
        elif question.kind.chosen and question.optional and not case.choices(question.code):
            case.answer(question.code, "")  # nobody is asked to choose from nothing
        else:
            return


def _next(case: SimulatedCase) -> PageOf | None:
    question = None if case.stops() else case.next_question()
    pages = rules.pages(case.definition, case.way())
    return next((page for page in pages if question in page.questions), None) if question else None


def _take(stand: Stand, page: PageOf, typed: Mapping[str, Typed]) -> None:
    """All answers of the page, or none: as on a page of a case."""
    case = stand.case
    if case is None:
        return
    kept = {}
    for question in page.questions:
        if question.kind in BY_MACHINE:
            kept[question.code] = sample(question, 0, case.today, case.world)
            continue
        try:
            kept[question.code] = case.read_answer(question, typed.get(question.code, ""))
        except NotKnownNow:
            continue
        except Unacceptable as error:
            stand.wrong[question.code] = error
    if not stand.wrong:
        for code, value in kept.items():
            case.answer(code, value)


def _settle(stand: Stand) -> None:
    case = stand.case
    if case is None:
        return
    stand.stop = next(iter(case.stops()), None)
    stand.way = rules.pages(case.definition, case.way())
    stand.page = _next(case)
    question = case.next_question()
    if stand.stop is None and question is not None and question.kind.chosen and not case.choices(question.code) and not question.optional:
        stand.page, stand.cannot = None, question.label.en


def lines(case: SimulatedCase, unit: Callable[[str], Text | None]) -> list[tuple[Text, Text]]:
    """The answers so far as the check page shows them.

    :param unit: words of an administrative unit, by its code.
    """
    outside = rules.Outside(choices=case.choices, unit=unit)
    return [
        (question.label, rules.shown(question, case.answers[question.code], outside))
        for question in case.way()
        if question.code in case.answers
    ]
