"""The exchange under load: by size, by dialect, by number of gateways, beside nginx and beside the provider itself.

Gateways of the laboratory stand on the running platform's database and signer; the provider is nginx, so that it costs as little as a provider can.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench.load import Result, wrk
from tests.nginx import nginx
from tests.stage import Stack, free_ports
from toono.exchange.domain import client_signature
from toono.exchange.tests.lab import DOCUMENTS, PERSONS, Lab, LabClient, RunningGateway
from toono.exchange.tests.speaking import Speaker

SIZES = {"1 KiB": 1024, "10 KiB": 10 * 1024, "1 MiB": 1024 * 1024}
_PROVIDER = """
  default_type application/json; keepalive_requests 1000000; sendfile on;
  upstream provider {{ server 127.0.0.1:{provider}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{provider};
    location ~ "^/persons/(?<id>[0-9]{{12}})$" {{ return 200 '{{"civil_id":"$id","padding":"{padding}"}}'; }}
    location /base/documents/ {{ alias {folder}/documents/; }}
  }}
  server {{
    listen 127.0.0.1:{proxy};
    location / {{ proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
"""


class Bench:
    """A provider, a plain proxy before it, and a laboratory of gateways."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.folder = folder / "exchange"
        (self.folder / "documents").mkdir(parents=True)
        folder.chmod(0o755)  # nginx reads as nobody
        for name, size in SIZES.items():
            (self.folder / "documents" / name.replace(" ", "")).write_text('{"padding":"' + "x" * (size - 14) + '"}')
        provider, proxy = free_ports(2)
        self.provider, self.proxy = f"http://127.0.0.1:{provider}", f"http://127.0.0.1:{proxy}"
        said = _PROVIDER.format(folder=self.folder, provider=provider, proxy=proxy, padding="x" * 985)
        self._nginx = contextlib.ExitStack()
        self._nginx.enter_context(nginx(self.folder, said, answers=self.proxy))
        tokens = {name: stack.settings.secret(f"signer_token_{name}") for name in ("gateway", "web")}
        self.lab = Lab(
            self.folder / "lab", gateway_dsn=stack.settings.gateway_dsn, signer_socket=stack.settings.signer_socket, tokens=tokens,
            provider_url=self.provider,
        )  # fmt: skip
        self.lab.owner_dsn = stack.settings.database_dsn
        self.persons = [f"/persons/{300_000_000_000 + number}" for number in range(500)]

    def close(self) -> None:
        self.lab.close()
        self._nginx.close()

    @contextlib.contextmanager
    def gateways(self, count: int) -> Iterator[list[RunningGateway]]:
        """So many gateways, warm."""
        with contextlib.ExitStack() as all_of_them:
            running = [all_of_them.enter_context(self.lab.start(direct=True)) for _ in range(count)]
            self.keyed(running, [PERSONS + path for path in self.persons], seconds=2)
            yield running

    def keyed(
        self, gateways: list[RunningGateway], paths: list[str], *, seconds: int = 6, connections: int = 64, per_second: float | None = None
    ) -> Result:
        """Calls of a client that is known by its key."""
        headers = _headers(self.lab.desk) | {"Authorization": f"Bearer {self.lab.desk.bearer}"}
        variants = [f"/r1/{path}" for path in paths]
        share = max(1, connections // len(gateways))
        rate = per_second / len(gateways) if per_second else None
        return together(
            [
                lambda url=g.url: wrk(
                    url, folder=self.folder, headers=headers, variants=variants, seconds=seconds, connections=share, per_second=rate
                )  # type: ignore[misc]
                for g in gateways
            ]
        )

    def signed(self, gateway: RunningGateway, count: int = 20_000) -> Result:
        """Calls that carry the client's own signature too."""
        return self._once(
            gateway, [self._signed(gateway.url, f"/r1/{PERSONS}{self.persons[n % len(self.persons)]}", self._keyed) for n in range(count)]
        )

    def native(self, gateway: RunningGateway, paths: list[str], count: int = 16_000) -> Result:
        """Calls of the native dialect: an access token, and on each call a signature with a nonce of its own."""
        token = Speaker(self.lab.desk, gateway.url).token()
        headers = {"authorization": f"Bearer {token}", "toono-purpose": "reference"}
        return self._once(gateway, [self._signed(gateway.url, f"/v1/{paths[n % len(paths)]}", headers) for n in range(count)])

    def _once(self, gateway: RunningGateway, requests: list[tuple[str, dict[str, str]]]) -> Result:
        return wrk(gateway.url, folder=self.folder, connections=64, seconds=6, once=requests)

    @property
    def _keyed(self) -> dict[str, str]:
        return {name.lower(): value for name, value in _headers(self.lab.desk).items()}

    def _signed(self, url: str, path: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
        client = self.lab.desk
        unsigned = client_signature.prepare(
            method="GET", target_uri=url + path, headers=headers, key_id=client.key_id, created=int(time.time()), nonce=secrets.token_urlsafe(12)
        )  # fmt: skip
        return path, headers | client_signature.signed_headers(unsigned, client.key.sign(unsigned.base, ec.ECDSA(hashes.SHA256())))


def _headers(client: LabClient) -> dict[str, str]:
    return {"X-Road-Client": client.system, "X-Toono-Purpose": "reference"}


def together(loads: list[Callable[[], Result]]) -> Result:
    """Several loads side by side as one: rates add up, latencies are those of the slowest."""
    found: list[Result] = []
    threads = [threading.Thread(target=lambda load=load: found.append(load())) for load in loads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Result(
        sum(r.per_second for r in found),
        max(r.p50_ms for r in found),
        max(r.p95_ms for r in found),
        max(r.p99_ms for r in found),
        sum(r.bad for r in found),
    )


def measure(stack: Stack, folder: Path, add: Callable[..., Result]) -> None:
    """All rows of the exchange."""
    bench = Bench(stack, folder)
    try:
        _measure(bench, add)
    finally:
        bench.close()


def _measure(bench: Bench, add: Callable[..., Result]) -> None:
    direct = {size: _plain(bench, bench.provider, size) for size in SIZES}
    proxied = {size: _plain(bench, bench.proxy, size) for size in SIZES}
    for size in SIZES:
        add(f"provider asked directly, {size}", direct[size])
        add(f"nginx, plain proxy, {size}", proxied[size])
    with bench.gateways(1) as [one]:
        persons = [PERSONS + path for path in bench.persons]
        full = bench.keyed([one], persons, seconds=8)
        against = f"{full.per_second / proxied['1 KiB'].per_second:.3f} of nginx"
        add("**exchange, X-Road, 1 KiB with a ledger entry**", full, against)
        half = full.per_second / 2
        calm = bench.keyed([one], persons, per_second=half)
        add(f"the same at half load ({half:,.0f} a second asked for)", calm, f"p95 added {calm.p95_ms - direct['1 KiB'].p95_ms:.1f} ms")
        signed = bench.signed(one)
        add("**the same, each call signed by the client (RFC 9421)**", signed, f"{signed.per_second / full.per_second:.2f} of keyed")
        for size, paths in (("1 KiB", persons), ("10 KiB", [f"{DOCUMENTS}/documents/10KiB"])):
            result = bench.native(one, paths)
            add(f"**exchange, JSON API, {size}**", result, f"{result.per_second / proxied[size].per_second:.3f} of nginx")
        for size in ("10 KiB", "1 MiB"):
            result = bench.keyed([one], [f"{DOCUMENTS}/documents/{size.replace(' ', '')}"], connections=64 if size == "10 KiB" else 16)
            add(f"exchange, X-Road, {size}", result, f"{result.per_second / proxied[size].per_second:.3f} of nginx")
    for count in (2, 3):
        with bench.gateways(count) as several:
            result = bench.keyed(several, [PERSONS + path for path in bench.persons], seconds=8)
            add(
                f"**exchange, {count} gateways, 1 KiB with a ledger entry**",
                result,
                f"{result.per_second / full.per_second:.2f} of one gateway",
            )


def _plain(bench: Bench, url: str, size: str) -> Result:
    paths = bench.persons if size == "1 KiB" else [f"/base/documents/{size.replace(' ', '')}"]
    return wrk(url, folder=bench.folder, variants=paths, seconds=3, connections=64)


# -- long runs -------------------------------------------------------------------------------------------------------


def soak(stack: Stack, folder: Path, *, minutes: int, say: Callable[[str], None]) -> None:
    """Half load for ``minutes``; the memory of the gateway once a minute."""
    bench = Bench(stack, folder)
    try:
        with bench.gateways(1) as [one]:
            for minute in range(minutes + 1):
                say(f"minute {minute}: {_memory(one.process.pid) / 2**20:.1f} MiB")
                if minute < minutes:
                    result = bench.keyed([one], [PERSONS + path for path in bench.persons], seconds=60, per_second=800)
                    say(f"  {result.per_second:,.0f} calls/s, p95 {result.p95_ms:.1f} ms, {result.bad} bad")
    finally:
        bench.close()


def _memory(pid: int) -> int:
    """Resident bytes of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = sum(int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in [str(pid), *children])
    return pages * 4096


def large(stack: Stack, folder: Path, *, rows: int, say: Callable[[str], None]) -> None:
    """The same load before and after the log and the ledger have ``rows`` rows more."""
    bench = Bench(stack, folder)
    persons = [PERSONS + path for path in bench.persons]
    try:
        with bench.gateways(1) as [one]:
            before = bench.keyed([one], persons, seconds=20)
            say(f"empty: {before.per_second:,.0f} calls/s, p95 {before.p95_ms:.1f} ms")
        began = time.monotonic()
        fill(stack.settings.database_dsn, rows, say)
        say(f"{rows:,} rows in log and ledger, written in {time.monotonic() - began:,.0f} s")
        with bench.gateways(1) as [one]:
            after = bench.keyed([one], persons, seconds=20)
            say(f"full: {after.per_second:,.0f} calls/s, p95 {after.p95_ms:.1f} ms ({after.per_second / before.per_second:.2f} of before)")
    finally:
        bench.close()


def fill(dsn: str, rows: int, say: Callable[[str], None], *, portion: int = 500_000) -> None:
    """Invented records of the current period: half requests and half responses, one ledger entry for each response, of ``rows`` messages altogether."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET statement_timeout = 0")
        for done in range(0, rows, portion):
            connection.execute(_FILL_MESSAGES, {"count": portion})
            connection.execute(_FILL_LEDGER, {"count": portion // 2})
            say(f"  {done + portion:,}")
        connection.execute("ANALYZE")


_ID = "(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid"
_FILL_MESSAGES = f"""
INSERT INTO exchange_messagerecord (id, retention, message_id, request_id, direction, at, client, service, purpose, agreement, head, body, batch, leaf)
SELECT {_ID}, 'standard', 'MN-' || gen_random_uuid(), gen_random_uuid(), CASE n %% 2 WHEN 0 THEN 'request' ELSE 'response' END, now(), 'MN/GOV/lab-office/desk',
    'MN/GOV/lab-register/population/persons', 'reference', 'A-1', convert_to(repeat('x', 300), 'UTF8'), '', gen_random_uuid(), 0
FROM generate_series(1, %(count)s) AS n
"""
_FILL_LEDGER = f"""
INSERT INTO exchange_ledgerentry (id, civil_id, at, message_id, request_id, consumer, consumer_title_mn, consumer_title_en, organisation, organisation_name_mn, organisation_name_en,
    provider, provider_name_mn, provider_name_en, service, service_title_mn, service_title_en, agreement, purpose, purpose_title_mn, purpose_title_en, basis_mn, basis_en,
    fields, receipt, visible_at, salt, batch, leaf)
SELECT {_ID}, (400000000000 + floor(random() * 3000000))::bigint::text, now(), 'MN-' || gen_random_uuid(), gen_random_uuid(), 'c', 'Систем', 'System', 'o', 'Байгууллага', 'Organisation',
    'p', 'Бүртгэл', 'Register', 's', 'Үйлчилгээ', 'Service', 'A-1', 'reference', 'Зорилго', 'Purpose', 'Хууль', 'Law', '{{}}', repeat('x', 88), now(), '\\x00', gen_random_uuid(), 0
FROM generate_series(1, %(count)s) AS n
"""
