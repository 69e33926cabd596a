"""Chance that is the same on every machine: drawn from the hash of what it is about, so that nothing has to be stored."""

from __future__ import annotations

from hashlib import blake2b
from random import Random

SEED = b"toono sandbox 1"


def number(*about: str) -> int:
    """A number of 64 bits that belongs to these words."""
    return int.from_bytes(blake2b("\x1f".join(about).encode(), digest_size=8, key=SEED).digest())


def dice(*about: str) -> Random:
    """Dice that fall the same way for the same words."""
    return Random(number(*about))  # noqa: S311 - invented people, no secret
