"""Counting on the real platform: events leave by the outbox, the real worker counts them, the door and the page tell."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.stage import Stack
from toono.insight.tests.events import Story

SINCE, UNTIL = date(2026, 11, 16), date(2026, 11, 17)


@pytest.fixture
def story(stack: Stack) -> Story:
    """A case of a service that no other test counts."""
    return Story(service=f"test-{uuid4().hex[:12]}")


def publish(*events: Any) -> None:
    from django.db import transaction

    from toono.kernel import outbox

    with transaction.atomic():
        for event in events:
            outbox.publish(event)


def line_of(service: str, since: date = SINCE, until: date = UNTIL) -> Any:
    from toono.insight import api

    return next((line for line in api.figures(since=since, until=until).by_service if line.key == service), None)


def when(stack: Stack, service: str, holds: Callable[[Any], bool]) -> Any:
    """The service's line, once it is as expected."""
    return stack.wait(lambda: (line := line_of(service)) and holds(line) and line, timeout=20)


def test_a_case_is_counted_from_application_to_rating(stack: Stack, story: Story) -> None:
    publish(story.submitted(), story.decided(), story.issued(), story.rated(4))
    line = when(stack, story.service, lambda found: bool(found.submitted and found.decided and found.documents and found.ratings))
    assert (line.submitted, line.granted, line.refused, line.documents, line.on_time) == (1, 1, 0, 1, 1)
    assert (line.working_seconds, line.ratings, line.stars) == (7200, 1, 4)
    assert 7200 <= line.median_seconds <= line.ninetieth_seconds <= 10800


def test_an_event_that_comes_again_counts_once(stack: Stack, story: Story) -> None:
    from toono.kernel.outbox import deliver_event

    event = story.submitted()
    publish(event)
    when(stack, story.service, lambda found: found.submitted == 1)
    for _ in range(3):
        deliver_event(event_id=str(event.id), subscriber="insight.submitted")
    assert line_of(story.service).submitted == 1


def test_without_the_outbox_a_repeated_event_would_count_twice(story: Story) -> None:
    """The guard is the outbox's, not the counters': taken away, the number is wrong."""
    from toono.insight import api

    event = story.submitted()
    api.on_case_submitted(event)
    api.on_case_submitted(event)
    assert line_of(story.service).submitted == 2


def test_many_workers_at_one_row_lose_nothing(story: Story) -> None:
    from django.db import close_old_connections, connection, transaction

    from toono.insight import api

    def count(number: int) -> None:
        close_old_connections()
        try:
            with transaction.atomic():
                api.on_case_decided(replace(story, case_id=uuid4()).decided())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(80)))
    assert line_of(story.service).granted == 80


def test_counting_anew_gives_what_was_counted_live(stack: Stack, story: Story) -> None:
    from toono.insight import api
    from toono.insight.models import DailyCases, DailyDecisionTimes, DailyRatings

    def counters() -> list[list[Any]]:
        tables = (DailyCases, DailyDecisionTimes, DailyRatings)
        return [sorted(table.objects.filter(service=story.service).values_list(), key=str) for table in tables]

    late = replace(story, case_id=uuid4(), took=timedelta(days=3), outcome="refused", channel="kiosk", aimag_code=None)
    publish(*(e for s in (story, late) for e in (s.submitted(), s.decided())), story.issued(), story.rated(5), late.rated(2))
    when(stack, story.service, lambda f: (f.submitted, f.granted, f.refused, f.documents, f.ratings) == (2, 1, 0, 1, 1))
    stack.wait(lambda: (found := line_of(story.service, SINCE, date(2026, 11, 30))) and found.refused == 1 and found.ratings == 2)
    live = counters()
    api.on_case_submitted(replace(story, case_id=uuid4()).submitted())  # the counters go wrong
    assert counters() != live
    assert api.rebuild() >= 7
    assert counters() == live


def test_an_event_that_was_not_delivered_yet_is_not_counted_twice_after_rebuilding(stack: Stack, story: Story) -> None:
    from toono.insight import api
    from toono.kernel.models import OutboxEvent
    from toono.kernel.outbox import deliver_event

    event = story.submitted()
    OutboxEvent.objects.create(id=event.id, name=event.name, payload=event.model_dump(mode="json"), occurred_at=event.occurred_at)
    api.rebuild()
    assert line_of(story.service) is None
    deliver_event(event_id=str(event.id), subscriber="insight.submitted")
    assert line_of(story.service).submitted == 1
    api.rebuild()
    assert line_of(story.service).submitted == 1


