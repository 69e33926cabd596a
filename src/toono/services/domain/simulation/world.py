"""What the registers say to one persona, with the differences that a test lays over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from toono.services.domain.contents import Content, Fields, Incomplete, content
from toono.services.domain.definition import FieldKind, Meaning, MeaningField, Meanings, MeaningSubject
from toono.services.domain.personas import Persona, Personas
from toono.services.domain.representation import ENTITIES, FAMILY, children, entities
from toono.services.domain.simulation.errors import StepFailed
from toono.services.domain.trials import Overlay


class Silent(Exception):
    """The register does not answer at the moment."""


@dataclass
class World:
    """The registers as one persona finds them."""

    persona: Persona
    cast: Personas
    meanings: Meanings
    overlays: dict[str, Overlay] = field(default_factory=dict)
    """Meaning, or ``meaning/key`` → what is different now."""

    def lay(self, differences: dict[str, Overlay]) -> None:
        """From now on the registers say this; ``normal`` takes a difference back."""
        for name, overlay in differences.items():
            meaning = self.meanings.find(name.partition("/")[0])
            if meaning is None:
                raise StepFailed(f"no register gives «{name.partition('/')[0]}»; see meanings.yaml")
            if isinstance(overlay, dict):
                _overlaid(meaning, Content(), overlay)
            if overlay == "normal":
                self.overlays.pop(name, None)
            else:
                self.overlays[name] = overlay

    def read(self, meaning: Meaning, key: str = "") -> Content | None:
        """What the register says about the persona, or about ``key``; None where it holds nothing.

        :raises Silent:
        """
        name = f"{meaning.code}/{key}" if key else meaning.code
        overlay = self.overlays.get(name, self.overlays.get(meaning.code))
        if overlay == "silent":
            raise Silent(meaning.code)
        if overlay == "absent":
            return None
        usual = self._usual(meaning, name, key)
        return _overlaid(meaning, usual or Content(), overlay) if isinstance(overlay, dict) else usual

    def _usual(self, meaning: Meaning, name: str, key: str) -> Content | None:
        body = self.persona.answers.get(name)
        if body is None and key and meaning.subject is MeaningSubject.PERSON:
            other = self.cast.by_regnum(key) or next((one for one in self.cast.personas if one.civil_id == key), None)
            body = other.answers.get(meaning.code) if other else None
        if body is None:
            return None
        try:
            return content(meaning, body)
        except Incomplete as error:
            raise StepFailed(f"personas.yaml, {self.persona.code}: {error}") from error

    def children(self) -> list[str]:
        """Civil ids of the minor children whom the register names."""
        return [choice.subject for choice in children(self._items(FAMILY))]

    def entities(self) -> list[str]:
        """Register numbers of the legal entities for which the persona may act."""
        return [choice.subject for choice in entities(self._items(ENTITIES))]

    def _items(self, code: str) -> tuple[Fields, ...]:
        meaning = self.meanings.find(code)
        found = self.read(meaning) if meaning else None
        return found.items if found else ()


def _overlaid(meaning: Meaning, usual: Content, overlay: dict[str, Any]) -> Content:
    """``overlay`` over ``usual``: fields by name, null takes one away, ``items`` replaces the list."""
    items = usual.items
    fields = {name: value for name, value in overlay.items() if name != "items"}
    if "items" in overlay:
        if meaning.items is None or not isinstance(overlay["items"], list):
            raise StepFailed(f"«{meaning.code}» has no list of items; take `items` away")
        items = tuple(_laid(meaning.code, meaning.items.fields, {}, one) for one in overlay["items"])
    return Content(_laid(meaning.code, meaning.fields, usual.fields, fields), items)


def _laid(code: str, declared: tuple[MeaningField, ...], usual: Fields, over: Any) -> Fields:
    if not isinstance(over, dict):
        raise StepFailed(f"{code}: an item is written as fields with their values")
    kinds = {one.name: one.kind for one in declared}
    unknown = sorted(set(over) - set(kinds))
    if unknown:
        raise StepFailed(f"«{code}» has no field «{unknown[0]}»; it has {', '.join(kinds)}")
    laid = dict(usual)
    for name, value in over.items():
        laid.pop(name, None)
        if value is not None:
            laid[name] = _value(f"{code}.{name}", kinds[name], value)
    return laid


def _value(where: str, kind: FieldKind, value: Any) -> str | float | bool:
    numeric = kind in {FieldKind.NUMBER, FieldKind.MONEY}
    if kind is FieldKind.YES_NO and isinstance(value, bool):
        return value
    if numeric and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not numeric and kind is not FieldKind.YES_NO and not isinstance(value, bool | dict | list):
        return str(value)
    raise StepFailed(f"{where} is of kind {kind}; «{value}» is not")
