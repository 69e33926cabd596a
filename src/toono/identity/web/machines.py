"""The endpoints of the OpenID Provider for machines. No cookie is read; each request proves itself."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from toono.identity import api
from toono.identity.contracts import MachineRequest, ProtocolAnswer
from toono.identity.web.answers import body, open_to_scripts
from toono.kernel.access import allow
from toono.kernel.actor import Role

FORM = "application/x-www-form-urlencoded"


@csrf_exempt
@open_to_scripts
@require_http_methods(["POST"])
@allow(Role.ANYBODY)
def machine(request: HttpRequest) -> HttpResponse:
    """Every endpoint that takes a form: token, pushed requests, introspection, revocation, devices, backchannel authentication."""
    if request.content_type != FORM or request.META["QUERY_STRING"]:
        return answered(ProtocolAnswer(status=400, body={"error": "invalid_request", "error_description": "send a form in the body"}))
    return answered(api.machine_answer(sent=_sent(request, body(request))))


@csrf_exempt
@open_to_scripts
@require_http_methods(["GET", "POST"])
@allow(Role.ANYBODY)
def userinfo(request: HttpRequest) -> HttpResponse:
    """Core §5.3. What it says depends on the token that is shown, and on no cookie."""
    form = body(request) if request.content_type == FORM else ""
    return answered(api.machine_answer(sent=_sent(request, form)))


def _sent(request: HttpRequest, form: str) -> MachineRequest:
    return MachineRequest(
        path=request.path, method=str(request.method), form=form, authorization=request.headers.get("Authorization"), dpop=_proofs(request),
        certificate=request.headers.get("Client-Cert", ""), terminator=request.headers.get("X-Toono-Terminator", ""),
        accept=request.headers.get("Accept", ""),
    )  # fmt: skip


def _proofs(request: HttpRequest) -> tuple[str, ...]:
    """WSGI joins headers of one name by commas; a proof holds none, so two are told from one."""
    found = request.headers.get("DPoP")
    return tuple(part.strip() for part in found.split(",")) if found is not None else ()


def answered(answer: ProtocolAnswer) -> HttpResponse:
    """RFC 6749 §5.1: kept by nobody."""
    headers = {"Cache-Control": "no-store"}
    if answer.text is not None:
        response = HttpResponse(answer.text, status=answer.status, content_type=answer.media_type, headers=headers)
    elif answer.status == 204:
        response = HttpResponse(status=204, headers=headers)
    else:
        response = JsonResponse(answer.body, status=answer.status, headers=headers)
    if answer.authenticate:
        response["WWW-Authenticate"] = answer.authenticate
    if answer.dpop_nonce:
        response["DPoP-Nonce"] = answer.dpop_nonce
    if answer.request_id:
        response["X-Request-Id"] = answer.request_id
    return response


@csrf_exempt
@require_http_methods(["POST"])
@allow(Role.ANYBODY)
def register(request: HttpRequest) -> HttpResponse:
    """Dynamic registration: RFC 7591 §3."""
    if request.content_type != "application/json":
        return answered(ProtocolAnswer(status=400, body={"error": "invalid_client_metadata", "error_description": "send JSON"}))
    return answered(api.register_by_statement(document=request.body))


@csrf_exempt
@require_http_methods(["GET", "DELETE"])
@allow(Role.ANYBODY)
def managed(request: HttpRequest, client_id: str) -> HttpResponse:
    """A client's own registration: RFC 7592 §2."""
    return answered(
        api.managed_client(client_id=client_id, authorization=request.headers.get("Authorization"), remove=request.method == "DELETE")
    )


@csrf_exempt
@require_http_methods(["POST"])
@never_cache
@allow(Role.ANYBODY)
def logout_notice(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """For the platform's worker: the signed notice that it delivers."""
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return HttpResponse(api.logout_notice(delivery_id=delivery_id, shown=shown), content_type="application/logout+jwt")
