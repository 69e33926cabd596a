"""The bank's addresses: ``/bank/invoices/{invoice}`` for programs, ``/bank/pay/{invoice}`` for people, ``/control/bank`` for tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.bank.office import MODES, SLOW_SECONDS, Bank, Invoice, InvoiceRefused
from sandbox.bank.page import page


def routes(bank: Callable[[Request], Bank]) -> list[Route]:
    """The routes of a bank that ``bank`` finds for a request."""

    async def suffer(request: Request) -> Response | None:
        match bank(request).mode:
            case "down":
                return JSONResponse({"error": "unavailable"}, 503)
            case "nonsense":
                return HTMLResponse("<h1>It works!</h1>")
            case "slow":
                await asyncio.sleep(SLOW_SECONDS)
        return None

    async def invoice(request: Request) -> Response:
        office, number = bank(request), request.path_params["invoice"]
        if (trouble := await suffer(request)) is not None:
            return trouble
        if not office.allowed(request.headers.get("authorization", "")):
            return JSONResponse({"error": "unauthorized"}, 401)
        try:
            found = await _does(request, office, number)
        except (InvoiceRefused, json.JSONDecodeError, UnicodeDecodeError) as error:
            return JSONResponse({"error": str(error)}, 409)
        if found is None:
            return JSONResponse({"error": "not_found"}, 404)
        return JSONResponse(found.shown(str(request.base_url).rstrip("/")))

    async def pay(request: Request) -> Response:
        office, number = bank(request), request.path_params["invoice"]
        if request.method == "POST":
            await office.pay(number)
            return RedirectResponse(str(request.url), 303)
        return HTMLResponse(page(await office.find(number)))

    async def control(request: Request) -> Response:
        office = bank(request)
        if request.method == "DELETE":
            office.mode = "up"
        elif request.method == "PUT":
            wanted = (await request.body()).decode(errors="replace").strip()
            if wanted not in MODES:
                return JSONResponse({"error": f"the bank is one of {', '.join(MODES)}"}, 400)
            office.mode = wanted
        return PlainTextResponse(office.mode)

    return [
        Route("/bank/invoices/{invoice}", invoice, methods=["GET", "PUT", "DELETE"]),
        Route("/bank/pay/{invoice}", pay, methods=["GET", "POST"]),
        Route("/control/bank", control, methods=["GET", "PUT", "DELETE"]),
    ]


async def _does(request: Request, office: Bank, number: str) -> Invoice | None:
    if request.method == "PUT":
        return await office.open(number, await request.json())
    return await (office.cancel(number) if request.method == "DELETE" else office.find(number))
