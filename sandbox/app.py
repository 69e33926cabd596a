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
from datetime import date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox import settings
from sandbox.bank.office import Bank
from sandbox.bank.routes import routes as bank_routes
from sandbox.database import Pool, open_pool
from sandbox.faults import FaultRefused, Faults
from sandbox.population import store
from sandbox.population.openapi import description
from sandbox.population.persons import Citizen
from sandbox.population.register import PREFIX, Register
from sandbox.population.society import Society
from sandbox.registers.corrections import CorrectionRefused, Corrections
from sandbox.registers.directory import MEANINGS, REGISTERS
from sandbox.registers.face import Face
from sandbox.registers.world import World as Lives
from sandbox.sms.inbox import Inbox
from sandbox.sms.operator import Operator
from sandbox.sms.page import page
from sandbox.sms.texts import TextRefused, phone_number
from sandbox.wire import Receive, Scope, Send

log = logging.getLogger("sandbox")
LOGIN_FIELDS = ("regnum", "civil_id", "clan_name", "patronymic", "given_name", "phone", "aimag_code")


class World:
    """Everything that the process holds while it runs."""

    def __init__(self, pool: Pool, people: list[Citizen], values: settings.SandboxSettings) -> None:
        self.pool, self.people = pool, people
        self.faults = Faults(REGISTERS)
        self.inbox = Inbox(pool)
        self.bank = Bank(pool, token=values.bank_token, notice_key=values.bank_notice_key)
        society = Society(people)
        self.register = Register([*people, *society.relatives], token=values.register_token, faults=self.faults)
        lives = Lives(society, today=_today)
        self.corrections = Corrections(lives, self.register)
        self.registers = Face(lives, self.corrections, settings=values, faults=self.faults)
        self.operator = Operator(
            inbox=self.inbox, faults=self.faults, host=values.host, port=values.smpp_port,
            system_id=values.smpp_system_id, password=values.smpp_password,
        )  # fmt: skip


def _today() -> date:
    return datetime.now(ZoneInfo("Asia/Ulaanbaatar")).date()


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
        world.bank.mode = "up"
    await world.operator.follow_faults()
    return JSONResponse(world.faults.shown())


async def facts(request: Request) -> Response:
    """``GET`` shows an answer as it is now, ``PUT`` lays the fields of the body over it (``null``: nothing is held), ``DELETE`` heals it."""
    corrections, meaning, key = _world(request).corrections, request.path_params["meaning"], request.path_params["key"]
    try:
        if request.method == "PUT":
            corrections.lay(meaning, key, await request.json())
        elif request.method == "DELETE":
            corrections.heal(meaning, key)
        elif meaning not in MEANINGS:
            raise CorrectionRefused(f"no such meaning; there are {', '.join(MEANINGS)}")
    except (CorrectionRefused, json.JSONDecodeError, UnicodeDecodeError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(corrections.answer(meaning, key))


async def all_facts(request: Request) -> Response:
    """``GET`` shows every correction, ``DELETE`` takes all back."""
    corrections = _world(request).corrections
    if request.method == "DELETE":
        corrections.heal_all()
    return JSONResponse({f"{meaning}/{key}": fields for (meaning, key), fields in corrections.laid.items()})


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
    await world.bank.start()
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
        Route("/control/facts", all_facts, methods=["GET", "DELETE"]),
        Route("/control/facts/{meaning}/{key}", facts, methods=["GET", "PUT", "DELETE"]),
        Route("/sms/inbox/{phone}", inbox, methods=["GET", "DELETE"]),
        Route("/sms", sms_page),
        *bank_routes(lambda request: _world(request).bank),
        Route("/health/live", live),
    ],
    lifespan=lifespan,
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The population register's calls go the short way; then the other registers; all else goes through the router."""
    if scope["type"] == "http" and scope["path"].startswith(PREFIX):
        await pages.state.world.register(scope, receive, send)
    elif scope["type"] != "http" or not await pages.state.world.registers(scope, receive, send):
        await pages(scope, receive, send)
