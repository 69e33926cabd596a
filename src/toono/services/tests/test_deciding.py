"""The officer's desk: whose case, which decision, on what ground, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from toono.kernel.actor import Actor
from toono.kernel.errors import NotAllowed
from toono.services.contracts import NextKind, Outcome, Phase
from toono.services.errors import AlreadyDecided, CaseUnknown, DocumentUnknown, FactsMissing, GroundMissing, NotAllowedNow, ReasonMissing
from toono.services.tests.officers import appointed
from toono.services.tests.steps import PERMIT, documented, drafted, no_worker, sent

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
GRANTED = {"permitted": "60"}
"""What an officer fills in who grants the permit."""


@pytest.fixture
def elsewhere(stack: Stack, anu: Actor, fresh_person: Callable[[], dict[str, Any]]) -> Actor:
    """An officer of another organisation."""
    return appointed(anu, fresh_person()["regnum"], "dundgovi-health")


def test_oyun_grants_and_the_permit_is_made(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, PERMIT)
    assert case.phase is Phase.WITH_OFFICER
    item = next(i for i in api.worklist(actor=oyun, limit=500).items if i.case_id == case.id)
    assert item.facts_complete and not item.overdue and item.applicant[1] == "."
    desk = api.officer_case(actor=oyun, case_id=case.id)
    assert {(a.code, a.needs_ground, a.needs_reason) for a in desk.actions} == {
        ("ask_utility", False, False), ("grant", False, True), ("refuse", True, True),
    }  # fmt: skip
    assert {line.question for line in desk.case.answers} >= {"purpose", "source", "place", "point", "amount", "from_date"}
    api.decide_case(actor=oyun, case_id=case.id, action="grant", reason="Нөөц хүрэлцэнэ.", filled=GRANTED)
    done = documented(stack, actor, case.id)
    assert done.decision is not None
    assert (done.decision.outcome, done.decision.automatic, done.decision.reason) == (Outcome.GRANTED, False, "Нөөц хүрэлцэнэ.")
    assert case.id not in {i.case_id for i in api.worklist(actor=oyun, limit=500).items}
    assert api.officer_case(actor=oyun, case_id=case.id).actions == ()


def test_a_refusal_names_ground_law_remedy_and_appeal_and_makes_no_document(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.notifications import api as notifications
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, PERMIT)
    api.decide_case(actor=oyun, case_id=case.id, action="refuse", ground="no_reserve", reason="Булгийн ундарга бага.")
    refused = api.case(actor=actor, case_id=case.id)
    assert (refused.phase, refused.next.kind, refused.document) == (Phase.REFUSED, NextKind.REFUSAL, None)
    assert refused.decision is not None and refused.decision.ground is not None and refused.decision.appeal is not None
    assert refused.decision.ground.article.mn == "28.4"
    assert refused.decision.ground.remedy.mn
    told = [m for m in notifications.inbox(actor=actor) if m.template == "case_decided_refused"]
    assert len(told) == 1 and "Булгийн ундарга бага." in told[0].body_mn


def test_a_decision_is_in_the_audit_and_so_is_opening_the_case(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.kernel.models import AuditRecord
    from toono.services import api

    case = sent(fresh_citizen(), PERMIT)
    api.officer_case(actor=oyun, case_id=case.id)
    api.decide_case(actor=oyun, case_id=case.id, action="refuse", ground="no_reserve", reason="Үгүй.")
    records = AuditRecord.objects.filter(subject=f"case:{case.id}").order_by("at")
    assert [r.action for r in records] == ["services.open_case", "services.decide_case"]
    assert {r.person_id for r in records} == {oyun.person_id}


@pytest.mark.parametrize(
    ("action", "ground", "reason", "error"),
    [
        ("refuse", None, "Үгүй.", GroundMissing),
        ("refuse", "mood", "Үгүй.", GroundMissing),
        ("refuse", "no_reserve", "  ", ReasonMissing),
        ("grant", None, "", ReasonMissing),
        ("withdraw", None, "Үгүй.", NotAllowedNow),
        ("explode", None, "Үгүй.", NotAllowedNow),
    ],
)
def test_a_decision_without_what_it_needs_changes_nothing(
    stack: Stack, fresh_citizen: Citizen, oyun: Actor, action: str, ground: str | None, reason: str, error: type[Exception]
) -> None:
    from toono.services import api

    case = sent(fresh_citizen(), PERMIT)
    with pytest.raises(error):
        api.decide_case(actor=oyun, case_id=case.id, action=action, ground=ground, reason=reason)
    assert api.officer_case(actor=oyun, case_id=case.id).case.phase is Phase.WITH_OFFICER


def test_of_ten_decisions_at_once_one_stands(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from django.db import close_old_connections

    from toono.services import api
    from toono.services.models import CaseLog

    actor = fresh_citizen()
    case = sent(actor, PERMIT)

    def decide(number: int) -> str:
        try:
            if number % 2:
                api.decide_case(actor=oyun, case_id=case.id, action="grant", reason=f"За {number}.", filled=GRANTED)
            else:
                api.decide_case(actor=oyun, case_id=case.id, action="refuse", ground="no_reserve", reason=f"Үгүй {number}.")
            return "stands"
        except AlreadyDecided:
            return "too late"
        finally:
            close_old_connections()

    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(decide, range(10)))
    assert results.count("stands") == 1
    assert CaseLog.objects.filter(case=case.id, kind="decided").count() == 1


def test_an_officer_of_another_organisation_sees_and_decides_nothing(
    stack: Stack, fresh_citizen: Citizen, oyun: Actor, elsewhere: Actor
) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, PERMIT)
    assert case.id not in {i.case_id for i in api.worklist(actor=elsewhere).items}
    with pytest.raises(CaseUnknown):
        api.officer_case(actor=elsewhere, case_id=case.id)
    with pytest.raises(CaseUnknown):
        api.decide_case(actor=elsewhere, case_id=case.id, action="grant", reason="За.", filled=GRANTED)
    api.decide_case(actor=oyun, case_id=case.id, action="grant", reason="За.", filled=GRANTED)
    document = documented(stack, actor, case.id).document
    assert document is not None
    with pytest.raises(DocumentUnknown):
        api.document_file(actor=elsewhere, document_id=document.id)
    with pytest.raises(DocumentUnknown):
        api.revoke_document(actor=elsewhere, document_id=document.id, reason="Хуурамч.")
    assert api.document_file(actor=oyun, document_id=document.id).content


def test_a_draft_is_on_no_desk(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    draft = drafted(fresh_citizen(), PERMIT)
    for case_id in (draft.id, uuid4()):
        with pytest.raises(CaseUnknown):
            api.officer_case(actor=oyun, case_id=case_id)


def test_who_is_no_officer_has_no_desk(stack: Stack, fresh_citizen: Citizen, sarnai: Actor, anu: Actor) -> None:
    from toono.services import api

    case = sent(sarnai if not _has_open(sarnai) else fresh_citizen(), PERMIT)
    for actor in (sarnai, anu):
        with pytest.raises(NotAllowed):
            api.worklist(actor=actor)
        with pytest.raises(NotAllowed):
            api.decide_case(actor=actor, case_id=case.id, action="grant", reason="За.", filled=GRANTED)


def _has_open(actor: Actor) -> bool:
    from toono.services import api

    return any(c.service == PERMIT for c in api.cases(actor=actor))


def test_a_withdrawn_case_cannot_be_decided(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, PERMIT)
    api.withdraw_case(actor=actor, case_id=case.id)
    with pytest.raises(AlreadyDecided):
        api.decide_case(actor=oyun, case_id=case.id, action="grant", reason="За.", filled=GRANTED)
    assert case.id not in {i.case_id for i in api.worklist(actor=oyun, limit=500).items}


def test_nothing_is_decided_before_the_register_has_answered(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    stack.faults(register="down")
    with no_worker():
        case = sent(actor, PERMIT)
    desk = api.officer_case(actor=oyun, case_id=case.id)
    assert desk.actions == () and desk.applicant == case.number
    with pytest.raises(FactsMissing):
        api.decide_case(actor=oyun, case_id=case.id, action="grant", reason="За.", filled=GRANTED)
    stack.faults()
    api.process_case(case_id=case.id)
    assert api.decide_case(actor=oyun, case_id=case.id, action="grant", reason="За.", filled=GRANTED).phase is Phase.GRANTED


def test_the_worklist_begins_with_the_least_time_left(stack: Stack, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api

    for _ in range(2):
        sent(fresh_citizen(), PERMIT)
    due = [item.due_at for item in api.worklist(actor=oyun).items]
    assert len(due) >= 2 and due == sorted(due)
