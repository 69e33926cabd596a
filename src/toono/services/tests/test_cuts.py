"""Killed in the middle: whatever a person or timer does to a case happens wholly or not at all, and once when it is done again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from toono.kernel.actor import Actor
from toono.kernel.clock import at, now
from toono.services.contracts import Outcome, Phase
from toono.services.tests.published import GARDEN, answer_all, definition, publish, registers, sent
from toono.services.tests.steps import no_worker

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
OPERATIONS = "toono.services.operations"


class Killed(BaseException):
    """The process ended here: no handler runs, and the database takes the open transaction back."""


@pytest.fixture
def quiet(stack: Stack) -> Any:
    with registers() as said, no_worker():
        yield said


def _state(case_id: Any) -> tuple[object, ...]:
    """Everything that a case leaves in the database."""
    from toono.kernel.models import OutboxEvent
    from toono.notifications.models import Message
    from toono.services.models import Case, CaseLog, Correction, Fact

    return (
        Case.objects.filter(id=case_id).values().first(), list(CaseLog.objects.filter(case=case_id).values_list("kind", flat=True)),
        list(Correction.objects.filter(case=case_id).order_by("asked_at").values("answers_before", "answered", "answered_at", "recalled")),
        Fact.objects.filter(case=case_id).count(), Message.objects.filter(case_id=case_id).count(),
        OutboxEvent.objects.filter(payload__case_id=str(case_id)).count(),
    )  # fmt: skip


def _cut(case_id: Any, where: str, act: Callable[[], object]) -> None:
    before = _state(case_id)
    with mock.patch(f"{OPERATIONS}.{where}", side_effect=Killed), pytest.raises(Killed):
        act()
    assert _state(case_id) == before, where


@pytest.mark.parametrize(
    "where", ["attachments.drop_unused", "ordering.note", "clock.start", "telling.applicant", "telling.rooms", "jobs.process"]
)
def test_sending(quiet: Any, fresh_citizen: Citizen, where: str) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = answer_all(actor, api.start_case(actor=actor, service=publish(definition())), GARDEN)
    token = api.check(actor=actor, case_id=draft.id).form_token

    def send() -> Any:
        return api.submit_case(actor=actor, case_id=draft.id, form_token=token)

    _cut(draft.id, where, send)
    assert send().phase is Phase.WITH_OFFICER and send().phase is Phase.WITH_OFFICER


@pytest.mark.parametrize("where", ["attachments.drop_unused", "corrections.note", "clock.resume", "jobs.process"])
def test_sending_a_correction(quiet: Any, fresh_citizen: Citizen, oyun: Actor, where: str) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    _cut(case.id, "clock.pause", lambda: api.ask_correction(actor=oyun, case_id=case.id, fields={"note": "Тодруулна уу"}))
    api.ask_correction(actor=oyun, case_id=case.id, fields={"note": "Тодруулна уу"})
    answer_all(actor, api.case(actor=actor, case_id=case.id), {"note": "Алимны мод"})
    token = api.check(actor=actor, case_id=case.id).form_token

    def send() -> Any:
        return api.submit_case(actor=actor, case_id=case.id, form_token=token)

    _cut(case.id, where, send)
    assert send().phase is Phase.WITH_OFFICER and send().phase is Phase.WITH_OFFICER


@pytest.mark.parametrize("where", ["desk.place", "ordering.note", "telling.rooms"])
def test_withdrawing(quiet: Any, fresh_citizen: Citizen, where: str) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    _cut(case.id, where, lambda: api.withdraw_case(actor=actor, case_id=case.id))
    assert api.withdraw_case(actor=actor, case_id=case.id).outcome is Outcome.WITHDRAWN


@pytest.mark.parametrize("where", ["desk.place", "lapsing.note", "telling.rooms", "telling.applicant"])
def test_lapsing(quiet: Any, fresh_citizen: Citizen, where: str) -> None:
    from toono.services import api
    from toono.services.operations import processing

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    quiet["particulars"] |= {"alive": False}
    with at(now() + timedelta(hours=2)):
        processing.read_facts(case.id)
        _cut(case.id, where, lambda: api.process_case(case_id=case.id))
        api.process_case(case_id=case.id)
        assert api.case(actor=actor, case_id=case.id).outcome is Outcome.LAPSED


def test_emptying_and_going_over_to_a_new_version(quiet: Any, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import Case

    actor, made = fresh_citizen(), definition()
    case = sent(actor, publish(made))
    publish(definition(**made) | {"version": 2, "migrations": [{"from_versions": [1], "rule": "migrate"}]})
    for where in ("migration.note", "desk.arrive", "jobs.process"):
        _cut(case.id, where, api.migrate_open_cases)
    assert api.migrate_open_cases() >= 1 and Case.objects.get(id=case.id).service_version == 2
    api.withdraw_case(actor=actor, case_id=case.id)
    with at(now() + timedelta(days=800)):
        _cut(case.id, "retention.note", api.remove_expired)
        api.remove_expired()
    assert Case.objects.get(id=case.id).emptied_at is not None
