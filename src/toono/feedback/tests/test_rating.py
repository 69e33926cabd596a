"""A person rates their own decided case, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.stage import Stack
from toono.kernel.actor import ANYBODY, Actor
from toono.kernel.errors import NotAllowed, ToonoError

SERVICE = "address-reference"


@pytest.fixture
def citizen(stack: Stack, fresh_citizen: Callable[[], Actor]) -> Actor:
    return fresh_citizen()


@pytest.fixture
def draft(citizen: Actor) -> UUID:
    """A case that its person has not sent."""
    from toono.services import api as services

    return services.start_case(actor=citizen, service=SERVICE).id


@pytest.fixture
def case_id(stack: Stack, citizen: Actor, draft: UUID) -> UUID:
    """The same case, sent and decided."""
    from toono.services import api as services

    services.submit_case(actor=citizen, case_id=draft, form_token=services.check(actor=citizen, case_id=draft).form_token)
    stack.wait(lambda: services.case(actor=citizen, case_id=draft).outcome, timeout=30)
    return draft


def events(case_id: UUID) -> list[dict[str, Any]]:
    from toono.kernel.models import OutboxEvent

    return list(OutboxEvent.objects.filter(name="feedback.case_rated", payload__case_id=str(case_id)).values_list("payload", flat=True))


def test_a_rating_is_kept_and_told_without_the_comment(citizen: Actor, case_id: UUID) -> None:
    from toono.feedback import api

    api.rate(actor=citizen, case_id=case_id, stars=4, comment="  Хурдан \u0007 байлаа ")
    found = api.rating(actor=citizen, case_id=case_id)
    assert found is not None
    assert (found.stars, found.comment) == (4, "Хурдан байлаа")
    (event,) = events(case_id)
    assert (event["stars"], event["service"]) == (4, SERVICE)
    assert "Хурдан" not in str(event)


def test_a_rating_holds_nothing_of_the_person(citizen: Actor, case_id: UUID) -> None:
    from toono.feedback import api
    from toono.feedback.models import Rating

    api.rate(actor=citizen, case_id=case_id, stars=5, comment="")
    assert str(citizen.person_id) not in str(Rating.objects.filter(case_id=case_id).values()[0])
    assert str(citizen.person_id) not in str(events(case_id))


def test_the_same_rating_again_changes_nothing(citizen: Actor, case_id: UUID) -> None:
    from toono.feedback import api

    for _ in range(3):
        api.rate(actor=citizen, case_id=case_id, stars=5, comment="Баярлалаа")
    assert len(events(case_id)) == 1


def test_another_rating_of_the_same_case_is_refused_and_the_first_stands(citizen: Actor, case_id: UUID) -> None:
    from toono.feedback import api
    from toono.feedback.errors import AlreadyRated

    api.rate(actor=citizen, case_id=case_id, stars=2, comment="")
    for stars, comment in ((5, ""), (2, "Нэмэлт үг")):
        with pytest.raises(AlreadyRated):
            api.rate(actor=citizen, case_id=case_id, stars=stars, comment=comment)
    found = api.rating(actor=citizen, case_id=case_id)
    assert found is not None and (found.stars, found.comment) == (2, "")


def test_a_double_click_makes_one_rating(citizen: Actor, case_id: UUID) -> None:
    from django.db import connection

    from toono.feedback import api

    def click(_: int) -> None:
        try:
            api.rate(actor=citizen, case_id=case_id, stars=3, comment="Дунд зэрэг")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(click, range(4)))
    assert len(events(case_id)) == 1


def test_a_neighbour_can_neither_rate_nor_read_it(bat: Actor, citizen: Actor, case_id: UUID) -> None:
    from toono.feedback import api

    with pytest.raises(ToonoError) as refused:
        api.rate(actor=bat, case_id=case_id, stars=1, comment="")
    assert refused.value.status == 404
    api.rate(actor=citizen, case_id=case_id, stars=5, comment="")
    with pytest.raises(ToonoError) as refused:
        api.rating(actor=bat, case_id=case_id)
    assert refused.value.status == 404


def test_an_officer_and_a_stranger_cannot_rate(oyun: Actor, case_id: UUID) -> None:
    from toono.feedback import api

    for actor in (oyun, ANYBODY):
        with pytest.raises(NotAllowed):
            api.rate(actor=actor, case_id=case_id, stars=5, comment="")
    assert events(case_id) == []


def test_an_unknown_case_is_answered_like_anothers(citizen: Actor) -> None:
    from toono.feedback import api

    with pytest.raises(ToonoError) as refused:
        api.rate(actor=citizen, case_id=uuid4(), stars=5, comment="")
    assert refused.value.status == 404


def test_what_is_not_decided_cannot_be_rated(citizen: Actor, draft: UUID) -> None:
    from toono.feedback import api
    from toono.feedback.errors import NotDecidedYet

    with pytest.raises(NotDecidedYet):
        api.rate(actor=citizen, case_id=draft, stars=5, comment="")
    assert api.rating(actor=citizen, case_id=draft) is None


@pytest.mark.parametrize(("stars", "comment"), [(0, ""), (6, ""), (-1, ""), (3, "а" * 1001)])
def test_stars_and_comment_have_bounds(citizen: Actor, case_id: UUID, stars: int, comment: str) -> None:
    from toono.feedback import api
    from toono.feedback.errors import RatingRefused

    with pytest.raises(RatingRefused):
        api.rate(actor=citizen, case_id=case_id, stars=stars, comment=comment)


def test_the_longest_comment_is_kept_whole(citizen: Actor, case_id: UUID) -> None:
    from toono.feedback import api

    api.rate(actor=citizen, case_id=case_id, stars=3, comment="ө" * 1000)
    found = api.rating(actor=citizen, case_id=case_id)
    assert found is not None and found.comment == "ө" * 1000


def test_a_service_is_summed_up(citizen: Actor, case_id: UUID) -> None:
    from toono.feedback import api

    before = api.summary(service=SERVICE)
    api.rate(actor=citizen, case_id=case_id, stars=1, comment="")
    after = api.summary(service=SERVICE)
    assert after.count == before.count + 1
    assert after.distribution == (before.distribution[0] + 1, *before.distribution[1:])
    assert after.average is not None and 1 <= after.average <= 5


def test_a_service_without_ratings_has_no_average(stack: Stack) -> None:
    from toono.feedback import api

    found = api.summary(service="nobody-rated-this")
    assert (found.count, found.average, found.distribution) == (0, None, (0, 0, 0, 0, 0))
