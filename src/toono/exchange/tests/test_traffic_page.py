"""What the gateways carried: sums, percentiles, who may see them, and few rows for hours that are over."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from toono.exchange.domain.traffic import COUNTS, bucket
from toono.exchange.tests.readings import at as id_at
from toono.exchange.web.chart import Bar, calls_chart, ceiling

START = datetime(2019, 3, 4, 5, tzinfo=UTC)
"""Long before any gateway of the tests: nobody else's calls lie there."""
BANK, DESK = "MN/COM/khasar-bank/loans", "MN/GOV/dundgovi-environment/desk"
ADDRESS, OWNER = "MN/GOV/state-registration/population/address", "MN/GOV/auto-transport/vehicles/owner"


def row(
    when: datetime,
    *,
    calls: int = 1,
    milliseconds: float = 12,
    client: str = BANK,
    service: str = ADDRESS,
    outcome: str = "2xx",
    **other: Any,
) -> None:
    from toono.exchange.models import Traffic

    durations = [0] * COUNTS
    durations[bucket(milliseconds / 1000)] = calls
    values = {
        "id": id_at(when), "at": when, "gateway": "main", "client": client, "service": service, "agreement": "a", "outcome": outcome, "calls": calls,
        "request_bytes": 100 * calls, "response_bytes": 1000 * calls, "durations": durations,
    }  # fmt: skip
    Traffic.objects.create(**values | other)


@pytest.fixture
def day(stack: Any) -> datetime:
    """A day of its own for each test."""
    from toono.exchange.models import Traffic

    newest = Traffic.objects.filter(at__lt=START + timedelta(days=2000)).order_by("-at").values_list("at", flat=True).first()
    begin = max(START, newest or START) + timedelta(days=2)
    return begin.replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def administrator() -> Any:
    from toono.kernel.actor import Actor, Role

    return Actor(role=Role.ADMINISTRATOR, person_id=uuid4())


def traffic(actor: Any, since: datetime, *, hours: int = 24) -> Any:
    import toono.exchange.api as api

    return api.traffic(actor=actor, since=since, until=since + timedelta(hours=hours), step=timedelta(hours=1))


def test_calls_are_added_up_by_service_consumer_and_outcome(day: datetime, administrator: Any) -> None:
    row(day, calls=70)
    row(day + timedelta(minutes=5), calls=20, service=OWNER)
    row(day + timedelta(hours=3), calls=9, client=DESK, outcome="timeout", milliseconds=4_000)
    row(day + timedelta(hours=3), calls=1, outcome="4xx")
    row(day + timedelta(hours=24), calls=1000)
    row(day - timedelta(seconds=1), calls=1000)
    found = traffic(administrator, day)
    assert (found.total.calls, found.total.failed, found.total.bytes) == (100, 9, 110_000)
    assert [(line.key, line.calls, line.failed) for line in found.services] == [(ADDRESS, 80, 9), (OWNER, 20, 0)]
    assert [(line.key, line.calls) for line in found.consumers] == [(BANK, 91), (DESK, 9)]
    assert [(one.outcome, one.calls, one.failed) for one in found.outcomes] == [("2xx", 90, False), ("timeout", 9, True), ("4xx", 1, False)]
    assert found.services[0].name_mn == "Оршин суугаа газрын хаяг" and found.consumers[0].name_en == "Loan system"
    assert [(step.calls, step.failed) for step in found.steps] == [(90, 0), (0, 0), (0, 0), (10, 9), *[(0, 0)] * 20]


def test_percentiles_lie_where_the_calls_lie(day: datetime, administrator: Any) -> None:
    row(day, calls=90, milliseconds=12)
    row(day + timedelta(minutes=1), calls=8, milliseconds=180)
    row(day + timedelta(minutes=2), calls=2, milliseconds=2_500)
    total = traffic(administrator, day).total
    assert 10 <= total.p50_ms <= 14 and 150 <= total.p95_ms <= 200 and 2_000 <= total.p99_ms <= 3_000


def test_nothing_is_no_error(day: datetime, administrator: Any) -> None:
    found = traffic(administrator, day)
    assert (found.total.calls, found.total.p99_ms, found.services) == (0, 0.0, ()) and len(found.steps) == 24


def test_a_representative_sees_what_their_organisation_calls_and_serves(day: datetime) -> None:
    from toono.kernel.actor import Actor, Role

    row(day, calls=3)
    row(day, calls=5, client=DESK)
    row(day, calls=7, client=DESK, service=OWNER)

    def seen(organisation: str) -> int:
        found: int = traffic(Actor(role=Role.REPRESENTATIVE, person_id=uuid4(), organisation=organisation), day).total.calls
        return found

    assert (seen("khasar-bank"), seen("state-registration"), seen("auto-transport"), seen("police")) == (3, 8, 7, 0)
    bank = traffic(Actor(role=Role.REPRESENTATIVE, person_id=uuid4(), organisation="khasar-bank"), day)
    assert sum(step.calls for step in bank.steps) == 3 and [line.key for line in bank.services] == [ADDRESS]


