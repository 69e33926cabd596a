"""What the portal adds to the frame of every page, and the person behind a request."""

from __future__ import annotations

from django.http import HttpRequest

from toono.kernel.actor import Actor, Role
from toono.notifications import api as notifications


def citizen(request: HttpRequest) -> Actor | None:
    """The signed-in person as a citizen; None when nobody is signed in."""
    actors: tuple[Actor, ...] = getattr(request, "actors", ())
    return next((a for a in actors if a.role == Role.CITIZEN), None)


def unread(request: HttpRequest) -> int:
    """How many messages the signed-in person has never opened; asked when a page shows it."""
    actor = citizen(request)
    return notifications.unread(actor=actor) if actor else 0
