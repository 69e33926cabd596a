"""Back-channel logout: every client with something of the ended session is told, once, now."""

from __future__ import annotations

import asyncio

import httpx

from toono.identity.domain.oidc import backchannel_logout
from toono.identity.domain.oidc.storage import Client, Session
from toono.identity.mock.journal import Kind
from toono.identity.mock.world import World
from toono.kernel.ids import uuid7

SECONDS = 3.0


async def tell_clients(world: World, ended: Session) -> None:
    """Post the signed notice; how it was taken stands in the journal."""
    ids = {grant.client_id for grant in world.memory.grants_of(ended.id)}
    clients = [client for one in sorted(ids) if (client := world.memory.client(one)) is not None and client.backchannel_logout_uri]
    if clients:
        async with httpx.AsyncClient(timeout=SECONDS) as http:
            await asyncio.gather(*(_tell(world, http, client, ended) for client in clients))


async def _tell(world: World, http: httpx.AsyncClient, client: Client, ended: Session) -> None:
    notice = backchannel_logout.logout_token(world.provider(), client, subject=ended.subject, session_id=ended.id, identifier=str(uuid7()))
    try:
        answer = await http.post(client.backchannel_logout_uri, data={"logout_token": notice})
    except httpx.HTTPError as error:
        world.see(Kind.LOGOUT_NOTICE, client_id=client.client_id, status=0, fault=repr(error))
        return
    world.see(Kind.LOGOUT_NOTICE, client_id=client.client_id, status=answer.status_code)
