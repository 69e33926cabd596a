"""Timers: removing old drafts, finding forgotten work."""

from __future__ import annotations

from datetime import timedelta

from toono.kernel.clock import now
from toono.services.models import Case
from toono.services.operations import jobs
from toono.services.queries import definitions

FORGOTTEN_AFTER = timedelta(minutes=10)
BATCH = 500


def remove_old_drafts() -> int:
    """Remove drafts (withdrawn ones too) that are older than their definition keeps them."""
    removed = 0
    drafts = Case.objects.filter(submitted_at__isnull=True).values("service", "service_version").distinct()
    for kind in drafts:
        kept = timedelta(days=definitions.definition(kind["service"], kind["service_version"]).retention.drafts_days)
        _, counts = Case.objects.filter(submitted_at__isnull=True, created_at__lt=now() - kept, **kind).delete()
        removed += counts.get("services.Case", 0)
    return removed


def resume_cases() -> int:
    """Queue again what was left lying. A job that still waits for its turn or its register is not doubled."""
    forgotten = Case.objects.filter(work_pending=True, submitted_at__lt=now() - FORGOTTEN_AFTER).order_by("submitted_at")
    return sum(jobs.process_again(case_id) for case_id in forgotten.values_list("id", flat=True)[:BATCH])
