"""Queueing the worker's jobs by name: operations stand below the tasks."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

PROCESS_CASE = "services.process_case"
MOVE_TERMS = "services.move_terms"
QUEUE = "cases"
PRIORITY = 5
"""Before events and messages: a person looks at the page until the document is there. Codes for signing in still come first."""


def process(case_id: UUID) -> None:
    """Have the worker go on with a case when the current transaction commits.

    Jobs of one case run one after another (``lock``), so that no two make its document at the same time.
    """
    app.configure_task(PROCESS_CASE, queue=QUEUE, lock=f"case:{case_id}", priority=PRIORITY).defer(case_id=str(case_id))


def process_again(case_id: UUID) -> bool:
    """The same for the sweep: at most one such job waits for a case. Call outside a transaction."""
    try:
        app.configure_task(PROCESS_CASE, queue=QUEUE, lock=f"case:{case_id}", queueing_lock=f"resume:{case_id}").defer(case_id=str(case_id))
    except AlreadyEnqueued:
        return False
    return True


def move_terms(*, since: date, decree: str) -> None:
    """Have the worker compute the ends of open terms anew; one such job after another."""
    app.configure_task(MOVE_TERMS, queue="timers", lock="services_move_terms").defer(since=since.isoformat(), decree=decree)
