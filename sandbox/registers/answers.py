"""A register's answer to one question: made on the fly, the same at every asking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.population.persons import Citizen
from sandbox.registers.shapes import CIVIL_ID, ENTITY, PARCEL, PLATE, PROPERTY, Schema, Shape
from sandbox.registers.world import World

Answer = dict[str, Any]
Tells = Callable[[World, Citizen, str], Answer | None]
"""World, whom it is about (of a thing its owner, of a legal entity who represents it), key; None: the register holds nothing."""

KEYS: dict[str, Schema] = {"civil_id": CIVIL_ID, "plate": PLATE, "property": PROPERTY, "parcel": PARCEL, "entity": ENTITY}


@dataclass(frozen=True)
class Question:
    """What one address of a register answers."""

    meaning: str
    """Under which ``catalogue/meanings.yaml`` reads it; only a name here."""
    path: str
    """Below the register's prefix, with one variable: ``/insurance/{civil_id}/state``."""
    variable: str
    summary: str
    shape: Shape
    tells: Tells
    owner_field: str = ""
    """Of a thing: the field that names the person whose it is."""

    @property
    def whole_shape(self) -> Shape:
        """With the key asked for, which every answer repeats, and the owner."""
        fields = {self.variable: KEYS[self.variable], **self.shape.fields}
        if self.owner_field:
            fields[self.owner_field] = CIVIL_ID
        return Shape(fields, self.shape.list_name, self.shape.items)

    def answer(self, world: World, key: str) -> Answer | None:
        """What the register holds under ``key``."""
        subject = world.person(key) if self.variable == "civil_id" else world.owner(key)
        if subject is None or (self.variable in _OWNED and key not in getattr(world, _OWNED[self.variable]).get(subject.civil_id, ())):
            return None
        person, thing = world.told_of_persons.get(subject.civil_id, {}), world.told_of_things
        told, name = (person, self.meaning) if self.variable == "civil_id" else (thing, f"{self.meaning}/{key}")
        if name in told and told[name] is None:
            return None
        found = self.tells(world, subject, key)
        if found is None:
            return None
        whole = {self.variable: key, **found, **told.get(name, {})}
        if self.owner_field:
            whole[self.owner_field] = subject.civil_id
        return whole


_OWNED = {"plate": "vehicles", "property": "properties", "parcel": "parcels", "entity": "entities"}


@dataclass(frozen=True)
class Register:
    """One agency's register, with its own prefix, token and description."""

    code: str
    """Prefix of the addresses, and its name among the fault switches."""
    title: str
    questions: tuple[Question, ...]
