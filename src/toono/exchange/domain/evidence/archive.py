"""Archives: many containers in one file, each linked to the one before, each archive to the archive before.

``linkinginfo`` is a text: a line ``previous-digest previous-file SHA-512``, then for each container ``digest file``, where
``digest = SHA-512(hex(digest before) ‖ hex(SHA-512(container)))``, all in hex. The last of these is what the next archive begins with.

Source: X-Road ``LinkingInfoBuilder.java``, ``LogArchiveCache.java``; README of its archive verifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha512
from typing import Final

from toono.exchange import limits
from toono.exchange.domain.evidence import zips
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.zips import Entry

LINKING_INFO: Final = "linkinginfo"
FIRST: Final = bytes(64)
"""Digest before the first archive."""
ALGORITHM: Final = "SHA-512"

_CODE: Final = "invalid_archive"
_NOTHING: Final = "-"
_EPOCH: Final = datetime(1980, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Archive:
    """An archive whose chain holds."""

    previous_digest: bytes
    """Last digest of the archive before; :data:`FIRST` in the first."""
    previous_name: str
    last_digest: bytes
    """With what the next archive begins."""
    containers: dict[str, bytes]
    """By name, in the order of the chain. They are not verified yet."""


def write(containers: Sequence[tuple[str, bytes]], previous_digest: bytes, previous_name: str = "") -> bytes:
    """An archive of containers, each with its file's name; the same bytes for the same containers.

    :param previous_digest: :func:`last_digest` of the archive before (not the digest of its file), or :data:`FIRST`.
    :param previous_name: file's name of the archive before.
    :raises ValueError: no container, two of one name, a name with a space, or a digest of another length.
    """
    names = [name for name, _ in containers]
    if not names or len({name.lower() for name in names}) != len(names) or any(not name or len(name.split()) != 1 for name in names):
        raise ValueError("An archive needs containers with names of their own.")
    if len(previous_digest) != len(FIRST):
        raise ValueError("The digest of the archive before has 64 bytes.")
    digest = _text(previous_digest)
    lines = [f"{digest or _NOTHING} {previous_name or _NOTHING} {ALGORITHM}"]
    for name, content in containers:
        digest = _next(digest, content)
        lines.append(f"{digest} {name}")
    linking_info = "".join(f"{line}\n" for line in lines).encode()
    # Containers are packed already; the moments stand in them.
    entries = [Entry(name, content, packed=False) for name, content in [*containers, (LINKING_INFO, linking_info)]]
    return zips.write(entries, at=_EPOCH)


def last_digest(archive: bytes) -> bytes:
    """With what the archive after this one begins; 64 bytes.

    :raises Refused: ``invalid_archive``
    """
    return verify(archive).last_digest


def is_archive(content: bytes) -> bool:
    """Whether this is an archive rather than a container; says nothing of whether it holds."""
    return LINKING_INFO in zips.names(content)


def verify(content: bytes, previous_digest: bytes | None = None) -> Archive:
    """The archive, if its chain holds and follows ``previous_digest`` (None: whatever it says itself).

    :raises Refused: ``invalid_archive``
    """
    entries = zips.read(content, most_bytes=limits.EVIDENCE_ARCHIVE_BYTES, most_entries=limits.EVIDENCE_ARCHIVE_ENTRIES, code=_CODE)
    previous, previous_name, lines = _linking_info(entries.pop(LINKING_INFO, b""))
    if previous_digest is not None and previous != previous_digest:
        raise Refused(_CODE, "The archive does not follow the archive before it.")
    if not lines or sorted(name for name, _ in lines) != sorted(entries):
        raise Refused(_CODE, "The archive does not hold the files that its linking info names.")
    digest = _text(previous)
    for name, linked in lines:
        digest = _next(digest, entries[name])
        if digest != linked:
            raise Refused(_CODE, f"{name} is not the file that was archived.")
    return Archive(previous, previous_name, bytes.fromhex(digest), {name: entries[name] for name, _ in lines})


def _linking_info(content: bytes) -> tuple[bytes, str, list[tuple[str, str]]]:
    try:
        first, *rest = content.decode().splitlines()
        digest, name, algorithm = first.split()
        pairs = [line.split() for line in rest]
        lines = [(file, linked) for linked, file in pairs]
        previous = FIRST if digest == _NOTHING else bytes.fromhex(digest)
    except ValueError:
        raise Refused(_CODE, "The archive's linking info is missing or cannot be read.") from None
    if algorithm != ALGORITHM or len(previous) != len(FIRST):
        raise Refused(_CODE, f"The archive's linking info is not made with {ALGORITHM}.")
    return previous, "" if name == _NOTHING else name, lines


def _text(digest: bytes) -> str:
    """As it stands in the chain: nothing before the first."""
    return "" if digest == FIRST else digest.hex()


def _next(digest: str, content: bytes) -> str:
    return sha512((digest + sha512(content).hexdigest()).encode()).hexdigest()
