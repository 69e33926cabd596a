"""The OpenAPI description of the ledger's services for other portals."""

from __future__ import annotations

from typing import Any

from toono.exchange import limits

_MOMENT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}
_REFUSED = {
    "400": {"description": "The question is not one of the protocol.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}},
    "401": {"description": "It does not come through the exchange.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}},
}  # fmt: skip


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _parameter(name: str, place: str, description: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": place, "description": description, "schema": schema, "required": required}


def _operation(identifier: str, summary: str, schema: dict[str, Any], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    answer = {"description": "The answer.", "content": {"application/json": {"schema": schema}}}
    return {"get": {"operationId": identifier, "summary": summary, "parameters": parameters, "responses": {"200": answer, **_REFUSED}}}


_SCHEMAS: dict[str, Any] = {
    "FindUsageResponse": _object({"totalUsages": {"type": "integer", "format": "int32", "minimum": 0}, "usages": {"type": "array", "items": {"$ref": "#/components/schemas/Usage"}}}),
    "Usage": _object(
        {
            "logtime": {**_MOMENT, "description": "When the data were given."},
            "action": {**_TEXT, "description": "Purpose and service, in words."},
            "receiverCode": {**_TEXT, "description": "Member code of the organisation that read."},
            "receiverName": {**_TEXT, "description": "Its name."},
            "receiverSystem": {**_TEXT, "description": "Name of its system."},
        },
        optional=("receiverName",),
    ),
    "UsagePeriodResponse": _object({"periodStart": _MOMENT, "periodEnd": _MOMENT}, optional=("periodEnd",)),
    "HeartbeatResponse": _object({"status": {"type": "string", "enum": ["OK", "FAIL"]}, "message": _TEXT}, optional=("message",)),
    "PersonalDataUsage": _object(
        {
            "ID": _TEXT,
            "ReaderID": {**_TEXT, "description": "Identifier of the system that read."},
            "ReaderInitials": _TEXT,
            "ReaderInstitutionID": _TEXT,
            "ReaderInstitutionName": _TEXT,
            "ReaderApplicationName": _TEXT,
            "SearchDateTime": _MOMENT,
            "Refrences": {"type": "array", "items": _object({"ReferenceID": {**_TEXT, "description": "The register that was read."}})},
        }
    ),
    "Refusal": _object({"message": _TEXT}),
}  # fmt: skip

_USER = {"type": "string", "pattern": "^[A-Z]{2}[0-9A-Za-z-]{1,30}$", "example": "MN990000000001"}


def description(base_url: str) -> dict[str, Any]:
    """The OpenAPI document of the services that answer under ``base_url``."""
    schema = {name: {"$ref": f"#/components/schemas/{name}"} for name in _SCHEMAS}
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Access ledger",
            "version": "2.0.0",
            "description": "Who has read a person's data in state registers: findUsage of the Estonian data tracker (version 2) and GovStack's MyPersonalDataUsage.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": base_url}],
        "paths": {
            "/v2/findUsage": _operation(
                "findUsage", "Who has read a person's data, newest first.", schema["FindUsageResponse"],
                [
                    _parameter("X-Road-UserId", "header", "The person who asks.", _USER, required=True),
                    _parameter("userCode", "query", "The person whose data were read; the same, for nobody may act for another yet.", _USER, required=True),
                    _parameter("periodStart", "query", "From this moment on.", _MOMENT),
                    _parameter("periodEnd", "query", "Before this moment.", _MOMENT),
                    _parameter("offset", "query", "So many are left out.", {"type": "integer", "format": "int32", "minimum": 0, "default": 0}),
                    _parameter("limit", "query", "At most so many.", {"type": "integer", "format": "int32", "minimum": 1, "maximum": limits.USAGE_MOST, "default": limits.USAGE_LIMIT}),
                ],
            ),
            "/v2/usagePeriod": _operation("usagePeriod", "From when on readings are kept.", schema["UsagePeriodResponse"], []),
            "/v2/heartbeat": _operation("heartbeat", "Whether the ledger can be read.", schema["HeartbeatResponse"], []),
            "/data/MyPersonalDataUsage/1.0": _operation(
                "myPersonalDataUsage", "Who has read a person's data in one register, newest first.", {"type": "array", "items": schema["PersonalDataUsage"]},
                [
                    _parameter("Information-Mediator-Client", "header", "INSTANCE/CLASS/MEMBER/SUBSYSTEM", _TEXT, required=True),
                    _parameter("userID", "query", "The person, with or without country code.", {"type": "string", "pattern": "^([A-Z]{2})?[0-9]{1,30}$"}, required=True),
                    _parameter("DatabaseID", "query", "Code of the register's system.", {"type": "string", "pattern": "^[0-9A-Za-z][0-9A-Za-z_-]{0,60}$"}, required=True),
                ],
            ),
        },
        "components": {"schemas": _SCHEMAS},
    }  # fmt: skip
