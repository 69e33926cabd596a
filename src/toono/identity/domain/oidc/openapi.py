"""The machine endpoints as OpenAPI 3.1: for those who generate clients, and for the tests that generate requests. Names are those of the specifications."""

from __future__ import annotations

from typing import Any

from toono.identity.domain.oidc import credential
from toono.identity.domain.oidc.endpoints import ENDPOINTS
from toono.identity.domain.oidc.registration import FIELDS
from toono.identity.domain.oidc.token import GRANTS

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"
TEXT: Json = {"type": "string"}
_CLIENT = ("client_id", "client_secret", "client_assertion_type", "client_assertion")
_ASKED = (
    "response_type", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "response_mode", "prompt", "max_age", "claims",
    "acr_values", "login_hint", "id_token_hint", "ui_locales", "resource", "authorization_details", "dpop_jkt", "request", *credential.PARAMETERS,
)  # fmt: skip
_ERROR: Json = {
    "type": "object", "required": ["error"], "properties": {"error": TEXT, "error_description": TEXT},
}  # fmt: skip


def _answer(description: str, schema: Json, *, media: str = "application/json") -> Json:
    return {"description": description, "content": {media: {"schema": schema}}}


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _form(*names: str, **enums: list[str]) -> Json:
    properties = {name: ({"type": "string", "enum": enums[name]} if name in enums else TEXT) for name in names}
    return {"required": True, "content": {FORM: {"schema": {"type": "object", "properties": properties, "additionalProperties": TEXT}}}}


_REFUSED = {
    "400": _answer("Refused; `error` says why.", _ERROR),
    "401": _answer("The caller did not prove itself.", _ERROR),
    "405": {"description": "Another method."},
}
_UNSHOWN = _REFUSED | {
    "401": _answer("No living token was shown; where none was, no word of an error (RFC 6750 §3.1).", _ERROR | {"required": []})
}
_ACTIVE: Json = {"type": "object", "required": ["active"], "properties": {"active": {"type": "boolean"}}}
_TOKENS: Json = {
    "type": "object", "required": ["access_token", "token_type", "expires_in"],
    "properties": {
        "access_token": TEXT, "token_type": {"enum": ["Bearer", "DPoP"]}, "expires_in": {"type": "integer"}, "scope": TEXT, "id_token": TEXT,
        "refresh_token": TEXT,
    },
}  # fmt: skip


def _post(summary: str, form: Json, success: Json, *, status: str = "200") -> Json:
    return {"post": {"summary": summary, "requestBody": form, "security": _AUTHENTICATED, "responses": {status: success, **_REFUSED}}}


_AUTHENTICATED: list[Json] = [{}, {"secret": []}]
_userinfo = {
    "summary": "Claims of the person who allowed them (OpenID Connect Core §5.3).", "security": [{"token": []}],
    "responses": {"200": _answer("The claims; a JWT for a client that registered for one.", _object(sub=TEXT)), **_UNSHOWN, "403": _answer("The token is for something else.", _ERROR)},
}  # fmt: skip
_METADATA: Json = {
    "type": "object",
    "properties": {name: {} for name in sorted({*FIELDS, "software_statement"})},
    "additionalProperties": False,
}
_managed_parameter = {"name": "client_id", "in": "path", "required": True, "schema": TEXT}


def _managed() -> Json:
    refused = {code: _REFUSED[code] for code in ("401", "405")} | {"404": {"description": "No such address."}}
    found = _answer("The registration (RFC 7592 §2.1).", {"type": "object"})
    return {
        "parameters": [_managed_parameter],
        "get": {"summary": "A client reads its own registration.", "security": [{"token": []}], "responses": {"200": found, **refused}},
        "delete": {"summary": "A client ends its own registration.", "security": [{"token": []}], "responses": {"204": {"description": "It has ended."}, **refused}},
    }  # fmt: skip


