"""The process in which a stranger's file is read: no database, no secrets, and so much memory and time and no more.

``python -m toono.pki.adapters.reading_process <descriptor> [<descriptor>]``: the file, and what a detached signature was made over. The reading
leaves by standard output as JSON. Ended by its limits it says nothing, which is an answer too.
"""

from __future__ import annotations

import logging
import mmap
import os
import resource
import sys

MEMORY_BYTES = 1536 * 1024 * 1024
PROCESSOR_SECONDS = 60


def main(arguments: list[str]) -> None:
    """Read the files behind the descriptors."""
    limit()
    logging.disable(logging.CRITICAL)
    from toono.pki.domain.validation import formats

    content = view(int(arguments[0]))
    signed = view(int(arguments[1])) if len(arguments) > 1 else None
    sys.stdout.write(formats.read(content, signed).model_dump_json())
    sys.stdout.flush()
    # Nothing is left to be put in order; the views of the files need not be let go one by one.
    os._exit(0)


def limit() -> None:
    """Bound memory, processor time, files written (none) and core dumps (none)."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (most, most))


def view(descriptor: int) -> memoryview:
    """The file without a copy of it in memory."""
    if os.fstat(descriptor).st_size == 0:
        return memoryview(b"")
    return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))


if __name__ == "__main__":
    main(sys.argv[1:])
