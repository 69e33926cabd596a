"""The description of ``/api/validate`` (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_STATUS = {
    "type": "object",
    "required": ["MainIndication", "SubIndication"],
    "properties": {
        "MainIndication": {
            "enum": [f"urn:etsi:019102:mainindication:{name}" for name in ("total-passed", "total-failed", "indeterminate")],
        },
        "SubIndication": {"type": "array", "items": _TEXT, "description": "urn:etsi:019102:subindication:…, none or one"},
        "AssociatedValidationReportData": {"type": "string", "description": "For experts"},
    },
}
_SIGNATURE = {
    "type": "object",
    "required": ["SignatureIdentifier", "SignatureValidationStatus", "Sentence"],
    "properties": {
        "SignatureIdentifier": _TEXT,
        "SignatureValidationStatus": {"$ref": "#/components/schemas/Status"},
        "Sentence": {"type": "string", "description": "The answer in words"},
        "SignerInformation": {"type": ["object", "null"]},
        "SignatureQuality": {"type": "object"},
        "ValidationTimeInfo": {
            "type": "object",
            "properties": {"BestSignatureTime": _MOMENT, "SigningTime": _MOMENT, "TypeOfProof": _TEXT},
        },
        "Trust": {"type": "object", "properties": {"Trusted": {"type": "boolean"}, "Source": _TEXT}},
        "RevocationTime": _MOMENT,
        "Coverage": {"type": "object"},
        "TimeStamps": {"type": "array", "items": {"type": "object"}},
    },
}
_REPORT = {
    "type": "object",
    "required": ["ValidationTime", "Document", "SignatureValidationStatus", "Sentence", "SignatureValidationReport"],
    "properties": {
        "ValidationTime": {"type": "string", "format": "date-time"},
        "Document": {"type": "object"},
        "SignatureValidationStatus": {"$ref": "#/components/schemas/Status"},
        "Sentence": {"type": "string", "description": "The answer in words; Accept-Language chooses mn or en"},
        "SignatureValidationReport": {"type": "array", "items": {"$ref": "#/components/schemas/Signature"}},
        "TimeStamps": {
            "type": "array",
            "items": {"type": "object"},
            "description": "The time-stamp that the file is, if it is nothing else",
        },
    },
}
_PROBLEM = {"description": "RFC 9457", "content": {"application/problem+json": {"schema": {"type": "object"}}}}
_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}

DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Validation of signed files",
        "version": "1",
        "description": "What the signatures of a file are worth (ETSI EN 319 102-1), with the names of TS 119 102-2. Nothing that is sent is kept.",
    },
    "paths": {
        "/api/validate": {
            "post": {
                "operationId": "validate",
                "summary": "Validate the signatures of one file, of 110 MB at most",
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "required": ["file"],
                                "properties": {
                                    "file": {
                                        **_FILE,
                                        "description": "PDF, CAdES, XAdES, ASiC, OpenDocument, JAdES or a time-stamp (RFC 3161)",
                                    },
                                    "signed": {**_FILE, "description": "What a detached signature or a time-stamp was made over"},
                                },
                            }
                        }
                    },
                },
                "responses": {
                    "200": {
                        "description": "The report, also of a damaged or forged file",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Report"}},
                            "application/pdf": {"schema": {"type": "string", "description": "Sealed by the platform"}},
                        },
                    },
                    "400": _PROBLEM,
                    "413": _PROBLEM,
                    "503": _PROBLEM,
                },
            }
        }
    },
    "components": {"schemas": {"Status": _STATUS, "Signature": _SIGNATURE, "Report": _REPORT}},
}
