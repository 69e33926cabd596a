"""The life of a copy: side by side with another, stopped by Ctrl-C, killed, started again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.stage import ROOT, Stack, free_ports, start_stack


def members_of(home: Path) -> list[int]:
    """Processes whose environment names this home."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            mine = f"TOONO_HOME={home}".encode() in (entry / "environ").read_bytes().split(b"\0")
            alive = (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            continue
        if mine and alive:
            found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def second(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Another copy on the same machine."""
    if os.environ.get("TEST_DATABASE_URL"):
        raise RuntimeError("the lifecycle is tested on embedded databases")
    running = start_stack(tmp_path_factory.mktemp("second") / "home")
    yield running
    if running.process.poll() is None:
        running.process.terminate()
        running.process.wait(60)


def restart(second: Stack) -> None:
    fresh = start_stack(second.home, **{k: v for k, v in second.environment.items() if k.endswith("_PORT")})
    second.process, second.addresses = fresh.process, fresh.addresses


def up(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "toono.entry", "up"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_two_copies_run_side_by_side(stack: Stack, second: Stack) -> None:
    assert stack.base_url != second.base_url
    for copy in (stack, second):
        assert httpx.get(copy.base_url + "/health/ready").json() == {"status": "ready"}
        assert httpx.get(copy.gateway_url + "/health/ready").status_code == 200


def test_only_the_owner_reaches_the_signer_and_the_secrets(second: Stack) -> None:
    assert second.settings.signer_socket.stat().st_mode & 0o777 == 0o600
    assert [f.name for f in second.settings.secrets.iterdir() if f.stat().st_mode & 0o077] == []


def test_a_second_start_in_the_same_home_is_refused_with_a_sentence(second: Stack) -> None:
    refused = up(second.environment)
    assert refused.returncode == 2
    assert "Toono already runs with TOONO_HOME" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    web, gateway, sandbox, sms, database = free_ports(5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", gateway))
        taken.listen()
        names = {"WEB": web, "GATEWAY": gateway, "SANDBOX": sandbox, "SMS": sms, "DATABASE": database}
        refused = up(dict(os.environ) | {f"TOONO_{n}_PORT": str(p) for n, p in names.items()} | {"TOONO_HOME": str(tmp_path / "home")})
    assert refused.returncode == 2
    assert f"Port {gateway} is in use" in refused.stderr and "TOONO_GATEWAY_PORT" in refused.stderr


@pytest.mark.parametrize("name", ["signer", "gateway", "web", "worker", "sandbox", "postgres"])
def test_a_killed_process_is_started_again(second: Stack, name: str) -> None:
    before = second.pid(name)
    os.kill(before, signal.SIGKILL)
    second.wait(lambda: second.pid(name) != before, timeout=30)
    second.wait(second.serves, timeout=60)


def test_kill_9_of_the_supervisor_leaves_nothing_that_blocks_the_next_start(second: Stack) -> None:
    before = json.loads((second.home / "addresses.json").read_text())
    second.process.kill()
    second.process.wait()
    restart(second)
    assert second.addresses["persons"] == before["persons"]
    assert second.addresses["clients"] == before["clients"]
    assert httpx.get(second.base_url + "/").status_code == 200


def test_after_kill_9_of_the_supervisor_its_children_end_by_themselves(second: Stack) -> None:
    second.process.kill()
    second.process.wait()
    second.wait(lambda: not members_of(second.home), timeout=40)
    restart(second)


def test_ctrl_c_stops_everything_and_the_second_start_is_short(second: Stack) -> None:
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(60) == 0
    assert members_of(second.home) == []
    began = time.monotonic()
    restart(second)
    assert time.monotonic() - began < 30  # a hang, not a speed: the figure stands in the benchmarks


def test_the_doctor_finds_a_running_copy_well_and_a_stopped_one_ill(second: Stack) -> None:
    def doctor() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "toono.entry", "doctor"],
            cwd=ROOT,
            env=second.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    well = doctor()
    assert well.returncode == 0, well.stdout + well.stderr
    second.process.terminate()
    second.process.wait(60)
    ill = doctor()
    assert ill.returncode == 1 and "ILL" in ill.stdout and "start Toono" in ill.stdout
