"""The kept form of a fact: a line for each field that was told, with its label and kind as they were when it was read. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from toono.services.contracts import FieldLine, Text
from toono.services.domain.contents import Content, Fields, shown
from toono.services.domain.definition import FieldKind, MeaningField

Line = dict[str, Any]
"""``{"name", "label", "kind", "value"}``; the value typed as in :mod:`.contents`."""


def lines(declared: Iterable[MeaningField], told: Fields) -> list[Line]:
    """In the order in which the meaning declares them; what was not told has no line."""
    return [
        {"name": one.name, "label": one.label.model_dump(), "kind": one.kind.value, "value": told[one.name]}
        for one in declared
        if one.name in told
    ]


def content(value: Iterable[Line], items: Iterable[Iterable[Line]]) -> Content:
    """What the lines say."""
    return Content(_fields(value), tuple(_fields(item) for item in items))


def _fields(kept: Iterable[Line]) -> Fields:
    return {line["name"]: line["value"] for line in kept}


def field_lines(kept: Iterable[Line]) -> tuple[FieldLine, ...]:
    """As people read them."""
    return tuple(_field_line(line) for line in kept)


def _field_line(line: Line) -> FieldLine:
    words = shown(FieldKind(line.get("kind", FieldKind.TEXT)), line["value"])
    return FieldLine(name=line["name"], label=Text(**line["label"]), value=words.mn, words=words)
