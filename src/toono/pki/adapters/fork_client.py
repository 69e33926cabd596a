"""The portal's side of :mod:`toono.pki.adapters.fork_server`: started when first asked, again when it ended, anew when a child of it crashed."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from toono.pki.adapters.fork_server import WITHOUT_BOUNDS

SERVER = "toono.pki.adapters.fork_server"
PATIENCE_SECONDS = 10.0
"""How long the server may take to do what takes it no time: take an order, end a child. It begins in a second."""
PIECE_BYTES = 1024 * 1024

log = logging.getLogger("toono.pki")


class ServerGone(Exception):
    """The server ended before it answered, and the next question finds a new one; or no process could be bounded, which is logged."""


class ForkServer:
    """The server of some programs, for all threads of this process. It ends with this process, however that ends."""

    def __init__(self, *programs: str) -> None:
        self._programs = programs
        self._forget()
        # A forked process must not hold the line of its parent's server open, nor speak on it.
        os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.close)

    def answer(self, program: str, files: list[BinaryIO], *arguments: str, seconds: float, most_bytes: int) -> bytes:
        """What the program says of open files of the disk; nothing if its process was ended by its limits or by itself.

        :raises ServerGone: ask again.
        """
        until = time.monotonic() + seconds
        with _pipe() as (reader, writer), _line() as (line, its_end):
            with writer, its_end, _read_only(files) as descriptors:
                process = self._order([program, *arguments], [its_end.fileno(), writer.fileno(), *descriptors])
            try:
                content, code = _outcome(reader, line, until, most_bytes)
            except ServerGone:
                self._retire(process)  # its end may be seen before it is one
                raise
        if code is None:
            log.error("the server of readers does not answer; it is ended")
            process.kill()
        if code is None or code < 0:
            self._retire(process)
        if code == WITHOUT_BOUNDS:
            log.error("no file can be read: this system refuses the bounds of a reader's process")
            raise ServerGone
        return content if content is not None and code == 0 else b""

    def process(self) -> subprocess.Popen[bytes]:
        """The server's process, begun if there is none."""
        with self._lock:
            return self._running()[0]

    def close(self) -> None:
        """Let the server end; it is begun again when it is asked."""
        with self._lock:
            if self._server is not None:
                self._let_go()
            for one in self._ending:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    one.wait(PATIENCE_SECONDS)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        """Held for starting and ordering only, which take milliseconds."""
        inherited: tuple[subprocess.Popen[bytes], socket.socket] | None = getattr(self, "_server", None)
        if inherited is not None:
            inherited[1].close()
        self._server: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        self._ending: list[subprocess.Popen[bytes]] = []

    def _order(self, words: list[str], descriptors: list[int]) -> subprocess.Popen[bytes]:
        with self._lock:
            process, control = self._running()
            try:
                socket.send_fds(control, [json.dumps(words).encode()], descriptors)
            except OSError as error:
                process.kill()
                self._let_go()
                raise ServerGone from error
            return process

    def _running(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        self._ending = [one for one in self._ending if one.poll() is None]
        if self._server is not None and self._server[0].poll() is not None:
            log.warning("the server of readers ended with %s; it is begun again", self._server[0].returncode)
            self._let_go()
        if self._server is None:
            self._server = self._begun()
        return self._server

    def _begun(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(PATIENCE_SECONDS)
        command = [sys.executable, "-I", "-m", SERVER, str(its.fileno()), *self._programs]
        # Nothing of our environment: it holds secrets.
        environment = {"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", "")}
        with its:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[its.fileno()],
                env=environment, cwd="/",
            )  # fmt: skip
        return process, ours

    def _retire(self, process: subprocess.Popen[bytes]) -> None:
        """Give it no more orders: no next file may meet memory laid out as a child that crashed found it. What it has in hand it finishes."""
        with self._lock:
            if self._server is not None and self._server[0] is process:
                self._let_go()

    def _let_go(self) -> None:
        assert self._server is not None  # noqa: S101 - for the type: looked at by the caller
        process, control = self._server
        control.close()
        self._ending.append(process)
        self._server = None


@contextmanager
def _pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as ours, os.fdopen(writer, "wb") as its:
        yield ours, its


@contextmanager
def _line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, its = socket.socketpair()
    with ours, its:
        yield ours, its


@contextmanager
def _read_only(files: list[BinaryIO]) -> Iterator[list[int]]:
    """The files opened once more: nothing that a process does with these changes the files or our place in them."""
    with contextlib.ExitStack() as opened:
        found = []
        for file in files:
            found.append(os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC))
            opened.callback(os.close, found[-1])
        yield found


def _outcome(reader: BinaryIO, line: socket.socket, until: float, most_bytes: int) -> tuple[bytes | None, int | None]:
    """What the child wrote and how it ended; no content if it was too late or wrote too much, no code if the server does not end such a child."""
    content = _content(reader.fileno(), until, most_bytes)
    code = None if content is None else _code(line, until)
    if code is not None:
        return content, code
    line.shutdown(socket.SHUT_WR)  # the server ends the child
    return None, _code(line, time.monotonic() + PATIENCE_SECONDS)


def _content(reader: int, until: float, most_bytes: int) -> bytes | None:
    """All that is written to the pipe, if it ends in time and is not too much."""
    pieces: list[bytes] = []
    size = 0
    while size <= most_bytes and _readable(reader, until):
        piece = os.read(reader, PIECE_BYTES)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
    return None


def _code(line: socket.socket, until: float) -> int | None:
    """How the child ended; ``None`` if it is not said in time.

    :raises ServerGone:
    """
    if not _readable(line.fileno(), until):
        return None
    said = line.recv(16)
    if not said:
        raise ServerGone
    return int(said)


def _readable(descriptor: int, until: float) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(max(0.0, until - time.monotonic()) * 1000))
