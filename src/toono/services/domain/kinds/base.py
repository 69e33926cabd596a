"""What every kind of question gives, and what it may ask of the world outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from toono.services.contracts import Option, Text, Typed
from toono.services.domain.definition import Question

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


class Unacceptable(ValueError):
    """What was typed is no answer; ``text`` says what to type, ``part`` which part of the field is wrong."""

    def __init__(self, mn: str, en: str, *, part: str | None = None) -> None:
        super().__init__(en)
        self.text = Text(mn=mn, en=en)
        self.part = part


class NotKnownNow(Unacceptable):
    """It cannot be judged now: a register is silent. An answer given before stays."""


def _nothing(code: str) -> None:
    return None


@dataclass(frozen=True)
class Outside:
    """What reading and showing an answer must know besides the question: lookups without effects.

    The defaults know nothing; then an answer is judged by its shape.
    """

    choices: Callable[[str], tuple[Option, ...] | None] = _nothing
    """By the code of a question that chooses among a register's items; None: the register has not answered."""
    unit: Callable[[str], Text | None] | None = None
    """Words of the way down to an administrative unit, by its code; None: there is no such unit."""
    box: Callable[[str], Box | None] = _nothing
    """Rectangle around an administrative unit."""
    file_name: Callable[[str], str | None] | None = None
    """Name of an attachment by its id; None: there is none."""


NOTHING = Outside()


@dataclass(frozen=True)
class Kind:
    """How one kind of question is read, kept, shown and computed with."""

    read: Callable[[Question, Typed, date, Outside], str]
    """What was typed, in the kept form; never called for what is empty. Reads its own kept form back unchanged.

    :raises Unacceptable:
    """
    shown: Callable[[Question, str, Outside], Text]
    """A kept answer, not empty, as people read it."""
    value: Callable[[Question, str], Any]
    """A kept answer, not empty, as conditions read it."""
    seconds: int
    """Estimated time to answer, besides reading the words."""
    parts: Callable[[str], dict[str, str]] | None = None
    """For a kind with several inputs: what stands in each of them for a kept answer."""
    ask: tuple[str, str] = ("Хариултаа оруулна уу", "Enter an answer")
    """What is said to somebody who left it empty."""


def refuse(question: Question, mn: str, en: str, *, part: str | None = None) -> Unacceptable:
    """A sentence that names the question and says what to type."""
    return Unacceptable(f"{question.label.mn}: {mn}", f"{question.label.en}: {en}", part=part)


def empty(typed: Typed) -> bool:
    """Whether nothing was typed at all."""
    if isinstance(typed, str):
        return not typed.strip()
    if isinstance(typed, Mapping):
        return all(empty(part) for part in typed.values())
    return all(empty(part) for part in typed)


def one(typed: Typed) -> str:
    """The text where a single one is expected; several are joined, so that none is dropped silently."""
    if isinstance(typed, str):
        return typed
    parts = typed.values() if isinstance(typed, Mapping) else typed
    return " ".join(one(part) for part in parts)


def several(typed: Typed) -> list[str]:
    """A list of texts; a text with commas is one too, as in the kept form."""
    if isinstance(typed, str):
        return [part.strip() for part in typed.split(",") if part.strip()]
    if isinstance(typed, Sequence):
        return [one(part) for part in typed if not empty(part)]
    return [one(typed)]


def same(question: Question, kept: str, outside: Outside) -> Text:
    """Shown as it is kept."""
    return Text(mn=kept, en=kept)


def text_value(question: Question, kept: str) -> str:
    """Computed with as it is kept."""
    return kept
