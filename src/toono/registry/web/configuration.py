"""The signed configuration for gateways."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_GET

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.registry import api


def _etag(request: HttpRequest) -> str | None:
    newest = api.publication()
    return f'"{newest.digest}"' if newest else None


@allow(Role.ANYBODY)
@require_GET
@condition(etag_func=_etag)
def configuration(request: ToonoRequest) -> HttpResponse:
    """The newest configuration as compact JWS. It is signed and holds no secret; a gateway asks with ``If-None-Match``."""
    response = HttpResponse(api.published_configuration(), content_type="application/jose")
    response["Cache-Control"] = "no-cache"
    return response
