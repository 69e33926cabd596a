"""The watch over the clocks, and a calendar that changes under open cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import UUID

import pytest

from toono.kernel import calendar
from toono.kernel.actor import Actor, system
from toono.kernel.clock import at, local, now
from toono.kernel.errors import DecreeRefused, NotAllowed
from toono.services.contracts import Outcome, Phase
from toono.services.tests.officers import HEALTH, LAW, appointed, arrived, service

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
LONG_AGO = timedelta(days=20)


@pytest.fixture
def officer(stack: Stack, anu: Actor, fresh_person: Callable[[], dict[str, Any]]) -> Actor:
    return appointed(anu, fresh_person()["regnum"], "dundgovi-environment")


def _sent_before(citizen: Actor, code: str, ago: timedelta) -> UUID:
    with at(now() - ago):
        return arrived(citizen, code)


def _told(person_id: UUID | None, case_id: UUID, template: str) -> int:
    from toono.notifications.models import Message

    assert person_id is not None
    return Message.objects.filter(person_id=person_id, case_id=case_id, template=template).count()


def _desk_told(person_id: UUID | None, number: str, template: str) -> int:
    from toono.notifications.models import Message

    assert person_id is not None
    return Message.objects.filter(person_id=person_id, template=template, context__case_number=number).count()


def _term(hours: int, **more: Any) -> dict[str, Any]:
    return {"working_hours": hours, "starts": "submission", **more}


def test_who_is_late_apologises_once_though_two_watch_at_once(stack: Stack, fresh_citizen: Citizen, officer: Actor) -> None:
    from django.db import close_old_connections

    from toono.kernel.models import OutboxEvent
    from toono.services import api
    from toono.services.models import CaseLog

    citizen = fresh_citizen()
    case_id = _sent_before(citizen, service(), LONG_AGO)
    api.take_case(actor=officer, case_id=case_id)

    def look(_: int) -> None:
        try:
            api.watch()
        finally:
            close_old_connections()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(look, range(3)))
    case = api.case(actor=citizen, case_id=case_id)
    assert case.phase is Phase.WITH_OFFICER and case.term is not None and case.term.overdue
    assert CaseLog.objects.filter(case=case_id, kind="late").count() == 1
    assert _told(citizen.person_id, case_id, "case_late") == 1
    assert _desk_told(officer.person_id, case.number, "desk_late") == 1
    assert OutboxEvent.objects.filter(name="services.case_late", payload__case_id=str(case_id)).count() == 1


def test_who_has_the_case_is_warned_before_its_end_and_not_long_before(stack: Stack, fresh_citizen: Citizen, officer: Actor) -> None:
    from toono.services import api
    from toono.services.models import Case

    early, soon = (arrived(fresh_citizen(), service(term=_term(hours))) for hours in (400, 4))
    for case_id in (early, soon):
        api.take_case(actor=officer, case_id=case_id)
    case = Case.objects.get(id=soon)
    assert case.warn_at is not None and case.due_at is not None
    Case.objects.filter(id=soon).update(warn_at=now() - timedelta(minutes=1))  # three of its four hours have passed
    api.watch()
    api.watch()
    assert _desk_told(officer.person_id, case.number, "desk_term_ends") == 1
    assert Case.objects.get(id=early).warned_at is None


@pytest.mark.parametrize(("rule", "outcome"), [("grants", Outcome.GRANTED), ("refuses", Outcome.REFUSED)])
def test_silence_decides_at_the_moment_that_the_law_names_once(stack: Stack, fresh_citizen: Citizen, rule: str, outcome: Outcome) -> None:
    from toono.services import api
    from toono.services.models import CaseLog

    code = service(term=_term(8, silence=rule, silence_basis=LAW))
    citizen, other = fresh_citizen(), fresh_citizen()
    late, running = _sent_before(citizen, code, LONG_AGO), arrived(other, code)
    api.watch()
    api.watch()
    case = api.case(actor=citizen, case_id=late)
    assert case.outcome is outcome and case.decision is not None
    assert "Зөвшөөрлийн тухай хууль, 5.2" in case.decision.reason
    assert CaseLog.objects.filter(case=late, kind="decided").count() == 1
    assert api.case(actor=other, case_id=running).outcome is None
    assert _told(citizen.person_id, late, "case_late") == 0


def test_a_clock_that_stands_is_late_for_nobody(stack: Stack, fresh_citizen: Citizen, officer: Actor) -> None:
    from toono.services import api
    from toono.services.models import Case

    case_id = _sent_before(fresh_citizen(), service(), LONG_AGO)
    with at(now() - LONG_AGO + timedelta(hours=1)):
        api.ask_correction(actor=officer, case_id=case_id, fields={"note": "Тодорхой бичнэ үү."})
    api.watch()
    case = Case.objects.get(id=case_id)
    assert case.late_told_at is None and case.paused_at is not None and case.left_minutes is not None
    api.recall_correction(actor=officer, case_id=case_id)
    again = Case.objects.get(id=case_id)
    assert again.paused_at is None and again.due_at is not None and again.due_at > now()


def test_a_body_that_owes_its_opinion_is_reminded_once(
    stack: Stack, anu: Actor, fresh_citizen: Citizen, officer: Actor, fresh_person: Callable[[], dict[str, Any]]
) -> None:
    from toono.services import api
    from toono.services.models import Case

    expert = appointed(anu, fresh_person()["regnum"], HEALTH)
    case_id = arrived(fresh_citizen(), service())
    api.decide_case(actor=officer, case_id=case_id, action="ask")
    Case.objects.filter(id=case_id).update(opinion_due_at=now() + timedelta(minutes=1))
    api.watch()
    api.watch()
    assert _desk_told(expert.person_id, Case.objects.get(id=case_id).number, "desk_opinion_due") == 1


def test_a_watch_that_fails_with_one_case_goes_on_with_the_others(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import Case
    from toono.services.operations import telling

    broken, sound = (_sent_before(fresh_citizen(), service(), LONG_AGO) for _ in range(2))
    real = telling.rooms

    def rooms(kind: Any, case: Case, **more: Any) -> None:
        if case.id == broken:
            raise RuntimeError("the power went")
        real(kind, case, **more)

    with mock.patch.object(telling, "rooms", rooms):
        api.watch()
    done = Case.objects.in_bulk([broken, sound])
    assert done[sound].late_told_at is not None
    # The worker of the stage may have come by meanwhile; without it nothing of the failed one was kept.
    api.watch()
    assert Case.objects.get(id=broken).late_told_at is not None


# -- the calendar --------------------------------------------------------------------------------------------------


@pytest.fixture
def tidy_calendar(stack: Stack) -> Iterator[None]:
    """Days that a test decreed are no longer decreed after it, and open cases are counted as before."""
    from toono.kernel import decrees
    from toono.kernel.models import DecreedDay

    before = set(DecreedDay.objects.values_list("day", flat=True))
    yield
    for day in set(DecreedDay.objects.values_list("day", flat=True)) - before:
        decrees.remove_day(actor=system("tests"), day=day)
    calendar.use({})


def _working_day_ahead() -> date:
    return calendar.next_working_day(local(now()).date() + timedelta(days=3))


def test_a_day_off_by_decree_moves_open_cases_in_every_process_and_back(
    stack: Stack, anu: Actor, fresh_citizen: Citizen, tidy_calendar: None
) -> None:
    from toono.kernel import decrees
    from toono.services.models import Case, CaseLog

    case_id = arrived(fresh_citizen(), service())
    before = Case.objects.get(id=case_id).due_at
    day = _working_day_ahead()
    decrees.set_day(actor=anu, day=day, works=False, decree="ЗГ-ын 2026 оны 99 дүгээр тогтоол")
    assert not calendar.is_working_day(day)
    # The worker of the stage does it: another process, which has read the table anew.
    stack.wait(lambda: Case.objects.get(id=case_id).due_at != before, timeout=30)
    moved = Case.objects.get(id=case_id).due_at
    assert before is not None and moved is not None and moved > before
    line = CaseLog.objects.get(case=case_id, kind="term_moved")
    assert line.data["decree"] == "ЗГ-ын 2026 оны 99 дүгээр тогтоол"
    decrees.remove_day(actor=anu, day=day)
    stack.wait(lambda: Case.objects.get(id=case_id).due_at == before, timeout=30)


def test_moving_terms_again_moves_nothing(stack: Stack, fresh_citizen: Citizen, tidy_calendar: None) -> None:
    from toono.kernel import decrees
    from toono.services import api
    from toono.services.models import CaseLog

    case_id, day = arrived(fresh_citizen(), service()), _working_day_ahead()
    decrees.set_day(actor=system("tests"), day=day, works=False, decree="№ 98")
    api.move_terms(since=day, decree="№ 98")
    api.move_terms(since=day, decree="№ 98")
    assert CaseLog.objects.filter(case=case_id, kind="term_moved", data__decree="№ 98").count() == 1


def test_a_decree_has_a_number_and_is_entered_by_an_administrator(stack: Stack, anu: Actor, sarnai: Actor, tidy_calendar: None) -> None:
    from toono.kernel import decrees
    from toono.kernel.models import AuditRecord

    day = _working_day_ahead()
    with pytest.raises(DecreeRefused):
        decrees.set_day(actor=anu, day=day, works=False, decree="  ")
    with pytest.raises(NotAllowed):
        decrees.set_day(actor=sarnai, day=day, works=False, decree="№ 1")
    decrees.set_day(actor=anu, day=day, works=False, decree="№ 97")
    decrees.set_day(actor=anu, day=day, works=False, decree="№ 97")
    assert AuditRecord.objects.filter(action="kernel.decree_day", subject=f"day:{day}", details__decree="№ 97").count() == 1
    assert next(one for one in decrees.days() if one.day == day).decree == "№ 97"
