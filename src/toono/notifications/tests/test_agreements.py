"""Representatives of both organisations hear of an agreement between them; nobody else does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from toono.kernel.actor import Actor, Role
from toono.registry.contracts import Agreement, DraftKind, DraftState, Purpose

if TYPE_CHECKING:
    from tests.stage import Stack

SERVICE, CONSUMER = "MN/GOV/state-registration/population/address", "MN/COM/khasar-bank/loans"


@pytest.fixture
def sides(stack: Stack) -> tuple[UUID, UUID]:
    """Tulga of the bank and Bold of the register."""
    import toono.identity.api as identity

    [tulga], [bold] = (identity.representatives(organisation=code) for code in ("khasar-bank", "state-registration"))
    return tulga, bold


def titles_since(person: UUID, before: int) -> list[str]:
    import toono.notifications.api as api

    found = api.inbox(actor=Actor(role=Role.CITIZEN, person_id=person), limit=200)
    return [message.title_mn for message in found[: len(found) - before]]


def count(person: UUID) -> int:
    return len(titles_since(person, 0))


def proposal() -> Agreement:
    from toono.kernel.clock import now

    return Agreement(
        id=f"told-{uuid4().hex[:12]}", consumer=CONSUMER, service=SERVICE, valid_from=now(), valid_until=now() + timedelta(days=90),
        purposes=(Purpose(code="told", title_mn="Турших", title_en="Test", basis_mn="Туршилтын тухай хуулийн 6 дугаар зүйл"),),
    )  # fmt: skip


def test_both_sides_hear_of_each_step(stack: Stack, sides: tuple[UUID, UUID]) -> None:
    import toono.registry.api as registry

    tulga, bold = sides
    stranger = UUID(int=uuid4().int)
    before = {person: count(person) for person in sides}
    draft = registry.draft_agreement(
        actor=Actor(role=Role.REPRESENTATIVE, person_id=tulga, organisation="khasar-bank"), agreement=proposal()
    )

    def told(*titles: str) -> None:
        stack.wait(lambda: all(len(titles_since(person, before[person])) == len(titles) for person in sides), timeout=20)
        assert [titles_since(person, before[person]) for person in sides] == [list(titles)] * 2

    names = registry.names(["khasar-bank", "state-registration"])
    steps = [f"{names['khasar-bank'][0]} мэдээлэл авах эрх санал болголоо"]
    told(*steps)
    registry.accept_draft(actor=Actor(role=Role.REPRESENTATIVE, person_id=bold, organisation="state-registration"), draft_id=draft.id)
    steps.insert(0, f"{names['state-registration'][0]} мэдээлэл өгөхийг зөвшөөрлөө")
    told(*steps)
    registry.approve_draft(actor=Actor(role=Role.ADMINISTRATOR, person_id=uuid4()), draft_id=draft.id)
    steps.insert(0, "Мэдээлэл авах эрх хүчинтэй боллоо")
    told(*steps)
    end = registry.draft_removal(actor=Actor(role=Role.ADMINISTRATOR, person_id=uuid4()), kind=DraftKind.AGREEMENT, subject=draft.subject)
    registry.approve_draft(actor=Actor(role=Role.ADMINISTRATOR, person_id=uuid4()), draft_id=end.id)
    steps.insert(0, "Мэдээлэл авах эрх дууслаа")
    told(*steps)
    assert count(stranger) == 0


@pytest.mark.parametrize(
    ("state", "remove", "title"),
    [
        (DraftState.REJECTED, False, "Мэдээлэл авах эрхийн саналаас татгалзлаа"),
        (DraftState.REJECTED, True, "Мэдээлэл авах эрхийн саналаас татгалзлаа"),
        (DraftState.APPROVED, True, "Мэдээлэл авах эрх дууслаа"),
    ],
)
def test_a_decision_is_told_by_what_it_means(stack: Stack, sides: tuple[UUID, UUID], state: DraftState, remove: bool, title: str) -> None:
    import toono.notifications.api as api
    from toono.registry.events import AgreementDecided

    before = count(sides[0])
    event = AgreementDecided(
        draft_id=uuid4(), agreement="a", consumer_organisation="khasar-bank", owner_organisation="state-registration", service=SERVICE,
        state=state, drafted_by=uuid4(), remove=remove, version=1,
    )  # fmt: skip
    for _ in range(2):  # a handler that is run again tells nobody twice
        api.on_agreement_decided(event)
    assert titles_since(sides[0], before) == [title]


def test_an_end_that_comes_near_is_told_with_its_day_and_names_that_are_gone_keep_their_code(
    stack: Stack, sides: tuple[UUID, UUID]
) -> None:
    import toono.notifications.api as api
    from toono.kernel.clock import local, now
    from toono.registry.events import AgreementExpiring

    until: Any = now() + timedelta(days=7)
    api.on_agreement_expiring(
        AgreementExpiring(
            agreement="a", consumer_organisation="khasar-bank", owner_organisation="gone-office", service="MN/GOV/gone-office/x/y",
            version=1, days=7, valid_until=until,
        )
    )  # fmt: skip
    [newest] = api.inbox(actor=Actor(role=Role.CITIZEN, person_id=sides[0]), limit=1)
    assert newest.title_mn == "Мэдээлэл авах эрх 7 хоногийн дараа дуусна"
    assert f"{local(until):%Y.%m.%d %H:%M}" in newest.body_en and "gone-office" in newest.body_en
