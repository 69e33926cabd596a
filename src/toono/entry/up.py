"""``toono up``: from an empty folder to a served platform, in order, with a line for whatever takes its time."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toono.entry import first_start, gateways, postgres
from toono.entry.supervisor import Process, Supervisor, granian
from toono.kernel.files import write_durably
from toono.kernel.settings import Settings, SettingsError, settings


def say(text: str) -> None:
    """One progress line with the seconds since the start."""
    print(f"[{time.monotonic() - _began:5.1f} s] {text}", flush=True)


_began = time.monotonic()


def _answers(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
                return bool(answer.status == 200)
        except OSError:
            return False

    return ready


def _socket_answers(path: Path) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(2)
                client.connect(str(path))
                client.sendall(b"GET /health HTTP/1.1\r\nHost: signer\r\nConnection: close\r\n\r\n")
                return b" 200 " in client.recv(100)
        except OSError:
            return False

    return ready


def _database_answers(s: Settings) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            postgres.wait_until_ready(_server_dsn(s), timeout_seconds=0.5)
            return True
        except SettingsError:
            return False

    return ready


def _server_dsn(s: Settings) -> str:
    from urllib.parse import urlsplit

    return urlsplit(s.database_dsn)._replace(path="/postgres").geturl()


def processes(s: Settings) -> dict[str, Process]:
    """Every process of this copy, in the order of starting."""
    found = {
        "signer": Process("signer", granian("toono.entry.signer:application", interface="asgi", settings=s, socket_path=s.signer_socket), _socket_answers(s.signer_socket), socket=s.signer_socket),
        "gateway": Process("gateway", gateways.command(s), _answers(s.gateway_base_url + "/health/live")),
        "web": Process("web", granian("toono.entry.web:application", interface="wsgi", settings=s, port=s.web_port, workers=s.web_workers, threads=s.web_threads), _answers(s.inner_base_url + "/health/ready")),
    }  # fmt: skip
    for number in range(1, s.worker_processes + 1):
        name = "worker" if number == 1 else f"worker-{number}"
        # Without its supervisor the database goes too, and a worker that ends politely would wait half a minute for it; its
        # jobs are taken up again whatever becomes of it.
        command = [sys.executable, "-c", "from toono.entry.worker import main; main()"]
        found[name] = Process(name, command, lambda: True, orphaned_signal=signal.SIGKILL)
    if s.sandbox:
        found["sandbox"] = Process(
            "sandbox",
            granian("sandbox.app:application", interface="asgi", settings=s, port=s.sandbox_port),
            _answers(s.sandbox_base_url + "/health/live"),
            environment={
                "SANDBOX_DATABASE_URL": s.sandbox_dsn,
                "SANDBOX_HOST": s.host,
                "SANDBOX_PORT": str(s.sandbox_port),
                "SANDBOX_SMPP_PORT": str(s.sms_port),
                "SANDBOX_SMPP_SYSTEM_ID": s.sms_system_id,
                "SANDBOX_SMPP_PASSWORD": s.sms_password or s.secret("sms_password"),
                "SANDBOX_REGISTER_TOKEN": s.secret("register_token"),
                "SANDBOX_BANK_TOKEN": s.bank_token or s.secret("bank_token"),
                "SANDBOX_BANK_NOTICE_KEY": s.bank_notice_key or s.secret("bank_notice_key"),
            },
        )
    return found


def _build_assets() -> None:
    from toono.ui import build

    build.main()


@contextmanager
def running(s: Settings) -> Iterator[tuple[Supervisor, dict[str, Any]]]:
    """Start everything, give the supervisor and the addresses, and stop everything at the end.

    :raises SettingsError: something is missing or in the way; the message says what to do.
    """
    supervisor = Supervisor(s, say)
    supervisor.take_home()
    os.environ.update(first_start.environment(s))
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, supervisor.ask_to_stop)
    try:
        _build_assets()
        first_start.make_secrets(s)
        _start_database(s, supervisor)
        addresses = _start_rest(s, supervisor)
        yield supervisor, addresses
    finally:
        supervisor.stop_all()


def _start_database(s: Settings, supervisor: Supervisor) -> None:
    ports = {"web": s.web_port, "gateway": s.gateway_port} | ({"sandbox": s.sandbox_port, "sms": s.sms_port} if s.sandbox else {})
    if s.embedded_database:
        if not (s.home / "postgres.ready").exists():
            say("making the database cluster")
        postgres.initialise(s)
        postgres.stop_leftover(s)
        supervisor.check_ports({**ports, "database": s.database_port})
        server = Process(
            "postgres", postgres.command(s), _database_answers(s), stop_signal=signal.SIGINT, orphaned_signal=signal.SIGINT, stop_seconds=30
        )
        supervisor.start(server)
        supervisor.wait_ready(server)
    else:
        supervisor.check_ports(ports)
        postgres.wait_until_ready(_server_dsn(s), timeout_seconds=20)
    first_start.make_databases(s)


def _start_rest(s: Settings, supervisor: Supervisor) -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toono.entry.django_settings")
    plan = processes(s)
    supervisor.start(plan["signer"])
    if s.sandbox:
        supervisor.start(plan["sandbox"])
    import django

    django.setup()
    first_start.migrate(s, say)
    supervisor.wait_ready(plan["signer"])
    first_start.load_platform(s, say)
    clients = first_start.connect_sandbox(s, say) if s.sandbox else {}
    _publish()
    for name in plan:
        if name not in ("signer", "sandbox"):
            supervisor.start(plan[name])
    if s.sandbox:
        say("waiting for the sandbox's registers")
    for process in plan.values():
        supervisor.wait_ready(process)
    _wait_for_gateway(s)
    cast: dict[str, Any] = {}
    if s.sandbox:
        cast = _fetch(s.sandbox_base_url + "/control/cast")
        first_start.appoint_cast(s, cast)
    addresses = _addresses(s, cast, clients)
    write_durably(s.home / "addresses.json", json.dumps(addresses, ensure_ascii=False, indent=2).encode())
    from django.db import connections

    connections.close_all()
    return addresses


def _publish() -> None:
    import toono.registry.api as registry
    from toono.kernel.actor import system

    registry.publish_configuration(actor=system("first-start"))


def _wait_for_gateway(s: Settings) -> None:
    deadline = time.monotonic() + 30
    while not _answers(s.gateway_base_url + "/health/ready")():
        if time.monotonic() > deadline:
            raise SettingsError(f"The exchange gateway has no valid configuration. See {s.home / 'logs' / 'gateway.log'}.")
        time.sleep(0.1)


def _fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own loopback address
        return json.load(answer)


def _addresses(s: Settings, cast: dict[str, Any], clients: dict[str, Any]) -> dict[str, Any]:
    """What another program needs to drive this copy. In production: addresses only."""
    found: dict[str, Any] = {
        "portal": s.base_url,
        "issuer": s.base_url,
        "openid_configuration": s.base_url + "/.well-known/openid-configuration",
        "gateway": s.gateway_base_url,
        "verify": s.base_url + "/verify",
        "figures": s.base_url + "/figures",
        "desk": s.base_url + "/desk/",
        "trust_anchors": str(s.home / "exchange" / "anchors.pem"),
        "ports": {
            "web": s.web_port,
            "gateway": s.gateway_port,
            "sandbox": s.sandbox_port,
            "sms": s.sms_port,
            "database": s.database_port if s.embedded_database else None,
        },
        "home": str(s.home),
        "supervisor_pid": os.getpid(),
    }
    if not s.sandbox:
        return found
    bank = {
        "client": f"{s.exchange_instance}/COM/khasar-bank/loans",
        "key_id": "khasar-bank-loans",
        "bearer_key": clients["bearer_key"],
        "private_key_pem": clients["private_key_pem"],
        "purpose": "loan-application",
        "may_call": f"{s.gateway_base_url}/r1/{s.exchange_instance}/GOV/state-registration/population/address/persons/{{civil_id}}/address",
    }
    return found | {
        "sandbox": s.sandbox_base_url,
        "sms_inbox": s.sandbox_base_url + "/sms/inbox/{phone}",
        "sms_page": s.sandbox_base_url + "/sms",
        "faults": s.sandbox_base_url + "/control/faults",
        "more_persons": s.sandbox_base_url + "/control/persons?limit=20",
        "persons": cast,
        "clients": {"bank": bank},
        "relying_parties": {
            "demo-rp": {
                "client_id": "demo-rp",
                "type": "public, PKCE S256",
                "redirect_uris": ["http://127.0.0.1/callback (any port)"],
                "scope": "openid register",
            }
        },
    }


def up(*, first: Callable[[Settings, dict[str, Any], Callable[[], None]], None] | None = None) -> int:
    """Serve until asked to stop; ``first`` is done once before (the tour)."""
    s = settings()
    with running(s) as (supervisor, addresses):
        if first is not None:
            first(s, addresses, supervisor.tend)
        _print_addresses(addresses)
        supervisor.run()
        say("stopping")
    return 0


def _print_addresses(addresses: dict[str, Any]) -> None:
    print()
    say("Toono serves. Ctrl-C stops it.")
    rows = [
        ("portal", "portal"),
        ("officer's desk", "desk"),
        ("check a document", "verify"),
        ("figures", "figures"),
        ("exchange gateway", "gateway"),
        ("SMS inbox of the sandbox", "sms_page"),
    ]
    for label, key in rows:
        if key in addresses:
            print(f"  {label:26} {addresses[key]}")
    for person in addresses.get("persons", {}).values():
        print(f"  {person.get('name', person.get('given_name')):26} register number {person['regnum']}, phone {person['phone'] or '–'}")
    print(f"  {'everything for programs':26} {Path(addresses['home']) / 'addresses.json'}\n", flush=True)
