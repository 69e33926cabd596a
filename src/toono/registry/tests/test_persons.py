"""Three persons for an agreement between organisations, two for everything else; nobody twice, nobody for another's organisation."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from toono.kernel.actor import ANYBODY, Actor, Role, system
from toono.registry.contracts import DraftState
from toono.registry.domain.persons import (
    Proposal,
    Sides,
    Step,
    check_may_accept,
    check_may_approve,
    check_may_draft,
    check_may_reject,
    check_may_see,
    possible,
)
from toono.registry.errors import (
    AdministratorRequired,
    DraftDecided,
    DraftNotFound,
    OwnerHasNotAccepted,
    ReasonMissing,
    RepresentativeRequired,
    SamePerson,
)

SIDES = Sides(consumer="bank", owner="register")


def representative(organisation: str, person: UUID | None = None) -> Actor:
    return Actor(role=Role.REPRESENTATIVE, person_id=person or uuid4(), organisation=organisation)


BANK, REGISTER, OTHER = (representative(code) for code in ("bank", "register", "other"))
ADMIN, SECOND = (Actor(role=Role.ADMINISTRATOR, person_id=uuid4()) for _ in range(2))
STRANGERS = [
    OTHER,
    ANYBODY,
    system("worker"),
    *(Actor(role=r, person_id=uuid4(), organisation="bank") for r in (Role.CITIZEN, Role.OFFICER, Role.LEADER)),
]


def of_bank(state: DraftState = DraftState.PENDING, *, accepted_by: UUID | None = None, sides: Sides | None = SIDES) -> Proposal:
    assert BANK.person_id
    return Proposal(state=state, drafted_by=BANK.person_id, drafted_for="bank", accepted_by=accepted_by, sides=sides)


def of_admin(sides: Sides | None = SIDES) -> Proposal:
    assert ADMIN.person_id
    return Proposal(state=DraftState.PENDING, drafted_by=ADMIN.person_id, drafted_for=None, accepted_by=None, sides=sides)


ACCEPTED = of_bank(DraftState.ACCEPTED, accepted_by=REGISTER.person_id)


def test_the_consumer_and_administrators_draft_agreements() -> None:
    assert check_may_draft(BANK, SIDES) == "bank"
    assert check_may_draft(ADMIN, SIDES) is None


@pytest.mark.parametrize("actor", [REGISTER, *STRANGERS, Actor(role=Role.REPRESENTATIVE, organisation="bank")])
def test_nobody_else_drafts_agreements(actor: Actor) -> None:
    with pytest.raises(AdministratorRequired):
        check_may_draft(actor, SIDES)


def test_a_representative_drafts_nothing_but_agreements() -> None:
    with pytest.raises(AdministratorRequired):
        check_may_draft(BANK, None)


def test_the_owner_accepts_and_nobody_else() -> None:
    assert check_may_accept(REGISTER, of_bank()) == REGISTER.person_id
    for actor in (BANK, ADMIN, *STRANGERS):
        with pytest.raises(RepresentativeRequired):
            check_may_accept(actor, of_bank())


def test_an_administrators_draft_asks_no_owner() -> None:
    with pytest.raises(RepresentativeRequired):
        check_may_accept(REGISTER, of_admin())


def test_it_is_accepted_once() -> None:
    with pytest.raises(DraftDecided):
        check_may_accept(representative("register"), ACCEPTED)


def test_who_represents_both_sides_does_not_accept_what_they_drafted() -> None:
    with pytest.raises(SamePerson):
        check_may_accept(representative("register", BANK.person_id), of_bank())


def test_an_administrator_countersigns_after_the_owner() -> None:
    check_may_approve(ADMIN, ACCEPTED)
    with pytest.raises(OwnerHasNotAccepted):
        check_may_approve(ADMIN, of_bank())


def test_who_drafted_or_accepted_does_not_countersign_as_an_administrator_too() -> None:
    for person in (BANK.person_id, REGISTER.person_id):
        with pytest.raises(SamePerson):
            check_may_approve(Actor(role=Role.ADMINISTRATOR, person_id=person), ACCEPTED)


@pytest.mark.parametrize("actor", [BANK, REGISTER, *STRANGERS])
def test_nobody_but_an_administrator_countersigns(actor: Actor) -> None:
    with pytest.raises(AdministratorRequired):
        check_may_approve(actor, ACCEPTED)


def test_administrators_approve_each_others_drafts_of_anything() -> None:
    check_may_approve(SECOND, of_admin())
    check_may_approve(SECOND, of_admin(sides=None))
    with pytest.raises(SamePerson):
        check_may_approve(ADMIN, of_admin())


def test_both_sides_and_administrators_see_a_draft_and_a_third_organisation_does_not() -> None:
    for actor in (BANK, REGISTER, ADMIN):
        check_may_see(actor, of_bank())
    with pytest.raises(DraftNotFound):
        check_may_see(OTHER, of_bank())
    with pytest.raises(DraftNotFound):
        check_may_see(BANK, of_admin(sides=None))
    for actor in STRANGERS[1:]:
        with pytest.raises(AdministratorRequired):
            check_may_see(actor, of_bank())


def test_a_refusal_says_why_and_a_withdrawal_need_not() -> None:
    for actor in (REGISTER, ADMIN):
        with pytest.raises(ReasonMissing):
            check_may_reject(actor, of_bank(), "")
        check_may_reject(actor, of_bank(), "Хуулийн зүйл буруу")
    for actor in (BANK, representative("bank")):
        check_may_reject(actor, of_bank(), "")
    with pytest.raises(DraftNotFound):
        check_may_reject(OTHER, of_bank(), "why not")


def test_a_page_offers_what_the_rules_allow() -> None:
    assert possible(BANK, of_bank()) == {Step.TAKE_BACK}
    assert possible(REGISTER, of_bank()) == {Step.ACCEPT, Step.REFUSE}
    assert possible(ADMIN, of_bank()) == {Step.REFUSE}
    assert possible(ADMIN, ACCEPTED) == {Step.APPROVE, Step.REFUSE}
    assert possible(SECOND, of_admin()) == {Step.APPROVE, Step.REFUSE}
    assert possible(ADMIN, of_admin()) == {Step.TAKE_BACK}
    assert possible(OTHER, of_bank()) == frozenset()
    assert possible(ADMIN, of_bank(DraftState.APPROVED)) == frozenset()
