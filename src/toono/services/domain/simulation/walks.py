"""Walking a service by machine: a persona answers whatever is asked, officers and experts do whatever they may."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from toono.services.contracts import Applicant, Outcome, QuestionKind
from toono.services.domain.conditions import names
from toono.services.domain.definition import By, Definition, Meanings, Question, StateKind
from toono.services.domain.personas import Persona, Personas
from toono.services.domain.representation import OWN_CITIZENSHIP, PARTICULARS
from toono.services.domain.simulation.case import SimulatedCase
from toono.services.domain.simulation.errors import StepFailed
from toono.services.domain.simulation.stories import BEGINS, opened
from toono.services.domain.simulation.world import World
from toono.services.errors import ConditionError, NotAllowedNow

VARIANTS = 3
"""Different ways that each persona walks: other options, smallest and greatest numbers, other actions of officers."""
STEPS = 12
"""So many actions at most decide a case; more is a circle."""


@dataclass
class Walk:
    """One way of one persona."""

    persona: Persona
    applicant: Applicant
    variant: int
    case: SimulatedCase | None = None
    stopped: str | None = None
    """Code of the stop that held."""
    cannot_answer: str | None = None
    """The question for which the register names nothing to choose."""
    failed: str = ""
    """What went wrong; empty for a definition that is as it should be."""
    asked: list[Question] = field(default_factory=list)
    facts: int = 0
    """What registers told about this persona."""
    chosen_facts: int = 0
    """What they told besides, because of an answer: about the vehicle that was chosen."""


def walks(definition: Definition, meanings: Meanings, cast: Personas, *, variants: int = VARIANTS) -> Iterator[Walk]:
    """Every persona who may apply, each way.

    Of personas about whom registers say the same in everything that the definition looks at, one walks for all.
    """
    walked: dict[tuple[str, int], Walk] = {}
    for persona in cast.personas:
        for applicant in possible(definition, World(persona, cast, meanings)):
            alike, facts = _alike(definition, World(persona, cast, meanings), applicant)
            for variant in range(variants):
                if (alike, variant) not in walked:
                    walked[alike, variant] = walk(definition, World(persona, cast, meanings), applicant, variant)
                way = walked[alike, variant]
                yield replace(way, persona=persona, facts=facts + way.chosen_facts)


def _alike(definition: Definition, world: World, applicant: Applicant) -> tuple[str, int]:
    """What decides the way of a persona, as a key; and how many facts registers tell at the start."""
    try:
        case = opened(definition, world, applicant, BEGINS)
        case.start()
    except (StepFailed, ConditionError) as error:
        return f"{world.persona.code}: {error}", 0
    told = _told(case)
    chosen = {use.name for use in definition.facts if use.of is not None}
    paths = sorted({path for when in _conditions(definition) for path in names(when) if path[0] == "facts" and len(path) > 1})
    if any(path[1] in chosen for path in paths):
        return f"{world.persona.code} {applicant}", told
    known = case.known
    read = [_seen(definition, path, known.get(path[1], {})) for path in paths]
    options = [len(case.choices(q.code) or ()) for q in definition.questions if q.kind.chosen]
    return f"{applicant} {json.dumps([read, options], ensure_ascii=False, sort_keys=True)}", told


def _seen(definition: Definition, path: tuple[str, ...], fact: dict[str, Any]) -> Any:
    """What conditions can tell of a fact's field: whether it is there, where they ask nothing else of it."""
    if len(path) == 2:
        return fact
    written = re.escape(".".join(path[:3]))
    only_whether = all(
        len(re.findall(rf"{written}\b", when)) == len(re.findall(rf"has\({written}\)", when)) for when in _conditions(definition)
    )
    return path[2] in fact if only_whether else fact.get(path[2])


def _conditions(definition: Definition) -> list[str]:
    parts = (
        definition.facts,
        definition.questions,
        definition.stops,
        definition.fees,
        definition.term.branches,
        definition.workflow.automatic,
    )
    return [one.when for family in parts for one in family if one.when]


def possible(definition: Definition, world: World) -> list[Applicant]:
    """For whom this persona may order the service."""
    meaning = world.meanings.find(PARTICULARS)
    told = world.read(meaning) if meaning else None
    own = told is None or told.fields.get("citizenship", OWN_CITIZENSHIP) == OWN_CITIZENSHIP
    may = {
        Applicant.CITIZEN: own,
        Applicant.FOREIGNER: not own,
        Applicant.CHILD: bool(world.children()),
        Applicant.LEGAL_ENTITY: bool(world.entities()),
    }
    return [applicant for applicant in definition.applicants if may[applicant]]


