"""The worker's way through a sent case: a table of named steps, each committed by itself and passed over when done.

A worker may die (kill -9) at any point: the job is put back and begins at the first step; what was committed is found
committed, what was not is done again. Nothing outside the database is changed by a step but an unused seal and one more
reading of a register, which stands in the person's ledger as what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from toono.kernel.actor import system
from toono.kernel.clock import now
from toono.services.contracts import Outcome
from toono.services.domain import workflow
from toono.services.domain.definition import Notice
from toono.services.errors import RegisterSilent
from toono.services.models import Case
from toono.services.operations import corrections, decisions, facts, issuing, lapsing, telling
from toono.services.operations.facts import note
from toono.services.queries import answers, definitions, form, phases
from toono.services.queries.facts import read_once

ACTOR = system("case-worker")


def process_case(*, case_id: UUID) -> None:
    """Every step in order."""
    for _, step in STEPS:
        step(case_id)


def read_facts(case_id: UUID) -> None:
    """Read what is missing or too old for a decision; say once that a register is silent.

    :raises RegisterSilent: the job is to come again.
    """
    case = Case.objects.get(id=case_id)
    if not _under_way(case):
        return
    definition = definitions.definition(case.service, case.service_version)
    silent = facts.read_needed(case, definition, actor=ACTOR, patient=True)
    with transaction.atomic():
        case = Case.objects.select_for_update().get(id=case_id)
        if silent and case.waiting_since is None and case.open:
            case.waiting_since = now()
            case.save(update_fields=["waiting_since"])
            note(case, "register_silent", actor=ACTOR, names=[use.name for use in silent])
            telling.applicant(case, definition, Notice.WAITING)
        elif not silent and case.waiting_since is not None:
            case.waiting_since = None
            case.save(update_fields=["waiting_since"])
    if silent:
        raise RegisterSilent(f"case {case.number} waits for {[use.meaning for use in silent]}")


def _under_way(case: Case) -> bool:
    """Sent, paid for, not being corrected, not ended."""
    return case.open and case.submitted_at is not None and case.correcting_since is None and not phases.waits_for_payment(case)


def end_if_dead(case_id: UUID) -> None:
    """End the case, if a register says by now that its applicant has died."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(id=case_id)
        if _under_way(case):
            lapsing.lapse_if_dead(case, definitions.definition(case.service, case.service_version), actor=ACTOR)


def ask_what_is_missing(case_id: UUID) -> None:
    """A fact that came late, or a newer version, may make a question needed that the person was never asked: ask for it now."""
    with transaction.atomic(), read_once():
        case = Case.objects.select_for_update().get(id=case_id)
        if not _under_way(case):
            return
        definition = definitions.definition(case.service, case.service_version)
        missing = [question for question in answers.asked(case, definition) if question.code not in case.answers]
        if missing:
            corrections.ask_by_rule(case, definition, missing)


def decide_by_rule(case_id: UUID) -> None:
    """Take the step that the rule names, if the state is one that the rule decides.

    Under the row's lock, so that a withdrawal at the same moment comes wholly before or wholly after.
    """
    with transaction.atomic(), read_once():
        case = Case.objects.select_for_update().get(id=case_id)
        if not _under_way(case):
            return
        definition = definitions.definition(case.service, case.service_version)
        step = workflow.automatic_step(definition, case.state, form.values(case, definition))
        if step is not None:
            decisions.take(case, definition, step, actor=ACTOR, automatic=True)


def make_document(case_id: UUID) -> None:
    """Make, seal and store the document of a granted case."""
    case = Case.objects.get(id=case_id)
    if case.outcome == Outcome.GRANTED:
        issuing.issue_document(case, actor=ACTOR)


def finish(case_id: UUID) -> None:
    """Note that nothing is left to do in the state in which the case was found."""
    case = Case.objects.get(id=case_id)
    as_found = Case.objects.filter(id=case_id, state=case.state, correcting_since=case.correcting_since, paid_at=case.paid_at)
    as_found.update(work_pending=False)


STEPS: tuple[tuple[str, Callable[[UUID], None]], ...] = (
    ("read_facts", read_facts),
    ("end_if_dead", end_if_dead),
    ("ask_what_is_missing", ask_what_is_missing),
    ("decide_by_rule", decide_by_rule),
    ("make_document", make_document),
    ("finish", finish),
)
