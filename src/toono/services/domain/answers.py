"""Answers: reading what people type, showing it, and the way through the form.

Answers are kept as text in one form: a number with a point, a date ``2026-11-22``, the value of an option, ``yes``/``no``;
an optional question that was passed over is kept as an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from toono.kernel.text import clean
from toono.services.contracts import Option, QuestionKind, Text
from toono.services.domain.conditions import holds
from toono.services.domain.definition import Definition, Question

Answers = Mapping[str, str]

YES_NO = (
    Option(value="yes", label=Text(mn="Тийм", en="Yes")),
    Option(value="no", label=Text(mn="Үгүй", en="No")),
)
NOT_PROVIDED = Text(mn="Хариулаагүй", en="Not provided")


class Unacceptable(ValueError):
    """What was typed is no answer; ``text`` says what to type."""

    def __init__(self, mn: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(mn=mn, en=en)


def options(question: Question) -> tuple[Option, ...]:
    """What one can choose from."""
    return YES_NO if question.kind is QuestionKind.YES_NO else question.options


# -- reading -----------------------------------------------------------------------------------------------------


def read(question: Question, typed: str, today: date) -> str:
    """The answer in its kept form.

    :raises Unacceptable:
    """
    value = clean(typed) if question.kind is not QuestionKind.TEXT else _paragraphs(typed)
    if not value:
        if question.optional:
            return ""
        raise Unacceptable(f"Хариултаа оруулна уу: {question.label.mn}", f"Enter an answer: {question.label.en}")
    return _READERS[question.kind](question, value, today)


def _paragraphs(typed: str) -> str:
    return "\n".join(line for line in map(clean, typed.splitlines()) if line)


def _text(question: Question, value: str, today: date) -> str:
    limit = question.max_length or 0
    if len(value) > limit:
        over = len(value) - limit
        raise Unacceptable(
            f"{question.label.mn}: {limit} тэмдэгтээс хэтрэхгүй бичнэ үү. {over} тэмдэгт илүү байна.",
            f"{question.label.en}: use {limit} characters or fewer. It is {over} too long.",
        )
    return value


def _number(question: Question, value: str, today: date) -> str:
    plain = value.replace(" ", "").replace("\u00a0", "")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    try:
        number = Decimal(plain.replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not re.fullmatch(r"-?\d{1,15}([.,]\d{1,6})?", plain):
        raise Unacceptable(
            f"{question.label.mn}: тоогоор бичнэ үү, жишээ нь {_example(question)}.",
            f"{question.label.en}: type a number, for example {_example(question)}.",
        )
    if number != round(number, question.decimals):
        places = question.decimals
        raise Unacceptable(
            f"{question.label.mn}: " + (f"таслалаас хойш {places} орноос хэтрэхгүй бичнэ үү." if places else "бүхэл тоо бичнэ үү."),
            f"{question.label.en}: " + (f"use at most {places} decimals." if places else "type a whole number."),
        )
    assert question.minimum is not None and question.maximum is not None  # noqa: S101 - the language demands both
    if not question.minimum <= number <= question.maximum:
        low, high = _plain(question.minimum), _plain(question.maximum)
        raise Unacceptable(
            f"{question.label.mn}: {low}-аас {high} хүртэлх тоо бичнэ үү.",
            f"{question.label.en}: type a number from {low} to {high}.",
        )
    return _plain(number)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _example(question: Question) -> str:
    assert question.minimum is not None and question.maximum is not None  # noqa: S101
    return _plain(round((question.minimum + question.maximum) / 2, question.decimals))


def _date(question: Question, value: str, today: date) -> str:
    parts = re.fullmatch(r"(\d{4})[-./ ](\d{1,2})[-./ ](\d{1,2})\.?", value)
    try:
        day = date(*(int(part) for part in parts.groups())) if parts else None
    except ValueError:
        day = None
    if day is None:
        example = today + timedelta(days=max(question.earliest_days or 0, 0) + 1)
        raise Unacceptable(
            f"{question.label.mn}: огноог он, сар, өдрөөр бичнэ үү, жишээ нь {example:%Y.%m.%d}.",
            f"{question.label.en}: type a date as year, month, day, for example {example:%Y.%m.%d}.",
        )
    earliest = None if question.earliest_days is None else today + timedelta(days=question.earliest_days)
    latest = None if question.latest_days is None else today + timedelta(days=question.latest_days)
    if earliest and day < earliest:
        raise Unacceptable(
            f"{question.label.mn}: {earliest:%Y.%m.%d} буюу түүнээс хойших огноо бичнэ үү.",
            f"{question.label.en}: the date must be {earliest:%Y.%m.%d} or later.",
        )
    if latest and day > latest:
        raise Unacceptable(
            f"{question.label.mn}: {latest:%Y.%m.%d} буюу түүнээс өмнөх огноо бичнэ үү.",
            f"{question.label.en}: the date must be {latest:%Y.%m.%d} or earlier.",
        )
    return day.isoformat()


def _option(question: Question, value: str, today: date) -> str:
    if value not in {option.value for option in options(question)}:
        raise Unacceptable(f"Нэгийг сонгоно уу: {question.label.mn}", f"Choose one: {question.label.en}")
    return value


_READERS: dict[QuestionKind, Callable[[Question, str, date], str]] = {
    QuestionKind.TEXT: _text,
    QuestionKind.NUMBER: _number,
    QuestionKind.DATE: _date,
    QuestionKind.CHOICE: _option,
    QuestionKind.YES_NO: _option,
}


# -- showing -----------------------------------------------------------------------------------------------------


def shown(question: Question, value: str) -> Text:
    """A kept answer as people read it."""
    if not value:
        return NOT_PROVIDED
    if question.kind in {QuestionKind.CHOICE, QuestionKind.YES_NO}:
        return next((o.label for o in options(question) if o.value == value), Text(mn=value, en=value))
    if question.kind is QuestionKind.DATE:
        value = value.replace("-", ".")
    if question.kind is QuestionKind.NUMBER:
        value = f"{Decimal(value):,f}"
        if question.unit:
            return Text(mn=f"{value} {question.unit.mn}", en=f"{value} {question.unit.en}")
    return Text(mn=value, en=value)


def typed(definition: Definition, answers: Answers) -> dict[str, Any]:
    """Answers as conditions read them: numbers as numbers, yes/no as truth, nothing for what was passed over."""
    values: dict[str, Any] = {}
    for question in definition.questions:
        value = answers.get(question.code, "")
        if not value:
            continue
        if question.kind is QuestionKind.NUMBER:
            values[question.code] = float(value)
        elif question.kind is QuestionKind.YES_NO:
            values[question.code] = value == "yes"
        else:
            values[question.code] = value
    return values


# -- the way -----------------------------------------------------------------------------------------------------


def asked(definition: Definition, answers: Answers) -> list[Question]:
    """The questions that a person with these answers is asked, in order.

    A condition sees the answers of asked questions only, so that an answer left from another branch has no effect.
    """
    way: list[Question] = []
    seen: dict[str, str] = {}
    for question in definition.questions:
        if question.when is None or holds(question.when, {"answers": typed(definition, seen)}):
            way.append(question)
            if question.code in answers:
                seen[question.code] = answers[question.code]
    return way


def relevant(definition: Definition, answers: Answers) -> dict[str, str]:
    """The answers to asked questions; what was typed on another branch is left out."""
    return {q.code: answers[q.code] for q in asked(definition, answers) if q.code in answers}


def next_question(definition: Definition, answers: Answers, today: date) -> Question | None:
    """The first asked question without an answer that is acceptable today; None when all are answered.

    An answer saved long ago may have become unacceptable: a date has passed.
    """
    return next((q for q in asked(definition, answers) if not _acceptable(q, answers, today)), None)


def _acceptable(question: Question, answers: Answers, today: date) -> bool:
    try:
        return question.code in answers and read(question, answers[question.code], today) == answers[question.code]
    except Unacceptable:
        return False


def minutes_to_fill(definition: Definition) -> int:
    """Estimated minutes for all questions: time to read the words and to give the answer, by kind."""
    seconds = {QuestionKind.TEXT: 60, QuestionKind.NUMBER: 25, QuestionKind.DATE: 20, QuestionKind.CHOICE: 15, QuestionKind.YES_NO: 8}
    words = sum(len((q.label.mn + (q.hint.mn if q.hint else "")).split()) for q in definition.questions)
    words += len(definition.declaration.mn.split())
    total = sum(seconds[q.kind] for q in definition.questions) + words / 3
    return max(1, round(total / 60))
