"""The ASGI application of one :class:`~toono.identity.mock.world.World`."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toono.identity.domain.oidc import scripts
from toono.identity.mock import control, devices, endpoints, pages, registrations, steering
from toono.identity.mock.world import World

_STRANGERS = (b"cross-site", b"same-site")


class OwnFormsOnly:
    """Another site open in the same browser must not turn switches or choose a person: a form of ours comes from a page of ours.

    The protocol's endpoints are for everybody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from_elsewhere = scope["type"] == "http" and dict(scope["headers"]).get(b"sec-fetch-site") in _STRANGERS
        if from_elsewhere and scope["method"] == "POST" and scope["path"].startswith("/mock"):
            await PlainTextResponse("not from another site", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class OpenToScripts:
    """Scripts of every site use what the platform opens to them, and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scripts.offered(scope["path"]) if scope["type"] == "http" else {}
        if not headers:
            return await self._app(scope, receive, send)
        leave = scripts.leave(scope["path"])
        if leave and scope["method"] == "OPTIONS" and "Access-Control-Request-Method" in Headers(scope=scope):
            return await Response(status_code=204, headers=leave)(scope, receive, send)

        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        return await self._app(scope, receive, opened)


def application(world: World) -> Starlette:
    routes = [*endpoints.ROUTES, *registrations.ROUTES, *pages.ROUTES, *devices.ROUTES, *control.ROUTES, *steering.ROUTES]
    found = Starlette(routes=routes, middleware=[Middleware(OwnFormsOnly), Middleware(OpenToScripts)])
    found.state.world = world
    return found
