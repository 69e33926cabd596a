"""The room's jobs."""

from __future__ import annotations

import logging
import random
from datetime import date
from uuid import UUID

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from toono.services import api
from toono.services.errors import RegisterSilent
from toono.services.operations.editing import TRY_DRAFT
from toono.services.operations.jobs import MOVE_TERMS, PROCESS_CASE, QUEUE

log = logging.getLogger(__name__)


class BackOff(BaseRetryStrategy):
    """Try again after 2, 4, 8 … seconds, at most every two minutes, for as long as it takes: a sent case is never given up.

    By then nobody looks at the page any more, so it stands in line with everything else.
    """

    LONGEST_SECONDS = 120

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        wait = min(2 ** min(job.attempts + 1, 10), self.LONGEST_SECONDS)
        return RetryDecision(retry_in={"seconds": max(1, round(wait * random.uniform(0.75, 1.0)))}, priority=0)  # noqa: S311 - spreads load, no secret


@app.task(name=PROCESS_CASE, queue=QUEUE, retry=BackOff())
def process_case(*, case_id: str) -> None:
    """Go on with a sent case. A silent register is everyday life; anything else is for the log."""
    try:
        api.process_case(case_id=UUID(case_id))
    except RegisterSilent:
        raise
    except Exception:
        log.exception("case %s cannot go on; it is tried again", case_id)
        raise


@app.periodic(cron="*/5 * * * *", periodic_id="services_resume_cases")
@app.task(name="services.resume_cases", queue="timers", queueing_lock="services_resume_cases")
def resume_cases(timestamp: int) -> None:
    """Find work whose job was lost."""
    api.resume_cases()


@app.periodic(cron="20 3 * * *", periodic_id="services_remove_old_drafts")
@app.task(name="services.remove_old_drafts", queue="timers", queueing_lock="services_remove_old_drafts")
def remove_old_drafts(timestamp: int) -> None:
    """Remove drafts past their time."""
    api.remove_old_drafts()


@app.periodic(cron="* * * * *", periodic_id="services_watch")
@app.task(name="services.watch", queue="timers", queueing_lock="services_watch", lock="services_watch")
def watch(timestamp: int) -> None:
    """Look at the clocks of all cases."""
    api.watch()


@app.task(name=MOVE_TERMS, queue="timers", retry=BackOff())
def move_terms(*, since: str, decree: str) -> None:
    """The calendar has changed."""
    api.move_terms(since=date.fromisoformat(since), decree=decree)


@app.periodic(cron="50 3 * * *", periodic_id="services_remove_expired")
@app.task(name="services.remove_expired", queue="timers", queueing_lock="services_remove_expired")
def remove_expired(timestamp: int) -> None:
    """Remove what of ended cases has come to the end of its time."""
    api.remove_expired()


@app.periodic(cron="0 2 * * *", periodic_id="services_tell_of_expiring_drafts")
@app.task(name="services.tell_of_expiring_drafts", queue="timers", queueing_lock="services_tell_of_expiring_drafts")
def tell_of_expiring_drafts(timestamp: int) -> None:
    """Tell whose drafts are about to be removed; at ten in the morning in Ulaanbaatar."""
    api.tell_of_expiring_drafts()


@app.periodic(cron="30 * * * *", periodic_id="services_remind_of_corrections")
@app.task(name="services.remind_of_corrections", queue="timers", queueing_lock="services_remind_of_corrections")
def remind_of_corrections(timestamp: int) -> None:
    """Remind of corrections that wait."""
    api.remind_of_corrections()


@app.periodic(cron="10 * * * *", periodic_id="services_migrate_open_cases")
@app.task(name="services.migrate_open_cases", queue="timers", queueing_lock="services_migrate_open_cases")
def migrate_open_cases(timestamp: int) -> None:
    """Move sent cases to newer versions of their services, where those say so."""
    api.migrate_open_cases()


@app.task(name=TRY_DRAFT, queue="timers")
def try_draft(*, draft_id: str) -> None:
    """Run the tests of a definition that is being written."""
    api.run_trial(draft_id=UUID(draft_id))
