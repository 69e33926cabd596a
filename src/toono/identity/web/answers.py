"""Pieces of answers that several pages share."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from toono.identity.domain.oidc import credential
from toono.kernel.settings import settings


class SeeOther(HttpResponseRedirect):
    """See Other: after a form the browser must not send it on to the next address (RFC 9700 §4.12). The address was proven before."""

    status_code = 303


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
