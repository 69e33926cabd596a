"""What an answer of the operator means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.notifications.contracts import DeliveryState
from toono.notifications.domain.delivery import (
    LONGEST_WAIT,
    Accepted,
    NoAnswer,
    NotSent,
    Outcome,
    Refused,
    after,
    receipt_state,
    supersedes,
    wait_before,
)
from toono.notifications.domain.text import is_phone, length, masked_phone

MOMENT = datetime(2025, 11, 22, 9, tzinfo=UTC)
LATER = MOMENT + timedelta(hours=24)
OUTCOMES = st.one_of(
    st.builds(Accepted, st.text()),
    st.builds(Refused, st.integers(1, 0xFFFF)),
    st.builds(NotSent, st.text()),
    st.just(NoAnswer()),
)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted("a1"), DeliveryState.SENT),
        (NoAnswer(), DeliveryState.UNKNOWN),
        (Refused(0x0B), DeliveryState.FAILED),
        (Refused(0x58), DeliveryState.QUEUED),
        (NotSent("no_connection"), DeliveryState.QUEUED),
    ],
)
def test_an_outcome_leads_to_its_state(outcome: Outcome, state: DeliveryState) -> None:
    assert after(outcome, attempt=1, moment=MOMENT, give_up_at=LATER).state == state


@given(outcome=OUTCOMES, attempt=st.integers(1, 1000))
def test_only_what_the_operator_surely_does_not_have_is_tried_again(outcome: Outcome, attempt: int) -> None:
    step = after(outcome, attempt=attempt, moment=MOMENT, give_up_at=LATER)
    if step.state == DeliveryState.QUEUED:
        assert isinstance(outcome, Refused | NotSent)
        assert step.again_at is not None
        assert MOMENT < step.again_at < LATER
    else:
        assert step.again_at is None


def test_a_delivery_whose_time_is_over_fails_with_its_last_reason() -> None:
    step = after(NotSent("no_connection"), attempt=9, moment=LATER, give_up_at=LATER)
    assert (step.state, step.failure) == (DeliveryState.FAILED, "no_connection")


@given(st.integers(1, 10_000))
def test_pauses_grow_and_have_an_end(attempt: int) -> None:
    assert wait_before(attempt) <= wait_before(attempt + 1) <= LONGEST_WAIT


@pytest.mark.parametrize("old", list(DeliveryState))
def test_nothing_takes_back_a_delivered_text(old: DeliveryState) -> None:
    assert supersedes(DeliveryState.DELIVERED, old) == (old != DeliveryState.DELIVERED)
    assert not supersedes(DeliveryState.FAILED, DeliveryState.DELIVERED)


def test_a_receipt_of_something_on_its_way_changes_nothing() -> None:
    assert receipt_state("ENROUTE") is None
    assert receipt_state("DELIVRD") == DeliveryState.DELIVERED


def test_a_cyrillic_text_has_seventy_letters_and_then_parts_of_sixty_seven() -> None:
    assert [length("ө" * n).parts for n in (70, 71, 134, 135)] == [1, 2, 2, 3]


def test_a_latin_text_has_one_hundred_and_sixty_letters() -> None:
    assert [length("a" * n).parts for n in (160, 161, 306, 307)] == [1, 2, 2, 3]


def test_a_phone_in_a_log_shows_its_ends_only() -> None:
    assert masked_phone("40406076") == "40●●●●76"
    assert masked_phone("123") == "●●●"


@pytest.mark.parametrize("phone", ["", "4040607", "404060760", "+97640406076", "4040607a", "４0406076"])
def test_what_is_no_phone_gets_no_text(phone: str) -> None:
    assert not is_phone(phone)
    assert is_phone("40406076")
