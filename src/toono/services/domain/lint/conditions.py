"""Conditions: they read what is there when they are looked at, compare like with like, and hold for somebody."""

from __future__ import annotations

from collections.abc import Iterator

from toono.services.contracts import QuestionKind
from toono.services.domain.conditions import ROOTS, names
from toono.services.domain.lint.sampling import ever_holds
from toono.services.domain.lint.subject import Problem, Subject
from toono.services.errors import ConditionError

_ADDRESS = frozenset({"unit", "soum", "aimag", "rest"})
_POINT = frozenset({"lat", "lon"})


def conditions(subject: Subject) -> Iterator[Problem]:
    """Every condition of the definition."""
    for where, when in subject.conditions:
        problems = list(_wrong(subject, where, when))
        yield from problems or _never(subject, where, when)


def _never(subject: Subject, where: str, when: str) -> Iterator[Problem]:
    try:
        if not ever_holds(subject, when):
            yield where, f"«{when}» never holds: no answer and no register makes it true."
    except ConditionError as error:
        yield where, f"{error}."


def _wrong(subject: Subject, where: str, when: str) -> Iterator[Problem]:
    try:
        read = names(when)
    except ConditionError as error:
        yield where, f"{error}."
        return
    answers, facts = _before(subject, where)
    for path in sorted(read):
        name = ".".join(path)
        if path[0] not in ROOTS or len(path) < 2:
            yield where, f"A condition reads `answers.…` and `facts.…`; «{name}» is something else."
        elif path[0] == "answers":
            yield from _answer(subject, where, path, answers)
        elif path[1] not in facts:
            known = path[1] in subject.uses
            yield where, f"The fact «{path[1]}» is named after this one; put it before." if known else f"No fact is called «{path[1]}»."
        else:
            yield from _fact(subject, where, path)


def _before(subject: Subject, where: str) -> tuple[set[str], set[str]]:
    """Answers and facts that are there when the condition is looked at."""
    definition = subject.definition
    kind, name, *_ = where.split(".")
    questions, facts = [q.code for q in definition.questions], [f.name for f in definition.facts]
    if kind == "questions":
        return set(questions[: questions.index(name)]), set(facts)
    if kind == "facts":
        return set(questions), set(facts[: facts.index(name)])
    return set(questions), set(facts)


def _answer(subject: Subject, where: str, path: tuple[str, ...], before: set[str]) -> Iterator[Problem]:
    question = subject.definition.question(path[1])
    if question is None or path[1] not in before:
        yield where, f"«{path[1]}» is no question{' asked before this one' if where.startswith('questions.') else ''}."
        return
    parts = {QuestionKind.ADDRESS: _ADDRESS, QuestionKind.POINT: _POINT}.get(question.kind, frozenset())
    if len(path) > 2 and path[2] not in parts:
        yield where, f"The answer to «{path[1]}» has no part «{path[2]}»."


def _fact(subject: Subject, where: str, path: tuple[str, ...]) -> Iterator[Problem]:
    _, meaning = subject.uses[path[1]]
    if meaning is None or len(path) == 2:
        return
    fields = {one.name for one in meaning.fields} | ({"items"} if meaning.items else set())
    if path[2] not in fields:
        yield where, f"No fact gives «{'.'.join(path[1:3])}»; «{path[1]}» has {', '.join(sorted(fields))}."
