"""A running copy of Toono for tests and benchmarks: started on free ports in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

if TYPE_CHECKING:
    from toono.kernel.settings import Settings

Found = TypeVar("Found")
ROOT = Path(__file__).resolve().parents[1]


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


@dataclass
class Stack:
    """A running copy of Toono."""

    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    addresses: dict[str, Any]
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))
    _register_ill: bool = False

    @property
    def base_url(self) -> str:
        return str(self.addresses["portal"])

    @property
    def gateway_url(self) -> str:
        return str(self.addresses["gateway"])

    @property
    def sandbox_url(self) -> str:
        return str(self.addresses["sandbox"])

    @property
    def settings(self) -> Settings:
        from toono.kernel.settings import load

        return load(self.environment)

    def sms(self, phone: str) -> list[str]:
        """Texts that the operator delivered to ``phone``, newest last."""
        return [m["text"] for m in self.http.get(f"{self.sandbox_url}/sms/inbox/{phone}").raise_for_status().json()]

    def faults(self, **wanted: Any) -> None:
        """Set faults of the sandbox; without arguments all is well again, also for the gateway, which does not ask a silent register at once."""
        calm: dict[str, Any] = {"register": "up", "registers": {}, "sms": "up"}
        self.http.put(f"{self.sandbox_url}/control/faults", json=calm | wanted).raise_for_status()
        if not wanted:
            self.http.delete(f"{self.sandbox_url}/control/bank").raise_for_status()
        if wanted.get("register", "up") != "up":
            self._register_ill = True
        elif self._register_ill:
            self.wait(lambda: self.bank_call().status_code == 200, timeout=90)
            self._register_ill = False

    def bank_call(self, civil_id: str | None = None, *, case: str | None = None, timeout: float = 30) -> httpx.Response:
        """The sandbox's bank reads the address of a person (of Dorj, the operator, where none is named) through the gateway."""
        bank = self.addresses["clients"]["bank"]
        sent = {"X-Road-Client": bank["client"], "Authorization": "Bearer " + bank["bearer_key"]}
        sent |= {"X-Road-Issue": case} if case is not None else {}
        return httpx.get(
            bank["may_call"].format(civil_id=civil_id or self.addresses["persons"]["dorj"]["civil_id"]), headers=sent, timeout=timeout
        )

    def wait(self, question: Callable[[], Found | None], timeout: float = 30) -> Found:
        """Ask until the answer is true; fail when it does not become so."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            answer = question()
            if answer:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"not within {timeout} s: {question}")

    def pid(self, name: str) -> int:
        """Process id of one supervised process."""
        noted = json.loads((self.home / "run" / "processes.json").read_text())
        return int(next(p["pid"] for p in noted if p["name"] == name))

    def serves(self) -> bool:
        """Whether portal and gateway are ready."""
        try:
            return all(httpx.get(url + "/health/ready").is_success for url in (self.base_url, self.gateway_url))
        except httpx.TransportError:
            return False

    def kill(self, name: str) -> None:
        """kill -9 of one supervised process and its children; waits while it is being started again."""

        def killed() -> bool:
            try:
                os.killpg(self.pid(name), signal.SIGKILL)
            except (ProcessLookupError, StopIteration):
                return False
            return True

        self.wait(killed, timeout=30)

    def stop(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(60)


def start_stack(home: Path, **settings: str) -> Stack:
    """Start a copy of Toono in ``home`` on free ports and wait until it serves."""
    web, gateway, sandbox, sms, database, challenges, names = free_ports(7)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TOONO_", "DJANGO_"))} | {
        "TOONO_HOME": str(home),
        "TOONO_WEB_PORT": str(web),
        "TOONO_GATEWAY_PORT": str(gateway),
        "TOONO_SANDBOX_PORT": str(sandbox),
        "TOONO_SMS_PORT": str(sms),
        "TOONO_DATABASE_PORT": str(database),
        "TOONO_ACME_CHALLENGE_ADDRESS": f"127.0.0.1:{challenges}",
        "TOONO_ACME_RESOLVER": f"127.0.0.1:{names}",
        **settings,
    }
    home.mkdir(parents=True, exist_ok=True)
    addresses = home / "addresses.json"
    addresses.unlink(missing_ok=True)
    with (home / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "toono.entry", "up"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + 180
    while not addresses.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError("Toono did not start:\n" + (home / "up.log").read_text()[-4000:])
        time.sleep(0.1)
    return Stack(home=home, environment=environment, process=process, addresses=json.loads(addresses.read_text()))
