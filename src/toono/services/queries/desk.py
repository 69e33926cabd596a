"""The officer's worklist."""

from __future__ import annotations

from collections import defaultdict

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.services.contracts import WorkItem
from toono.services.domain import terms
from toono.services.domain.definition import StateKind
from toono.services.models import Case, Fact
from toono.services.queries import definitions, facts
from toono.services.queries.access import desk

LIMIT = 500


def worklist(*, actor: Actor) -> list[WorkItem]:
    rows = list(Case.objects.filter(organisation=desk(actor), open=True, submitted_at__isnull=False).order_by("due_at", "id")[:LIMIT])
    known: dict[object, dict[str, Fact]] = defaultdict(dict)
    for fact in Fact.objects.filter(case__in=[row.id for row in rows], retired_at__isnull=True):
        known[fact.case_id][fact.name] = fact
    return [item for row in rows if (item := _item(row, known[row.id]))]


def _item(row: Case, have: dict[str, Fact]) -> WorkItem | None:
    definition = definitions.definition(row.service, row.service_version)
    state = definition.workflow.state(row.state)
    if state.kind is not StateKind.REVIEW or row.submitted_at is None or row.due_at is None:
        return None
    at = now()
    return WorkItem(
        case_id=row.id,
        number=row.number,
        service=row.service,
        service_name=definition.name,
        applicant=facts.applicant(row.number, have),
        state_label=state.label,
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        left_minutes=terms.left(row.due_at, at),
        overdue=at > row.due_at,
        facts_complete=all(use.name in have for use in definition.facts),
    )
