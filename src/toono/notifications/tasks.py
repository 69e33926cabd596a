"""Background work of notifications."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from toono.notifications.operations import deliver as _deliver
from toono.notifications.operations import jobs
from toono.notifications.operations import readings as _readings
from toono.notifications.operations import sweep as _sweep


# Tries of a text are counted and spaced by the delivery itself; the job's own few are for a database that is away.
@app.task(name=jobs.TASK, queue=jobs.QUEUE, retry=RetryStrategy(max_attempts=5, exponential_wait=2))
def deliver(*, delivery_id: str) -> None:
    """Try one delivery once. The row says when to come again."""
    _deliver.deliver(UUID(delivery_id))


@app.periodic(cron="* * * * *")
@app.task(name="notifications.sweep", queue="timers", queueing_lock="notifications.sweep")
def sweep(timestamp: int) -> None:
    """Find deliveries that lost their job, give up old ones, ask for receipts that do not come."""
    _sweep.sweep()


@app.periodic(cron="* * * * *")
@app.task(name="notifications.tell_of_readings", queue="timers", queueing_lock="notifications.tell_of_readings")
def tell_of_readings(timestamp: int) -> None:
    """Tell those who wish to hear of each reading."""
    _readings.tell_of_each()


@app.periodic(cron="11 * * * *")
@app.task(name="notifications.tell_of_weeks", queue="timers", queueing_lock="notifications.tell_of_weeks")
def tell_of_weeks(timestamp: int) -> None:
    """Tell of the readings of the last week, on Monday from nine o'clock on; later where the worker rested."""
    _readings.tell_of_weeks()
