"""Identity's jobs."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from toono.identity.errors import RegisterUnavailable
from toono.identity.operations import housekeeping, sign_in


@app.task(name=sign_in.PREPARE_TASK, queue="urgent", retry=RetryStrategy(max_attempts=100, wait=5, retry_exceptions=[RegisterUnavailable]))
def prepare_challenge(*, challenge_id: str) -> None:
    """Find the person in the register and ask for the SMS; again every five seconds until the challenge's time is over."""
    sign_in.prepare(UUID(challenge_id))


@app.periodic(cron="*/15 * * * *", periodic_id="identity_remove_ended")
@app.task(queue="timers", queueing_lock="identity_remove_ended")
def remove_ended(timestamp: int) -> None:
    """Remove ended flows, codes, tokens, sessions and counts."""
    housekeeping.remove_ended()
