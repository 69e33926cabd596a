"""Pages on which somebody answers what is asked elsewhere: the code of a device, a sign-in that a client has begun."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from toono.identity.domain.oidc.storage import ApprovalState
from toono.identity.mock import approvals
from toono.identity.mock.endpoints import world_of
from toono.identity.mock.forms import one, posted, see_other
from toono.identity.mock.rendering import page


async def device(request: Request) -> Response:
    """The code that a device shows (RFC 8628 §3.3). One in the address is only filled in: the person presses the button."""
    if request.method == "GET":
        return page(request, "device", typed=request.query_params.get("user_code", "")[:20], unknown=False)
    typed = one(await posted(request), "user_code")[:20]
    found = approvals.of_code(world_of(request), typed)
    return see_other(f"/mock/requests/{found.id}") if found else page(request, "device", typed=typed, unknown=True)


async def listed(request: Request) -> Response:
    """Everything that waits for somebody's word."""
    return page(request, "requests", waiting=approvals.waiting(world_of(request)))


async def answered(request: Request) -> Response:
    """One request: who asks, for what, and the two buttons. A second press of a button shows what came of the first."""
    world, key = world_of(request), request.path_params["key"]
    found = approvals.one(world, key)
    if request.method == "POST" and found is not None:
        form = await posted(request)
        try:
            approvals.decide(world, key, agreed=one(form, "do") == "agree", person=world.person(one(form, "person")))
        except approvals.Unknown:
            return page(request, "approve", found=found, nobody=True)
        found = None
    if found is not None:
        return page(request, "approve", found=found, nobody=False)
    kept = world.memory.approvals.get(key)
    if kept is None or kept.state is ApprovalState.PENDING:
        return page(request, "refused", 404, reason="")
    return page(request, "decided", agreed=kept.state is not ApprovalState.REFUSED)


ROUTES = [
    Route("/identity/device", device, methods=["GET", "POST"]),
    Route("/mock/requests", listed),
    Route("/mock/requests/{key}", answered, methods=["GET", "POST"]),
]
