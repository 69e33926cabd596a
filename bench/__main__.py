"""``make bench``: figures of the main paths, beside peers measured in the same run, into docs/benchmarks.md."""

from __future__ import annotations

import itertools
import os
import platform
import secrets
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.load import Result, journeys, wrk
from bench.peers import nginx
from tests.stage import ROOT, Stack, free_ports, start_stack
from toono.entry.person import Person
from toono.entry.tour import declaration, order_reference, start_form
from toono.exchange.domain import client_signature

HEAD = "| Work | per second | p50 ms | p95 ms | p99 ms | not good | beside |\n|---|---|---|---|---|---|---|"


class Table:
    """Rows as they are measured; printed at once, so that a long run shows where it is."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def add(self, work: str, result: Result, beside: str = "") -> Result:
        row = f"| {work} | {result.row} | {beside} |"
        self.rows.append(row)
        print(row, flush=True)
        return result


def citizens(stack: Stack, count: int) -> list[dict[str, Any]]:
    """Made-up citizens of the register who have not signed in."""
    found: list[dict[str, Any]] = httpx.get(f"{stack.sandbox_url}/control/persons", params={"limit": count}).json()
    return found


def measure_exchange(stack: Stack, table: Table, folder: Path) -> None:
    register = urlsplit(stack.sandbox_url).netloc
    paths = [f"/persons/{p['civil_id']}/address" for p in citizens(stack, 500)]
    token = {"Authorization": "Bearer " + stack.settings.secret("register_token")}
    bank = stack.addresses["clients"]["bank"]
    headers = {"X-Road-Client": bank["client"], "Authorization": "Bearer " + bank["bearer_key"]}
    service = urlsplit(bank["may_call"].split("/persons/")[0]).path
    with nginx(folder / "nginx", port=free_ports(1)[0], register=register, page=httpx.get(stack.base_url + "/").content) as proxy:
        direct = table.add(
            "register asked directly", wrk(stack.sandbox_url, headers=token, folder=folder, variants=["/population" + p for p in paths])
        )
        plain = table.add(
            "nginx, plain proxy to the register", wrk(proxy, headers=token, folder=folder, variants=["/population" + p for p in paths])
        )
        wrk(stack.gateway_url, headers=headers, folder=folder, variants=[service + p for p in paths], seconds=3)
        ours = wrk(stack.gateway_url, headers=headers, folder=folder, variants=[service + p for p in paths], connections=64)
        table.add(
            "**exchange: rights, two signatures, durable log, ledger**",
            ours,
            f"{ours.per_second / plain.per_second:.2f} of nginx, {ours.per_second / direct.per_second:.2f} of direct",
        )
        signed = wrk(stack.gateway_url, folder=folder, connections=64, once=signed_requests(stack, [service + p for p in paths], 28_000))
        table.add(
            "**exchange, each call signed by the client too (RFC 9421)**", signed, f"{signed.per_second / plain.per_second:.2f} of nginx"
        )
        calm = wrk(stack.gateway_url, headers=headers, folder=folder, variants=[service + p for p in paths], connections=4)
        table.add("exchange, 4 connections", calm)
        page = table.add("nginx, the home page as a file", wrk(proxy + "/page.html", folder=folder, seconds=5))
        ours = wrk(stack.base_url + "/", folder=folder, connections=16, seconds=6)
        table.add("**portal: home page**", ours, f"{ours.per_second / page.per_second:.3f} of nginx's file")
        ours = wrk(stack.base_url + "/services/address-reference/", folder=folder, connections=16, seconds=6)
        table.add("portal: page of a service", ours)
        table.add("portal: home page, 1 connection", wrk(stack.base_url + "/", folder=folder, connections=1, seconds=4))


def signed_requests(stack: Stack, paths: list[str], count: int) -> list[tuple[str, dict[str, str]]]:
    """Requests of the bank under its own signature, each with its nonce."""
    bank = stack.addresses["clients"]["bank"]
    key = serialization.load_pem_private_key(bank["private_key_pem"].encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    found = []
    for number in range(count):
        path = paths[number % len(paths)]
        headers = {"x-road-client": bank["client"], "x-road-issue": f"LOAN-{number}"}
        unsigned = client_signature.prepare(
            method="GET",
            target_uri=stack.gateway_url + path,
            headers=headers,
            key_id=bank["key_id"],
            created=int(time.time()),
            nonce=secrets.token_urlsafe(12),
        )
        found.append((path, headers | client_signature.signed_headers(unsigned, key.sign(unsigned.base, ec.ECDSA(hashes.SHA256())))))
    return found


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
    table.rows.append(row)
    print(row, flush=True)


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "unknown"
    )
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def main() -> None:
    table = Table()
    print(machine())
    print(HEAD)
    with tempfile.TemporaryDirectory(prefix="toono-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx reads as nobody
        began = time.monotonic()
        stack = start_stack(folder / "home")
        first = time.monotonic() - began
        try:
            measure_exchange(stack, table, folder)
            measure_people(stack, table)
        finally:
            stack.stop()
        began = time.monotonic()
        stack = start_stack(folder / "home")
        second = time.monotonic() - began
        stack.stop()
    starts = f"First start of an installed copy {first:.1f} s, second start {second:.1f} s."
    print(starts)
    template = (ROOT / "bench" / "page.md").read_text()
    page = template.format(date=time.strftime("%Y-%m-%d"), machine=machine(), table="\n".join([HEAD, *table.rows]), starts=starts)
    (ROOT / "docs" / "benchmarks.md").write_text(page)


if __name__ == "__main__":
    main()
