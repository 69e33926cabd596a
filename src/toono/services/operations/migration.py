"""Drafts and open cases of an older version of their service: what its newer version declared happens to them."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from toono.kernel.actor import Actor, system
from toono.kernel.clock import now
from toono.services.domain import migration
from toono.services.domain.definition import Definition, MigrationRule
from toono.services.models import Case
from toono.services.operations import desk, jobs
from toono.services.operations.facts import note
from toono.services.queries import changes, definitions
from toono.services.queries.dates import today

BATCH = 500
ACTOR = system("case-migration")


def brought_up_to_date(case: Case, *, actor: Actor) -> tuple[Case, Definition]:
    """The draft as the newest version wants it, and the definition that holds for it now. What a version does not declare continues."""
    present = definitions.definition(case.service, case.service_version)
    newest, _ = definitions.newest(case.service)
    if newest.version > present.version and _rule(present, newest) in {MigrationRule.MIGRATE, MigrationRule.RESTART}:
        with transaction.atomic():
            case = Case.objects.select_for_update().get(id=case.id)
            if case.submitted_at is None and case.open and case.service_version == present.version:
                _move(case, present, newest, actor=actor)
    return case, definitions.definition(case.service, case.service_version)


def _rule(old: Definition, new: Definition) -> MigrationRule:
    declared = next((one for one in new.migrations if old.version in one.from_versions), None)
    return declared.rule if declared else MigrationRule.CONTINUE


def _move(case: Case, old: Definition, new: Definition, *, actor: Actor) -> None:
    moved = migration.migrate(old, new, answers=case.answers, state=case.state, sent=case.submitted_at is not None, today=today())
    case.service_version, case.answers, case.state = new.version, dict(moved.answers), moved.state
    case.save(update_fields=["service_version", "answers", "state"])
    said = [change.model_dump() for change in changes.between(old, new)]
    note(case, "migrated", actor=actor, old=old.version, new=new.version, changes=said, dropped=list(moved.dropped))


def migrate_open_cases() -> int:
    """Move sent, undecided cases to the newest version, where it says that they go over; gives how many. Each in its own transaction."""
    moved = 0
    kinds = Case.objects.filter(open=True, submitted_at__isnull=False).order_by().values_list("service", "service_version").distinct()
    for service, version in kinds:
        newest, _ = definitions.newest(service)
        old = definitions.definition(service, version)
        if newest.version > version and _rule(old, newest) is MigrationRule.MIGRATE:
            waiting = Case.objects.filter(service=service, service_version=version, open=True, submitted_at__isnull=False)
            moved += sum(_move_sent(case_id, old, newest) for case_id in waiting.values_list("id", flat=True)[:BATCH])
    return moved


def _move_sent(case_id: UUID, old: Definition, new: Definition) -> bool:
    """A case that is being corrected, or waits for a second officer, goes over when that is done."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(id=case_id)
        if not case.open or case.service_version != old.version or case.correcting_since is not None or case.proposed is not None:
            return False
        _move(case, old, new, actor=ACTOR)
        desk.arrive(case, new, now())
        case.work_pending = True
        case.save(update_fields=["work_pending"])
        jobs.process(case.id)
    return True
