"""What the room does by the clock."""

from __future__ import annotations

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from toono.pki import api

_AGAIN = RetryStrategy(max_attempts=6, exponential_wait=3)


@app.periodic(cron="7 * * * *")
@app.task(name="pki.publish_revocation_lists", queue="timers", queueing_lock="pki.publish_revocation_lists", retry=_AGAIN)
def publish_revocation_lists(timestamp: int) -> None:
    """Hourly: no list grows older than it may."""
    api.publish_due_lists()


@app.periodic(cron="23 3 * * *")
@app.task(name="pki.renew_certificates", queue="timers", queueing_lock="pki.renew_certificates", retry=_AGAIN)
def renew_certificates(timestamp: int) -> None:
    """Daily: successors for certificates that near their end."""
    api.renew_certificates(actor=api.OWN)
