"""The one place where an error becomes a page or a problem document (RFC 9457)."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string

from toono.kernel.errors import NotAllowed, NotFound, ToonoError
from toono.kernel.ids import public_code
from toono.ui.errors import DatabaseAway, RequestNotUnderstood, RequestTooLarge, Unexpected

log = logging.getLogger("toono.faults")
LONGEST_LOGGED = 300
"""Letters of an address or an error in one line of the log."""

MACHINE_PATHS = ("/api/", "/oidc/", "/pki/", "/csc/", "/smart-id/", "/acme/", "/registry/", "/.well-known/")

# First match wins.
_KNOWN: tuple[tuple[tuple[type[BaseException], ...], type[ToonoError]], ...] = (
    ((Http404,), NotFound),
    ((PermissionDenied,), NotAllowed),
    ((RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent), RequestTooLarge),
    ((SuspiciousOperation, BadRequest, MultiPartParserError), RequestNotUnderstood),
    ((OperationalError, InterfaceError), DatabaseAway),
)


def known(exception: BaseException | None) -> ToonoError:
    """The error that a person may read for any exception."""
    if isinstance(exception, ToonoError):
        return exception
    for kinds, error in _KNOWN:
        if isinstance(exception, kinds):
            return error(str(exception))
    return Unexpected(repr(exception))


def for_machine(request: HttpRequest) -> bool:
    """Whether a program asks: it wants JSON, or uses a machine's path and does not ask for a page."""
    accepts = request.headers.get("Accept", "")
    if "text/html" in accepts:
        return False
    return request.path.startswith(MACHINE_PATHS) or "json" in accepts


def answer(request: HttpRequest, exception: BaseException | None) -> HttpResponse:
    """Log the exception under a fresh number and answer with its page or problem document."""
    error = known(exception)
    number = public_code(8)
    number = f"{number[:4]}-{number[4:]}"
    if error.status >= 500:
        log.error("%s %s %s: %s: %s", number, request.method, _one_line(request.path), error.code, _one_line(error), exc_info=exception)
    else:
        log.info("%s %s %s: %s: %s", number, request.method, _one_line(request.path), error.code, _one_line(error))
    response = _problem(request, error, number) if for_machine(request) else _page(request, error, number)
    if error.transient:
        response["Retry-After"] = "30"
    response["Cache-Control"] = "no-store"
    return response


def _one_line(text: object) -> str:
    """As it may stand in the log: what a stranger wrote begins no line of its own, steers no terminal, and is not without end."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in str(text)[:LONGEST_LOGGED])


def _problem(request: HttpRequest, error: ToonoError, number: str) -> HttpResponse:
    meaning = (type(error).__doc__ or "").strip().splitlines()
    problem: dict[str, Any] = {
        "type": f"urn:toono:{error.code}",
        "title": meaning[0] if meaning else error.code,
        "status": error.status,
        "code": error.code,
        "instance": f"urn:toono:fault:{number}",
        "transient": error.transient,
    }
    return JsonResponse(problem, status=error.status, content_type="application/problem+json")


def _page(request: HttpRequest, error: ToonoError, number: str) -> HttpResponse:
    """``frame_only``: the frame asks nobody anything, since the fault may lie in what it would ask."""
    context = {"error": error, "number": number, "frame_only": error.status >= 500 or not hasattr(request, "actors")}
    return HttpResponse(render_to_string("ui/error.html", context, request), status=error.status)
