"""The watch over the clocks: officers are warned before the term ends, citizens told when it has passed, the law's silence speaks.

Each look is a range of one index, each case its own transaction under its row's lock, and what was done is noted in that transaction:
a watch that was killed, or two at once, do nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from toono.kernel import decrees
from toono.kernel.actor import system
from toono.kernel.calendar import add_working_time
from toono.kernel.clock import ULAANBAATAR, now
from toono.kernel.events import CalendarChanged
from toono.notifications import api as notifications
from toono.services import events
from toono.services.domain import terms, workflow
from toono.services.domain.definition import Definition, Notice
from toono.services.domain.desk import HEAD
from toono.services.models import RUNNING, Case
from toono.services.operations import clock, decisions, jobs, telling
from toono.services.operations.facts import note
from toono.services.queries import definitions, rights

ACTOR = system("case-watch")
BATCH = 500
"""Cases of one look; the next look, a minute later, goes on."""

log = logging.getLogger(__name__)


def watch() -> int:
    """Every look once; gives how many cases were touched."""
    return sum(_each(look(now()), act) for look, act in LOOKS)


def _each(found: QuerySet[Case], act: Callable[[Case, Definition, datetime], bool]) -> int:
    done = 0
    for case_id in found.values_list("id", flat=True)[:BATCH]:
        try:
            done += _one(case_id, act)
        except Exception:
            log.exception("the watch cannot go on with case %s; the next look tries again", case_id)
    return done


def _one(case_id: UUID, act: Callable[[Case, Definition, datetime], bool]) -> bool:
    with transaction.atomic():
        case = Case.objects.select_for_update().get(id=case_id)
        if not case.open or case.due_at is None:
            return False
        return act(case, definitions.definition(case.service, case.service_version), now())


# -- before the end ----------------------------------------------------------------------------------------------


def _to_warn(at: datetime) -> QuerySet[Case]:
    return Case.objects.filter(RUNNING, warned_at__isnull=True, warn_at__lte=at).order_by("warn_at")


def _warn(case: Case, definition: Definition, at: datetime) -> bool:
    """Who has the case, and the head of the desk, hear that its term ends soon; of a case that is late already, nothing more."""
    if case.warned_at is not None or case.paused_at is not None or case.warn_at is None or case.warn_at > at:
        return False
    case.warned_at = at
    case.save(update_fields=["warned_at"])
    if case.due_at is not None and at <= case.due_at:
        note(case, "warned", actor=ACTOR)
        _tell_desk(case, definition, "desk_term_ends", case.due_at)
    return True


# -- at the end ----------------------------------------------------------------------------------------------------


def _late(at: datetime) -> QuerySet[Case]:
    return Case.objects.filter(RUNNING, late_told_at__isnull=True, due_at__lt=at).order_by("due_at")


def _pass_end(case: Case, definition: Definition, at: datetime) -> bool:
    """The term has passed: the silence that the law gives a meaning decides; else the citizen reads our apology."""
    if case.late_told_at is not None or case.paused_at is not None or case.due_at is None or case.due_at >= at:
        return False
    case.late_told_at = at
    case.save(update_fields=["late_told_at"])
    note(case, "late", actor=ACTOR, due=case.due_at.isoformat())
    telling.rooms(events.CaseLate, case)
    step = workflow.silence_step(definition, case.state)
    if step is not None:
        decisions.take(case, definition, step, actor=ACTOR, automatic=True)
        jobs.process(case.id)
        return True
    telling.applicant(case, definition, Notice.LATE, occasion=case.due_at.isoformat(), due=telling.due_in_short(case))
    _tell_desk(case, definition, "desk_late", case.due_at)
    return True


def _tell_desk(case: Case, definition: Definition, template: str, due: datetime) -> None:
    here = rights.desk_of(case.organisation)
    heads = {m.person_id for m in here.members if HEAD in m.functions}
    holder = here.heir(case.assigned_to) or case.assigned_to if case.assigned_to else None
    told = heads | ({holder} if holder else set())
    if not told:
        told = set(here.present(case.function))
    _tell(told, case.organisation, case, definition, template, due)


def _tell(persons: Iterable[UUID], organisation: str, case: Case, definition: Definition, template: str, due: datetime) -> None:
    """In the inbox only: a desk with three hundred cases is no reason for three hundred text messages."""
    context = {
        "service_mn": definition.name.mn, "service_en": definition.name.en, "case_number": case.number, "due": terms.in_short(due),
    }  # fmt: skip
    for person_id in sorted(persons):
        if rights.appointed(person_id, organisation):
            key = f"case:{case.id}:{template}:{due.isoformat()}:{person_id}"
            notifications.notify(person_id=person_id, template=template, context=context, key=key, sms=False)


# -- opinions of other bodies ----------------------------------------------------------------------------------------


def _opinions(at: datetime) -> QuerySet[Case]:
    ends = add_working_time(at, terms.WARN_AT_MOST)
    return Case.objects.filter(
        open=True, opinion_organisation__isnull=False, opinion_reminded_at__isnull=True, opinion_due_at__lte=ends
    ).order_by("opinion_due_at")


def _remind(case: Case, definition: Definition, at: datetime) -> bool:
    """The body that is asked hears once, a working day before its answer is due; so does the desk, which may go on without it."""
    organisation, due = case.opinion_organisation, case.opinion_due_at
    if organisation is None or due is None or case.opinion_reminded_at is not None:
        return False
    case.opinion_reminded_at = at
    case.save(update_fields=["opinion_reminded_at"])
    note(case, "opinion_reminded", actor=ACTOR, organisation=organisation)
    _tell(rights.desk_of(organisation).present(""), organisation, case, definition, "desk_opinion_due", due)
    return True


Look = tuple[Callable[[datetime], "QuerySet[Case]"], Callable[[Case, Definition, datetime], bool]]
LOOKS: tuple[Look, ...] = ((_to_warn, _warn), (_late, _pass_end), (_opinions, _remind))


# -- a changed calendar --------------------------------------------------------------------------------------------


def calendar_changed(event: CalendarChanged) -> None:
    """Queue the work: it may touch many cases, and a subscriber is short."""
    jobs.move_terms(since=event.day, decree=event.decree)


def move_terms(*, since: date, decree: str) -> int:
    """Every open case whose term ends on that day or later, or stands, a page at a time by key and each by itself.

    Killed in the middle and begun again it finds what is done unmoved. What ended before the day is not touched by it.
    """
    decrees.load()
    first = datetime.combine(since, time(), ULAANBAATAR) - timedelta(days=1)
    moved, last = 0, UUID(int=0)
    while True:
        page = Case.objects.filter(open=True, term_started_at__isnull=False, due_at__gte=first, id__gt=last).order_by("id")
        ids = list(page.values_list("id", flat=True)[:BATCH])
        if not ids:
            return moved
        moved += sum(_one(case_id, lambda c, d, _: clock.recompute(c, d, actor=ACTOR, decree=decree)) for case_id in ids)
        last = ids[-1]
