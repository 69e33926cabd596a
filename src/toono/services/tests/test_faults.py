"""The register is down, slow, talks nonsense or of another; the worker dies between steps: nothing is lost, nothing doubled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from toono.kernel.actor import Actor, system
from toono.kernel.clock import at, now
from toono.services.contracts import FactState, Outcome, Phase
from toono.services.errors import RegisterSilent
from toono.services.tests.steps import PERMIT, documented, drafted, no_worker, register_says, sent

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]


@pytest.mark.parametrize("fault", ["down", "nonsense", "other_person", "hang"])
def test_with_a_silent_register_the_citizen_goes_on_and_the_order_is_done_when_it_answers(
    stack: Stack, fresh_citizen: Citizen, fault: str
) -> None:
    from toono.notifications import api as notifications
    from toono.services import api

    actor = fresh_citizen()
    stack.faults(register=fault)
    case = sent(actor)
    assert {f.state for f in case.facts} == {FactState.PENDING}
    waiting = stack.wait(lambda: (c := api.case(actor=actor, case_id=case.id)).phase is Phase.WAITING_FOR_REGISTER and c, timeout=30)
    assert "хадгалагдсан" in waiting.next.text.mn
    stack.faults()
    done = documented(stack, actor, case.id, timeout=40)
    assert done.phase is Phase.GRANTED
    told = [m.template for m in notifications.inbox(actor=actor) if m.case_id == case.id]
    assert sorted(told) == ["case_waiting_for_register", "document_ready"]


def test_a_slow_register_is_waited_for(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    stack.faults(register="slow", slow_seconds=1.5)
    draft = api.start_case(actor=actor, service=PERMIT)
    assert {f.state for f in draft.facts} <= {FactState.READ, FactState.ABSENT}


def test_silent_registers_are_asked_at_the_same_time_and_not_again_at_every_page(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.exchange.errors import ProviderFault
    from toono.services import api

    asked: list[str] = []

    def silent(path: str) -> Any:
        asked.append(path)
        raise ProviderFault("no answer")

    actor = fresh_citizen()
    with register_says(silent):
        draft = drafted(actor)
        assert len(asked) == 2
        api.check(actor=actor, case_id=draft.id)
        assert len(asked) == 2
        with at(now() + timedelta(minutes=2)):
            api.check(actor=actor, case_id=draft.id)
    assert len(asked) == 4


def test_another_persons_data_never_reach_a_case(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services.models import Fact

    actor = fresh_citizen()
    stack.faults(register="other_person")
    draft = drafted(actor)
    assert not Fact.objects.filter(case=draft.id).exists()


def test_an_answer_without_what_it_must_hold_is_no_answer(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.exchange.contracts import Answer

    def half(path: str) -> Any:
        return Answer(
            status=200,
            body={"aimag": "Дундговь"},
            message_id="m",
            answered_at=now(),
            receipt="r",
            service_title_mn="т",
            service_title_en="t",
        )

    actor = fresh_citizen()
    with register_says(half):
        draft = drafted(actor)
    assert {f.state for f in draft.facts} == {FactState.PENDING}


def test_who_stands_in_no_register_is_refused_by_rule_with_ground_and_remedy(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.exchange.errors import NotInRegister
    from toono.services import api

    def no_address(path: str) -> Any:
        if path.endswith("/address"):
            raise NotInRegister("404")
        return None

    actor = fresh_citizen()
    with register_says(no_address), no_worker():
        case = sent(actor)
        assert {f.name: f.state for f in case.facts} == {"identity": FactState.READ, "address": FactState.ABSENT}
        api.process_case(case_id=case.id)
    refused = api.case(actor=actor, case_id=case.id)
    assert (refused.phase, refused.document) == (Phase.REFUSED, None)
    assert refused.decision is not None and refused.decision.automatic
    assert refused.decision.ground is not None and refused.decision.ground.code == "not_registered"


def test_facts_older_than_the_definition_allows_are_read_again_before_the_decision(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.exchange.contracts import Answer
    from toono.services import api
    from toono.services.models import Fact

    moved = {"aimag": "Дундговь", "soum": "Дэлгэрцогт", "text": "Дэлгэрцогт сум, 2-р баг"}

    def later(path: str) -> Any:
        return Answer(status=200, body=moved, message_id="m2", answered_at=now(), receipt="r2", service_title_mn="т", service_title_en="t")

    actor = fresh_citizen()
    draft = drafted(actor)
    token = api.check(actor=actor, case_id=draft.id).form_token
    with no_worker(), register_says(later), at(now() + timedelta(hours=2)):
        api.submit_case(actor=actor, case_id=draft.id, form_token=token)
        api.process_case(case_id=draft.id)
    case = api.case(actor=actor, case_id=draft.id)
    assert "Дэлгэрцогт сум, 2-р баг" in {line.value for fact in case.facts for line in fact.fields}
    readings = Fact.objects.filter(case=draft.id).order_by("answered_at")
    assert [f.name for f in readings if f.retired_at] == ["address"]
    assert sorted(f.name for f in readings if not f.retired_at) == ["address", "identity"]


def test_only_declared_fields_of_the_answer_are_kept(stack: Stack, fresh_citizen: Citizen) -> None:
    draft = drafted(fresh_citizen())
    identity = next(f for f in draft.facts if f.name == "identity")
    assert {line.name for line in identity.fields} <= {"clan_name", "patronymic", "given_name", "regnum"}


# -- killed between steps ----------------------------------------------------------------------------------------


def test_a_worker_killed_after_any_step_is_followed_by_another_that_finishes_the_work_once(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.kernel.models import OutboxEvent
    from toono.services import api
    from toono.services.models import Document
    from toono.services.operations.processing import STEPS

    for killed_after in range(len(STEPS) + 1):
        actor = fresh_citizen()
        with no_worker():
            case = sent(actor)
        for _, step in STEPS[:killed_after]:
            step(case.id)
        api.process_case(case_id=case.id)
        api.process_case(case_id=case.id)
        assert Document.objects.filter(case=case.id).count() == 1
        names = OutboxEvent.objects.filter(payload__case_id=str(case.id)).values_list("name", flat=True)
        assert sorted(names) == ["services.case_decided", "services.case_submitted", "services.document_issued"]


def test_a_worker_killed_between_the_seal_and_the_archive_leaves_no_half_document(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.models import Case, CaseLog, Document

    class Killed(BaseException):
        pass

    actor = fresh_citizen()
    with no_worker():
        case = sent(actor)
    with mock.patch.object(Document, "save", side_effect=Killed), pytest.raises(Killed):
        api.process_case(case_id=case.id)
    assert not CaseLog.objects.filter(case=case.id, kind="document_issued").exists()
    assert api.case(actor=actor, case_id=case.id).next.kind == "wait"
    assert Case.objects.get(id=case.id).work_pending
    api.process_case(case_id=case.id)
    assert api.case(actor=actor, case_id=case.id).document is not None


def test_ten_workers_at_once_make_one_document(stack: Stack, fresh_citizen: Citizen) -> None:
    from django.db import close_old_connections

    from toono.services import api
    from toono.services.models import CaseLog, Document

    actor = fresh_citizen()
    with no_worker():
        case = sent(actor)

    def work(_: int) -> None:
        try:
            api.process_case(case_id=case.id)
        finally:
            close_old_connections()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(10)))
    assert Document.objects.filter(case=case.id).count() == 1
    for kind in ("decided", "document_issued"):
        assert CaseLog.objects.filter(case=case.id, kind=kind).count() == 1


def test_the_index_alone_lets_one_document_in_when_the_look_before_is_taken_away(stack: Stack, fresh_citizen: Citizen) -> None:
    """The second guard, with the first one removed."""
    from toono.services.models import Case, Document
    from toono.services.operations import issuing, processing

    actor = fresh_citizen()
    with no_worker():
        case = sent(actor)
    processing.read_facts(case.id)
    processing.decide_by_rule(case.id)
    row = Case.objects.get(id=case.id)
    issuing.issue_document(row, actor=processing.ACTOR)
    first = Document.objects.get(case=case.id)
    with mock.patch.object(
        issuing.Document.objects, "filter", side_effect=[mock.Mock(exists=lambda: False), mock.Mock(exists=lambda: True)]
    ):
        issuing.issue_document(row, actor=processing.ACTOR)
    assert Document.objects.get(case=case.id).id == first.id


def test_a_lost_job_is_found_by_the_sweep_and_queued_once(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor = fresh_citizen()
    with no_worker():
        case = sent(actor)
    api.resume_cases()
    assert api.case(actor=actor, case_id=case.id).phase is Phase.PROCESSING
    with at(now() + timedelta(minutes=11)):
        assert api.resume_cases() >= 1
    assert documented(stack, actor, case.id).outcome is Outcome.GRANTED


def test_a_submission_that_cannot_be_queued_does_not_happen(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.kernel.models import OutboxEvent
    from toono.services import api
    from toono.services.operations import jobs

    actor = fresh_citizen()
    draft = drafted(actor)
    token = api.check(actor=actor, case_id=draft.id).form_token
    with mock.patch.object(jobs, "process", side_effect=RuntimeError("queue away")), pytest.raises(RuntimeError):
        api.submit_case(actor=actor, case_id=draft.id, form_token=token)
    assert api.case(actor=actor, case_id=draft.id).phase is Phase.DRAFT
    assert not OutboxEvent.objects.filter(payload__case_id=str(draft.id)).exists()
    assert api.submit_case(actor=actor, case_id=draft.id, form_token=token).phase is Phase.PROCESSING


def test_a_silent_register_is_told_once_however_often_it_is_asked(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.notifications import api as notifications
    from toono.services import api
    from toono.services.models import CaseLog

    actor = fresh_citizen()
    stack.faults(register="down")
    with no_worker():
        case = sent(actor)
    for _ in range(3):
        with pytest.raises(RegisterSilent):
            api.process_case(case_id=case.id)
    assert CaseLog.objects.filter(case=case.id, kind="register_silent").count() == 1
    assert [m.template for m in notifications.inbox(actor=actor) if m.case_id == case.id] == ["case_waiting_for_register"]


# -- timers and guards -------------------------------------------------------------------------------------------


def test_old_drafts_leave_and_sent_cases_stay(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.services import api
    from toono.services.errors import CaseUnknown

    actor = fresh_citizen()
    case = documented(stack, actor, sent(actor).id)
    with at(now() - timedelta(days=40)):
        old = drafted(actor, PERMIT)
    assert api.remove_old_drafts() >= 1
    with pytest.raises(CaseUnknown):
        api.case(actor=actor, case_id=old.id)
    assert api.case(actor=actor, case_id=case.id).document is not None


def test_the_database_itself_refuses_to_change_what_stands(stack: Stack, fresh_citizen: Citizen) -> None:
    from django.db import DatabaseError, transaction

    from toono.services.models import Case, CaseLog, Document, Fact, ServiceVersion

    actor = fresh_citizen()
    case = documented(stack, actor, sent(actor).id)
    for change in (
        lambda: CaseLog.objects.filter(case=case.id).update(kind="nothing"),
        lambda: CaseLog.objects.filter(case=case.id).delete(),
        lambda: Fact.objects.filter(case=case.id).update(value=[]),
        lambda: Document.objects.filter(case=case.id).update(pdf=b"other"),
        lambda: Document.objects.filter(case=case.id).update(valid_until=None),
        lambda: Document.objects.filter(case=case.id).delete(),
        lambda: ServiceVersion.objects.filter(code=case.service).update(level="moon"),
        lambda: ServiceVersion.objects.filter(code=case.service).delete(),
        lambda: Case.objects.filter(id=case.id).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_document_is_sealed_only_with_the_seal_of_its_organisation(stack: Stack, fresh_citizen: Citizen) -> None:
    from toono.pki import api as pki
    from toono.services import api

    actor = fresh_citizen()
    case = documented(stack, actor, sent(actor).id)
    assert case.document is not None
    check = pki.check_pdf(pdf=api.document_file(actor=actor, document_id=case.document.id).content)
    assert check.intact and check.trusted
    assert check.organisation == "Улсын бүртгэлийн ерөнхий газар"
    assert system("x").role == "system"
