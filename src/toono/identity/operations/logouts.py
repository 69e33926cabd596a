"""Back-channel logout: which clients are to be told that a session has ended, and the ledger of telling them.

The note is written with the end of the session, in one transaction; a job tells the client, again and again for a day. Sessions that merely grow old are ended by housekeeping (:func:`.sessions.end_aged`) and told in the same way. The signer lets only the portal sign tokens, so the
job fetches the signed notice from the portal just before it delivers it.
"""

from __future__ import annotations

import hmac
import logging
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

import httpx
from django.db import transaction
from procrastinate.contrib.django import app

from toono.identity import contracts, models
from toono.identity.domain.oidc import backchannel_logout, encryption
from toono.identity.errors import NoSuchNotice
from toono.identity.operations import client_addresses, engine
from toono.identity.operations.secrets import keyed_digest
from toono.identity.operations.storage import protocol_client
from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.kernel.public_network import Unreachable
from toono.kernel.settings import settings

DELIVER_TASK = "identity.deliver_logout"
SECONDS = 5.0
log = logging.getLogger(__name__)


def note_ended(session_ids: list[UUID], moment: datetime) -> None:
    """Write down whom to tell. In the transaction that ends the sessions; a second time finds the note there."""
    grants = models.Grant.objects.filter(session_id__in=session_ids).values_list("client_id", "session_id", "person_id").distinct()
    known = {row.client_id: protocol_client(row) for row in models.Client.objects.filter(client_id__in=[client for client, _, _ in grants])}
    for client_id, session_id, person_id in grants:
        if session_id is None or client_id not in known or not known[client_id].backchannel_logout_uri:
            continue
        row = models.LogoutDelivery(id=uuid7(), client_id=client_id, person_id=person_id, session_id=session_id, created_at=moment)
        models.LogoutDelivery.objects.bulk_create([row], ignore_conflicts=True)
        app.configure_task(DELIVER_TASK, queue="deliveries").defer(delivery_id=str(row.id))


# -- the portal's part ---------------------------------------------------------------------------------------------


def proof(delivery_id: UUID) -> str:
    """By which the worker shows the portal that it is the worker: both know the key, nobody else does."""
    return keyed_digest("logout-notice", str(delivery_id))


def notice(*, delivery_id: UUID, shown: str) -> str:
    """The signed logout token of a delivery that is under way.

    :raises NoSuchNotice: unknown, done, or the caller cannot prove itself; or there can be none, for want of a key of the client.
    """
    row = models.LogoutDelivery.objects.filter(id=delivery_id, delivered_at=None, gave_up_at=None).first()
    client = models.Client.objects.filter(client_id=row.client_id).first() if row else None
    if row is None or client is None or not hmac.compare_digest(proof(delivery_id).encode(), shown.encode()):
        raise NoSuchNotice
    try:
        return backchannel_logout.logout_token(
            engine.provider(), protocol_client(client), subject=str(row.person_id), session_id=str(row.session_id), identifier=str(uuid7())
        )
    except encryption.NoKey:  # tried again, like a client that does not answer
        raise NoSuchNotice(f"{client.client_id} publishes no key for encrypted notices") from None


# -- the worker's part ---------------------------------------------------------------------------------------------


def deliver(delivery_id: UUID) -> None:
    """One attempt. Two at once tell the client twice, which it must bear (§2.6); the ledger stays right."""
    row = models.LogoutDelivery.objects.filter(id=delivery_id, delivered_at=None, gave_up_at=None).first()
    client = models.Client.objects.filter(client_id=row.client_id).first() if row else None
    if row is None or client is None:
        return
    status, answer = _tell(row.id, protocol_client(client).backchannel_logout_uri)
    with transaction.atomic():
        row = models.LogoutDelivery.objects.select_for_update().get(id=delivery_id)
        row.attempts, row.last_answer = row.attempts + 1, answer
        wait = backchannel_logout.next_attempt(row.attempts)
        if status in (200, 204):
            row.delivered_at = now()
        elif backchannel_logout.final(status) or wait is None:
            row.gave_up_at = now()
        else:
            app.configure_task(DELIVER_TASK, queue="deliveries", schedule_in={"seconds": int(wait.total_seconds())}).defer(
                delivery_id=str(row.id)
            )
        row.save()


def _tell(delivery_id: UUID, uri: str) -> tuple[int, str]:
    """§2.5: the status of the client's answer, and what the ledger says of it."""
    try:
        signed = httpx.post(
            f"{settings().inner_base_url}/oidc/inner/logout-notice/{delivery_id}",
            headers={"Authorization": f"Bearer {proof(delivery_id)}"}, timeout=SECONDS, follow_redirects=False,
        )  # fmt: skip
        if signed.status_code != 200:
            return 0, f"no notice: {signed.status_code}"
        notice = urlencode({"logout_token": signed.text}).encode()
        status = client_addresses.post(uri, content=notice, media_type="application/x-www-form-urlencoded")
    except (httpx.HTTPError, Unreachable) as error:
        log.info("a client does not take a logout: %r", error)
        return 0, type(error).__name__
    return status, str(status)


# -- the person's page ---------------------------------------------------------------------------------------------


def told(person_id: UUID) -> list[contracts.LogoutNotice]:
    """Whom the platform has told lately that this person signed out, and whether they confirmed; newest first."""
    rows = models.LogoutDelivery.objects.filter(person_id=person_id).order_by("-created_at")[:20]
    names = {row.client_id: row for row in models.Client.objects.filter(client_id__in=[row.client_id for row in rows])}
    return [
        contracts.LogoutNotice(
            client_name_mn=names[row.client_id].name_mn, client_name_en=names[row.client_id].name_en, at=row.created_at,
            confirmed_at=row.delivered_at, gave_up=row.gave_up_at is not None,
        )
        for row in rows if row.client_id in names
    ]  # fmt: skip
