"""``/mock/api``: everything that a developer turns on the pages, for a program. And the made-up authority of TLS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from toono.identity.domain.oidc.storage import ApprovalKind
from toono.identity.mock import approvals, registrations
from toono.identity.mock.endpoints import body_of, world_of
from toono.identity.mock.world import SWITCHES, Answering, World
from toono.kernel.jose import json_object

MOST_SLOW_SECONDS, MOST_SHIFT = 120, timedelta(days=400)
Json = dict[str, Any]


class Amiss(Exception):
    """The program asked for something that is not; the text says what."""


async def api(request: Request) -> Response:
    """``POST`` of a JSON object with ``do``: one of :data:`DOINGS`; ``GET`` tells how the mock is set."""
    if request.method == "GET":
        return JSONResponse(_settings(world_of(request)))
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
        return JSONResponse({"error": "send JSON"}, 415)
    try:
        asked = json_object(await body_of(request))
        doing = DOINGS.get(str(asked.pop("do", "")))
        if doing is None:
            raise Amiss(f"do is one of {', '.join(DOINGS)}")
        return JSONResponse(doing(world_of(request), asked), headers={"Cache-Control": "no-store"})
    except (Amiss, registrations.Unreadable, ValueError, TypeError, OverflowError) as error:
        return JSONResponse({"error": str(error) or "not a JSON object"}, 400)
    except approvals.Over:
        return JSONResponse({"error": "there is no such request, or it is over"}, 409)
    except approvals.Unknown:
        return JSONResponse({"error": "nobody of this name can answer it"}, 409)


def _taken(asked: Json, **kinds: type | tuple[type, ...]) -> Json:
    """The members that were sent, each of its kind; nothing else may be there.

    :raises Amiss:
    """
    unknown = asked.keys() - kinds.keys()
    if unknown:
        raise Amiss(f"unknown members: {', '.join(sorted(unknown))}; known: {', '.join(kinds) or 'none'}")
    for name, value in asked.items():
        wrong = isinstance(value, bool) and kinds[name] is not bool
        if wrong or not isinstance(value, kinds[name]):
            raise Amiss(f"{name} is of another kind")
        if isinstance(value, list) and not all(isinstance(one, str) for one in value):
            raise Amiss(f"{name} is a list of texts")
    return asked


# -- what waits ------------------------------------------------------------------------------------------------------


def _shown(world: World, found: approvals.Waiting) -> Json:
    return {
        "id": found.id, "kind": found.asked.kind.value, "client_id": found.client.client_id, "person": found.person.code if found.person else "",
        "scope": found.asked.scope, "resources": list(found.asked.resources), "items": [item.code for item in found.items],
        "user_code": found.asked.user_code, "binding_message": found.asked.binding_message,
        "expires_in": max(0, int((found.asked.expires_at - world.now()).total_seconds())),
    }  # fmt: skip


def _requests(world: World, asked: Json) -> Json:
    _taken(asked)
    return {"requests": [_shown(world, found) for found in approvals.waiting(world)]}


def _decide(world: World, asked: Json) -> Json:
    """The request by ``id``, ``user_code``, ``device_code`` or ``auth_req_id``; the only one that waits, where none is named."""
    _taken(asked, agree=bool, person=str, id=str, user_code=str, device_code=str, auth_req_id=str)
    if "agree" not in asked:
        raise Amiss("agree is true or false")
    person = world.person(asked["person"]) if "person" in asked else world.people[0]
    found = _meant(world, asked)
    if found is None:
        raise approvals.Over
    if person is None or ("person" in asked and found.asked.kind is ApprovalKind.CIBA and found.person is not person):
        raise approvals.Unknown
    approvals.decide(world, found.id, agreed=asked["agree"], person=person)
    return _shown(world, found) | {"agreed": asked["agree"]}


def _meant(world: World, asked: Json) -> approvals.Waiting | None:
    names = [name for name in ("id", "user_code", "device_code", "auth_req_id") if name in asked]
    if len(names) > 1:
        raise Amiss(f"only one of {', '.join(names)} names the request")
    if not names:
        all_of_them = approvals.waiting(world)
        if len(all_of_them) > 1:
            raise Amiss(f"{len(all_of_them)} requests wait: name one")
        return all_of_them[0] if all_of_them else None
    value = asked[names[0]]
    by_name = {"id": approvals.one, "user_code": approvals.of_code}
    return by_name.get(names[0], approvals.of_request)(world, value)


def _answering(world: World, asked: Json) -> Json:
    """``answer``: who answers from now on: ``ask``, ``agree`` or ``refuse``; ``person``: who it is at a device."""
    _taken(asked, answer=str, person=str)
    if asked.get("person") and world.person(asked["person"]) is None:
        raise Amiss("unknown person")
    try:
        world.answering = Answering(asked.get("answer", ""))
    except ValueError:
        raise Amiss(f"answer is one of {', '.join(Answering)}") from None
    world.answering_person = asked.get("person", "")
    return _settings(world)


# -- how answers deviate ---------------------------------------------------------------------------------------------


def _settings(world: World) -> Json:
    return {
        "issuer": world.issuer, "armed": sorted(world.armed), "switches": list(SWITCHES), "slow_seconds": world.slow_seconds,
        "shift_seconds": int(world.shift.total_seconds()), "answer": world.answering.value, "person": world.answering_person,
        "persons": [person.code for person in world.people],
    }  # fmt: skip


def _set(world: World, asked: Json) -> Json:
    """``switches`` that are on, each for once; ``slow_seconds``; ``shift_seconds``: what is not named stays."""
    _taken(asked, switches=list, slow_seconds=(int, float), shift_seconds=int)
    unknown = set(asked.get("switches", ())) - SWITCHES.keys()
    slow, shift = asked.get("slow_seconds", world.slow_seconds), timedelta(seconds=asked.get("shift_seconds", world.shift.total_seconds()))
    if unknown:
        raise Amiss(f"unknown switches: {', '.join(sorted(unknown))}")
    if not 0 <= slow <= MOST_SLOW_SECONDS or abs(shift) > MOST_SHIFT:
        raise Amiss(f"slow_seconds is 0 to {MOST_SLOW_SECONDS}, shift_seconds at most {MOST_SHIFT.days} days")
    world.armed = set(asked.get("switches", world.armed))
    world.slow_seconds, world.shift = float(slow), shift
    return _settings(world)


def _heal(world: World, asked: Json) -> Json:
    _taken(asked)
    world.heal()
    return _settings(world)


def _roll(world: World, asked: Json) -> Json:
    _taken(asked)
    world.keys.roll()
    return {"kid": world.keys.current.kid}


def _sign_out(world: World, asked: Json) -> Json:
    _taken(asked)
    world.sign_everybody_out()
    return {}


def _statement(world: World, asked: Json) -> Json:
    """``name``, ``redirect_hosts``, ``resources``: a software statement for them."""
    _taken(asked, name=str, redirect_hosts=list, resources=list)
    text = registrations.statement(
        world, name=asked.get("name", ""), redirect_hosts=asked.get("redirect_hosts"), resources_of=asked.get("resources")
    )
    return {"software_statement": text}


DOINGS: dict[str, Callable[[World, Json], Json]] = {
    "requests": _requests, "decide": _decide, "answer": _answering, "set": _set, "heal": _heal, "roll": _roll, "sign-out": _sign_out,
    "statement": _statement,
}  # fmt: skip


# -- TLS -------------------------------------------------------------------------------------------------------------


async def authority(request: Request) -> Response:
    """The made-up authority, to be trusted by clients; a file, so that no browser takes it for its own at a click."""
    tls = world_of(request).tls
    if tls is None:
        return PlainTextResponse("the mock was started without --tls", 404)
    return Response(tls.ca_pem, media_type="application/x-pem-file", headers={"Content-Disposition": 'attachment; filename="ca.pem"'})


async def client_certificate(request: Request) -> Response:
    """A new certificate for a client, with its key."""
    tls = world_of(request).tls
    if tls is None:
        return PlainTextResponse("the mock was started without --tls", 404)
    name = request.query_params.get("name", "client")
    text = tls.client_pem(name if name.isprintable() else "client")
    headers = {"Content-Disposition": 'attachment; filename="client.pem"', "Cache-Control": "no-store"}
    return Response(text, media_type="application/x-pem-file", headers=headers)


ROUTES = [
    Route("/mock/api", api, methods=["GET", "POST"]),
    Route("/mock/ca.pem", authority),
    Route("/mock/client.pem", client_certificate, methods=["POST"]),
]
