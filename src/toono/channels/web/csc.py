"""The interface of the Cloud Signature Consortium, ``/csc/v2/…``, for clients of the OpenID Provider.

A client shows an access token for the resource ``<portal>/csc/v2`` with the scope ``service``; its person is the holder.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from toono.identity import api as identity
from toono.kernel.access import allow
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.jose import json_object
from toono.kernel.settings import settings
from toono.pki import api as pki

BODY_LIMIT_BYTES = 256 * 1024
SCOPE = "service"


@csrf_exempt
@never_cache
@allow(Role.ANYBODY)
@require_POST
def method(request: HttpRequest, method: str) -> HttpResponse:
    """One method: JSON in, JSON out."""
    body = _body(request)
    if body is None:
        return _refused(400, "invalid_request", "The body must be a JSON object")
    shown = request.headers.get("Authorization", "")
    if shown and not shown.lower().startswith("bearer "):
        return _refused(400, "invalid_request", "Malformed authorization header")
    claims = _claims(shown[7:].strip()) if shown else None
    person_id = UUID(claims["sub"]) if claims else None
    client_id = str(claims["client_id"]) if claims else ""
    status, answer = pki.csc_answer(
        method=method, person_id=person_id, client_id=client_id, client=_client(person_id, client_id), body=body
    )  # fmt: skip
    found = JsonResponse(answer, status=status)
    if status == 401:
        found["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return found


def _body(request: HttpRequest) -> dict[str, Any] | None:
    if request.content_type != "application/json":
        return None
    content = request.read(BODY_LIMIT_BYTES + 1)
    try:
        return json_object(content) if len(content) <= BODY_LIMIT_BYTES else None
    except ValueError:
        return None


def _claims(token: str) -> dict[str, Any] | None:
    """The claims of an access token for this resource (RFC 9068 §4); None for any other text.

    A token that is bound to a key or certificate (``cnf``) is worth nothing as a bearer token, so it is refused.
    """
    try:
        decoded = jwt.decode(token, KeySet.import_key_set(identity.jwks()), algorithms=["ES256"])  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError):
        return None
    found, ends = decoded.claims, decoded.claims.get("exp")
    meant = found.get("aud") == f"{settings().base_url}/csc/v2" and found.get("iss") == settings().base_url
    alive = isinstance(ends, int) and now().timestamp() <= ends
    if (
        decoded.header.get("typ") != "at+jwt"
        or not meant
        or not alive
        or "cnf" in found
        or SCOPE not in str(found.get("scope", "")).split()
    ):
        return None
    return found if _is_person(found.get("sub")) else None


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
