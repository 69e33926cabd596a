"""The worker's process: jobs and timers from the queue in PostgreSQL (procrastinate).

A job whose worker died (kill -9, power cut) is found by its missing heartbeat and put back into the queue. A worker that loses
the database ends, and the next one waits for it: so the queue is served again within moments of the database, however long it
was away.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toono.entry.django_settings")

import django
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from toono.kernel.settings import settings

QUEUES = ("urgent", "events", "cases", "payments", "deliveries", "timers")
"""Every queue that a task may name; `urgent` is for what a person waits for (sign-in codes)."""

HEARTBEAT_SECONDS = 3.0
DEAD_AFTER_SECONDS = 15.0
CONNECTION_WITHIN_SECONDS = 5.0
"""How long a question to the queue waits for a connection."""
ASK_DATABASE_EVERY_SECONDS = 0.2

log = logging.getLogger("toono.worker")


async def _revive_stalled(app: object) -> None:
    """Put jobs of dead workers back into the queue, for as long as this worker runs."""
    from procrastinate import App

    assert isinstance(app, App)  # noqa: S101 - narrows the type, checks nothing of the world
    while True:
        try:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
                log.warning("job %s (%s) lost its worker, put back", job.id, job.task_name)
                await app.job_manager.retry_job(job)
        except Exception:
            log.exception("could not look for stalled jobs")
        await asyncio.sleep(DEAD_AFTER_SECONDS / 3)


def _wait_for_database() -> None:
    """A started worker is warm and asks often; a pool would ask with pauses that grow."""
    from django.db import OperationalError, connection

    while True:
        try:
            connection.ensure_connection()
        except OperationalError:
            time.sleep(ASK_DATABASE_EVERY_SECONDS)
        else:
            connection.close()
            return


def _pool(**arguments: Any) -> AsyncConnectionPool:
    """A pool that hands connections out unchecked: a broken one ends the worker at once. With the check, a pool of broken
    connections is tried one by one with pauses that double, and a worker that has lost its database takes half a minute to end."""
    return AsyncConnectionPool(**arguments | {"check": None, "timeout": CONNECTION_WITHIN_SECONDS})


async def _run() -> None:
    from procrastinate import PsycopgConnector
    from procrastinate.contrib.django import app as django_app
    from procrastinate.contrib.django.utils import connector_params

    app = django_app.with_connector(PsycopgConnector(pool_factory=_pool, kwargs=connector_params()))
    async with app.open_async():
        reviver = asyncio.create_task(_revive_stalled(app))
        try:
            await app.run_worker_async(
                name="toono",
                queues=list(QUEUES),
                concurrency=settings().worker_threads,
                fetch_job_polling_interval=2.0,
                shutdown_graceful_timeout=10.0,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=DEAD_AFTER_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=True,
            )
        finally:
            reviver.cancel()


def main() -> None:
    """Run until SIGTERM or SIGINT, jobs in hand are finished first; or until the database is lost."""
    django.setup()
    from procrastinate.exceptions import ConnectorException

    import toono.pki.api as pki
    from toono.kernel.decrees import keep_loaded

    pki.act_as(process="worker")
    _wait_for_database()
    keep_loaded()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        asyncio.run(_run())
    except (ConnectorException, PoolTimeout) as error:
        log.error("the database is lost (%s); the worker ends, the next one waits for it", type(error.__cause__ or error).__name__)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
