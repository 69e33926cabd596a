"""The clock of a case: the only writer of its term and of when it is due.

What happens to a clock is a line of the case's log, in the transaction of the change; the columns are what the log gives by
:mod:`toono.services.domain.terms`, kept for lists and timers. Where nothing else is said, the caller holds the row's lock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, system
from toono.kernel.clock import now
from toono.kernel.text import clean
from toono.services.domain import terms
from toono.services.domain.definition import Definition
from toono.services.domain.terms import Clock, ClockEvent, ClockKind
from toono.services.errors import ExtensionRefused, ReasonMissing
from toono.services.models import Case
from toono.services.operations import desk
from toono.services.operations.facts import note
from toono.services.queries import clock as _clock
from toono.services.queries import definitions, form, rights

ACTOR = system("case-clock")
REASON_LIMIT = 500
_COLUMNS = [
    "due_at", "term_hours", "term_days", "term_started_at", "paused_at", "left_minutes", "extended_hours", "warn_at", "warned_at",
    "late_told_at",
]  # fmt: skip


def start(case: Case, definition: Definition, at: datetime, *, actor: Actor = ACTOR) -> None:
    """The application is complete (sent, and paid where there is a fee): its term begins, and it comes to the desk. Once."""
    if case.term_started_at is not None:
        return
    length = terms.length(definition.term, form.values(case, definition))
    because = length.because.model_dump() if length.because else None
    note(case, "clock_started", actor=actor, at=at.isoformat(), because=because)
    case.term_started_at = at
    _write(case, terms.run(definition.term, length, terms.start_of(at)))
    desk.arrive(case, definition, at)


def pause(case: Case, definition: Definition, at: datetime, *, actor: Actor = ACTOR) -> None:
    """The citizen is asked to correct something: what the definition says of that happens to the clock."""
    _correction(case, definition, at, actor, ends=False)


def resume(case: Case, definition: Definition, at: datetime, *, actor: Actor = ACTOR) -> None:
    """The correction is there: the clock goes on, or begins anew."""
    _correction(case, definition, at, actor, ends=True)


def _correction(case: Case, definition: Definition, at: datetime, actor: Actor, *, ends: bool) -> None:
    kind = terms.correction(definition.term, ends=ends)
    if kind is None or case.term_started_at is None or (case.paused_at is not None) != ends:
        return
    length, events = _clock.history(case, definition)
    note(case, f"clock_{kind.value}", actor=actor, at=at.isoformat())
    _write(case, terms.run(definition.term, length, [*events, ClockEvent(kind, at)]))


def extend(*, actor: Actor, case_id: UUID, reason: str) -> None:
    """An officer extends the term by what the law allows: once, and before it has passed."""
    said = clean(reason)
    if not said or len(said) > REASON_LIMIT:
        raise ReasonMissing(f"an extension needs a reason of at most {REASON_LIMIT} characters")
    with transaction.atomic():
        case = rights.working_case(actor, case_id)
        _extend(case, definitions.definition(case.service, case.service_version), said, actor)


def _extend(case: Case, definition: Definition, reason: str, actor: Actor) -> None:
    at, allowed = now(), definition.term.extension
    if allowed is None or case.extended_hours or case.due_at is None or (case.paused_at is None and at > case.due_at):
        raise ExtensionRefused(f"the term of case {case.number} cannot be extended (any more)")
    length, events = _clock.history(case, definition)
    hours = allowed.working_hours
    note(case, "clock_extended", actor=actor, at=at.isoformat(), hours=hours, reason=reason)
    _write(case, terms.run(definition.term, length, [*events, ClockEvent(ClockKind.EXTENDED, at, hours, reason)]))
    audit.record(actor=actor, action="services.extend_term", subject=f"case:{case.id}", working_hours=hours)


def recompute(case: Case, definition: Definition, *, actor: Actor, decree: str) -> bool:
    """Compute the end of the term anew, because the calendar has changed; gives whether it moved."""
    before, clock = case.due_at, _clock.reading(case, definition)
    if before is None or clock.due_at == before:
        return False
    note(case, "term_moved", actor=actor, before=before.isoformat(), after=clock.due_at.isoformat(), decree=decree)
    _write(case, clock)
    return True


def _write(case: Case, clock: Clock) -> None:
    """The columns that the clock gives. An end that moved ahead is warned of, and told of, anew."""
    if case.due_at is not None and clock.due_at > case.due_at:
        case.warned_at, case.late_told_at = None, None
    case.due_at, case.warn_at, case.paused_at = clock.due_at, clock.warn_at, clock.paused_at
    case.term_hours, case.term_days = clock.length.working_hours, clock.length.calendar_days
    case.extended_hours = int(clock.extension / timedelta(hours=1))
    case.left_minutes = max(0, terms.left_of(clock, clock.paused_at)) if clock.paused_at else None
    case.save(update_fields=_COLUMNS)
