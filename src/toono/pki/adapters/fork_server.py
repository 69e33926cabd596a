"""The warm process that has imported the readers of strangers' files, and makes one process for each file by fork(2).

``python -m toono.pki.adapters.fork_server <control> <program>...``; started, and started again, by :mod:`toono.pki.adapters.fork_client`. It is
begun by exec and without our environment, so that it never held a secret, and it never looks into a file: a child gets memory in which no
file was. ``multiprocessing``'s fork server would inherit environment, search path and open descriptors, and listen on a socket in a public folder.

An order is one packet on ``control``: JSON ``[program, argument...]`` and the descriptors line, answer, file and so on. A program is a module with
``answer(files, arguments) -> bytes``. The child writes to *answer* and ends; then the server says on *line*, which the child does not have, how it ended
(:func:`os.waitstatus_to_exitcode`, in digits). When the orderer lets go of its end of the line, by will or by death, the child is killed. When
``control`` ends there are no more orders: the server ends with its last child. When the server is killed, its children are.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import logging
import mmap
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

from toono.pki.adapters import confinement

ORDER_BYTES = 4096
MOST_FILES = 2
WITHOUT_BOUNDS = 3
"""How a child ends that could not be bounded, and therefore read nothing."""

Program = Callable[[list[memoryview], list[str]], bytes]


class Server:
    """One thread, which waits for orders, for ends of children and for orderers who let go."""

    def __init__(self, control: socket.socket, programs: dict[str, Program]) -> None:
        self._control, self._programs = control, programs
        self._readable = confinement.readable_files()
        self._children: dict[int, tuple[int, int]] = {}
        """Process descriptor to process and line."""
        self._poll = select.poll()

    def serve(self) -> None:
        """Until there are no more orders and no more children."""
        self._poll.register(self._control, select.POLLIN)
        waiting = True
        while waiting or self._children:
            # One event at a time: the next may be about a descriptor whose number has a new owner by then.
            descriptor = self._poll.poll()[0][0]
            if descriptor == self._control.fileno():
                waiting = self._take_order()
            elif descriptor in self._children:
                self._tell_end(descriptor)
            else:
                self._end_child(line=descriptor)

    def _take_order(self) -> bool:
        words, descriptors, flags, _ = socket.recv_fds(self._control, ORDER_BYTES, 2 + MOST_FILES, socket.MSG_CMSG_CLOEXEC)
        if not words:
            self._poll.unregister(self._control)
            return False
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise ValueError("an order longer than an order is")
        name, *arguments = json.loads(words)
        program, (line, *child_has) = self._programs[name], descriptors
        server, child = os.getpid(), os.fork()
        if child == 0:
            self._be_child(server, program, arguments, child_has)
        for descriptor in child_has:
            os.close(descriptor)
        process = os.pidfd_open(child)
        self._children[process] = (child, line)
        self._poll.register(process, select.POLLIN)
        self._poll.register(line, select.POLLIN)
        return True

    def _tell_end(self, process: int) -> None:
        child, line = self._children.pop(process)
        _, status = os.waitpid(child, 0)
        self._poll.unregister(process)
        with contextlib.suppress(KeyError):
            self._poll.unregister(line)
        os.close(process)
        with socket.socket(fileno=line) as end, contextlib.suppress(OSError):
            end.send(b"%d" % os.waitstatus_to_exitcode(status))

    def _end_child(self, *, line: int) -> None:
        self._poll.unregister(line)
        for process, (_, its_line) in self._children.items():
            if its_line == line:
                signal.pidfd_send_signal(process, signal.SIGKILL)

    def _be_child(self, server: int, program: Program, arguments: list[str], descriptors: list[int]) -> NoReturn:
        code = WITHOUT_BOUNDS
        try:
            confinement.die_with(server)
            _close_all_but({0, 1, 2, *descriptors, *([] if self._readable is None else [self._readable])})
            confinement.limit()
            answer, *files = descriptors
            views = [view(file) for file in files]
            confinement.confine(self._readable)
            code = 1
            content = program(views, arguments)
            with os.fdopen(answer, "wb", closefd=False) as pipe:
                pipe.write(content)
            code = 0
        finally:
            # Nothing is left to be put in order; the views of the files need not be let go one by one.
            os._exit(code)


def view(descriptor: int) -> memoryview:
    """The file without a copy of it in memory."""
    if os.fstat(descriptor).st_size == 0:
        return memoryview(b"")
    return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))


def _close_all_but(kept: set[int]) -> None:
    edges = [-1, *sorted(kept), os.sysconf("SC_OPEN_MAX")]
    for before, after in itertools.pairwise(edges):
        if after > before + 1:  # an empty range at 0 closes everything
            os.closerange(before + 1, after)


def main(arguments: list[str]) -> None:
    """Import the programs and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal, for those who still finish what they do
    logging.disable(logging.CRITICAL)
    control = socket.socket(fileno=int(arguments[0]))
    programs = {name: importlib.import_module(name).answer for name in arguments[1:]}
    gc.collect()
    gc.freeze()  # so that children share these pages
    Server(control, programs).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
