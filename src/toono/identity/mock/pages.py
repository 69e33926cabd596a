"""What people see: choosing a person, agreeing, signing out. And the browser's way back to the client."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from toono.identity.domain.dan import protocol, scope
from toono.identity.domain.oidc import authorize, consent, logout
from toono.identity.domain.oidc.parameters import Parameters, parse
from toono.identity.domain.oidc.refusals import PageRefusal
from toono.identity.domain.oidc.storage import Client, Session, digest
from toono.identity.mock import lenience
from toono.identity.mock.check.cases import Dialect
from toono.identity.mock.endpoints import FORM, body_of, world_of
from toono.identity.mock.forms import one, posted, see_other
from toono.identity.mock.journal import Kind
from toono.identity.mock.notices import tell_clients
from toono.identity.mock.rendering import page
from toono.identity.mock.world import Flow, World
from toono.kernel.ids import uuid7
from toono.kernel.jose import json_object, unverified_payload

COOKIE = "toono_mock"
ANSWER_HEADER = "X-Toono-Mock-Answer"
"""Tells the check's own browser an answer that it shall open elsewhere."""
FORM_HEADER, FORM_FIELDS_HEADER = "X-Toono-Mock-Form", "X-Toono-Mock-Fields"
"""The same of an answer by a form, which that browser cannot read from the page."""
CLICK_SECONDS = 5.0
_OURS = ("code", "state", "iss", "error", "error_description")


def _browser(request: Request) -> str:
    return request.cookies.get(COOKIE) or secrets.token_urlsafe(32)


def _keep(response: Response, browser: str) -> Response:
    response.set_cookie(COOKIE, browser, httponly=True, samesite="lax", path="/")
    return response


async def _query(request: Request) -> str:
    """The request's parameters, as sent; a posted form counts like an address."""
    if request.method == "POST" and request.headers.get("Content-Type", "").partition(";")[0].strip() == FORM:
        return (await body_of(request)).decode("ascii", errors="replace")
    return request.url.query


def _refused(request: Request, refusal: PageRefusal, kind: Kind, client_id: str) -> Response:
    """Never a redirect: the address is not proven."""
    world_of(request).see(kind, client_id=client_id, status=400, fault=str(refusal))
    return page(request, "refused", 400, reason=str(refusal))


# -- the way back ----------------------------------------------------------------------------------------------------


def _answered(request: Request, answer: authorize.Answer, client: Client) -> Response:
    """Send the browser to the client, by redirect or by a form, unless the check wants the answer opened elsewhere."""
    world = world_of(request)
    address, _, query = answer.url.partition("?")
    pairs = list(answer.posted) or parse_qsl(query, keep_blank_values=True)
    found = {name: value for name, value in pairs if name in _OURS}
    if found:
        found = world.answer(found)
        pairs = [*(pair for pair in pairs if pair[0] not in _OURS), *found.items()]
    else:
        found = _opened(dict(pairs).get("response", ""))
    fault = f"{found['error']}: {found.get('error_description', '')}" if "error" in found else ""
    world.see(Kind.ANSWER, client_id=client.client_id, fault=fault, data=found)
    url, form = (answer.url, urlencode(pairs)) if answer.posted else (f"{address}?{urlencode(pairs)}", "")
    if [*world.deviations("hands_over")]:
        response: Response = page(request, "handed_over", address=url)
        response.headers[ANSWER_HEADER], response.headers[FORM_FIELDS_HEADER] = url, form
        return response
    return _by_form(request, url, pairs) if form else see_other(url)


def _by_form(request: Request, url: str, pairs: list[tuple[str, str]]) -> Response:
    """OAuth 2.0 Form Post Response Mode. Without script, by a button."""
    response = page(request, "posted", address=url, pairs=pairs)
    response.headers["Content-Security-Policy"] += "; script-src 'self'"
    response.headers[FORM_HEADER], response.headers[FORM_FIELDS_HEADER] = url, urlencode(pairs)
    return response


