"""What a person answers elsewhere: a code shown on a device (RFC 8628), a sign-in begun by a client (CIBA). And their consents, to see and to take back."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app

from toono.identity import contracts, models
from toono.identity.domain.oidc import approval, device_grant
from toono.identity.domain.oidc.storage import ApprovalState
from toono.identity.errors import ApprovalOver, FlowOver, TooManyUserCodes, UserCodeUnknown
from toono.identity.events import ApprovalRequested
from toono.identity.limits import LIMITS
from toono.identity.operations import client_addresses, credential, engine
from toono.identity.operations.secrets import digest, keyed_digest, opened
from toono.identity.operations.sign_in import open_flow
from toono.identity.operations.storage import protocol_approval, protocol_client, protocol_session
from toono.identity.queries import living_sessions, resources_asked, return_origin, session_of_browser
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.ids import uuid7
from toono.kernel.outbox import publish

PING_TASK = "identity.ping_client"


class PingNotTaken(Exception):
    """The client's endpoint answers that it cannot at the moment."""


def new_user_code() -> str:
    """Letters that no device shows at the moment."""
    while True:
        letters = "".join(secrets.choice(device_grant.ALPHABET) for _ in range(device_grant.LETTERS))
        if not models.Approval.objects.filter(user_code=letters).exists():
            return letters


def _flooded(person_id: UUID) -> bool:
    waiting = models.Approval.objects.filter(person_id=person_id, kind="ciba", state=ApprovalState.PENDING, expires_at__gt=now())
    return waiting.count() > LIMITS.ciba_waiting


def announced(reply: dict[str, Any]) -> dict[str, Any]:
    """The reply of the endpoint; the person, if the platform knows them, is told that somebody waits for their word. In its transaction."""
    row = models.Approval.objects.get(digest=digest(str(reply["auth_req_id"])))
    if row.person_id is not None and _flooded(row.person_id):
        # Nobody is flooded, and nobody is told: the request stays pending like that of somebody unknown.
        models.Approval.objects.filter(digest=row.digest).update(person=None)
    elif row.person_id is not None:
        client = models.Client.objects.get(client_id=row.client_id)
        publish(
            ApprovalRequested(
                person_id=row.person_id, client_name_mn=client.name_mn, client_name_en=client.name_en, message=row.binding_message
            )
        )
    return reply


def _person(actor: Actor) -> UUID:
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} answers nothing for a person")
    return actor.person_id


def device_request(*, actor: Actor, typed: str) -> contracts.ApprovalView:
    """The request whose code was typed. Wrong codes are counted for the person, so nobody can try them all.

    :raises UserCodeUnknown: no device shows it now.
    :raises TooManyUserCodes:
    """
    person = _person(actor)
    key, moment = keyed_digest("user-code", str(person)), now()
    tries = models.AddressCount.objects.filter(address_digest=key, kind="user_code", window_start__gt=moment - timedelta(hours=1))
    if tries.count() >= LIMITS.user_code_tries:
        raise TooManyUserCodes
    letters = device_grant.typed_code(typed)
    row = models.Approval.objects.filter(user_code=letters, state=ApprovalState.PENDING, expires_at__gt=moment).first() if letters else None
    if row is None:
        models.AddressCount.objects.get_or_create(address_digest=key, kind="user_code", window_start=moment, defaults={"count": 1})
        raise UserCodeUnknown
    return _view(row)


def requests(*, actor: Actor) -> list[contracts.ApprovalView]:
    """Sign-ins that clients have begun for this person and that wait for their word, oldest first."""
    waiting = models.Approval.objects.filter(person_id=_person(actor), kind="ciba", state=ApprovalState.PENDING, expires_at__gt=now())
    return [_view(row) for row in waiting.order_by("created_at")]


def _view(row: models.Approval) -> contracts.ApprovalView:
    client = models.Client.objects.get(client_id=row.client_id)
    asked = approval.items(protocol_approval(row))
    targets = approval.targets(protocol_approval(row), protocol_client(client))
    return contracts.ApprovalView(
        id=row.id, client_name_mn=client.name_mn, client_name_en=client.name_en, binding_message=row.binding_message, user_code=row.user_code,
        items=tuple(item.code for item in asked), details=tuple(dict(item.detail) for item in asked if item.detail), asked_at=row.created_at,
        resources=targets, resources_open=bool(targets) and not row.resources,
    )  # fmt: skip


def decide(*, actor: Actor, approval_id: UUID, agreed: bool, user_code: str | None) -> None:
    """The person's word. Locks the request: of two answers at once the first counts.

    :param user_code: of a device's request; the person must have typed it. None for one that was addressed to them.
    :raises ApprovalOver: answered, expired, or another's.
    """
    person, moment = _person(actor), now()
    with transaction.atomic():
        row = models.Approval.objects.select_for_update().filter(id=approval_id, state=ApprovalState.PENDING, expires_at__gt=moment).first()
        own = row is not None and (
            row.person_id == person if row.kind == "ciba" else row.user_code == device_grant.typed_code(user_code or "")
        )
        session = living_sessions().filter(id=UUID(actor.session_id)).first() if actor.session_id else None
        if row is None or not own or session is None:
            raise ApprovalOver
        row.state = ApprovalState.APPROVED if agreed else ApprovalState.REFUSED
        if agreed:
            row.grant_id = UUID(_grant(row, session))
        row.user_code = ""
        row.save(update_fields=["state", "grant", "user_code"])
        audit.record(actor=actor, action=f"identity.{row.state}", subject=f"client:{row.client_id}", person=str(person), kind=row.kind)
        if row.notification_token:
            app.configure_task(PING_TASK, queue="deliveries").defer(approval_id=str(row.id))


