"""The interface of the Cloud Signature Consortium, ``/csc/v2/…``, for clients of the OpenID Provider.

A client shows an access token for the resource ``<portal>/csc/v2`` with the scope ``service``; its person is the holder. With the scope
``credential`` a token is good for the one authorisation that its person confirmed: as ``SAD``, or in the place of the other token.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from toono.identity import api as identity
from toono.kernel.access import allow
from toono.kernel.actor import Actor, Role
from toono.kernel.jose import json_object
from toono.kernel.settings import settings
from toono.pki import api as pki

BODY_LIMIT_BYTES = 256 * 1024
DOCUMENT_LIMIT_BYTES = 16 * 1024 * 1024
"""Of ``signatures/signDoc``: documents in base64."""
SERVICE, CREDENTIAL = "service", "credential"


@csrf_exempt
@never_cache
@allow(Role.ANYBODY)
@require_POST
def method(request: HttpRequest, method: str) -> HttpResponse:
    """One method: JSON in, JSON out."""
    body = _body(
        request, DOCUMENT_LIMIT_BYTES if method == "signatures/signDoc" and "Authorization" in request.headers else BODY_LIMIT_BYTES
    )
    if body is None:
        return _refused(400, "invalid_request", "The body must be a JSON object")
    shown = request.headers.get("Authorization", "")
    if shown and not shown.lower().startswith("bearer "):
        return _refused(400, "invalid_request", "Malformed authorization header")
    claims = _claims(shown[7:].strip()) if shown else None
    person_id = UUID(claims["sub"]) if claims else None
    client_id = str(claims["client_id"]) if claims else ""
    status, answer = pki.csc_answer(
        method=method, person_id=person_id, client_id=client_id, client=_client(person_id, client_id), body=body,
        service=bool(claims and SERVICE in _scopes(claims)), transaction=_transaction(claims, body.get("SAD")) if claims else None,
    )  # fmt: skip
    found = JsonResponse(answer, status=status)
    if status == 401:
        found["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return found


def _transaction(claims: dict[str, Any], given: object) -> UUID | None:
    """The request that was confirmed for the token in ``SAD``, or where there is none, for the bearer token; None where neither is such a token."""
    if isinstance(given, str):
        other = _claims(given)
        if other is None or (other["sub"], other["client_id"]) != (claims["sub"], claims["client_id"]):
            return None
        claims = other
    details = claims.get("authorization_details", []) if CREDENTIAL in _scopes(claims) else []
    named = [one.get("transaction") for one in details if one.get("type") == CREDENTIAL]
    return UUID(named[0]) if len(named) == 1 else None


def _scopes(claims: dict[str, Any]) -> list[str]:
    return str(claims.get("scope", "")).split()


def _body(request: HttpRequest, limit: int) -> dict[str, Any] | None:
    if request.content_type != "application/json":
        return None
    content = request.read(limit + 1)
    try:
        return json_object(content) if len(content) <= limit else None
    except ValueError:
        return None


def _claims(token: str) -> dict[str, Any] | None:
    """The claims of a living access token for this resource; None for any other text.

    A token that is bound to a key or certificate (``cnf``) is worth nothing as a bearer token, so it is refused.
    """
    found = identity.token_claims(token=token)
    if found is None or found["aud"] != f"{settings().base_url}/csc/v2" or "cnf" in found or not {SERVICE, CREDENTIAL} & {*_scopes(found)}:
        return None
    return found if _is_person(found["sub"]) else None


def _is_person(sub: object) -> bool:
    """Clients that know persons by a name of their own (pairwise), or act for themselves, name nobody here."""
    try:
        return str(UUID(str(sub))) == sub
    except ValueError:
        return False


def _client(person_id: UUID | None, client_id: str) -> str:
    """The name that the person read when they let the client in; that of the registration where nobody was asked."""
    if person_id is None:
        return ""
    known = identity.connections(actor=Actor(role=Role.CITIZEN, person_id=person_id))
    return next((one.client_name_mn for one in known if one.client_id == client_id), client_id)


def _refused(status: int, error: str, description: str) -> HttpResponse:
    return JsonResponse({"error": error, "error_description": description}, status=status)
