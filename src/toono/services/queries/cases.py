"""Cases as their owners see them: where they stand, what happened, what is next and by when."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.money import Money
from toono.services.adapters import organisations
from toono.services.contracts import (
    Applicant,
    CaseSummary,
    CaseView,
    DecisionView,
    DisputeView,
    Outcome,
    Text,
)
from toono.services.domain.definition import Definition
from toono.services.models import Case, CaseLog, CaseMessage, Document, Fact, FactDispute
from toono.services.queries import answers, clock, corrections, definitions, documents, facts, form, grounds, next_steps, phases, timeline
from toono.services.queries.access import citizen, own_case


def case(*, actor: Actor, case_id: UUID) -> CaseView:
    return view(own_case(actor, case_id))


def cases(*, actor: Actor) -> list[CaseSummary]:
    person_id = citizen(actor)
    rows = (
        Case.objects.filter(person_id=person_id)
        .exclude(submitted_at__isnull=True, open=False)
        .annotate(unread=Count("messages", filter=_UNREAD))
        .order_by("-created_at")
        .defer("answers")
    )
    made = dict(Document.objects.filter(case__person_id=person_id, superseded_at__isnull=True).values_list("case_id", "id"))
    return [_summary(row, made.get(row.id)) for row in rows]


_UNREAD = Q(messages__role=Role.OFFICER.value, messages__read_at__isnull=True)


def _summary(row: Case, document_id: UUID | None) -> CaseSummary:
    definition = definitions.definition(row.service, row.service_version)
    phase = phases.phase(row, definition)
    return CaseSummary(
        id=row.id, number=row.number, service=row.service, service_name=definition.name,
        organisation_name=organisations.name(row.organisation), state_label=phases.label(row, definition),
        phase=phase, created_at=row.created_at,
        submitted_at=row.submitted_at, due_at=row.due_at, decided_at=row.decided_at,
        outcome=Outcome(row.outcome) if row.outcome else None, document_id=document_id,
        applicant_name=row.subject_name, unread_messages=getattr(row, "unread", 0), expires_at=expires_at(row, definition), overdue=clock.overdue(row, phase, now()),
    )  # fmt: skip


def view(row: Case) -> CaseView:
    """Everything about a case."""
    definition = definitions.definition(row.service, row.service_version)
    have = facts.current(row)
    document = documents.of_case(row.id) if row.outcome == Outcome.GRANTED else None
    draft = row.submitted_at is None and row.open
    phase, correction = phases.phase(row, definition), corrections.view(row, definition)
    decision, known = _decision(row, definition), facts.views(definition, have)
    lines = answers.lines(row, definition, have)
    stop = form.stop(row, definition, have) if draft else None
    return CaseView(
        id=row.id,
        number=row.number,
        service=row.service,
        service_version=row.service_version,
        service_name=definition.name,
        organisation=row.organisation,
        organisation_name=organisations.name(row.organisation),
        channel=row.channel,
        aimag_code=row.aimag_code,
        state=row.state,
        state_label=phases.label(row, definition),
        phase=phase,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        decided_at=row.decided_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
        decision=decision,
        term=clock.view(row, definition, now()),
        facts=known,
        answers=grounds.beside(row, lines) if draft else lines,
        timeline=timeline.timeline(row, definition, decision, document, known),
        next=next_steps.next_step(row, definition, phase, document=document, stop=stop, correction=correction),
        document=document,
        may_withdraw=row.open,
        applicant=Applicant(row.applicant),
        applicant_name=row.subject_name,
        applicant_basis=row.subject_basis,
        stop=stop,
        correction=correction,
        disputes=_disputes(row),
        unread_messages=CaseMessage.objects.filter(case=row, role=Role.OFFICER.value, read_at__isnull=True).count(),
        tracking_code=row.tracking_code,
        fee=Money(amount_mungu=row.fee_mungu),
        paid_at=row.paid_at,
        changed=_changed(row) if row.open else (),
        may_copy=not row.open and row.submitted_at is not None and row.emptied_at is None,
        differs_since=row.differs_since,
        expires_at=expires_at(row, definition),
    )


def expires_at(row: Case, definition: Definition) -> datetime | None:
    """When a draft is removed; None for what was sent."""
    if row.submitted_at is not None or not row.open:
        return None
    return row.created_at + timedelta(days=definition.retention.drafts_days)


def _changed(row: Case) -> tuple[Text, ...]:
    moved = CaseLog.objects.filter(case=row, kind="migrated").order_by("-id").first()
    return tuple(Text(**change) for change in moved.data.get("changes", [])) if moved else ()


def _disputes(row: Case) -> tuple[DisputeView, ...]:
    found = FactDispute.objects.filter(case=row).select_related("fact").order_by("at")
    return tuple(DisputeView(fact=d.fact.name, field=d.field, label=disputed_label(d.fact, d.field), text=d.text, at=d.at) for d in found)


def disputed_label(fact: Fact, field: str) -> Text:
    """Words for a field of a fact; the fact's own where the whole of it is meant."""
    return next((Text(**line["label"]) for line in fact.value if line["name"] == field), Text(**fact.title))


def _decision(row: Case, definition: Definition) -> DecisionView | None:
    if row.decided_at is None or row.outcome not in {Outcome.GRANTED, Outcome.REFUSED}:
        return None
    action = definition.workflow.action(row.action or "")
    return DecisionView(
        outcome=Outcome(row.outcome),
        at=row.decided_at,
        automatic=row.automatic,
        action_label=action.label if action else definition.workflow.state(row.state).label,
        ground=definition.ground(row.ground) if row.ground else None,
        reason=row.reason,
        appeal=definition.appeal if row.outcome == Outcome.REFUSED else None,
    )
