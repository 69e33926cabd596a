"""Drafts, their acceptance and approval by others. Who may do what stands in ``domain/persons.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from toono.kernel import audit, outbox, text
from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.registry import models
from toono.registry.contracts import Agreement, Change, Draft, DraftKind, DraftState, Entry
from toono.registry.domain import persons, rules
from toono.registry.domain.identifiers import organisation_of
from toono.registry.domain.persons import OPEN, Sides
from toono.registry.errors import DraftDecided, DraftOutdated
from toono.registry.events import AgreementDecided, AgreementDrafted
from toono.registry.operations import tables
from toono.registry.operations.lock import lock_registry
from toono.registry.operations.publish import publish
from toono.registry.queries import drafts as queries
from toono.registry.queries import entries

LONGEST_REASON = 1000


def draft_entry(*, actor: Actor, entry: Entry) -> Draft:
    """Propose that ``entry`` stand in the registry. What it names must stand there already."""
    sides = _sides(entry)
    drafted_for = persons.check_may_draft(actor, sides)
    rules.check(entry, entries.known(entry))
    before = entries.standing(rules.kind_of(entry), rules.subject_of(entry))
    if drafted_for is not None and before is not None:
        # A representative changes what is their own: another's agreement cannot be taken over by its name.
        persons.check_may_draft(actor, _sides(before))
    return _propose(actor, entry, before, remove=False, drafted_for=drafted_for)


def draft_removal(*, actor: Actor, kind: DraftKind, subject: str) -> Draft:
    """Propose that an entry go: an agreement ends, anything else must be needed by nothing."""
    entry = entries.found(kind, subject)
    drafted_for = persons.check_may_draft(actor, _sides(entry))
    rules.check_removal(entry, entries.dependants(kind, subject, now()))
    return _propose(actor, entry, entry, remove=True, drafted_for=drafted_for)


def draft_change(*, actor: Actor, change: Change) -> Draft:
    """Propose one change of a file that was checked as a whole: an entry may name one that is only proposed with it."""
    persons.check_administrator(actor)
    entry = change.after or change.before
    if entry is None:
        raise ValueError("a change is of something")
    return _propose(actor, entry, change.before, remove=change.after is None, drafted_for=None)


def accept_draft(*, actor: Actor, draft_id: UUID) -> Draft:
    """The owner lets the consumer have what it proposed; an administrator countersigns."""
    with transaction.atomic():
        lock_registry()
        row = _open(draft_id)
        row.accepted_by = persons.check_may_accept(actor, queries.proposal(row))
        row.accepted_at, row.state = now(), DraftState.ACCEPTED.value
        _check_still_fits(row)
        row.save(update_fields=["state", "accepted_by", "accepted_at"])
        _record(actor, "accept", row)
        _tell_decided(row)
    return queries.draft_contract(row)


def approve_draft(*, actor: Actor, draft_id: UUID) -> Draft:
    """Let the entry stand, and publish the configuration that holds it, both or neither."""
    with transaction.atomic():
        lock_registry()
        row = _open(draft_id)
        persons.check_may_approve(actor, queries.proposal(row))
        _take(row, approver=actor)
        publish(actor=actor)
    return queries.draft_contract(row)


def reject_draft(*, actor: Actor, draft_id: UUID, reason: str) -> Draft:
    """Refuse a draft, or take back one's own."""
    said = text.clean(reason)[:LONGEST_REASON]
    with transaction.atomic():
        lock_registry()
        row = _open(draft_id)
        persons.check_may_reject(actor, queries.proposal(row), said)
        row.reason = said
        _decide(row, actor, DraftState.REJECTED)
    return queries.draft_contract(row)


def enter(*, drafted_by: Actor, approved_by: Actor, changes: Sequence[Change]) -> None:
    """Draft and approve in one go, for a file that two administrators stand for.

    The caller has checked the persons and the changes, holds the lock, and publishes afterwards.
    """
    moment = now()
    rows = _entered(changes, drafted_by, approved_by, moment)
    models.Draft.objects.bulk_create(rows, batch_size=500)
    tables.write([_counted(change, row) for change, row in zip(changes, rows, strict=True)], moment)
    for row in rows:
        _record(drafted_by, "draft", row)
        _record(approved_by, "approve", row)


def _entered(changes: Sequence[Change], drafted_by: Actor, approved_by: Actor, moment: datetime) -> list[models.Draft]:
    subjects: dict[DraftKind, list[str]] = {}
    for change in changes:
        subjects.setdefault(change.kind, []).append(change.subject)
    versions = {kind: queries.next_versions(kind, names) for kind, names in subjects.items()}
    return [
        _draft_row(
            drafted_by, change.after or change.before, change.before, remove=change.after is None, drafted_for=None, moment=moment,
            version=versions[change.kind][change.subject], approved_by=approved_by,
        )
        for change in changes
    ]  # fmt: skip


def _counted(change: Change, row: models.Draft) -> Change:
    """The change with the version of its draft in the agreement."""
    if not isinstance(change.after, Agreement) or row.version is None:
        return change
    return change.model_copy(update={"after": change.after.model_copy(update={"version": row.version})})


