"""«My case is late»: a complaint that is filled in already, to the desk that is late, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import at, now
from toono.kernel.errors import NotAllowed, ToonoError
from toono.services.tests.officers import ENVIRONMENT, appointed, arrived, service

if TYPE_CHECKING:
    from tests.stage import Stack

LONG_AGO = timedelta(days=20)


@pytest.fixture
def officer(stack: Stack, anu: Actor, fresh_person: Callable[[], dict[str, Any]]) -> Actor:
    return appointed(anu, fresh_person()["regnum"], ENVIRONMENT)


@pytest.fixture
def citizen(stack: Stack, fresh_citizen: Callable[[], Actor]) -> Actor:
    return fresh_citizen()


@pytest.fixture
def late(citizen: Actor) -> UUID:
    """A case of the citizen that was to be decided within five working days, twenty days ago."""
    with at(now() - LONG_AGO):
        return arrived(citizen, service())


@pytest.fixture
def head(officer: Actor) -> Iterator[Actor]:
    """The officer, who alone keeps the desk as long as the test runs."""
    from toono.services.models import DeskMember

    desk = DeskMember.objects.filter(organisation=ENVIRONMENT)
    before = {row.id: row.functions for row in desk}
    desk.update(functions=[])
    desk.filter(person_id=officer.person_id).update(functions=["head"])
    yield officer
    for row_id, functions in before.items():
        desk.filter(id=row_id).update(functions=functions)


def opened(complaint_id: UUID) -> int:
    from toono.kernel.models import OutboxEvent

    return OutboxEvent.objects.filter(name="feedback.complaint_opened", payload__complaint_id=str(complaint_id)).count()


def told(person_id: UUID | None, template: str, number: str) -> list[Any]:
    from toono.notifications.models import Message

    assert person_id is not None
    return list(Message.objects.filter(person_id=person_id, template=template, context__number=number))


def test_a_complaint_says_by_itself_how_late_the_case_is(citizen: Actor, late: UUID, officer: Actor) -> None:
    from toono.feedback import api
    from toono.kernel.calendar import working_time_between
    from toono.services import api as services

    sent = now() - LONG_AGO
    with at(sent + timedelta(hours=1)):
        services.ask_correction(actor=officer, case_id=late, fields={"note": "Ямар мод вэ?"})
    with at(sent + timedelta(days=3)):
        services.recall_correction(actor=officer, case_id=late)
        services.extend_term(actor=officer, case_id=late, reason="Шинжилгээ")
    case = services.case(actor=citizen, case_id=late)
    made = api.complain_of_case(actor=citizen, case_id=late, words="  Намар боллоо.  ")
    assert made.late is not None and made.reading is None and case.due_at is not None
    assert (made.late.case_number, made.late.service, made.organisation) == (case.number, case.service, ENVIRONMENT)
    assert (made.late.sent_at, made.late.due_at, made.late.decided_at) == (case.submitted_at, case.due_at, None)
    assert abs(made.late.late_minutes - working_time_between(case.due_at, now()).total_seconds() / 60) <= 1
    assert made.late.extended_hours == 24
    ((since, until),) = made.late.pauses
    assert until is not None and timedelta(days=2, hours=22) < until - since < timedelta(days=3)
    assert made.words == "Намар боллоо." and made.due_at - made.opened_at == timedelta(days=30)
    assert api.complaint_of_case(actor=citizen, case_id=late) == made
    assert made.id in {one.id for one in api.complaints(actor=officer, limit=500)}
    assert str(citizen.person_id) not in api.complaint(actor=officer, complaint_id=made.id).model_dump_json()


def test_four_presses_are_one_complaint_and_the_head_hears_once(citizen: Actor, late: UUID, head: Actor) -> None:
    from django.db import connection

    from toono.feedback import api

    def press(n: int) -> UUID:
        try:
            return api.complain_of_case(actor=citizen, case_id=late, words=str(n)).id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(press, range(4)))
    (one,) = made
    assert opened(one) == 1
    number = api.complaint(actor=head, complaint_id=one).number
    assert len(told(head.person_id, "desk_complaint", number)) == 1
    assert api.complain_of_case(actor=citizen, case_id=late, words="Дахин").id == one


def test_anothers_case_is_unknown(bat: Actor, officer: Actor, late: UUID) -> None:
    from toono.feedback import api

    for actor in (bat, officer):
        for act in (lambda a: api.complain_of_case(actor=a, case_id=late, words=""), lambda a: api.late_case(actor=a, case_id=late)):
            with pytest.raises(ToonoError) as refused:
                act(actor)
            assert refused.value.status == 404
    assert api.complaint_of_case(actor=bat, case_id=late) is None
    with pytest.raises(NotAllowed):
        api.complaint_of_case(actor=officer, case_id=late)


def test_nobody_complains_of_what_is_not_late(fresh_citizen: Callable[[], Actor], officer: Actor) -> None:
    from toono.feedback import api
    from toono.feedback.errors import NotLate
    from toono.services import api as services
    from toono.services.errors import NotAllowedNow

    code, kept = service(), []
    for what in ("in time", "standing", "withdrawn", "decided in time", "draft"):
        citizen = fresh_citizen()
        with at(now() - (timedelta() if what in {"in time", "draft"} else LONG_AGO)):
            case_id = services.start_case(actor=citizen, service=code).id if what == "draft" else arrived(citizen, code)
            if what == "standing":
                services.ask_correction(actor=officer, case_id=case_id, fields={"note": "Ямар мод вэ?"})
            if what == "decided in time":
                services.decide_case(actor=officer, case_id=case_id, action="refuse", ground="too_much", reason="Их.")
        if what == "withdrawn":
            services.withdraw_case(actor=citizen, case_id=case_id)
        with pytest.raises(NotLate):
            api.complain_of_case(actor=citizen, case_id=case_id, words="")
        assert not api.is_late(case=services.case(actor=citizen, case_id=case_id)), what
        kept.append(api.complaint_of_case(actor=citizen, case_id=case_id))
    assert kept == [None] * 5
    assert NotLate.status == 409 and not issubclass(NotLate, NotAllowedNow)


def test_what_was_decided_late_can_be_complained_of_and_no_more_lateness_grows(citizen: Actor, late: UUID, officer: Actor) -> None:
    from toono.feedback import api
    from toono.services import api as services

    with at(now() - timedelta(days=7)):
        services.decide_case(actor=officer, case_id=late, action="refuse", ground="too_much", reason="Их.")
        then = api.late_case(actor=citizen, case_id=late)
    made = api.complain_of_case(actor=citizen, case_id=late, words="")
    assert made.late == then and then.decided_at is not None and then.late_minutes > 0


def test_too_many_words_keep_nothing(citizen: Actor, late: UUID) -> None:
    from toono.feedback import api
    from toono.feedback.errors import ComplaintTooLong

    with pytest.raises(ComplaintTooLong):
        api.complain_of_case(actor=citizen, case_id=late, words="а" * 1001)
    assert api.complaint_of_case(actor=citizen, case_id=late) is None


def test_the_head_of_the_desk_answers_and_the_person_is_told(
    citizen: Actor, late: UUID, head: Actor, anu: Actor, fresh_person: Callable[[], dict[str, Any]]
) -> None:
    from toono.feedback import api
    from toono.feedback.errors import FindingMissing, HeadAnswers

    other = appointed(anu, fresh_person()["regnum"], ENVIRONMENT)
    made = api.complain_of_case(actor=citizen, case_id=late, words="")
    assert not told(other.person_id, "desk_complaint", made.number)
    assert api.may_answer_complaint(actor=head, complaint=made) and not api.may_answer_complaint(actor=other, complaint=made)
    with pytest.raises(HeadAnswers):
        api.answer_complaint(actor=other, complaint_id=made.id, finding="upheld", words="Уучлаарай.")
    with pytest.raises(FindingMissing):
        api.answer_complaint(actor=head, complaint_id=made.id, finding="unlawful", words="Уучлаарай.")
    for _ in range(2):
        api.answer_complaint(actor=head, complaint_id=made.id, finding="upheld", words="Уучлаарай. Маргааш шийднэ.")
    answered = api.complaint_of_case(actor=citizen, case_id=late)
    assert answered is not None and (answered.finding, answered.answer) == ("upheld", "Уучлаарай. Маргааш шийднэ.")
    (message,) = told(citizen.person_id, "case_complaint_answered", made.number)
    assert message.case_id == late


def test_where_no_head_is_named_every_officer_answers_and_a_representative_always(citizen: Actor, late: UUID, officer: Actor) -> None:
    from toono.feedback import api
    from toono.services.models import DeskMember

    made = api.complain_of_case(actor=citizen, case_id=late, words="")
    representative = Actor(role=Role.REPRESENTATIVE, person_id=uuid4(), organisation=ENVIRONMENT)
    assert api.may_answer_complaint(actor=representative, complaint=made)
    named = DeskMember.objects.filter(organisation=ENVIRONMENT, functions__contains="head").exists()
    assert api.may_answer_complaint(actor=officer, complaint=made) is not named


def test_a_finding_about_a_case_is_none_about_a_reading(officer: Actor) -> None:
    from toono.exchange.tests.readings import civil_id, read
    from toono.feedback import api
    from toono.feedback.errors import FindingMissing

    person, owner = civil_id(), f"owner-{uuid4().hex[:8]}"
    actor = Actor(role=Role.CITIZEN, person_id=uuid4())
    made = api.complain(actor=actor, civil_id=person, reading_id=read(person, now() - LONG_AGO, provider=owner), words="")
    with pytest.raises(FindingMissing):
        api.answer_complaint(
            actor=Actor(role=Role.OFFICER, person_id=uuid4(), organisation=owner), complaint_id=made.id, finding="excused", words="Үг"
        )


@pytest.mark.parametrize("about", [(), ("reading", "late")])
def test_the_database_keeps_no_complaint_about_nothing_or_about_both(stack: Stack, about: tuple[str, ...]) -> None:
    from django.db import IntegrityError, transaction

    from toono.feedback.models import Complaint

    fields = {"reading": {"reading_id": uuid4(), "reading": {}}, "late": {"case_id": uuid4(), "late": {}}}
    said = {name: value for one in about for name, value in fields[one].items()}
    with pytest.raises(IntegrityError, match="feedback_complaint_of_one_thing"), transaction.atomic():
        Complaint.objects.create(
            number=uuid4().hex[:12], person_id=uuid4(), organisation="x", opened_at=now(), due_at=now(), words="", **said
        )
