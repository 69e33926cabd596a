"""Correction of named answers: asked, answered, sent; recalled, reminded of, overtaken."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from toono.kernel.actor import Actor
from toono.kernel.calendar import working_time_between
from toono.kernel.clock import at, now
from toono.services.contracts import NextKind, Outcome, Phase
from toono.services.errors import (
    AlreadySubmitted,
    AnswersChanged,
    CaseUnknown,
    CorrectionRefused,
    NotAllowedNow,
    NotComplete,
    QuestionUnknown,
)
from toono.services.tests.published import answer_all, definition, publish, registers, send, sent, silence
from toono.services.tests.steps import no_worker

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]


@pytest.fixture
def case(stack: Stack, fresh_citizen: Citizen) -> Any:
    """A sent case with its applicant, whose registers answer and whose jobs the test does."""
    actor, service = fresh_citizen(), publish(definition())
    with registers(), no_worker():
        yield actor, sent(actor, service)


def _inbox(actor: Actor, template: str) -> list[Any]:
    from toono.notifications import api as notifications

    return [m for m in notifications.inbox(actor=actor) if m.template == template]


def test_only_the_named_answers_are_asked_and_the_rest_stays(case: Any, oyun: Actor) -> None:
    from toono.services import api

    actor, before = case
    asked = api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Ямар мод вэ?"})
    assert not asked.complete and [(f.question, f.what) for f in asked.fields] == [("note", "Ямар мод вэ?")]
    now_ = api.case(actor=actor, case_id=before.id)
    assert (now_.phase, now_.next.kind, now_.next.question) == (Phase.CORRECTION, NextKind.CORRECTION, "note")
    for other in ("purpose", "animals"):
        with pytest.raises(QuestionUnknown):
            api.answer(actor=actor, case_id=before.id, question=other, values={other: "farm"})
    with pytest.raises(NotComplete):
        api.check(actor=actor, case_id=before.id)
    corrected = answer_all(actor, now_, {"note": "Алимны мод"})
    assert corrected.next.kind is NextKind.CHECK
    page = api.check(actor=actor, case_id=before.id)
    assert page.case.correction is not None
    (field,) = page.case.correction.fields
    assert (field.before and field.before.mn, field.value and field.value.mn) == ("Жимсний мод", "Алимны мод")
    done = api.submit_case(actor=actor, case_id=before.id, form_token=page.form_token)
    assert (done.phase, done.correction) == (Phase.WITH_OFFICER, None)
    assert {line.question: line.value.mn for line in done.answers} == {"purpose": "Цэцэрлэг", "note": "Алимны мод"}
    assert len(_inbox(actor, "case_correction")) == 1


def test_the_clock_stands_while_the_applicant_corrects(case: Any, oyun: Actor) -> None:
    from toono.services import api

    actor, before = case
    asked_at, sent_at = now() + timedelta(minutes=1), now() + timedelta(days=9)
    with at(asked_at):
        api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Тодруулна уу"})
    with at(sent_at):
        answer_all(actor, api.case(actor=actor, case_id=before.id), {"note": "Алимны мод"})
        after = send(actor, before.id)
    stood = working_time_between(asked_at, sent_at)
    assert stood > timedelta(hours=30)
    assert abs(working_time_between(before.due_at, after.due_at) - stood) < timedelta(minutes=2)


def test_a_corrected_answer_may_make_another_question_needed(case: Any, oyun: Actor) -> None:
    from toono.services import api

    actor, before = case
    api.ask_correction(actor=oyun, case_id=before.id, fields={"purpose": "Ферм биш үү?"})
    after = answer_all(actor, api.case(actor=actor, case_id=before.id), {"purpose": "farm", "animals": "12"})
    assert after.next.kind is NextKind.CHECK
    assert {line.question for line in send(actor, before.id).answers} == {"purpose", "animals", "note"}


def test_the_same_answer_again_is_an_answer(case: Any, oyun: Actor) -> None:
    from toono.services import api

    actor, before = case
    api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Итгэлтэй байна уу?"})
    answer_all(actor, api.case(actor=actor, case_id=before.id), {"note": "Жимсний мод"})
    assert send(actor, before.id).phase is Phase.WITH_OFFICER


def test_facts_are_not_asked_and_what_was_not_asked_is_refused(case: Any, oyun: Actor) -> None:
    from toono.services import api

    _, before = case
    for fields in ({}, {"identity": "буруу"}, {"animals": "хэд вэ"}, {"note": " "}, {"note": "а" * 1001}):
        with pytest.raises(CorrectionRefused):
            api.ask_correction(actor=oyun, case_id=before.id, fields=fields)


def test_pressed_twice_it_is_one_request_and_another_waits(case: Any, oyun: Actor) -> None:
    from toono.services import api
    from toono.services.models import Correction

    _, before = case
    for _ in range(2):
        api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Тодруулна уу"})
    with pytest.raises(NotAllowedNow):
        api.ask_correction(actor=oyun, case_id=before.id, fields={"purpose": "Тодруулна уу"})
    assert Correction.objects.filter(case=before.id).count() == 1


def test_what_was_not_seen_cannot_be_sent_and_what_was_sent_is_sent_once(case: Any, oyun: Actor) -> None:
    from toono.services import api
    from toono.services.models import CaseLog

    actor, before = case
    api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Тодруулна уу"})
    answer_all(actor, api.case(actor=actor, case_id=before.id), {"note": "Алимны мод"})
    seen = api.check(actor=actor, case_id=before.id).form_token
    api.answer(actor=actor, case_id=before.id, question="note", values={"note": "Чацаргана"})
    with pytest.raises(AnswersChanged):
        api.submit_case(actor=actor, case_id=before.id, form_token=seen)
    token = api.check(actor=actor, case_id=before.id).form_token

    def post(_: int) -> Any:
        from django.db import close_old_connections

        try:
            return api.submit_case(actor=actor, case_id=before.id, form_token=token).phase
        finally:
            close_old_connections()

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(post, range(20))) == {Phase.WITH_OFFICER}
    assert CaseLog.objects.filter(case=before.id, kind="corrected").count() == 1
    with pytest.raises(AlreadySubmitted):
        api.answer(actor=actor, case_id=before.id, question="note", values={"note": "Үзэм"})


def test_the_desk_does_not_decide_on_answers_that_are_being_corrected(case: Any, oyun: Actor) -> None:
    from toono.services import api

    actor, before = case
    api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Тодруулна уу"})
    answer_all(actor, api.case(actor=actor, case_id=before.id), {"note": "Алимны мод"})
    with pytest.raises(NotAllowedNow):
        api.decide_case(actor=oyun, case_id=before.id, action="grant")
    api.recall_correction(actor=oyun, case_id=before.id)
    api.recall_correction(actor=oyun, case_id=before.id)
    after = api.case(actor=actor, case_id=before.id)
    assert after.phase is Phase.WITH_OFFICER
    assert {line.question: line.value.mn for line in after.answers}["note"] == "Жимсний мод"
    assert api.decide_case(actor=oyun, case_id=before.id, action="grant").outcome is Outcome.GRANTED


def test_withdrawing_ends_the_correction_and_nothing_is_sent_after(case: Any, oyun: Actor) -> None:
    from toono.services import api

    actor, before = case
    api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Тодруулна уу"})
    answer_all(actor, api.case(actor=actor, case_id=before.id), {"note": "Алимны мод"})
    token = api.check(actor=actor, case_id=before.id).form_token
    assert api.withdraw_case(actor=actor, case_id=before.id).phase is Phase.WITHDRAWN
    with pytest.raises(AlreadySubmitted):
        api.submit_case(actor=actor, case_id=before.id, form_token=token)
    with pytest.raises(NotAllowedNow):
        api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Тодруулна уу"})


def test_of_withdrawing_sending_and_recalling_at_once_one_whole_thing_is_left(case: Any, oyun: Actor) -> None:
    from django.db import close_old_connections

    from toono.services import api
    from toono.services.models import Case, Correction

    actor, before = case
    api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Тодруулна уу"})
    answer_all(actor, api.case(actor=actor, case_id=before.id), {"note": "Алимны мод"})
    token = api.check(actor=actor, case_id=before.id).form_token
    acts: list[Callable[[], object]] = [
        lambda: api.withdraw_case(actor=actor, case_id=before.id),
        lambda: api.submit_case(actor=actor, case_id=before.id, form_token=token),
        lambda: api.recall_correction(actor=oyun, case_id=before.id),
        lambda: api.decide_case(actor=oyun, case_id=before.id, action="grant"),
    ]  # fmt: skip

    def act(one: Callable[[], object]) -> None:
        try:
            with suppress(NotAllowedNow, AlreadySubmitted):
                one()
        finally:
            close_old_connections()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, acts * 2))
    row = Case.objects.get(id=before.id)
    assert row.correcting_since is None and not Correction.objects.filter(case=row, answered_at__isnull=True).exists()
    assert (row.outcome in {"withdrawn", "granted"}) == (not row.open)


def test_another_office_asks_nothing(case: Any) -> None:
    from uuid import uuid4

    from toono.kernel.actor import Role
    from toono.services import api

    other = Actor(role=Role.OFFICER, person_id=uuid4(), organisation="state-registration")
    with pytest.raises(CaseUnknown):
        api.ask_correction(actor=other, case_id=case[1].id, fields={"note": "Тодруулна уу"})


def test_after_five_working_days_the_applicant_is_reminded_once(case: Any, oyun: Actor) -> None:
    from toono.services import api

    actor, before = case
    api.ask_correction(actor=oyun, case_id=before.id, fields={"note": "Тодруулна уу"})
    api.remind_of_corrections()
    assert _inbox(actor, "case_correction_reminder") == []
    with at(now() + timedelta(days=14)):
        api.remind_of_corrections()
        api.remind_of_corrections()
    assert len(_inbox(actor, "case_correction_reminder")) == 1


def test_a_late_fact_that_makes_a_question_needed_opens_a_correction_by_the_rule(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.errors import RegisterSilent

    made = definition()
    made["questions"][1]["when"] = "facts.particulars.age > 60"
    made["questions"][1]["label"] = {"mn": "Тэтгэврийн дугаар", "en": "Pension"}
    actor, service = fresh_citizen(), publish(made)
    with registers(particulars=silence()) as said, no_worker():
        case = sent(actor, service)
        with pytest.raises(RegisterSilent):
            api.process_case(case_id=case.id)
        said["particulars"] = {"birth_date": "1950-01-01", "age": 76, "sex": "male", "citizenship": "MNG", "alive": True}
        with at(now() + timedelta(minutes=5)):
            api.process_case(case_id=case.id)
            asked = api.case(actor=actor, case_id=case.id)
            assert (asked.phase, asked.next.question) == (Phase.CORRECTION, "animals")
            assert asked.correction is not None and asked.correction.by_rule
            answer_all(actor, asked, {"animals": "7"})
            assert send(actor, case.id).phase is Phase.WITH_OFFICER
            api.process_case(case_id=case.id)
            assert api.case(actor=actor, case_id=case.id).correction is None
