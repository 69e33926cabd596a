"""What a register's answer says, read by its meaning: the declared fields and items as typed values, and nothing else of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from toono.kernel.text import clean
from toono.services.contracts import Text
from toono.services.domain.definition import FieldKind, Meaning, MeaningField

Value = str | float | bool
"""Text and ISO date: text; number and whole tugrug: number; yes or no: truth."""
Fields = dict[str, Value]

LENGTH = 500
"""More letters than this no field of a register has; the rest is cut off."""


class Incomplete(ValueError):
    """The answer lacks what it must have, or is of another form: the register is at fault, the person is not."""


@dataclass(frozen=True)
class Content:
    """A register's answer, read."""

    fields: Fields = field(default_factory=dict)
    items: tuple[Fields, ...] = ()

    def find(self, name: str, value: str) -> Fields | None:
        """The item whose field ``name`` reads ``value``."""
        return next((item for item in self.items if plain(item.get(name, "")) == value), None)


def content(meaning: Meaning, body: Any) -> Content:
    """The declared part of ``body``, the answer's JSON.

    :raises Incomplete:
    """
    fields = _fields(meaning.code, meaning.fields, body)
    if meaning.items is None:
        return Content(fields)
    found = _at(body, meaning.items.pointer)
    if found is None:
        found = []  # the exchange leaves out a list in which nothing stands (exchange/domain/fields.py)
    if not isinstance(found, list):
        raise Incomplete(f"{meaning.code}: the answer has no list at {meaning.items.pointer}")
    if len(found) > meaning.items.limit:
        raise Incomplete(f"{meaning.code}: the list has {len(found)} items, more than {meaning.items.limit}")
    return Content(fields, tuple(_fields(meaning.code, meaning.items.fields, item) for item in found))


def _fields(code: str, declared: tuple[MeaningField, ...], body: Any) -> Fields:
    values: Fields = {}
    for one in declared:
        value = _read(one.kind, _at(body, one.pointer))
        if value is not None:
            values[one.name] = value
        elif one.required:
            raise Incomplete(f"{code}: the answer has no {one.pointer}")
    return values


def _at(body: Any, pointer: str) -> Any:
    """RFC 6901 over objects; None where the way ends."""
    for part in pointer.split("/")[1:]:
        if not isinstance(body, dict):
            return None
        body = body.get(part.replace("~1", "/").replace("~0", "~"))
    return body


def _read(kind: FieldKind, value: Any) -> Value | None:
    if value is None or isinstance(value, dict | list):
        return None
    match kind:
        case FieldKind.YES_NO:
            return value if isinstance(value, bool) else None
        case FieldKind.NUMBER | FieldKind.MONEY:
            return _number(value)
        case FieldKind.DATE:
            return _date(value)
        case FieldKind.TEXT:
            return None if isinstance(value, bool) else clean(str(value))[:LENGTH] or None


def _number(value: Any) -> float | None:
    try:
        number = None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        number = None
    return float(number) if number is not None and number.is_finite() else None


def _date(value: Any) -> str | None:
    text = str(value)[:10]
    try:
        return date.fromisoformat(text).isoformat() if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def values(what: Content) -> dict[str, Any]:
    """As conditions read it: ``{field: value, …, "items": [{field: value}]}``."""
    return {**what.fields, "items": [dict(item) for item in what.items]}


def plain(value: Value) -> str:
    """A value as a key is written: a number without a needless fraction."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{Decimal(repr(value)):f}".removesuffix(".0") if isinstance(value, float) else value


def shown(kind: FieldKind, value: Value) -> Text:
    """A value as people read it: ``2026.11.22``, ``5,000 ₮``, «Тийм»."""
    if isinstance(value, bool):
        return Text(mn="Тийм", en="Yes") if value else Text(mn="Үгүй", en="No")
    if isinstance(value, float):
        number = f"{Decimal(repr(value)):,f}".removesuffix(".0")
        words = f"{number} ₮" if kind is FieldKind.MONEY else plain(value)
    else:
        words = value.replace("-", ".") if kind is FieldKind.DATE else value
    return Text(mn=words, en=words)
