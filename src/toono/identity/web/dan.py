"""ДАН's addresses: ``/oauth2/authorize`` (and the older ``/login``), ``/oauth2/token``, ``/oauth2/api/v1/service``."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable
from json import JSONDecodeError, loads
from urllib.parse import parse_qsl

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from toono.identity import api
from toono.identity.contracts import SignInRequired
from toono.identity.web import cookies
from toono.identity.web.machines import FORM, answered
from toono.identity.web.oidc import next_page
from toono.kernel.access import allow
from toono.kernel.actor import Role

LONGEST = 32768


@require_GET
@never_cache
@allow(Role.ANYBODY)
def authorize(request: HttpRequest) -> HttpResponse:
    browser = cookies.browser(request) or secrets.token_urlsafe(32)
    outcome = api.dan_authorization(query=request.META["QUERY_STRING"], browser=browser)
    response = next_page(request, outcome)
    if isinstance(outcome, SignInRequired):
        cookies.set_browser(response, browser)
    return response


@csrf_exempt
@require_http_methods(["POST"])
@allow(Role.ANYBODY)
def token(request: HttpRequest) -> HttpResponse:
    """A form, a multipart form, or the query with an empty or JSON body: clients of ДАН send any of these."""
    pairs = _pairs(request)
    parameters = None if pairs is None else {name: value for name, value in pairs if value}
    repeated = tuple(name for name, times in Counter(name for name, _ in pairs or ()).items() if times > 1)
    return answered(api.dan_token(parameters=parameters, repeated=repeated, authorization=request.headers.get("Authorization")))


def _pairs(request: HttpRequest) -> list[tuple[str, str]] | None:
    """What was sent, from the address and the body; None when it cannot be read, or is too long."""
    try:
        if len(request.META["QUERY_STRING"]) + int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
            return None
        found = parse_qsl(request.META["QUERY_STRING"], errors="strict", max_num_fields=50)
        if request.content_type == FORM:
            found += parse_qsl(request.body.decode(), errors="strict", max_num_fields=50)
        elif request.content_type == "multipart/form-data":
            found += [(name, str(value)) for name, values in request.POST.lists() for value in values]
        elif request.body.strip() and request.content_type == "application/json":
            found += _members(loads(request.body))
    except (ValueError, JSONDecodeError, RecursionError, MultiPartParserError, SuspiciousOperation):
        return None
    return None if any("\0" in name + value for name, value in found) else found


def _members(found: object) -> Iterable[tuple[str, str]]:
    return [(str(name), value) for name, value in found.items() if isinstance(value, str)] if isinstance(found, dict) else []


@csrf_exempt
@require_http_methods(["GET", "POST"])
@allow(Role.ANYBODY)
def service(request: HttpRequest) -> HttpResponse:
    answer = api.dan_service(authorization=request.headers.get("Authorization"))
    if answer.listed is None:
        return answered(answer)
    return JsonResponse(list(answer.listed), safe=False, headers={"Cache-Control": "no-store"}, json_dumps_params={"ensure_ascii": False})