def test_every_dimension_adds_up_to_the_total(stack: Stack, story: Story) -> None:
    from toono.insight import api

    for channel, aimag in (("web", "11"), ("kiosk", None), ("web", "48")):
        api.on_case_submitted(
            replace(story, channel=channel, aimag_code=aimag, submitted_at=datetime(2024, 2, 29, 3, tzinfo=UTC)).submitted()
        )
    found = api.figures(since=date(2024, 2, 29), until=date(2024, 2, 29))
    for table in (found.by_service, found.by_organisation, found.by_channel, found.by_aimag, found.by_day):
        assert sum(line.submitted for line in table) == found.total.submitted


def test_a_day_ends_at_midnight_in_ulaanbaatar(story: Story) -> None:
    from toono.insight import api

    api.on_case_submitted(replace(story, submitted_at=datetime(2026, 11, 16, 15, 59, 59, tzinfo=UTC)).submitted())
    api.on_case_submitted(replace(story, submitted_at=datetime(2026, 11, 16, 16, 0, tzinfo=UTC)).submitted())
    assert line_of(story.service, date(2026, 11, 16), date(2026, 11, 16)).submitted == 1
    assert line_of(story.service, date(2026, 11, 17), date(2026, 11, 17)).submitted == 1


def test_the_page_cost_does_not_grow_with_cases(story: Story) -> None:
    from toono.insight import api
    from toono.insight.models import DailyCases

    for _ in range(50):
        api.on_case_submitted(replace(story, case_id=uuid4()).submitted())
    assert DailyCases.objects.filter(service=story.service).count() == 1


# -- the page ------------------------------------------------------------------------------------------------------


def page(stack: Stack, **query: str) -> Any:
    return stack.http.get(f"{stack.base_url}/figures", params=query, headers={"Cookie": "language=mn"})


def test_anybody_reads_a_sentence_a_chart_and_tables(stack: Stack, story: Story) -> None:
    from toono.insight import api

    api.on_case_submitted(story.submitted())
    answer = page(stack, since="2026-11-16", until="2026-11-30")
    assert answer.status_code == 200
    assert "хүмүүс төрийн үйлчилгээг" in answer.text
    assert '<svg role="img"' in answer.text
    assert story.service in answer.text or "Эхний 20 нь" in answer.text
    assert answer.text.count("<caption") >= 5


def test_the_page_needs_no_inline_style_or_script(stack: Stack) -> None:
    answer = page(stack)
    assert not re.search(r'\sstyle="|<style|<script(?![^>]* src=)|\son\w+="', answer.text)
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


def test_a_period_without_cases_reads_well(stack: Stack) -> None:
    answer = page(stack, since="2031-01-01", until="2031-01-31")
    assert answer.status_code == 200
    assert "төрийн үйлчилгээ хүссэн хүн алга" in answer.text
    assert "<svg role" not in answer.text
    assert "<table" not in answer.text


@pytest.mark.parametrize(
    ("query", "sentence", "field"),
    [
        ({"since": "өчигдөр"}, "Огноо буруу байна", "since"),
        ({"until": "2026-02-30"}, "Огноо буруу байна", "until"),
        ({"since": "2026-11-22", "until": "2026-11-01"}, "Хугацааны төгсгөл эхлэлээсээ өмнө байна", "until"),
        ({"since": "2020-01-01", "until": "2026-11-01"}, "Хугацаа нэг жилээс урт байна", "until"),
        ({"since": "<script>alert(1)</script>"}, "Огноо буруу байна", "since"),
    ],
)
def test_a_period_that_cannot_be_is_told_beside_its_field(stack: Stack, query: dict[str, str], sentence: str, field: str) -> None:
    answer = page(stack, **query)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert f'href="#{field}"' in answer.text
    assert "<script>alert" not in answer.text


