"""The officer's lists: each is one range of one index (see the indexes of ``Case``), read a page at a time by key, never by offset."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Q, QuerySet

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.services.contracts import ActionView, DeskSettings, Ground, MemberView, RuleView, Shelf, Text, WorkItem, WorkPage
from toono.services.domain import terms, workflow
from toono.services.domain.definition import By, Definition, StateKind
from toono.services.domain.desk import HEAD, Desk, Member
from toono.services.models import ON_DESK, WAITING, AssignmentRule, Case, Fact
from toono.services.queries import definitions, facts, officer_case, phases, rights

PAGE = 50
COUNT_LIMIT = 100
"""Beyond this the page says «99+»: a count of everything would grow with the register of cases."""
_COLUMNS = (
    "id", "number", "service", "service_version", "organisation", "state", "open", "submitted_at", "due_at", "opinion_due_at", "assigned_to",
    "function", "proposed", "correcting_since", "waiting_since", "subject_name", "outcome", "fee_mungu", "paid_at",
)  # fmt: skip


def work(actor: Actor, *, shelf: Shelf, service: str, function: str, after: str, limit: int) -> WorkPage:
    """One page of a list."""
    organisation, person_id = rights.officer(actor)
    here, at = rights.desk_of(organisation), now()
    key = "opinion_due_at" if shelf is Shelf.OPINIONS else "due_at"
    rows = _shelf(shelf, organisation, here, person_id, at)
    if service:
        rows = rows.filter(service=service)
    if function:
        rows = rows.filter(function=function)
    found = list(_after(rows, key, after).order_by(key, "id").only(*_COLUMNS)[: limit + 1])
    shown = found[:limit]
    offered = _services(organisation)
    return WorkPage(
        shelf=shelf,
        items=_items(shown, key, here, person_id, at),
        after=f"{getattr(shown[-1], key).isoformat()}~{shown[-1].id}" if len(found) > limit else "",
        counts={one: _shelf(one, organisation, here, person_id, at).values("id")[:COUNT_LIMIT].count() for one in Shelf},
        count_limit=COUNT_LIMIT,
        services=tuple((d.code, d.name) for d in offered),
        functions=tuple(functions(organisation)),
        actions=_bulk(offered, service, shelf),
        grounds=_grounds(offered, service),
    )


def _shelf(shelf: Shelf, organisation: str, here: Desk, person_id: UUID, at: datetime) -> QuerySet[Case]:
    """The cases of a list. Conditions are written as the indexes have them, so that the database finds the index."""
    if shelf is Shelf.OPINIONS:
        return Case.objects.filter(opinion_organisation=organisation, open=True)
    own = Case.objects.filter(organisation=organisation)
    if shelf is Shelf.WAITING:
        return own.filter(WAITING)
    if shelf is Shelf.MINE:
        return own.filter(ON_DESK, assigned_to__in=[person_id, *sorted(here.stands_in_for(person_id))])
    more = {Shelf.UNASSIGNED: Q(assigned_to__isnull=True), Shelf.LATE: Q(due_at__lt=at), Shelf.CONFIRM: Q(proposed__isnull=False)}
    return own.filter(ON_DESK, more.get(shelf, Q()))


def _after(rows: QuerySet[Case], key: str, after: str) -> QuerySet[Case]:
    """What comes after the last line of the page before; whatever is no such mark begins at the beginning."""
    moment, _, last = after.partition("~")
    try:
        when, case_id = datetime.fromisoformat(moment), UUID(last)
    except ValueError:
        return rows
    if when.tzinfo is None:
        return rows
    return rows.filter(Q(**{f"{key}__gte": when}) & (Q(**{f"{key}__gt": when}) | Q(id__gt=case_id)))


def _items(rows: list[Case], key: str, here: Desk, person_id: UUID, at: datetime) -> tuple[WorkItem, ...]:
    read: dict[UUID, set[str]] = defaultdict(set)
    persons: dict[UUID, Fact] = {}
    known = Fact.objects.filter(case__in=[row.id for row in rows], retired_at__isnull=True)
    for case_id, name in known.values_list("case_id", "name"):
        read[case_id].add(name)
    for fact in known.filter(meaning=facts.IDENTITY, absent=False, subject=""):
        persons[fact.case_id] = fact
    names = {one: rights.name(one) for one in {row.assigned_to for row in rows}}
    return tuple(_item(row, key, read[row.id], persons.get(row.id), names[row.assigned_to], here, person_id, at) for row in rows)


def _item(
    row: Case, key: str, read: set[str], person: Fact | None, assigned: str, here: Desk, person_id: UUID, at: datetime
) -> WorkItem:  # fmt: skip
    definition = definitions.definition(row.service, row.service_version)
    due: datetime | None = getattr(row, key)
    assert due is not None and row.submitted_at is not None  # noqa: S101 - the lists hold sent cases with a term
    lacking = any(use.name not in read for use in definition.facts if use.when is None and use.of is None)
    return WorkItem(
        case_id=row.id,
        number=row.number,
        service=row.service,
        service_name=definition.name,
        applicant=row.subject_name or facts.applicant(row.number, {"identity": person} if person else {}),
        state_label=phases.label(row, definition),
        submitted_at=row.submitted_at,
        due_at=due,
        left_minutes=terms.left(due, at),
        overdue=at > due,
        facts_complete=not lacking and row.waiting_since is None,
        assigned_to=assigned,
        mine=row.assigned_to is not None and here.shares(person_id, row.assigned_to),
        to_confirm=row.proposed is not None,
        correcting=row.correcting_since is not None,
    )


# -- what the page offers to choose from -------------------------------------------------------------------------


def _services(organisation: str) -> list[Definition]:
    """What the organisation offers now."""
    return _services_of(organisation, definitions.offered())


@lru_cache(maxsize=64)
def _services_of(organisation: str, offered: tuple[tuple[str, int], ...]) -> list[Definition]:
    found = (definitions.definition(*one) for one in offered)
    return [one for one in found if one.organisation == organisation]


def functions(organisation: str) -> list[str]:
    """Functions of the desk: the head's, and those that definitions of the organisation name."""
    return rights.functions(_services(organisation))


