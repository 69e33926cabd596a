"""What clients ask for themselves: no cookie is read, and every reply may be slow, lost or wrong, if somebody wants it so."""

from __future__ import annotations

import asyncio
import email.parser
import email.policy
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from json import loads
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.background import BackgroundTask
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from toono.identity.domain.dan import answers, protocol
from toono.identity.domain.oidc import (
    bearer,
    certificate,
    ciba,
    device_grant,
    discovery,
    introspection,
    pushed,
    revocation,
    token,
    token_exchange,
    userinfo,
)
from toono.identity.domain.oidc.parameters import Parameters, parse
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import BY_CERTIFICATE, digest
from toono.identity.limits import LIMITS
from toono.identity.mock import approvals, lenience
from toono.identity.mock.check.cases import Dialect
from toono.identity.mock.journal import Kind
from toono.identity.mock.world import World

FORM = "application/x-www-form-urlencoded"
REFUSABLE = ("par", "exchange", "register")
"""Endpoints that a deviation can make refuse: pushed requests, token exchange, registration."""
_ASKED_AGAIN = {device_grant.GRANT: "device_code", ciba.GRANT: "auth_req_id"}
"""Grants for which a client asks until its person has answered, and by what it names the request."""

Body = dict[str, Any] | str


class Lost(Response):
    """The connection breaks after the headers, as on a bad line."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionAbortedError("the reply is lost, as the switch says")


def world_of(request: HttpRequest) -> World:
    world: World = request.app.state.world
    return world


def metadata(issuer: str, *, tls: bool = False) -> dict[str, Any]:
    """Exactly what is on, here: certificates of clients count only over TLS of the mock's own."""
    found = discovery.metadata(issuer)
    if tls:
        return found
    found.pop("tls_client_certificate_bound_access_tokens")
    methods = (
        "token_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_methods_supported",
    )
    return found | {name: [one for one in _texts(found[name]) if one != BY_CERTIFICATE] for name in methods}


def _texts(listed: object) -> list[str]:
    return list(listed) if isinstance(listed, list | tuple) else []


async def openid_configuration(request: HttpRequest) -> Response:
    world = world_of(request)
    world.see(Kind.DISCOVERY)
    return JSONResponse(metadata(world.issuer, tls=world.tls is not None))


async def jwks(request: HttpRequest) -> Response:
    """Never to be kept: whoever changes the key here wants to see what the client does."""
    world = world_of(request)
    world.see(Kind.KEYS)
    return JSONResponse(world.keys.document(), headers={"Cache-Control": "no-store"}, media_type="application/jwk-set+json")


# -- requests by form ------------------------------------------------------------------------------------------------


def refused(refusal: DirectRefusal) -> Response:
    """RFC 6749 §5.2."""
    headers = {"Cache-Control": "no-store"}
    headers |= {"WWW-Authenticate": refusal.authenticate} if refusal.authenticate else {}
    headers |= {"DPoP-Nonce": refusal.dpop_nonce} if refusal.dpop_nonce else {}
    return JSONResponse(refusal.body, refusal.status, headers=headers)


async def _sent(request: HttpRequest, parameters: Parameters | None) -> Request:
    """The request as the protocol takes it, after the wait that is switched on."""
    await asyncio.sleep(world_of(request).slow_seconds)
    return Request(
        parameters=parameters, authorization=request.headers.get("Authorization"), dpop=tuple(request.headers.getlist("DPoP")),
        method=request.method, path=request.url.path, certificate=_certificate(request),
    )  # fmt: skip


def _certificate(request: HttpRequest) -> certificate.Certificate | None:
    """What the client showed to the mock's own TLS; never what stands in a header."""
    chain = request.scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or [""]
    return certificate.read(quote(chain[0])) if chain[0] else None


