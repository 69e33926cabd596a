"""Deciding: by an officer of the organisation, or by the rule."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.services import events
from toono.services.contracts import ActionView, CaseView, OfficerCase, Outcome
from toono.services.domain import workflow
from toono.services.domain.definition import By, Definition, Notice
from toono.services.domain.workflow import Transition
from toono.services.errors import FactsMissing
from toono.services.models import Case
from toono.services.operations import jobs, telling
from toono.services.operations.facts import note
from toono.services.queries import cases as _cases
from toono.services.queries import definitions
from toono.services.queries import facts as _facts
from toono.services.queries.access import desk_case


def officer_case(*, actor: Actor, case_id: UUID) -> OfficerCase:
    """The case on the desk; that it was opened is recorded."""
    case = desk_case(actor, case_id)
    audit.record(actor=actor, action="services.open_case", subject=f"case:{case.id}")
    definition = definitions.definition(case.service, case.service_version)
    have = _facts.current(case)
    complete = all(use.name in have for use in definition.facts)
    possible = workflow.actions(definition, case.state, By.OFFICER) if case.open and complete else []
    return OfficerCase(
        case=_cases.view(case),
        applicant=_facts.applicant(case.number, have),
        actions=tuple(
            ActionView(
                code=action.code, label=action.label, outcome=(result := workflow.outcome(definition, action)),
                needs_ground=result is Outcome.REFUSED, needs_reason=action.needs_reason or result is Outcome.REFUSED,
            )
            for action in possible
        ),
        grounds=definition.grounds if possible else (),
    )  # fmt: skip


def decide_case(*, actor: Actor, case_id: UUID, action: str, ground: str | None, reason: str) -> CaseView:
    """The decision, its log, audit, event, message and job in one transaction.

    The row's lock makes two officers who decide at the same moment stand in line: the second finds the case decided.
    """
    with transaction.atomic():
        case = desk_case(actor, case_id, lock=True)
        definition = definitions.definition(case.service, case.service_version)
        step = workflow.officer_step(definition, case.state, action, ground, reason.strip())
        have = _facts.current(case)
        if any(use.name not in have for use in definition.facts):
            raise FactsMissing(f"case {case.number} waits for a register")
        take(case, definition, step, actor=actor, automatic=False)
        jobs.process(case.id)
    return _cases.view(case)


def take(case: Case, definition: Definition, step: Transition, *, actor: Actor, automatic: bool) -> None:
    """Take a step of the workflow that is no sending and no withdrawing. The caller holds the row's lock."""
    case.state = step.to.name
    case.work_pending = True
    if step.outcome is not None:
        case.open, case.outcome, case.decided_at, case.automatic = False, step.outcome.value, now(), automatic
        case.action, case.ground, case.reason = step.action.code, step.ground.code if step.ground else None, step.reason
        case.waiting_since = None
    case.save()
    note(case, "decided" if step.outcome else "moved", actor=actor, action=step.action.code, ground=case.ground, reason=step.reason)
    audit.record(
        actor=actor, action="services.decide_case", subject=f"case:{case.id}",
        decision=step.action.code, outcome=case.outcome, ground=case.ground, automatic=automatic,
    )  # fmt: skip
    if step.outcome is None:
        return
    telling.rooms(events.CaseDecided, case)
    if step.outcome is Outcome.REFUSED:
        why = step.ground.text.mn if step.ground else ""
        telling.applicant(case, definition, Notice.REFUSED, reason=" ".join(part for part in (why, step.reason) if part))
    else:
        telling.applicant(case, definition, Notice.GRANTED)
