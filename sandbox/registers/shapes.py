"""What an answer looks like, said once: OpenAPI descriptions are made of it, and a test holds every answer against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
DATE: Schema = {"type": "string", "format": "date"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
MONEY: Schema = {"type": "integer", "description": "Whole tugrug."}
FLAG: Schema = {"type": "boolean"}
CITIZENSHIP: Schema = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 3166-1 alpha-3."}
CIVIL_ID: Schema = {"type": "string", "pattern": "^99[0-9]{10}$"}
REGNUM: Schema = {"type": "string", "pattern": "^[А-ЯӨҮЁ]{2}0[0-9]{7}$"}
MONTH: Schema = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
PLATE: Schema = {"type": "string", "pattern": "^[0-9]{4}ЖЖ[А-Я]$"}
PROPERTY: Schema = {"type": "string", "pattern": "^Ү-99[0-9]{8}$"}
PARCEL: Schema = {"type": "string", "pattern": "^99[0-9]{12}$"}
ENTITY: Schema = {"type": "string", "pattern": "^98[0-9]{5}$"}
SOUM_CODE: Schema = {"type": "string", "pattern": "^[0-9]{4}$"}


def maybe(schema: Schema) -> Schema:
    """The same, or null where the register does not know."""
    return {**schema, "type": [schema["type"], "null"]}


@dataclass(frozen=True)
class Shape:
    """An answer: its fields, and the list in it where there is one. Every field is always there."""

    fields: dict[str, Schema]
    list_name: str = ""
    items: dict[str, Schema] = field(default_factory=dict)

    def schema(self) -> Schema:
        """As JSON Schema 2020-12."""
        properties = dict(self.fields)
        if self.list_name:
            properties[self.list_name] = {"type": "array", "items": _object(self.items)}
        return _object(properties)


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
