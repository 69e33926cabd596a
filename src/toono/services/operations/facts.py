"""Reading the facts that a case needs, and keeping them apart from answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from toono.identity import api as identity
from toono.kernel.actor import Actor, system
from toono.kernel.clock import now
from toono.services.adapters import registers
from toono.services.domain.definition import Definition, FactUse, Meaning
from toono.services.errors import CatalogueError, RegisterSilent
from toono.services.models import Case, CaseLog, Fact
from toono.services.queries import definitions
from toono.services.queries.facts import current, needed


def read_needed(case: Case, definition: Definition, *, actor: Actor, patient: bool = False) -> list[FactUse]:
    """Read what is missing or too old; gives what stays missing because a register is silent.

    The register is asked outside any transaction; what it said is stored in one. Without ``patient`` the first silence ends the
    reading: a citizen at a page waits for one time-out, not for several.
    """
    use = needed(definition, current(case), now())
    if not use:
        return []
    readings: list[tuple[FactUse, Meaning, registers.Reading]] = []
    silent: list[FactUse] = []
    person = identity.person(actor=system("services"), person_id=case.person_id)
    for one in use:
        meaning = definitions.meanings().find(one.meaning)
        if meaning is None:
            raise CatalogueError(f"{definition.code}: no register gives {one.meaning} any more")
        if silent and not patient:
            silent.append(one)
            continue
        try:
            readings.append((one, meaning, registers.read(use=one, meaning=meaning, person=person, case_number=case.number)))
        except RegisterSilent:
            silent.append(one)
    _store(case, readings, actor=actor, at=now())
    return silent


def _store(case: Case, readings: Sequence[tuple[FactUse, Meaning, registers.Reading]], *, actor: Actor, at: datetime) -> None:
    """The row of the case is locked for the milliseconds of the writing, so that of two readers at once each retires what
    the other wrote, and one current fact remains."""
    with transaction.atomic():
        Case.objects.select_for_update().get(id=case.id)
        aimag_code = next((reading.aimag_code for _, _, reading in readings if reading.aimag_code), case.aimag_code)
        Case.objects.filter(id=case.id).update(facts_tried_at=at, aimag_code=aimag_code)
        for use, meaning, reading in readings:
            Fact.objects.filter(case=case, name=use.name, retired_at__isnull=True).update(retired_at=at)
            Fact.objects.create(
                case=case, name=use.name, meaning=meaning.code, title=meaning.title.model_dump(), source=meaning.source.model_dump(),
                absent=reading.absent, value=reading.lines, answered_at=reading.answered_at, message_id=reading.message_id,
                receipt=reading.receipt,
            )  # fmt: skip
        if readings:
            note(
                case,
                "facts_read",
                actor=actor,
                titles=[m.title.model_dump() for _, m, _ in readings],
                names=[u.name for u, _, _ in readings],
            )


def note(case: Case, kind: str, *, actor: Actor, **data: object) -> None:
    """Add a line to the case's log, in the transaction of what it tells."""
    CaseLog.objects.create(case=case, at=now(), kind=kind, role=actor.role.value, person_id=actor.person_id, data=data)
