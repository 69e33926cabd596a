"""The register's own description of itself, OpenAPI 3.1. A test holds the running register against it."""

from __future__ import annotations

from typing import Any

from sandbox.openapi import document, reading

_TEXT = {"type": "string", "minLength": 1}
_TEXT_OR_NONE = {"type": ["string", "null"]}
_CIVIL_ID = {
    "type": "string",
    "pattern": "^99[0-5][0-9]{9}$",
    "description": "Civil id. The prefixes 990 to 995 mark invented persons: 990 who can sign in, the others their relatives.",
}
_REGNUM = {"type": "string", "pattern": "^[А-ЯӨҮЁ]{2}0[0-9]{7}$", "description": "Register number; births 1900–1909."}
_DATE = {"type": "string", "format": "date"}


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_SCHEMAS = {
    "Person": _object(
        {
            "civil_id": _CIVIL_ID,
            "regnum": _REGNUM,
            "clan_name": {**_TEXT, "description": "Ургийн овог"},
            "patronymic": {**_TEXT, "description": "Эцэг (эх)-ийн нэр, in the nominative"},
            "given_name": {**_TEXT, "description": "Нэр"},
            "birth_date": _DATE,
            "sex": {"enum": ["male", "female"]},
            "citizenship": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 3166-1 alpha-3"},
            "phone": {"type": "string", "pattern": "^40[0-9]{6}$"},
        },
        optional=("phone",),
    ),
    "Address": _object(
        {
            "civil_id": _CIVIL_ID,
            "regnum": _REGNUM,
            "aimag_code": {"type": "string", "pattern": "^[0-9]{2}$"},
            "soum_code": {"type": "string", "pattern": "^[0-9]{4}$"},
            "bag_code": {"type": "string", "pattern": "^[0-9]{6}$"},
            "aimag": _TEXT,
            "soum": _TEXT,
            "bag": _TEXT,
            "street": {**_TEXT_OR_NONE, "description": "Null for a herder, whose address is the land of the bag."},
            "building": _TEXT_OR_NONE,
            "door": {**_TEXT_OR_NONE, "description": "Null for a house in the ger quarter."},
            "text": {**_TEXT, "description": "The whole address in one line."},
            "registered_on": _DATE,
        }
    ),
    "Photo": _object(
        {
            "civil_id": _CIVIL_ID,
            "regnum": _REGNUM,
            "media_type": {"enum": ["image/png"]},
            "photo": {**_TEXT, "description": "Base64. Of invented persons a drawing."},
        }
    ),
}


def description(base_url: str) -> dict[str, Any]:
    """The OpenAPI document of the register that answers under ``base_url``."""
    paths = {
        "/persons/by-regnum/{regnum}": reading("personByRegnum", "The person who holds a register number.", "regnum", "Person"),
        "/persons/{civil_id}": reading("person", "The person who has a civil id.", "civil_id", "Person"),
        "/persons/{civil_id}/address": reading("address", "The registered address of a person.", "civil_id", "Address"),
        "/persons/{civil_id}/photo": reading("photo", "The photo of a person's identity card.", "civil_id", "Photo"),
    }
    return document("Population register", f"{base_url}/population", paths, _SCHEMAS)
