"""Counters of this process, in the text format of Prometheus. No person, message or path stands in them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Histogram:
    """Durations in seconds."""

    def __init__(self, name: str, meaning: str) -> None:
        self._name, self._meaning = name, meaning
        self._counts = [0] * (len(_BUCKETS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(_BUCKETS, seconds)] += 1
        self._sum += seconds

    def lines(self) -> list[str]:
        lines = [f"# HELP {self._name} {self._meaning}", f"# TYPE {self._name} histogram"]
        total = 0
        for bound, count in zip([*map(str, _BUCKETS), "+Inf"], self._counts, strict=True):
            total += count
            lines.append(f'{self._name}_bucket{{le="{bound}"}} {total}')
        return [*lines, f"{self._name}_sum {self._sum:.6f}", f"{self._name}_count {total}"]


class Metrics:
    """What the gateway counts."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        """Answers passed on, by class of status: ``2xx``."""
        self.errors: Counter[tuple[str, str]] = Counter()
        """Faults, by type and reason."""
        self.call_seconds = Histogram("toono_exchange_call_seconds", "From the head of a request to its answer.")
        self.provider_seconds = Histogram("toono_exchange_provider_seconds", "Waiting for the provider.")

    def text(self, gauges: dict[str, float]) -> str:
        """Everything, with ``gauges`` of the moment."""
        lines = ["# HELP toono_exchange_calls_total Provider answers passed on.", "# TYPE toono_exchange_calls_total counter"]
        lines += [f'toono_exchange_calls_total{{status="{status}"}} {count}' for status, count in sorted(self.calls.items())]
        lines += ["# HELP toono_exchange_errors_total Calls that were not done.", "# TYPE toono_exchange_errors_total counter"]
        lines += [
            f'toono_exchange_errors_total{{type="{kind}",reason="{reason}"}} {count}'
            for (kind, reason), count in sorted(self.errors.items())
        ]
        lines += self.call_seconds.lines() + self.provider_seconds.lines()
        for name, value in gauges.items():
            lines += [f"# TYPE toono_exchange_{name} gauge", f"toono_exchange_{name} {value:g}"]
        return "\n".join(lines) + "\n"
