"""What clients ask for themselves: no cookie is read, and every reply may be slow, lost or wrong, if somebody wants it so."""

from __future__ import annotations

import asyncio
import email.parser
import email.policy
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from json import loads
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from toono.identity.domain.dan import answers, protocol
from toono.identity.domain.oidc import bearer, discovery, introspection, pushed, revocation, token, userinfo
from toono.identity.domain.oidc.parameters import Parameters, parse
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import digest
from toono.identity.limits import LIMITS
from toono.identity.mock import lenience
from toono.identity.mock.journal import Kind
from toono.identity.mock.world import World

FORM = "application/x-www-form-urlencoded"
NOT_HERE = frozenset(
    {
        "device_authorization_endpoint", "backchannel_authentication_endpoint", "registration_endpoint",
        "backchannel_token_delivery_modes_supported", "backchannel_user_code_parameter_supported", "tls_client_certificate_bound_access_tokens",
    }
)  # fmt: skip
"""Of the platform's metadata: what needs a second device, a software statement or a TLS terminator."""
_GRANTS = ("authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange")
OPEN_TO_SCRIPTS = {"Access-Control-Allow-Origin": "*"}

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


def metadata(issuer: str) -> dict[str, Any]:
    """Exactly what is on, here."""
    found = {name: value for name, value in discovery.metadata(issuer).items() if name not in NOT_HERE}
    methods = (
        "token_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_methods_supported",
    )
    by_hand = {name: [one for one in _texts(found[name]) if one != "self_signed_tls_client_auth"] for name in methods}
    return found | by_hand | {"grant_types_supported": [one for one in _texts(found["grant_types_supported"]) if one in _GRANTS]}


def _texts(listed: object) -> list[str]:
    return list(listed) if isinstance(listed, list | tuple) else []


async def openid_configuration(request: HttpRequest) -> Response:
    world = world_of(request)
    world.see(Kind.DISCOVERY)
    return JSONResponse(metadata(world.issuer), headers=OPEN_TO_SCRIPTS)


async def jwks(request: HttpRequest) -> Response:
    """Never to be kept: whoever changes the key here wants to see what the client does."""
    world = world_of(request)
    world.see(Kind.KEYS)
    return JSONResponse(
        world.keys.document(), headers=OPEN_TO_SCRIPTS | {"Cache-Control": "no-store"}, media_type="application/jwk-set+json"
    )


# -- requests by form ------------------------------------------------------------------------------------------------


def _refused(refusal: DirectRefusal) -> Response:
    headers = {"Cache-Control": "no-store"}
    headers |= {"WWW-Authenticate": refusal.authenticate} if refusal.authenticate else {}
    headers |= {"DPoP-Nonce": refusal.dpop_nonce} if refusal.dpop_nonce else {}
    return JSONResponse({"error": refusal.error, "error_description": refusal.description}, refusal.status, headers=headers)


async def _sent(request: HttpRequest, parameters: Parameters | None) -> Request:
    """The request as the protocol takes it, after the wait that is switched on."""
    await asyncio.sleep(world_of(request).slow_seconds)
    return Request(
        parameters=parameters, authorization=request.headers.get("Authorization"), dpop=tuple(request.headers.getlist("DPoP")),
        method=request.method, path=request.url.path,
    )  # fmt: skip


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


def _by_form(kind: Kind, answer: Callable[[World, Request], Body]) -> Callable[[HttpRequest], Awaitable[Response]]:
    """An endpoint that takes a form and says JSON."""

    async def endpoint(request: HttpRequest) -> Response:
        world, sent = world_of(request), await _sent(request, await _form(request))
        client_id = world.door.meet_machine(sent)
        try:
            body = answer(world, sent)
        except DirectRefusal as refusal:
            world.see(kind, client_id=client_id, status=refusal.status, fault=str(refusal))
            return _refused(refusal)
        world.see(kind, client_id=client_id)
        return (
            Response(body, media_type=introspection.SIGNED)
            if isinstance(body, str)
            else JSONResponse(body, headers={"Cache-Control": "no-store"})
        )

    return endpoint


def _push(world: World, sent: Request) -> Body:
    world.door.meet(sent.parameters)
    return pushed.push(provider=world.provider(), request=sent)


def _introspect(world: World, sent: Request) -> Body:
    return introspection.introspect(provider=world.provider(), request=sent, signed=False)


def _revoke(world: World, sent: Request) -> Body:
    return revocation.revoke(provider=world.provider(), request=sent)


# -- tokens ----------------------------------------------------------------------------------------------------------


async def oidc_token(request: HttpRequest) -> Response:
    world = world_of(request)
    parameters = lenience.exchange(world, await _form(request))
    return await _tokens(request, parameters, lambda sent: token.exchange(provider=world.provider(), request=sent))


async def dan_token(request: HttpRequest) -> Response:
    """A form, a multipart form, or the query with an empty or JSON body: clients of ДАН send any of these."""
    parameters = await _dan_parameters(request)
    return await _tokens(request, parameters, lambda sent: protocol.exchange(world_of(request).provider(), sent))


async def _tokens(request: HttpRequest, parameters: Parameters | None, exchange: Callable[[Request], dict[str, Any]]) -> Response:
    world, sent = world_of(request), await _sent(request, parameters)
    client_id = world.door.meet_machine(sent)
    shown = {name: value for name, value in (parameters.values if parameters else {}).items() if name in ("grant_type", "code")}
    try:
        body = exchange(sent)
    except DirectRefusal as refusal:
        world.see(Kind.TOKEN, client_id=client_id, status=refusal.status, fault=str(refusal), data=shown)
        return _refused(refusal)
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
        return _refused(refusal)
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
        return _refused(refusal)
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
    Route("/oidc/par", _by_form(Kind.PUSH, _push), methods=["POST"]),
    Route("/oidc/token", oidc_token, methods=["POST"]),
    Route("/oidc/userinfo", user, methods=["GET", "POST"]),
    Route("/oidc/introspect", _by_form(Kind.INTROSPECT, _introspect), methods=["POST"]),
    Route("/oidc/revoke", _by_form(Kind.REVOKE, _revoke), methods=["POST"]),
    Route("/oauth2/token", dan_token, methods=["POST"]),
    Route(protocol.SERVICE, service, methods=["GET", "POST"]),
]
