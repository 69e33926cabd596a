"""Health of the portal's process, for supervisors and load balancers."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from toono.kernel.access import allow
from toono.kernel.actor import Role


@allow(Role.ANYBODY)
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "live"})


@allow(Role.ANYBODY)
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The process can serve: it reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ready"})
