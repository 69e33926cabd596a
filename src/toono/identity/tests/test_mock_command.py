"""``toono identity mock`` as somebody starts it: alone, at once, with words, and gone at the end."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

BARE = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
"""No setting of Toono, no database."""
COMMAND = [sys.executable, "-m", "toono.entry", "identity", "mock"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port), *more], cwd=folder, env=BARE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


def wait(address: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            httpx.get(address + "/oidc/jwks", timeout=1)
            return
        except httpx.TransportError:
            time.sleep(0.01)
    raise TimeoutError(address)


def test_it_starts_alone_says_what_to_set_and_leaves_nothing(tmp_path: Path) -> None:
    with started(tmp_path) as (process, address):
        wait(address)
        assert httpx.get(address + "/mock", timeout=5).status_code == 200
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=10)
        assert process.returncode == 0
    assert address in said and "/mock/check" in said and "herder" in said
    assert list(tmp_path.iterdir()) == []


def test_it_answers_within_two_seconds_of_its_own_work(tmp_path: Path) -> None:
    """Counted in processor time, since a busy machine says nothing about the mock."""
    with started(tmp_path) as (process, address):
        wait(address)
        spent = sum(map(int, Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    assert spent < 2


def test_over_tls_it_leaves_an_authority_to_be_trusted_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with started(tmp_path, "--tls", str(folder)) as (process, address):
        secured = address.replace("http:", "https:")
        until = time.monotonic() + 20
        while not (folder / "client.pem").exists() and time.monotonic() < until:
            time.sleep(0.01)
        trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        with httpx.Client(transport=httpx.HTTPTransport(verify=trust, retries=5), timeout=5) as http:
            found = http.get(secured + "/.well-known/openid-configuration").json()
        assert found["issuer"] == secured
        with pytest.raises(httpx.TransportError):
            httpx.get(secured + "/oidc/jwks", timeout=5)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=10)
    assert str(folder / "ca.pem") in said and {path.name for path in folder.iterdir()} == {"ca.pem", "ca.key", "client.pem"}


def test_a_slow_answer_does_not_hold_the_end_back(tmp_path: Path) -> None:
    with started(tmp_path) as (process, address):
        wait(address)
        httpx.post(address + "/mock", data={"do": "set", "slow_seconds": "60", "shift_minutes": "0"})
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as waiting:
            waiting.sendall(b"GET /oidc/userinfo HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 0


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with started(tmp_path) as (_, address):
        wait(address)
        second = subprocess.run(
            [*COMMAND, "--port", address.rpartition(":")[2]], cwd=tmp_path, env=BARE, capture_output=True, text=True, timeout=20
        )
    assert second.returncode == 3 and address.rpartition(":")[2] in second.stdout and "Traceback" not in second.stderr


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (["--client", "nowhere.json"], "nowhere.json"), (["--persons", "nowhere.yaml"], "nowhere.yaml"), (["--issuer", "here"], "--issuer"),
        (["--check", "--start", "http://127.0.0.1:9/login", "--person", "nobody"], "--person"),
        (["--check", "--start", "http://127.0.0.1:9/login"], "127.0.0.1:9/login"), (["--check", "--run", "no-such-command"], "no-such-command"),
        (["--check", "--run", "a", "--start", "http://127.0.0.1:9/"], "--run"), (["--tls", "/proc/nowhere"], "/proc/nowhere"),
    ],
)  # fmt: skip
def test_what_is_amiss_ends_with_a_sentence(tmp_path: Path, more: list[str], word: str) -> None:
    done = subprocess.run([*COMMAND, "--port", str(free_port()), *more], cwd=tmp_path, env=BARE, capture_output=True, text=True, timeout=30)
    assert done.returncode == 3 and word in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_it_needs_neither_django_nor_a_database() -> None:
    code = "import sys, toono.identity.mock.command; print(sorted({'django', 'psycopg', 'procrastinate'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], env=BARE, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_report_as_json_is_nothing_but_json(tmp_path: Path) -> None:
    """A client that is only an address of the mock itself: it signs nobody in, and that is found."""
    port = free_port()
    start = f"http://127.0.0.1:{port}/mock"
    done = subprocess.run(
        [*COMMAND, "--port", str(port), "--check", "--start", start, "--json"],
        cwd=tmp_path,
        env=BARE,
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = json.loads(done.stdout)
    assert done.returncode == found["exit_code"] == 2 and {one["result"] for one in found["cases"]} <= {"unclear", "skipped", "open"}
