"""What a signed file says, in a process of its own that :mod:`toono.pki.adapters.fork_server` makes for it: no database, no secrets, bounds."""

from __future__ import annotations

from cryptography.hazmat.backends.openssl import backend as _loaded_before_the_first_file  # noqa: F401

from toono.pki.domain.validation import formats


def answer(files: list[memoryview], _arguments: list[str]) -> bytes:
    """The reading as JSON of the first file; the second, if there is one, is what a detached signature was made over."""
    return formats.read(*files).model_dump_json().encode()
