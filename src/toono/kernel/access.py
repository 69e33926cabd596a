"""Every route declares who may call it. A view without a declaration fails the architecture tests and is refused at run time.

The middleware of ``channels`` sets ``request.actors``: every :class:`Actor` that the signed-in person can be.
:func:`allow` picks the one that the route asks for and puts it into ``request.actor``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from toono.kernel.actor import ANYBODY, Actor, Role
from toono.kernel.errors import NotAllowed

View = Callable[..., HttpResponse]
SIGN_IN_PATH = "/sign-in"


class ToonoRequest(HttpRequest):
    """A request as views receive it: with the actor that the route asked for."""

    actor: Actor
    actors: tuple[Actor, ...]


def network_address(request: HttpRequest) -> str | None:
    """The browser's network address; None for this machine itself.

    A proxy on this machine (loopback) is believed when it names the address that it serves: the last in ``X-Forwarded-For``, which
    it added itself. From anywhere else that header is anybody's claim and is ignored.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if peer not in ("127.0.0.1", "::1", ""):
        return peer
    named = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return named or None


def _page_before(request: HttpRequest) -> str:
    """The path of the page that a form stood on, by ``Referer``, which anybody may write as they like."""
    try:
        return urlsplit(request.headers.get("Referer", "")).path or "/"
    except ValueError:
        return "/"


def allow(*roles: Role) -> Callable[[View], View]:
    """Let the view be called by these roles only; ``Role.ANYBODY`` means everybody, signed in or not.

    Somebody who is not signed in is sent to sign in (and back); somebody without the role gets the page of an unknown address.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            actors: tuple[Actor, ...] = getattr(request, "actors", ())
            found = next((a for role in roles for a in actors if a.role == role), None)
            if found is None and Role.ANYBODY in roles:
                found = actors[0] if actors else ANYBODY
            if found is None and not actors:
                back = request.get_full_path() if request.method == "GET" else _page_before(request)
                return HttpResponseRedirect(SIGN_IN_PATH + "?" + urlencode({"next": back}))
            if found is None:
                raise NotAllowed(f"{request.path} is not for {[a.role.value for a in actors]}")
            request.actor = found
            return view(request, *args, **kwargs)

        guarded.toono_access = roles  # type: ignore[attr-defined]
        return guarded

    return declare