async def _form(request: HttpRequest) -> Parameters | None:
    """The form in the body and nothing else, as on the platform."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != FORM or request.url.query:
        return None
    return parse((await body_of(request)).decode("ascii", errors="replace"))


async def body_of(request: HttpRequest) -> bytes:
    """Empty when it is longer than a request may be."""
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > LIMITS.request_length:
            return b""
    return found


def _by_form(kind: Kind, answer: Callable[[World, Request], Body], *, status: int = 200) -> Callable[[HttpRequest], Awaitable[Response]]:
    """An endpoint that takes a form and says JSON."""

    async def endpoint(request: HttpRequest) -> Response:
        world, sent = world_of(request), await _sent(request, await _form(request))
        client_id = world.door.meet_machine(sent)
        try:
            body = answer(world, sent)
        except DirectRefusal as refusal:
            world.see(kind, client_id=client_id, status=refusal.status, fault=str(refusal))
            return refused(refusal)
        world.see(kind, client_id=client_id)
        return (
            Response(body, media_type=introspection.SIGNED)
            if isinstance(body, str)
            else JSONResponse(body, status, headers={"Cache-Control": "no-store"})
        )

    return endpoint


def _push(world: World, sent: Request) -> Body:
    world.door.meet(sent.parameters)
    world.refuse("par")
    return pushed.push(provider=world.provider(), request=sent)


def _introspect(world: World, sent: Request) -> Body:
    return introspection.introspect(provider=world.provider(), request=sent, signed=False)


def _revoke(world: World, sent: Request) -> Body:
    return revocation.revoke(provider=world.provider(), request=sent)


# -- requests that their person answers elsewhere --------------------------------------------------------------------


def _begins(
    kind: Kind, dialect: Dialect, value: str, start: Callable[[World, Request], dict[str, Any]]
) -> Callable[[HttpRequest], Awaitable[Response]]:
    """An endpoint that begins such a request.

    :param value: the member of its reply by which the client asks again.
    """

    async def endpoint(request: HttpRequest) -> Response:
        world, sent = world_of(request), await _sent(request, await _form(request))
        client_id = world.door.meet_machine(sent)
        try:
            body = start(world, sent)
        except DirectRefusal as refusal:
            world.see(kind, client_id=client_id, status=refusal.status, fault=str(refusal))
            return refused(refusal)
        client = world.memory.client(client_id)
        shown = {
            "request": body[value],
            "interval": str(body["interval"]),
            "delivery": client.backchannel_token_delivery_mode if client else "",
        }
        shown["client_notification_token"] = sent.form().get("client_notification_token") or ""
        world.see(kind, shown, client_id=client_id, dialect=dialect)
        # After the reply: before it the client does not know the request of which a ping would speak.
        return JSONResponse(
            body, headers={"Cache-Control": "no-store"}, background=BackgroundTask(approvals.begin, world, digest(body[value]))
        )

    return endpoint


def _start_device(world: World, sent: Request) -> dict[str, Any]:
    shown = {one.asked.user_code for one in approvals.waiting(world)}
    letters = next(found for found in iter(_letters, "") if found not in shown)
    return device_grant.start(provider=world.provider(), request=sent, letters=letters)


def _letters() -> str:
    return "".join(secrets.choice(device_grant.ALPHABET) for _ in range(device_grant.LETTERS))


def _start_ciba(world: World, sent: Request) -> dict[str, Any]:
    return ciba.start(provider=world.provider(), request=sent)


# -- tokens ----------------------------------------------------------------------------------------------------------


async def oidc_token(request: HttpRequest) -> Response:
    world = world_of(request)
    parameters = lenience.exchange(world, await _form(request))
    asked_again = parameters.get(_ASKED_AGAIN.get(parameters.get("grant_type") or "", "")) if parameters else None

    def exchange(sent: Request) -> dict[str, Any]:
        if sent.form().get("grant_type") == token_exchange.GRANT:
            world.refuse("exchange")
        return token.exchange(provider=world.provider(), request=sent)

    return await _tokens(request, parameters, exchange, asked_again=asked_again or "")


async def dan_token(request: HttpRequest) -> Response:
    """A form, a multipart form, or the query with an empty or JSON body: clients of ДАН send any of these."""
    parameters = await _dan_parameters(request)
    return await _tokens(request, parameters, lambda sent: protocol.exchange(world_of(request).provider(), sent))


async def _tokens(
    request: HttpRequest, parameters: Parameters | None, exchange: Callable[[Request], dict[str, Any]], *, asked_again: str = ""
) -> Response:
    """:param asked_again: the request that waits for its person, by the name that its client has for it."""
    world, sent = world_of(request), await _sent(request, parameters)
    client_id = world.door.meet_machine(sent)
    shown = {name: value for name, value in (parameters.values if parameters else {}).items() if name in ("grant_type", "code")}
    shown |= {"request": asked_again} if asked_again else {}
    loses_poll = bool(asked_again) and approvals.before_poll(world, asked_again)
    try:
        body = exchange(sent)
    except DirectRefusal as refusal:
        fault = f"the reply was lost: {refusal}" if loses_poll else str(refusal)
        world.see(Kind.TOKEN, client_id=client_id, status=0 if loses_poll else refusal.status, fault=fault, data=shown)
        return Lost() if loses_poll else refused(refusal)
    status = 200
    for _ in world.deviations("expires"):
        world.memory.expire_token(digest(str(body["access_token"])))
    for one in world.deviations("reply"):
        status, body = one.reply(body) if one.reply else (status, body)
    lost = [*world.deviations("loses_reply")]
    world.see(
        Kind.TOKEN,
        client_id=client_id,
        status=status,
        fault="the reply was lost" if lost else str(body.get("error", "")),
        data=shown,
    )
    return Lost() if lost else JSONResponse(body, status, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def _dan_parameters(request: HttpRequest) -> Parameters | None:
    """What was sent, from the address and the body; None when it cannot be read."""
    kind, body = request.headers.get("Content-Type", ""), await body_of(request)
    try:
        pairs = parse_qsl(request.url.query, errors="strict", max_num_fields=50)
        if kind.startswith(FORM):
            pairs += parse_qsl(body.decode(), errors="strict", max_num_fields=50)
        elif kind.startswith("multipart/form-data"):
            pairs += _parts(kind, body)
        elif kind.startswith("application/json") and body.strip():
            pairs += [(str(name), value) for name, value in _object(loads(body)).items() if isinstance(value, str)]
    except (ValueError, RecursionError):
        return None
    if any("\0" in name + value for name, value in pairs):
        return None
    repeated = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return Parameters({name: value for name, value in pairs if value}, repeated)


def _object(found: Any) -> dict[Any, Any]:
    return found if isinstance(found, dict) else {}


def _parts(kind: str, body: bytes) -> Iterable[tuple[str, str]]:
    """Fields of a multipart form (RFC 7578)."""
    head = f"Content-Type: {kind}\r\n\r\n".encode("ascii", errors="replace")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    for part in message.iter_parts():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            yield name, value.decode()


# -- data ------------------------------------------------------------------------------------------------------------


async def user(request: HttpRequest) -> Response:
    world = world_of(request)
    sent = await _sent(request, await _form(request) if request.method == "POST" else Parameters({}))
    try:
        body = userinfo.userinfo(provider=world.provider(), request=sent)
    except DirectRefusal as refusal:
        world.see(Kind.USERINFO, status=refusal.status, fault=str(refusal))
        return refused(refusal)
    world.see(Kind.USERINFO)
    if isinstance(body, str):
        return Response(body, media_type="application/jwt", headers={"Cache-Control": "no-store"})
    return JSONResponse(world.userinfo(body), headers={"Cache-Control": "no-store"})


async def service(request: HttpRequest) -> Response:
    """What the operations of the scope say of the person."""
    world, provider = world_of(request), world_of(request).provider()
    sent = await _sent(request, Parameters({}))
    try:
        found = protocol.data(provider, bearer.shown_token(provider, sent))
    except DirectRefusal as refusal:
        world.see(Kind.SERVICE, status=refusal.status, fault=str(refusal))
        return refused(refusal)
    world.see(Kind.SERVICE)
    person = world.memory.people[found.subject]
    asked = answers.Asked(
        found.organisation or person.regnum, found.agreed, lambda source: person.read(source, found.organisation), provider.identifier
    )
    array = answers.array(found.entries, asked, login_type=answers.ORGANISATION if found.organisation else answers.CITIZEN)
    for one in world.deviations("service"):
        array = one.service(array) if one.service else array
    return JSONResponse(array, headers={"Cache-Control": "no-store"})


ROUTES = [
    Route("/.well-known/openid-configuration", openid_configuration),
    Route("/.well-known/oauth-authorization-server", openid_configuration),
    Route("/oidc/jwks", jwks),
    Route("/oidc/par", _by_form(Kind.PUSH, _push, status=201), methods=["POST"]),
    Route("/oidc/device-authorization", _begins(Kind.DEVICE, Dialect.DEVICE, "device_code", _start_device), methods=["POST"]),
    Route("/oidc/backchannel-authentication", _begins(Kind.BACKCHANNEL, Dialect.CIBA, "auth_req_id", _start_ciba), methods=["POST"]),
    Route("/oidc/token", oidc_token, methods=["POST"]),
    Route("/oidc/userinfo", user, methods=["GET", "POST"]),
    Route("/oidc/introspect", _by_form(Kind.INTROSPECT, _introspect), methods=["POST"]),
    Route("/oidc/revoke", _by_form(Kind.REVOKE, _revoke), methods=["POST"]),
    Route("/oauth2/token", dan_token, methods=["POST"]),
    Route(protocol.SERVICE, service, methods=["GET", "POST"]),
]
