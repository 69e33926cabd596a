"""Work at a desk: lists, taking and handing over, two officers, opinions of others, several at once, rights that end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import local, now
from toono.kernel.errors import NotAllowed
from toono.services.contracts import Phase, RuleView, Shelf
from toono.services.errors import (
    AlreadyDecided,
    AssignedToAnother,
    CaseUnknown,
    DeskRefused,
    ExtensionRefused,
    FilledWrong,
    FunctionMissing,
    NotAllowedNow,
    ReasonMissing,
    SecondOfficerNeeded,
)
from toono.services.tests.officers import ENVIRONMENT, HEALTH, appointed, arrived, service
from toono.services.tests.published import definition, publish

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
New = Callable[..., Actor]


@pytest.fixture
def new_officer(stack: Stack, anu: Actor, fresh_person: Callable[[], dict[str, Any]]) -> New:
    """Somebody of the register, appointed an officer of an organisation."""
    return lambda organisation=ENVIRONMENT: appointed(anu, fresh_person()["regnum"], organisation)


def _shelf(officer: Actor, shelf: Shelf, code: str) -> set[UUID]:
    from toono.services import api

    return {item.case_id for item in api.worklist(actor=officer, shelf=shelf, service=code, limit=500).items}


# -- lists -------------------------------------------------------------------------------------------------------


def test_pages_of_a_list_follow_one_another_without_gap_or_double(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    officer, code = new_officer(), service()
    sent = {arrived(fresh_citizen(), code) for _ in range(5)}
    seen: list[UUID] = []
    after = ""
    for _ in range(4):
        page = api.worklist(actor=officer, service=code, after=after, limit=2)
        seen += [item.case_id for item in page.items]
        if not (after := page.after):
            break
    assert len(seen) == 5 and set(seen) == sent
    assert api.worklist(actor=officer, service=code, after="nonsense~x", limit=500).items[0].case_id == seen[0]


def test_a_case_wanders_between_the_lists(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    officer, code = new_officer(), service()
    case_id = arrived(fresh_citizen(), code)
    assert case_id in _shelf(officer, Shelf.UNASSIGNED, code) and case_id not in _shelf(officer, Shelf.MINE, code)
    api.take_case(actor=officer, case_id=case_id)
    assert case_id in _shelf(officer, Shelf.MINE, code) and case_id not in _shelf(officer, Shelf.UNASSIGNED, code)
    api.ask_correction(actor=officer, case_id=case_id, fields={"note": "Тодорхой бичнэ үү."})
    assert case_id in _shelf(officer, Shelf.WAITING, code) and case_id not in _shelf(officer, Shelf.DESK, code)
    api.recall_correction(actor=officer, case_id=case_id)
    assert case_id in _shelf(officer, Shelf.DESK, code)


# -- whose work --------------------------------------------------------------------------------------------------


def test_of_two_who_take_a_case_at_once_one_has_it(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from django.db import close_old_connections

    from toono.services import api
    from toono.services.models import Case

    officers, case_id = [new_officer(), new_officer()], arrived(fresh_citizen(), service())

    def take(officer: Actor) -> bool:
        try:
            api.take_case(actor=officer, case_id=case_id)
            return True
        except AssignedToAnother:
            return False
        finally:
            close_old_connections()

    with ThreadPoolExecutor(2) as pool:
        took = list(pool.map(take, officers))
    assert sorted(took) == [False, True]
    assert Case.objects.get(id=case_id).assigned_to == officers[took.index(True)].person_id


def test_anothers_case_is_decided_by_nobody_else_until_it_is_handed_over(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    first, second, case_id = new_officer(), new_officer(), arrived(fresh_citizen(), service())
    api.take_case(actor=first, case_id=case_id)
    refusal: dict[str, Any] = {"case_id": case_id, "action": "refuse", "ground": "too_much", "reason": "Их."}
    with pytest.raises(AssignedToAnother):
        api.decide_case(actor=second, **refusal)
    assert api.officer_case(actor=second, case_id=case_id).actions == ()
    assert second.person_id is not None
    api.hand_over_case(actor=first, case_id=case_id, to=second.person_id)
    assert api.decide_case(actor=second, **refusal).phase is Phase.REFUSED


def test_a_case_is_not_handed_to_who_is_no_officer_here(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    officer, stranger, case_id = new_officer(), new_officer(HEALTH), arrived(fresh_citizen(), service())
    assert stranger.person_id is not None
    with pytest.raises(DeskRefused):
        api.hand_over_case(actor=officer, case_id=case_id, to=stranger.person_id)
    with pytest.raises(CaseUnknown):
        api.take_case(actor=stranger, case_id=case_id)


def test_who_has_never_opened_the_desk_is_a_colleague_from_the_appointment_to_its_end(
    stack: Stack, anu: Actor, fresh_citizen: Citizen, new_officer: New, fresh_person: Callable[[], dict[str, Any]]
) -> None:
    import toono.identity.api as identity
    from toono.kernel.actor import system
    from toono.services import api

    officer, case_id, regnum = new_officer(), arrived(fresh_citizen(), service()), fresh_person()["regnum"]
    identity.appoint(actor=anu, regnum=regnum, role=Role.OFFICER, organisation=ENVIRONMENT)
    newcomer = identity.register_person(actor=system("tests"), regnum=regnum).id
    assert newcomer in {one.person_id for one in api.desk_settings(actor=officer).members}
    assert newcomer in {one.person_id for one in api.officer_case(actor=officer, case_id=case_id).colleagues}
    assert officer.person_id is not None
    today = local(now()).date()
    api.set_leave(actor=officer, person_id=officer.person_id, first=today, last=today, substitute_id=newcomer)
    api.set_leave(actor=officer, person_id=officer.person_id, first=None, last=None, substitute_id=None)
    api.hand_over_case(actor=officer, case_id=case_id, to=newcomer)
    identity.end_appointment(actor=anu, person_id=newcomer, role=Role.OFFICER, organisation=ENVIRONMENT)
    assert newcomer not in identity.officers(organisation=ENVIRONMENT)
    assert newcomer not in {one.person_id for one in api.desk_settings(actor=officer).members}
    api.take_case(actor=officer, case_id=case_id)  # whoever left holds nothing back
    with pytest.raises(DeskRefused):
        api.hand_over_case(actor=officer, case_id=case_id, to=newcomer)


def test_a_desk_whose_only_head_left_is_kept_by_everybody(stack: Stack, anu: Actor, new_officer: New) -> None:
    import toono.identity.api as identity
    from toono.services import api

    head, other = new_officer(HEALTH), new_officer(HEALTH)
    assert head.person_id is not None and other.person_id is not None
    _relieve_other_heads(head)
    api.set_functions(actor=head, person_id=head.person_id, functions=["head"])
    assert api.desk_heads(organisation=HEALTH) == [head.person_id]
    identity.end_appointment(actor=anu, person_id=head.person_id, role=Role.OFFICER, organisation=HEALTH)
    assert other.person_id in api.desk_heads(organisation=HEALTH)


def test_who_stands_in_decides_during_the_leave(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    away, substitute, case_id = new_officer(), new_officer(), arrived(fresh_citizen(), code := service())
    api.take_case(actor=away, case_id=case_id)
    today = local(now()).date()
    assert away.person_id is not None
    with pytest.raises(DeskRefused):
        api.set_leave(actor=away, person_id=away.person_id, first=today, last=today - timedelta(days=1), substitute_id=None)
    api.set_leave(actor=away, person_id=away.person_id, first=today, last=today, substitute_id=substitute.person_id)
    assert case_id in _shelf(substitute, Shelf.MINE, code)
    assert api.decide_case(actor=substitute, case_id=case_id, action="refuse", ground="too_much", reason="Их.").phase is Phase.REFUSED


def test_a_function_is_given_by_the_head_and_only_who_has_it_acts(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    head, other = new_officer(HEALTH), new_officer(HEALTH)
    code = service("inspector", organisation=HEALTH)
    for who, functions in ((head, ["head", "inspector"]), (other, [])):
        assert who.person_id is not None
        _relieve_other_heads(head)
        api.set_functions(actor=head, person_id=who.person_id, functions=functions)
    case_id = arrived(fresh_citizen(), code)
    with pytest.raises(FunctionMissing):
        api.decide_case(actor=other, case_id=case_id, action="refuse", ground="too_much", reason="Их.")
    assert head.person_id is not None
    with pytest.raises(FunctionMissing):
        api.set_functions(actor=other, person_id=head.person_id, functions=[])
    with pytest.raises(DeskRefused):
        api.set_functions(actor=head, person_id=head.person_id, functions=["emperor"])
    api.set_rules(actor=head, rules=[RuleView(service=code, function="inspector")])
    assert arrived(fresh_citizen(), code) in _shelf(head, Shelf.MINE, code)


def _relieve_other_heads(actor: Actor) -> None:
    """The desk of the health office may have a head from another test."""
    from toono.services.models import DeskMember

    assert actor.person_id is not None
    for member in DeskMember.objects.filter(organisation=HEALTH).exclude(person_id=actor.person_id):
        member.functions = []
        member.save()


def test_who_loses_the_right_decides_nothing_any_more(
    stack: Stack, anu: Actor, fresh_citizen: Citizen, new_officer: New
) -> None:  # fmt: skip
    import toono.identity.api as identity
    from toono.services import api
    from toono.services.models import CaseLog

    officer, case_id = new_officer(), arrived(fresh_citizen(), service())
    api.take_case(actor=officer, case_id=case_id)
    assert officer.person_id is not None
    identity.end_appointment(actor=anu, person_id=officer.person_id, role=Role.OFFICER, organisation=ENVIRONMENT)
    with pytest.raises(NotAllowed):
        api.decide_case(actor=officer, case_id=case_id, action="refuse", ground="too_much", reason="Их.")
    with pytest.raises(NotAllowed):
        api.worklist(actor=officer)
    assert not CaseLog.objects.filter(case=case_id, kind="decided").exists()
    # Nobody is locked out by a colleague who left.
    assert api.decide_case(actor=new_officer(), case_id=case_id, action="refuse", ground="too_much", reason="Их.").phase is Phase.REFUSED


# -- two officers ------------------------------------------------------------------------------------------------


def _grant(officer: Actor, case_id: UUID, amount: str = "60") -> Any:
    from toono.services import api

    return api.decide_case(actor=officer, case_id=case_id, action="grant", reason="За.", filled={"permitted": amount})


def test_a_second_officer_confirms_what_the_first_proposed(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    first, second, case_id = new_officer(), new_officer(), arrived(fresh_citizen(), code := service())
    assert _grant(first, case_id).phase is Phase.WITH_OFFICER
    assert case_id in _shelf(second, Shelf.CONFIRM, code)
    with pytest.raises(SecondOfficerNeeded):
        api.confirm_decision(actor=first, case_id=case_id)
    with pytest.raises(NotAllowedNow):
        _grant(first, case_id)
    proposal = api.officer_case(actor=second, case_id=case_id).proposal
    assert proposal is not None and not proposal.mine and proposal.filled[0].value.mn == "60"
    assert api.confirm_decision(actor=second, case_id=case_id).phase is Phase.GRANTED
    with pytest.raises(AlreadyDecided):
        api.confirm_decision(actor=second, case_id=case_id)
    assert api.officer_case(actor=first, case_id=case_id).filled[0].value.mn == "60"


def test_a_second_officer_sends_back_with_a_reason(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    first, second, case_id = new_officer(), new_officer(), arrived(fresh_citizen(), service())
    _grant(first, case_id)
    with pytest.raises(ReasonMissing):
        api.send_back_decision(actor=second, case_id=case_id)
    api.send_back_decision(actor=second, case_id=case_id, reason="Хэмжээ их.")
    assert api.officer_case(actor=first, case_id=case_id).proposal is None
    _grant(first, case_id, "40")
    api.send_back_decision(actor=first, case_id=case_id)  # one's own is taken back without words


@pytest.mark.parametrize("typed", ["", "91", "олон"])
def test_what_an_officer_fills_in_is_read_like_an_answer(stack: Stack, fresh_citizen: Citizen, new_officer: New, typed: str) -> None:
    officer, case_id = new_officer(), arrived(fresh_citizen(), service())
    with pytest.raises(FilledWrong) as refused:
        _grant(officer, case_id, typed)
    assert "Зөвшөөрсөн" in refused.value.data["fields"]["permitted"].mn


# -- opinions ----------------------------------------------------------------------------------------------------


def test_another_body_gives_its_opinion_and_the_case_comes_back(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    officer, expert, case_id = new_officer(), new_officer(HEALTH), arrived(fresh_citizen(), code := service())
    with pytest.raises(CaseUnknown):
        api.officer_case(actor=expert, case_id=case_id)
    api.decide_case(actor=officer, case_id=case_id, action="ask")
    assert case_id in _shelf(expert, Shelf.OPINIONS, code) and case_id in _shelf(officer, Shelf.WAITING, code)
    seen = api.officer_case(actor=expert, case_id=case_id)
    assert seen.expert and [a.code for a in seen.actions] == ["answer"] and seen.opinion is not None
    with pytest.raises(NotAllowedNow):
        api.decide_case(actor=expert, case_id=case_id, action="proceed", reason="За.")
    api.decide_case(actor=expert, case_id=case_id, action="answer", filled={"harmless": "yes"})
    back = api.officer_case(actor=officer, case_id=case_id)
    assert back.case.phase is Phase.WITH_OFFICER and back.filled[0].value.mn == "Тийм" and back.mine
    with pytest.raises(CaseUnknown):
        api.officer_case(actor=expert, case_id=case_id)


def test_an_opinion_that_does_not_come_stops_nobody(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    officer, case_id = new_officer(), arrived(fresh_citizen(), service())
    api.decide_case(actor=officer, case_id=case_id, action="ask")
    assert api.decide_case(actor=officer, case_id=case_id, action="proceed", reason="Хугацаа өнгөрсөн.").phase is Phase.WITH_OFFICER


# -- several at once, extension ------------------------------------------------------------------------------------


def test_of_several_each_has_its_own_result_and_sent_again_nothing_changes(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api
    from toono.services.models import CaseLog

    officer, other, code = new_officer(), new_officer(), service()
    mine = [arrived(fresh_citizen(), code) for _ in range(2)]
    theirs = arrived(fresh_citizen(), code)
    api.take_case(actor=other, case_id=theirs)
    for _ in range(2):
        results = api.decide_cases(actor=officer, case_ids=[*mine, theirs, mine[0]], action="refuse", ground="too_much", reason="Их.")
        assert [one.done for one in results] == [True, True, False]
    assert "өөр мэргэжилтний" in results[2].text.mn
    assert CaseLog.objects.filter(case__in=mine, kind="decided").count() == 2
    assert not api.decide_cases(actor=officer, case_ids=mine, action="refuse", ground="too_much", reason="Өөр.")[0].done


def test_a_term_is_extended_once_with_a_reason_that_the_citizen_reads(stack: Stack, fresh_citizen: Citizen, new_officer: New) -> None:
    from toono.services import api

    officer, citizen = new_officer(), fresh_citizen()
    case_id = arrived(citizen, service())
    before = api.case(actor=citizen, case_id=case_id).due_at
    with pytest.raises(ReasonMissing):
        api.extend_term(actor=officer, case_id=case_id, reason=" ")
    api.extend_term(actor=officer, case_id=case_id, reason="Газар дээр нь үзнэ.")
    case = api.case(actor=citizen, case_id=case_id)
    assert case.due_at is not None and before is not None and case.due_at > before and case.term is not None
    assert "ажлын 24 цагаар сунгасан (Зөвшөөрлийн тухай хууль, 5.2): Газар дээр нь үзнэ." in case.term.explanation.mn
    with pytest.raises(ExtensionRefused):
        api.extend_term(actor=officer, case_id=case_id, reason="Дахиад.")
    plain = arrived(fresh_citizen(), publish(definition(facts=[])))
    with pytest.raises(ExtensionRefused):
        api.extend_term(actor=officer, case_id=plain, reason="Хуульд байхгүй.")
