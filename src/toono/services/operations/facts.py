"""Reading the facts that a case needs, and keeping them apart from answers.

Registers are asked outside any transaction, all that can be asked at once at the same time: the person waits for the slowest, not for the
sum. A fact that depends on another (by its condition, or by what a question chose among its items) comes in the next round. One silent
register stops no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import connections, transaction
from django.db.models import Q

from toono.identity import api as identity
from toono.identity.contracts import Person
from toono.kernel.actor import Actor, system
from toono.kernel.clock import now
from toono.services.adapters import registers
from toono.services.adapters.registers import Reading
from toono.services.contracts import CaseView
from toono.services.domain import answers, readings
from toono.services.domain.conditions import Values, names
from toono.services.domain.definition import Definition, FactUse, Meaning
from toono.services.domain.readings import Turn, Wanted
from toono.services.errors import ConsentMissing, ConsentNeeded, RegisterSilent
from toono.services.models import Case, CaseLog, Fact
from toono.services.queries import cases, definitions
from toono.services.queries.access import own_case
from toono.services.queries.facts import consent_agreement, current, forget, known, situation, values, waiting_for_consent

Found = tuple[FactUse, Meaning, Reading]
AT_ONCE = 8
"""So many registers are asked at the same time for one case."""
LEAST_SECONDS = 0.3
"""With less time left a register is not asked any more."""


def read_needed(case: Case, definition: Definition, *, actor: Actor, patient: bool = False) -> list[FactUse]:
    """Read what is missing or too old; gives what stays missing because a register is silent, or the person has not consented.

    :param patient: each round may take its whole time; else all rounds together, for a citizen at a page.
    """
    return _read(case, definition, actor=actor, patient=patient, fresh_since=readings.fresh_limit(now()))


def answered(case: Case, definition: Definition, codes: Sequence[str], *, actor: Actor) -> list[FactUse]:
    """After answers to ``codes`` were saved: read what they chose, or made needed. Most answers concern no fact and cost nothing."""
    if not _concerned(definition, set(codes)):
        return []
    return read_needed(Case.objects.get(id=case.id), definition, actor=actor)


def _concerned(definition: Definition, codes: set[str]) -> bool:
    paths = (names(use.when) for use in definition.facts if use.when)
    return any(use.of in codes for use in definition.facts) or any(
        p[0] == "answers" and codes & set(p[1:2]) for found in paths for p in found
    )


def read_anew(case: Case, definition: Definition, *, actor: Actor) -> None:
    """Read everything again, whatever its age; all or nothing.

    :raises RegisterSilent: a register did not answer; nothing has changed.
    """
    uses = [use for use in definition.facts if use.name in _asked(current(case))]
    found, silent = ask(case, definition, uses)
    if silent:
        raise RegisterSilent(f"case {case.number}: {[use.meaning for use in silent]}")
    _store(case, found, [], [], actor=actor, at=now())


def _asked(have: dict[str, Fact]) -> set[str]:
    return {name for name, fact in have.items() if fact.asked}


def read_now(*, actor: Actor, case_id: UUID) -> CaseView:
    """Read what the person's case still lacks, and show the case: they come back from giving their consent."""
    case = own_case(actor, case_id)
    if case.open:
        read_needed(case, definitions.definition(case.service, case.service_version), actor=actor)
    return cases.view(Case.objects.get(id=case_id))


def check_consents(case: Case, definition: Definition) -> None:
    """:raises ConsentNeeded: a rule or the document needs a fact for which the person has not consented; it cannot be sent."""
    lacking = waiting_for_consent(definition, current(case))
    if lacking:
        meaning = readings.meaning_of(lacking[0], definition, definitions.meanings())
        raise ConsentNeeded(f"case {case.number} needs {lacking[0].meaning}", agreement=consent_agreement(meaning.service))


# -- rounds ------------------------------------------------------------------------------------------------------


def _read(case: Case, definition: Definition, *, actor: Actor, patient: bool, fresh_since: Callable[[FactUse], datetime]) -> list[FactUse]:
    ends = time.monotonic() + registers.DEADLINE_SECONDS
    silent: dict[str, FactUse] = {}
    optional: set[str] = set()
    person: Person | None = None
    while plan := _plan(case, definition, fresh_since, settled=silent):
        to_ask = [one for one in plan if one.turn is Turn.ASK]
        if to_ask and person is None:
            person = _person(case)
        seconds = registers.DEADLINE_SECONDS if patient else ends - time.monotonic()
        found, quiet = _ask(case, person, to_ask, seconds) if person else ([], [])
        not_concerned = [one for one in plan if one.turn is Turn.NOT_CONCERNED]
        _store(case, found, not_concerned, [one for one, _ in quiet], actor=actor, at=now())
        silent |= {one.use.name: one.use for one, _ in quiet}
        optional |= {one.use.name for one, error in quiet if isinstance(error, ConsentMissing)} - set(readings.used(definition))
    return [use for use in _waiting(case, definition, silent) if use.name not in optional]


def _plan(case: Case, definition: Definition, fresh_since: Callable[[FactUse], datetime], *, settled: dict[str, FactUse]) -> list[Wanted]:
    have = current(case)
    seen: Values = {"answers": answers.typed(definition, case.answers), "facts": values(have)}
    return readings.wanted(definition, definitions.meanings(), situation(case), known(have), seen, fresh_since=fresh_since, settled=settled)


