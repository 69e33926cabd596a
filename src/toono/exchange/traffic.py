"""Reading what the gateways carried: calls by service, consumer and outcome, with durations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

import toono.registry.api as registry
from toono.exchange import limits
from toono.exchange.contracts import Traffic, TrafficLine, TrafficOutcome, TrafficStep
from toono.exchange.domain import partitions
from toono.exchange.domain.traffic import COUNTS, added, percentile

_CLOCKS: Final = timedelta(seconds=limits.LEDGER_ID_SECONDS)
_SUMS: Final = ", ".join(f"coalesce(sum(durations[{place}]), 0)::bigint" for place in range(1, COUNTS + 1))
_WINDOW: Final = "at >= %(since)s AND at < %(until)s AND id >= %(first)s AND id < %(last)s"
_OF_ORGANISATION: Final = (
    "(%(organisation)s::text IS NULL OR split_part(client, '/', 3) = %(organisation)s OR split_part(service, '/', 3) = %(organisation)s)"
)
_GROUPS: Final = (
    f"SELECT service, client, outcome, sum(calls)::bigint, sum(request_bytes + response_bytes)::bigint, {_SUMS} FROM exchange_traffic"  # noqa: S608
    f" WHERE {_WINDOW} AND {_OF_ORGANISATION} GROUP BY service, client, outcome"
)
_STEPS: Final = (
    "SELECT date_bin(%(step)s, at, %(since)s), outcome, sum(calls)::bigint FROM exchange_traffic"  # noqa: S608
    f" WHERE {_WINDOW} AND {_OF_ORGANISATION} GROUP BY 1, 2"
)
_PAIRS: Final = f"SELECT client, service, sum(calls)::bigint FROM exchange_traffic WHERE {_WINDOW} GROUP BY client, service"  # noqa: S608


@dataclass
class _Sum:
    calls: int = 0
    failed: int = 0
    bytes: int = 0
    durations: list[int] = field(default_factory=lambda: [0] * COUNTS)

    def add(self, calls: int, failed: bool, size: int, durations: list[int]) -> None:
        self.calls += calls
        self.failed += calls if failed else 0
        self.bytes += size
        self.durations = added(self.durations, durations)


def _failed(outcome: str) -> bool:
    """Whether the call brought no answer of the provider, or one that tells of the provider's own fault. A refusal by the provider (4xx) is an answer."""
    return outcome not in {"1xx", "2xx", "3xx", "4xx"}


def _window(since: datetime, until: datetime) -> dict[str, Any]:
    return {"since": since, "until": until, "first": partitions.floor(since - _CLOCKS), "last": partitions.floor(until + _CLOCKS)}


def traffic(*, since: datetime, until: datetime, step: timedelta, organisation: str | None) -> Traffic:
    """What was carried from ``since`` to before ``until``, with one number of calls for each ``step``.

    :param organisation: code of the only organisation whose calls count, made or served; None: of any.
    """
    values = {**_window(since, until), "organisation": organisation, "step": step}
    total, services, consumers, outcomes = _Sum(), dict[str, _Sum](), dict[str, _Sum](), dict[str, int]()
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, values)
        for service, client, outcome, calls, size, *durations in cursor.fetchall():
            for one in (total, services.setdefault(service, _Sum()), consumers.setdefault(client, _Sum())):
                one.add(calls, _failed(outcome), size, durations)
            outcomes[outcome] = outcomes.get(outcome, 0) + calls
        cursor.execute(_STEPS, values)
        steps = _steps(cursor.fetchall(), since, until, step)
    names = registry.names([*services, *consumers])
    return Traffic(
        since=since, until=until, total=_line("", total, names), services=_lines(services, names), consumers=_lines(consumers, names),
        outcomes=tuple(
            TrafficOutcome(outcome=outcome, failed=_failed(outcome), calls=calls)
            for outcome, calls in sorted(outcomes.items(), key=lambda item: (-item[1], item[0]))
        ),
        steps=steps,
    )  # fmt: skip


def _steps(rows: Iterable[tuple[datetime, str, int]], since: datetime, until: datetime, step: timedelta) -> tuple[TrafficStep, ...]:
    calls: dict[datetime, int] = {}
    failed: dict[datetime, int] = {}
    for begin, outcome, count in rows:
        calls[begin] = calls.get(begin, 0) + count
        failed[begin] = failed.get(begin, 0) + (count if _failed(outcome) else 0)
    begins = [since + step * number for number in range(-(-(until - since) // step))]
    return tuple(TrafficStep(begin=begin, calls=calls.get(begin, 0), failed=failed.get(begin, 0)) for begin in begins)


def _lines(sums: dict[str, _Sum], names: dict[str, tuple[str, str]]) -> tuple[TrafficLine, ...]:
    most: Callable[[tuple[str, _Sum]], tuple[int, str]] = lambda item: (-item[1].calls, item[0])  # noqa: E731
    return tuple(_line(key, one, names) for key, one in sorted(sums.items(), key=most)[: limits.TRAFFIC_LINES])


def _line(key: str, one: _Sum, names: dict[str, tuple[str, str]]) -> TrafficLine:
    mn, en = names.get(key, (key, key))
    return TrafficLine(
        key=key, name_mn=mn, name_en=en, calls=one.calls, failed=one.failed, bytes=one.bytes, p50_ms=percentile(one.durations, 50),
        p95_ms=percentile(one.durations, 95), p99_ms=percentile(one.durations, 99),
    )  # fmt: skip


def call_counts(*, since: datetime, until: datetime) -> dict[tuple[str, str], int]:
    """Calls by consumer and service."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, _window(since, until))
        return {(client, service): calls for client, service, calls in cursor.fetchall()}
