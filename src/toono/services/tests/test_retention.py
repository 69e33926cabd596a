"""The end of its time: drafts, files, cases. Nothing goes before, and the database itself sees to that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from toono.kernel.actor import Actor
from toono.kernel.clock import at, now
from toono.services.contracts import Outcome, Phase
from toono.services.tests.published import definition, publish, registers, sent
from toono.services.tests.steps import no_worker

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
YEAR = timedelta(days=366)


@pytest.fixture
def quiet(stack: Stack) -> Any:
    with registers() as said, no_worker():
        yield said


def _decided(actor: Actor, officer: Actor) -> Any:
    from toono.services import api
    from toono.services.models import Attachment, Case

    case = sent(actor, publish(definition()))
    api.send_message(actor=actor, case_id=case.id, text="Нууц үг", key="aaaaaaaa-1")
    Attachment.objects.create(
        case=Case.objects.get(id=case.id), question="note", name="а.pdf", media_type="application/pdf", size_bytes=1, sha256="0" * 64, content=b"x",
        added_at=now(),
    )  # fmt: skip
    return api.decide_case(actor=officer, case_id=case.id, action="refuse", ground="too_much", reason="Нууц шалтгаан")


def test_files_go_first_and_then_everything_but_the_figures(quiet: Any, fresh_citizen: Citizen, oyun: Actor) -> None:
    from toono.services import api
    from toono.services.models import Attachment, Case, CaseLog, CaseMessage, Fact

    actor = fresh_citizen()
    case = _decided(actor, oyun)
    before = Case.objects.get(id=case.id)
    with at(now() + YEAR - timedelta(days=3)):
        api.remove_expired()
        assert Attachment.objects.filter(case=case.id).count() == 1
    with at(now() + YEAR + timedelta(days=1)):
        api.remove_expired()
        assert not Attachment.objects.filter(case=case.id).exists() and Fact.objects.filter(case=case.id).exists()
    with at(now() + 2 * YEAR + timedelta(days=1)):
        api.remove_expired()
        api.remove_expired()
        row = Case.objects.get(id=case.id)
        assert row.emptied_at is not None and (row.answers, row.filled, row.reason, row.tracking_code) == ({}, {}, "", None)
        assert not Fact.objects.filter(case=row).exists() and not CaseMessage.objects.filter(case=row).exists()
        figures = ("number", "service", "organisation", "aimag_code", "submitted_at", "due_at", "decided_at", "outcome", "action", "ground")
        assert [getattr(row, name) for name in figures] == [getattr(before, name) for name in figures]
        log = list(CaseLog.objects.filter(case=row))
        assert {"started", "submitted", "decided", "emptied"} <= {entry.kind for entry in log}
        assert "Нууц шалтгаан" not in str([entry.data for entry in log])
        shown = api.case(actor=actor, case_id=case.id)
        assert (shown.phase, shown.outcome, shown.answers, shown.may_copy) == (Phase.REFUSED, Outcome.REFUSED, (), False)


def test_the_database_lets_nothing_go_before_its_time(quiet: Any, fresh_citizen: Citizen, oyun: Actor) -> None:
    from django.db import DatabaseError, transaction

    from toono.services.models import Case, CaseLog, CaseMessage, Fact

    open_one = sent(fresh_citizen(), publish(definition()))
    case = _decided(fresh_citizen(), oyun)
    changes: list[Callable[[], object]] = [
        lambda: Fact.objects.filter(case=case.id).delete(),
        lambda: CaseMessage.objects.filter(case=case.id).delete(),
        lambda: CaseLog.objects.filter(case=case.id).update(data={}),
        lambda: CaseLog.objects.filter(case=case.id).delete(),
        lambda: Case.objects.filter(id=case.id).update(emptied_at=now()),
        lambda: Case.objects.filter(id=case.id).update(emptied_at=now() + timedelta(days=729)),
        lambda: Case.objects.filter(id=open_one.id).update(emptied_at=now() + timedelta(days=7290)),
    ]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_after_the_end_the_log_still_keeps_its_lines(quiet: Any, fresh_citizen: Citizen, oyun: Actor) -> None:
    from django.db import DatabaseError, transaction

    from toono.services import api
    from toono.services.models import Case, CaseLog

    case = _decided(fresh_citizen(), oyun)
    with at(now() + 2 * YEAR + timedelta(days=1)):
        api.remove_expired()
    assert Case.objects.get(id=case.id).emptied_at
    changes: list[Callable[[], object]] = [
        lambda: CaseLog.objects.filter(case=case.id).delete(),
        lambda: CaseLog.objects.filter(case=case.id, kind="submitted").update(kind="nothing"),
        lambda: CaseLog.objects.filter(case=case.id, kind="submitted").update(data={"token": "other"}),
        lambda: Case.objects.filter(id=case.id).update(emptied_at=None),
    ]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_who_is_about_to_lose_a_draft_is_told_once_three_days_before(quiet: Any, fresh_citizen: Citizen) -> None:
    from toono.notifications import api as notifications
    from toono.services import api

    actor = fresh_citizen()
    draft = api.start_case(actor=actor, service=publish(definition()))
    assert draft.expires_at is not None

    def told() -> int:
        return len([m for m in notifications.inbox(actor=actor) if m.template == "draft_expiring" and m.case_id == draft.id])

    with at(draft.expires_at - timedelta(days=4)):
        api.tell_of_expiring_drafts()
        assert told() == 0
    with at(draft.expires_at - timedelta(days=2)):
        api.tell_of_expiring_drafts()
        api.tell_of_expiring_drafts()
        assert told() == 1
    with at(draft.expires_at + timedelta(minutes=1)):
        assert api.remove_old_drafts() >= 1
        assert api.cases(actor=actor) == []