async def submit_script(request: Request) -> Response:
    return PlainTextResponse("document.forms[0].submit()\n", media_type="text/javascript")


def _opened(response: str) -> dict[str, str]:
    """What stands in an answer by JARM; our own, so it need not be checked."""
    try:
        return {name: str(value) for name, value in json_object(unverified_payload(response)).items() if name in _OURS}
    except ValueError:
        return {}


# -- OpenID Connect --------------------------------------------------------------------------------------------------


async def oidc_authorize(request: Request) -> Response:
    world, query, browser = world_of(request), await _query(request), _browser(request)
    parameters = parse(query)
    world.door.meet(parameters)
    pushed = parameters.get("request_uri") if parameters else None
    for _ in world.deviations("expires_push") if pushed else ():
        world.memory.expire_pushed(digest(pushed or ""))
    _note(world, parameters, query, Dialect.OIDC)
    parameters = lenience.question(world, parameters)
    client = world.memory.client(parameters.get("client_id") or "") if parameters else None
    try:
        outcome = authorize.authorize(provider=world.provider(), parameters=parameters, session=_session(world, browser))
    except PageRefusal as refusal:
        return _refused(request, refusal, Kind.ANSWER, client.client_id if client else "")
    if isinstance(outcome, authorize.Answer) and client is not None:
        return _answered(request, outcome, client)
    assert isinstance(outcome, authorize.SignInNeeded)  # noqa: S101 - an answer has a client
    flow = Flow(
        browser=browser, dialect=Dialect.OIDC, client=outcome.client, parameters=Parameters(outcome.parameters), pushed=outcome.pushed,
        signed=outcome.signed,
    )  # fmt: skip
    if isinstance(outcome, authorize.ConsentNeeded):
        flow.items, flow.session = outcome.items, world.session(browser)
    return _wait(request, flow)


def _session(world: World, browser: str) -> Session | None:
    """In a check that runs by itself everybody is new."""
    return None if world.inspection.current and world.inspection.current.person else world.session(browser)


def _note(world: World, parameters: Parameters | None, query: str, dialect: Dialect) -> None:
    """What was asked, wherever it stood."""
    values = dict(parameters.values) if parameters else {}
    kept = world.memory.pushed(digest(values.get("request_uri", "")))
    values |= dict(kept.parameters) if kept else {}
    if "request" in values:
        with suppress(ValueError):
            values |= {name: str(value) for name, value in json_object(unverified_payload(values["request"])).items()}
    world.see(Kind.AUTHORIZE, values | {"_query": query}, client_id=values.get("client_id", ""), dialect=dialect)


def _wait(request: Request, flow: Flow) -> Response:
    """Keep the request until its person has answered; in a check that runs by itself, they answer at once."""
    world = world_of(request)
    run = world.inspection.current
    person = world.person(run.person) if run else None
    if person is not None:
        flow.session = world.sign_in(person, flow.browser)
        return _keep(_resume(request, flow, "", everything=True), flow.browser)
    flow_id = str(uuid7())
    world.flows[flow_id] = flow
    return _keep(see_other(f"/mock/{'consent' if flow.items and flow.session else 'sign-in'}?flow={flow_id}"), flow.browser)


