"""The catalogue with 2,155 services: checked, loaded, searched, shown."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx

from bench import definitions
from bench.load import Result, wrk
from tests.stage import ROOT, Stack

Say = Callable[[str], None]
Add = Callable[..., object]

QUERIES = (
    "нохой", "хаягын лавлогоо", "өвөлжөө", "ус ашиглах", "зөвшөөрөл олгох", "Дэлгэрцогт сум", "dog permit", "lavlagaa", "цэцэрлэг", "халаалт холбох",
    "морин уралдаан", "зовшоорол", "archive wage", "ger camp", "жуулчны бааз", "hudag", "хадлан", "тамга", "гэрчилгээ солих", "zzzz",
)  # fmt: skip
"""As people type: right, with wrong letters, on a Latin keyboard, in English, and one that finds nothing."""
_LOAD = """
import django, sys; django.setup()
from pathlib import Path
from toono.kernel.actor import system
from toono.services import api
print(len(api.load_catalogue(actor=system("bench"), folder=Path(sys.argv[1]))))
"""


def measure(stack: Stack, folder: Path, add: Add, say: Say) -> None:
    """Rows of the table; leaves the services in the stack's catalogue, so it comes last."""
    generated = folder / "catalogue"
    count = definitions.write(generated)
    took = _timed([sys.executable, "-m", "toono.entry", "catalogue", "lint", str(generated)], stack)
    say(
        f"| **lint of the whole catalogue, {count:,} services** | {count / took:,.0f} | | | | 0 | {took:.1f} s with the start of the command |"
    )
    took = _timed([sys.executable, "-c", _LOAD, str(generated)], stack)
    say(f"| load of {count:,} services: linted, tests told, burden measured, stored | {count / took:,.0f} | | | | 0 | {took:.1f} s, once |")
    began = time.perf_counter()
    httpx.get(f"{stack.base_url}/services/", timeout=60).raise_for_status()
    say(
        f"| first list after it, in one process | | {(time.perf_counter() - began) * 1000:,.0f} | | | 0 | the picture of the shelf is made |"
    )
    wrk(f"{stack.base_url}/services/", folder=folder, connections=16, seconds=3)  # every process makes its own
    searches = [f"/services/?q={quote(query)}" for query in QUERIES]
    add(f"**catalogue search, {count:,} services**", _one_by_one(stack, searches), "one person, the whole page")
    add("catalogue search, 8 at once", wrk(stack.base_url, folder=folder, connections=8, seconds=6, variants=searches))
    pages = [f"/services/?page={n}" for n in range(1, 100)]
    add(f"list of {count:,} services, page after page", wrk(stack.base_url, folder=folder, connections=8, seconds=5, variants=pages))
    some = [f"/services/{definition['code']}/" for _, definition, _ in list(definitions.definitions())[::21]]
    add("page of a service, 100 of them in turn", wrk(stack.base_url, folder=folder, connections=8, seconds=5, variants=some))
    add("page of a life event", wrk(f"{stack.base_url}/life/opening-a-shop/", folder=folder, connections=8, seconds=5))


def _timed(command: list[str], stack: Stack) -> float:
    environment = stack.environment | {"DJANGO_SETTINGS_MODULE": "toono.entry.django_settings"}
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


def _one_by_one(stack: Stack, paths: list[str], rounds: int = 10) -> Result:
    times: list[float] = []
    bad = 0
    with httpx.Client(base_url=stack.base_url) as client:
        for path in paths * rounds:
            began = time.perf_counter()
            bad += client.get(path).status_code != 200
            times.append((time.perf_counter() - began) * 1000)
    times.sort()
    p50, p95, p99 = (times[min(len(times) - 1, int(len(times) * part))] for part in (0.5, 0.95, 0.99))
    return Result(1000 * len(times) / sum(times), p50, p95, p99, bad)
