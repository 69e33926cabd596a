"""A program for the fork server on a system that refuses the bounds of a process."""

from __future__ import annotations

from toono.pki.adapters import confinement


def _refused(_files: int | None) -> None:
    raise PermissionError


confinement.confine = _refused


def answer(_files: list[memoryview], _arguments: list[str]) -> bytes:
    """What must not be reached."""
    return b"read without bounds"
