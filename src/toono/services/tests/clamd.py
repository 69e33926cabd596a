"""A real clamd for tests, with two signatures of our own: it needs no download."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

MARK = b"TOONO-MALWARE-OF-THE-TESTS-7f3a"
"""What the test's own signature finds, and no check of ours."""


def installed() -> str | None:
    """Where clamd stands."""
    return shutil.which("clamd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """clamd on a Unix socket in ``folder``; gives its address as the setting names it."""
    command = installed()
    assert command, "clamd is not installed"
    database, place = folder / "database", folder / "clamd.ctl"
    database.mkdir()
    (database / "toono.ndb").write_text(f"Toono.Test.Malware:0:*:{MARK.hex()}\n")
    config = folder / "clamd.conf"
    config.write_text(
        f"LocalSocket {place}\nDatabaseDirectory {database}\nForeground yes\nStreamMaxLength 20M\nExitOnOOM yes\nUser {_user()}\nSelfCheck 0\n"
    )
    process = subprocess.Popen([command, "--config-file", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait(process, place)
        yield f"unix:{place}"
    finally:
        process.terminate()
        process.wait(10)


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _wait(process: subprocess.Popen[bytes], place: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(place))
            return
        time.sleep(0.05)
    raise AssertionError("clamd does not start")
