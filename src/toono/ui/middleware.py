"""Around every page: headers that protect, the reader's language, and errors that become pages."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from toono.kernel.settings import settings
from toono.ui.faults import answer

Handler = Callable[[HttpRequest], HttpResponse]

LANGUAGES = ("mn", "en")
LANGUAGE_COOKIE = "language"

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"


class SecurityHeaders:
    """A strict content policy, no framing, no storing of pages of somebody who is signed in."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Content-Security-Policy" not in response:
            response["Content-Security-Policy"] = content_policy(getattr(response, "toono_form_action", ()))
        if settings().secure:
            # Said on every answer: TLS ends before us, so Django cannot see that the request was secure.
            response["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        response.setdefault("X-Frame-Options", "DENY")
        response.setdefault("Permissions-Policy", _PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if "Cache-Control" not in response:
            # A page of nobody in particular may be kept but must be asked for again: language and display are by cookie.
            response["Cache-Control"] = "no-store" if getattr(request, "actors", ()) else "private, no-cache"
        return response


def content_policy(form_targets: tuple[str, ...] = ()) -> str:
    """The Content-Security-Policy of a page whose forms may end at ``form_targets`` besides our own origin."""
    policy = _POLICY | {"form-action": " ".join(["'self'", *form_targets])}
    if settings().secure:
        policy["upgrade-insecure-requests"] = ""
    return "; ".join(f"{name} {value}".strip() for name, value in policy.items())


class Language:
    """Mongolian unless the reader chose otherwise.

    ``Accept-Language`` is not asked: phones here are often sold with an English system to people who read Mongolian.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(LANGUAGE_COOKIE)
        language = chosen if chosen in LANGUAGES else "mn"
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.setdefault("Content-Language", language)
            patch_vary_headers(response, ("Cookie",))
        return response


class Errors:
    """Turns what a view raises into a page or a problem document; what is raised elsewhere comes to ``views`` by ``handler…``."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        return answer(request, exception)