def _resume(
    request: Request, flow: Flow, flow_id: str, *, agreed: frozenset[str] | None = None, refused: bool = False, everything: bool = False
) -> Response:
    """Answer the request that waited. All checks run again."""
    if flow.dialect is Dialect.DAN:
        return _resume_dan(request, flow, flow_id, agreed=agreed, refused=refused, everything=everything)
    world = world_of(request)
    waited = authorize.Waited(just_signed_in=True, pushed=flow.pushed, signed=flow.signed, refused=refused, agreed=agreed)
    try:
        outcome = authorize.authorize(provider=world.provider(), parameters=flow.parameters, session=flow.session, waited=waited)
    except PageRefusal as refusal:
        return _refused(request, refusal, Kind.ANSWER, flow.client.client_id)
    if isinstance(outcome, authorize.Answer):
        return _ended(request, flow, outcome)
    if not isinstance(outcome, authorize.ConsentNeeded):
        return see_other(f"/mock/sign-in?flow={flow_id}")
    flow.items = outcome.items
    if everything:
        return _resume(request, flow, flow_id, agreed=frozenset(item.code for item in outcome.items))
    return see_other(f"/mock/consent?flow={flow_id}")


def _ended(request: Request, flow: Flow, answer: authorize.Answer) -> Response:
    """The request is answered, once; a second click gets the same."""
    flow.response, flow.answered_at = _answered(request, answer, flow.client), time.monotonic()
    return flow.response


# -- ДАН -------------------------------------------------------------------------------------------------------------


async def dan_authorize(request: Request) -> Response:
    world, query = world_of(request), request.url.query
    parameters = parse(query)
    world.door.meet(parameters, dan=True)
    _note(world, parameters, query, Dialect.DAN)
    client = world.memory.client(parameters.get("client_id") or "") if parameters else None
    try:
        asked = protocol.authorize(world.provider(), parameters)
    except PageRefusal as refusal:
        return _refused(request, refusal, Kind.ANSWER, client.client_id if client else "")
    if not isinstance(asked, protocol.Asked):
        assert client is not None  # noqa: S101 - an answer has a client
        return _answered(request, asked, client)
    items = tuple(consent.Item(code=f"operation:{name}") for name in sorted(scope.operations(asked.entries)))
    return _wait(
        request, Flow(browser=_browser(request), dialect=Dialect.DAN, client=asked.client, parameters=asked.parameters, items=items)
    )


def _resume_dan(request: Request, flow: Flow, flow_id: str, *, agreed: frozenset[str] | None, refused: bool, everything: bool) -> Response:
    world = world_of(request)
    assert flow.session is not None  # noqa: S101 - nobody comes here without having signed in
    if agreed is None and not refused and not everything:
        return see_other(f"/mock/consent?flow={flow_id}")
    codes = frozenset(item.code for item in flow.items) if everything else agreed or frozenset()
    names = frozenset(code.removeprefix("operation:") for code in codes)
    try:
        asked = protocol.authorize(world.provider(), flow.parameters)
    except PageRefusal as refusal:
        return _refused(request, refusal, Kind.ANSWER, flow.client.client_id)
    return _ended(
        request, flow, _given(world, flow, asked, frozenset() if refused else names) if isinstance(asked, protocol.Asked) else asked
    )


def _given(world: World, flow: Flow, asked: protocol.Asked, agreed: frozenset[str]) -> authorize.Answer:
    """The code; for an organisation, if the person leads one."""
    assert flow.session is not None  # noqa: S101 - as above
    for_one = flow.parameters.get("login_type") == protocol.ORGANISATION
    organisation = world.memory.people[flow.session.subject].organisation if for_one else ""
    if for_one and not organisation:
        return asked.answer({"error": "access_denied", "error_description": "the person represents no organisation"})
    return protocol.give_code(world.provider(), asked, flow.session, agreed=agreed, organisation=organisation)


# -- the person ------------------------------------------------------------------------------------------------------


def _flow(request: Request) -> tuple[str, Flow | None]:
    """The request that waits, if it belongs to this browser."""
    flow_id = request.query_params.get("flow", "")
    flow = world_of(request).flows.get(flow_id)
    return flow_id, flow if flow is not None and flow.browser == request.cookies.get(COOKIE) else None


def _over(request: Request, flow: Flow | None) -> Response:
    """The request is no more, or another browser's. Who pressed a button twice gets what the first press gave."""
    if flow is not None and flow.response is not None and request.method == "POST" and time.monotonic() - flow.answered_at < CLICK_SECONDS:
        return flow.response
    return page(request, "refused", 400, reason="")


