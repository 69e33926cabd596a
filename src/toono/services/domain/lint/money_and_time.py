"""Fees and terms: every rule can count, and what is promised can be kept."""

from __future__ import annotations

from collections.abc import Iterator

from toono.services.contracts import Outcome
from toono.services.domain.definition import By, Silence, Term, TermBranch
from toono.services.domain.lint.subject import Problem, Subject
from toono.services.domain.workflow import is_automatic, outcome

AUTOMATIC_HOURS = 8
"""More than one working day a decision by rule does not take."""


def fees(subject: Subject) -> Iterator[Problem]:
    """The first rule that holds counts: a later one must be able to."""
    seen: dict[str, int] = {}
    for position, rule in enumerate(subject.definition.fees):
        where = f"fees.{position}"
        when = " ".join(rule.when.split())
        if when in seen:
            yield where, f"Rule {seen[when] + 1} has the same condition and stands before; this one never counts."
        if "true" in seen:
            yield where, "A rule before always holds; this one never counts."
        seen.setdefault(when, position)
        if rule.fee == subject.definition.fee:
            later = [one for one in subject.definition.fees[position + 1 :] if one.fee != rule.fee]
            if not later:
                yield where, "The fee is the ordinary one; remove the rule."


def term(subject: Subject) -> Iterator[Problem]:
    """A term is one people can follow: one measure, branches that differ, an extension by somebody."""
    definition, promise = subject.definition, subject.definition.term
    conditions: list[str] = []
    for position, branch in enumerate(promise.branches):
        where = f"term.branches.{position}"
        if _measure(branch) != _measure(promise):
            yield where, "One term is counted in one measure; write all branches in working hours, or all in calendar days."
        if _length(branch) == _length(promise) and not promise.branches[position + 1 :]:
            yield where, "The branch is as long as the term itself; remove it."
        when = " ".join(branch.when.split())
        if when in conditions or "true" in conditions:
            yield where, "A branch before holds wherever this one does; it never counts."
        conditions.append(when)
    if is_automatic(definition):
        if (promise.working_hours or promise.calendar_days or 0) > AUTOMATIC_HOURS or promise.calendar_days:
            yield "term", f"A rule decides at once; promise at most {AUTOMATIC_HOURS} working hours."
        if promise.extension is not None:
            yield "term.extension", "Nobody is there to extend it: a rule decides."
    yield from _silence(subject)


def _silence(subject: Subject) -> Iterator[Problem]:
    definition = subject.definition
    if definition.term.silence is Silence.NOTHING:
        return
    if is_automatic(definition):
        yield "term.silence", "A rule is never silent; remove `silence`."
    if definition.term.silence is Silence.GRANTS:
        filled = [row.filled for row in definition.document.rows if row.filled]
        asked = {
            q.code for a in definition.workflow.actions if a.by is By.OFFICER and outcome(definition, a) is Outcome.GRANTED for q in a.asks
        }
        missing = [name for name in filled if name in asked]
        if missing:
            yield "term.silence", f"Granted by silence, the document would lack «{missing[0]}», which an officer fills in."


def _measure(part: Term | TermBranch) -> str:
    return "working_hours" if part.working_hours is not None else "calendar_days"


def _length(part: Term | TermBranch) -> tuple[int | None, int | None]:
    return part.working_hours, part.calendar_days
