"""Drafts and their approval by a second person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import models as django_models
from django.db import transaction

from toono.kernel import audit, text
from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.registry import models, queries
from toono.registry.contracts import (
    Agreement,
    Draft,
    DraftKind,
    DraftState,
    Entry,
    Organisation,
    ServiceEntry,
    SystemEntry,
)
from toono.registry.domain import rules
from toono.registry.domain.selection import organisation_of
from toono.registry.errors import DraftDecided, DraftNotFound, DraftOutdated
from toono.registry.operations.lock import lock_registry
from toono.registry.operations.publish import publish


def draft_entry(*, actor: Actor, entry: Entry) -> Draft:
    """Propose that ``entry`` stand in the registry. What it names must stand there already."""
    rules.check_administrator(actor)
    rules.check(entry, queries.known())
    with transaction.atomic():
        return queries.draft_contract(_write_draft(actor, entry))


def approve_draft(*, actor: Actor, draft_id: UUID) -> Draft:
    """Let the entry stand, and publish the configuration that holds it, both or neither."""
    with transaction.atomic():
        lock_registry()
        row = _pending(draft_id)
        _take(row, approver=actor)
        publish(actor=actor)
    return queries.draft_contract(row)


def reject_draft(*, actor: Actor, draft_id: UUID, reason: str) -> Draft:
    """Refuse a draft, or take back one's own."""
    rules.check_administrator(actor)
    with transaction.atomic():
        lock_registry()
        row = _pending(draft_id)
        _decide(row, actor, DraftState.REJECTED, reason=text.clean(reason)[:1000])
    return queries.draft_contract(row)


def enter(*, drafted_by: Actor, approved_by: Actor, entry: Entry) -> bool:
    """Draft and approve in one go, for a file that both persons stand for. False if the entry stands so already.

    The caller holds the lock and publishes afterwards.
    """
    if queries.standing(rules.kind_of(entry), rules.subject_of(entry)) == entry:
        return False
    _take(_write_draft(drafted_by, entry), approver=approved_by)
    return True


def _write_draft(actor: Actor, entry: Entry) -> models.Draft:
    person = rules.check_administrator(actor)
    kind, subject = rules.kind_of(entry), rules.subject_of(entry)
    row = models.Draft.objects.create(
        kind=kind.value, subject=subject, content=entry.model_dump(mode="json"),
        base_digest=queries.digest(queries.standing(kind, subject)), drafted_by=person, drafted_at=now(),
    )  # fmt: skip
    audit.record(actor=actor, action=f"registry.draft_{kind}", subject=f"{kind}:{subject}", draft=str(row.id))
    return row


def _pending(draft_id: UUID) -> models.Draft:
    row = models.Draft.objects.filter(id=draft_id).first()
    if row is None:
        raise DraftNotFound(f"no draft {draft_id}", draft=str(draft_id))
    if row.state != DraftState.PENDING.value:
        raise DraftDecided(f"draft {draft_id} is {row.state}", draft=str(draft_id))
    return row


def _take(row: models.Draft, *, approver: Actor) -> None:
    """Check a draft by the rules of now and let its entry stand."""
    rules.check_two_persons(drafted_by=row.drafted_by, approver=approver)
    kind = DraftKind(row.kind)
    if queries.digest(queries.standing(kind, row.subject)) != row.base_digest:
        raise DraftOutdated(f"{kind} {row.subject} changed after draft {row.id}", draft=str(row.id))
    entry = queries.entry(kind, row.content)
    rules.check(entry, queries.known())
    _write_entry(entry)
    _decide(row, approver, DraftState.APPROVED)


def _decide(row: models.Draft, actor: Actor, state: DraftState, reason: str = "") -> None:
    row.state, row.decided_by, row.decided_at, row.reason = state.value, actor.person_id, now(), reason
    row.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    verb = "approve" if state is DraftState.APPROVED else "reject"
    audit.record(
        actor=actor, action=f"registry.{verb}_{row.kind}", subject=f"{row.kind}:{row.subject}",
        draft=str(row.id), drafted_by=str(row.drafted_by),
    )  # fmt: skip


def _write_entry(entry: Entry) -> None:
    table, key, values = _row(entry)
    table._default_manager.update_or_create(pk=key, defaults=values)


def _row(entry: Entry) -> tuple[type[django_models.Model], str, dict[str, Any]]:
    values: dict[str, Any] = entry.model_dump(mode="json")
    match entry:
        case Organisation():
            return models.Organisation, values.pop("code"), values | {"sort_key": text.sort_key(entry.name_mn)}
        case SystemEntry():
            return models.System, values.pop("id"), values | {"organisation_id": organisation_of(entry.id)}
        case ServiceEntry():
            return models.Service, values.pop("id"), values | {"system_id": entry.id.rpartition("/")[0]}
        case Agreement():
            sides = {"consumer_id": values.pop("consumer"), "service_id": values.pop("service")}
            times = {"valid_from": entry.valid_from, "valid_until": entry.valid_until}
            return models.Agreement, values.pop("id"), values | sides | times
