"""What the page of a service says that cases really took: as their clocks count, without what stood."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from toono.kernel.actor import Actor
from toono.kernel.clock import ULAANBAATAR, at
from toono.services.contracts import KeptTime
from toono.services.tests.officers import appointed, arrived, service
from toono.services.tests.published import GARDEN, definition, publish, sent

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
MONDAY = datetime(2026, 11, 2, 9, tzinfo=ULAANBAATAR)
HOUR = timedelta(hours=1)


@pytest.fixture
def officer(stack: Stack, anu: Actor, fresh_person: Callable[[], dict[str, Any]]) -> Actor:
    return appointed(anu, fresh_person()["regnum"], "dundgovi-environment")


def _kept(code: str, moment: datetime) -> KeptTime:
    from toono.services.queries import catalogue, definitions

    with at(moment):
        return catalogue._computed(definitions.newest(code)[0])


def _refuse(officer: Actor, case_id: UUID) -> None:
    from toono.services import api

    api.decide_case(actor=officer, case_id=case_id, action="refuse", ground="too_much", reason="Их.")


@pytest.mark.parametrize(
    ("on_correction", "minutes", "plain"),
    [("pause", 120, 2 * HOUR), ("continue", 41 * 60, timedelta(days=7, hours=1)), ("restart", 60, HOUR)],
)
def test_time_in_which_the_citizen_corrects_counts_as_the_term_says(
    stack: Stack, fresh_citizen: Citizen, officer: Actor, on_correction: str, minutes: int, plain: timedelta
) -> None:
    from toono.services import api

    code = service(term={"working_hours": 80, "starts": "submission", "on_correction": on_correction})
    citizen = fresh_citizen()
    with at(MONDAY):
        case_id = arrived(citizen, code)
    with at(MONDAY + HOUR):
        api.ask_correction(actor=officer, case_id=case_id, fields={"note": "Ямар мод вэ?"})
    with at(MONDAY + timedelta(days=7)):
        api.recall_correction(actor=officer, case_id=case_id)
    with at(MONDAY + timedelta(days=7) + HOUR):
        _refuse(officer, case_id)
    kept = _kept(code, MONDAY + timedelta(days=8))
    assert (kept.decided, kept.on_time, kept.median_minutes) == (1, 1, minutes)
    assert kept.median_seconds is not None and abs(kept.median_seconds - plain.total_seconds()) <= 5


def test_time_in_which_the_fee_is_not_paid_does_not_count(stack: Stack, fresh_citizen: Citizen, officer: Actor) -> None:
    from django.db import transaction

    from toono.services.models import Case
    from toono.services.operations import fees
    from toono.services.queries import definitions

    code = publish(definition(facts=[], document=DOCUMENT, fee={"amount_mungu": 500_000}))
    citizen = fresh_citizen()
    with at(MONDAY):
        case_id = UUID(str(sent(citizen, code, GARDEN).id))
    paid = MONDAY + timedelta(days=3)
    with at(paid), transaction.atomic():
        fees.settle(Case.objects.select_for_update().get(id=case_id), definitions.newest(code)[0], paid, actor=fees.ACTOR)
    with at(paid + HOUR):
        _refuse(officer, case_id)
    kept = _kept(code, paid + timedelta(days=1))
    assert (kept.median_minutes, kept.ninety_percent_minutes) == (60, 60)
    assert kept.median_seconds is not None and abs(kept.median_seconds - 3600) <= 5


DOCUMENT = {"title": {"mn": "Зөвшөөрөл", "en": "Permit"}, "rows": [{"question": "note"}]}


def test_a_service_of_which_nothing_was_decided_says_nothing(stack: Stack) -> None:
    assert _kept(service(), MONDAY) == KeptTime(decided=0, on_time=0, median_minutes=None, ninety_percent_minutes=None, median_seconds=None)
