"""A life event as one person meets it: its services in order, what they have already, and what one step gives the next."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.services.contracts import LifeEventPage, LifeEventPlace
from toono.services.domain.chains import feeds
from toono.services.models import Document
from toono.services.queries import catalogue, definitions, shelf, shelf_contents
from toono.services.queries.access import citizen


def page(*, code: str, actor: Actor | None) -> LifeEventPage:
    """The event; of the person's documents only with ``actor``."""
    event = shelf_contents.life_event(code)
    on_shelf = shelf.shelf().summaries
    steps = [step for step in event.steps if step.service in on_shelf]
    versions = [definitions.newest(step.service) for step in steps]
    have = _documents(actor, [step.service for step in steps]) if actor else {}
    places = [
        LifeEventPlace(
            service=on_shelf[step.service], text=step.text, effort=catalogue.effort(version.burden), have=have.get(step.service),
            feeds=tuple(later.name for later, _ in versions[n + 1 :] if feeds(definition, later)),
            fed_by=tuple(earlier.name for earlier, _ in versions[:n] if feeds(earlier, definition)),
        )
        for n, (step, (definition, version)) in enumerate(zip(steps, versions, strict=True))
    ]  # fmt: skip
    return LifeEventPage(code=event.code, title=event.title, intro=event.intro, steps=tuple(places))


def _documents(actor: Actor, services: list[str]) -> dict[str, tuple[UUID, datetime | None]]:
    """By service: the person's newest document that is in force."""
    rows = Document.objects.filter(
        person_id=citizen(actor), service__in=services, revoked_at__isnull=True, superseded_at__isnull=True
    ).order_by("issued_at")
    moment = now()
    found = rows.values_list("service", "id", "valid_until")
    return {service: (document_id, until) for service, document_id, until in found if until is None or until > moment}
