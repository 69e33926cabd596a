"""Peers of several parts: nginx serving a file, OpenSSL signing on one core."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.nginx import nginx


@contextmanager
def files(folder: Path, *, port: int, page: bytes) -> Iterator[str]:
    """nginx serves ``page`` as ``/page.html``; gives its address."""
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "page.html").write_bytes(page)
    address = f"http://127.0.0.1:{port}"
    with nginx(folder, f"server {{ listen 127.0.0.1:{port}; location / {{ root {folder}/files; }} }}", answers=address):
        yield address


def openssl_signs(curve: str, seconds: int) -> float:
    """ECDSA signatures a second by ``openssl speed``, one process; ``curve`` is ``p256`` or ``p384``."""
    command = ["openssl", "speed", "-seconds", str(seconds), f"ecdsa{curve}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(rf"{curve[1:]} bits ecdsa.*?(\d+\.\d)\s+(\d+\.\d)\s*$", said, re.MULTILINE)
    if not found:
        raise RuntimeError(f"openssl speed said nothing to read: {said}")
    return float(found[1])
