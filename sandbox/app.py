"""The sandbox process: ``application`` for an ASGI server, one worker. The SMPP server and the data set start with it.

Settings: :mod:`sandbox.settings`. What stands under ``/control`` and ``/sms`` is open: this process is for
one's own machine only.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox import settings
from sandbox.database import Pool, open_pool
from sandbox.faults import FaultRefused, Faults
from sandbox.population import store
from sandbox.population.openapi import description
from sandbox.population.persons import Citizen
from sandbox.population.register import PREFIX, Receive, Register, Scope, Send
from sandbox.sms.inbox import Inbox
from sandbox.sms.operator import Operator
from sandbox.sms.page import page
from sandbox.sms.texts import TextRefused, phone_number

log = logging.getLogger("sandbox")
LOGIN_FIELDS = ("regnum", "civil_id", "clan_name", "patronymic", "given_name", "phone", "aimag_code")


class World:
    """Everything that the process holds while it runs."""

    def __init__(self, pool: Pool, people: list[Citizen], values: settings.SandboxSettings) -> None:
        self.pool, self.people = pool, people
        self.faults = Faults()
        self.inbox = Inbox(pool)
        self.register = Register(people, token=values.register_token, faults=self.faults)
        self.operator = Operator(
            inbox=self.inbox, faults=self.faults, host=values.host, port=values.smpp_port,
            system_id=values.smpp_system_id, password=values.smpp_password,
        )  # fmt: skip


def _login(citizen: Citizen) -> dict[str, Any]:
    return {name: getattr(citizen, name) for name in LOGIN_FIELDS}


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


async def openapi(request: Request) -> Response:
    return JSONResponse(description(str(request.base_url).rstrip("/")))


async def persons(request: Request) -> Response:
    """Logins for developers and tests: ``?limit=&offset=&aimag=``, the cast left out; or the one of ``?regnum=``."""
    people = _world(request).people
    regnum = request.query_params.get("regnum")
    if regnum is not None:
        return JSONResponse([_login(p) for p in people if p.regnum == regnum])
    try:
        limit, offset = int(request.query_params.get("limit", "20")), int(request.query_params.get("offset", "0"))
    except ValueError:
        return JSONResponse({"error": "limit and offset are whole numbers"}, 400)
    aimag = request.query_params.get("aimag")
    chosen = (p for p in people if p.cast_key is None and aimag in (None, p.aimag_code))
    first = max(offset, 0)
    return JSONResponse([_login(p) for p in islice(chosen, first, first + max(limit, 0))])


async def cast(request: Request) -> Response:
    """The persons with a fixed part, by name."""
    return JSONResponse({p.cast_key: {**_login(p), "part": p.cast_part} for p in _world(request).people if p.cast_key})


async def faults(request: Request) -> Response:
    """``GET`` shows the switches, ``PUT`` turns those that it names, ``DELETE`` heals everything."""
    world = _world(request)
    if request.method == "PUT":
        try:
            world.faults.set(await request.json())
        except (FaultRefused, json.JSONDecodeError, UnicodeDecodeError) as error:
            return JSONResponse({"error": str(error)}, 400)
    elif request.method == "DELETE":
        world.faults.heal()
    await world.operator.follow_faults()
    return JSONResponse(world.faults.shown())


async def inbox(request: Request) -> Response:
    """``GET`` gives a phone's texts, newest last; ``DELETE`` throws them away."""
    try:
        phone = phone_number(request.path_params["phone"])
    except TextRefused as refusal:
        return JSONResponse({"error": str(refusal)}, 400)
    if request.method == "DELETE":
        await _world(request).inbox.empty(phone)
        return Response(status_code=204)
    return JSONResponse(await _world(request).inbox.texts(phone))


async def sms_page(request: Request) -> Response:
    """The inbox for people."""
    typed = request.query_params.get("phone", "").strip()
    try:
        phone = phone_number(typed)
    except TextRefused:
        return HTMLResponse(page(typed, None))
    return HTMLResponse(page(phone, await _world(request).inbox.texts(phone)))


async def live(request: Request) -> Response:
    """The process answers. It does so only when the data set is there."""
    world = _world(request)
    return JSONResponse({"status": "up", "persons": len(world.people), "sms": world.operator.listening})


async def _start() -> World:
    values = settings.load()
    began = time.monotonic()
    pool = await open_pool(values.database_url)
    made = await store.ensure(pool)
    people = await store.everybody(pool)
    world = await asyncio.to_thread(World, pool, people, values)
    await world.operator.start()
    log.info("%d citizens %s in %.1f s", len(people), "made" if made else "found", time.monotonic() - began)
    return world


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the database, make the data set where it is missing, listen for texts."""
    world = app.state.world = await _start()
    try:
        yield
    finally:
        app.state.world = None
        await world.operator.stop()
        await world.pool.close()


pages = Starlette(
    routes=[
        Route("/population/openapi.json", openapi),
        Route("/control/persons", persons),
        Route("/control/cast", cast),
        Route("/control/faults", faults, methods=["GET", "PUT", "DELETE"]),
        Route("/sms/inbox/{phone}", inbox, methods=["GET", "DELETE"]),
        Route("/sms", sms_page),
        Route("/health/live", live),
    ],
    lifespan=lifespan,
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The register's calls go the short way; all else goes through the router."""
    if scope["type"] == "http" and scope["path"].startswith(PREFIX):
        await pages.state.world.register(scope, receive, send)
    else:
        await pages(scope, receive, send)
