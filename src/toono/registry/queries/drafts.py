"""Drafts: what waits, and what was decided. An approved draft is a version of its entry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from toono.registry import models
from toono.registry.contracts import (
    Agreement,
    Draft,
    DraftKind,
    DraftState,
    Entry,
    ExchangeEntry,
    Organisation,
    ServiceEntry,
    SystemEntry,
)
from toono.registry.domain.identifiers import organisation_of
from toono.registry.domain.persons import OPEN, Proposal, Sides
from toono.registry.errors import DraftNotFound
from toono.registry.queries import entries

_OPEN = [state.value for state in OPEN]


def row(draft_id: UUID) -> models.Draft:
    """:raises DraftNotFound:"""
    found = models.Draft.objects.filter(id=draft_id).first()
    if found is None:
        raise DraftNotFound(f"no draft {draft_id}", draft=str(draft_id))
    return found


def waiting(*, organisation: str | None, limit: int, offset: int = 0) -> tuple[Draft, ...]:
    """Drafts that are not decided, oldest first; of one organisation's agreements, or all."""
    rows = _of(organisation).filter(state__in=_OPEN).order_by("drafted_at", "id")
    return _contracts(rows[offset : offset + limit])


def how_many_wait() -> int:
    return models.Draft.objects.filter(state__in=_OPEN).count()


def in_state(state: DraftState, *, limit: int) -> tuple[Draft, ...]:
    """Drafts that wait (oldest first) or were decided (newest first)."""
    order = "drafted_at" if state in OPEN else "-decided_at"
    return _contracts(models.Draft.objects.filter(state=state.value).order_by(order, "id")[:limit])


def decided(*, organisation: str | None, limit: int, offset: int = 0) -> tuple[Draft, ...]:
    """Drafts that were approved or refused, newest first."""
    rows = _of(organisation).exclude(decided_at=None).order_by("-decided_at", "-id")
    return _contracts(rows[offset : offset + limit])


def versions(kind: DraftKind, subject: str, *, limit: int = 200) -> tuple[Draft, ...]:
    """Each approved change of an entry, newest first."""
    rows = models.Draft.objects.filter(kind=kind.value, subject=subject, state=DraftState.APPROVED.value).order_by("-version")
    return _contracts(rows[:limit])


def next_versions(kind: DraftKind, subjects: Iterable[str]) -> dict[str, int]:
    """For each subject the version that its next approved change will be."""
    every = set(subjects)
    approved = models.Draft.objects.filter(kind=kind.value, subject__in=every, state=DraftState.APPROVED.value)
    last = dict(approved.values("subject").annotate(last=Max("version")).values_list("subject", "last"))
    return {subject: (last.get(subject) or 0) + 1 for subject in every}


def proposal(row: models.Draft) -> Proposal:
    """What the rules on persons ask of a draft."""
    return Proposal(
        state=DraftState(row.state),
        drafted_by=row.drafted_by,
        drafted_for=row.drafted_for or None,
        accepted_by=row.accepted_by,
        sides=Sides(consumer=row.consumer, owner=row.owner) if row.consumer else None,
    )


def proposal_of(draft: Draft) -> Proposal:
    """The same of a draft that was read before."""
    sides = None
    if isinstance(draft.content, Agreement):
        sides = Sides(consumer=organisation_of(draft.content.consumer), owner=organisation_of(draft.content.service))
    return Proposal(
        state=draft.state, drafted_by=draft.drafted_by, drafted_for=draft.drafted_for, accepted_by=draft.accepted_by, sides=sides
    )


def draft_contract(row: models.Draft) -> Draft:
    return _contracts([row])[0]


def _contracts(rows: Iterable[models.Draft]) -> tuple[Draft, ...]:
    """Drafts with what stands beside those that are open, read at once for all of them."""
    every = list(rows)
    standing = entries.standing_many((DraftKind(r.kind), r.subject) for r in every if DraftState(r.state) in OPEN)
    return tuple(_contract(r, standing) for r in every)


def _contract(row: models.Draft, standing: Mapping[tuple[DraftKind, str], Entry]) -> Draft:
    kind, state = DraftKind(row.kind), DraftState(row.state)
    return Draft(
        id=row.id,
        kind=kind,
        subject=row.subject,
        content=entry(kind, row.content),
        remove=row.remove,
        before=standing.get((kind, row.subject)) if state in OPEN else None,
        drafted_by=row.drafted_by,
        drafted_for=row.drafted_for or None,
        drafted_at=row.drafted_at,
        state=state,
        accepted_by=row.accepted_by,
        accepted_at=row.accepted_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        version=row.version,
    )


def entry(kind: DraftKind, content: dict[str, object]) -> Entry:
    """The entry that stands in a draft's JSON."""
    return _SHAPES[kind].model_validate(content)


def digest(entry: Entry | None) -> str:
    """A fingerprint of an entry; empty for none."""
    if entry is None:
        return ""
    canonical = json.dumps(entry.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _of(organisation: str | None) -> QuerySet[models.Draft]:
    if organisation is None:
        return models.Draft.objects.all()
    return models.Draft.objects.filter(Q(consumer=organisation) | Q(owner=organisation))


_SHAPES: dict[DraftKind, type[Organisation] | type[SystemEntry] | type[ServiceEntry] | type[Agreement] | type[ExchangeEntry]] = {
    DraftKind.ORGANISATION: Organisation,
    DraftKind.SYSTEM: SystemEntry,
    DraftKind.SERVICE: ServiceEntry,
    DraftKind.AGREEMENT: Agreement,
    DraftKind.EXCHANGE: ExchangeEntry,
}