def test_nobody_else_sees_it(day: datetime) -> None:
    from toono.kernel.actor import ANYBODY, Actor, Role, system
    from toono.kernel.errors import NotAllowed

    for actor in (
        ANYBODY, system("tests"), Actor(role=Role.CITIZEN, person_id=uuid4()), Actor(role=Role.OFFICER, person_id=uuid4(), organisation="police"),
        Actor(role=Role.REPRESENTATIVE, person_id=uuid4()), Actor(role=Role.ADMINISTRATOR),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            traffic(actor, day)


def gather(moment: datetime) -> int:
    from toono.exchange.operations.gather_traffic import gather as done
    from toono.kernel.clock import at

    with at(moment):
        return done()


def rows(day: datetime) -> int:
    from toono.exchange.models import Traffic

    return Traffic.objects.filter(at__gte=day, at__lt=day + timedelta(days=1)).count()


def test_an_hour_that_is_over_becomes_few_rows_and_every_sum_stays(day: datetime, administrator: Any) -> None:
    from toono.exchange.models import Traffic

    for ten in range(0, 360, 10):
        row(day + timedelta(seconds=ten * 10), calls=2, milliseconds=ten)
        row(day + timedelta(seconds=ten * 10), calls=1, outcome="timeout")
        row(day + timedelta(seconds=ten * 10), calls=1, gateway="second")
    row(day + timedelta(hours=1), calls=1)
    row(day + timedelta(hours=1, seconds=10), calls=1)
    before, ids = (
        traffic(administrator, day),
        set(Traffic.objects.filter(at__gte=day, at__lt=day + timedelta(days=1)).values_list("id", flat=True)),
    )
    assert rows(day) == 110
    assert gather(day + timedelta(hours=2, minutes=59)) == 0  # not over long enough
    assert gather(day + timedelta(hours=3)) == 1
    assert rows(day) == 5 and traffic(administrator, day) == before
    kept = Traffic.objects.filter(at__gte=day, at__lt=day + timedelta(hours=1))
    assert {entry.id for entry in kept} <= ids and all(entry.at == day + timedelta(seconds=3500) for entry in kept)
    assert gather(day + timedelta(hours=4)) == 1 and gather(day + timedelta(hours=5)) == 0
    assert traffic(administrator, day) == before


def test_what_is_cut_off_while_gathering_is_whole(day: datetime, administrator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.exchange.operations import gather_traffic

    row(day, calls=2)
    row(day + timedelta(seconds=10), calls=3)
    before = traffic(administrator, day)

    class Cut:
        """A power cut between removing and entering."""

        objects = None

        def __init__(self, **values: Any) -> None:
            raise SystemExit

    monkeypatch.setattr(gather_traffic, "Traffic", Cut)
    with pytest.raises(SystemExit):
        gather(day + timedelta(hours=4))
    assert rows(day) == 2 and traffic(administrator, day) == before


def test_calls_of_seven_days_by_pair(stack: Any) -> None:
    import toono.exchange.api as api
    from toono.kernel.clock import now

    service = f"MN/GOV/made-up/{uuid4().hex[:8]}/x"
    row(now() - timedelta(days=6), calls=4, service=service)
    row(now() - timedelta(hours=1), calls=5, service=service)
    row(now() - timedelta(days=8), calls=100, service=service)
    assert {pair: calls for pair, calls in api.call_counts().items() if pair[1] == service} == {(BANK, service): 9}


def test_the_page_and_the_table_for_spreadsheets(stack: Any, browser_client: Any) -> None:
    from toono.kernel.clock import now

    row(now() - timedelta(minutes=3), calls=12, service="=cmd|calc/GOV/x/y/z")
    anu = browser_client(stack.addresses["persons"]["anu"]["regnum"])
    for period in ("hour", "day", "week", "month", "nonsense", ""):
        page = anu.get("/admin/exchange/traffic", params={"period": period})
        assert page.status_code == 200 and '<svg role="img"' in page.text and "=cmd|calc" in page.text
    file = anu.get("/admin/exchange/traffic.csv?period=hour")
    assert file.headers["content-type"] == "text/csv; charset=utf-8" and "attachment" in file.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert int(next(line["calls"] for line in lines if line["dimension"] == "total")) >= 12
    [guarded] = [line for line in lines if "cmd|calc" in line["key"]]
    assert guarded["key"].startswith("'=")


def test_the_page_is_unknown_to_a_citizen(stack: Any, browser_client: Any) -> None:
    sarnai = browser_client(stack.addresses["persons"]["sarnai"]["regnum"])
    assert sarnai.get("/admin/exchange/traffic").status_code == 404
    assert sarnai.get("/admin/exchange/traffic.csv").status_code == 404


@pytest.mark.parametrize(
    ("largest", "top"), [(0, 1), (1, 1), (3, 5), (7, 10), (11, 20), (99, 100), (101, 200), (5_000, 5_000), (600_000, 1_000_000)]
)
def test_the_scale_of_the_chart_is_round(largest: int, top: int) -> None:
    assert ceiling(largest) == top


def test_the_chart_shows_failed_calls_above_the_others_and_escapes_labels() -> None:
    drawn = str(calls_chart([Bar("10:00", 10, 4), Bar("<b>", 0, 0), Bar("12:00", 2, 2)], title="Дуудлага", description="…"))
    assert drawn.count("<rect") == 3 and "&lt;b&gt;" in drawn and "style=" not in drawn
    assert drawn.count("#b3261e") == 2
