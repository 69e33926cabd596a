"""What the room does by the clock."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from toono.pki import api
from toono.pki.contracts import Confirmation
from toono.pki.errors import SignerUnavailable

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


@app.task(name="pki.activate", queue="urgent", retry=RetryStrategy(max_attempts=5, wait=1, retry_exceptions=[SignerUnavailable]))
def activate(*, confirmation: dict[str, str], key: str, signing_input: str, request: str) -> None:
    """Let a natural person's key loose for what its holder has confirmed; a person waits for it."""
    api.let_loose(
        confirmation=Confirmation.model_validate(confirmation),
        key=key,
        signing_input=signing_input,
        request_id=UUID(request) if request else None,
    )


@app.task(name="pki.activate_documents", queue="urgent", retry=RetryStrategy(max_attempts=5, wait=1, retry_exceptions=[SignerUnavailable]))
def activate_documents(*, signing: str) -> None:
    """Let a natural person's key loose for documents whose hashes its holder has confirmed; a client waits for it."""
    api.let_documents_loose(signing_id=UUID(signing))


@app.periodic(cron="17 * * * *")
@app.task(name="pki.forget_csc_documents", queue="timers", queueing_lock="pki.forget_csc_documents", retry=_AGAIN)
def forget_csc_documents(timestamp: int) -> None:
    """Hourly: documents and answers of clients that do not fetch them any more."""
    api.forget_csc_documents()


@app.periodic(cron="41 4 * * *")
@app.task(name="pki.care_for_kept_files", queue="timers", queueing_lock="pki.care_for_kept_files", retry=_AGAIN)
def care_for_kept_files(timestamp: int) -> None:
    """Daily: archive time-stamps for the signed files that are kept, before what they have ends."""
    api.care_for_kept_files()


@app.periodic(cron="*/10 * * * *")
@app.task(name="pki.forget_brought_files", queue="timers", queueing_lock="pki.forget_brought_files", retry=_AGAIN)
def forget_brought_files(timestamp: int) -> None:
    """Every ten minutes: files that persons brought to be signed, and whose time is over."""
    api.forget_brought_files()


@app.task(name="pki.acme_validate", queue="deliveries", retry=_AGAIN)
def acme_validate(*, authorization_id: str) -> None:
    """Fetch a server's answer to an ACME challenge."""
    api.validate_acme(authorization_id=UUID(authorization_id))


@app.periodic(cron="37 * * * *")
@app.task(name="pki.forget_acme_nonces", queue="timers", queueing_lock="pki.forget_acme_nonces", retry=_AGAIN)
def forget_acme_nonces(timestamp: int) -> None:
    """Hourly: nonces that cannot come again."""
    api.forget_acme_nonces()


@app.periodic(cron="13 * * * *")
@app.task(name="pki.publish_trusted_list", queue="timers", queueing_lock="pki.publish_trusted_list", retry=_AGAIN)
def publish_trusted_list(timestamp: int) -> None:
    """Hourly: our trusted list names every authority and unit, and is never old."""
    api.publish_trusted_list()


@app.periodic(cron="52 2 * * *")
@app.task(name="pki.refresh_trusted_lists", queue="timers", queueing_lock="pki.refresh_trusted_lists", retry=_AGAIN)
def refresh_trusted_lists(timestamp: int) -> None:
    """Daily: other people's lists, from their addresses."""
    api.refresh_trusted_lists()
