"""Who the signed-in person can be, put on every request."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from toono.identity import api as identity
from toono.identity.contracts import Person, SignedIn
from toono.kernel.actor import Actor, Channel, Role
from toono.kernel.clock import now

SESSION_ID, SEEN = "session_id", "seen"
"""Keys in the portal's session: the session at the provider (``sid``), and when the portal's own was last prolonged."""


class Actors:
    """Sets ``request.actors`` (the person as a citizen, and once per appointment) and ``request.person`` (read when first used).

    The portal's session is worth nothing by itself: at each request the provider's session under it must live. So signing out
    anywhere, an administrator's hand, or time ends the portal's at once, and a right that was taken is gone with the next page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = self._signed_in(request)
        request.actors = actors_of(found) if found else ()  # type: ignore[attr-defined]
        request.person = SimpleLazyObject(lambda: _person(request)) if found else None  # type: ignore[attr-defined]
        return self.get_response(request)

    def _signed_in(self, request: HttpRequest) -> SignedIn | None:
        # Without the cookie there is no session to load: pages for everybody ask the database nothing.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        session_id = request.session.get(SESSION_ID)
        if session_id is None:
            return None
        found = identity.signed_in(session_id=UUID(session_id))
        if found is None:
            request.session.flush()
        elif found.touched:
            # Saving moves the expiry of the portal's session, which is as idle as the provider's.
            request.session[SEEN] = int(now().timestamp())
        return found


def actors_of(found: SignedIn) -> tuple[Actor, ...]:
    """First the citizen, then each appointment."""
    base = {"person_id": found.person_id, "session_id": str(found.session_id), "channel": Channel.WEB}
    citizen = Actor(role=Role.CITIZEN, **base)  # type: ignore[arg-type]
    return (citizen, *(Actor(role=a.role, organisation=a.organisation, **base) for a in found.appointments))  # type: ignore[arg-type]


def _person(request: HttpRequest) -> Person:
    citizen: Actor = request.actors[0]  # type: ignore[attr-defined]
    assert citizen.person_id is not None  # noqa: S101 - actors_of gives it
    return identity.person(actor=citizen, person_id=citizen.person_id)