def walk(definition: Definition, world: World, applicant: Applicant, variant: int) -> Walk:
    """One way, as far as it leads."""
    way = Walk(world.persona, applicant, variant)
    try:
        case = way.case = opened(definition, world, applicant, BEGINS)
        case.start()
        way.facts = _told(case)
        _fill(case, way)
        way.asked = case.way()
        way.chosen_facts = _told(case) - way.facts
        if way.stopped is None and way.cannot_answer is None:
            case.send()
            if case.owes:
                case.pay()
            _decide(case, variant)
    except (StepFailed, ConditionError, NotAllowedNow) as error:
        way.failed = str(error)
    return way


def _told(case: SimulatedCase) -> int:
    return sum(1 for one in case.facts.values() if one.content is not None)


def _fill(case: SimulatedCase, way: Walk) -> None:
    for _ in range(100):
        stops = case.stops()
        if stops:
            way.stopped = stops[0]
            return
        question = case.next_question()
        if question is None:
            return
        if question.kind.chosen and not case.choices(question.code):
            if not question.optional:
                way.cannot_answer = question.code
                return
            case.answers[question.code] = ""
            continue
        try:
            case.answer(question.code, sample(question, way.variant, case.today, case.world))
        except StepFailed as error:
            raise StepFailed(f"an answer made by machine: {error}") from error
    raise StepFailed("the form does not end")


def _decide(case: SimulatedCase, variant: int) -> None:
    """Officers and experts take turns with what they may do, until the case has ended."""
    for step in range(STEPS):
        if not case.open or case.correcting or case.kind is StateKind.WORKING:
            break
        by = By.EXPERT if case.kind is StateKind.OPINION and step % 2 == 0 else By.OFFICER
        possible = [one for one in case.definition.workflow.actions if one.by is by and case.state in one.from_states]
        if not possible:
            by = By.OFFICER if by is By.EXPERT else By.EXPERT
            possible = [one for one in case.definition.workflow.actions if one.by is by and case.state in one.from_states]
        action = possible[(variant + step) % len(possible)]
        grounds = case.definition.grounds
        fill = {q.code: sample(q, variant, case.today, case.world) for q in action.asks}
        ground = grounds[(variant + step) % len(grounds)].code
        case.act(by, action.code, ground=ground, reason="Машинаар.", fill=fill, confirm=True)
    if case.open and case.kind is StateKind.WORKING and not case.pending and not case.correcting:
        raise StepFailed(f"the case stands for ever in «{case.state}»")
    if case.outcome is Outcome.GRANTED and not case.document:
        raise StepFailed("the document is empty")


# -- answers made by machine -------------------------------------------------------------------------------------


def sample(question: Question, variant: int, today: date, world: World) -> object:
    """An acceptable answer; other variants, other answers."""
    match question.kind:
        case QuestionKind.NUMBER | QuestionKind.MONEY:
            return _number(question, variant)
        case QuestionKind.CHOICE:
            return question.options[variant % len(question.options)].value
        case QuestionKind.CHOICES:
            every = [option.value for option in question.options]
            return every if variant % 2 else [every[(variant // 2) % len(every)]]
        case QuestionKind.YES_NO:
            return "no" if variant % 2 else "yes"
        case QuestionKind.DATE:
            return _date(question, variant, today)
        case QuestionKind.ADDRESS:
            return json.dumps({"unit": f"{(question.within or '48') + '0155'[len(question.within or '48') - 2 :]}"[:6], "rest": "1-2"})
        case QuestionKind.PERSON:
            others = [one for one in world.cast.personas if one.code != world.persona.code]
            return others[variant % len(others)].code if others else world.persona.code
        case QuestionKind.GROUP:
            member = {one.code: sample(one, variant, today, world) for one in question.questions}
            return [member] * max(1, question.least)
        case _:
            return _OTHERS.get(question.kind, "Туршилт"[: question.max_length])


_OTHERS = {
    QuestionKind.PHONE: "99112233", QuestionKind.EMAIL: "test@example.mn", QuestionKind.FILE: "paper.pdf", QuestionKind.POINT: "45.76321, 106.27004",
    QuestionKind.FAMILY_MEMBER: "#1", QuestionKind.LEGAL_ENTITY: "#1", QuestionKind.VEHICLE: "#1", QuestionKind.PROPERTY: "#1",
    QuestionKind.PARCEL: "#1",
}  # fmt: skip


def _number(question: Question, variant: int) -> str:
    low, high = question.minimum or Decimal(0), question.maximum or Decimal(0)
    number = (round((low + high) / 2, question.decimals), low, high)[variant % 3]
    return f"{min(max(number, low), high):f}"


def _date(question: Question, variant: int, today: date) -> str:
    earliest = question.earliest_days if question.earliest_days is not None else min(-30, (question.latest_days or 0) - 30)
    latest = question.latest_days if question.latest_days is not None else max(30, earliest + 30)
    days = (earliest, latest, (earliest + latest) // 2)[variant % 3]
    return (today + timedelta(days=days)).isoformat()
