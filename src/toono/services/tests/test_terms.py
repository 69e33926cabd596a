"""The promised time by the Mongolian calendar."""

from __future__ import annotations

from datetime import datetime

import pytest

from toono.kernel.clock import ULAANBAATAR
from toono.services.domain import terms
from toono.services.domain.definition import Term, TermStart


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ULAANBAATAR)


@pytest.mark.parametrize(
    ("hours", "starts", "sent", "due"),
    [
        (1, TermStart.SUBMISSION, "2026-11-23T10:00", "2026-11-23T11:00"),
        (1, TermStart.SUBMISSION, "2026-11-23T11:30", "2026-11-23T13:30"),  # over lunch
        (1, TermStart.SUBMISSION, "2026-11-23T16:30", "2026-11-24T08:30"),  # over night
        (1, TermStart.SUBMISSION, "2026-11-22T22:00", "2026-11-23T09:00"),  # a Sunday
        (40, TermStart.NEXT_WORKING_DAY, "2026-11-19T09:00", "2026-11-27T17:00"),  # over 26 November, Republic Day
        (40, TermStart.NEXT_WORKING_DAY, "2026-11-20T23:59", "2026-11-30T17:00"),
        (8, TermStart.NEXT_WORKING_DAY, "2026-12-31T09:00", "2027-01-04T17:00"),  # over New Year
    ],
)
def test_a_term_ends(hours: int, starts: TermStart, sent: str, due: str) -> None:
    assert terms.due_at(Term(working_hours=hours, starts=starts), _at(sent)) == _at(due)


def test_the_clock_says_when_it_started_and_when_it_ends() -> None:
    term = Term(working_hours=40, starts=TermStart.NEXT_WORKING_DAY)
    sent = _at("2026-11-19T09:00")
    view = terms.view(term, sent, terms.due_at(term, sent), _at("2026-11-20T09:00"))
    assert view.left_minutes == 39 * 60
    assert not view.overdue
    assert "2026 оны 11 сарын 27, баасан гараг, 17:00" in view.explanation.mn
    assert "2026 оны 11 сарын 20, баасан гараг, 08:00" in view.explanation.mn
    assert "Friday 27 November 2026, 17:00" in view.explanation.en


@pytest.mark.parametrize(
    ("now", "left"), [("2026-11-27T16:59", 1), ("2026-11-27T17:00", 0), ("2026-11-27T17:01", -1), ("2026-11-30T09:00", -60)]
)
def test_what_is_late_is_late_even_when_no_office_is_open(now: str, left: int) -> None:
    due = _at("2026-11-27T17:00")
    assert terms.left(due, _at(now)) == left


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-01T09:00", "1-ний"), ("2026-11-02T09:00", "2-ны"), ("2026-11-04T09:00", "4-ний"), ("2026-11-10T09:00", "10-ны"),
        ("2026-11-19T09:00", "19-ний"), ("2026-11-22T09:00", "22-ны"), ("2026-12-31T09:00", "31-ний"),
    ],
)  # fmt: skip
def test_days_have_their_mongolian_ending(day: str, words: str) -> None:
    assert words in terms.as_of(_at(day))


def test_a_document_holds_to_the_end_of_its_last_day() -> None:
    assert terms.end_of_day(30, _at("2026-11-22T00:10")) == _at("2026-12-22T23:59:59")
