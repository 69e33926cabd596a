"""ДАН's dialect over the database and the exchange: sign-in and consent for every request, then the operations' answers, each read from its register."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from django.db import transaction

from toono.exchange import api as exchange
from toono.exchange import errors as exchange_errors
from toono.identity import contracts, models
from toono.identity.domain.dan import answers, protocol, scope
from toono.identity.domain.dan.answers import NotRead, Result
from toono.identity.domain.dan.operations import SOURCES
from toono.identity.domain.oidc import bearer
from toono.identity.domain.oidc.authorize import Answer
from toono.identity.domain.oidc.parameters import Parameters, parse
from toono.identity.domain.oidc.refusals import DirectRefusal, PageRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.errors import FlowOver, RequestRefused
from toono.identity.operations import engine
from toono.identity.operations.sign_in import new_flow
from toono.identity.operations.storage import protocol_session
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.kernel.settings import settings
from toono.registry import api as registry

SYSTEM, PURPOSE = "identity", "identification"
READ_SECONDS, ALL_SECONDS = 5.0, 20.0
"""For one register, and for all of one answer: a client waits no longer, however many registers are silent."""
log = logging.getLogger(__name__)


# -- the browser ---------------------------------------------------------------------------------------------------


def authorization(*, query: str, browser: str) -> contracts.Redirection | contracts.SignInRequired:
    """Keep the request while the person signs in: ДАН asks for that with every request."""
    asked = _asked(query)
    if isinstance(asked, Answer):
        return contracts.Redirection(url=asked.url)
    kept = urlencode(asked.parameters.values)
    return contracts.SignInRequired(flow_id=new_flow(browser=browser, client_id=asked.client.client_id, query=kept, kind="dan"))


def resume(flow: models.Flow, session: models.Session) -> contracts.Redirection | contracts.ConsentRequired:
    """After signing in, ask; after the answer, give the code. Called by the flow's own browser with its session."""
    asked = _asked(flow.query)
    if isinstance(asked, Answer):
        return contracts.Redirection(url=asked.url)
    if flow.agreed is None and not flow.refused:
        items = [{"code": f"operation:{name}", "essential": False, "detail": {}} for name in sorted(scope.operations(asked.entries))]
        models.Flow.objects.filter(id=flow.id).update(items=items)
        return contracts.ConsentRequired(flow_id=flow.id)
    agreed = frozenset(code.removeprefix("operation:") for code in flow.agreed or [])
    organisation = _organisation(asked, session.person_id)
    with transaction.atomic():
        if not models.Flow.objects.filter(id=flow.id, finished_at=None).update(finished_at=now()):
            raise FlowOver
        if organisation is None:
            refused = {"error": "access_denied", "error_description": "the person represents no organisation"}
            return contracts.Redirection(url=asked.answer(refused).url)
        answer = protocol.give_code(
            engine.provider(), asked, protocol_session(session), agreed=frozenset() if flow.refused else agreed, organisation=organisation
        )
        actor = Actor(role=Role.CITIZEN, person_id=session.person_id, session_id=str(session.id))
        audit.record(actor=actor, action="identity.dan_consent", subject=f"client:{flow.client_id}", operations=sorted(agreed))
    return contracts.Redirection(url=answer.url)


def _asked(query: str) -> protocol.Asked | Answer:
    try:
        return protocol.authorize(engine.provider(), parse(query))
    except PageRefusal as refusal:
        raise RequestRefused(str(refusal)) from None


def _organisation(asked: protocol.Asked, person_id: UUID) -> str | None:
    """Register number of the organisation for which the person signs in; empty: for themselves; None: they represent none."""
    if asked.parameters.get("login_type") != protocol.ORGANISATION:
        return ""
    found = (
        models.Appointment.objects.filter(person_id=person_id, role=Role.REPRESENTATIVE.value, ended_at=None)
        .order_by("appointed_at")
        .first()
    )
    return registry.organisation(found.organisation).register_number if found else None


# -- the client ----------------------------------------------------------------------------------------------------


def token(*, parameters: Mapping[str, str] | None, repeated: tuple[str, ...], authorization: str | None) -> contracts.ProtocolAnswer:
    """The token endpoint, by whichever encoding the parameters came."""
    sent = Parameters(dict(parameters), repeated) if parameters is not None else None
    with transaction.atomic():
        try:
            request = Request(parameters=sent, authorization=authorization, path="/oauth2/token")
            return contracts.ProtocolAnswer(status=200, body=protocol.exchange(engine.provider(), request))
        except DirectRefusal as refusal:
            return _refused(refusal)


def service(*, authorization: str | None) -> contracts.ProtocolAnswer:
    """What the operations of the scope say of the person."""
    provider = engine.provider()
    request = Request(parameters=Parameters({}), authorization=authorization, path=protocol.SERVICE)
    try:
        found = protocol.data(provider, bearer.shown_token(provider, request))
    except DirectRefusal as refusal:
        return _refused(refusal)
    person = models.Person.objects.get(id=UUID(found.subject))
    reader = _Reader(person.civil_id, found.organisation)
    asked = answers.Asked(found.organisation or person.regnum, found.agreed, reader.read, lambda: str(uuid7()))
    login_type = answers.ORGANISATION if found.organisation else answers.CITIZEN
    return contracts.ProtocolAnswer(status=200, body={}, listed=tuple(answers.array(found.entries, asked, login_type=login_type)))


def _refused(refusal: DirectRefusal) -> contracts.ProtocolAnswer:
    return contracts.ProtocolAnswer(status=refusal.status, body=refusal.body, authenticate=refusal.authenticate)


class _Reader:
    """Reads each register once for one answer; a silent one stops no other."""

    def __init__(self, civil_id: str, entity: str) -> None:
        self._civil_id, self._entity = civil_id, entity
        self._known: dict[str, Mapping[str, Any] | Result] = {}
        self._until = monotonic() + ALL_SECONDS

    def read(self, name: str) -> Mapping[str, Any]:
        if name not in self._known:
            self._known[name] = self._ask(name)
        found = self._known[name]
        if isinstance(found, Result):
            raise NotRead(found)
        return found

    def _ask(self, name: str) -> Mapping[str, Any] | Result:
        left = self._until - monotonic()
        if left < 0.1:
            return Result.PROVIDER_SLOW
        kind, _, thing = name.partition("/")
        source = SOURCES[kind]
        if "{entity}" in source.path and not self._entity:
            return Result.NOT_FOUND  # the person signed in for themselves
        path = source.path.format(civil_id=quote(self._civil_id), entity=quote(self._entity), thing=quote(thing, safe=""))
        try:
            answer = exchange.call(
                system=SYSTEM, service=f"{settings().exchange_instance}/{source.service}", path=path, purpose=PURPOSE, case=None,
                user=f"{settings().exchange_instance}{self._civil_id}", deadline_seconds=min(READ_SECONDS, left),
            )  # fmt: skip
        except exchange_errors.NotInRegister:
            return Result.NOT_FOUND
        except exchange_errors.ExchangeRefused as error:
            log.warning("no agreement for the ДАН source %s: %s", name, error)
            return Result.NO_ACCESS
        except exchange_errors.SubjectMismatch:
            return Result.INTERNAL
        except (exchange_errors.ProviderFault, exchange_errors.ExchangeUnavailable) as error:
            log.warning("the ДАН source %s does not answer: %s", name, error)
            return Result.PROVIDER_UNREACHABLE
        return answer.body if isinstance(answer.body, dict) else Result.INTERNAL
