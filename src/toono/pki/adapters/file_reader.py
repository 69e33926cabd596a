"""Have a stranger's file read by a process of its own (:mod:`toono.pki.adapters.reading_process`)."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from pydantic import ValidationError

from toono.pki.contracts import SubIndication
from toono.pki.domain.validation.reading import Reading
from toono.pki.errors import ValidationBusy

AT_ONCE = 2
"""Files read at the same time by one process of the portal; a reading fills a core."""
WAIT_SECONDS = 20
READING_SECONDS = 90
READER = "toono.pki.adapters.reading_process"
ANSWER_BYTES = 64 * 1024 * 1024

log = logging.getLogger("toono.pki")
_places = threading.BoundedSemaphore(AT_ONCE)


def read(content: BinaryIO, signed: BinaryIO | None = None) -> Reading:
    """The reading of an open file of the disk.

    :raises ValidationBusy: too many files are being read.
    """
    answer = run(READER, [file for file in (content, signed) if file is not None])
    try:
        return Reading.model_validate_json(answer)
    except ValidationError:
        log.info("a signed file was not read: the reader ended without an answer")
        return Reading(failure=SubIndication.GENERIC, detail="the file asks for more memory or time than is given to one")


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise ValidationBusy("no place to read a file")
    try:
        yield
    finally:
        _places.release()


def run(module: str, files: list[BinaryIO], *arguments: str) -> bytes:
    """What a module of ours says of open files in a process of its own, after the descriptors and ``arguments``; nothing if it is ended by its limits.

    :raises ValidationBusy: too many files are being read.
    """
    with _place():
        return _run(module, files, arguments)


def _run(module: str, files: list[BinaryIO], arguments: tuple[str, ...]) -> bytes:
    descriptors = [file.fileno() for file in files]
    command = [sys.executable, "-I", "-m", module, *map(str, descriptors), *arguments]
    # Nothing of our environment: it holds secrets.
    environment = {"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", "")}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=descriptors, env=environment
    )
    end = threading.Timer(READING_SECONDS, process.kill)
    end.start()
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        answer = process.stdout.read(ANSWER_BYTES + 1)
        return answer if len(answer) <= ANSWER_BYTES else b""
    finally:
        end.cancel()
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
