"""Pages that belong to no room: language, display, accessibility, and what Django calls when something went wrong."""

from __future__ import annotations

import sys
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from toono.kernel.access import allow
from toono.kernel.actor import Role
from toono.kernel.clock import now
from toono.kernel.errors import NotFound
from toono.kernel.settings import settings
from toono.ui.api import static
from toono.ui.errors import FormExpired
from toono.ui.faults import answer
from toono.ui.jinja import TEXT_SIZES, display
from toono.ui.middleware import LANGUAGE_COOKIE, LANGUAGES

_YEAR_SECONDS = 31_536_000


def _way_back(request: HttpRequest, given: str | None) -> str:
    """The page the reader came from, if it is ours."""
    if given and url_has_allowed_host_and_scheme(given, allowed_hosts={request.get_host()}, require_https=settings().secure):
        return given
    return "/"


def _keep(response: HttpResponse, name: str, value: str) -> HttpResponse:
    response.set_cookie(name, value, max_age=_YEAR_SECONDS, secure=settings().secure, httponly=True, samesite="Lax")
    return response


@allow(Role.ANYBODY)
@require_safe
def language(request: HttpRequest, code: str) -> HttpResponse:
    """Keep the reader's language and lead back. A plain link, so that it works from anywhere; it changes nothing else."""
    if code not in LANGUAGES:
        raise NotFound(f"no language {code}")
    return _keep(HttpResponseRedirect(_way_back(request, request.GET.get("next"))), LANGUAGE_COOKIE, code)


@allow(Role.ANYBODY)
def preferences(request: HttpRequest) -> HttpResponse:
    """Text size and contrast, kept in a cookie by the server."""
    back = _way_back(request, request.POST.get("next") or request.GET.get("next"))
    if request.method == "POST":
        size = request.POST.get("text_size", "")
        contrast = "high" if request.POST.get("contrast") == "high" else "normal"
        return _keep(HttpResponseRedirect(back), "display", f"{size if size in TEXT_SIZES else '100'}.{contrast}")
    size, high_contrast = display(request)
    return render(request, "ui/preferences.html", {"text_size": size, "high_contrast": high_contrast, "back": back})


@allow(Role.ANYBODY)
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement."""
    return render(request, "ui/accessibility.html", {"today": now()})


@allow(Role.ANYBODY)
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For whoever asks by the old fixed name."""
    response = HttpResponseRedirect(static("favicon.svg"))
    response["Cache-Control"] = "public, max-age=86400"
    return response


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """``CSRF_FAILURE_VIEW``."""
    return answer(request, FormExpired(reason))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler400``"""
    return answer(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler403``"""
    return answer(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler404``"""
    return answer(request, exception)


def server_error(request: HttpRequest, *_: Any) -> HttpResponse:
    """``handler500``: what was raised outside a view (a middleware, the routing)."""
    return answer(request, sys.exc_info()[1])
