"""Load generators: wrk for rates of one request, threads with real browsers' behaviour for journeys, calls of a door in this process."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.stage import Stack

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

_BODIES = """
local bodies, n, file = {{}}, 0, io.open("{file}", "rb")
while true do
  local size = file:read("*n")
  if not size then break end
  file:read(1)
  bodies[#bodies + 1] = file:read(size)
end
wrk.method = "POST"
request = function() n = n + 1; return wrk.format(nil, nil, nil, bodies[(n - 1) % #bodies + 1]) end
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


class Row(NamedTuple):
    """A row of the table of benchmarks."""

    work: str
    result: Result
    beside: str


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
    bodies: Sequence[bytes] | None = None,
    per_second: float | None = None,
) -> Result:
    """GET ``url`` as fast as the server answers, or ``per_second``; whatever is not 2xx counts as bad.

    ``variants`` are paths asked in turn, ``once`` are requests sent one time each, ``bodies`` are posted in turn.
    """
    script = folder / f"wrk-{threading.get_ident()}.lua"
    file = script.with_suffix(".txt")
    turn = ""
    if variants:
        listed = ",".join(f'"{v}"' for v in variants)
        turn = (
            f"local paths = {{{listed}}}\nlocal n = 0\nrequest = function() n = n + 1; return wrk.format(nil, paths[n % #paths + 1]) end\n"
        )
    if once:
        lines = ("\t".join([path, *(f"{name}\t{value}" for name, value in named.items())]) for path, named in once)
        file.write_text("\n".join(lines))
        turn = _ONCE.format(file=file)
    if bodies:
        file.write_bytes(b"".join(b"%d\n%s" % (len(body), body) for body in bodies))
        turn = _BODIES.format(file=file)
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


def django(stack: Stack) -> None:
    """This process becomes one of the platform's: its doors are called directly, on its database."""
    os.environ.update({k: v for k, v in stack.environment.items() if k.startswith("TOONO_")})
    os.environ["DJANGO_SETTINGS_MODULE"] = "toono.entry.django_settings"
    import django

    from toono.kernel.settings import settings

    settings.cache_clear()
    django.setup()


def calls(job: Callable[[], object], seconds: float, *, count: int = 1, callers: int = 1) -> Result:
    """``job`` again and again by ``callers`` threads, after one time that fills the caches; ``count`` things are done by each call."""
    job()  # as after the first of a day
    begin = time.perf_counter()
    if callers == 1:
        took = _timed(job, begin + seconds)
    else:
        with ThreadPoolExecutor(callers) as threads:
            took = [one for some in threads.map(lambda _: _apart(job, begin + seconds), range(callers)) for one in some]
    elapsed = time.perf_counter() - begin
    cuts = [1000 * cut / count for cut in statistics.quantiles(took, n=100)]
    return Result(count * len(took) / elapsed, cuts[49], cuts[94], cuts[98], 0)


def _apart(job: Callable[[], object], ends: float) -> list[float]:
    from django.db import connection

    try:
        return _timed(job, ends)
    finally:
        connection.close()


def _timed(job: Callable[[], object], ends: float) -> list[float]:
    took: list[float] = []
    while time.perf_counter() < ends or len(took) < 5:
        begin = time.perf_counter()
        job()
        took.append(time.perf_counter() - begin)
    return took


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
