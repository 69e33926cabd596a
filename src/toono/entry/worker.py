"""The worker's process: jobs and timers from the queue in PostgreSQL (procrastinate).

A job whose worker died (kill -9, power cut) is found by its missing heartbeat and put back into the queue.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toono.entry.django_settings")

import django

from toono.kernel.settings import settings

QUEUES = ("urgent", "events", "cases", "payments", "deliveries", "timers")
"""Every queue that a task may name; `urgent` is for what a person waits for (sign-in codes)."""

HEARTBEAT_SECONDS = 3.0
DEAD_AFTER_SECONDS = 15.0

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


async def _run() -> None:
    from procrastinate.contrib.django import app as django_app

    app = django_app.with_connector(django_app.connector.get_worker_connector())  # type: ignore[attr-defined]
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
    """Run until SIGTERM or SIGINT; jobs in hand are finished first."""
    django.setup()
    import toono.pki.api as pki
    from toono.kernel.decrees import keep_loaded

    pki.act_as(process="worker")
    keep_loaded()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    asyncio.run(_run())


if __name__ == "__main__":
    main()
