"""How the gateway is: for whoever balances the load, and for whoever watches it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final

from toono.exchange.domain.ageing import Grade
from toono.exchange.domain.policy import BreakerState
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.metrics import Sample

_BREAKERS: Final = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


def ready(shared: Shared, moment: datetime, *, signer: bool) -> tuple[int, dict[str, Any]]:
    """HTTP status and state. ``ok``; ``degraded``: calls are served, but something grows old or is broken for some of them; ``unavailable``: send calls elsewhere.

    :param signer: whether the signer answers.
    """
    index, fetched = shared.configuration.index, shared.configuration.fetched_at
    grade, ageing = shared.ageing.report(index, moment)
    state = "unavailable" if grade is Grade.DEAD or not signer or not shared.log.healthy else "degraded" if grade is Grade.STALE else "ok"
    return 503 if state == "unavailable" else 200, {
        "status": "draining" if shared.draining and state != "unavailable" else state,
        "configuration": {
            "version": index.version if index else None,
            "expires_at": index.expires_at.astimezone(UTC).isoformat() if index else None,
            "usable": index is not None and shared.ageing.configuration(index, moment).grade is not Grade.DEAD,
            "registry_answered_seconds_ago": round((moment - fetched).total_seconds(), 1) if fetched else None,
        },
        "ageing": ageing,
        "signer": "ok" if signer else "unavailable",
        "database": "ok" if shared.log.healthy else "unavailable",
        "calls_in_flight": shared.calls_in_flight,
        "log_waiting": shared.log.waiting,
    }


def observe(shared: Shared, call: Call, outcome: str) -> None:
    """What is counted and traced of one call that has ended.

    :param outcome: class of the answer's status, ``client_gone``, or the reason of a fault.
    """
    seconds = perf_counter() - call.started
    shared.metrics.call_seconds.observe(seconds)
    answered = call.answer is not None and outcome.endswith("xx")
    client, service = getattr(call, "client", None), getattr(call, "service", None)
    if client is not None and service is not None:
        shared.metrics.count(consumer=client.id, service=service.entry.id, outcome=outcome if answered else "fault", seconds=seconds)
    if call.trace is not None:
        if client is not None and service is not None:
            call.trace.describe(toono_consumer=client.id, toono_service=service.entry.id)
        if call.request_logged:
            call.trace.describe(toono_request=str(call.request_id))
        if call.answer is not None:
            call.trace.describe(http_response_status=call.answer.status)
        call.trace.end(reason=None if answered else outcome)


def metrics(shared: Shared, moment: datetime) -> str:
    """Everything that is counted, with the gauges of the moment, as Prometheus reads it."""
    counters = {
        "log_commits_total": shared.log.commits,
        "log_entries_total": shared.log.entries,
        "signatures_total": shared.sealer.signatures,
    }
    return shared.metrics.text(_gauges(shared, moment), counters)


def _gauges(shared: Shared, moment: datetime) -> Iterator[Sample]:
    index = shared.configuration.index
    yield Sample("configuration_version", index.version if index else 0)
    yield Sample("configuration_seconds_left", (index.expires_at - moment).total_seconds() if index else 0)
    yield Sample("calls_in_flight", shared.calls_in_flight)
    yield Sample("body_bytes_in_flight", shared.body_bytes_in_flight)
    yield Sample("log_waiting", shared.log.waiting)
    yield Sample("log_healthy", shared.log.healthy)
    yield Sample("signing_failures", shared.sealer.failures)
    if index is not None:
        yield Sample("age_grade", shared.ageing.configuration(index, moment).grade, (("of", "configuration"),))
        yield Sample("age_grade", shared.ageing.stamps(index, moment).grade, (("of", "time-stamps"),))
        for member, grade in shared.ageing.certificates(index, moment).items():
            yield Sample("certificate_grade", grade, (("member", member),))
    for address, state, count in shared.providers.state():
        yield Sample("provider_breaker", _BREAKERS[state], (("provider", address),))
        yield Sample("provider_connections", count, (("provider", address),))
