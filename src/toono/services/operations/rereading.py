"""Reading the registers again because one was corrected.

Before the decision the new reading counts. After it the decision keeps standing on what was read for it. A reading that differs is kept beside it, already retired, until an officer has
the document made anew.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.notifications import api as notifications
from toono.services.contracts import CaseView, Outcome
from toono.services.domain.definition import Definition
from toono.services.errors import NotAllowedNow, RegisterSilent
from toono.services.models import Case, Fact
from toono.services.operations import facts
from toono.services.operations.facts import Found, note
from toono.services.queries import cases as _cases
from toono.services.queries import definitions
from toono.services.queries.access import any_case, own_case

AT_MOST_EVERY = timedelta(minutes=10)


def read_again(*, actor: Actor, case_id: UUID) -> CaseView:
    """Of an open case everything; of a granted one what its document shows, and say what differs. Asked outside any transaction."""
    case = any_case(case_id) if actor.role is Role.SYSTEM else own_case(actor, case_id)
    if case.emptied_at is not None or not (case.open or case.outcome == Outcome.GRANTED):
        raise NotAllowedNow(f"case {case.number} has ended without a document")
    if _claim(case):
        _read(case, definitions.definition(case.service, case.service_version), actor=actor)
    return _cases.view(Case.objects.get(id=case.id))


def _read(case: Case, definition: Definition, *, actor: Actor) -> None:
    if case.open:
        with suppress(RegisterSilent):  # nothing was kept; it is read again before the decision
            facts.read_anew(case, definition, actor=actor)
        return
    shown = [use for use in definition.facts if use.name in _shown(definition)]
    readings, _ = facts.ask(case, definition, shown)
    _compare(case.id, definition, readings, actor=actor)


def _claim(case: Case) -> bool:
    """Whether it is time to ask: one statement, so that of many presses one asks."""
    due = Case.objects.filter(id=case.id, facts_tried_at__lt=now() - AT_MOST_EVERY)
    return bool(due.update(facts_tried_at=now()))


def _shown(definition: Definition) -> dict[str, set[str]]:
    """Facts and fields that the document shows; ``items`` for a table."""
    found: dict[str, set[str]] = {}
    for row in definition.document.rows:
        if row.fact:
            name, _, field = row.fact.partition(".")
            found.setdefault(name, set()).add(field or "items")
    return found


def _compare(case_id: UUID, definition: Definition, readings: list[Found], *, actor: Actor) -> None:
    shown = _shown(definition)
    with transaction.atomic():
        case = Case.objects.select_for_update().get(id=case_id)
        different = [one for one in readings if _differs(case, one, shown[one[0].name])]
        if not different:
            return
        kept = [facts.keep_beside(case, one, at=now()) for one in different]
        case.differs_since = case.differs_since or now()
        case.save(update_fields=["differs_since"])
        note(
            case, "facts_differ", actor=actor, titles=[meaning.title.model_dump() for _, meaning, _ in different],
            names=[use.name for use, _, _ in different], facts=[str(fact.id) for fact in kept],
        )  # fmt: skip
        _tell_officer(case, definition, str(kept[0].id))


def _differs(case: Case, found: Found, fields: set[str]) -> bool:
    """From the newest that is known: what the decision rests on, or a reading since that differed already."""
    use, _, reading = found
    known = Fact.objects.filter(case=case, name=use.name).order_by("-answered_at").first()
    if known is None or known.absent != reading.absent:
        return True
    was, says = _values(known.value, fields), _values(reading.lines, fields)
    return was != says or ("items" in fields and known.items != reading.items)


def _values(lines: list[dict[str, Any]], fields: set[str]) -> dict[str, Any]:
    return {line["name"]: line["value"] for line in lines if line["name"] in fields}


def _tell_officer(case: Case, definition: Definition, occasion: str) -> None:
    """Whoever had the case; the desk shows it to all of the organisation."""
    if case.assigned_to is None:
        return
    context = {"service_mn": definition.name.mn, "service_en": definition.name.en, "case_number": case.number}
    notifications.notify(
        person_id=case.assigned_to, template="case_facts_differ", context=context, key=f"case:{case.id}:facts-differ:{occasion}", sms=False,
    )  # fmt: skip
