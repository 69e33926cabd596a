"""Load generators: wrk for rates of one request, threads with real browsers' behaviour for journeys."""

from __future__ import annotations

import re
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_ONCE = """
local lines, n = {{}}, 0
for line in io.lines("{file}") do lines[#lines + 1] = line end
request = function()
  n = n + 1
  local path, rest = lines[n]:match("([^\\t]*)\\t(.*)")
  local headers = {{}}
  for name, value in rest:gmatch("([^\\t]+)\\t([^\\t]*)") do headers[name] = value end
  return wrk.format("GET", path, headers)
end
"""


@dataclass(frozen=True)
class Result:
    """What a load gave: rate per second, latencies in milliseconds, and answers that were not good."""

    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    bad: int

    @property
    def row(self) -> str:
        return f"{self.per_second:,.0f} | {self.p50_ms:.1f} | {self.p95_ms:.1f} | {self.p99_ms:.1f} | {self.bad}"


_SCRIPT = """
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("RESULT %f %f %f %f %d\\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, bad))
end
"""


def wrk(
    url: str,
    *,
    folder: Path,
    seconds: int = 8,
    connections: int = 32,
    headers: dict[str, str] | None = None,
    variants: list[str] | None = None,
    once: list[tuple[str, dict[str, str]]] | None = None,
    per_second: float | None = None,
) -> Result:
    """GET ``url`` as fast as the server answers, or ``per_second``; ``variants`` are paths asked in turn, ``once`` are requests sent one time each."""
    script = folder / f"wrk-{threading.get_ident()}.lua"
    turn = ""
    if variants:
        listed = ",".join(f'"{v}"' for v in variants)
        turn = (
            f"local paths = {{{listed}}}\nlocal n = 0\nrequest = function() n = n + 1; return wrk.format(nil, paths[n % #paths + 1]) end\n"
        )
    if once:
        lines = ("\t".join([path, *(f"{name}\t{value}" for name, value in named.items())]) for path, named in once)
        file = folder / f"once-{threading.get_ident()}.txt"
        file.write_text("\n".join(lines))
        turn = _ONCE.format(file=file)
    if per_second:
        turn += f"function delay() return {2000 * connections / per_second} * math.random() end\n"
    script.write_text(turn + _SCRIPT)
    options = [f"-H{name}: {value}" for name, value in (headers or {}).items()]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), *options, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+) (\d+)", said)
    if not found:
        raise RuntimeError(f"wrk said nothing to read: {said}")
    rate, p50, p95, p99 = (float(found.group(n)) for n in range(1, 5))
    return Result(rate, p50, p95, p99, int(found.group(5)))


def journeys(work: Callable[[int], None], *, count: int, at_once: int) -> Result:
    """Do ``work(n)`` for n = 0 … count-1 by ``at_once`` people at the same time; its time is the latency."""
    times: list[float] = []
    bad = 0
    todo = iter(range(count))
    lock = threading.Lock()

    def person() -> None:
        nonlocal bad
        while True:
            with lock:
                n = next(todo, None)
            if n is None:
                return
            began = time.perf_counter()
            try:
                work(n)
            except Exception as error:
                with lock:
                    bad += 1
                    if bad <= 3:
                        print(f"    a journey failed: {error}")
            else:
                with lock:
                    times.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    people = [threading.Thread(target=person) for _ in range(at_once)]
    for p in people:
        p.start()
    for p in people:
        p.join()
    took = time.perf_counter() - began
    marks = statistics.quantiles(times, n=100, method="inclusive") if len(times) > 1 else [0.0] * 99
    return Result(len(times) / took, marks[49], marks[94], marks[98], bad)
