"""«This is wrong»: to the keeper of the register and back; a register that was corrected after the decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import at, now
from toono.services.contracts import Outcome
from toono.services.errors import CaseUnknown, DisputeRefused, NotAllowedNow
from toono.services.tests.published import GARDEN, answer_all, definition, publish, registers, sent
from toono.services.tests.steps import no_worker

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]


@pytest.fixture
def quiet(stack: Stack) -> Any:
    with registers() as said, no_worker():
        yield said


@pytest.fixture
def keeper(stack: Stack) -> Actor:
    """Who answers for the population register."""
    from uuid import uuid4

    return Actor(role=Role.OFFICER, person_id=uuid4(), organisation="state-registration")


def _brought(stack: Stack, keeper: Actor, number: str) -> Any:
    """The contradiction about the case with this number, as soon as the event has come to the keeper."""
    from toono.feedback import api as feedback

    return stack.wait(lambda: next((c for c in feedback.contradictions(actor=keeper, limit=500) if c.fact.case_number == number), None))


def test_what_a_person_says_against_a_fact_comes_to_the_keeper_of_the_register_without_their_name(
    quiet: Any, stack: Stack, fresh_citizen: Citizen, keeper: Actor
) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = api.start_case(actor=actor, service=publish(definition()))
    said = [api.dispute_fact(actor=actor, case_id=draft.id, fact="identity", field="given_name", text=f" Намайг  {t} гэдэг ") for t in "АБ"]
    assert [one.text for one in said] == ["Намайг А гэдэг"] * 2
    brought = _brought(stack, keeper, draft.number)
    assert (brought.fact.field_mn, brought.fact.value, brought.words) == ("Нэр", "Сараа", "Намайг А гэдэг")
    assert brought.fact.message_id == next(f.message_id for f in draft.facts if f.name == "identity")
    assert brought.due_at - brought.opened_at == timedelta(days=30)
    assert not any(word in brought.model_dump_json() for word in ("Ганбат", str(actor.person_id)))
    assert [(d.fact, d.field) for d in api.case(actor=actor, case_id=draft.id).disputes] == [("identity", "given_name")]


def test_what_is_no_dispute_is_refused(quiet: Any, fresh_citizen: Citizen, bat: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    draft = api.start_case(actor=actor, service=publish(definition()))
    for fact, field, text in (
        ("identity", "given_name", " "), ("identity", "given_name", "а" * 1001), ("identity", "salary", "Үг"), ("planet", "", "Үг"),
    ):  # fmt: skip
        with pytest.raises(DisputeRefused):
            api.dispute_fact(actor=actor, case_id=draft.id, fact=fact, field=field, text=text)
    with pytest.raises(CaseUnknown):
        api.dispute_fact(actor=bat, case_id=draft.id, fact="identity", field="", text="Үг")


def test_the_keepers_answer_is_told_and_an_open_case_reads_what_was_corrected(
    quiet: Any, stack: Stack, fresh_citizen: Citizen, keeper: Actor
) -> None:
    from toono.feedback import api as feedback
    from toono.feedback.errors import AlreadyAnswered, AnswerMissing, ContradictionNotFound, OutcomeMissing
    from toono.notifications import api as notifications
    from toono.services import api

    actor = fresh_citizen()
    draft = answer_all(actor, api.start_case(actor=actor, service=publish(definition())), GARDEN)
    api.dispute_fact(actor=actor, case_id=draft.id, fact="identity", field="given_name", text="Сарнай")
    brought = _brought(stack, keeper, draft.number)
    for outcome, words, error in (("", "Үг", OutcomeMissing), ("perhaps", "Үг", OutcomeMissing), ("stands", " ", AnswerMissing)):
        with pytest.raises(error):
            feedback.answer_contradiction(actor=keeper, contradiction_id=brought.id, outcome=outcome, words=words)
    other = Actor(role=Role.OFFICER, person_id=keeper.person_id, organisation="khasar-bank")
    with pytest.raises(ContradictionNotFound):
        feedback.answer_contradiction(actor=other, contradiction_id=brought.id, outcome="stands", words="Үг")
    quiet["person"] |= {"given_name": "Сарнай"}
    with at(now() + timedelta(minutes=30)):
        for _ in range(2):
            feedback.answer_contradiction(actor=keeper, contradiction_id=brought.id, outcome="corrected", words="Алдааг зассан.")
        with pytest.raises(AlreadyAnswered):
            feedback.answer_contradiction(actor=keeper, contradiction_id=brought.id, outcome="stands", words="Үгүй.")
    identity = next(f for f in api.case(actor=actor, case_id=draft.id).facts if f.name == "identity")
    assert "Сарнай" in {str(line.value) for line in identity.fields}
    answers = [m for m in notifications.inbox(actor=actor) if m.template == "fact_answered"]
    assert len(answers) == 1 and "Алдааг зассан." in answers[0].body_mn and "Нэр" in answers[0].body_mn


def _granted(actor: Actor, officer: Actor) -> Any:
    from toono.services import api

    case = sent(actor, publish(definition()))
    api.decide_case(actor=officer, case_id=case.id, action="grant")
    api.process_case(case_id=case.id)
    return api.case(actor=actor, case_id=case.id)


def test_a_register_corrected_after_the_decision_is_said_on_the_case_and_the_decision_keeps_standing_on_what_was_read(
    quiet: Any, fresh_citizen: Citizen, oyun: Actor
) -> None:
    from toono.services import api
    from toono.services.models import CaseLog, Fact

    actor = fresh_citizen()
    case = _granted(actor, oyun)
    assert case.outcome is Outcome.GRANTED and case.document is not None
    with at(now() + timedelta(hours=1)):
        assert api.read_again(actor=actor, case_id=case.id).differs_since is None
    quiet["particulars"] |= {"age": 37}  # stands in no document
    quiet["person"] |= {"given_name": "Сарнай"}
    with at(now() + timedelta(hours=2)):
        for _ in range(2):
            seen = api.read_again(actor=actor, case_id=case.id)
    assert seen.differs_since is not None
    assert "Сараа" in {str(line.value) for f in seen.facts for line in f.fields}
    assert CaseLog.objects.filter(case=case.id, kind="facts_differ").count() == 1
    with at(now() + timedelta(hours=3)):
        api.read_again(actor=actor, case_id=case.id)
    assert CaseLog.objects.filter(case=case.id, kind="facts_differ").count() == 1
    assert Fact.objects.filter(case=case.id, name="identity").count() == 2


def test_what_ended_without_a_document_is_not_read_again_and_anothers_never(quiet: Any, fresh_citizen: Citizen, bat: Actor) -> None:
    from toono.services import api

    actor = fresh_citizen()
    case = sent(actor, publish(definition()))
    with pytest.raises(CaseUnknown):
        api.read_again(actor=bat, case_id=case.id)
    api.withdraw_case(actor=actor, case_id=case.id)
    with pytest.raises(NotAllowedNow):
        api.read_again(actor=actor, case_id=case.id)
