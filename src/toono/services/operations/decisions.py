"""Deciding: by an officer of the organisation, by an expert of another, by two officers where the definition says, or by the rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor
from toono.kernel.clock import local, now
from toono.kernel.errors import ToonoError
from toono.services import events
from toono.services.contracts import BulkResult, CaseView, OfficerCase, Outcome, Text
from toono.services.domain import filling, workflow
from toono.services.domain.definition import By, Definition, Notice
from toono.services.domain.workflow import REASON_LIMIT, Transition
from toono.services.errors import AlreadyDecided, FactsMissing, NotAllowedNow, ReasonMissing, SecondOfficerNeeded
from toono.services.models import Case
from toono.services.operations import corrections, desk, jobs, lapsing, telling
from toono.services.operations.facts import note
from toono.services.queries import cases as _cases
from toono.services.queries import definitions, officer_case, rights
from toono.services.queries import facts as _facts

BULK_LIMIT = 50
"""Cases that are decided by one press; each takes some milliseconds."""


def open_case(*, actor: Actor, case_id: UUID) -> OfficerCase:
    """The case on the desk; that it was opened is recorded."""
    case, by = rights.seen_case(actor, case_id)
    audit.record(actor=actor, action="services.open_case", subject=f"case:{case.id}")
    return officer_case.view(actor, case, by)


def decide_case(*, actor: Actor, case_id: UUID, action: str, ground: str | None, reason: str, filled: Mapping[str, str]) -> CaseView:
    """The step, its log, audit, event, message and job in one transaction.

    The row's lock makes two officers who decide at the same moment stand in line: the second finds the case decided. The right to
    act is asked of the database under that lock, so that a right that ended a moment ago decides nothing. Before, and outside any
    transaction, the population register is asked whether the applicant still lives, where the definition reads it.
    """
    rights.seen_case(actor, case_id)
    lapsing.read_again(case_id, actor=actor)
    with transaction.atomic():
        case, by = rights.seen_case(actor, case_id, lock=True)
        definition = definitions.definition(case.service, case.service_version)
        step = workflow.officer_step(definition, case.state, action, ground, _clean(reason), by=by)
        _may(actor, case, by)
        if officer_case.missing(case, definition, _facts.current(case)):
            raise FactsMissing(f"case {case.number} waits for a register")
        kept = filling.read(step.action, filled, local(now()).date())
        if step.action.confirm:
            _propose(case, step, kept, actor)
        else:
            take(case, definition, step, actor=actor, automatic=False, filled=kept)
            jobs.process(case.id)
    return _cases.view(case)


def _clean(reason: str) -> str:
    return "\n".join(line for line in (" ".join(part.split()) for part in reason.splitlines()) if line)


def _may(actor: Actor, case: Case, by: By) -> None:
    if by is By.EXPERT:
        rights.officer(actor)
    else:
        rights.may_work(actor, case)
    if not case.open:
        raise AlreadyDecided(f"case {case.number} has ended")
    if case.proposed is not None:
        raise NotAllowedNow(f"case {case.number} waits for a second officer")
    if case.correcting_since is not None:
        raise NotAllowedNow(f"case {case.number} is being corrected")


def take(
    case: Case, definition: Definition, step: Transition, *, actor: Actor, automatic: bool, filled: Mapping[str, str] | None = None
) -> None:
    """Take a step of the workflow that is no sending and no withdrawing. The caller holds the row's lock."""
    at = now()
    given = case.opinion_organisation if step.action.by is By.EXPERT else None
    case.state, case.work_pending, case.proposed = step.to.name, True, None
    case.filled = case.filled | dict(filled or {})
    if step.outcome is not None:
        case.open, case.outcome, case.decided_at, case.automatic = False, step.outcome.value, at, automatic
        case.action, case.ground, case.reason = step.action.code, step.ground.code if step.ground else None, step.reason
        case.waiting_since = None
        corrections.close(case)
    elif case.on_desk and case.assigned_to is None and not automatic:
        case.assigned_to = actor.person_id
    desk.place(case, definition, at)
    case.save()
    said: dict[str, Any] = {"action": step.action.code, "ground": case.ground, "reason": step.reason, "to": step.to.name}
    note(case, "decided" if step.outcome else "opinion_given" if given else "moved", actor=actor, **said)
    audit.record(
        actor=actor, action="services.give_opinion" if given else "services.decide_case", subject=f"case:{case.id}",
        decision=step.action.code, outcome=case.outcome, ground=case.ground, automatic=automatic,
    )  # fmt: skip
    if step.outcome is not None:
        _tell(case, definition, step)


def _tell(case: Case, definition: Definition, step: Transition) -> None:
    telling.rooms(events.CaseDecided, case)
    if step.outcome is Outcome.REFUSED:
        why = step.ground.text.mn if step.ground else ""
        telling.applicant(case, definition, Notice.REFUSED, reason=" ".join(part for part in (why, step.reason) if part))
    else:
        telling.applicant(case, definition, Notice.GRANTED)


