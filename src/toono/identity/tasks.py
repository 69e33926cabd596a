"""Identity's jobs."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from toono.identity.errors import RegisterUnavailable
from toono.identity.operations import (
    approvals,
    failures,
    housekeeping,
    keys,
    logouts,
    relying_parties,
    sign_in,
    sign_on,
    support,
    trial_runs,
)
from toono.kernel.actor import system
from toono.kernel.public_network import Unreachable


@app.task(name=sign_in.PREPARE_TASK, queue="urgent", retry=RetryStrategy(max_attempts=100, wait=5, retry_exceptions=[RegisterUnavailable]))
def prepare_challenge(*, challenge_id: str) -> None:
    """Find the person in the register and ask for the SMS; again every five seconds until the challenge's time is over."""
    sign_in.prepare(UUID(challenge_id))


@app.task(name=logouts.DELIVER_TASK, queue="deliveries")
def deliver_logout(*, delivery_id: str) -> None:
    """Tell one client that a session has ended; the ledger says when to try again."""
    logouts.deliver(UUID(delivery_id))


@app.task(
    name=approvals.PING_TASK,
    queue="deliveries",
    retry=RetryStrategy(max_attempts=4, exponential_wait=2, retry_exceptions=[approvals.PingNotTaken, Unreachable]),
)
def ping_client(*, approval_id: str) -> None:
    """Tell a client that its person has answered."""
    approvals.ping(UUID(approval_id))


@app.periodic(cron="0 3 1 1,4,7,10 *", periodic_id="identity_roll_key")
@app.task(queue="timers", queueing_lock="identity_roll_key")
def roll_signing_key(timestamp: int) -> None:
    """Each quarter the next signing keys: published now, signing from tomorrow on."""
    keys.roll(actor=system("key-rollover"))


@app.periodic(cron="*/15 * * * *", periodic_id="identity_remove_ended")
@app.task(queue="timers", queueing_lock="identity_remove_ended")
def remove_ended(timestamp: int) -> None:
    """Remove ended flows, codes, tokens, sessions and counts."""
    housekeeping.remove_ended()


# -- sessions of browsers that have ended -------------------------------------------------------------------------


@app.periodic(cron="40 19 * * *", periodic_id="identity_remove_expired_cookies")
@app.task(queue="timers", queueing_lock="identity_remove_expired_cookies")
def remove_expired_cookies(timestamp: int) -> None:
    """Once a night: rows of the portal's cookies whose time is over."""
    housekeeping.remove_expired_cookies()


# -- the console --------------------------------------------------------------------------------------------------


@app.periodic(cron="*/10 * * * *", periodic_id="identity_count_sign_ins")
@app.task(queue="timers", queueing_lock="identity_count_sign_ins")
def count_sign_ins(timestamp: int) -> None:
    """Add up sign-ins before the grants that show them are removed."""
    sign_on.count_sign_ins()


@app.periodic(cron="7,22,37,52 * * * *", periodic_id="identity_clear_console")
@app.task(queue="timers", queueing_lock="identity_clear_console")
def clear_console(timestamp: int) -> None:
    """What the console keeps for a time only: trials, refusals, former secrets, wishes for telephone numbers."""
    trial_runs.remove_old()
    failures.remove_old()
    relying_parties.end_old_secrets()
    support.lapse_phone_changes()
