"""Another person, named by register number and given name; whether both agree is for the population register to say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from toono.kernel import regnum
from toono.kernel.text import clean, fold
from toono.services.contracts import Text, Typed
from toono.services.domain.definition import Question
from toono.services.domain.kinds.base import Kind, Outside, one, refuse, text_value

NAME_LENGTH = 100


def _person(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    """The register number in its normal form. A form gives the name too; the kept form is the number alone."""
    parts = typed if isinstance(typed, Mapping) else {"regnum": one(typed)}
    number = regnum.normalise(one(parts.get("regnum", "")))
    born = regnum.birth_date(number) if number else None
    if number is None or born is None or born > today:
        raise refuse(
            question,
            "регистрийн дугаарыг 2 үсэг, 8 цифрээр бичнэ үү, жишээ нь УБ90010112.",
            "type the register number, 2 letters and 8 digits, for example УБ90010112.",
            part="regnum",
        )
    if isinstance(typed, Mapping) and not given_name(typed):
        raise refuse(
            question, "нэрийг (эцэг, эхийн нэргүйгээр) бичнэ үү.", "type the given name, without the patronymic.", part="given_name"
        )
    return number


def given_name(typed: Typed) -> str:
    """The name that was typed beside the number; empty where there is none."""
    return clean(one(typed.get("given_name", "")))[:NAME_LENGTH] if isinstance(typed, Mapping) else ""


def same_name(typed: str, registered: str) -> bool:
    """Whether two names are one; case, dashes and look-alike letters are forgiven."""
    first, second = (fold(name).replace("-", "").replace("–", "").replace(" ", "") for name in (typed, registered))
    return bool(first) and first == second


def _shown(question: Question, kept: str, outside: Outside) -> Text:
    return Text(mn=kept, en=kept)


def _inputs(kept: str) -> dict[str, str]:
    """The name was compared and not kept."""
    return {"regnum": kept, "given_name": ""}


PERSON = Kind(_person, _shown, text_value, seconds=30, parts=_inputs)
