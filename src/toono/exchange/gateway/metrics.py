"""Counters of this process, in the text format of Prometheus. No person, message or path stands in them, and their number is bounded.

Consumers and services are named only where the configuration knows them; a client cannot make up a series.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from toono.exchange import limits

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_PREFIX: Final = "toono_exchange_"
OTHER: Final = "other"
"""Stands for whatever has no series of its own any more."""

Labels = tuple[tuple[str, str], ...]


class Sample(NamedTuple):
    """One value of the moment; ``name`` without the prefix."""

    name: str
    value: float
    labels: Labels = ()


def _text(labels: Iterable[tuple[str, str]]) -> str:
    """``{name="value",…}``, escaped as the format asks."""
    parts = [
        f'{name}="{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34)).replace(chr(10), chr(92) + "n")}"'
        for name, value in labels
    ]
    return f"{{{','.join(parts)}}}" if parts else ""


def _head(name: str, kind: str, meaning: str) -> list[str]:
    return [f"# HELP {_PREFIX}{name} {meaning}", f"# TYPE {_PREFIX}{name} {kind}"]


class Histogram:
    """Durations in seconds."""

    __slots__ = ("_counts", "_sum")

    def __init__(self) -> None:
        self._counts = [0] * (len(_BUCKETS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(_BUCKETS, seconds)] += 1
        self._sum += seconds

    def lines(self, name: str, labels: Labels = ()) -> list[str]:
        """Its series, without their head."""
        lines = []
        total = 0
        for bound, count in zip([*map(str, _BUCKETS), "+Inf"], self._counts, strict=True):
            total += count
            lines.append(f"{_PREFIX}{name}_bucket{_text((*labels, ('le', bound)))} {total}")
        return [*lines, f"{_PREFIX}{name}_sum{_text(labels)} {self._sum:.6f}", f"{_PREFIX}{name}_count{_text(labels)} {total}"]


class Metrics:
    """What the gateway counts."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        """Answers passed on, by class of status: ``2xx``."""
        self.errors: Counter[tuple[str, str]] = Counter()
        """Faults, by type and reason."""
        self.call_seconds = Histogram()
        self.provider_seconds = Histogram()
        self._pairs: Counter[tuple[str, str, str]] = Counter()
        self._services: dict[str, Histogram] = {}

    def count(self, *, consumer: str, service: str, outcome: str, seconds: float) -> None:
        """One call between a consumer and a service of the configuration.

        :param outcome: class of status, or ``fault``.
        """
        key = consumer, service, outcome
        if key not in self._pairs and len(self._pairs) >= limits.METRIC_PAIRS:
            key = OTHER, OTHER, outcome
        self._pairs[key] += 1
        name = service if service in self._services or len(self._services) < limits.METRIC_SERVICES else OTHER
        histogram = self._services.get(name)
        if histogram is None:
            histogram = self._services[name] = Histogram()
        histogram.observe(seconds)

    def text(self, gauges: Iterable[Sample], counters: Mapping[str, float]) -> str:
        """Everything, with ``gauges`` of the moment and ``counters`` that others keep."""
        lines = _head("calls_total", "counter", "Provider answers passed on.")
        lines += [f"{_PREFIX}calls_total{_text([('status', status)])} {count}" for status, count in sorted(self.calls.items())]
        lines += _head("errors_total", "counter", "Calls that were not done.")
        lines += [
            f"{_PREFIX}errors_total{_text([('type', kind), ('reason', reason)])} {count}"
            for (kind, reason), count in sorted(self.errors.items())
        ]
        lines += _head("service_calls_total", "counter", "Calls by consumer, service and outcome.")
        lines += [
            f"{_PREFIX}service_calls_total{_text([('consumer', consumer), ('service', service), ('outcome', outcome)])} {count}"
            for (consumer, service, outcome), count in sorted(self._pairs.items())
        ]
        lines += _head("service_seconds", "histogram", "From the head of a request to its answer, by service.")
        for service, histogram in sorted(self._services.items()):
            lines += histogram.lines("service_seconds", (("service", service),))
        lines += [
            *_head("call_seconds", "histogram", "From the head of a request to its answer."),
            *self.call_seconds.lines("call_seconds"),
        ]
        lines += [*_head("provider_seconds", "histogram", "Waiting for the provider."), *self.provider_seconds.lines("provider_seconds")]
        for name, value in counters.items():
            lines += [f"# TYPE {_PREFIX}{name} counter", f"{_PREFIX}{name} {value:g}"]
        return "\n".join([*lines, *_gauge_lines(gauges)]) + "\n"


def _gauge_lines(gauges: Iterable[Sample]) -> list[str]:
    """Samples of one name stand together, as the format asks."""
    by_name: dict[str, list[Sample]] = {}
    for sample in gauges:
        by_name.setdefault(sample.name, []).append(sample)
    lines = []
    for name, samples in by_name.items():
        lines.append(f"# TYPE {_PREFIX}{name} gauge")
        lines += [f"{_PREFIX}{name}{_text(sample.labels)} {sample.value:g}" for sample in samples]
    return lines
