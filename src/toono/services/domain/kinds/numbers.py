"""Numbers and amounts of money, as people write them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation

from toono.services.contracts import Text, Typed
from toono.services.domain.definition import Question
from toono.services.domain.kinds.base import Kind, Outside, Unacceptable, one, refuse
from toono.services.domain.kinds.suffixes import from_

_SPACES = re.compile(r"[\s'’_]")
_NUMBER = re.compile(r"[-−]?\d{1,15}([.,]\d{1,6})?")
_GROUPED = {mark: re.compile(rf"-?\d{{1,3}}(\{mark}\d{{3}})+") for mark in ",."}


def _plain_digits(typed: str) -> str:
    """Digits of any script as 0–9, without spaces."""
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in typed)
    return _SPACES.sub("", digits).replace("−", "-")


def _without(typed: str, *units: str) -> str:
    """Without the unit that somebody typed behind the number."""
    for unit in units:
        if unit and typed.casefold().endswith(unit):
            return typed[: -len(unit)].rstrip(".") if unit.startswith("төг") else typed[: -len(unit)]
    return typed


def _decimal(question: Question, typed: str, *, whole: bool) -> Decimal:
    """The number that was meant. Where only whole numbers make sense, a point before three digits parts thousands, as a comma does."""
    for mark, grouped in _GROUPED.items():
        head, point, rest = typed.partition("." if mark == "," else ",")
        if grouped.fullmatch(head) and (not rest or mark == ",") and (mark == "," or whole):
            typed = head.replace(mark, "") + (point and "." + rest)
            break
    try:
        number = Decimal(typed.replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not _NUMBER.fullmatch(typed):
        raise _no_number(question)
    return number


def _no_number(question: Question) -> Unacceptable:
    example = _example(question)
    return refuse(question, f"тоогоор бичнэ үү, жишээ нь {example}.", f"type a number, for example {example}.")


def _limits(question: Question) -> tuple[Decimal, Decimal]:
    assert question.minimum is not None and question.maximum is not None  # noqa: S101 - the language demands both
    return question.minimum, question.maximum


def _example(question: Question) -> str:
    low, high = _limits(question)
    return plain(round((low + high) / 2, question.decimals))


def plain(number: Decimal) -> str:
    """Without needless zeros and exponents."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def grouped(number: Decimal) -> str:
    """As shown: ``1,200.5``."""
    return f"{Decimal(plain(number)):,f}"


def _within(question: Question, number: Decimal, sign: str = "") -> str:
    low, high = _limits(question)
    if not low <= number <= high:
        least, most = grouped(low), grouped(high)
        raise refuse(
            question,
            f"{from_(least)} {most}{sign} хүртэлх тоо бичнэ үү.",
            f"type a number from {least} to {most}{sign}.",
        )
    return plain(number)


def _number(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    units = [_SPACES.sub("", text).casefold() for text in (question.unit.mn, question.unit.en)] if question.unit else []
    number = _decimal(question, _without(_plain_digits(one(typed)), *units), whole=question.decimals == 0)
    places = question.decimals
    if number != round(number, places):
        raise refuse(
            question,
            f"таслалаас хойш {places} орноос хэтрэхгүй бичнэ үү." if places else "бүхэл тоо бичнэ үү.",
            f"use at most {places} decimals." if places else "type a whole number.",
        )
    return _within(question, number)


def _money(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    number = _decimal(question, _without(_plain_digits(one(typed)), "₮", "төгрөг", "төг.", "төг", "mnt", "tugrik", "tugrug"), whole=True)
    if number != number.to_integral_value():
        raise refuse(question, "мөнгөгүйгээр, бүхэл төгрөгөөр бичнэ үү.", "type whole tugrug, without möngö.")
    return _within(question, number, " ₮")


def _number_shown(question: Question, kept: str, outside: Outside) -> Text:
    number = grouped(Decimal(kept))
    if question.unit is None:
        return Text(mn=number, en=number)
    return Text(mn=f"{number} {question.unit.mn}", en=f"{number} {question.unit.en}")


def _money_shown(question: Question, kept: str, outside: Outside) -> Text:
    amount = f"{grouped(Decimal(kept))} ₮"
    return Text(mn=amount, en=amount)


def _value(question: Question, kept: str) -> float:
    return float(kept)


NUMBER = Kind(_number, _number_shown, _value, seconds=25)
MONEY = Kind(_money, _money_shown, _value, seconds=25)
