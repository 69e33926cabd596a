"""Handing over to a successor: a worker process that is about to be replaced takes no new connection and asks its clients to leave, so that no call is cut off.

When the server reloads, it starts a new worker and ends the old one some seconds later; both listen on the same port (``SO_REUSEPORT``). Whoever connects to the old one in its last
moment, or writes the next request on a connection that is just being closed, would lose a call. Therefore

- the kernel is told to give every new connection to the newest of the listening sockets (a program of one instruction, ``SO_ATTACH_REUSEPORT_CBPF``; see socket(7)). Its number
  exists only while there is one socket more than workers, that is during a handover; otherwise the kernel spreads connections over all, as ever;
- the new worker announces itself in a file; the old one sees it and closes each connection after its answer (``Connection: close``).

When the old one ends, nobody is there any more. Workers that start together are one generation. A worker that is not replaced after all goes back to keeping connections.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import socket
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from toono.exchange import limits
from toono.kernel.files import write_durably

_log = logging.getLogger(__name__)
_SO_ATTACH_REUSEPORT_CBPF: Final = 51
_RETURN_CONSTANT: Final = 0x06  # BPF_RET | BPF_K


class Generations:
    """The workers of the server on one port, as far as one of them needs to know. The file names server and worker: ``<pid> <pid>``."""

    def __init__(self, folder: Path, *, port: int, workers: int, on_change: Callable[[bool], None]) -> None:
        """
        :param workers: how many the server has.
        :param on_change: told True when a successor is there, False when it seems to replace another.
        """
        self._file = folder / f"gateway-{port}.worker"
        self._port, self._workers, self._on_change = port, workers, on_change
        self._own = f"{os.getppid()} {os.getpid()}"
        self._began = monotonic()
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Announce this worker, look out for its successor, and have new connections sent to the newest."""
        write_durably(self._file, self._own.encode())
        self._tasks = [asyncio.create_task(self._watch(), name="generations"), asyncio.create_task(self._steer(), name="steering")]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._newest() == self._own:
            self._file.unlink(missing_ok=True)

    def _newest(self) -> str:
        try:
            return self._file.read_text()
        except OSError:
            return ""

    async def _watch(self) -> None:
        seen = self._own
        while True:
            await asyncio.sleep(limits.SUCCESSOR_POLL_SECONDS)
            newest = self._newest()
            if newest in ("", seen):
                continue
            seen = newest
            if monotonic() - self._began < limits.GENERATION_SECONDS:
                continue  # it started with us
            self._on_change(True)
            await asyncio.sleep(limits.DRAIN_SECONDS)
            self._on_change(False)

    async def _steer(self) -> None:
        """The server listens shortly after the application is ready."""
        while monotonic() - self._began < limits.GENERATION_SECONDS:
            listening = _listening(self._port)
            if listening is not None:
                with listening:
                    try:
                        send_to(listening, number=self._workers)
                    except OSError as error:
                        _log.warning("A reload may cut off a new connection: the kernel does not steer them (%s).", error)
                return
            await asyncio.sleep(limits.SUCCESSOR_POLL_SECONDS)


def send_to(listening: socket.socket, *, number: int) -> None:
    """New connections to the port of ``listening`` go to the socket that began to listen as the ``number``-th of those that do, counted from 0; if there is none, to any.

    :raises OSError: the kernel refuses.
    """
    program = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN_CONSTANT, 0, 0, number))  # struct sock_filter
    listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, struct.pack("HL", 1, ctypes.addressof(program)))  # struct sock_fprog


def _listening(port: int) -> socket.socket | None:
    """A duplicate of this process's socket that listens on ``port``: the server keeps its own to itself."""
    for entry in Path("/proc/self/fd").iterdir():
        try:
            descriptor = os.dup(int(entry.name))
        except OSError:
            continue  # closed meanwhile
        if _is_listening(descriptor, port):
            return socket.socket(fileno=descriptor)
        os.close(descriptor)
    return None


def _is_listening(descriptor: int, port: int) -> bool:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return False
    found = socket.socket(fileno=descriptor)
    try:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)) and found.getsockname()[1] == port
    except (OSError, IndexError):
        return False
    finally:
        found.detach()
