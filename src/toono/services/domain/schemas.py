"""JSON Schemas of the catalogue's files, so that editors complete and check them while one writes."""

from __future__ import annotations

import json

from pydantic import BaseModel

from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.personas import Personas
from toono.services.domain.trials import Trials

SCHEMAS: dict[str, tuple[str, type[BaseModel]]] = {
    "definition": ("Toono service definition, language 1", Definition),
    "tests": ("Toono tests of a service definition", Trials),
    "meanings": ("Toono meanings, language 1", Meanings),
    "personas": ("Toono personas", Personas),
}
"""Name of the file in ``docs/reference`` (``<name>.schema.json``) → title and model."""


def schema(name: str) -> str:
    """The JSON Schema (draft 2020-12) as text."""
    title, model = SCHEMAS[name]
    found = model.model_json_schema(by_alias=True)
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **found}
    return json.dumps(found, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
