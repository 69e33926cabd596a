"""The reader of signed files as a program for the fork server, which tells its memory too."""

from __future__ import annotations

import json
import resource

from toono.pki.adapters import reading_process


def answer(files: list[memoryview], arguments: list[str]) -> bytes:
    """The reading, and the most memory that the process took, in megabytes; the file itself, mapped, counts."""
    reading = reading_process.answer(files, arguments).decode()
    return json.dumps([reading, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]).encode()
