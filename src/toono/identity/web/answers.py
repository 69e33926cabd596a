"""Pieces of answers that several pages share."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import get_resolver

from toono.identity.domain.oidc import credential, redirection, scripts
from toono.kernel.access import View
from toono.kernel.settings import settings


class SeeOther(HttpResponseRedirect):
    """See Other: after a form the browser must not send it on to the next address (RFC 9700 §4.12). The address was proven before."""

    status_code = 303

    def __init__(self, url: str) -> None:
        own = redirection.own_scheme(url)  # of an app on the person's device (RFC 8252 §7.1)
        self.allowed_schemes = ["http", "https", *([own] if own else [])]
        super().__init__(url)


def redirect(url: str) -> HttpResponseRedirect:
    return SeeOther(url)


def signing_service() -> str:
    """The address of the platform's own signing service, for which pages have a name in words."""
    return settings().base_url + credential.RESOURCE


def body(request: HttpRequest) -> str:
    """The form as sent, undecoded; what is not ASCII cannot be a form and becomes one that no check accepts."""
    return request.body.decode("ascii", errors="replace")


def start_again(request: HttpRequest) -> HttpResponse:
    """The sign-in is over or another browser's: say so and give the way to begin anew."""
    return render(request, "identity/start_again.html", status=400)


def open_to_scripts(view: View) -> View:
    """Let scripts of every site use the view at the addresses that :data:`.scripts.METHODS` names.

    A browser's question before the request is answered here, so that nothing is read for it. What the view raises becomes its answer
    here too: a script that may not read a refusal cannot tell it from a broken line.
    """

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        headers, leave = scripts.offered(request.path), scripts.leave(request.path)
        if not headers:
            return view(request, *args, **kwargs)
        if leave and request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return _without_body(leave)
        try:
            response = view(request, *args, **kwargs)
        except Exception:
            response = get_resolver().resolve_error_handler(500)(request)
        for name, value in headers.items():
            response[name] = value
        return response

    return opened


def _without_body(headers: dict[str, str]) -> HttpResponse:
    response = HttpResponse(status=204, headers=headers)
    del response["Content-Type"]
    return response
