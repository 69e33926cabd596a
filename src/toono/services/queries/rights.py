"""Who may do what at a desk, asked of the database at the moment of the act: a right that ended a second ago is gone."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from toono.identity import api as identity
from toono.kernel.actor import Actor, Role, system
from toono.kernel.clock import local, now
from toono.kernel.errors import NotAllowed
from toono.services.domain.definition import By, Definition
from toono.services.domain.desk import HEAD, Desk, Member
from toono.services.errors import AssignedToAnother, CaseUnknown, FunctionMissing
from toono.services.models import Case, DeskMember
from toono.services.queries.access import desk


def today() -> date:
    """The day in Ulaanbaatar."""
    return local(now()).date()


def desk_of(organisation: str) -> Desk:
    """The desk of an organisation today: everybody who is its officer now, whether or not they have opened the desk yet."""
    rows = {row.person_id: row for row in DeskMember.objects.filter(organisation=organisation)}
    return Desk(tuple(_member(person_id, rows.get(person_id)) for person_id in identity.officers(organisation=organisation)), today())


def _member(person_id: UUID, row: DeskMember | None) -> Member:
    """Who has not opened the desk has no function, and no leave."""
    if row is None:
        return Member(person_id, frozenset())
    return Member(person_id, frozenset(row.functions), row.away_from, row.away_until, row.substitute_id)


def heads(organisation: str) -> list[UUID]:
    """Officers who keep the desk: with the head's function, or standing in for who has it; everybody where nobody has it."""
    here = desk_of(organisation)
    return [member.person_id for member in here.members if here.holds(member.person_id, HEAD)]


def appointed(person_id: UUID, organisation: str) -> bool:
    """Whether the person is an officer of the organisation now."""
    held = identity.appointments(person_id=person_id)
    return any(one.role is Role.OFFICER and one.organisation == organisation for one in held)


def officer(actor: Actor) -> tuple[str, UUID]:
    """Organisation and person of who acts as its officer, if the appointment stands at this moment.

    :raises NotAllowed: the actor is no officer (any more).
    """
    organisation, person_id = desk(actor), actor.person_id
    if person_id is None or not appointed(person_id, organisation):
        raise NotAllowed(f"{actor} is no officer of {organisation} any more")
    return organisation, person_id


def seen_case(actor: Actor, case_id: UUID, *, lock: bool = False) -> tuple[Case, By]:
    """A sent case that the officer may look at, and as what: of the own organisation, or one whose opinion on it is asked.

    ``lock`` takes the row's lock until the transaction ends (milliseconds; no call over a network is made under it).

    :raises CaseUnknown:
    """
    organisation = desk(actor)
    rows = Case.objects.select_for_update() if lock else Case.objects.all()
    case = rows.filter(id=case_id, submitted_at__isnull=False).first()
    if case is not None and case.organisation == organisation:
        return case, By.OFFICER
    if case is not None and case.open and case.opinion_organisation == organisation:
        return case, By.EXPERT
    raise CaseUnknown(f"no case {case_id} for this actor")


def working_case(actor: Actor, case_id: UUID) -> Case:
    """A case of the own organisation, locked, on which this officer may work now.

    :raises CaseUnknown:
    :raises NotAllowed: the appointment has ended.
    :raises FunctionMissing, AssignedToAnother:
    """
    case, by = seen_case(actor, case_id, lock=True)
    if by is not By.OFFICER:
        raise CaseUnknown(f"no case {case_id} for this actor")
    may_work(actor, case)
    return case


def may_work(actor: Actor, case: Case) -> None:
    """Refuse whoever may not work on the case now. :raises NotAllowed, FunctionMissing, AssignedToAnother:"""
    organisation, person_id = officer(actor)
    here = desk_of(organisation)
    if not here.holds(person_id, case.function):
        raise FunctionMissing(f"case {case.number} is for the function {case.function}", function=case.function)
    if not here.shares(person_id, case.assigned_to) and case.assigned_to and appointed(case.assigned_to, organisation):
        raise AssignedToAnother(f"case {case.number} is on the desk of {case.assigned_to}")


def head(actor: Actor) -> tuple[str, UUID]:
    """Organisation and person of who keeps its desk. :raises NotAllowed: no officer. :raises FunctionMissing: no head of it."""
    organisation, person_id = officer(actor)
    if not desk_of(organisation).holds(person_id, HEAD):
        raise FunctionMissing(f"{actor} is not head of the desk of {organisation}", function=HEAD)
    return organisation, person_id


def name(person_id: UUID | None) -> str:
    """«Д.Оюун», of an officer; empty for nobody."""
    if person_id is None:
        return ""
    person = identity.person(actor=system("services"), person_id=person_id)
    return f"{person.patronymic[:1]}.{person.given_name}" if person.patronymic else person.given_name


def functions(definitions: list[Definition]) -> list[str]:
    """Every function that these definitions name, and the head's."""
    named = {state.function for one in definitions for state in one.workflow.states if state.function}
    return [HEAD, *sorted(named - {HEAD})]


def may_judge(actor: Actor, case: Case) -> None:
    """Refuse whoever may not confirm what a colleague proposed. :raises NotAllowed, FunctionMissing:"""
    organisation, person_id = officer(actor)
    if not desk_of(organisation).holds(person_id, case.function):
        raise FunctionMissing(f"case {case.number} is for the function {case.function}", function=case.function)
