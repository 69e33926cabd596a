"""Timers: removing what has come to the end of its time, telling before, finding forgotten work."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from toono.kernel.actor import system
from toono.kernel.clock import local, now
from toono.services.domain.definition import Definition
from toono.services.models import Attachment, Case, CaseLog, CaseMessage, CaseSignature, Correction, Fact, FactDispute
from toono.services.operations import jobs, telling
from toono.services.operations.facts import note
from toono.services.queries import definitions

FORGOTTEN_AFTER = timedelta(minutes=10)
TOLD_BEFORE = timedelta(days=3)
"""So long before a draft is removed its owner is told."""
BATCH = 500
ACTOR = system("retention")
CLOCK = "clock_"
"""Beginning of the log's kinds whose data tell of the clock only, and are needed to show it for ever."""


# -- drafts ------------------------------------------------------------------------------------------------------


def remove_old_drafts() -> int:
    """Remove drafts (withdrawn ones too) that are older than their definition keeps them."""
    removed = 0
    for kind, definition in _kinds(submitted_at__isnull=True):
        old = now() - timedelta(days=definition.retention.drafts_days)
        _, counts = Case.objects.filter(submitted_at__isnull=True, created_at__lt=old, **kind).delete()
        removed += counts.get("services.Case", 0)
    return removed


def tell_of_expiring_drafts() -> int:
    """Tell the owners of drafts that are removed within three days; gives how many are told now. Once for each draft."""
    told = 0
    for kind, definition in _kinds(submitted_at__isnull=True, open=True):
        kept = timedelta(days=definition.retention.drafts_days)
        before = min(TOLD_BEFORE, kept / 2)
        expiring = Case.objects.filter(submitted_at__isnull=True, open=True, created_at__lt=now() - kept + before, **kind)
        told += sum(_tell_expiring(case_id, definition, kept) for case_id in expiring.values_list("id", flat=True))
    return told


def _tell_expiring(case_id: UUID, definition: Definition, kept: timedelta) -> bool:
    """The log's line is written under the row's lock with the message, so that two sweeps tell once."""
    with transaction.atomic():
        case = Case.objects.select_for_update().filter(id=case_id, submitted_at__isnull=True, open=True).first()
        if case is None or CaseLog.objects.filter(case=case, kind="expiry_told").exists():
            return False
        note(case, "expiry_told", actor=ACTOR)
        day = f"{local(case.created_at + kept):%Y.%m.%d}"
        telling.applicant_anyway(case, definition, "draft_expiring", occasion="expiring", day=day)
    return True


def _kinds(**which: object) -> list[tuple[dict[str, object], Definition]]:
    """Each version of which there are such cases, with its definition."""
    found = Case.objects.filter(**which).order_by().values("service", "service_version").distinct()
    return [(dict(kind), definitions.definition(kind["service"], kind["service_version"])) for kind in found]


# -- ended cases -------------------------------------------------------------------------------------------------


def _ended(at: datetime, years: int, kind: dict[str, object]) -> list[UUID]:
    """Cases that ended ``years`` or longer before ``at``: decided, withdrawn or lapsed."""
    last = CaseLog.objects.filter(case=OuterRef("id"), kind__in=["withdrawn", "lapsed"]).order_by("-id").values("at")[:1]
    ended = Case.objects.filter(open=False, submitted_at__isnull=False, **kind)
    ended = ended.annotate(ended=Coalesce(F("decided_at"), Subquery(last), F("submitted_at")))
    return list(ended.filter(ended__lte=_years_before(at, years)).values_list("id", flat=True)[:BATCH])


def _years_before(at: datetime, years: int) -> datetime:
    """The same day ``years`` ago; of 29 February the 28th, a day later at the earliest."""
    try:
        return at.replace(year=at.year - years)
    except ValueError:
        return at.replace(year=at.year - years, day=28)


def remove_old_attachments() -> int:
    """Remove the files of cases that ended longer ago than their definition keeps files; gives of how many cases."""
    removed = 0
    for kind, definition in _kinds(open=False, submitted_at__isnull=False, attachments_removed_at__isnull=True):
        years = definition.retention.attachments_years
        if years is not None:
            removed += sum(_remove_attachments(case_id) for case_id in _ended(now(), years, kind | {"attachments_removed_at": None}))
    return removed


def _remove_attachments(case_id: UUID) -> bool:
    with transaction.atomic():
        case = Case.objects.select_for_update().get(id=case_id)
        if case.attachments_removed_at is not None:
            return False
        Attachment.objects.filter(case=case).delete()
        case.attachments_removed_at = now()
        case.save(update_fields=["attachments_removed_at"])
        note(case, "attachments_removed", actor=ACTOR)
    return True


def empty_old_cases() -> int:
    """Remove answers, facts, messages, signatures and the words of the log of cases whose time is over; gives how many.

    Number, times, outcome, action and ground stay: the figures are as they were.
    """
    emptied = 0
    for kind, definition in _kinds(open=False, submitted_at__isnull=False, emptied_at__isnull=True):
        years = definition.retention.case_years
        emptied += sum(_empty(case_id) for case_id in _ended(now(), years, kind | {"emptied_at": None}))
    return emptied


def _empty(case_id: UUID) -> bool:
    """``emptied_at`` first: the database lets the rest go only after it, and lets it be set only when the time is over."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(id=case_id)
        if case.emptied_at is not None:
            return False
        case.emptied_at = now()
        case.save(update_fields=["emptied_at"])
        for rows in (FactDispute, Fact, Attachment, Correction, CaseMessage, CaseSignature):
            rows.objects.filter(case=case).delete()
        case.answers, case.filled, case.reason, case.subject_name, case.subject_basis = {}, {}, "", "", ""
        case.tracking_code, case.attachments_removed_at = None, case.attachments_removed_at or case.emptied_at
        case.save()
        CaseLog.objects.filter(case=case).exclude(kind__startswith=CLOCK).update(data={})
        note(case, "emptied", actor=ACTOR)
    return True


# -- forgotten work ----------------------------------------------------------------------------------------------


def resume_cases() -> int:
    """Queue again what was left lying. A job that still waits for its turn or its register is not doubled."""
    forgotten = Case.objects.filter(work_pending=True, submitted_at__lt=now() - FORGOTTEN_AFTER).order_by("submitted_at")
    return sum(jobs.process_again(case_id) for case_id in forgotten.values_list("id", flat=True)[:BATCH])
