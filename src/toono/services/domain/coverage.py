"""What of a definition its tests have reached, and what they must reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from toono.services.contracts import CoverageLine
from toono.services.domain.definition import Definition

KINDS = ("states", "actions", "questions", "passed_over", "stops", "rules", "grounds", "terms", "fees")
"""``questions``: asked and answered; ``passed_over``: an optional one left empty; ``grounds``: used in a refusal;
``terms``, ``fees``: each branch, and the case in which none holds."""

USUAL = "otherwise"
"""The term or the fee where no branch holds."""


@dataclass
class Coverage:
    """Names that were reached, by kind."""

    reached: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in KINDS})

    def see(self, kind: str, name: str) -> None:
        """``name`` was reached."""
        self.reached[kind].add(name)

    def add(self, other: Coverage) -> None:
        """All that another has reached."""
        for kind, names in other.reached.items():
            self.reached[kind] |= names


def wanted(definition: Definition) -> dict[str, tuple[str, ...]]:
    """Everything that tests must reach."""
    flow, term = definition.workflow, definition.term
    return {
        "states": tuple(state.name for state in flow.states),
        "actions": tuple(action.code for action in flow.actions),
        "questions": (*_codes(definition), *(f"{a.code}.{q.code}" for a in flow.actions for q in a.asks)),
        "passed_over": tuple(q.code for q in definition.questions if q.optional),
        "stops": tuple(stop.code for stop in definition.stops),
        "rules": tuple(rule_name(position) for position in range(len(flow.automatic))),
        "grounds": tuple(ground.code for ground in definition.grounds),
        "terms": _branches(len(term.branches)),
        "fees": _branches(len(definition.fees)),
    }


def _codes(definition: Definition) -> Iterable[str]:
    return (question.code for question in definition.questions)


def _branches(count: int) -> tuple[str, ...]:
    return (*(rule_name(position) for position in range(count)), USUAL) if count else ()


def rule_name(position: int) -> str:
    """How a rule or branch without a name of its own is called: its place in the list, from 1."""
    return f"#{position + 1}"


def report(definition: Definition, coverage: Coverage) -> tuple[CoverageLine, ...]:
    """What was reached of what must be, kind by kind; kinds of which the definition has none are left out."""
    return tuple(
        CoverageLine(
            kind=kind,
            reached=len([n for n in names if n in coverage.reached[kind]]),
            wanted=len(names),
            missing=tuple(name for name in names if name not in coverage.reached[kind]),
        )
        for kind, names in wanted(definition).items()
        if names
    )
