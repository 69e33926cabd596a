"""Who may draft, see, accept, approve and refuse: pure, over the actor and what is known of the draft.

Two ways lead to an entry that stands. An administrator drafts anything and another administrator approves it. A representative of the
consumer drafts an agreement, one of the owner accepts it, an administrator countersigns it: three persons, none of them twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from toono.kernel.actor import Actor, Role
from toono.kernel.errors import ToonoError
from toono.registry.contracts import DraftState
from toono.registry.errors import (
    AdministratorRequired,
    DraftDecided,
    DraftNotFound,
    OwnerHasNotAccepted,
    ReasonMissing,
    RepresentativeRequired,
    SamePerson,
)

OPEN = frozenset({DraftState.PENDING, DraftState.ACCEPTED})


@dataclass(frozen=True)
class Sides:
    """The two organisations of an agreement, by code."""

    consumer: str
    owner: str


@dataclass(frozen=True)
class Proposal:
    """What the rules ask of a draft."""

    state: DraftState
    drafted_by: UUID
    drafted_for: str | None
    """Organisation whose representative drafted it; None: an administrator did."""
    accepted_by: UUID | None
    sides: Sides | None
    """None: it is of no agreement."""


def check_administrator(actor: Actor) -> UUID:
    """The person, if it is an administrator.

    :raises AdministratorRequired: the actor is no administrator, or no person.
    """
    if actor.role is not Role.ADMINISTRATOR or actor.person_id is None:
        raise AdministratorRequired(f"{actor} is no administrator known as a person")
    return actor.person_id


def person_of(actor: Actor) -> UUID:
    """:raises AdministratorRequired: the actor is no person."""
    if actor.person_id is None:
        raise AdministratorRequired(f"{actor} is no person")
    return actor.person_id


def represents(actor: Actor, organisation: str) -> bool:
    """Whether the actor is a representative of the organisation, known as a person."""
    return actor.role is Role.REPRESENTATIVE and actor.person_id is not None and actor.organisation == organisation


def check_two_persons(*, drafted_by: UUID | None, approver: Actor) -> None:
    """The two-person rule.

    :raises AdministratorRequired: the approver is no administrator.
    :raises SamePerson: the approver drafted it.
    """
    person = check_administrator(approver)
    if person == drafted_by:
        raise SamePerson(f"{person} drafted this and may not approve it")


def check_may_draft(actor: Actor, sides: Sides | None) -> str | None:
    """For which organisation the actor drafts; None for an administrator.

    :raises AdministratorRequired: neither an administrator nor a representative of the consumer.
    """
    if sides is not None and represents(actor, sides.consumer):
        return sides.consumer
    check_administrator(actor)
    return None


def check_may_see(actor: Actor, proposal: Proposal) -> None:
    """Administrators see all drafts; representatives those of their organisation's agreements.

    :raises DraftNotFound: somebody else's, for a representative.
    :raises AdministratorRequired: anybody else.
    """
    sides = proposal.sides
    if actor.role is not Role.REPRESENTATIVE:
        check_administrator(actor)
    elif sides is None or not (represents(actor, sides.consumer) or represents(actor, sides.owner)):
        raise DraftNotFound(f"no draft of {actor.organisation}")


def check_may_accept(actor: Actor, proposal: Proposal) -> UUID:
    """The person of the owner who accepts.

    :raises RepresentativeRequired: the actor does not represent the owner, or the draft is an administrator's and asks no owner.
    :raises DraftDecided: it was accepted before.
    :raises SamePerson: the actor drafted it.
    """
    if proposal.sides is None or proposal.drafted_for is None or not represents(actor, proposal.sides.owner):
        raise RepresentativeRequired(f"{actor} does not represent the owner")
    if proposal.state is not DraftState.PENDING:
        raise DraftDecided(f"it is {proposal.state}")
    person = actor.person_id
    if person is None or person == proposal.drafted_by:
        raise SamePerson(f"{person} drafted this and may not accept it")
    return person


def check_may_approve(actor: Actor, proposal: Proposal) -> None:
    """The second, or the third, person.

    :raises AdministratorRequired: the actor is no administrator.
    :raises OwnerHasNotAccepted: a representative drafted it and the owner has not accepted it.
    :raises SamePerson: the actor drafted or accepted it.
    """
    check_two_persons(drafted_by=proposal.drafted_by, approver=actor)
    if proposal.drafted_for is not None:
        if proposal.state is not DraftState.ACCEPTED:
            raise OwnerHasNotAccepted
        if actor.person_id == proposal.accepted_by:
            raise SamePerson(f"{actor.person_id} accepted this and may not approve it")


def check_may_reject(actor: Actor, proposal: Proposal, reason: str) -> None:
    """Administrators and the owner refuse; the drafter and the drafter's organisation take back.

    :raises AdministratorRequired, DraftNotFound: the actor has nothing to do with it.
    :raises ReasonMissing: the drafter's organisation would not learn why.
    """
    check_may_see(actor, proposal)
    own = actor.person_id == proposal.drafted_by or (proposal.drafted_for is not None and represents(actor, proposal.drafted_for))
    if proposal.drafted_for is not None and not own and not reason:
        raise ReasonMissing


class Step(StrEnum):
    """What a person can do with a draft that is not decided."""

    ACCEPT = "accept"
    APPROVE = "approve"
    REFUSE = "refuse"
    TAKE_BACK = "take_back"


def possible(actor: Actor, proposal: Proposal) -> frozenset[Step]:
    """What a page offers the actor; the doors check it again."""
    if proposal.state not in OPEN:
        return frozenset()
    own = actor.person_id == proposal.drafted_by or (proposal.drafted_for is not None and represents(actor, proposal.drafted_for))
    steps = {
        Step.ACCEPT: lambda: check_may_accept(actor, proposal),
        Step.APPROVE: lambda: check_may_approve(actor, proposal),
        Step.TAKE_BACK if own else Step.REFUSE: lambda: check_may_reject(actor, proposal, "asked later"),
    }
    return frozenset(step for step, check in steps.items() if _passes(check))


def _passes(check: Callable[[], object]) -> bool:
    try:
        check()
    except ToonoError:
        return False
    return True