# -- the second pair of eyes ---------------------------------------------------------------------------------------


def _propose(case: Case, step: Transition, filled: Mapping[str, str], actor: Actor) -> None:
    ground = step.ground.code if step.ground else None
    case.proposed = {
        "action": step.action.code, "ground": ground, "reason": step.reason, "filled": dict(filled), "by": str(actor.person_id),
        "at": now().isoformat(),
    }  # fmt: skip
    case.assigned_to = case.assigned_to or actor.person_id
    case.save(update_fields=["proposed", "assigned_to"])
    note(case, "proposed", actor=actor, action=step.action.code, ground=ground)
    audit.record(actor=actor, action="services.propose_decision", subject=f"case:{case.id}", decision=step.action.code, ground=ground)


def confirm_decision(*, actor: Actor, case_id: UUID) -> CaseView:
    """A second officer confirms what another proposed: it takes effect, in the name of the one who confirms."""
    with transaction.atomic():
        case, proposed = _proposal(actor, case_id)
        if proposed["by"] == str(actor.person_id):
            raise SecondOfficerNeeded(f"case {case.number} was proposed by {actor}")
        definition = definitions.definition(case.service, case.service_version)
        step = workflow.officer_step(definition, case.state, proposed["action"], proposed["ground"], proposed["reason"])
        if officer_case.missing(case, definition, _facts.current(case)):
            raise FactsMissing(f"case {case.number} waits for a register")
        note(case, "confirmed", actor=actor, proposed_by=proposed["by"])
        take(case, definition, step, actor=actor, automatic=False, filled=proposed["filled"])
        jobs.process(case.id)
    return _cases.view(case)


def send_back(*, actor: Actor, case_id: UUID, reason: str) -> None:
    """A second officer does not confirm, and says why; or the first takes the proposal back (the reason may then be empty)."""
    with transaction.atomic():
        case, proposed = _proposal(actor, case_id)
        said = _clean(reason)
        if len(said) > REASON_LIMIT or (not said and proposed["by"] != str(actor.person_id)):
            raise ReasonMissing("a proposal is sent back with a reason")
        case.proposed = None
        case.save(update_fields=["proposed"])
        note(case, "sent_back", actor=actor, action=proposed["action"], reason=said)
        audit.record(actor=actor, action="services.send_back_decision", subject=f"case:{case.id}", decision=proposed["action"])


def _proposal(actor: Actor, case_id: UUID) -> tuple[Case, dict[str, Any]]:
    """The case with its proposal, locked; any officer with the function may look at it, whoever has the case."""
    case, by = rights.seen_case(actor, case_id, lock=True)
    rights.may_judge(actor, case)
    if not case.open:
        raise AlreadyDecided(f"case {case.number} has ended")
    if by is not By.OFFICER or case.proposed is None:
        raise NotAllowedNow(f"nothing is proposed for case {case.number}")
    return case, case.proposed


# -- several at once ---------------------------------------------------------------------------------------------


def decide_cases(*, actor: Actor, case_ids: Sequence[UUID], action: str, ground: str | None, reason: str) -> list[BulkResult]:
    """The same decision for several cases of one service, each in its own transaction and with its own result.

    Sent again (a double click, a lost answer), what this officer decided in this way counts as done.
    """
    return [_one_of_many(actor, case_id, action, ground, reason) for case_id in list(dict.fromkeys(case_ids))[:BULK_LIMIT]]


def _one_of_many(actor: Actor, case_id: UUID, action: str, ground: str | None, reason: str) -> BulkResult:
    try:
        case = decide_case(actor=actor, case_id=case_id, action=action, ground=ground, reason=reason, filled={})
        label = case.decision.action_label if case.decision else case.state_label
        return BulkResult(case_id=case_id, number=case.number, done=True, text=label)
    except ToonoError as error:
        row = Case.objects.filter(id=case_id, organisation=actor.organisation).first()
        if row is not None and isinstance(error, AlreadyDecided) and _same(row, actor, action, ground, reason):
            label = definitions.definition(row.service, row.service_version).workflow.state(row.state).label
            return BulkResult(case_id=case_id, number=row.number, done=True, text=label)
        said = Text(mn=f"{error.title_mn}. {error.next_mn}", en=type(error).__doc__ or error.code)
        return BulkResult(case_id=case_id, number=row.number if row else "–", done=False, text=said)


def _same(case: Case, actor: Actor, action: str, ground: str | None, reason: str) -> bool:
    last = case.log.filter(kind="decided").order_by("-id").first()
    mine = last is not None and last.person_id == actor.person_id
    return mine and case.action == action and (case.ground or None) == (ground or None) and case.reason == _clean(reason)
