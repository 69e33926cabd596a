"""What all registers' OpenAPI documents have in common. A test holds the running registers against them."""

from __future__ import annotations

from typing import Any

ERROR = {
    "type": "object", "required": ["error"], "additionalProperties": False,
    "properties": {"error": {"enum": ["not_found", "unauthorized", "unavailable", "method_not_allowed"]}},
}  # fmt: skip


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def reading(operation: str, summary: str, parameter: str, gives: str) -> dict[str, Any]:
    """One address that can be read; ``gives`` names the schema of the answer."""
    return {
        "parameters": [{"name": parameter, "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": {
            "operationId": operation,
            "summary": summary,
            "responses": {
                "200": _answer("The record.", gives),
                "401": _answer("The token is missing or wrong.", "Error"),
                "404": _answer("The register holds nothing there.", "Error"),
                "503": _answer("The register is down.", "Error"),
            },
        },
    }


def document(title: str, server: str, paths: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The whole document of a register that answers under ``server``."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{title} (sandbox)",
            "version": "1.0.0",
            "description": "Invented citizens. Nobody of them lives; see SOURCES.md of the sandbox.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": {**schemas, "Error": ERROR}, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }
