"""What a person of the cast types, in the form in which a page would send it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from toono.services.contracts import Option, QuestionKind, Typed
from toono.services.domain.definition import Question
from toono.services.domain.kinds import Outside
from toono.services.domain.personas import Personas
from toono.services.domain.simulation.errors import StepFailed

Choices = Callable[[str], tuple[Option, ...] | None]


def typed(question: Question, said: object, cast_of: Personas, choices: Choices) -> Typed:
    """``#1`` is the first of the choices; another of the cast is named by code."""
    if question.kind.chosen and isinstance(said, str) and said.startswith("#"):
        return _nth(question, said, choices(question.code) or ())
    if question.kind is QuestionKind.PERSON and isinstance(said, str):
        other = cast_of.find(said)
        given_name = other.answers.get("person.identity") if other else None
        if other is not None and isinstance(given_name, dict):
            return {"regnum": other.regnum, "given_name": str(given_name.get("given_name", ""))}
    return cast(Typed, said)


def _nth(question: Question, said: str, options: tuple[Option, ...]) -> str:
    place = int(said[1:]) if said[1:].isdigit() else 0
    if not 1 <= place <= len(options):
        raise StepFailed(f"{question.code}: the register names {len(options)} to choose from, so there is no «{said}»")
    return options[place - 1].value


def outside(choices: Choices) -> Outside:
    """What a form knows of the world here: the registers' items; places and files are judged by their shape."""
    return Outside(choices=choices)
