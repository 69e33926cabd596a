"""What the exchange does by the clock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from toono.exchange import limits
from toono.exchange.models import SeenNonce
from toono.exchange.operations import gather_traffic as _gather_traffic
from toono.exchange.operations.archive import archive_due
from toono.exchange.operations.partitions import prepare_storage
from toono.exchange.operations.prune import drop_expired
from toono.exchange.operations.roots import publish_roots
from toono.exchange.operations.stamp import stamp_pending
from toono.kernel.clock import now
from toono.kernel.errors import Unavailable

_log = logging.getLogger(__name__)


@app.periodic(cron="*/10 * * * *")
@app.task(queue="timers", queueing_lock="exchange.forget_nonces")
def forget_nonces(timestamp: int) -> None:
    """Remove nonces whose signatures would be too old anyway; an hour longer than needed, for clocks that differ."""
    SeenNonce.objects.filter(expires_at__lt=now() - timedelta(hours=1)).delete()


@app.periodic(cron="23 * * * *")
@app.task(queue="timers", queueing_lock="exchange.gather_traffic")
def gather_traffic(timestamp: int) -> None:
    """Make few rows of the traffic of each hour that is over."""
    _gather_traffic.gather()


def _unless_away(work: Callable[[], object], what: str) -> None:
    """A part of the platform that is away for a while is no fault of the timer: the next round does it all."""
    try:
        work()
    except Unavailable as error:
        _log.warning("%s wait for the next round: %s", what, error)


@app.periodic(cron="* * * * *")
@app.task(name="exchange.stamp", queue="timers", queueing_lock="exchange.stamp")
def stamp(timestamp: int) -> None:
    """Each minute: a time-stamp for what gateways have committed."""
    _unless_away(stamp_pending, "Time-stamps")


@app.periodic(cron="7 * * * *")
@app.task(name="exchange.sweep", queue="timers", queueing_lock="exchange.sweep")
def sweep(timestamp: int) -> None:
    """Each hour: the same for what became visible very late."""
    _unless_away(lambda: stamp_pending(look_back_seconds=limits.STAMP_SWEEP_SECONDS), "Time-stamps")


@app.periodic(cron="1-59/10 * * * *")
@app.task(name="exchange.publish_roots", queue="timers", queueing_lock="exchange.publish_roots")
def publish_hourly_roots(timestamp: int) -> None:
    """Roots of hours that are over."""
    _unless_away(publish_roots, "Hourly roots")


@app.periodic(cron="16,46 * * * *")
@app.task(name="exchange.archive", queue="timers", queueing_lock="exchange.archive")
def archive(timestamp: int) -> None:
    """Archives of spans that are over."""
    _unless_away(archive_due, "Archives")


@app.periodic(cron="37 * * * *")
@app.task(name="exchange.storage", queue="timers", queueing_lock="exchange.storage", retry=RetryStrategy(max_attempts=5, wait=60))
def storage(timestamp: int) -> None:
    """Partitions ahead of time, and none longer than it is to be kept. Again in a minute where calls were in the way."""
    prepare_storage()
    drop_expired()
