"""What OpenTelemetry and Prometheus see of a running gateway: the trace from the client to the provider, the counters, and no person in either."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from toono.exchange.tests.collector import Collector
from toono.exchange.tests.lab import DESK, PERSONS, Lab, RunningGateway, answer

pytest_plugins = ["toono.exchange.tests.stage"]

CIVIL_ID = "200000000012"
PERSON = f"/persons/{CIVIL_ID}"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="module")
def traced(lab: Lab, collector: Collector) -> Iterator[RunningGateway]:
    with lab.start(TOONO_TRACES_URL=collector.url) as running:
        yield running


def parent(sampled: bool = True) -> tuple[str, str, str]:
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    return trace, span, f"00-{trace}-{span}-0{int(sampled)}"


def test_a_trace_goes_from_the_client_through_the_gateway_to_the_provider(lab: Lab, traced: RunningGateway, collector: Collector) -> None:
    trace, span, line = parent()
    got = traced.call(lab.desk, PERSONS, f"{PERSON}?secret={CIVIL_ID}", traceparent=line, tracestate="vendor=1")
    assert got.status_code == 200
    spans = collector.trace(trace, spans=4)
    assert set(spans) == {"call", "seal request", "provider", "seal response"}
    assert spans["call"].parent == span
    assert {spans[name].parent for name in spans if name != "call"} == {spans["call"].span_id}
    attributes = spans["call"].attributes
    assert (attributes["toono.consumer"], attributes["toono.service"], attributes["http.response.status"]) == (DESK, PERSONS, 200)
    heard = lab.provider.heard[-1]
    assert heard.header("traceparent") == f"00-{trace}-{spans['provider'].span_id}-01"
    assert heard.header("tracestate") == "vendor=1"
    # what is signed and kept is the client's own header
    assert f"traceparent:{line}\r\n" in bytes(lab.log_of(got.headers["x-road-id"])[0]["head"]).decode()
    assert sum(spans[name].seconds for name in spans if name != "call") <= spans["call"].seconds


def test_a_call_that_is_not_done_tells_its_reason(lab: Lab, traced: RunningGateway, collector: Collector) -> None:
    trace, _, line = parent()
    lab.provider.speech = answer(body=b'{"civil_id": "1"}')
    assert traced.call(lab.desk, PERSONS, PERSON, traceparent=line).status_code == 500
    spans = collector.trace(trace, spans=3)
    assert spans["call"].failed
    assert spans["call"].attributes["error.type"] == "other_person"
    assert not spans["provider"].failed


def test_no_person_path_or_query_leaves_for_the_collector(lab: Lab, traced: RunningGateway, collector: Collector) -> None:
    trace, _, line = parent()
    traced.call(lab.desk, PERSONS, PERSON, traceparent=line, X_Road_UserId="УЗ01020304", X_Road_Issue="C-77")
    collector.trace(trace, spans=4)
    for secret in (CIVIL_ID, "/persons/", "secret=", "УЗ01020304", "C-77", "Сарнай", lab.desk.bearer):
        assert secret.encode() not in collector.raw, secret


def test_prometheus_reads_the_counters_of_a_running_gateway(lab: Lab, traced: RunningGateway) -> None:
    assert traced.call(lab.desk, PERSONS, PERSON).status_code == 200
    traced.call(lab.desk, PERSONS, PERSON, purpose="loan")
    traced.call(lab.desk, "MN/GOV/made/up/by-a-client", PERSON)
    got = httpx.get(traced.url + "/metrics")
    assert got.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(got.text):
        for sample in family.samples:
            series = found.setdefault(sample.name, {})
            assert tuple(sorted(sample.labels.items())) not in series
            series[tuple(sorted(sample.labels.items()))] = sample.value
    assert found["toono_exchange_service_calls_total"][(("consumer", DESK), ("outcome", "2xx"), ("service", PERSONS))] >= 1
    assert found["toono_exchange_service_calls_total"][(("consumer", DESK), ("outcome", "fault"), ("service", PERSONS))] >= 1
    assert "made/up" not in got.text
    assert CIVIL_ID not in got.text
    assert found["toono_exchange_age_grade"][(("of", "configuration"),)] == 0
    assert set(found["toono_exchange_certificate_grade"].values()) == {0}
    provider = (("provider", f"http://127.0.0.1:{lab.provider.port}"),)
    assert found["toono_exchange_provider_breaker"][provider] == 0
    assert found["toono_exchange_provider_connections"][provider] >= 1
    assert found["toono_exchange_log_healthy"] == {(): 1}
    assert found["toono_exchange_signatures_total"][()] >= 2
