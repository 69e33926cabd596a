"""What officers and experts fill in with an action, read like the answers of citizens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from toono.services.contracts import Text
from toono.services.domain import answers
from toono.services.domain.definition import Action, Definition, Question
from toono.services.errors import FilledWrong


def read(action: Action, typed: Mapping[str, str], today: date) -> dict[str, str]:
    """The kept form of what was typed for every question of the action, passed-over optional ones as empty texts.

    :raises FilledWrong: ``data["fields"]`` says by question what to type.
    """
    kept: dict[str, str] = {}
    wrong: dict[str, Text] = {}
    for question in action.asks:
        try:
            kept[question.code] = answers.read(question, typed.get(question.code, ""), today)
        except answers.Unacceptable as error:
            wrong[question.code] = error.text
    if wrong:
        raise FilledWrong(f"{sorted(wrong)} of {action.code}", fields=wrong)
    return kept


def question(definition: Definition, code: str) -> Question | None:
    """The question of any action with this code."""
    return next((q for action in definition.workflow.actions for q in action.asks if q.code == code), None)


def lines(definition: Definition, filled: Mapping[str, str]) -> list[tuple[Question, Text]]:
    """What was filled in, as people read it, in the order of the definition."""
    asked = {q.code: q for action in definition.workflow.actions for q in action.asks}
    return [(q, answers.shown(q, filled[code])) for code, q in asked.items() if filled.get(code)]
