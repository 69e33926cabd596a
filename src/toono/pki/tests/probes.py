"""A program for the fork server that does what a poisoned reader would try, and tells how far it came."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

LIBRARY = ctypes.CDLL(None, use_errno=True)
mark = "as it began"


def answer(files: list[memoryview], arguments: list[str]) -> bytes:
    return json.dumps(globals()[arguments[0]](files, *arguments[1:])).encode()


def who(_: list[memoryview]) -> dict[str, object]:
    return {"process": os.getpid(), "server": os.getppid(), "environment": dict(os.environ)}


def content(files: list[memoryview]) -> list[str]:
    return [bytes(file).decode() for file in files]


def hold(files: list[memoryview]) -> str:
    """Wait until the file's first byte is no ``0``."""
    while files[0][0] == ord("0"):
        time.sleep(0.01)
    return bytes(files[0]).decode()


def spin(_: list[memoryview]) -> None:
    while True:
        pass


def memory(_: list[memoryview], megabytes: str) -> int:
    return len(bytearray(int(megabytes) * 1024 * 1024))


def much(_: list[memoryview], count: str) -> str:
    return "x" * int(count)


def crash(_: list[memoryview]) -> None:
    ctypes.string_at(0)


def half(_: list[memoryview]) -> None:
    """Say something that looks like an answer, and end as nobody should."""
    for number in range(3, 256):
        if (found := _looked(number)) and stat.S_ISFIFO(found.st_mode):
            os.write(number, b'"half"')
    os._exit(1)


def fail(_: list[memoryview]) -> None:
    raise ValueError


def poison(_: list[memoryview]) -> str:
    """Leave something behind in this process, and tell what was there."""
    global mark
    found, mark = mark, "poisoned"
    return found


def descriptors(_: list[memoryview]) -> list[int]:
    """The inodes of all that is open."""
    return [found.st_ino for number in range(256) if (found := _looked(number))]


def late_import(_: list[memoryview]) -> str:
    import this  # never imported before: it speaks to standard output, which leads nowhere

    return this.__name__


def tries(_: list[memoryview], secret: str, signer: str) -> dict[str, str]:
    """What is refused, by the reason; what is allowed, as an empty reason."""
    server = os.getppid()
    attempts: dict[str, Callable[[], object]] = {
        "read a file": lambda: Path(secret).read_text(),
        "list a folder": lambda: list(Path("/").iterdir()),
        "write a file": lambda: os.open(secret + ".new", os.O_CREAT | os.O_WRONLY),
        "look into the server": lambda: os.open(f"/proc/{server}/mem", os.O_RDWR),
        "trace the server": lambda: _called(LIBRARY.ptrace(16, server, 0, 0)),
        "end the server": lambda: os.kill(server, signal.SIGKILL),
        "stop the server": lambda: os.kill(server, signal.SIGSTOP),
        "connect to the signer": lambda: socket.socket(socket.AF_UNIX).connect(signer),
        "speak to the network": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "fork": lambda: os.fork() or os._exit(0),
        "start a program": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_CPU, (3600, 3600)),
    }
    return {what: _reason(attempt) for what, attempt in attempts.items()}


def change(_: list[memoryview]) -> list[str]:
    """Try to write to each descriptor that is a file, as into memory: the bound of what is written to files does not count that."""
    files = [number for number in range(3, 256) if (found := _looked(number)) and found.st_size]
    return [_reason(partial(_write_into, number)) for number in files]


def _write_into(number: int) -> None:
    LIBRARY.mmap.restype = ctypes.c_long
    LIBRARY.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    place = LIBRARY.mmap(None, 1, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, number, 0)
    _called(place)
    ctypes.memset(place, ord("x"), 1)


def _looked(number: int) -> os.stat_result | None:
    try:
        return os.fstat(number)
    except OSError:
        return None


def _called(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _reason(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except (OSError, ValueError) as error:
        return type(error).__name__
    return ""
