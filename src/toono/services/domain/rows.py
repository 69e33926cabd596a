"""What a document says: its rows from facts, answers and what officers filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toono.services.contracts import QuestionKind, Text
from toono.services.domain import answers as _answers
from toono.services.domain.contents import Content, Fields, shown
from toono.services.domain.definition import Definition, DocumentRow, Meaning, MeaningField, Meanings, Question
from toono.services.domain.kinds import NOTHING, Outside
from toono.services.domain.kinds.groups import members


@dataclass(frozen=True)
class Row:
    """A line, or a table."""

    name: str
    """As the definition names it: ``address.text``, ``amount``, ``payments``."""
    label: Text
    value: Text | None = None
    heads: tuple[Text, ...] = ()
    lines: tuple[tuple[Text, ...], ...] = ()
    """Of a table: its lines, each with a cell under each head; a cell without a value is «–»."""


_NOTHING = Text(mn="–", en="–")


def rows(
    definition: Definition,
    meanings: Meanings,
    *,
    facts: Mapping[str, Content],
    answers: Mapping[str, str],
    filled: Mapping[str, str],
    outside: Outside = NOTHING,
) -> tuple[Row, ...]:
    """The rows in order; what the register, the applicant or the officer left empty has none.

    :param facts: the facts that the registers hold, by name.
    :param outside: words for places, items and files, where an answer is kept as a key.
    """
    asked = {q.code: q for action in definition.workflow.actions for q in action.asks}
    uses = {use.name: meanings.find(use.meaning) for use in definition.facts}
    made = []
    for row in definition.document.rows:
        if row.fact is not None:
            made.append(_fact(row, row.fact, uses, facts))
        elif row.question is not None:
            made.append(_answer(row, row.question, definition.question(row.question), answers, outside))
        else:
            made.append(_answer(row, row.filled or "", asked.get(row.filled or ""), filled, outside))
    return tuple(row for row in made if row is not None)


def _answer(row: DocumentRow, name: str, question: Question | None, kept: Mapping[str, str], outside: Outside) -> Row | None:
    value = kept.get(name, "")
    if question is None or not value:
        return None
    label = row.label or question.label
    if question.kind is not QuestionKind.GROUP:
        return Row(name, label, _answers.shown(question, value, outside))
    lines = tuple(tuple(_member(part, one.get(part.code, ""), outside) for part in question.questions) for one in members(value))
    return Row(name, label, heads=tuple(part.label for part in question.questions), lines=lines)


def _member(part: Question, kept: str, outside: Outside) -> Text:
    return _answers.shown(part, kept, outside) if kept else _NOTHING


def _fact(row: DocumentRow, path: str, uses: Mapping[str, Meaning | None], facts: Mapping[str, Content]) -> Row | None:
    name, _, field = path.partition(".")
    meaning, content = uses.get(name), facts.get(name)
    if meaning is None or content is None:
        return None
    if not field:
        return _table(row, path, meaning, content)
    declared = next((one for one in meaning.fields if one.name == field), None)
    if declared is None or field not in content.fields:
        return None
    return Row(path, row.label or declared.label, shown(declared.kind, content.fields[field]))


def _table(row: DocumentRow, path: str, meaning: Meaning, content: Content) -> Row | None:
    if meaning.items is None or not content.items:
        return None
    by_name = {one.name: one for one in meaning.items.fields}
    columns = [by_name[name] for name in row.columns or by_name if name in by_name]
    lines = tuple(tuple(_cell(one, item) for one in columns) for item in content.items)
    return Row(path, row.label or meaning.title, heads=tuple(one.label for one in columns), lines=lines)


def _cell(declared: MeaningField, item: Fields) -> Text:
    return shown(declared.kind, item[declared.name]) if declared.name in item else _NOTHING