def test_the_page_speaks_english(stack: Stack) -> None:
    answer = stack.http.get(f"{stack.base_url}/figures?since=2031-01-01&until=2031-01-31", headers={"Cookie": "language=en"})
    assert "nobody has applied for a state service" in answer.text
    assert not re.search("[а-яөү]", re.sub(r"(?s)<header.*?</header>|<footer.*?</footer>|<head>.*?</head>", "", answer.text))


def test_the_export_holds_every_line(stack: Stack, story: Story) -> None:
    from toono.insight import api

    for _ in range(6):
        api.on_case_decided(replace(story, case_id=uuid4(), outcome="refused", submitted_at=datetime(2023, 5, 8, 1, tzinfo=UTC)).decided())
        api.on_case_submitted(replace(story, case_id=uuid4(), submitted_at=datetime(2023, 5, 8, 1, tzinfo=UTC)).submitted())
    answer = stack.http.get(f"{stack.base_url}/figures.csv?since=2023-05-01&until=2023-05-31")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    (line,) = (row for row in rows if row["dimension"] == "service" and row["code"] == story.service)
    assert (line["submitted"], line["decided"], line["refused"]) == ("6", "6", "6")
    assert {row["dimension"] for row in rows} >= {"total", "service", "organisation", "channel", "aimag", "day", "sign_on"}
    people = [row for row in rows if row["dimension"] in {"channel", "aimag"}]
    assert all(row["decided"] == row["refused"] == row["average_stars"] == "" for row in people)


def test_what_rests_on_a_few_people_is_not_exported(stack: Stack, story: Story) -> None:
    from toono.insight import api

    lonely = replace(story, submitted_at=datetime(2022, 5, 9, 1, tzinfo=UTC), outcome="refused")
    api.on_case_decided(lonely.decided())
    api.on_case_rated(lonely.rated(1))
    answer = stack.http.get(f"{stack.base_url}/figures.csv?since=2022-05-01&until=2022-05-31")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    (line,) = (row for row in rows if row["code"] == story.service)
    assert (line["decided"], line["ratings"]) == ("1", "1")
    assert line["refused"] == line["granted"] == line["average_stars"] == ""


def test_an_export_of_an_impossible_period_is_refused(stack: Stack) -> None:
    assert stack.http.get(f"{stack.base_url}/figures.csv?since=2026-02-30").status_code == 400


def test_the_single_sign_on_is_told_in_sums_and_by_organisation_alone(stack: Stack) -> None:
    """What identity has added up stands on the page and in the export; no system, day or person does."""
    import toono.registry.api as registry
    from toono.identity import models

    office, day = registry.organisations()[1], date(2021, 3, 4)
    system = f"{office.code}-{uuid4().hex[:8]}"
    models.SignInCount.objects.create(client_id=system, organisation=office.code, day=day, count=12_345)
    models.SignInCount.objects.create(client_id=f"{system}-2", organisation=office.code, day=day + timedelta(days=1), count=655)
    query = "since=2021-03-01&until=2021-03-31"
    page = stack.http.get(f"{stack.base_url}/figures?{query}").text
    assert "Нэг нэвтрэлт" in page and "13,000" in page and office.name_mn in page
    answer = stack.http.get(f"{stack.base_url}/figures.csv?{query}")
    rows = [row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))) if row["dimension"].startswith("sign_on")]
    found = {(row["dimension"], row["code"]): row["count"] for row in rows}
    assert found["sign_on", "sign_ins"] == found["sign_on_organisation", office.code] == "13000"
    assert int(found["sign_on", "users"]) > 0 and {"organisations", "systems"} <= {code for _, code in found}
    assert system not in page + answer.text and "12345" not in answer.text
    models.SignInCount.objects.filter(day__year=2021).delete()


def test_sign_ins_of_another_month_are_not_told(stack: Stack) -> None:
    from toono.identity import models
    from toono.insight import api

    row = models.SignInCount.objects.create(client_id=uuid4().hex, organisation="", day=date(2020, 2, 29), count=7)
    assert api.sign_on(since=date(2020, 2, 29), until=date(2020, 2, 29)).sign_ins == 7
    assert api.sign_on(since=date(2020, 2, 1), until=date(2020, 2, 28)).sign_ins == 0
    row.delete()
