"""Timers of the registry."""

from __future__ import annotations

from procrastinate.contrib.django import app

from toono.kernel.actor import system
from toono.registry.operations.expiry import warn_of_expiry
from toono.registry.operations.publish import publish_if_due


@app.periodic(cron="*/5 * * * *")
@app.task(queue="timers", name="registry.republish_configuration", queueing_lock="registry.republish_configuration")
def republish_configuration(timestamp: int) -> None:
    """Publish the configuration again before it expires, so that gateways always hold at least half of the validity.

    A failure (signer down) is left to the next round, five minutes later; there is half a validity of time.
    """
    publish_if_due(actor=system("worker"))


@app.periodic(cron="7 * * * *")
@app.task(queue="timers", name="registry.warn_of_expiry", queueing_lock="registry.warn_of_expiry")
def warn_of_expiring_agreements(timestamp: int) -> None:
    """Tell of agreements that end in 30, 7 or 1 days; a round that was missed is made up by the next one."""
    warn_of_expiry()
