"""Have strangers' files read by processes of their own, so many at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from pydantic import ValidationError

from toono.pki.adapters.fork_client import ForkServer, ServerGone
from toono.pki.contracts import SubIndication
from toono.pki.domain.validation.reading import Reading
from toono.pki.errors import ValidationBusy

AT_ONCE = 2
"""Files read at the same time by one process of the portal; a reading fills a core."""
WAIT_SECONDS = 20
READING_SECONDS = 90
ANSWER_BYTES = 64 * 1024 * 1024
READER = "toono.pki.adapters.reading_process"
DRAWER = "toono.pki.adapters.picture_process"

log = logging.getLogger("toono.pki")
_places = threading.BoundedSemaphore(AT_ONCE)
_server = ForkServer(READER, DRAWER)


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


def run(program: str, files: list[BinaryIO], *arguments: str) -> bytes:
    """What :data:`READER` or :data:`DRAWER` says of open files, in a process of its own; nothing if that was ended by its limits.

    :raises ValidationBusy: too many files are being read, or the processes are killed again and again.
    """
    with _place():
        for _ in range(2):
            try:
                return _server.answer(program, files, *arguments, seconds=READING_SECONDS, most_bytes=ANSWER_BYTES)
            except ServerGone:
                log.warning("the server of readers ended with a file in hand")
        raise ValidationBusy("the server of readers ended twice")
