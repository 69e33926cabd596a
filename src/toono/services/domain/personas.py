"""``catalogue/personas.yaml``: the cast for whom every service is tried, with what each register says about them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from toono.services.contracts import Text
from toono.services.domain.definition import Name


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Persona(_Part):
    """One of the cast."""

    code: Name
    title: Text
    story: Text
    civil_id: str = Field(min_length=1)
    regnum: str = Field(min_length=1)
    cast: str
    """Who of the sandbox's people it is."""
    answers: dict[str, Any]
    """Meaning, or ``meaning/key`` for a child, a vehicle, a property, a parcel, a legal entity → the register's answer as JSON;
    null where the register holds nothing."""


class Personas(_Part):
    """The cast."""

    personas: tuple[Persona, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Personas:
        codes = [one.code for one in self.personas]
        if len(set(codes)) < len(codes):
            raise ValueError("two personas have the same code")
        return self

    def find(self, code: str) -> Persona | None:
        return next((one for one in self.personas if one.code == code), None)

    def by_regnum(self, regnum: str) -> Persona | None:
        """The one who is named by register number, as a question of kind person names people."""
        return next((one for one in self.personas if one.regnum == regnum), None)
