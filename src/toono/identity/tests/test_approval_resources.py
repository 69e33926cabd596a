"""For whom the tokens of a device and of a backchannel request are: RFC 8707 at the request that begins and at the one that redeems."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from toono.identity.domain.oidc import approval, ciba, device_grant
from toono.identity.domain.oidc.parameters import parse
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import ApprovalState, digest
from toono.identity.tests.memory import ISSUER, RESOURCE, SESSION, MemoryProvider, basic

OTHER = "https://other.example/api"


@pytest.fixture
def op() -> MemoryProvider:
    found = MemoryProvider()
    found.clients["full"] = replace(found.clients["full"], resources=frozenset({RESOURCE, OTHER}))
    return found


class Flow:
    """One of the two ways to ask, from the first request to the tokens."""

    def __init__(self, op: MemoryProvider, kind: str) -> None:
        self.op, self.kind = op, kind

    def start(self, **more: str) -> str:
        form = {"scope": "openid offline_access"} | ({"login_hint": "УБ95010112"} if self.kind == ciba.GRANT else {}) | more
        request = Request(parameters=parse(urlencode(form)), authorization=basic("full"))
        if self.kind == ciba.GRANT:
            return str(ciba.start(provider=self.op.provider, request=request)["auth_req_id"])
        return str(device_grant.start(provider=self.op.provider, request=request, letters="BCDFGHJK")["device_code"])

    def agree(self, value: str) -> None:
        asked = self.op.approvals[digest(value)]
        given = approval.grant_of(asked, SESSION, identifier="g")
        self.op.save_grant(given)
        self.op.approvals[digest(value)] = replace(asked, state=ApprovalState.APPROVED, grant=given)

    def redeem(self, value: str, **more: str) -> dict[str, Any]:
        name = "auth_req_id" if self.kind == ciba.GRANT else "device_code"
        return dict(self.op.ask(urlencode({"grant_type": self.kind, name: value} | more), basic("full")))

    def audience(self, reply: dict[str, Any]) -> str:
        return self.op.tokens[digest(reply["access_token"])].audience[0]

    def refused(self, act: Callable[[], Any]) -> str:
        with pytest.raises(DirectRefusal) as refusal:
            act()
        return refusal.value.error


@pytest.fixture(params=[device_grant.GRANT, ciba.GRANT], ids=["device", "ciba"])
def flow(op: MemoryProvider, request: pytest.FixtureRequest) -> Flow:
    return Flow(op, request.param)


def test_a_resource_named_at_the_beginning_is_the_audience_of_all_tokens(flow: Flow) -> None:
    value = flow.start(resource=RESOURCE)
    flow.agree(value)
    assert flow.refused(lambda: flow.redeem(value, resource=OTHER)) == "invalid_target"
    reply = flow.redeem(value)
    assert flow.audience(reply) == RESOURCE and flow.op.opened(reply["access_token"])["aud"] == RESOURCE
    assert flow.refused(lambda: flow.op.refresh(reply["refresh_token"], changes={"resource": OTHER})) == "invalid_target"


def test_a_resource_named_first_at_the_token_request_bounds_what_is_refreshed(flow: Flow) -> None:
    value = flow.start()
    flow.agree(value)
    reply = flow.redeem(value, resource=RESOURCE)
    assert flow.audience(reply) == RESOURCE
    assert flow.refused(lambda: flow.op.refresh(reply["refresh_token"], changes={"resource": OTHER})) == "invalid_target"
    assert flow.audience(flow.op.refresh(reply["refresh_token"])) == RESOURCE, "nor does it widen to the provider's own endpoints"


def test_without_a_resource_the_token_is_for_the_provider_alone(flow: Flow) -> None:
    value = flow.start()
    flow.agree(value)
    reply = flow.redeem(value)
    assert flow.audience(reply) == ISSUER
    assert flow.refused(lambda: flow.op.refresh(reply["refresh_token"], changes={"resource": RESOURCE})) == "invalid_target"


def test_the_person_is_told_where_the_client_will_act(flow: Flow) -> None:
    named, open_ = (flow.op.approvals[digest(flow.start(**more))] for more in ({"resource": RESOURCE}, {}))
    client = flow.op.clients["full"]
    assert approval.targets(named, client) == (RESOURCE,), "the one that it named"
    assert approval.targets(open_, client) == (OTHER, RESOURCE), "all of which it may name one when it redeems"
    assert approval.targets(open_, replace(client, resources=frozenset())) == ()


def test_signatures_are_asked_for_nowhere_but_on_their_page(flow: Flow) -> None:
    client = flow.op.clients["full"]
    flow.op.clients["full"] = replace(
        client,
        scopes=client.scopes | {"credential", "service"},
        authorization_details_types=client.authorization_details_types | {"credential"},
    )
    assert flow.op.approvals[digest(flow.start(scope="openid credential service"))].scope == "openid service"
    detail = {
        "type": "credential",
        "credentialID": "c",
        "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1",
        "documentDigests": [{"hash": "A" * 43 + "="}],
    }
    assert flow.refused(lambda: flow.start(authorization_details=json.dumps([detail]))) == "invalid_authorization_details"


@pytest.mark.parametrize("resource", ["https://nobody.example", "no address", RESOURCE + "#f"])
def test_a_resource_that_the_client_may_not_ask_for_is_refused_and_burns_nothing(flow: Flow, resource: str) -> None:
    assert flow.refused(lambda: flow.start(resource=resource)) == "invalid_target"
    value = flow.start()
    flow.agree(value)
    assert flow.refused(lambda: flow.redeem(value, resource=resource)) == "invalid_target"
    assert flow.audience(flow.redeem(value, resource=RESOURCE)) == RESOURCE
    assert flow.refused(lambda: flow.redeem(value, resource=RESOURCE)) == "invalid_grant", "once"
