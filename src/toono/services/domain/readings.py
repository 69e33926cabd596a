"""Which facts of a case are to be read now, and about whom or what. Pure: production and the runner of tests agree on it.

A fact whose condition does not hold, or which has nobody and nothing to be about, does not concern the case: it stands as absent and no
register is asked. A fact whose condition reads another that is still to be read waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from toono.services.contracts import Applicant
from toono.services.domain.conditions import Values, holds, names
from toono.services.domain.contents import Content
from toono.services.domain.definition import Definition, FactUse, Meaning, Meanings, MeaningSubject
from toono.services.errors import CatalogueError


@dataclass(frozen=True)
class Known:
    """A fact that the case has."""

    subject: str
    answered_at: datetime
    asked: bool
    content: Content | None
    """None: the register holds nothing, or was not asked."""


class Turn(Enum):
    """What is to be done about a fact."""

    ASK = "ask"
    NOT_CONCERNED = "not_concerned"
    WAIT = "wait"  # for another fact that is silent


@dataclass(frozen=True)
class Wanted:
    """A fact to be read, or to be noted as not concerning the case."""

    use: FactUse
    meaning: Meaning
    turn: Turn
    subject: str = ""
    """Of whom or what; empty for the person who is signed in."""


@dataclass(frozen=True)
class Situation:
    """What the case is about, as far as facts depend on it."""

    applicant: Applicant
    subject: str
    answers: Mapping[str, str]


def meaning_of(use: FactUse, definition: Definition, meanings: Meanings) -> Meaning:
    """What the fact means.

    :raises CatalogueError: no register gives it any more.
    """
    found = meanings.find(use.meaning)
    if found is None:
        raise CatalogueError(f"{definition.code}: no register gives {use.meaning} any more")
    return found


def wanted(
    definition: Definition,
    meanings: Meanings,
    situation: Situation,
    have: Mapping[str, Known],
    values: Values,
    *,
    fresh_since: Callable[[FactUse], datetime],
    settled: Collection[str] = (),
) -> list[Wanted]:
    """What can be done at once, in the order of the definition. Empty: nothing is left to be read.

    :param values: what conditions read, with the facts of ``have``.
    :param fresh_since: a reading from before this moment is too old.
    :param settled: facts that were tried already and stay silent.
    """
    found: list[Wanted] = []
    undecided: set[str] = set()
    for use in definition.facts:
        if use.name in settled:
            continue
        if undecided & _facts_read(use):
            undecided.add(use.name)
            continue
        one = _turn(use, definition, meanings, situation, have, values)
        if _differs(one, have.get(use.name), fresh_since(use)):
            found.append(one)
            undecided.add(use.name)
    return found


def fresh_limit(at: datetime) -> Callable[[FactUse], datetime]:
    """Readings must not be older at ``at`` than the definition allows."""
    return lambda use: at - timedelta(hours=use.fresh_hours)


def _facts_read(use: FactUse) -> set[str]:
    """Facts on which the reading depends: those that its condition reads."""
    return {path[1] for path in names(use.when) if path[0] == "facts" and len(path) > 1} if use.when else set()


def _turn(
    use: FactUse, definition: Definition, meanings: Meanings, situation: Situation, have: Mapping[str, Known], values: Values
) -> Wanted:
    meaning = meaning_of(use, definition, meanings)
    if use.when is not None and not holds(use.when, values):
        return Wanted(use, meaning, Turn.NOT_CONCERNED)
    subject = _subject(use, meaning, situation)
    if subject is None:
        return Wanted(use, meaning, Turn.NOT_CONCERNED)
    turn = Turn.ASK if use.of is None else _belongs(use.of, subject, definition, meanings, have)
    return Wanted(use, meaning, turn, subject)


def _subject(use: FactUse, meaning: Meaning, situation: Situation) -> str | None:
    """About whom or what; empty for the person; None where there is no such."""
    if use.of is not None:
        return situation.answers.get(use.of) or None
    if meaning.subject is MeaningSubject.LEGAL_ENTITY:
        return situation.subject if situation.applicant is Applicant.LEGAL_ENTITY else None
    return situation.subject if situation.applicant is Applicant.CHILD else ""


def _belongs(code: str, key: str, definition: Definition, meanings: Meanings, have: Mapping[str, Known]) -> Turn:
    """Whether what a question chose is among what the register named as the person's own; a register is asked about nothing else."""
    question = definition.question(code)
    if question is None or question.chosen_from is None:
        return Turn.ASK
    chosen_from = have.get(question.chosen_from)
    if chosen_from is None:
        return Turn.WAIT
    use = next(use for use in definition.facts if use.name == question.chosen_from)
    items = meaning_of(use, definition, meanings).items
    theirs = items is not None and chosen_from.content is not None and chosen_from.content.find(items.key, key) is not None
    return Turn.ASK if theirs else Turn.NOT_CONCERNED


def _differs(one: Wanted, known: Known | None, since: datetime) -> bool:
    """Whether something has to be done, given what the case has."""
    if one.turn is Turn.WAIT:
        return False
    if known is None:
        return True
    if one.turn is Turn.NOT_CONCERNED:
        return known.asked
    return not known.asked or known.subject != one.subject or known.answered_at < since


def used(definition: Definition) -> Iterator[str]:
    """Names of the facts on which a rule of the definition rests, or which its document shows."""
    term = definition.term.branches
    conditions = [
        *(rule.when for rule in definition.workflow.automatic), *(branch.when for branch in term), *(rule.when for rule in definition.fees),
        *(stop.when for stop in definition.stops), *(q.when for q in definition.questions if q.when), *(u.when for u in definition.facts if u.when),
    ]  # fmt: skip
    for condition in conditions:
        yield from (path[1] for path in names(condition) if path[0] == "facts" and len(path) > 1)
    yield from (row.fact.partition(".")[0] for row in definition.document.rows if row.fact)