def description(issuer: str) -> Json:
    """The document; ``servers`` names the issuer."""
    at = ENDPOINTS
    document = {"description": "As registered.", "content": {"application/json": {"schema": {"type": "object", "required": ["issuer"]}}}}
    keys = {"type": "object", "required": ["keys"], "properties": {"keys": {"type": "array", "minItems": 1}}}
    ciba = (
        "scope",
        "login_hint",
        "id_token_hint",
        "binding_message",
        "requested_expiry",
        "client_notification_token",
        "authorization_details",
        "resource",
    )
    token = (
        "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "resource", "authorization_details", "device_code", "auth_req_id",
        "subject_token", "subject_token_type",
    )  # fmt: skip
    paths: Json = {
        "/.well-known/openid-configuration": {"get": {"summary": "What the provider offers.", "responses": {"200": document}}},
        at["jwks_uri"]: {"get": {"summary": "Public keys.", "responses": {"200": _answer("Key set.", keys, media="application/jwk-set+json")}}},
        at["token_endpoint"]: _post(
            "Tokens for a grant (RFC 6749 §3.2).", _form(*token, *_CLIENT, grant_type=[*GRANTS, "password"]), _answer("Tokens.", _TOKENS)
        ),
        at["pushed_authorization_request_endpoint"]: _post(
            "Push an authorization request (RFC 9126).", _form(*_ASKED, *_CLIENT), _answer("Kept.", _object(request_uri=TEXT, expires_in={"type": "integer"})),
            status="201",
        ),
        at["introspection_endpoint"]: _post("What a token stands for (RFC 7662).", _form("token", "token_type_hint", *_CLIENT), _answer("Its state.", _ACTIVE)),
        at["revocation_endpoint"]: _post(
            "End a token (RFC 7009).", _form("token", "token_type_hint", *_CLIENT), _answer("It has ended, or never was.", {"type": "object"})
        ),
        at["device_authorization_endpoint"]: _post(
            "Begin a sign-in on a device (RFC 8628).", _form("scope", "resource", "authorization_details", *_CLIENT), _answer("Codes.", _object(device_code=TEXT, user_code=TEXT, verification_uri=TEXT))
        ),
        at["backchannel_authentication_endpoint"]: _post(
            "Ask a person for their approval (CIBA).", _form(*ciba, *_CLIENT), _answer("Asked.", _object(auth_req_id=TEXT, expires_in={"type": "integer"}))
        ),
        at["userinfo_endpoint"]: {"get": _userinfo, "post": _userinfo},
        at["registration_endpoint"]: {
            "post": {
                "summary": "Register under a software statement (RFC 7591).", "requestBody": {"required": True, "content": {"application/json": {"schema": _METADATA}}},
                "responses": {"201": _answer("Registered.", {"type": "object", "required": ["client_id"]}), "400": _REFUSED["400"], "405": _REFUSED["405"]},
            }
        },
        at["registration_endpoint"] + "/{client_id}": _managed(),
        "/oauth2/token": {
            "post": {
                "summary": "A token in the manner of ДАН.", "requestBody": _form("grant_type", "code", "redirect_uri", "client_id", "client_secret"),
                "responses": {"200": _answer("A token.", _object(access_token=TEXT, token_type=TEXT, expires_in={"type": "integer"})), **_REFUSED},
            }
        },
        "/oauth2/api/v1/service": {
            "get": {
                "summary": "The citizen's data, in the manner of ДАН.", "security": [{"token": []}],
                "responses": {"200": _answer("An array in the sequence of the scope.", {"type": "array"}), **_UNSHOWN},
            }
        },
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": "Toono: OpenID Provider, endpoints for machines", "version": "1", "description": "Pages for browsers (`/oidc/authorize`, `/oidc/end-session`, `/oauth2/authorize`) are not listed."},
        "servers": [{"url": issuer}],
        "paths": paths,
        "components": {"securitySchemes": {"secret": {"type": "http", "scheme": "basic"}, "token": {"type": "http", "scheme": "bearer"}}},
    }  # fmt: skip
