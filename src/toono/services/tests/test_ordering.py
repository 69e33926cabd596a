"""Ordering: from the start to the document, and everything that may be done twice, by another, or out of order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from toono.kernel.actor import ANYBODY, Actor, Channel
from toono.kernel.clock import at, now
from toono.kernel.errors import NotAllowed
from toono.services.contracts import FactState, NextKind, Outcome, Phase, QuestionPage, StepState
from toono.services.errors import (
    AlreadySubmitted,
    AnswersChanged,
    CaseUnknown,
    ChannelNotOffered,
    DocumentUnknown,
    NotAllowedNow,
    NotComplete,
    QuestionUnknown,
    ServiceUnknown,
)
from toono.services.tests.published import GARDEN, answer_all, definition, publish, registers
from toono.services.tests.steps import PERMIT, REFERENCE, documented, drafted, no_worker, permit_answers, sent

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]


def test_a_reference_is_ordered_without_one_question_and_is_there_in_seconds(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = api.start_case(actor=actor, service=REFERENCE)
    assert (draft.phase, draft.next.kind, draft.answers) == (Phase.DRAFT, NextKind.CHECK, ())
    assert {f.name: f.state for f in draft.facts} == {"identity": FactState.READ, "address": FactState.READ}
    assert all(f.answered_at and f.message_id and f.source.mn for f in draft.facts)
    assert draft.aimag_code is not None and len(draft.aimag_code) == 2
    page = api.check(actor=actor, case_id=draft.id)
    assert page.button.mn == "Лавлагаа авах"
    case = api.submit_case(actor=actor, case_id=draft.id, form_token=page.form_token)
    assert case.term is not None and case.term.due_at == case.due_at
    done = documented(stack, actor, case.id)
    assert (done.phase, done.outcome, done.next.kind) == (Phase.GRANTED, Outcome.GRANTED, NextKind.DOCUMENT)
    assert done.decision is not None and done.decision.automatic
    assert [step.state for step in done.timeline] == [StepState.DONE] * 5
    assert done.document is not None and done.document.id == api.documents(actor=actor)[0].id
    assert api.cases(actor=actor)[0].document_id == done.document.id


def test_the_person_is_told_that_the_document_is_ready(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.notifications import api as notifications

    actor = fresh_citizen()
    case = documented(stack, actor, sent(actor).id)
    assert [m.template for m in notifications.inbox(actor=actor) if m.case_id == case.id].count("document_ready") == 1


def test_the_reading_stands_in_the_persons_ledger_under_the_case(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.exchange import api as exchange
    from toono.identity import api as identity

    actor = fresh_citizen()
    draft = drafted(actor)
    civil_id = identity.person(actor=actor, person_id=actor.person_id).civil_id  # type: ignore[arg-type]
    readings = stack.wait(lambda: [r for r in exchange.readings(actor=actor, civil_id=civil_id) if r.case == draft.number])
    assert {r.message_id for r in readings} == {f.message_id for f in draft.facts}
    assert {r.purpose for r in readings} == {"address-reference"}


# -- twice -------------------------------------------------------------------------------------------------------


def test_starting_twice_goes_on_with_the_same_draft(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: api.start_case(actor=actor, service=REFERENCE).id, range(8)))
    assert len(ids) == 1


def test_the_same_order_posted_by_twenty_at_once_is_one_case_one_event_and_one_document(stack: Stack, fresh_citizen: Citizen) -> None:
    from django.db import close_old_connections

    from toono.kernel.models import OutboxEvent
    from toono.services import api
    from toono.services.models import CaseLog, Document

    actor = fresh_citizen()
    draft = drafted(actor)
    token = api.check(actor=actor, case_id=draft.id).form_token

    def post(_: int) -> Any:
        try:
            return api.submit_case(actor=actor, case_id=draft.id, form_token=token).submitted_at
        finally:
            close_old_connections()

    with ThreadPoolExecutor(20) as pool:
        times = set(pool.map(post, range(20)))
    assert len(times) == 1
    documented(stack, actor, draft.id)
    assert CaseLog.objects.filter(case=draft.id, kind="submitted").count() == 1
    events = OutboxEvent.objects.filter(payload__case_id=str(draft.id))
    assert sorted(events.values_list("name", flat=True)) == ["services.case_decided", "services.case_submitted", "services.document_issued"]
    assert Document.objects.filter(case=draft.id).count() == 1
    assert len(api.cases(actor=actor)) == 1


def test_after_sending_a_new_order_is_a_new_case(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    first = sent(actor)
    assert api.start_case(actor=actor, service=REFERENCE).id != first.id


def test_a_sent_case_is_not_sent_again_with_other_contents(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor)
    with pytest.raises(AlreadySubmitted):
        api.submit_case(actor=actor, case_id=case.id, form_token="0" * 64)
    for change in (
        lambda: api.check(actor=actor, case_id=case.id),
        lambda: api.answer(actor=actor, case_id=case.id, question="place", values={"place": "x"}),
        lambda: api.question(actor=actor, case_id=case.id, question="place"),
    ):
        with pytest.raises(AlreadySubmitted):
            change()


# -- what was seen is what is sent -------------------------------------------------------------------------------


def test_what_the_check_page_did_not_show_cannot_be_sent(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = drafted(actor, PERMIT)
    seen = api.check(actor=actor, case_id=draft.id)
    assert {line.question: line.value.mn for line in seen.case.answers}["amount"] == "60 м³/хоног"
    api.answer(actor=actor, case_id=draft.id, question="amount", values={"amount": "70"})
    with pytest.raises(AnswersChanged):
        api.submit_case(actor=actor, case_id=draft.id, form_token=seen.form_token)
    assert api.case(actor=actor, case_id=draft.id).phase is Phase.DRAFT
    again = api.check(actor=actor, case_id=draft.id)
    assert api.submit_case(actor=actor, case_id=draft.id, form_token=again.form_token).phase is Phase.WITH_OFFICER


def test_an_unanswered_question_stops_the_check_and_the_sending(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = api.start_case(actor=actor, service=PERMIT, on_behalf="")
    assert (draft.next.kind, draft.next.question) == (NextKind.QUESTION, "purpose")
    with pytest.raises(NotComplete):
        api.check(actor=actor, case_id=draft.id)
    with pytest.raises(NotComplete):
        api.submit_case(actor=actor, case_id=draft.id, form_token="0" * 64)


def test_a_wrong_answer_gives_the_page_back_with_what_was_typed_and_nothing_is_kept(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = api.start_case(actor=actor, service=PERMIT, on_behalf="")
    page = api.answer(actor=actor, case_id=draft.id, question="amount", values={"amount": "олон"})
    assert isinstance(page, QuestionPage)
    (field,) = page.fields
    assert field.values == ("олон",) and field.error is not None
    assert api.question(actor=actor, case_id=draft.id, question="amount").fields[0].values == ()


def test_a_question_page_knows_its_place_and_a_change_from_the_check_page_asks_what_is_newly_needed(
    stack: Stack, fresh_citizen: Citizen
) -> None:
    from toono.services import api

    actor = fresh_citizen()
    with registers(), no_worker():
        draft = answer_all(actor, api.start_case(actor=actor, service=publish(definition())), GARDEN)
    page = api.question(actor=actor, case_id=draft.id, question="note", from_check=True)
    assert (page.position, page.total, page.previous, page.fields[0].values) == (2, 2, "purpose", ("Жимсний мод",))
    changed = api.answer(actor=actor, case_id=draft.id, question="purpose", values={"purpose": "farm"}, from_check=True)
    assert (changed.next.kind, changed.next.question) == (NextKind.QUESTION, "animals")  # type: ignore[union-attr]
    done = api.answer(actor=actor, case_id=draft.id, question="animals", values={"animals": "2"}, from_check=True)
    assert done.next.kind is NextKind.CHECK  # type: ignore[union-attr]


def test_a_question_that_is_not_asked_here_is_unknown(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = drafted(actor, PERMIT)
    for code in ("treatment", "planet"):
        with pytest.raises(QuestionUnknown):
            api.answer(actor=actor, case_id=draft.id, question=code, values={code: "x"})


def test_a_date_that_has_passed_meanwhile_is_asked_again(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = drafted(actor, PERMIT)
    with at(now() + timedelta(days=9)):
        assert api.case(actor=actor, case_id=draft.id).next.question == "from_date"
        with pytest.raises(NotComplete):
            api.check(actor=actor, case_id=draft.id)


# -- withdrawing -------------------------------------------------------------------------------------------------


def test_a_sent_case_is_taken_back_before_the_decision_and_not_after(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, PERMIT, **permit_answers())
    taken = api.withdraw_case(actor=actor, case_id=case.id)
    assert (taken.phase, taken.outcome, taken.may_withdraw, taken.next.kind) == (
        Phase.WITHDRAWN,
        Outcome.WITHDRAWN,
        False,
        NextKind.NOTHING,
    )
    with pytest.raises(NotAllowedNow):
        api.withdraw_case(actor=actor, case_id=case.id)
    reference = documented(stack, actor, sent(actor).id)
    assert not reference.may_withdraw
    with pytest.raises(NotAllowedNow):
        api.withdraw_case(actor=actor, case_id=reference.id)


def test_a_withdrawn_case_gets_no_document_though_its_job_was_waiting(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import Document

    actor = fresh_citizen()
    with no_worker():
        case = sent(actor)
    api.withdraw_case(actor=actor, case_id=case.id)
    api.process_case(case_id=case.id)
    assert not Document.objects.filter(case=case.id).exists()
    assert api.case(actor=actor, case_id=case.id).phase is Phase.WITHDRAWN


def test_a_withdrawn_draft_cannot_be_sent_and_is_not_listed(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = drafted(actor)
    token = api.check(actor=actor, case_id=draft.id).form_token
    api.withdraw_case(actor=actor, case_id=draft.id)
    with pytest.raises(NotAllowedNow):
        api.submit_case(actor=actor, case_id=draft.id, form_token=token)
    assert api.cases(actor=actor) == []
    assert api.start_case(actor=actor, service=REFERENCE).id != draft.id


# -- another's ---------------------------------------------------------------------------------------------------


def test_bat_never_gets_at_what_is_another_persons(stack: Stack, fresh_citizen: Citizen, bat: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = drafted(actor, PERMIT)
    token = api.check(actor=actor, case_id=draft.id).form_token
    for attempt in (
        lambda: api.case(actor=bat, case_id=draft.id),
        lambda: api.question(actor=bat, case_id=draft.id, question="place"),
        lambda: api.answer(actor=bat, case_id=draft.id, question="place", values={"place": "Миний худаг"}),
        lambda: api.check(actor=bat, case_id=draft.id),
        lambda: api.submit_case(actor=bat, case_id=draft.id, form_token=token),
        lambda: api.withdraw_case(actor=bat, case_id=draft.id),
    ):
        with pytest.raises(CaseUnknown):
            attempt()
    case = documented(stack, actor, sent(actor).id)
    assert case.document is not None
    document_id = case.document.id
    for look in (api.document, api.document_file, api.document_picture):
        with pytest.raises(DocumentUnknown):
            look(actor=bat, document_id=document_id)
        look(actor=actor, document_id=document_id)
    assert case.id not in {c.id for c in api.cases(actor=bat)}
    assert document_id not in {d.id for d in api.documents(actor=bat)}
    assert api.case(actor=actor, case_id=draft.id).phase is Phase.DRAFT


def test_anothers_case_is_answered_exactly_like_an_unknown_one(stack: Stack, fresh_citizen: Citizen, bat: Actor) -> None:
    from toono.services import api

    theirs = drafted(fresh_citizen()).id
    errors = []
    for case_id in (theirs, uuid4()):
        with pytest.raises(CaseUnknown) as refused:
            api.case(actor=bat, case_id=case_id)
        errors.append((refused.value.code, refused.value.status, refused.value.title_mn, refused.value.data))
    assert errors[0] == errors[1]


def test_who_is_no_citizen_has_no_cases(stack: Stack, oyun: Actor, anu: Actor) -> None:
    from toono.services import api

    for actor in (ANYBODY, oyun, anu):
        with pytest.raises(NotAllowed):
            api.start_case(actor=actor, service=REFERENCE)
        with pytest.raises(NotAllowed):
            api.cases(actor=actor)


def test_an_unknown_service_and_a_channel_that_is_not_offered_are_refused(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    with pytest.raises(ServiceUnknown):
        api.start_case(actor=actor, service="moon-permit")
    with pytest.raises(ServiceUnknown):
        api.service(code="moon-permit")
    with pytest.raises(ChannelNotOffered):
        api.start_case(actor=actor.model_copy(update={"channel": Channel.KIOSK}), service=PERMIT)
    assert api.start_case(actor=actor.model_copy(update={"channel": Channel.KIOSK}), service=REFERENCE).channel == "kiosk"


# -- the shelf ---------------------------------------------------------------------------------------------------


def test_the_shelf_tells_everything_before_one_starts(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    documented(stack, actor, sent(actor).id)
    page = api.service(code=REFERENCE)
    assert page.summary.name.mn == "Иргэний оршин суугаа газрын хаягийн бүртгэлийн лавлагаа"
    assert page.summary.automatic and page.summary.fee.amount_mungu == 0
    assert page.questions == ()
    assert {k.meaning for k in page.known} == {"person.identity", "person.registered_address"}
    assert page.kept.decided >= page.kept.on_time >= 0
    assert page.due_if_sent_now > now()
    permit = api.service(code=PERMIT)
    assert "Ажлын 40 цаг (ажлын 5 өдөр)" in permit.term.mn
    assert len(permit.grounds) == 3 and not permit.summary.automatic


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("хаяг", REFERENCE),
        ("hayagiin lavlagaa", REFERENCE),
        ("ус ашиглах зөвшөөрөл", PERMIT),
        ("permit to use water", PERMIT),
        ("адрес", None),
    ],
)
def test_the_shelf_is_searched_as_people_type(stack: Stack, query: str, first: str | None) -> None:
    from toono.services import api

    found = [s.code for s in api.services(query=query)]
    assert (found[0] if found else None) == first


def test_the_shelf_without_a_query_is_in_the_order_of_the_alphabet(stack: Stack) -> None:
    from toono.kernel.text import sort_key
    from toono.services import api

    for language in ("mn", "en"):
        names = [s.name.to(language) for s in api.services(language=language)]
        assert names == sorted(names, key=sort_key)
