"""What a check looks at: one definition, and what it must know of the world around."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from toono.services.contracts import Text
from toono.services.domain.contents import Incomplete, content, values
from toono.services.domain.definition import Action, Definition, FactUse, Meaning, Meanings, Question, State, StateKind
from toono.services.domain.personas import Personas

Problem = tuple[str, str]
"""Where, and the sentence."""


@dataclass(frozen=True)
class Shelf:
    """What stands in the catalogue beside the definition."""

    codes: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    produces: dict[str, tuple[str, Text]] = field(default_factory=dict)
    """What a document proves → the service that issues it, and the document's title."""


def shelf(definitions: Iterable[Definition], meanings: Meanings) -> Shelf:
    """The catalogue as its parts see each other."""
    known = list(definitions)
    return Shelf(
        codes=frozenset(one.code for one in known),
        organisations=frozenset({one.organisation for one in known} | {one.organisation for one in meanings.meanings}),
        produces={one.document.produces: (one.code, one.document.title) for one in known if one.document.produces},
    )


Told = dict[str, tuple[dict[str, Any], ...]]
"""Meaning → what registers say about the cast, as conditions read it."""


def told(cast: Personas | None, meanings: Meanings) -> Told:
    """What the registers say; each persona's own answers, and the first about each kind of thing."""
    found: dict[str, list[dict[str, Any]]] = {}
    for persona in cast.personas if cast else ():
        seen: set[str] = set()
        for name, body in persona.answers.items():
            code = name.partition("/")[0]
            meaning = meanings.find(code)
            if body is None or meaning is None or code in seen:
                continue
            seen.add(code)
            try:
                found.setdefault(code, []).append(values(content(meaning, body)))
            except Incomplete:
                continue  # the test of the cast tells of it
    return {code: tuple(one) for code, one in found.items()}


@dataclass(frozen=True)
class Subject:
    """A definition under the linter."""

    definition: Definition
    meanings: Meanings
    shelf: Shelf
    told: Told
    today: date

    @cached_property
    def uses(self) -> dict[str, tuple[FactUse, Meaning | None]]:
        """Facts by name."""
        return {use.name: (use, self.meanings.find(use.meaning)) for use in self.definition.facts}

    @cached_property
    def states(self) -> dict[str, State]:
        return {state.name: state for state in self.definition.workflow.states}

    @cached_property
    def officer_looks(self) -> bool:
        """Whether anybody but the rule decides."""
        return any(state.kind in {StateKind.REVIEW, StateKind.OPINION} for state in self.states.values())

    def kind_after(self, action: Action) -> StateKind | None:
        """Kind of the state to which an action leads; None where there is no such state."""
        state = self.states.get(action.to)
        return state.kind if state else None

    @cached_property
    def asked(self) -> tuple[tuple[str, Question], ...]:
        """Every question with its path, members of groups too; those of officers not."""
        return tuple(_with_members("questions", self.definition.questions))

    @cached_property
    def filled(self) -> tuple[tuple[str, Question], ...]:
        """What officers and experts are asked, with its path."""
        return tuple(
            found
            for action in self.definition.workflow.actions
            for found in _with_members(f"workflow.actions.{action.code}.asks", action.asks)
        )

    @cached_property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """Every condition with its path."""
        d = self.definition
        return (
            *((f"facts.{f.name}.when", f.when) for f in d.facts if f.when),
            *((f"questions.{q.code}.when", q.when) for q in d.questions if q.when),
            *((f"stops.{s.code}.when", s.when) for s in d.stops),
            *((f"fees.{n}.when", r.when) for n, r in enumerate(d.fees)),
            *((f"term.branches.{n}.when", b.when) for n, b in enumerate(d.term.branches)),
            *((f"workflow.automatic.{n}.when", r.when) for n, r in enumerate(d.workflow.automatic)),
        )


def _with_members(where: str, questions: tuple[Question, ...]) -> Iterator[tuple[str, Question]]:
    for question in questions:
        yield f"{where}.{question.code}", question
        yield from _with_members(f"{where}.{question.code}.questions", question.questions)


Check = Callable[[Subject], Iterator[Problem]]
