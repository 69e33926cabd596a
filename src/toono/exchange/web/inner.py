"""What gateways ask of the portal's side: evidence for their clients. A gateway proves itself by the secret ``inner_key``, and has itself proven who its client is.

Answers are those of X-Road's ``/asic`` and ``/verificationconf``, errors in plain text, so that a gateway only passes them on.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps
from urllib.parse import quote

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from toono.exchange import api
from toono.exchange.contracts import Direction
from toono.exchange.errors import AsicClientUnknown, AsicParameterMissing, AsicParametersContradict
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.errors import ToonoError
from toono.kernel.settings import settings

CLIENT_HEADER = "X-Toono-Client"
"""The client that the gateway has authenticated: ``INSTANCE/CLASS/MEMBER/SUBSYSTEM``."""
SECRET = "inner_key"  # noqa: S105 - a name
_IDENTIFIER = ("xRoadInstance", "memberClass", "memberCode")
View = Callable[[ToonoRequest], HttpResponse]


def _plainly(view: View) -> View:
    """For gateways only; what goes wrong is told in plain text, as X-Road does."""

    @wraps(view)
    def guarded(request: ToonoRequest) -> HttpResponse:
        try:
            _check_gateway(request)
            response = view(request)
        except ToonoError as error:
            response = HttpResponse(str(error), content_type="text/plain; charset=utf-8", status=error.status)
        response["Cache-Control"] = "no-store"
        return response

    return guarded


def _check_gateway(request: ToonoRequest) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(key.encode(), settings().secret(SECRET).encode()):
        raise AsicClientUnknown("Only a gateway may ask this.")


@allow(Role.ANYBODY)
@require_GET
@_plainly
def asic(request: ToonoRequest) -> HttpResponse:
    """Signed documents of one message id for one client."""
    client = "/".join([*(_needed(request, name) for name in _IDENTIFIER), *filter(None, [request.GET.get("subsystemCode")])])
    if client != request.headers.get(CLIENT_HEADER):
        raise AsicClientUnknown("The client is another than the one that the question names.")
    message_id, only_request, only_response = _needed(request, "queryId"), "requestOnly" in request.GET, "responseOnly" in request.GET
    if only_request and only_response:
        raise AsicParametersContradict('The parameters "requestOnly" and "responseOnly" exclude each other.')
    found = api.asic(
        client=client,
        message_id=message_id,
        direction=Direction.REQUEST if only_request else Direction.RESPONSE if only_response else None,
        unique="unique" in request.GET,
        force="force" in request.GET,
    )
    return _file(found.content, found.media_type, found.name)


@allow(Role.ANYBODY)
@require_GET
@_plainly
def outcomes(request: ToonoRequest) -> HttpResponse:
    """What became of the calls of one message id of the client that the gateway names."""
    message_id = _needed(request, "queryId")
    found = api.outcomes(client=request.headers.get(CLIENT_HEADER, ""), message_id=message_id)
    return JsonResponse({"message_id": message_id, "calls": [outcome.model_dump(mode="json") for outcome in found]})


@allow(Role.ANYBODY)
@require_GET
@_plainly
def verificationconf(request: ToonoRequest) -> HttpResponse:
    """What a verifier needs: members, authorities, time-stamping units."""
    return _file(api.verification_configuration(), "application/zip", "verificationconf.zip")


def _needed(request: ToonoRequest, name: str) -> str:
    value = request.GET.get(name)
    if value is None:
        raise AsicParameterMissing(f'The parameter "{name}" is missing.', parameter=name)
    return value


def _file(content: bytes, media_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}"
    return response
