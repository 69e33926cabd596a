"""The OpenID Provider's pages for browsers: an authorization request, answered now or kept while its person signs in and agrees; signing out."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.db import transaction

from toono.identity import contracts, models
from toono.identity.domain.oidc import authorize, discovery, logout
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import PageRefusal
from toono.identity.domain.oidc.storage import Session
from toono.identity.errors import FlowOver, RequestRefused
from toono.identity.operations import credential, dan, engine, sessions
from toono.identity.operations.sign_in import new_flow, open_flow
from toono.identity.operations.storage import protocol_session
from toono.identity.queries import session_of_browser
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.settings import settings

Outcome = contracts.Redirection | contracts.SignInRequired | contracts.ConsentRequired | contracts.SigningRequired


def metadata() -> dict[str, object]:
    return discovery.metadata(settings().base_url)


def authorization(*, query: str, session_token: str | None, browser: str) -> Outcome:
    """Answer the request, or keep it while the person signs in or agrees."""
    row = session_of_browser(session_token)
    with transaction.atomic():
        outcome = _authorize(query, row, None)
        if isinstance(outcome, authorize.Answer):
            return contracts.Redirection(url=outcome.url, posted=outcome.posted)
        flow = new_flow(
            browser=browser,
            client_id=outcome.client.client_id,
            query=urlencode(outcome.parameters),
            pushed=outcome.pushed,
            signed=outcome.signed,
        )
        return _wait(flow, outcome, row)


def resume(*, flow_id: UUID, session_token: str | None, browser: str | None) -> Outcome:
    """Answer the request that waited; its flow ends. The checks are run again, for what was true then may not be now."""
    flow = open_flow(flow_id, browser)
    row = session_of_browser(session_token)
    if flow.session is None or row is None or row.id != flow.session.id:
        return contracts.SignInRequired(flow_id=flow.id)
    if flow.kind == "dan":
        return dan.resume(flow, row)
    waited = authorize.Waited(
        just_signed_in=True, pushed=flow.pushed, signed=flow.signed, refused=flow.refused, agreed=frozenset(flow.agreed) if flow.agreed is not None else None
    )  # fmt: skip
    asked = credential.asked_in(flow)
    if asked is not None:
        answered = credential.answered(asked, waited)
        if answered is None:
            return contracts.SigningRequired(flow_id=flow.id, request_id=asked)
        waited = answered
    with transaction.atomic():
        if not models.Flow.objects.filter(id=flow.id, finished_at=None).update(finished_at=now()):
            raise FlowOver
        outcome = _authorize(flow.query, row, waited)
        if isinstance(outcome, authorize.ConsentNeeded):
            models.Flow.objects.filter(id=flow.id).update(finished_at=None)
            return _wait(flow.id, outcome, row)
        if not isinstance(outcome, authorize.Answer):
            raise FlowOver
    return contracts.Redirection(url=outcome.url, posted=outcome.posted)


def _wait(flow_id: UUID, outcome: authorize.SignInNeeded, row: models.Session | None) -> Outcome:
    """Where the person goes: to sign in, or to be asked; what they are asked is kept with the flow."""
    if not isinstance(outcome, authorize.ConsentNeeded):
        return contracts.SignInRequired(flow_id=flow_id)
    if credential.is_wanted(outcome) and row is not None:
        return _have_signed(flow_id, outcome, row)
    items = [{"code": item.code, "essential": item.essential, "detail": dict(item.detail or {})} for item in outcome.items]
    models.Flow.objects.filter(id=flow_id).update(items=items, session=row)
    return contracts.ConsentRequired(flow_id=flow_id)


def _have_signed(flow_id: UUID, outcome: authorize.ConsentNeeded, row: models.Session) -> Outcome:
    """The person goes to the page of the request to sign; where there can be none, the client is told at once."""
    asked = credential.ask(flow_id, outcome, row)
    if isinstance(asked, UUID):
        models.Flow.objects.filter(id=flow_id).update(items=credential.noted(asked), session=row)
        return contracts.SigningRequired(flow_id=flow_id, request_id=asked)
    models.Flow.objects.filter(id=flow_id).update(finished_at=now())
    refused = _authorize(urlencode(outcome.parameters), row, authorize.Waited(just_signed_in=True, pushed=outcome.pushed, unfit=asked))
    if not isinstance(refused, authorize.Answer):
        raise FlowOver
    return contracts.Redirection(url=refused.url, posted=refused.posted)


def _authorize(query: str, row: models.Session | None, waited: authorize.Waited | None) -> authorize.Answer | authorize.SignInNeeded:
    if row is not None:
        sessions.touch(row)
    session: Session | None = protocol_session(row) if row else None
    try:
        return authorize.authorize(provider=engine.provider(), parameters=parse(query), session=session, waited=waited)
    except PageRefusal as refusal:
        raise RequestRefused(str(refusal)) from None


def logout_request(
    *, query: str, session_token: str | None, confirmed: bool
) -> contracts.Redirection | contracts.SignedOut | contracts.ConfirmSignOut:
    """End the browser's session if the request proves that it is meant, or the person has confirmed it."""
    row = session_of_browser(session_token)
    found = logout.logout(provider=engine.provider(), parameters=parse(query), session=protocol_session(row) if row else None)
    if not (found.confirmed or confirmed):
        return contracts.ConfirmSignOut(query="" if found.fault else query, fault=found.fault, strays=found.strays)
    if row is not None:
        actor = Actor(role=Role.CITIZEN, person_id=row.person_id, session_id=str(row.id))
        sessions.end_session(actor=actor, session_id=row.id)
    if found.redirect_url:
        return contracts.Redirection(url=found.redirect_url)
    return contracts.SignedOut(fault=found.fault, strays=found.strays)
