"""Clients that register themselves under a software statement (RFC 7591, RFC 7592). The mock issues the statements, on its page and over its control interface."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from toono.identity.domain.oidc import registration, resources
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.mock.endpoints import Lost, body_of, refused, world_of
from toono.identity.mock.forms import one, posted
from toono.identity.mock.journal import Kind
from toono.identity.mock.rendering import page
from toono.identity.mock.world import World
from toono.kernel.jose import json_object

HERE = ("127.0.0.1", "::1")
"""Hosts of a statement that names none: the developer's own machine."""
LONGEST = 200
NO_STORE = {"Cache-Control": "no-store"}


class Unreadable(Exception):
    """The statement that was asked for cannot be issued; the text says why."""


def statement(world: World, *, name: str = "", redirect_hosts: list[str] | None = None, resources_of: list[str] | None = None) -> str:
    """A software statement, good for one registration.

    :raises Unreadable:
    """
    hosts, addresses = redirect_hosts or list(HERE), resources_of or []
    if len(name) > LONGEST or not name.isprintable() or not all(_is_host(host) for host in hosts) or len(hosts) > 50:
        raise Unreadable("redirect_hosts are hosts without port, or own schemes of apps: 127.0.0.1, client.example, com.example.app")
    if len(addresses) > 50 or not all(resources.is_address(address) for address in addresses):
        raise Unreadable("resources are absolute addresses without fragment")
    return world.issue_statement(name=name or "Mock organisation", redirect_hosts=hosts, resources=addresses)


def _is_host(text: str) -> bool:
    try:
        return bool(text) and len(text) <= LONGEST and urlsplit(f"https://{f'[{text}]' if ':' in text else text}/").hostname == text
    except ValueError:
        return False


async def issue(request: Request) -> Response:
    """The same for a person: the statement stands on the page, to be copied."""
    form = await posted(request)
    asked: dict[str, Any] = {"redirect_hosts": one(form, "redirect_hosts").split(), "resources_of": one(form, "resources").split()}
    try:
        return page(request, "statement", text=statement(world_of(request), name=one(form, "name").strip(), **asked), fault="")
    except Unreadable as error:
        return page(request, "statement", 400, text="", fault=str(error))


# -- the endpoints ---------------------------------------------------------------------------------------------------


async def register(request: Request) -> Response:
    """RFC 7591 §3; any name that the client gets is its own, as on the platform."""
    world = world_of(request)
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
        return refused(DirectRefusal("invalid_client_metadata", "send JSON"))
    try:
        world.refuse("register")
        reply = registration.register(provider=world.provider(), metadata=_document(await body_of(request)), loopback=True)
    except DirectRefusal as refusal:
        world.see(Kind.REGISTER, status=refusal.status, fault=str(refusal))
        return refused(refusal)
    lost = any(world.deviations("loses_reply"))
    world.see(Kind.REGISTER, client_id=str(reply["client_id"]), status=201, fault="the reply was lost" if lost else "")
    for deviation in world.deviations("registered"):
        reply = deviation.registered(reply) if deviation.registered else reply
    return Lost() if lost else JSONResponse(reply, 201, headers=NO_STORE)


def _document(raw: bytes) -> dict[str, Any]:
    try:
        return json_object(raw)
    except ValueError:
        raise DirectRefusal("invalid_client_metadata", "the body is no JSON object") from None


async def managed(request: Request) -> Response:
    """A client reads its own registration, or ends it with all its tokens (RFC 7592 §2.1, §2.3)."""
    world, client_id = world_of(request), request.path_params["client_id"]
    client = world.memory.client(client_id)
    try:
        shown = registration.check_manager(client.registration_digest if client else "", request.headers.get("Authorization"))
    except DirectRefusal as refusal:
        world.see(Kind.MANAGED, client_id=client_id, status=refusal.status, fault=str(refusal))
        return refused(refusal)
    world.see(Kind.MANAGED, client_id=client_id)
    if request.method == "DELETE":
        world.memory.remove_client(client_id)
        return Response(status_code=204, headers=NO_STORE)
    told = registration.information(issuer=world.issuer, client_id=client_id, metadata=world.memory.metadata(client_id), manages=shown)
    return JSONResponse(told, headers=NO_STORE)


ROUTES = [
    Route("/oidc/register", register, methods=["POST"]),
    Route("/oidc/register/{client_id}", managed, methods=["GET", "DELETE"]),
    Route("/mock/statement", issue, methods=["POST"]),
]