def _draft_row(
    drafted_by: Actor, entry: Entry | None, before: Entry | None, *, remove: bool, drafted_for: str | None,
    moment: datetime, version: int, approved_by: Actor | None = None,
) -> models.Draft:  # fmt: skip
    """A new row: pending, or approved at once where the approver is known. The version in an agreement's content is the one it will be."""
    if entry is None:
        raise ValueError("a change is of something")
    if isinstance(entry, Agreement) and not remove:
        entry = entry.model_copy(update={"version": version})
    sides = _sides(entry)
    row = models.Draft(
        kind=rules.kind_of(entry).value, subject=rules.subject_of(entry), content=entry.model_dump(mode="json"),
        base_digest=queries.digest(before), remove=remove, drafted_by=persons.person_of(drafted_by), drafted_for=drafted_for or "",
        drafted_at=moment, consumer=sides.consumer if sides else "", owner=sides.owner if sides else "",
    )  # fmt: skip
    if approved_by is not None:
        row.state, row.decided_by, row.decided_at, row.version = DraftState.APPROVED.value, approved_by.person_id, moment, version
    return row


def _propose(actor: Actor, entry: Entry, before: Entry | None, *, remove: bool, drafted_for: str | None) -> Draft:
    kind, subject = rules.kind_of(entry), rules.subject_of(entry)
    with transaction.atomic():
        version = queries.next_versions(kind, [subject])[subject]
        row = _draft_row(actor, entry, before, remove=remove, drafted_for=drafted_for, moment=now(), version=version)
        row.save(force_insert=True)
        _record(actor, "draft", row)
        if drafted_for is not None:
            outbox.publish(
                AgreementDrafted(
                    draft_id=row.id,
                    agreement=subject,
                    consumer_organisation=row.consumer,
                    owner_organisation=row.owner,
                    service=row.content["service"],
                )
            )
    return queries.draft_contract(row)


def _open(draft_id: UUID) -> models.Draft:
    row = queries.row(draft_id)
    if DraftState(row.state) not in OPEN:
        raise DraftDecided(f"draft {draft_id} is {row.state}", draft=str(draft_id))
    return row


def _check_still_fits(row: models.Draft) -> Entry:
    """The proposed entry, checked by the rules of now.

    :raises DraftOutdated: what stands is no longer what the drafter saw.
    :raises EntryRefused: it contradicts what stands now.
    """
    kind = DraftKind(row.kind)
    if queries.digest(entries.standing(kind, row.subject)) != row.base_digest:
        raise DraftOutdated(f"{kind} {row.subject} changed after draft {row.id}", draft=str(row.id))
    entry = queries.entry(kind, row.content)
    if row.remove:
        rules.check_removal(entry, entries.dependants(kind, row.subject, now()))
    else:
        rules.check(entry, entries.known(entry))
    return entry


def _take(row: models.Draft, *, approver: Actor) -> None:
    """Check a draft by the rules of now and let its entry stand, or go, as the next version."""
    entry, kind = _check_still_fits(row), DraftKind(row.kind)
    row.version = queries.next_versions(kind, [row.subject])[row.subject]
    change = _counted(Change(kind=kind, subject=row.subject, before=None, after=None if row.remove else entry), row)
    if change.after is not None:
        row.content = change.after.model_dump(mode="json")
    tables.write([change], now())
    _decide(row, approver, DraftState.APPROVED)


def _decide(row: models.Draft, actor: Actor, state: DraftState) -> None:
    row.state, row.decided_by, row.decided_at = state.value, actor.person_id, now()
    row.save(update_fields=["state", "decided_by", "decided_at", "reason", "version", "content"])
    _record(actor, "approve" if state is DraftState.APPROVED else "reject", row)
    _tell_decided(row)


def _record(actor: Actor, verb: str, row: models.Draft) -> None:
    details: dict[str, object] = {"draft": str(row.id)}
    if verb != "draft":
        details["drafted_by"] = str(row.drafted_by)
    if verb == "approve" and row.accepted_by is not None:
        details["accepted_by"] = str(row.accepted_by)
    if row.remove:
        details["remove"] = True
    audit.record(actor=actor, action=f"registry.{verb}_{row.kind}", subject=f"{row.kind}:{row.subject}", **details)


def _tell_decided(row: models.Draft) -> None:
    if row.kind == DraftKind.AGREEMENT.value:
        outbox.publish(
            AgreementDecided(
                draft_id=row.id, agreement=row.subject, consumer_organisation=row.consumer, owner_organisation=row.owner,
                service=row.content["service"], state=DraftState(row.state), drafted_by=row.drafted_by, remove=row.remove, version=row.version,
            )
        )  # fmt: skip


def _sides(entry: Entry) -> Sides | None:
    """The two organisations of an agreement."""
    if not isinstance(entry, Agreement):
        return None
    try:
        return Sides(consumer=organisation_of(entry.consumer), owner=organisation_of(entry.service))
    except IndexError:
        return None  # no identifiers; the rules will say so
