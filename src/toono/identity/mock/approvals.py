"""Requests that a person answers elsewhere: at a device (RFC 8628), or because a client asked for it (CIBA). Who waits, their word, and the ping after it."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache

import httpx

from toono.identity.domain.oidc import approval, device_grant
from toono.identity.domain.oidc.consent import Item
from toono.identity.domain.oidc.storage import Approval, ApprovalKind, ApprovalState, Client, digest
from toono.identity.mock.deviations import Ping
from toono.identity.mock.journal import Kind
from toono.identity.mock.persons import Person
from toono.identity.mock.world import Answering, World
from toono.kernel.ids import uuid7

PING_SECONDS = 3.0
LOOK_SECONDS = 0.5
"""Between a false ping and the person's word: so long a client has time to believe it."""
ANSWER_SECONDS = 0.2
"""Before a person who answers by themselves does: nobody is quicker than a client that has just had its reply."""
SECOND = 2
"""In a check that runs by itself something happens at the second question: the first was told to wait."""


class Over(Exception):
    """There is no such request, or it was answered, or its time is over."""


class Unknown(Exception):
    """Nobody can answer it: the person is not one of the personas."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A request whose person has not answered yet."""

    id: str
    """Its digest."""
    asked: Approval
    client: Client
    person: Person | None
    """Who is asked; None at a device, where anybody may come, and for a register number that nobody has."""
    items: tuple[Item, ...]


def waiting(world: World) -> list[Waiting]:
    """All of them, the oldest first."""
    return [found for key in world.memory.approvals if (found := one(world, key)) is not None]


def one(world: World, key: str) -> Waiting | None:
    """The request of this digest, while it waits."""
    asked = world.memory.pending_approval(key)
    client = world.memory.client(asked.client_id) if asked else None
    if asked is None or client is None:
        return None
    return Waiting(id=key, asked=asked, client=client, person=world.memory.people.get(asked.subject), items=approval.items(asked))


def of_code(world: World, typed: str) -> Waiting | None:
    """The device's request that shows this code."""
    letters = device_grant.typed_code(typed)
    return next((found for found in waiting(world) if letters and found.asked.user_code == letters), None)


def of_request(world: World, value: str) -> Waiting | None:
    """The request that its client knows by this ``device_code`` or ``auth_req_id``."""
    return one(world, digest(value))


def decide(world: World, key: str, *, agreed: bool, person: Person | None = None) -> None:
    """The person's word, once; the client is pinged, if it wants to be.

    :param person: who answers at a device. A client's request is answered by the one whom it names.
    :raises Over:
    :raises Unknown:
    """
    found = one(world, key)
    if found is None:
        raise Over
    answering = found.person or (person if found.asked.kind is ApprovalKind.DEVICE else None)
    if agreed and answering is None:
        raise Unknown
    if agreed and answering is not None:
        given = approval.grant_of(found.asked, world.sign_in(answering), identifier=str(uuid7()))
        world.memory.answer_approval(key, ApprovalState.APPROVED, given)
    else:
        world.memory.answer_approval(key, ApprovalState.REFUSED)
    world.see(Kind.DECISION, client_id=found.client.client_id, fault="" if agreed else "access_denied")
    if found.asked.notification_token:
        world.go_on(_ping_all(world, found))


# -- what happens by itself ------------------------------------------------------------------------------------------


async def begin(world: World, key: str) -> None:
    """A client has asked, and has its reply: false pings, and an answer at once, where that is wanted. Returns at once."""
    found = one(world, key)
    if found is not None:
        world.go_on(_begun(world, found))


async def _begun(world: World, found: Waiting) -> None:
    if found.asked.notification_token:
        makes = [deviation.early_pings for deviation in world.deviations("early_pings")]
        for early in [ping for make in makes if make for ping in make(_right_ping(found))]:
            await _ping(world, found.client.client_id, early)
            await asyncio.sleep(LOOK_SECONDS)
    await asyncio.sleep(ANSWER_SECONDS)
    run = world.inspection.current
    if run is not None and run.person and found.asked.notification_token:
        _answer_if_waiting(world, found.id, agreed=True)
    elif run is None and world.answering is not Answering.ASK:
        person = world.person(world.answering_person) or world.people[0]
        _answer_if_waiting(world, found.id, agreed=world.answering is Answering.AGREE, person=person)


def _answer_if_waiting(world: World, key: str, *, agreed: bool, person: Person | None = None) -> None:
    try:
        decide(world, key, agreed=agreed, person=person)
    except (Over, Unknown):
        return


def before_poll(world: World, value: str) -> bool:
    """What happens just before a client asks again for a request that waits.

    :param value: the ``device_code`` or ``auth_req_id`` that it shows.
    :returns: whether the reply shall be lost on its way.
    """
    found = of_request(world, value)
    if found is None:
        return False
    times = world.polls[found.id] = world.polls.get(found.id, 0) + 1
    run = world.inspection.current
    if run is None or times == SECOND:
        if any(world.deviations("loses_poll")):
            return True
        changes = [deviation.poll for deviation in world.deviations("poll")]
        for change in changes:
            if change is not None:
                change(world.memory, found.id)
        if changes:
            return False
    if run is not None and run.person and times >= SECOND:
        _answer_if_waiting(world, found.id, agreed=True, person=world.person(run.person))
    return False


# -- pings -----------------------------------------------------------------------------------------------------------


def _right_ping(found: Waiting) -> Ping:
    address = found.client.backchannel_client_notification_endpoint
    return Ping(address=address, token=found.asked.notification_token, auth_req_id=found.asked.auth_req_id)


async def _ping_all(world: World, found: Waiting) -> None:
    """The right one, or what is switched on in its place."""
    right = _right_ping(found)
    listed = [right]
    for deviation in world.deviations("pings"):
        listed = deviation.pings(right) if deviation.pings else listed
    for ping in listed:
        await _ping(world, found.client.client_id, ping)


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _ping(world: World, client_id: str, ping: Ping) -> None:
    """Post it (CIBA Core §10.2); how it was taken stands in the journal. No redirect is followed (§10.2)."""
    data = {"false": "yes"} if ping.false else {}
    header = {"Authorization": f"Bearer {ping.token}"}
    try:
        async with httpx.AsyncClient(timeout=PING_SECONDS, trust_env=False, verify=_trust()) as http:
            answer = await http.post(ping.address, headers=header, json={"auth_req_id": ping.auth_req_id})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        world.see(Kind.PING, data, client_id=client_id, status=0, fault=repr(error))
        return
    world.see(Kind.PING, data, client_id=client_id, status=answer.status_code)
