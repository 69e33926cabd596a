"""The kinds of questions: for each how it is read, kept, shown and computed with. One table; one module per family."""

from __future__ import annotations

from datetime import date
from typing import Any

from toono.services.contracts import QuestionKind, Text, Typed
from toono.services.domain.definition import Question
from toono.services.domain.kinds import choices, dates, files, groups, numbers, persons, places, words
from toono.services.domain.kinds.base import NOTHING, Box, Kind, NotKnownNow, Outside, Unacceptable, empty

__all__ = ["KINDS", "NOTHING", "NOT_PROVIDED", "Box", "Kind", "NotKnownNow", "Outside", "Unacceptable", "read", "shown", "value"]

NOT_PROVIDED = Text(mn="Хариулаагүй", en="Not provided")


def read(question: Question, typed: Typed, today: date, outside: Outside = NOTHING) -> str:
    """The answer in its kept form; empty where an optional question was passed over.

    :raises Unacceptable:
    """
    if not empty(typed):
        kept = KINDS[question.kind].read(question, typed, today, outside)
        if kept:
            return kept
    if question.optional or (question.kind is QuestionKind.GROUP and question.least == 0):
        return ""
    mn, en = KINDS[question.kind].ask
    raise Unacceptable(f"{mn}: {question.label.mn}", f"{en}: {question.label.en}")


def shown(question: Question, kept: str, outside: Outside = NOTHING) -> Text:
    """A kept answer as people read it."""
    return KINDS[question.kind].shown(question, kept, outside) if kept else NOT_PROVIDED


def value(question: Question, kept: str) -> Any:
    """A kept answer, not empty, as conditions read it."""
    return KINDS[question.kind].value(question, kept)


KINDS: dict[QuestionKind, Kind] = {
    QuestionKind.TEXT: words.TEXT,
    QuestionKind.NUMBER: numbers.NUMBER,
    QuestionKind.MONEY: numbers.MONEY,
    QuestionKind.DATE: dates.DATE,
    QuestionKind.CHOICE: choices.CHOICE,
    QuestionKind.CHOICES: choices.CHOICES,
    QuestionKind.YES_NO: choices.YES_NO,
    QuestionKind.PHONE: words.PHONE,
    QuestionKind.EMAIL: words.EMAIL,
    QuestionKind.FILE: files.FILE,
    QuestionKind.ADDRESS: places.ADDRESS,
    QuestionKind.POINT: places.POINT,
    QuestionKind.PERSON: persons.PERSON,
    QuestionKind.FAMILY_MEMBER: choices.ITEM,
    QuestionKind.LEGAL_ENTITY: choices.ITEM,
    QuestionKind.VEHICLE: choices.ITEM,
    QuestionKind.PROPERTY: choices.ITEM,
    QuestionKind.PARCEL: choices.ITEM,
    QuestionKind.GROUP: groups.kind(read, shown, value),
}
