"""The promised time by the Mongolian calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.kernel import calendar
from toono.kernel.calendar import working_time_between
from toono.kernel.clock import ULAANBAATAR
from toono.services.contracts import TermView, Text
from toono.services.domain import terms
from toono.services.domain.definition import Term, TermStart
from toono.services.domain.terms import ClockEvent, ClockKind, Length

STARTED, PAUSED, RESUMED, RESTARTED, EXTENDED = ClockKind


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


def _clock(term: Term, *events: tuple[ClockKind, str]) -> terms.Clock:
    return terms.run(term, _length(term), _events(*events))


def _length(term: Term) -> Length:
    return Length(term.working_hours, term.calendar_days)


def _events(*events: tuple[ClockKind, str]) -> list[ClockEvent]:
    return [ClockEvent(kind, _at(when), hours=8 if kind is ClockKind.EXTENDED else 0, reason="Шинжилгээ") for kind, when in events]


def _view(term: Term, at: str, *events: tuple[ClockKind, str]) -> TermView:
    return terms.view(term, _length(term), _events(*events), _at(at))


WEEK = Term(working_hours=40, starts=TermStart.NEXT_WORKING_DAY)


def test_the_clock_says_when_it_started_and_when_it_ends() -> None:
    view = _view(WEEK, "2026-11-20T09:00", (STARTED, "2026-11-19T09:00"))
    assert view.left_minutes == 39 * 60
    assert not view.overdue
    assert "2026 оны 11 сарын 27, баасан гараг, 17:00" in view.explanation.mn
    assert "2026 оны 11 сарын 20, баасан гараг, 08:00" in view.explanation.mn
    assert "Friday 27 November 2026, 17:00" in view.explanation.en
    assert "40 working hours (5 working days)" in view.explanation.en
    assert "Republic Day (2026.11.26) does not count." in view.explanation.en


def test_the_explanation_names_the_pause_tsagaan_sar_and_the_decree() -> None:
    view = _view(WEEK, "2026-03-02T09:00", (STARTED, "2026-02-12T09:00"), (PAUSED, "2026-02-16T08:00"), (RESUMED, "2026-02-25T08:00"))
    assert view.due_at == _at("2026-02-28T17:00")  # a Saturday, which a decree made a working day
    assert "It stood from 2026.02.16 08:00 to 2026.02.25 08:00 while you corrected." in view.explanation.en
    assert "Lunar New Year (2026.02.18–02.20) does not count." in view.explanation.en
    assert "Цагаан сар (2026.02.18–02.20) тоологдохгүй." in view.explanation.mn
    assert "2026.02.28 ажлын өдөр (Засгийн газрын" in view.explanation.mn
    assert "A day off by decree" in view.explanation.en and "(2026.02.17)" in view.explanation.en


@pytest.mark.parametrize(
    ("days", "starts", "sent", "due"),
    [
        (10, TermStart.SUBMISSION, "2026-11-02T10:00", "2026-11-12T17:00"),
        (10, TermStart.NEXT_WORKING_DAY, "2026-11-02T10:00", "2026-11-12T17:00"),  # the day after is the first
        (5, TermStart.SUBMISSION, "2026-11-02T10:00", "2026-11-09T17:00"),  # ends on a Saturday: the Monday after
        (1, TermStart.NEXT_WORKING_DAY, "2026-11-06T10:00", "2026-11-09T17:00"),  # sent on a Friday
        (16, TermStart.SUBMISSION, "2026-02-01T10:00", "2026-02-23T17:00"),  # ends on a day off by decree, before Tsagaan Sar
    ],
)
def test_days_of_the_calendar_end_with_the_office_of_the_last(days: int, starts: TermStart, sent: str, due: str) -> None:
    assert terms.due_at(Term(calendar_days=days, starts=starts), _at(sent)) == _at(due)


def test_days_of_the_calendar_stand_still_while_the_citizen_corrects() -> None:
    term = Term(calendar_days=10, starts=TermStart.SUBMISSION)
    clock = _clock(term, (STARTED, "2026-11-02T10:00"), (PAUSED, "2026-11-04T16:00"), (RESUMED, "2026-11-09T09:00"))
    assert clock.due_at == _at("2026-11-17T17:00")


def test_what_stands_still_promises_when_it_ends_if_it_went_on_now() -> None:
    view = _view(WEEK, "2026-11-24T08:00", (STARTED, "2026-11-19T09:00"), (PAUSED, "2026-11-20T12:00"))
    assert (view.left_minutes, view.overdue, view.paused_at) == (36 * 60, False, _at("2026-11-20T12:00"))
    assert view.due_at == _at("2026-12-01T12:00")
    assert "If the correction is sent now" in view.explanation.en


def test_a_term_begins_anew_where_the_law_says_so() -> None:
    clock = _clock(WEEK, (STARTED, "2026-11-19T09:00"), (PAUSED, "2026-11-20T12:00"), (RESTARTED, "2026-12-07T10:00"))
    assert (clock.begins_at, clock.due_at) == (_at("2026-12-08T08:00"), _at("2026-12-14T17:00"))


def test_an_extension_adds_to_the_end() -> None:
    assert _clock(WEEK, (STARTED, "2026-11-19T09:00"), (EXTENDED, "2026-11-24T09:00")).due_at == _at("2026-11-30T17:00")
    days = Term(calendar_days=10, starts=TermStart.SUBMISSION)
    assert _clock(days, (STARTED, "2026-11-02T10:00"), (EXTENDED, "2026-11-04T09:00")).due_at == _at("2026-11-13T17:00")


def test_a_clock_set_back_breaks_nothing() -> None:
    """An event that says it was before the one before it counts as if it had been at the same moment."""
    back = _clock(WEEK, (STARTED, "2026-11-19T09:00"), (PAUSED, "2026-11-24T09:00"), (RESUMED, "2026-11-20T09:00"))
    assert back.due_at == _clock(WEEK, (STARTED, "2026-11-19T09:00")).due_at


@given(
    st.lists(st.integers(1, 5 * 24 * 60), min_size=1, max_size=6),
    st.integers(0, 20 * 24 * 60),
    st.sampled_from(TermStart),
    st.sampled_from([RESUMED, RESTARTED]),
)
def test_what_a_case_took_and_what_is_left_of_it_are_the_whole_term(
    gaps: list[int], minutes: int, starts: TermStart, goes_on: ClockKind
) -> None:
    """Time that the clock stood is in neither, whatever the corrections."""
    term, moment, kinds = Term(working_hours=400, starts=starts), _at("2026-02-12T09:00"), (PAUSED, goes_on)
    events = [ClockEvent(STARTED, moment)]
    for n, gap in enumerate(gaps):
        moment += timedelta(minutes=gap)
        events.append(ClockEvent(kinds[n % 2], moment))
    until = moment + timedelta(minutes=minutes)
    clock = terms.run(term, _length(term), events)
    reached = max(clock.paused_at or until, clock.begins_at)
    assert terms.taken(term, events, until) + working_time_between(reached, clock.due_at) == timedelta(hours=400)


def test_pauses_are_told_with_their_ends_and_counted_in_no_waiting() -> None:
    events = _events(
        (STARTED, "2026-11-19T09:00"), (PAUSED, "2026-11-20T12:00"), (RESUMED, "2026-11-22T12:00"), (PAUSED, "2026-11-23T12:00")
    )
    assert terms.pauses(events) == ((_at("2026-11-20T12:00"), _at("2026-11-22T12:00")), (_at("2026-11-23T12:00"), None))
    assert terms.waited(events, _at("2026-11-30T12:00")) == timedelta(days=2, hours=3)
    again = [*events, *_events((RESTARTED, "2026-11-25T12:00"))]
    assert terms.waited(again, _at("2026-11-30T12:00")) == timedelta(days=5)
    assert terms.view(WEEK, _length(WEEK), events, _at("2026-11-24T12:00")).pauses == terms.pauses(events)


def test_the_first_branch_that_holds_gives_the_length() -> None:
    term = Term.model_validate(
        {
            "working_hours": 40,
            "starts": "submission",
            "branches": [
                {"when": 'answers.kind == "urgent"', "working_hours": 8, "because": {"mn": "Яаралтай", "en": "Urgent"}},
                {"when": "answers.amount > 75.0", "calendar_days": 30, "because": {"mn": "Их ус", "en": "Much water"}},
            ],
        }
    )
    values = {"answers": {"kind": "urgent", "amount": 80.0}, "facts": {}}
    assert terms.length(term, values).working_hours == 8
    assert terms.length(term, {"answers": {"amount": 80.0}, "facts": {}}) == Length(None, 30, Text(mn="Их ус", en="Much water"))
    assert terms.length(term, {"answers": {}, "facts": {}}) == Length(40)


def test_officers_are_warned_a_quarter_before_the_end_at_most_a_day() -> None:
    assert _clock(WEEK, (STARTED, "2026-11-19T09:00")).warn_at == _at("2026-11-25T17:00")  # 26 November is free: the evening before
    day = Term(working_hours=8, starts=TermStart.SUBMISSION)
    assert _clock(day, (STARTED, "2026-11-23T08:00")).warn_at == _at("2026-11-23T15:00")


@pytest.mark.parametrize(
    ("day", "works", "due"),
    [
        ("2026-11-21", True, "2026-11-25T17:00"),  # a Saturday and Republic Day are worked
        ("2026-11-24", False, "2026-11-30T17:00"),
    ],
)
def test_a_decree_moves_every_end(day: str, works: bool, due: str) -> None:
    moved = {date.fromisoformat(day): calendar.Decreed(works, "№ 1"), date(2026, 11, 26): calendar.Decreed(works, "№ 1")}
    with calendar.decreed(moved):
        clock = _clock(WEEK, (STARTED, "2026-11-19T09:00"))
    assert clock.due_at == _at(due)


MOMENTS = st.datetimes(min_value=datetime(2025, 6, 1), max_value=datetime(2027, 6, 1)).map(lambda d: d.replace(tzinfo=UTC))  # noqa: DTZ001
TERMS = st.one_of(
    st.builds(Term, working_hours=st.integers(1, 200), starts=st.sampled_from(TermStart)),
    st.builds(Term, calendar_days=st.integers(1, 60), starts=st.sampled_from(TermStart)),
)
STEPS = st.lists(st.tuples(st.timedeltas(timedelta(), timedelta(days=20)), st.timedeltas(timedelta(), timedelta(days=20))), max_size=4)


def _paused(sent: datetime, steps: list[tuple[timedelta, timedelta]]) -> list[ClockEvent]:
    events, at = [ClockEvent(STARTED, sent)], sent
    for runs, stands in steps:
        events += [ClockEvent(PAUSED, at + runs), ClockEvent(RESUMED, at + runs + stands)]
        at += runs + stands
    return events


@given(TERMS, MOMENTS, STEPS)
def test_a_pause_never_brings_the_end_nearer(term: Term, sent: datetime, steps: list[tuple[timedelta, timedelta]]) -> None:
    due = [terms.run(term, _length(term), _paused(sent, steps[:n])).due_at for n in range(len(steps) + 1)]
    assert due == sorted(due)


@given(st.integers(1, 200), MOMENTS, st.timedeltas(timedelta(), timedelta(days=40)), st.timedeltas(timedelta(), timedelta(days=40)))
def test_what_goes_on_has_as_much_left_as_when_it_was_stopped(hours: int, sent: datetime, runs: timedelta, stands: timedelta) -> None:
    term = Term(working_hours=hours, starts=TermStart.SUBMISSION)
    events = _paused(sent, [(runs, stands)])
    before, after = (terms.run(term, _length(term), events[:n]) for n in (2, 3))
    assert before.paused_at is not None
    was = working_time_between(sent + runs, before.due_at) - working_time_between(before.due_at, sent + runs)
    now_left = working_time_between(events[2].at, after.due_at) - working_time_between(after.due_at, events[2].at)
    assert now_left == was


@given(TERMS, MOMENTS)
def test_at_the_end_nothing_is_left_and_before_it_something(term: Term, sent: datetime) -> None:
    clock = terms.run(term, _length(term), terms.start_of(sent))
    assert terms.left(clock.due_at, clock.due_at) == 0
    assert terms.left(clock.due_at, clock.due_at + timedelta(seconds=1)) < 0
    assert terms.left(clock.due_at, clock.begins_at) > 0
    assert clock.begins_at <= clock.warn_at <= clock.due_at


@given(TERMS, MOMENTS, STEPS)
def test_every_clock_can_be_explained(term: Term, sent: datetime, steps: list[tuple[timedelta, timedelta]]) -> None:
    view = terms.view(term, _length(term), _paused(sent, steps), sent + timedelta(days=3))
    assert view.explanation.mn.endswith(".") and view.explanation.en.endswith(".")
    assert terms.in_words(view.due_at).mn in view.explanation.mn


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