async def sign_in(request: Request) -> Response:
    """Choose somebody; no code is asked."""
    world = world_of(request)
    flow_id, flow = _flow(request)
    if flow is None or flow.response is not None:
        return _over(request, flow)
    if request.method == "GET":
        return page(request, "sign_in", flow=flow, flow_id=flow_id, hint=flow.parameters.get("login_hint") or "")
    person = world.person(one(await posted(request), "person"))
    if person is None:
        return see_other(f"/mock/sign-in?flow={flow_id}")
    flow.session = world.sign_in(person, flow.browser)
    return _resume(request, flow, flow_id)


async def agree(request: Request) -> Response:
    """What the client would get; each item may be left out."""
    world = world_of(request)
    flow_id, flow = _flow(request)
    if flow is None or flow.response is not None or flow.session is None or not world.memory.session_lives(flow.session.id):
        return _over(request, flow)
    if request.method == "GET":
        return page(request, "consent", flow=flow, flow_id=flow_id, person=world.memory.people[flow.session.subject])
    form = await posted(request)
    if one(form, "do") != "agree":
        return _resume(request, flow, flow_id, refused=True)
    asked = frozenset(item.code for item in flow.items)
    agreed = asked.intersection(form.get("item", ()))
    if flow.dialect is Dialect.OIDC:
        world.memory.remember_consent(flow.session.subject, flow.client.client_id, asked=asked, agreed=agreed)
    return _resume(request, flow, flow_id, agreed=agreed)


# -- signing out -----------------------------------------------------------------------------------------------------


async def end_session(request: Request) -> Response:
    query = await _query(request)
    return await _signed_out(request, query, confirmed=False)


async def confirm_end_session(request: Request) -> Response:
    """The person pressed the button on our own page."""
    return await _signed_out(request, one(await posted(request), "query"), confirmed=True)


async def _signed_out(request: Request, query: str, *, confirmed: bool) -> Response:
    world, browser = world_of(request), _browser(request)
    parameters, session = parse(query), world.session(browser)
    world.door.meet(_named(parameters))
    shown = {
        name: value
        for name, value in (parameters.values if parameters else {}).items()
        if name in ("id_token_hint", "post_logout_redirect_uri")
    }
    found = logout.logout(provider=world.provider(), parameters=parameters, session=session)
    status = 400 if found.fault and not confirmed else 200
    if not confirmed:
        world.see(Kind.END_SESSION, shown, status=status, fault=found.fault)
    if not (found.confirmed or confirmed):
        return page(request, "confirm_sign_out", status, query="" if found.fault else query, reason=found.fault)
    ended = world.sign_out(browser)
    if ended is not None:
        await tell_clients(world, ended)
    return see_other(found.redirect_url) if found.redirect_url else page(request, "signed_out", status, reason=found.fault)


def _named(parameters: Parameters | None) -> Parameters | None:
    """The request with its client, who may be named by the hint alone."""
    if parameters is None or parameters.get("client_id") or not parameters.get("id_token_hint"):
        return parameters
    try:
        audience = json_object(unverified_payload(parameters.values["id_token_hint"])).get("aud")
    except ValueError:
        return parameters
    return Parameters(parameters.values | {"client_id": audience}) if isinstance(audience, str) else parameters


ROUTES = [
    Route("/oidc/authorize", oidc_authorize, methods=["GET", "POST"]),
    Route("/oauth2/authorize", dan_authorize),
    Route("/login", dan_authorize),
    Route("/oidc/end-session", end_session, methods=["GET", "POST"]),
    Route("/mock/submit.js", submit_script),
    Route("/mock/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/mock/consent", agree, methods=["GET", "POST"]),
    Route("/mock/sign-out", confirm_end_session, methods=["POST"]),
]
