"""Counters that Prometheus reads and traces that OpenTelemetry reads, bounded in number and without persons."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from toono.exchange import limits
from toono.exchange.gateway.metrics import OTHER, Metrics, Sample
from toono.exchange.gateway.telemetry import Parent, Traces, parent_of
from toono.exchange.tests.collector import Collector

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


# -- the client's trace ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "sampled"),
    [(SAMPLED, True), (f"00-{TRACE}-{SPAN}-00", False), (f"00-{TRACE}-{SPAN}-ff", True), (f"cc-{TRACE}-{SPAN}-01-what-the-future-brings", True)],
)  # fmt: skip
def test_the_clients_span_is_read(line: str, sampled: bool) -> None:
    assert parent_of([("accept", "*/*"), ("traceparent", line)]) == Parent(int(TRACE, 16), int(SPAN, 16), sampled)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [SAMPLED, SAMPLED],
        [f"00-{'0' * 32}-{SPAN}-01"],
        [f"00-{TRACE}-{'0' * 16}-01"],
        [f"ff-{TRACE}-{SPAN}-01"],
        [f"00-{TRACE}-{SPAN}-01-more"],
        [SAMPLED.upper()],
        [f"00-{TRACE}-{SPAN}"],
    ],
    ids=["none", "two", "no trace", "no span", "forbidden version", "too long", "capitals", "too short"],
)  # fmt: skip
def test_a_span_named_wrongly_begins_a_trace_anew(lines: list[str]) -> None:
    assert parent_of([("traceparent", line) for line in lines]) is None


def test_a_call_continues_its_clients_trace_and_the_provider_continues_the_gateways(collector: Collector) -> None:
    async def work() -> list[tuple[str, str]]:
        traces = Traces(collector.url, gateway="main")
        trace = traces.begin("GET", [("traceparent", SAMPLED)])
        assert trace is not None
        for step in ("limits", "log request"):
            with trace.step(step):
                pass
        with trace.step("forward"):
            sent = trace.outgoing([("x-road-id", "1"), ("traceparent", SAMPLED), ("tracestate", "a=b")])
        with trace.step("log response"):
            pass
        trace.describe(toono_service="MN/GOV/x/y/z")
        trace.end()
        await traces.close()
        return sent

    sent = asyncio.run(work())
    spans = collector.trace(TRACE, spans=4)
    assert set(spans) == {"call", "seal request", "provider", "seal response"}
    assert (spans["call"].parent, spans["call"].kind, spans["call"].service) == (SPAN, 2, "toono-gateway")  # SPAN_KIND_SERVER
    assert {spans[name].parent for name in ("seal request", "provider", "seal response")} == {spans["call"].span_id}
    assert sent == [("x-road-id", "1"), ("tracestate", "a=b"), ("traceparent", f"00-{TRACE}-{spans['provider'].span_id}-01")]
    assert spans["call"].attributes == {"http.request.method": "GET", "toono.service": "MN/GOV/x/y/z"}


def test_what_went_wrong_stands_at_its_span(collector: Collector) -> None:
    async def work() -> None:
        traces = Traces(collector.url, gateway="main")
        trace = traces.begin("GET", [("traceparent", SAMPLED)])
        assert trace is not None
        with pytest.raises(ValueError, match="Сарнай"), trace.step("forward"):
            raise ValueError("Сарнай")
        trace.end(reason="timeout")
        await traces.close()

    asyncio.run(work())
    spans = collector.trace(TRACE, spans=2)
    assert spans["call"].failed
    assert spans["provider"].failed
    assert spans["call"].attributes["error.type"] == "timeout"
    assert "Сарнай".encode() not in collector.raw  # what an exception says may be about a person


def test_only_a_part_of_the_calls_is_traced_and_never_too_many(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> tuple[int, int]:
        traces = Traces(collector.url, gateway="main")
        monkeypatch.setattr("random.random", iter([limits.TRACED_PART, *[0.0] * 3, *[1.0] * 500]).__next__)
        unasked = sum(traces.begin("GET", []) is not None for _ in range(4))
        asked = sum(traces.begin("GET", [("traceparent", SAMPLED)]) is not None for _ in range(200))
        await traces.close()
        return unasked, asked

    unasked, asked = asyncio.run(work())
    assert unasked == 3
    assert limits.TRACES_PER_SECOND - 3 <= asked <= limits.TRACES_PER_SECOND + 20


def test_the_packages_of_tracing_are_not_loaded_without_a_collector() -> None:
    program = (
        "import sys; from toono.exchange.gateway.telemetry import Traces; Traces('', gateway='x').begin('GET', []); "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_a_collector_nothing_is_traced() -> None:
    traces = Traces("", gateway="main")
    assert traces.begin("GET", [("traceparent", SAMPLED)]) is None
    asyncio.run(traces.close())


def test_a_collector_that_is_not_there_holds_nobody_up() -> None:
    async def work() -> None:
        traces = Traces("http://127.0.0.1:9/v1/traces", gateway="main")
        for _ in range(20):
            trace = traces.begin("GET", [("traceparent", SAMPLED)])
            if trace is not None:
                trace.end()
        async with asyncio.timeout(limits.TRACES_CLOSE_SECONDS + 1):
            await traces.close()

    asyncio.run(work())


# -- counters -------------------------------------------------------------------------------------------------------


def _read(metrics: Metrics, gauges: tuple[Sample, ...] = ()) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(metrics.text(gauges, {"log_commits_total": 7})):
        for sample in family.samples:
            series = found.setdefault(sample.name, {})
            key = tuple(sorted(sample.labels.items()))
            assert key not in series, f"{sample.name} {key} stands twice"
            series[key] = sample.value
    return found


def test_prometheus_reads_what_was_counted() -> None:
    metrics = Metrics()
    metrics.calls["2xx"] += 2
    metrics.errors["server.serverproxy.access_denied", "no_agreement"] += 1
    for seconds in (0.0005, 0.003, 99.0):
        metrics.count(consumer="MN/GOV/a/b", service="MN/GOV/c/d/e", outcome="2xx", seconds=seconds)
        metrics.call_seconds.observe(seconds)
    found = _read(metrics, (Sample("age_grade", 1, (("of", "configuration"),)), Sample("calls_in_flight", 3)))
    assert found["toono_exchange_calls_total"] == {(("status", "2xx"),): 2}
    assert found["toono_exchange_errors_total"][(("reason", "no_agreement"), ("type", "server.serverproxy.access_denied"))] == 1
    assert found["toono_exchange_service_calls_total"] == {(("consumer", "MN/GOV/a/b"), ("outcome", "2xx"), ("service", "MN/GOV/c/d/e")): 3}
    assert found["toono_exchange_service_seconds_count"] == {(("service", "MN/GOV/c/d/e"),): 3}
    buckets = found["toono_exchange_call_seconds_bucket"]
    assert [buckets[(("le", bound),)] for bound in ("0.001", "0.0025", "0.005", "60.0", "+Inf")] == [1, 1, 2, 2, 3]
    assert found["toono_exchange_age_grade"] == {(("of", "configuration"),): 1}
    assert found["toono_exchange_calls_in_flight"] == {(): 3}
    assert found["toono_exchange_log_commits_total"] == {(): 7}


def test_a_label_cannot_break_out_of_its_quotes() -> None:
    metrics = Metrics()
    strange = 'a"} 1\nb\\'
    metrics.count(consumer=strange, service="s", outcome="2xx", seconds=0)
    assert list(_read(metrics)["toono_exchange_service_calls_total"]) == [(("consumer", strange), ("outcome", "2xx"), ("service", "s"))]


def test_the_number_of_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "METRIC_PAIRS", 10)
    monkeypatch.setattr(limits, "METRIC_SERVICES", 5)
    metrics = Metrics()
    for number in range(1000):
        metrics.count(consumer="c", service=f"s{number}", outcome="2xx", seconds=0.1)
    found = _read(metrics)
    calls = found["toono_exchange_service_calls_total"]
    assert len(calls) == 11
    assert calls[(("consumer", OTHER), ("outcome", "2xx"), ("service", OTHER))] == 990
    assert len(found["toono_exchange_service_seconds_count"]) == 6
    assert sum(calls.values()) == sum(found["toono_exchange_service_seconds_count"].values()) == 1000
