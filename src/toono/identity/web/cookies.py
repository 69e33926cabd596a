"""The provider's two cookies: the session, and the mark by which a sign-in on its way is bound to its browser."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from toono.kernel.settings import settings


def _name(kind: str) -> str:
    """``__Host-`` (RFC 6265bis §4.1.3.2) wherever there is TLS: no other host can have set the cookie."""
    return f"__Host-{kind}" if settings().secure else kind.replace("-", "_")


def session_token(request: HttpRequest) -> str | None:
    return request.COOKIES.get(_name("identity-session"))


def browser(request: HttpRequest) -> str | None:
    return request.COOKIES.get(_name("identity-browser"))


def _set(response: HttpResponse, kind: str, value: str) -> None:
    response.set_cookie(_name(kind), value, httponly=True, secure=settings().secure, samesite="Lax", path="/")


def set_session_token(response: HttpResponse, value: str) -> None:
    _set(response, "identity-session", value)


def set_browser(response: HttpResponse, value: str) -> None:
    _set(response, "identity-browser", value)


def forget_session(response: HttpResponse) -> None:
    response.delete_cookie(_name("identity-session"), path="/", samesite="Lax")
