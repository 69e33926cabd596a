"""A case whose applicant died before the decision ends without one."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor
from toono.services import events
from toono.services.contracts import Outcome
from toono.services.domain.definition import Definition, Notice
from toono.services.domain.representation import PARTICULARS
from toono.services.models import Case, Fact
from toono.services.operations import facts, ordering, telling
from toono.services.operations.facts import note
from toono.services.queries import definitions
from toono.services.queries.facts import current, values


def lapse_if_dead(case: Case, definition: Definition, *, actor: Actor) -> bool:
    """End the case where the register says that the applicant died. The caller holds the row's lock."""
    have = current(case)
    if not case.open or case.submitted_at is None or not _dead(definition, have):
        return False
    ordering.end(case, definition, Outcome.LAPSED)
    note(case, "lapsed", actor=actor)
    audit.record(actor=actor, action="services.lapse_case", subject=f"case:{case.id}")
    telling.rooms(events.CaseLapsed, case)
    telling.applicant(case, definition, Notice.LAPSED)
    return True


def _dead(definition: Definition, have: dict[str, Fact]) -> bool:
    told = values(have)
    return any(told.get(use.name, {}).get("alive") is False for use in definition.facts if use.meaning == PARTICULARS and use.of is None)


def read_again(case_id: UUID, *, actor: Actor) -> bool:
    """Before an officer decides: read facts that are too old, and end the case where its applicant died meanwhile; gives whether.

    A silent register does not stop the officer: what was read last counts. Outside any transaction, since a register is asked.
    """
    case = Case.objects.get(id=case_id)
    definition = definitions.definition(case.service, case.service_version)
    if not case.open or not any(use.meaning == PARTICULARS for use in definition.facts):
        return False
    facts.read_needed(case, definition, actor=actor)
    with transaction.atomic():
        case = Case.objects.select_for_update().get(id=case_id)
        return lapse_if_dead(case, definition, actor=actor)
