"""Choosing: one option, some options, yes or no, an item that a register holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from toono.kernel.text import clean, fold
from toono.services.contracts import Option, QuestionKind, Text, Typed
from toono.services.domain import contents
from toono.services.domain.definition import Meaning, Question
from toono.services.domain.kinds.base import Kind, NotKnownNow, Outside, Unacceptable, one, several, text_value

YES_NO_OPTIONS = (
    Option(value="yes", label=Text(mn="Тийм", en="Yes")),
    Option(value="no", label=Text(mn="Үгүй", en="No")),
)


def of(question: Question, outside: Outside) -> tuple[Option, ...] | None:
    """What one can choose from; None while the register that holds it is silent."""
    if question.kind.chosen:
        return outside.choices(question.code)
    return YES_NO_OPTIONS if question.kind is QuestionKind.YES_NO else question.options


def of_items(meaning: Meaning, items: Iterable[Mapping[str, Any]]) -> tuple[Option, ...]:
    """Items of a fact as choices: valued by the meaning's key, told apart by what describes them."""
    assert meaning.items is not None  # noqa: S101 - the linter lets nobody choose from a meaning without items
    kinds = {field.name: field.kind for field in meaning.items.fields}
    options: dict[str, Option] = {}
    for item in items:
        key = contents.plain(item[meaning.items.key])
        words = [contents.shown(kinds[name], item[name]) for name in meaning.items.describes if name in item]
        label = Text(mn=" · ".join(w.mn for w in words) or key, en=" · ".join(w.en for w in words) or key)
        options.setdefault(key, Option(value=key, label=label))
    return tuple(options.values())


_ONE, _SOME = ("Нэгийг сонгоно уу", "Choose one"), ("Нэг буюу хэд хэдийг сонгоно уу", "Choose one or more")


def _choose_one(question: Question) -> Unacceptable:
    return Unacceptable(f"{_ONE[0]}: {question.label.mn}", f"{_ONE[1]}: {question.label.en}")


def _option(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    value = clean(one(typed))
    if value not in {option.value for option in of(question, outside) or ()}:
        raise _choose_one(question)
    return value


def _options(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    """In the order of the definition, each once."""
    chosen, known = set(several(typed)), [option.value for option in question.options]
    if not chosen or not chosen <= set(known):
        raise Unacceptable(f"{_SOME[0]}: {question.label.mn}", f"{_SOME[1]}: {question.label.en}")
    return ",".join(value for value in known if value in chosen)


def _item(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    """The key of an item; spaces, dashes, case and look-alike letters of the two alphabets are forgiven."""
    options, value = of(question, outside), clean(one(typed))
    if options is None:
        raise NotKnownNow(
            f"{question.label.mn}: бүртгэл одоогоор хариу өгөхгүй байна. Таны бусад хариулт хадгалагдсан; түр хүлээгээд дахин оролдоно уу.",
            f"{question.label.en}: the register does not answer at the moment. Your other answers are kept; try again a little later.",
        )
    known = {option.value for option in options}
    if value in known:
        return value
    alike = [key for key in known if _folded(key) == _folded(value)]
    if len(alike) != 1:
        raise _choose_one(question)
    return alike[0]


def _folded(key: str) -> str:
    return re.sub(r"[\s\-–.]", "", fold(key))


def _label(options: Iterable[Option], value: str) -> Text:
    return next((option.label for option in options if option.value == value), Text(mn=value, en=value))


def _shown(question: Question, kept: str, outside: Outside) -> Text:
    return _label(of(question, outside) or (), kept)


def _options_shown(question: Question, kept: str, outside: Outside) -> Text:
    labels = [_label(question.options, value) for value in kept.split(",")]
    return Text(mn="; ".join(label.mn for label in labels), en="; ".join(label.en for label in labels))


def _options_value(question: Question, kept: str) -> list[str]:
    return kept.split(",")


def _truth(question: Question, kept: str) -> bool:
    return kept == "yes"


CHOICE = Kind(_option, _shown, text_value, seconds=15, ask=_ONE)
CHOICES = Kind(_options, _options_shown, _options_value, seconds=20, ask=_SOME)
YES_NO = Kind(_option, _shown, _truth, seconds=8, ask=_ONE)
ITEM = Kind(_item, _shown, text_value, seconds=10, ask=_ONE)