def _waiting(case: Case, definition: Definition, silent: dict[str, FactUse]) -> list[FactUse]:
    """What a register owes: the silent ones, and what was chosen among the items of one that is silent."""
    if not silent:
        return []
    have = current(case)
    behind = {q.code for q in definition.questions if q.chosen_from in silent}
    return [u for u in definition.facts if u.name in silent or (u.of in behind and u.name not in have and case.answers.get(u.of or ""))]


def _person(case: Case) -> Person:
    return identity.person(actor=system("services"), person_id=case.person_id)


def ask(case: Case, definition: Definition, uses: Sequence[FactUse]) -> tuple[list[Found], list[FactUse]]:
    """Ask about these facts as they stand on the case now, and store nothing: what the registers said, and who was silent."""
    have, meanings = current(case), definitions.meanings()
    wanted = [
        Wanted(use, readings.meaning_of(use, definition, meanings), Turn.ASK, have[use.name].subject)
        for use in uses
        if use.name in have and have[use.name].asked
    ]
    found, quiet = _ask(case, _person(case), wanted, registers.DEADLINE_SECONDS)
    return found, [one.use for one, _ in quiet]


def _ask(case: Case, person: Person, wanted: Sequence[Wanted], seconds: float) -> tuple[list[Found], list[tuple[Wanted, RegisterSilent]]]:
    """All at the same time, each within ``seconds``."""

    def one(which: Wanted) -> Reading | RegisterSilent:
        if seconds < LEAST_SECONDS:
            return RegisterSilent(f"{which.use.meaning}: no time is left", cause="deadline")
        try:
            return registers.read(
                use=which.use,
                meaning=which.meaning,
                person=person,
                case_number=case.number,
                subject=which.subject,
                deadline_seconds=seconds,
            )
        except RegisterSilent as silence:
            return silence

    results = list(zip(wanted, _side_by_side(one, wanted), strict=True))
    found = [(which.use, which.meaning, replace(result, subject=which.subject)) for which, result in results if isinstance(result, Reading)]
    return found, [(which, result) for which, result in results if isinstance(result, RegisterSilent)]


def _side_by_side(work: Callable[[Wanted], Reading | RegisterSilent], wanted: Sequence[Wanted]) -> list[Reading | RegisterSilent]:
    """Threads of their own; one reading alone needs none. A thread's database connection ends with it."""
    if len(wanted) < 2:
        return [work(which) for which in wanted]

    def apart(which: Wanted) -> Reading | RegisterSilent:
        try:
            return work(which)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(wanted)), thread_name_prefix="register") as pool:
        return [running.result() for running in [pool.submit(copy_context().run, apart, which) for which in wanted]]


# -- keeping -----------------------------------------------------------------------------------------------------


def _store(
    case: Case, found: Sequence[Found], not_concerned: Sequence[Wanted], quiet: Sequence[Wanted], *, actor: Actor, at: datetime
) -> None:
    """Keep what was told; of a fact on which a register is silent, what was told about another subject does not count any more.

    The row of the case is locked for the milliseconds of the writing, so that of two readers at once each retires what
    the other wrote, and one current fact remains."""
    with transaction.atomic():
        Case.objects.select_for_update().get(id=case.id)
        aimag_code = next((reading.aimag_code for _, _, reading in found if reading.aimag_code), case.aimag_code)
        Case.objects.filter(id=case.id).update(facts_tried_at=at, aimag_code=aimag_code)
        replaced = [use.name for use, _, _ in found] + [one.use.name for one in not_concerned]
        Fact.objects.filter(case=case, name__in=replaced, retired_at__isnull=True).update(retired_at=at)
        for one in quiet:
            about_another = Fact.objects.filter(case=case, name=one.use.name, retired_at__isnull=True)
            about_another.filter(~Q(subject=one.subject) | Q(asked=False)).update(retired_at=at)
        Fact.objects.bulk_create([_row(case, one) for one in found] + [_not_asked(case, one, at) for one in not_concerned])
        forget(case)
        if found:
            note(case, "facts_read", actor=actor, titles=[m.title.model_dump() for _, m, _ in found], names=[u.name for u, _, _ in found])


def keep_beside(case: Case, found: Found, *, at: datetime) -> Fact:
    """Keep a reading that does not count: what a register said after the decision."""
    row = _row(case, found)
    row.retired_at = at
    row.save(force_insert=True)
    return row


def _row(case: Case, found: Found) -> Fact:
    use, meaning, reading = found
    return Fact(
        case=case, name=use.name, meaning=meaning.code, title=meaning.title.model_dump(), source=meaning.source.model_dump(),
        absent=reading.absent, value=reading.lines, items=reading.items, subject=reading.subject, answered_at=reading.answered_at,
        message_id=reading.message_id, receipt=reading.receipt,
    )  # fmt: skip


def _not_asked(case: Case, one: Wanted, at: datetime) -> Fact:
    return Fact(
        case=case, name=one.use.name, meaning=one.meaning.code, title=one.meaning.title.model_dump(), source=one.meaning.source.model_dump(),
        absent=True, asked=False, value=[], answered_at=at, message_id=None, receipt=None,
    )  # fmt: skip


def note(case: Case, kind: str, *, actor: Actor, **data: object) -> None:
    """Add a line to the case's log, in the transaction of what it tells."""
    CaseLog.objects.create(case=case, at=now(), kind=kind, role=actor.role.value, person_id=actor.person_id, data=data)
