"""``/mock``: what the developer sees and turns; ``/mock/check``: the check of their client, by hand and for a program."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from toono.identity.mock import approvals
from toono.identity.mock.check import cases, report
from toono.identity.mock.check.run import End
from toono.identity.mock.endpoints import body_of, world_of
from toono.identity.mock.forms import one, posted, see_other
from toono.identity.mock.rendering import LANGUAGE_COOKIE, STATIC, language, page
from toono.identity.mock.steering import MOST_SLOW_SECONDS
from toono.identity.mock.world import SWITCHES, World
from toono.kernel.jose import json_object

MOST_SHIFT_MINUTES = 60 * 24 * 400


async def control(request: Request) -> Response:
    """The switches, what to set in the client, and what clients asked for lately."""
    if request.method == "GET":
        return page(request, "control", switches=SWITCHES, waiting=len(approvals.waiting(world_of(request))))
    form = await posted(request)
    _turn(world_of(request), one(form, "do"), form)
    return see_other("/mock")


def _turn(world: World, what: str, form: dict[str, list[str]]) -> None:
    if what == "set":
        world.armed = set(SWITCHES).intersection(form.get("switch", ()))
        world.slow_seconds = _whole(one(form, "slow_seconds"), 0, MOST_SLOW_SECONDS)
        world.shift = timedelta(minutes=_whole(one(form, "shift_minutes"), -MOST_SHIFT_MINUTES, MOST_SHIFT_MINUTES))
    elif what == "roll":
        world.keys.roll()
    elif what == "heal":
        world.heal()
    elif what == "sign-out":
        world.sign_everybody_out()


def _whole(text: str, least: int, most: int) -> int:
    """The number, pushed into its bounds; 0 for anything else."""
    digits = text.strip().removeprefix("-")
    return max(least, min(most, int(text))) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


async def choose_language(request: Request) -> Response:
    back = request.query_params.get("next", "/mock")
    answer = RedirectResponse(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/mock", 303)
    answer.set_cookie(LANGUAGE_COOKIE, "en" if request.path_params["language"] == "en" else "mn", samesite="lax", max_age=31_536_000)
    return answer


async def static(request: Request) -> Response:
    """A built file of the house: stylesheet and fonts."""
    found = STATIC / request.path_params["name"]
    return FileResponse(found) if found.is_file() and found.parent == STATIC else PlainTextResponse("", 404)


# -- the check by hand -----------------------------------------------------------------------------------------------


async def check(request: Request) -> Response:
    """One case at a time: begin it, sign in with the client, look what came of it."""
    world = world_of(request)
    inspection = world.inspection
    if request.method == "POST":
        _step(world, await posted(request))
        return see_other("/mock/check")
    case = inspection.case
    return page(
        request, "check", inspection=inspection, lines=inspection.lines(), case=case, names=report.NAMES, waiting=inspection.next_case(),
        looked_at=inspection.verdict(case) if case else None, acts=cases.Act,
    )  # fmt: skip


def _step(world: World, form: dict[str, list[str]]) -> None:
    inspection, code, what = world.inspection, one(form, "case"), one(form, "do")
    if what == "reset":
        world.begin_inspection()
    elif code not in cases.BY_CODE:
        return
    elif what == "begin":
        inspection.begin(code)
    elif what == "leave-out":
        inspection.leave_out(code)
    elif inspection.current is not None and inspection.current.case == code:
        inspection.finish(code, End(signed_in=what == "yes") if what in ("yes", "no") else None)


# -- the check by a program ------------------------------------------------------------------------------------------


class _Amiss(Exception):
    """The program asked for something that is not."""


async def api(request: Request) -> Response:
    """``POST`` of a JSON object: ``{"do": "reset"}``, ``{"do": "begin", "case", "person"}``, ``{"do": "finish", "case", "end": {…}}``, ``{"do": "leave-out", "case"}``,
    ``{"do": "under-way"}``: what the mock or the client still does."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
        return JSONResponse({"error": "send JSON"}, 415)
    try:
        return JSONResponse(_done(world_of(request), json_object(await body_of(request))))
    except (_Amiss, ValueError, KeyError, TypeError) as error:
        return JSONResponse({"error": f"no such step: {error}"}, 400)


def _done(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    inspection, what, code = world.inspection, asked["do"], str(asked.get("case", ""))
    if what == "reset":
        world.begin_inspection()
        return {}
    if what == "begin":
        person = str(asked.get("person", ""))
        if person and world.person(person) is None:
            raise _Amiss("unknown person")
        return {"act": inspection.begin(code, person=person).act.value}
    if what == "leave-out":
        inspection.leave_out(code)
        return {}
    if what == "under-way":
        is_open = inspection.current is not None and inspection.current.is_open
        came = inspection.current is not None and bool(inspection.current.seen)
        return {"busy": bool(world.tasks), "came": came, "open": is_open, "silent_seconds": inspection.silent_seconds()}
    if what != "finish":
        raise _Amiss(str(what))
    found = inspection.finish(code, _end(asked.get("end")))
    return {"result": found.result.value, "came": inspection.came(code)}


def _end(found: Any) -> End | None:
    if found is None:
        return None
    if not isinstance(found, dict):
        raise _Amiss("end")
    signed_in = found.get("signed_in")
    return End(status=int(found["status"]), path=str(found["path"]), signed_in=signed_in if isinstance(signed_in, bool) else None)


async def check_report(request: Request) -> Response:
    """``/mock/check.json`` and ``/mock/check.txt``."""
    found = report.document(world_of(request).inspection, language(request))
    return PlainTextResponse(report.text(found, language(request))) if request.url.path.endswith(".txt") else JSONResponse(found)


async def front(request: Request) -> Response:
    return see_other("/mock")


ROUTES = [
    Route("/", front),
    Route("/mock", control, methods=["GET", "POST"]),
    Route("/mock/check", check, methods=["GET", "POST"]),
    Route("/mock/check/api", api, methods=["POST"]),
    Route("/mock/check.json", check_report),
    Route("/mock/check.txt", check_report),
    Route("/mock/language/{language}", choose_language),
    Route("/static/{name}", static),
]
