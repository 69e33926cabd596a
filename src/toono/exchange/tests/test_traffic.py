"""What the gateway carries is counted once, written once, and keeps agreements within their rates and quotas."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.exchange import limits
from toono.exchange.domain import traffic as histogram
from toono.exchange.domain.faults import Fault
from toono.exchange.gateway import traffic as module
from toono.exchange.gateway.database import Database, DatabaseUnavailable
from toono.exchange.gateway.traffic import Carried, Traffic
from toono.exchange.tests.lab import PURPOSES
from toono.registry.contracts import Agreement

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # a Monday, twelve o'clock in Ulaanbaatar
CARRIED = Carried("MN/C/c/s", "MN/G/p/s/x", "A", "2xx", "", 10, 200, 0.0125)

# -- the histogram ----------------------------------------------------------------------------------------------------


def test_every_duration_has_its_place() -> None:
    assert [histogram.bucket(s) for s in (0, 0.001, 0.0011, 0.0125, 60.0, 60.1, 1e9)] == [0, 0, 1, 7, 29, 30, 30]
    assert list(histogram.BOUNDS_MS) == sorted(set(histogram.BOUNDS_MS)) and histogram.COUNTS == 31


@given(st.lists(st.floats(0.0001, 59), min_size=1, max_size=300), st.floats(1, 100))
def test_a_percentile_is_off_by_less_than_the_place_is_wide(seconds: list[float], q: float) -> None:
    counts = [0] * histogram.COUNTS
    for s in seconds:
        counts[histogram.bucket(s)] += 1
    exact = sorted(seconds)[max(0, ceil(len(seconds) * q / 100) - 1)] * 1000
    place = histogram.bucket(exact / 1000)
    lower = histogram.BOUNDS_MS[place - 1] if place else 0
    assert lower <= histogram.percentile(counts, q) <= histogram.BOUNDS_MS[place]


def test_percentiles_of_nothing_and_of_what_took_too_long() -> None:
    assert histogram.percentile([0] * histogram.COUNTS, 50) == 0
    assert histogram.percentile([0] * 30 + [5], 99) == 60_000
    assert histogram.added([1] * 31, [2] * 31) == [3] * 31
    with pytest.raises(ValueError, match="zip"):
        histogram.added([1], [1, 2])


# -- a table in memory: several processes meet in it ------------------------------------------------------------------


class Table(Database):
    """The table of traffic. ``fails`` says how the next writes end: ``lost`` writes, but nobody hears of it."""

    def __init__(self) -> None:
        self.rows: dict[UUID, dict[str, Any]] = {}
        self.fails: list[str] = []
        self.reads: list[datetime] = []

    async def fetch(self, query: str, values: Sequence[Any] = (), *, seconds: float = 1) -> list[tuple[Any, ...]]:
        if "INSERT" in query:
            failure = self.fails.pop(0) if self.fails else ""
            if failure != "down":
                for row in json.loads(values[0]):
                    self.rows.setdefault(UUID(row["id"]), row)
            if failure:
                raise DatabaseUnavailable(failure)
            return []
        since, names = values
        self.reads.append(since)
        found = [(key, datetime.fromisoformat(r["at"]), r["agreement"], r["calls"]) for key, r in self.rows.items()]
        return [row for row in found if row[1] >= since and row[2] in names]

    async def close(self) -> None:
        pass

    def calls(self, agreement: str) -> int:
        return sum(row["calls"] for row in self.rows.values() if row["agreement"] == agreement)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    moment = [NOON]
    monkeypatch.setattr(module, "now", lambda: moment[0])
    return moment


def agreement(**more: Any) -> Agreement:
    values = {
        "id": "A",
        "consumer": "c",
        "service": "s",
        "purposes": (PURPOSES["loan"],),
        "valid_from": NOON,
        "valid_until": NOON + timedelta(days=9),
    }
    return Agreement.model_validate(values | more)


def admitted(traffic: Traffic, wanted: Agreement, count: int, moment: datetime = NOON) -> int:
    """How many of ``count`` calls get in; each is carried."""
    good = 0
    for _ in range(count):
        try:
            traffic.admit(wanted, moment)
        except Fault:
            continue
        traffic.record(CARRIED._replace(let_in_by="A"), moment)
        good += 1
    return good


def turn(*processes: Traffic, everything: bool = False) -> None:
    async def both() -> None:
        for process in processes:
            await process.read()
            await process.write(everything=everything)

    asyncio.run(both())


def test_calls_are_written_as_one_row_for_each_outcome(clock: list[datetime]) -> None:
    table = Table()
    traffic = Traffic(table, "main")
    for seconds in (0.0125, 0.0125, 3.0):
        traffic.record(CARRIED._replace(seconds=seconds), NOON)
    traffic.record(CARRIED._replace(outcome="timeout", response_bytes=0), NOON)
    turn(traffic, everything=True)
    rows = {row["outcome"]: row for row in table.rows.values()}
    assert rows.keys() == {"2xx", "timeout"}
    good = rows["2xx"]
    assert (good["calls"], good["request_bytes"], good["response_bytes"], good["gateway"], good["client"]) == (
        3,
        30,
        600,
        "main",
        "MN/C/c/s",
    )
    assert (good["durations"][7], good["durations"][23], sum(good["durations"])) == (2, 1, 3) and datetime.fromisoformat(good["at"]) == NOON
    turn(traffic, everything=True)
    assert len(table.rows) == 2


def test_a_write_of_unknown_outcome_is_counted_once(clock: list[datetime]) -> None:
    table = Table()
    traffic = Traffic(table, "main")
    traffic.record(CARRIED, NOON)
    for failure in ("lost", "down", "lost"):
        table.fails = [failure]
        with pytest.raises(DatabaseUnavailable):
            turn(traffic, everything=True)
        traffic.record(CARRIED, NOON)
    turn(traffic, everything=True)
    turn(traffic, everything=True)
    assert table.calls("A") == 4


def test_the_end_writes_what_waits(clock: list[datetime]) -> None:
    table = Table()
    traffic = Traffic(table, "main")
    traffic.record(CARRIED, NOON)
    table.fails = ["down"]
    with pytest.raises(DatabaseUnavailable):
        turn(traffic, everything=True)
    traffic.record(CARRIED, NOON)
    asyncio.run(traffic.close())
    assert table.calls("A") == 2


def test_an_end_without_a_database_is_an_end(clock: list[datetime]) -> None:
    table = Table()
    table.fails = ["down"] * 9
    traffic = Traffic(table, "main")
    traffic.record(CARRIED, NOON)
    asyncio.run(traffic.close())
    assert not table.rows


def test_what_waits_is_bounded(clock: list[datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRAFFIC_KEYS", 3)
    table = Table()
    traffic = Traffic(table, "main")
    for n in range(10):
        traffic.record(CARRIED._replace(client=f"c{n}"), NOON)
    turn(traffic, everything=True)
    assert len(table.rows) == 4 and sum(row["calls"] for row in table.rows.values()) == 10


def test_calls_of_yesterday_are_written_as_yesterdays(clock: list[datetime]) -> None:
    table = Table()
    traffic = Traffic(table, "main")
    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    traffic.record(CARRIED, midnight - timedelta(seconds=1))
    traffic.record(CARRIED, midnight)
    clock[0] = midnight + timedelta(seconds=5)
    turn(traffic, everything=True)
    assert sorted(datetime.fromisoformat(row["at"]) < midnight for row in table.rows.values()) == [False, True]


# -- quotas -----------------------------------------------------------------------------------------------------------


def test_a_quota_is_exact_in_one_process_and_says_what_is_left_and_when_it_comes_back(clock: list[datetime]) -> None:
    traffic, wanted = Traffic(Table(), "main"), agreement(quota_per_day=3)
    assert traffic.left(wanted, NOON) == 3
    assert [traffic.admit(wanted, NOON) for _ in range(3)] == [2, 1, 0]
    for _ in range(2):
        with pytest.raises(Fault) as refused:
            traffic.admit(wanted, NOON)
        assert (refused.value.reason, refused.value.retry_after) == ("quota_exceeded", 12 * 3600)
    assert traffic.left(wanted, NOON) == 0
    assert traffic.admit(wanted, NOON + timedelta(hours=12)) == 2
    assert traffic.admit(agreement(), NOON) is None and traffic.left(agreement(), NOON) is None


def test_a_quota_stays_exact_while_its_counts_are_written_and_read_back(clock: list[datetime]) -> None:
    table = Table()
    traffic, wanted = Traffic(table, "main"), agreement(quota_per_day=100)
    for n in range(30):
        assert admitted(traffic, wanted, 3) == 3
        table.fails = [["", "lost", "down"][n % 3]]
        with contextlib.suppress(DatabaseUnavailable):
            turn(traffic)
        assert traffic.left(wanted, NOON) == 100 - 3 * (n + 1)
    assert admitted(traffic, wanted, 50) == 10


def test_several_gateways_share_a_quota(clock: list[datetime]) -> None:
    table, wanted = Table(), agreement(quota_per_day=100)
    gateways = [Traffic(table, "main"), Traffic(table, "main"), Traffic(table, "second")]
    carried = 0
    for _ in range(30):
        carried += sum(admitted(gateway, wanted, 2) for gateway in gateways)
        turn(*gateways)
        clock[0] += timedelta(seconds=2)
    assert 100 <= carried <= 106
    assert table.calls("A") == carried
    assert all(gateway.left(wanted, clock[0]) == 0 for gateway in gateways)


def test_a_gateway_that_starts_again_knows_what_was_used_today(clock: list[datetime]) -> None:
    table, wanted = Table(), agreement(quota_per_day=50)
    first = Traffic(table, "main")
    admitted(first, wanted, 40)
    turn(first)
    clock[0] += timedelta(hours=3)
    second = Traffic(table, "main")
    assert admitted(second, wanted, 1, clock[0]) == 1
    turn(second)
    assert second.left(wanted, clock[0]) == 9
    assert admitted(second, wanted, 30, clock[0]) == 9


def test_a_row_that_is_committed_late_is_heard_and_heard_once(clock: list[datetime]) -> None:
    table, wanted = Table(), agreement(quota_per_day=50)
    traffic = Traffic(table, "main")
    admitted(traffic, wanted, 1)
    turn(traffic)
    late = {"id": str(uuid4()), "at": clock[0].isoformat(), "agreement": "A", "calls": 7}
    clock[0] += timedelta(seconds=40)
    table.rows[UUID(str(late["id"]))] = late
    for _ in range(40):
        turn(traffic)
        clock[0] += timedelta(seconds=4)
    assert traffic.left(wanted, clock[0]) == 42
    assert min(table.reads[5:]) > NOON - timedelta(minutes=2)  # not the whole day again and again


def test_midnight_gives_the_quota_back_to_all_gateways(clock: list[datetime]) -> None:
    table, wanted = Table(), agreement(quota_per_day=10)
    gateways = [Traffic(table, "one"), Traffic(table, "two")]
    clock[0] = midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    clock[0] -= timedelta(seconds=3)
    assert (admitted(gateways[0], wanted, 9, clock[0]), admitted(gateways[1], wanted, 1, clock[0])) == (9, 1)
    turn(*gateways)
    clock[0] = midnight + timedelta(seconds=1)
    turn(*gateways)
    assert admitted(gateways[0], wanted, 6, clock[0]) == 6
    turn(*gateways, everything=True)
    clock[0] += timedelta(hours=9)  # the other has no call until the morning
    assert admitted(gateways[1], wanted, 1, clock[0]) == 1
    turn(*gateways)
    assert gateways[1].left(wanted, clock[0]) == 3


def test_a_call_of_which_the_provider_never_heard_uses_nothing(clock: list[datetime]) -> None:
    table, wanted = Table(), agreement(quota_per_day=10)
    traffic = Traffic(table, "main")
    traffic.admit(wanted, NOON)
    traffic.record(CARRIED._replace(agreement="", outcome="database_unavailable", let_in_by="A"), NOON)
    assert traffic.left(wanted, NOON) == 10
    turn(traffic, everything=True)
    assert traffic.left(wanted, NOON) == 10 and table.calls("") == 1


# -- rates ------------------------------------------------------------------------------------------------------------


def test_a_rate_refuses_with_the_seconds_to_wait_and_uses_no_quota(clock: list[datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: seconds[0])
    traffic, wanted = Traffic(Table(), "main"), agreement(rate_per_second=5, quota_per_day=100)
    assert admitted(traffic, wanted, 20) == 5
    with pytest.raises(Fault) as refused:
        traffic.admit(wanted, NOON)
    assert (refused.value.reason, refused.value.retry_after) == ("rate_exceeded", 1)
    assert traffic.left(wanted, NOON) == 95
    seconds[0] += 0.5
    assert admitted(traffic, wanted, 20) == 2
    assert admitted(traffic, agreement(rate_per_second=9), 20) == 9  # a new version of the agreement counts at once


def test_several_gateways_come_to_share_a_rate_and_one_alone_gives_it_whole(clock: list[datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: seconds[0])
    table, wanted = Table(), agreement(rate_per_second=100)
    one, two, three = (Traffic(table, "main") for _ in range(3))

    def let_in(*busy: Traffic) -> list[int]:
        """Calls each lets in within ten seconds, of more than it can let in."""
        counts = [0] * len(busy)
        for tick in range(100):
            for place, process in enumerate(busy):
                counts[place] += admitted(process, wanted, 60, clock[0])
            seconds[0] += 0.1
            clock[0] += timedelta(seconds=0.1)
            if tick % 20 == 19:
                turn(one, two, three)
        return counts

    assert let_in(one)[0] == pytest.approx(1090, abs=15)  # the burst first
    let_in(one, two, three)
    shared = let_in(one, two, three)
    assert sum(shared) == pytest.approx(1000, rel=0.1) and min(shared) > 200
    let_in(two)
    assert let_in(two)[0] == pytest.approx(1000, rel=0.02)


def test_a_full_quota_uses_no_rate(clock: list[datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "monotonic", lambda: 1000.0)
    traffic = Traffic(Table(), "main")
    assert admitted(traffic, agreement(rate_per_second=5, quota_per_day=3), 20) == 3
    assert admitted(traffic, agreement(rate_per_second=5, quota_per_day=9), 20) == 2
