"""The linter of the catalogue: what must hold between the parts of a definition, as a table of named checks.

Each finding tells the author what is wrong and what to write. A catalogue with findings is not loaded.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from toono.kernel.clock import local, now
from toono.services.contracts import Finding, Outcome, QuestionKind
from toono.services.domain import answers as _answers
from toono.services.domain.conditions import ROOTS, holds, names
from toono.services.domain.definition import By, Definition, Meanings, Notice, Question, State, StateKind
from toono.services.domain.files import Read, read_meanings, read_services
from toono.services.domain.search import words
from toono.services.domain.workflow import outcome
from toono.services.errors import ConditionError

Problem = tuple[str, str]
"""Where, and the sentence."""
Check = Callable[[Definition, Meanings], Iterator[Problem]]

_SAMPLES_LIMIT = 3000


def lint_catalogue(folder: Path) -> list[Finding]:
    """Everything that is wrong under ``folder``, in the order of its files."""
    meanings, findings = read_meanings(folder)
    read, problems = read_services(folder)
    findings += problems
    if not read and not findings:
        findings.append(Finding(file="", where="", rule="empty", message=f"No definition stands in {folder}."))
    findings += _twice(read)
    if meanings is not None:
        findings += [finding for one in read for finding in lint(one, meanings)]
    return findings


def lint(read: Read, meanings: Meanings) -> list[Finding]:
    """What is wrong with one definition."""
    return [
        Finding(file=read.file, where=where, rule=rule, message=message)
        for rule, check in CHECKS
        for where, message in check(read.definition, meanings)
    ]


def definition_schema() -> str:
    """JSON Schema of ``service.yaml``, for editors and other tools."""
    schema = Definition.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Toono service definition, language 1", **schema}
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _twice(read: list[Read]) -> list[Finding]:
    seen: dict[str, str] = {}
    findings = []
    for one in read:
        first = seen.setdefault(one.definition.code, one.file)
        if first != one.file:
            message = f"The code «{one.definition.code}» stands in {first} too."
            findings.append(Finding(file=one.file, where="code", rule="code", message=message))
    return findings


# -- names -------------------------------------------------------------------------------------------------------


def _unique(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    flow = definition.workflow
    lists = {
        "questions": [q.code for q in definition.questions],
        "facts": [f.name for f in definition.facts],
        "workflow.states": [s.name for s in flow.states],
        "workflow.actions": [a.code for a in flow.actions],
        "grounds": [g.code for g in definition.grounds],
    }
    for where, codes in lists.items():
        for code in sorted({c for c in codes if codes.count(c) > 1}):
            yield f"{where}.{code}", f"«{code}» stands twice; give each its own name."


def _facts(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    for fact in definition.facts:
        if meanings.find(fact.meaning) is None:
            yield f"facts.{fact.name}.meaning", f"No register gives «{fact.meaning}»; see meanings.yaml."


# -- once only ---------------------------------------------------------------------------------------------------


def _once_only(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    today = local(now()).date()
    for question in definition.questions:
        if question.asks_again is not None and date.fromisoformat(question.asks_again.until) >= today:
            continue
        holder = meanings.holder(question.meaning)
        if holder is None:
            holder = next((meanings.holder(o.meaning) for o in meanings.once_only if _asks(question, o.mn, o.en)), None)
        if holder is not None:
            expired = " The exemption in `asks_again` has ended." if question.asks_again else ""
            yield (
                f"questions.{question.code}",
                f"The state knows this already: «{holder.title.mn}» is kept in {holder.source.en}.{expired} "
                f"Remove the question and read the fact «{holder.code}».",
            )


def _asks(question: Question, mn: tuple[str, ...], en: tuple[str, ...]) -> bool:
    """Whether the words of the question ask for it: every word of a phrase begins a word of the label, in order."""
    for label, phrases in ((question.label.mn, mn), (question.label.en, en)):
        have = words(label)
        for phrase in phrases:
            want = words(phrase)
            for start in range(len(have) - len(want) + 1):
                if all(have[start + i].startswith(word) for i, word in enumerate(want)):
                    return True
    return False


# -- conditions --------------------------------------------------------------------------------------------------


def _conditions(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    earlier: list[Question] = []
    for question in definition.questions:
        if question.when is not None:
            yield from _question_condition(question, earlier, definition)
        earlier.append(question)


def _question_condition(question: Question, earlier: list[Question], definition: Definition) -> Iterator[Problem]:
    assert question.when is not None  # noqa: S101 - the caller asks only then
    where = f"questions.{question.code}.when"
    try:
        read = names(question.when)
    except ConditionError as error:
        yield where, f"{error}."
        return
    codes = [q.code for q in earlier]
    for path in sorted(read):
        if path[0] != "answers" or len(path) != 2:
            yield where, f"A question's condition reads earlier answers only, as `answers.amount`; «{'.'.join(path)}» is something else."
            return
        if path[1] not in codes:
            yield where, f"«{path[1]}» is no question asked before this one."
            return
    used = [q for q in earlier if ("answers", q.code) in read]
    try:
        results = {holds(question.when, {"answers": sample}) for sample in _samples(used)}
    except ConditionError as error:
        yield where, f"{error}."
        return
    if results == {False}:
        yield where, f"«{question.when}» never holds; no one would be asked this question."


def _samples(questions: list[Question]) -> Iterator[dict[str, Any]]:
    """Answers to try a condition with: every option, both ends and the middle of numbers, an unanswered question."""
    ranges = [[(q.code, value) for value in _values(q)] for q in questions]
    for combination in itertools.islice(itertools.product(*ranges), _SAMPLES_LIMIT):
        yield {code: value for code, value in combination if value is not None}


def _values(question: Question) -> list[Any]:
    match question.kind:
        case QuestionKind.CHOICE:
            return [option.value for option in question.options]
        case QuestionKind.YES_NO:
            return [True, False]
        case QuestionKind.NUMBER:
            low, high = question.minimum or Decimal(0), question.maximum or Decimal(0)
            return [float(low + (high - low) * i / 20) for i in range(21)]
        case QuestionKind.DATE:
            return ["2026-11-22"]
        case _:
            return ["Үг"]


# -- workflow ----------------------------------------------------------------------------------------------------


def _workflow(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    flow = definition.workflow
    known = {state.name for state in flow.states}
    broken = False
    for action in flow.actions:
        for name in sorted({*action.from_states, action.to} - known):
            broken = True
            yield f"workflow.actions.{action.code}", f"No state is called «{name}»."
    if broken:
        return
    yield from _begins_and_ends(definition)
    yield from _reachable(definition)
    yield from _leaves(definition)


def _begins_and_ends(definition: Definition) -> Iterator[Problem]:
    flow = definition.workflow
    kinds = [state.kind for state in flow.states]
    for kind in (StateKind.DRAFT, StateKind.GRANTED, StateKind.REFUSED, StateKind.WITHDRAWN):
        if kinds.count(kind) != 1:
            yield "workflow.states", f"There must be exactly one state of kind {kind}; there are {kinds.count(kind)}."
    by_name = {state.name: state for state in flow.states}
    sends = [a for a in flow.actions if a.by is By.CITIZEN and any(by_name[s].kind is StateKind.DRAFT for s in a.from_states)]
    sends = [a for a in sends if outcome(definition, a) is None]
    if len(sends) != 1:
        yield "workflow.actions", "The citizen needs exactly one action that leads out of the draft to an open state."


def _reachable(definition: Definition) -> Iterator[Problem]:
    flow = definition.workflow
    reached = {state.name for state in flow.states if state.kind is StateKind.DRAFT}
    while True:
        more = {a.to for a in flow.actions if reached & set(a.from_states)} - reached
        if not more:
            break
        reached |= more
    for state in flow.states:
        if state.name not in reached:
            yield f"workflow.states.{state.name}", f"No action leads to «{state.name}»."


def _leaves(definition: Definition) -> Iterator[Problem]:
    flow = definition.workflow
    for state in flow.states:
        leaving = [a for a in flow.actions if state.name in a.from_states]
        if state.kind.final and leaving:
            yield f"workflow.states.{state.name}", f"«{state.name}» is an end; no action may leave it, but «{leaving[0].code}» does."
        if state.kind.final:
            continue
        if not any(outcome(definition, a) is Outcome.WITHDRAWN and a.by is By.CITIZEN for a in leaving):
            yield f"workflow.states.{state.name}", f"The citizen cannot withdraw in «{state.name}»; add an action to the withdrawn state."
        yield from _decided(state, {a.by for a in leaving})


def _decided(state: State, deciders: set[By]) -> Iterator[Problem]:
    if state.kind is StateKind.REVIEW and By.OFFICER not in deciders:
        yield f"workflow.states.{state.name}", f"An officer decides in «{state.name}», but has no action there."
    if state.kind is StateKind.WORKING and By.RULE not in deciders:
        yield f"workflow.states.{state.name}", f"The rule decides in «{state.name}», but has no action there."


def _rules(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    flow = definition.workflow
    working = [state for state in flow.states if state.kind is StateKind.WORKING]
    if working and (not flow.automatic or flow.automatic[-1].when.strip() != "true"):
        yield "workflow.automatic", 'The last rule must be `when: "true"`, so that no case is left undecided.'
    for position, rule in enumerate(flow.automatic):
        where = f"workflow.automatic.{position}"
        action = flow.action(rule.action)
        if action is None or action.by is not By.RULE:
            yield where, f"«{rule.action}» is no action of the rule."
            continue
        refuses = outcome(definition, action) is Outcome.REFUSED
        if refuses != (rule.ground is not None):
            yield where, "A refusal by rule names its `ground`." if refuses else "Only a refusal has a `ground`."
        if rule.ground is not None and definition.ground(rule.ground) is None:
            yield where, f"«{rule.ground}» is no ground of this service."
        yield from _rule_condition(where, rule.when, definition, meanings)


def _rule_condition(where: str, when: str, definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    try:
        read = names(when)
    except ConditionError as error:
        yield where, f"{error}."
        return
    held: dict[str, set[str]] = {}
    for fact in definition.facts:
        meaning = meanings.find(fact.meaning)
        held[fact.name] = {field.name for field in meaning.fields} if meaning else set()
    for path in sorted(read):
        if path[0] not in ROOTS or len(path) < 2:
            yield where, f"A rule reads `answers.…` and `facts.…`; «{'.'.join(path)}» is something else."
        elif path[0] == "answers" and definition.question(path[1]) is None:
            yield where, f"No question is called «{path[1]}»."
        elif path[0] == "facts" and (path[1] not in held or (len(path) > 2 and path[2] not in held[path[1]])):
            yield where, f"No fact gives «{'.'.join(path[1:])}»."


def _refusals(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    for action in definition.workflow.actions:
        target = next((s for s in definition.workflow.states if s.name == action.to), None)
        if target is not None and target.kind is StateKind.REFUSED and action.by is By.CITIZEN:
            yield f"workflow.actions.{action.code}", "A citizen cannot refuse; withdraw instead."


# -- document and notices ----------------------------------------------------------------------------------------


def _document(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    uses = {fact.name: meanings.find(fact.meaning) for fact in definition.facts}
    for position, row in enumerate(definition.document.rows):
        where = f"document.rows.{position}"
        if row.question is not None and definition.question(row.question) is None:
            yield where, f"No question is called «{row.question}»."
        if row.fact is not None:
            name, _, field = row.fact.partition(".")
            meaning = uses.get(name)
            if meaning is None or field not in {f.name for f in meaning.fields}:
                yield where, f"No fact gives «{row.fact}»."


def _notices(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    for notice in (Notice.REFUSED, Notice.DOCUMENT):
        if notice not in definition.notifications:
            yield "notifications", f"The applicant must be told of «{notice}»; add it."


def _texts(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    """An English text where the Mongolian should stand, or the other way round, is an oversight."""

    def walk(value: Any, where: str) -> Iterator[Problem]:
        if isinstance(value, dict):
            if set(value) == {"mn", "en"} and isinstance(value["mn"], str):
                number = value["mn"] == value["en"] and not any(letter.isalpha() for letter in value["mn"])
                if not number and not any("а" <= letter <= "я" or letter in "өүё" for letter in value["mn"].lower()):
                    yield where, f"«{value['mn']}» is not Mongolian."
                if any("а" <= letter <= "я" or letter in "өүё" for letter in value["en"].lower()):
                    yield where, f"«{value['en']}» is not English."
                return
            for key, part in value.items():
                yield from walk(part, f"{where}.{key}" if where else key)
        elif isinstance(value, list):
            for position, part in enumerate(value):
                yield from walk(part, f"{where}.{position}")

    yield from walk(definition.model_dump(mode="json", by_alias=True), "")


def _answers_read(definition: Definition, meanings: Meanings) -> Iterator[Problem]:
    """The way through the form can be computed without any answer."""
    try:
        _answers.asked(definition, {})
    except ConditionError as error:
        yield "questions", f"{error}."


CHECKS: tuple[tuple[str, Check], ...] = (
    ("unique", _unique),
    ("fact", _facts),
    ("once_only", _once_only),
    ("condition", _conditions),
    ("way", _answers_read),
    ("workflow", _workflow),
    ("rule", _rules),
    ("refusal", _refusals),
    ("document", _document),
    ("notice", _notices),
    ("text", _texts),
)
"""The checks in order: the rule's name in findings, and the check."""
