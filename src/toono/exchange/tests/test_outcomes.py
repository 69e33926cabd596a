"""What a client hears of the calls under its message id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from toono.exchange.contracts import CallState
from toono.exchange.domain.outcomes import Record, outcomes

AT = datetime(2026, 1, 5, tzinfo=UTC)
REQUEST = Record(UUID(int=1), "request", AT, "MN/GOV/a/b/c", None, None)


@pytest.mark.parametrize(("seconds", "state"), [(0, CallState.RUNNING), (89, CallState.RUNNING), (90, CallState.UNKNOWN)])
def test_a_request_without_an_answer_may_be_under_way_until_none_can_come_any_more(seconds: int, state: CallState) -> None:
    [told] = outcomes([REQUEST], AT + timedelta(seconds=seconds))
    assert (told.state, told.status) == (state, None)


@pytest.mark.parametrize(
    ("reason", "state"),
    [(None, CallState.ANSWERED), ("circuit_open: 6f0c", CallState.NOT_DONE), ("timeout: 6f0c", CallState.UNKNOWN), ("other_person: 6f0c", CallState.UNKNOWN)],
)  # fmt: skip
def test_an_outcome_in_the_log_says_what_is_known(reason: str | None, state: CallState) -> None:
    later = AT + timedelta(days=1)
    [told] = outcomes([REQUEST, REQUEST._replace(direction="response", at=later, status=200, reason=reason)], later)
    assert (told.state, told.at, told.reason) == (state, later, reason and reason.partition(":")[0])


def test_a_message_id_that_was_used_twice_has_two_outcomes() -> None:
    second = REQUEST._replace(request_id=UUID(int=2), at=AT + timedelta(hours=1))
    told = outcomes([REQUEST, REQUEST._replace(direction="response", status=200), second], AT + timedelta(hours=1))
    assert [(one.request_id.int, one.state) for one in told] == [(1, CallState.ANSWERED), (2, CallState.RUNNING)]