def _grant(row: models.Approval, session: models.Session) -> str:
    grant = approval.grant_of(protocol_approval(row), protocol_session(session), identifier=str(uuid7()))
    engine.storage.save_grant(grant)
    return grant.id


def ping(approval_id: UUID) -> None:
    """Tell the client that the person has answered (CIBA Core §10.2). The client asks by itself anyway, so a failed ping is tried a few times and then left.

    :raises PingNotTaken, Unreachable: try again.
    """
    row = models.Approval.objects.filter(id=approval_id).first()
    client_row = models.Client.objects.filter(client_id=row.client_id).first() if row else None
    if row is None or client_row is None:
        return
    told = json.dumps({"auth_req_id": opened("auth_req_id", row.auth_req_id)}).encode()
    status = client_addresses.post(
        protocol_client(client_row).backchannel_client_notification_endpoint, content=told, media_type="application/json",
        authorization=f"Bearer {opened('notification', row.notification_token)}",
    )  # fmt: skip
    if status >= 500:
        raise PingNotTaken(str(status))


# -- consent -------------------------------------------------------------------------------------------------------


def consent_view(*, flow_id: UUID, browser: str | None) -> contracts.ConsentView:
    """What the person is asked in this flow.

    :raises FlowOver: nothing, or in another browser.
    """
    flow = open_flow(flow_id, browser)
    if flow.items is None or flow.session is None or credential.asked_in(flow) is not None:
        raise FlowOver
    client = models.Client.objects.get(client_id=flow.client_id)
    person = models.Person.objects.get(id=flow.session.person_id)
    return contracts.ConsentView(
        flow_id=flow.id, client_name_mn=client.name_mn, client_name_en=client.name_en, person_name=person.given_name,
        items=tuple(contracts.ConsentItem(**item) for item in flow.items), return_origin=return_origin(flow.query), resources=resources_asked(flow.query),
    )  # fmt: skip


def answer_consent(*, flow_id: UUID, browser: str | None, session_token: str | None, agreed: list[str] | None) -> None:
    """The person's word: the items that they ticked, or None for a refusal. Remembered for the next time.

    :raises FlowOver:
    """
    flow = open_flow(flow_id, browser)
    session = session_of_browser(session_token)
    if credential.asked_in(flow) is not None:  # answered on the page of the request to sign, and nowhere else
        raise FlowOver
    if flow.items is None or flow.session is None or session is None or flow.session.id != session.id:
        raise FlowOver
    asked = {str(item["code"]) for item in flow.items}
    kept = sorted(asked.intersection(agreed or []))
    moment = now()
    with transaction.atomic():
        models.Flow.objects.filter(id=flow.id).update(agreed=kept, refused=agreed is None)
        if agreed is None or flow.kind == "dan":  # ДАН asks every time anew, so nothing is remembered
            return
        row, _ = models.Consent.objects.select_for_update().get_or_create(
            person_id=flow.session.person_id, client_id=flow.client_id, defaults={"asked": [], "agreed": [], "changed_at": moment}
        )
        row.asked, row.agreed = sorted({*row.asked, *asked}), sorted({*row.agreed} - asked | {*kept})
        row.changed_at = moment
        row.save()
        actor = Actor(role=Role.CITIZEN, person_id=flow.session.person_id, session_id=str(flow.session.id))
        audit.record(actor=actor, action="identity.consent", subject=f"client:{flow.client_id}", person=str(actor.person_id), items=kept)


def connections(*, actor: Actor) -> list[contracts.Connection]:
    """Clients of other organisations that this person has let in, last first."""
    rows = models.Consent.objects.filter(person_id=_person(actor)).order_by("-changed_at")
    names = {row.client_id: row for row in models.Client.objects.filter(client_id__in=[row.client_id for row in rows])}
    return [
        contracts.Connection(
            client_id=row.client_id, client_name_mn=names[row.client_id].name_mn, client_name_en=names[row.client_id].name_en,
            items=tuple(row.agreed), changed_at=row.changed_at,
        )
        for row in rows if row.client_id in names
    ]  # fmt: skip


def disconnect(*, actor: Actor, client_id: str) -> None:
    """Take back every consent for one client; everything given under it ends at once. Idempotent; audited."""
    person = _person(actor)
    if not client_id.isprintable():
        raise NotAllowed("no such client")
    with transaction.atomic():
        models.Consent.objects.filter(person_id=person, client_id=client_id).delete()
        models.Grant.objects.filter(person_id=person, client_id=client_id, revoked_at=None).update(revoked_at=now())
        audit.record(actor=actor, action="identity.disconnect", subject=f"client:{client_id}", person=str(person))
