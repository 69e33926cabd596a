"""The register's own description of itself, OpenAPI 3.1. A test holds the running register against it."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_TEXT_OR_NONE = {"type": ["string", "null"]}
_CIVIL_ID = {
    "type": "string",
    "pattern": "^990[0-9]{9}$",
    "description": "Civil id. The prefix 990 marks an invented person.",
}
_REGNUM = {"type": "string", "pattern": "^[А-ЯӨҮЁ]{2}0[0-9]{7}$", "description": "Register number; births 1900–1909."}
_DATE = {"type": "string", "format": "date"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


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
        }
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
    "Error": _object({"error": {"enum": ["not_found", "unauthorized", "unavailable", "method_not_allowed"]}}),
}


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _reading(operation: str, summary: str, parameter: str, gives: str) -> dict[str, Any]:
    return {
        "parameters": [{"name": parameter, "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": {
            "operationId": operation,
            "summary": summary,
            "responses": {
                "200": _answer("The record.", gives),
                "401": _answer("The token is missing or wrong.", "Error"),
                "404": _answer("The register knows no such person.", "Error"),
                "503": _answer("The register is down.", "Error"),
            },
        },
    }


def description(base_url: str) -> dict[str, Any]:
    """The OpenAPI document of the register that answers under ``base_url``."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Population register (sandbox)",
            "version": "1.0.0",
            "description": "20,000 invented citizens. Nobody of them lives; see SOURCES.md of the sandbox.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": f"{base_url}/population"}],
        "security": [{"token": []}],
        "paths": {
            "/persons/by-regnum/{regnum}": _reading("personByRegnum", "The person who holds a register number.", "regnum", "Person"),
            "/persons/{civil_id}": _reading("person", "The person who has a civil id.", "civil_id", "Person"),
            "/persons/{civil_id}/address": _reading("address", "The registered address of a person.", "civil_id", "Address"),
        },
        "components": {"schemas": _SCHEMAS, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }
