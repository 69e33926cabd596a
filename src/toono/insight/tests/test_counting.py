"""What an event adds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from toono.insight.domain.counting import CaseAmounts, Counter, increments
from toono.insight.domain.histogram import bucket
from toono.insight.tests.events import Story

DAY = date(2026, 11, 16)
STORY = Story("permit")


def test_an_application_counts_on_its_day_in_ulaanbaatar() -> None:
    late_evening = replace(STORY, submitted_at=datetime(2026, 11, 16, 16, 30, tzinfo=UTC))  # half past midnight on the 17th
    (found,) = increments(late_evening.submitted())
    assert found.counter is Counter.CASES
    assert found.key == (date(2026, 11, 17), "permit", "test-office", "mobile", "48")
    assert found.amounts == CaseAmounts(submitted=1)


def test_an_unknown_aimag_is_counted_as_unknown() -> None:
    assert increments(replace(STORY, aimag_code=None).submitted())[0].key[-1] == ""


def test_a_decision_in_time_counts_with_its_working_time() -> None:
    cases, times = increments(STORY.decided())
    assert cases.amounts == CaseAmounts(granted=1, on_time=1, working_seconds=7200)
    assert (times.counter, times.key, times.amounts) == (
        Counter.DECISION_TIMES,
        (DAY, "permit", "test-office", bucket(7200)),
        (1,),
    )


def test_a_late_refusal_is_not_on_time() -> None:
    late = replace(STORY, outcome="refused", took=timedelta(days=2))
    assert increments(late.decided())[0].amounts == CaseAmounts(refused=1, working_seconds=2 * 8 * 3600)


def test_a_decision_at_the_promised_second_is_on_time_and_a_second_later_is_not() -> None:
    for seconds, kept in ((0, 1), (1, 0)):
        story = replace(STORY, took=STORY.term + timedelta(seconds=seconds))
        assert CaseAmounts(*increments(story.decided())[0].amounts).on_time == kept


def test_nights_and_weekends_are_no_working_time() -> None:
    weekend = replace(
        STORY, submitted_at=datetime(2026, 11, 13, 8, 0, tzinfo=UTC), took=timedelta(days=2, hours=17)
    )  # Friday 16 to Monday 9
    assert CaseAmounts(*increments(weekend.decided())[0].amounts).working_seconds == 2 * 3600


def test_a_withdrawn_case_is_neither_granted_nor_refused() -> None:
    assert [i.amounts for i in increments(STORY.withdrawn())] == [CaseAmounts(withdrawn=1)]


def test_a_document_and_a_rating_count_where_they_happened() -> None:
    (document,) = increments(STORY.issued())
    assert document.amounts == CaseAmounts(documents=1)
    (rating,) = increments(STORY.rated(4))
    assert (rating.counter, rating.key, rating.amounts) == (Counter.RATINGS, (DAY, "permit", "test-office"), (1, 4))
