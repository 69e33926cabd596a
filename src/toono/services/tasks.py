"""The room's jobs."""

from __future__ import annotations

import logging
import random
from uuid import UUID

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from toono.services import api
from toono.services.errors import RegisterSilent
from toono.services.operations.jobs import PROCESS_CASE, QUEUE

log = logging.getLogger(__name__)


class BackOff(BaseRetryStrategy):
    """Try again after 2, 4, 8 … seconds, at most every two minutes, for as long as it takes: a sent case is never given up."""

    LONGEST_SECONDS = 120

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        wait = min(2 ** min(job.attempts + 1, 10), self.LONGEST_SECONDS)
        return RetryDecision(retry_in={"seconds": max(1, round(wait * random.uniform(0.75, 1.0)))})  # noqa: S311 - spreads load, no secret


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