def _bulk(offered: list[Definition], service: str, shelf: Shelf) -> tuple[ActionView, ...]:
    """What can be decided for several at once: steps from a review that ask the officer nothing."""
    definition = next((d for d in offered if d.code == service), None)
    if definition is None or shelf in {Shelf.OPINIONS, Shelf.WAITING, Shelf.CONFIRM}:
        return ()
    reviews = [state.name for state in definition.workflow.states if state.kind is StateKind.REVIEW]
    possible = {a.code: a for state in reviews for a in workflow.actions(definition, state, By.OFFICER) if not a.asks}
    return tuple(officer_case.action_view(definition, action) for action in possible.values())


def _grounds(offered: list[Definition], service: str) -> tuple[Ground, ...]:
    return next((d.grounds for d in offered if d.code == service), ())


# -- the desk itself ---------------------------------------------------------------------------------------------


def settings(actor: Actor) -> DeskSettings:
    """Members, functions, leave and rules."""
    organisation, person_id = rights.officer(actor)
    here = rights.desk_of(organisation)
    return DeskSettings(
        organisation=organisation,
        head=here.holds(person_id, HEAD),
        members=tuple(_member(one, organisation, here) for one in here.members),
        functions=tuple(functions(organisation)),
        rules=tuple(
            RuleView(service=r.service, aimag_code=r.aimag_code, function=r.function, person_id=r.person_id)
            for r in AssignmentRule.objects.filter(organisation=organisation).order_by("position")
        ),
        services=tuple((d.code, d.name) for d in _services(organisation)),
    )


def _member(one: Member, organisation: str, here: Desk) -> MemberView:
    load = Case.objects.filter(ON_DESK, organisation=organisation, assigned_to=one.person_id)
    return MemberView(
        person_id=one.person_id, name=rights.name(one.person_id), functions=tuple(sorted(one.functions, key=lambda f: (f != HEAD, f))),
        away_from=one.away_from, away_until=one.away_until, substitute_id=one.substitute_id, away=here.away(one.person_id), open_cases=load.count(),
    )  # fmt: skip


def function_label(code: str) -> Text:
    """A function of the desk in words; one that the platform does not know keeps its name."""
    return _FUNCTIONS.get(code, Text(mn=code, en=code))


_FUNCTIONS = {
    HEAD: Text(mn="Ширээний ахлагч", en="Head of the desk"),
    "specialist": Text(mn="Мэргэжилтэн", en="Specialist"),
    "inspector": Text(mn="Байцаагч", en="Inspector"),
    "accountant": Text(mn="Нягтлан бодогч", en="Accountant"),
    "lawyer": Text(mn="Хуулийн мэргэжилтэн", en="Lawyer"),
}
