"""Dates: typed in one field or in three."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from toono.kernel.text import clean
from toono.services.contracts import Text, Typed
from toono.services.domain.definition import Question
from toono.services.domain.kinds.base import Kind, Outside, one, refuse, text_value

PARTS = ("year", "month", "day")
_SHAPE = re.compile(r"(\d{4})(?:\s*оны?\s*|[-./ ])(\d{1,2})(?:\s*(?:-р\s*)?сарын?\s*|[-./ ])(\d{1,2})\.?(?:\s*(?:-ны|-ний)?\s*өдөр)?")


def _joined(typed: Typed) -> str:
    if isinstance(typed, Mapping):
        return "-".join(clean(one(typed.get(part, ""))) for part in PARTS)
    return clean(one(typed))


def _missing(typed: Typed) -> str | None:
    """The first of the three fields that was left empty, to lead there."""
    if not isinstance(typed, Mapping):
        return None
    return next((part for part in PARTS if not one(typed.get(part, "")).strip()), "year")


def _date(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    parts = _SHAPE.fullmatch(_joined(typed))
    try:
        day = date(*(int(part) for part in parts.groups())) if parts else None
    except ValueError:
        day = None
    if day is None:
        example = _example(question, today)
        raise refuse(
            question,
            f"огноог он, сар, өдрөөр бичнэ үү, жишээ нь {example:%Y.%m.%d}.",
            f"type a date as year, month, day, for example {example:%Y.%m.%d}.",
            part=_missing(typed),
        )
    earliest, latest = _limits(question, today)
    if earliest and day < earliest:
        raise refuse(
            question,
            f"{earliest:%Y.%m.%d} буюу түүнээс хойших огноо бичнэ үү.",
            f"the date must be {earliest:%Y.%m.%d} or later.",
        )
    if latest and day > latest:
        raise refuse(
            question,
            f"{latest:%Y.%m.%d} буюу түүнээс өмнөх огноо бичнэ үү.",
            f"the date must be {latest:%Y.%m.%d} or earlier.",
        )
    return day.isoformat()


def _limits(question: Question, today: date) -> tuple[date | None, date | None]:
    earliest, latest = question.earliest_days, question.latest_days
    return (
        None if earliest is None else today + timedelta(days=earliest),
        None if latest is None else today + timedelta(days=latest),
    )


def _example(question: Question, today: date) -> date:
    """A day that would be accepted."""
    earliest, latest = _limits(question, today)
    if earliest is not None and earliest > today:
        return earliest
    return latest if latest is not None and latest < today else today


def _shown(question: Question, kept: str, outside: Outside) -> Text:
    day = kept.replace("-", ".")
    return Text(mn=day, en=day)


def _parts(kept: str) -> dict[str, str]:
    return dict(zip(PARTS, (part.lstrip("0") for part in kept.split("-")), strict=True))


DATE = Kind(_date, _shown, text_value, seconds=20, parts=_parts)
