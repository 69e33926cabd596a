"""``make bench``: figures of the main paths, beside peers measured in the same run, into docs/benchmarks.md.

Each part has a running copy of its own. ``python -m bench exchange`` measures one part anew; the others stay as they were measured.
"""

from __future__ import annotations

import itertools
import os
import platform
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg

from bench import catalogue, desk, exchange, identity, identity_scale, pki_certificates, pki_seals, pki_status, pki_validation, rights
from bench.load import Result, journeys, wrk
from bench.peers import files
from tests.stage import ROOT, Stack, free_ports, start_stack
from toono.entry.person import Person
from toono.entry.tour import declaration, order_reference, start_form

HEAD = "| Work | per second | p50 ms | p95 ms | p99 ms | not good | beside |\n|---|---|---|---|---|---|---|"


class Table:
    """Rows as they are measured; printed at once, so that a long run shows where it is."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def add(self, work: str, result: Result, beside: str = "") -> Result:
        self.say(f"| {work} | {result.row} | {beside} |")
        return result

    def say(self, row: str) -> None:
        self.rows.append(row)
        print(row, flush=True)


def citizens(stack: Stack, count: int) -> list[dict[str, Any]]:
    """Made-up citizens of the register who have not signed in."""
    found: list[dict[str, Any]] = httpx.get(f"{stack.sandbox_url}/control/persons", params={"limit": count}).json()
    return found


def measure_pages(stack: Stack, table: Table, folder: Path) -> None:
    with files(folder / "nginx", port=free_ports(1)[0], page=httpx.get(stack.base_url + "/").content) as address:
        page = table.add("nginx, the home page as a file", wrk(address + "/page.html", folder=folder, seconds=5))
        ours = wrk(stack.base_url + "/", folder=folder, connections=16, seconds=6)
        table.add("**portal: home page**", ours, f"{ours.per_second / page.per_second:.3f} of nginx's file")
        table.add(
            "portal: page of a service", wrk(stack.base_url + "/services/address-reference/", folder=folder, connections=16, seconds=6)
        )
        table.add("portal: home page, 1 connection", wrk(stack.base_url + "/", folder=folder, connections=1, seconds=4))


def measure_people(stack: Stack, table: Table) -> None:
    people = citizens(stack, 800)[500:]
    browsers: list[Person] = []
    lock = threading.Lock()

    def sign_in(n: int) -> None:
        person = Person(stack.base_url, sms=lambda: stack.sms(people[n]["phone"]))
        person.sign_in(people[n]["regnum"])
        with lock:
            browsers.append(person)

    table.add(
        "**sign-in: register number, SMS code, code flow with PKCE**",
        journeys(sign_in, count=60, at_once=4),
        "4 people at once, each page and the SMS included",
    )
    turn = itertools.count()

    def order(_: int) -> None:
        order_reference(browsers[next(turn)], poll_seconds=0.05)

    order_reference(browsers[-1], poll_seconds=0.05)
    table.add(
        "**reference: order to sealed PDF on the page**",
        journeys(order, count=40, at_once=4),
        "4 people at once, from the service's page to the document",
    )
    turn = itertools.count(40)
    table.add("reference, one person at a time", journeys(order, count=15, at_once=1))
    measure_burst(stack, table, browsers)


def measure_burst(stack: Stack, table: Table, browsers: list[Person]) -> None:
    """Everybody orders at the same moment; how fast do the documents come out?"""
    ready = []
    for person in browsers:
        person.open("/services/address-reference/")
        person.press(form=start_form(person))
        ready.append((person, person.form(field="form_token"), declaration(person)))

    def documents() -> int:
        with psycopg.connect(stack.settings.database_dsn) as connection:
            row = connection.execute("SELECT count(*) FROM services_document").fetchone()
        return int(row[0]) if row else 0

    before, began = documents(), time.perf_counter()
    sent = journeys(lambda n: ready[n][0].press(form=ready[n][1], **ready[n][2]), count=len(ready), at_once=8)
    while documents() < before + len(ready) - sent.bad:
        time.sleep(0.02)
    took = time.perf_counter() - began
    row = f"| **documents out of a burst of {len(ready)} orders** | {len(ready) / took:,.0f} | | | | {sent.bad} | facts read before; decided, rendered, sealed, stored |"
    table.say(row)


def measure_exchange(stack: Stack, table: Table, folder: Path) -> None:
    exchange.measure(stack, folder, table.add)
    table.say(rights.decisions().row)


def measure_portal(stack: Stack, table: Table, folder: Path) -> None:
    measure_pages(stack, table, folder)
    measure_people(stack, table)


def measure_services(stack: Stack, table: Table, folder: Path) -> None:
    desk.measure(stack, table.add)
    catalogue.measure(stack, folder, table.add, table.say)


def measure_identity(stack: Stack, table: Table, folder: Path) -> None:
    identity.measure(stack, folder, table.add)
    identity_scale.measure(stack, table.add)


def measure_pki(stack: Stack, table: Table, folder: Path) -> None:
    for row in itertools.chain(pki_certificates.measure(stack), pki_seals.measure(stack), pki_validation.measure(stack)):
        table.add(*row)
    pki_status.measure(stack, folder, table.add, seconds=6)


PARTS: dict[str, Callable[[Stack, Table, Path], None]] = {
    "exchange": measure_exchange,
    "portal": measure_portal,
    "services": measure_services,
    "identity": measure_identity,
    "pki": measure_pki,
}
PAGE, TEMPLATE = ROOT / "docs" / "benchmarks.md", ROOT / "bench" / "page.md"


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "unknown"
    )
    python = f"Python {platform.python_version()}{' of the system' if sys.base_prefix == '/usr' else ''}"
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}, {python}"


def run(part: str) -> str:
    """The part's section of the page."""
    table = Table()
    print(f"\n{part}\n{HEAD}")
    with tempfile.TemporaryDirectory(prefix="toono-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx reads as nobody
        began = time.monotonic()
        stack = start_stack(folder / "home")
        first = time.monotonic() - began
        try:
            PARTS[part](stack, table, folder)
        finally:
            stack.stop()
    starts = f"First start of an installed copy: {first:.1f} s."
    print(starts)
    return "\n".join([f"On {time.strftime('%Y-%m-%d')}, {machine()}. {starts}", "", HEAD, *table.rows])


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for part in wanted:
        section = run(part)
        kept = dict(_SECTION.findall(PAGE.read_text())) | {part: section}
        sections = (f"## {name.capitalize()}\n\n<!-- {name} -->\n{kept[name]}\n<!-- / -->" for name in PARTS if name in kept)
        PAGE.write_text(TEMPLATE.read_text().replace("{sections}", "\n\n".join(sections)))


_SECTION = re.compile(r"<!-- (\w+) -->\n(.*?)\n<!-- / -->", re.DOTALL)


if __name__ == "__main__":
    main()
