"""A case from the side of its applicant: what stops it, what it waits for, messages, copies, tracking, how it may end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from toono.kernel.actor import Actor
from toono.kernel.clock import at, now
from toono.services.contracts import NextKind, Outcome, Phase
from toono.services.errors import (
    AlreadyDecided,
    CaseUnknown,
    MessageRefused,
    NotAllowedNow,
    Stopped,
    TooManyTracked,
    TrackingUnknown,
)
from toono.services.tests.published import GARDEN, answer_all, definition, publish, registers, send, sent
from toono.services.tests.steps import no_worker

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]


@pytest.fixture
def quiet(stack: Stack) -> Any:
    """Registers answer in this process, and jobs are done by the test."""
    with registers() as said, no_worker():
        yield said


def _inbox(actor: Actor, template: str) -> list[Any]:
    from toono.notifications import api as notifications

    return [m for m in notifications.inbox(actor=actor) if m.template == template]


# -- what stops it -----------------------------------------------------------------------------------------------


def _stopping() -> str:
    words = {"mn": "Хэтэрхий залуу байна.", "en": "Too young."}
    stops = [
        {"code": "too_young", "when": "facts.particulars.age < 18.0", "text": words, "instead": words},
        {"code": "no_farms", "when": 'answers.purpose == "farm"', "text": words, "instead": words},
    ]  # fmt: skip
    return publish(definition(stops=stops))


def test_a_stop_is_said_before_anything_is_asked_and_nothing_can_be_sent(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    with registers(particulars={"age": 17}), no_worker():
        case = api.start_case(actor=actor, service=_stopping())
        assert case.next.kind is NextKind.STOP and case.stop is not None and case.stop.code == "too_young"
        for attempt in (
            lambda: api.check(actor=actor, case_id=case.id),
            lambda: api.submit_case(actor=actor, case_id=case.id, form_token="0" * 64),
        ):
            with pytest.raises(Stopped):
                attempt()


def test_an_answer_that_stops_is_changed_and_the_way_is_free(quiet: Any, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = api.start_case(actor=actor, service=_stopping())
    stopped = api.answer(actor=actor, case_id=case.id, question="purpose", values={"purpose": "farm"})
    assert stopped.next.kind is NextKind.STOP  # type: ignore[union-attr]
    free = api.answer(actor=actor, case_id=case.id, question="purpose", values={"purpose": "garden"})
    assert send(actor, answer_all(actor, free, GARDEN).id).phase is Phase.WITH_OFFICER


# -- the fee -----------------------------------------------------------------------------------------------------


def test_with_a_fee_the_term_starts_when_it_is_paid_and_nothing_is_decided_before(quiet: Any, fresh_citizen: Citizen, oyun: Actor) -> None:
    from django.db import transaction

    from toono.kernel.actor import system
    from toono.services import api
    from toono.services.models import Case, CaseLog
    from toono.services.operations import fees
    from toono.services.queries import definitions

    made = definition(fee={"amount_mungu": 500000}, fees=[{"when": 'answers.purpose == "garden"', "fee": {"amount_mungu": 100000}, "label": {"mn": "Цэцэрлэг", "en": "Garden"}}])  # fmt: skip
    actor = fresh_citizen()
    case = sent(actor, publish(made))
    assert (case.phase, case.next.kind, case.due_at, case.fee.amount_mungu) == (Phase.WAITING_FOR_PAYMENT, NextKind.PAYMENT, None, 100000)
    api.process_case(case_id=case.id)
    assert case.id not in {item.case_id for item in api.worklist(actor=oyun, limit=500).items}
    with at(now() + timedelta(days=3)):
        for _ in range(2):
            with transaction.atomic():
                row = Case.objects.select_for_update().get(id=case.id)
                fees.settle(row, definitions.definition(row.service, row.service_version), now(), actor=system("tests"))
        paid = api.case(actor=actor, case_id=case.id)
        assert paid.phase is Phase.WITH_OFFICER and paid.due_at is not None and paid.due_at > now()
    assert CaseLog.objects.filter(case=case.id, kind="paid").count() == 1
    assert [len(_inbox(actor, template)) for template in ("case_payment", "case_received")] == [1, 1]


# -- ends --------------------------------------------------------------------------------------------------------


def test_a_definition_without_withdrawing_lets_withdraw_in_every_open_phase(quiet: Any, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    actor, service = fresh_citizen(), publish(definition())
    draft = api.start_case(actor=actor, service=service)
    assert api.withdraw_case(actor=actor, case_id=draft.id).phase is Phase.WITHDRAWN
    case = sent(actor, service)
    assert case.may_withdraw and api.withdraw_case(actor=actor, case_id=case.id).phase is Phase.WITHDRAWN
    waiting = sent(actor, publish(definition(fee={"amount_mungu": 100})))
    assert api.withdraw_case(actor=actor, case_id=waiting.id).outcome is Outcome.WITHDRAWN
    with pytest.raises((AlreadyDecided, NotAllowedNow)):
        api.decide_case(actor=oyun, case_id=case.id, action="grant")


def test_a_case_whose_applicant_died_ends_and_heirs_are_told(quiet: Any, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.kernel.models import OutboxEvent
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    quiet["particulars"] |= {"alive": False, "died_on": "2026-11-01"}
    with at(now() + timedelta(hours=2)):
        for _ in range(2):
            api.process_case(case_id=case.id)
        ended = api.case(actor=actor, case_id=case.id)
    assert (ended.phase, ended.outcome, ended.next.kind) == (Phase.LAPSED, Outcome.LAPSED, NextKind.NOTHING)
    assert "өв залгамжлагч" in ended.next.text.mn.lower() and ended.document is None
    names = OutboxEvent.objects.filter(payload__case_id=str(case.id)).values_list("name", flat=True)
    assert sorted(names) == ["services.case_lapsed", "services.case_submitted"]
    assert len(_inbox(actor, "case_lapsed")) == 1
    with pytest.raises((AlreadyDecided, NotAllowedNow)):
        api.decide_case(actor=oyun, case_id=case.id, action="grant")


# -- messages ----------------------------------------------------------------------------------------------------


def test_each_side_reads_what_the_other_wrote_and_is_told(quiet: Any, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    api.send_message(actor=actor, case_id=case.id, text="Сайн байна уу?\n\nХэзээ болох вэ?", key="aaaaaaaa-1")
    (seen,) = api.messages(actor=oyun, case_id=case.id)
    assert (seen.text, seen.mine, seen.from_desk) == ("Сайн байна уу?\nХэзээ болох вэ?", False, False)
    api.send_message(actor=oyun, case_id=case.id, text="Маргааш.", key="aaaaaaaa-1")
    assert api.case(actor=actor, case_id=case.id).unread_messages == 1
    assert next(c for c in api.cases(actor=actor) if c.id == case.id).unread_messages == 1
    assert [m.text for m in api.messages(actor=actor, case_id=case.id)][1] == "Маргааш."
    assert api.case(actor=actor, case_id=case.id).unread_messages == 0
    assert api.messages(actor=oyun, case_id=case.id)[0].read_at is not None
    assert len(_inbox(actor, "case_message")) == 1


def test_a_message_posted_twice_is_one(quiet: Any, fresh_citizen: Citizen) -> None:
    from django.db import close_old_connections

    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))

    def post(_: int) -> object:
        try:
            return api.send_message(actor=actor, case_id=case.id, text="Нэг", key="bbbbbbbb-1").id
        finally:
            close_old_connections()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(post, range(8)))) == 1
    assert len(api.messages(actor=actor, case_id=case.id)) == 1


def test_what_is_no_message_is_refused_and_nobody_floods_a_desk(quiet: Any, fresh_citizen: Citizen, bat: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    for text, key in ((" \n ", "cccccccc-1"), ("а" * 4001, "cccccccc-2"), ("Үг", ""), ("Үг", "x" * 61)):
        with pytest.raises(MessageRefused):
            api.send_message(actor=actor, case_id=case.id, text=text, key=key)
    for number in range(30):
        api.send_message(actor=actor, case_id=case.id, text="Үг", key=f"dddddddd-{number}")
    with pytest.raises(NotAllowedNow):
        api.send_message(actor=actor, case_id=case.id, text="Үг", key="dddddddd-30")
    for attempt in (
        lambda: api.messages(actor=bat, case_id=case.id),
        lambda: api.send_message(actor=bat, case_id=case.id, text="Үг", key="eeeeeeee"),
    ):
        with pytest.raises(CaseUnknown):
            attempt()


# -- tracking ----------------------------------------------------------------------------------------------------


def test_who_holds_the_code_sees_where_it_stands_and_no_name(quiet: Any, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    code = case.tracking_code or ""
    assert len(code) == 12
    found = api.track(code=f" {code[:4].lower()}-{code[4:8]} {code[8:]}", address=None)
    assert found.phase is Phase.WITH_OFFICER and found.due_at == case.due_at
    said = found.model_dump_json()
    assert not any(word in said for word in ("Сараа", "Ганбат", "ЧЛ05141526", case.number, "Жимсний"))
    api.decide_case(actor=oyun, case_id=case.id, action="refuse", ground="too_much", reason="Их байна")
    refused = api.track(code=code, address=None)
    assert refused.phase is Phase.REFUSED and "Их байна" not in refused.model_dump_json()


def test_whoever_guesses_codes_is_stopped_for_a_while(stack: Stack) -> None:
    from toono.services import api

    address = f"192.0.2.{now().microsecond % 250}"
    with at(now() + timedelta(days=365)):
        for _ in range(20):
            with pytest.raises(TrackingUnknown):
                api.track(code="K7MX2B9C4DFG", address=address)
        with pytest.raises(TooManyTracked):
            api.track(code="K7MX2B9C4DFG", address=address)
        with pytest.raises(TrackingUnknown):
            api.track(code="K7MX2B9C4DFG", address="198.51.100.7")
    with at(now() + timedelta(days=365, minutes=11)), pytest.raises(TrackingUnknown):
        api.track(code="K7MX2B9C4DFG", address=address)


# -- again from a copy -------------------------------------------------------------------------------------------


def test_a_refused_case_is_applied_for_again_with_its_answers_and_the_ground_beside_them(
    quiet: Any, fresh_citizen: Citizen, oyun: Actor
) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    with pytest.raises(NotAllowedNow):
        api.copy_case(actor=actor, case_id=case.id)
    api.decide_case(actor=oyun, case_id=case.id, action="refuse", ground="too_much", reason="Их байна")
    assert api.case(actor=actor, case_id=case.id).may_copy
    copies = {api.copy_case(actor=actor, case_id=case.id).id for _ in range(2)}
    assert len(copies) == 1
    draft = api.case(actor=actor, case_id=copies.pop())
    assert draft.next.kind is NextKind.CHECK and draft.phase is Phase.DRAFT
    assert {line.question: line.note.mn if line.note else None for line in draft.answers} == {"purpose": None, "note": "Хэт их"}
    api.answer(actor=actor, case_id=draft.id, question="note", values={"note": "Нэг мод"})
    api.copy_case(actor=actor, case_id=case.id)
    assert {line.question: line.value.mn for line in api.case(actor=actor, case_id=draft.id).answers}["note"] == "Нэг мод"
    assert send(actor, draft.id).phase is Phase.WITH_OFFICER


def test_answers_that_no_longer_fit_are_asked_again(quiet: Any, fresh_citizen: Citizen) -> None:
    from toono.services import api

    made = definition()
    made["questions"][2] = {
        "code": "note",
        "meaning": "trial.day",
        "kind": "date",
        "label": {"mn": "Өдөр", "en": "Day"},
        "earliest_days": 0,
    }
    actor, service = fresh_citizen(), publish(made)
    day = (now() + timedelta(days=3)).date().isoformat()
    case = sent(actor, service, {"purpose": "farm", "animals": "7", "note": day})
    api.withdraw_case(actor=actor, case_id=case.id)
    with at(now() + timedelta(days=10)):
        draft = api.copy_case(actor=actor, case_id=case.id)
        assert draft.next.question == "note"
        assert {line.question for line in draft.answers} == {"purpose", "animals"}


def test_nobody_copies_anothers(quiet: Any, fresh_citizen: Citizen, bat: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    api.withdraw_case(actor=actor, case_id=case.id)
    with pytest.raises(CaseUnknown):
        api.copy_case(actor=bat, case_id=case.id)


# -- a new version meanwhile -------------------------------------------------------------------------------------


def _newer(made: dict[str, Any], rule: str) -> dict[str, Any]:
    """Version 2: a question is renamed, one is new, it costs something."""
    newer = definition(**made) | {
        "version": 2, "fee": {"amount_mungu": 500000},
        "migrations": [{"from_versions": [1], "rule": rule, "renamed": {"note": "remark"}, "states": {}}],
    }  # fmt: skip
    extra = {"code": "urgent", "meaning": "trial.urgent", "kind": "yes_no", "label": {"mn": "Яаралтай юу?", "en": "Urgent?"}}
    newer["questions"] = [*made["questions"][:2], made["questions"][2] | {"code": "remark"}, extra]
    newer["document"] = made["document"] | {"rows": [{"fact": "identity.given_name"}, {"question": "remark"}]}
    newer["grounds"] = [made["grounds"][0] | {"fields": ["remark"]}]
    return newer


def test_a_draft_goes_over_to_the_new_version_and_the_person_sees_what_changed(quiet: Any, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor, made = fresh_citizen(), definition()
    draft = answer_all(actor, api.start_case(actor=actor, service=publish(made)), GARDEN)
    token = api.check(actor=actor, case_id=draft.id).form_token
    publish(_newer(made, "migrate"))
    moved = api.resume_draft(actor=actor, case_id=draft.id)
    assert (moved.service_version, moved.next.question) == (2, "urgent")
    assert {line.question: line.value.mn for line in moved.answers} == {"purpose": "Цэцэрлэг", "remark": "Жимсний мод"}
    assert any("Яаралтай юу?" in change.mn for change in moved.changed) and any("5,000 ₮" in change.mn for change in moved.changed)
    with pytest.raises(Exception, match=r"not answered|not of case"):
        api.submit_case(actor=actor, case_id=draft.id, form_token=token)


def test_what_declares_nothing_or_continue_leaves_cases_as_they_began(quiet: Any, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor, made = fresh_citizen(), definition()
    draft = answer_all(actor, api.start_case(actor=actor, service=publish(made)), GARDEN)
    publish(_newer(made, "continue"))
    assert api.resume_draft(actor=actor, case_id=draft.id).service_version == 1
    assert send(actor, draft.id).phase is Phase.WITH_OFFICER
    assert api.start_case(actor=actor, service=made["code"]).service_version == 2


def test_a_sent_case_goes_over_once_and_is_asked_what_is_new(quiet: Any, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import CaseLog

    actor, made = fresh_citizen(), definition()
    case = sent(actor, publish(made))
    publish(_newer(made, "migrate"))
    assert api.migrate_open_cases() >= 1
    api.migrate_open_cases()
    api.process_case(case_id=case.id)
    asked = api.case(actor=actor, case_id=case.id)
    assert (asked.service_version, asked.phase, asked.next.question) == (2, Phase.CORRECTION, "urgent")
    assert CaseLog.objects.filter(case=case.id, kind="migrated").count() == 1
    assert asked.fee.amount_mungu == 0
