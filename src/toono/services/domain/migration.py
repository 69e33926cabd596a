"""What becomes of a case of an older version: the declared rule, applied to its answers and its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from toono.services.domain import answers as _answers
from toono.services.domain.definition import Definition, Migration, MigrationRule, Question


@dataclass(frozen=True)
class Migrated:
    """A case after a new version was published."""

    rule: MigrationRule
    """``continue``: it stays with its version, and nothing below differs from what it was."""
    answers: dict[str, str]
    dropped: tuple[str, ...]
    """Questions of the older version whose answers do not fit any more, by their old codes."""
    state: str


def declared(old: Definition, new: Definition) -> Migration | None:
    """What ``new`` says of cases of ``old``; None where it says nothing, and they end as they began."""
    return next((one for one in new.migrations if old.version in one.from_versions), None)


def migrate(old: Definition, new: Definition, *, answers: Mapping[str, str], state: str, sent: bool, today: date) -> Migrated:
    """The case of ``old`` under ``new``.

    :param answers: kept answers.
    :param state: name of the state in ``old``.
    :param sent: a sent case is never begun anew: under the rule ``restart`` it ends as it began.
    """
    rule = declared(old, new)
    if rule is None or rule.rule is MigrationRule.CONTINUE or (sent and rule.rule is MigrationRule.RESTART):
        return Migrated(MigrationRule.CONTINUE, dict(answers), (), state)
    kept = {}
    for code, value in answers.items():
        question = new.question(rule.renamed.get(code, code))
        if question is not None and _fits(question, value, today):
            kept[question.code] = value
    taken = {rule.renamed.get(code, code): code for code in answers}
    dropped = tuple(old_code for new_code, old_code in taken.items() if new_code not in kept)
    if rule.rule is MigrationRule.RESTART:
        state = next(one.name for one in new.workflow.states if one.kind == old.workflow.state(state).kind)
    return Migrated(rule.rule, kept, dropped, rule.states.get(state, state))


def _fits(question: Question, kept: str, today: date) -> bool:
    """Whether the new question would keep the same answer."""
    if not kept:
        return question.optional
    try:
        return _answers.read(question, kept, today) == kept
    except _answers.NotKnownNow:
        return True  # a register must be asked; the form does so when it is opened
    except _answers.Unacceptable:
        return False
