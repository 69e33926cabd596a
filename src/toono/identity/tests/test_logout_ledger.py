"""The ledger of back-channel logout: what each answer of a client means for it, and what the person reads."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from toono.identity.limits import LIMITS
from toono.identity.tests.flows import Late, api, models
from toono.kernel.actor import Actor

logouts: Any = Late("toono.identity.operations.logouts")


@pytest.fixture
def delivery(stack: Any, fresh_citizen: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client that is to be told of an end, its person, and a way to let it answer; jobs wait for nobody here."""
    from toono.kernel.clock import now

    citizen: Actor = fresh_citizen()
    client = models.Client.objects.create(
        client_id=f"rp-{uuid4().hex[:12]}", name_mn="Банк", name_en="Bank", metadata={"backchannel_logout_uri": "https://bank.example/out"}, registered_at=now()
    )  # fmt: skip
    row = models.LogoutDelivery.objects.create(
        client_id=client.client_id, person_id=citizen.person_id, session_id=uuid4(), created_at=now()
    )
    again: list[dict[str, Any]] = []

    class Jobs:
        @staticmethod
        def configure_task(_name: str, **how: Any) -> Any:
            again.append(how)
            return Jobs

        @staticmethod
        def defer(**arguments: Any) -> None: ...

    monkeypatch.setattr("toono.identity.operations.logouts.app", Jobs)

    class Told:
        person, retries = citizen, again

        @staticmethod
        def by(status: int) -> Any:
            monkeypatch.setattr("toono.identity.operations.logouts._tell", lambda *_: (status, str(status) if status else "NotPublic"))
            logouts.deliver(row.id)
            return models.LogoutDelivery.objects.get(id=row.id)

        @staticmethod
        def page() -> Any:
            return api.logout_notices(actor=citizen)[0]

    return Told


@pytest.mark.parametrize("status", [200, 204])
def test_who_takes_it_is_told_once(delivery: Any, status: int) -> None:
    found = delivery.by(status)
    assert found.delivered_at and not found.gave_up_at and not delivery.retries and delivery.page().confirmed_at
    assert delivery.by(500).attempts == 1, "and no more"


def test_who_refuses_it_for_good_is_not_asked_again(delivery: Any) -> None:
    found = delivery.by(400)
    assert found.gave_up_at and not found.delivered_at and not delivery.retries and delivery.page().gave_up


@pytest.mark.parametrize("status", [0, 302, 401, 404, 500, 503])
def test_who_does_not_answer_rightly_is_tried_for_a_day_and_then_given_up(delivery: Any, status: int) -> None:
    waits = []
    for attempt in range(1, LIMITS.logout_attempts):
        found = delivery.by(status)
        assert (found.attempts, found.delivered_at, found.gave_up_at) == (attempt, None, None) and len(delivery.retries) == attempt
        waits.append(delivery.retries[-1]["schedule_in"]["seconds"])
    assert waits == sorted(waits) and not delivery.page().gave_up
    found = delivery.by(status)
    assert (
        found.gave_up_at
        and len(delivery.retries) == LIMITS.logout_attempts - 1
        and found.last_answer == (str(status) if status else "NotPublic")
    )
    assert delivery.page().gave_up and delivery.by(200).delivered_at is None, "it is over"
