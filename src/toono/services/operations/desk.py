"""Whose work a case is: coming to the desk, taking, giving back, handing over."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from toono.kernel import audit
from toono.kernel.actor import Actor, system
from toono.kernel.calendar import add_working_time
from toono.services.domain.definition import Definition, StateKind
from toono.services.domain.desk import HEAD, Desk, Rule, assignee
from toono.services.errors import AssignedToAnother, DeskRefused, FunctionMissing, NotAllowedNow
from toono.services.models import AssignmentRule, Case, DeskMember
from toono.services.operations.facts import note
from toono.services.queries import rights

ACTOR = system("desk")
_COLUMNS = ["function", "on_desk", "assigned_to", "opinion_organisation", "opinion_due_at", "opinion_reminded_at"]


def arrive(case: Case, definition: Definition, at: datetime) -> None:
    """The case stands in its state from ``at`` on: note whose work it is now, and save that. The caller holds the row's lock."""
    place(case, definition, at)
    case.save(update_fields=_COLUMNS)


def place(case: Case, definition: Definition, at: datetime) -> None:
    """Set whose work the case is by the state in which it stands; saves nothing.

    An officer who has it keeps it as long as they have the function of the state; else the rules choose.
    """
    state = definition.workflow.state(case.state)
    case.function, case.on_desk = state.function or "", case.open and state.kind is StateKind.REVIEW
    opinion = state.opinion if case.open else None
    case.opinion_organisation = opinion.organisation if opinion else None
    case.opinion_due_at = add_working_time(at, timedelta(hours=opinion.working_hours)) if opinion else None
    case.opinion_reminded_at = None
    if case.on_desk:
        _assign(case)


def _assign(case: Case) -> None:
    here = rights.desk_of(case.organisation)
    if case.assigned_to is not None and here.holds(case.assigned_to, case.function):
        return
    rows = AssignmentRule.objects.filter(organisation=case.organisation).order_by("position")
    rules = [Rule(r.service, r.aimag_code, r.function, r.person_id) for r in rows]
    load = _load(here, case.organisation) if rules else {}
    found = assignee(here, rules, load, service=case.service, aimag_code=case.aimag_code, function=case.function)
    if found is not None and not rights.appointed(found, case.organisation):
        found = None
    if found != case.assigned_to:
        case.assigned_to = found
        note(case, "assigned", actor=ACTOR, to=str(found) if found else None)


def _load(here: Desk, organisation: str) -> dict[UUID, int]:
    members = [member.person_id for member in here.members]
    rows = Case.objects.filter(open=True, on_desk=True, organisation=organisation, assigned_to__in=members)
    return {row["assigned_to"]: row["n"] for row in rows.values("assigned_to").annotate(n=Count("id")) if row["assigned_to"]}


def enrol(actor: Actor) -> None:
    """Whoever opens the desk has a place of their own at it from then on, with no function yet."""
    organisation, person_id = rights.officer(actor)
    if not DeskMember.objects.filter(organisation=organisation, person_id=person_id).exists():
        DeskMember.objects.get_or_create(organisation=organisation, person_id=person_id)


def take(*, actor: Actor, case_id: UUID) -> None:
    """The officer takes a case that nobody has. Taking one's own again changes nothing.

    Of two who take at the same moment the row's lock lets one be first; the other is told who has it.
    """
    with transaction.atomic():
        case = _on_desk(actor, case_id)
        if case.assigned_to == actor.person_id:
            return
        if case.assigned_to is not None and not rights.desk_of(case.organisation).shares(_person(actor), case.assigned_to):
            raise AssignedToAnother(f"case {case.number} is on the desk of {case.assigned_to}")
        _give(case, actor, actor.person_id, "taken")


def give_back(*, actor: Actor, case_id: UUID) -> None:
    """The case is nobody's again: by who has it, who stands in, or the head of the desk."""
    with transaction.atomic():
        case = _on_desk(actor, case_id)
        _owner_or_head(actor, case)
        if case.assigned_to is not None:
            _give(case, actor, None, "given_back")


def hand_over(*, actor: Actor, case_id: UUID, to: UUID) -> None:
    """Another officer of the desk gets the case: from who has it or stands in, or by the head; what nobody has, from anybody.

    :raises DeskRefused: the other is no officer here.
    :raises FunctionMissing: the other lacks the function of the state.
    """
    with transaction.atomic():
        case = _on_desk(actor, case_id)
        _owner_or_head(actor, case)
        if not rights.appointed(to, case.organisation):
            raise DeskRefused(f"{to} is no officer of {case.organisation}")
        if not rights.desk_of(case.organisation).holds(to, case.function):
            raise FunctionMissing(f"{to} has not the function {case.function}", function=case.function)
        if case.assigned_to != to:
            _give(case, actor, to, "handed_over")


def _on_desk(actor: Actor, case_id: UUID) -> Case:
    """An open case of the officer's own organisation, locked; who may have it is decided by the caller."""
    organisation, _ = rights.officer(actor)
    case, _by = rights.seen_case(actor, case_id, lock=True)
    if case.organisation != organisation or not case.open:
        raise NotAllowedNow(f"case {case.number} is not on this desk")
    if not rights.desk_of(organisation).holds(_person(actor), case.function):
        raise FunctionMissing(f"case {case.number} is for the function {case.function}", function=case.function)
    return case


def _owner_or_head(actor: Actor, case: Case) -> None:
    here = rights.desk_of(case.organisation)
    if not (here.shares(_person(actor), case.assigned_to) or here.holds(_person(actor), HEAD)):
        raise AssignedToAnother(f"case {case.number} is on the desk of {case.assigned_to}")


def _give(case: Case, actor: Actor, to: UUID | None, kind: str) -> None:
    before = case.assigned_to
    case.assigned_to = to
    case.save(update_fields=["assigned_to"])
    note(case, kind, actor=actor, before=str(before) if before else None, to=str(to) if to else None)
    audit.record(actor=actor, action=f"services.{kind}", subject=f"case:{case.id}", to=str(to) if to else None)


def _person(actor: Actor) -> UUID:
    _, person_id = rights.officer(actor)
    return person_id
