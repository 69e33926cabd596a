"""nginx, as others run it: beside a benchmark, before a gateway, before a provider."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

_FRAME = """
worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off;
events {{ worker_connections 2048; }}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
{servers}
}}
"""


@contextmanager
def nginx(folder: Path, servers: str, *, answers: str) -> Iterator[None]:
    """One worker in ``folder``, which everybody may read, with what ``servers`` says inside ``http``.

    :param answers: an address that answers, whatever its status, when nginx is ready.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # nginx reads as nobody
    configuration = folder / "nginx.conf"
    configuration.write_text(_FRAME.format(folder=folder, servers=servers))
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(process, answers, folder / "error.log")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(address, verify=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nginx did not start:\n{log.read_text() if log.exists() else ''}")
