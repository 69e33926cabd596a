"""The hourly root: one digest over all time-stamps of an hour, bound to the hour before, and proofs that lead up to it.

``root = SHA-512(previous root ‖ tree)``, where ``tree`` is the top of the hash chain's tree (``evidence/hashchain.py``) over what the hour's tokens are over
(SHA-512 of ``ts-hashchainresult.xml``), in the order of their ids; 64 zero bytes in an hour without time-stamps. So each root holds all before it, and whoever has kept one
can tell whether anything older was changed, left out or added.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from typing import Final

from toono.exchange.domain.evidence import hashchain

TYPE: Final = "toono-exchange-root"
"""``typ`` of the signed form (compact JWS, ES256)."""
NOTHING: Final = bytes(hashchain.DIGEST_BYTES)
"""Stands for the tree of an empty hour and for the root before the first."""
HOUR: Final = timedelta(hours=1)


def hour_of(moment: datetime) -> datetime:
    """Begin of the hour in which ``moment`` lies."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def tree(leaves: Sequence[bytes]) -> bytes:
    """Top of the tree over an hour's time-stamps."""
    return hashchain.root(leaves) if leaves else NOTHING


def root(leaves: Sequence[bytes], previous: bytes) -> bytes:
    """The hour's root, 64 bytes."""
    return sha512(previous + tree(leaves)).digest()


def name(hour: datetime) -> str:
    """How an hour is called in addresses and file names: ``2026-11-22T07Z``."""
    return f"{hour.astimezone(UTC):%Y-%m-%dT%HZ}"


def parse_name(text: str) -> datetime | None:
    """The hour that is called so; None for any other text."""
    try:
        hour = datetime.strptime(text, "%Y-%m-%dT%HZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return hour if name(hour) == text else None


def payload(*, instance: str, hour: datetime, leaves: Sequence[bytes], previous: bytes) -> dict[str, object]:
    """What is signed."""
    return {
        "instance": instance,
        "hour": f"{hour.astimezone(UTC):%Y-%m-%dT%H:00:00Z}",
        "algorithm": "SHA-512",
        "stamps": len(leaves),
        "tree": b64encode(tree(leaves)).decode(),
        "previous": b64encode(previous).decode(),
        "root": b64encode(root(leaves, previous)).decode(),
    }


def due(last: datetime | None, first_stamp: datetime | None, moment: datetime) -> Iterator[datetime]:
    """Hours that are over and not yet published, oldest first, without a hole.

    :param last: the newest hour that was published.
    :param first_stamp: moment of the oldest time-stamp; with neither there is nothing to begin with.
    """
    hour = last + HOUR if last is not None else hour_of(first_stamp) if first_stamp is not None else None
    while hour is not None and hour + HOUR <= moment:
        yield hour
        hour += HOUR


# -- proofs --------------------------------------------------------------------------------------------------------


def path(leaves: Sequence[bytes], index: int) -> list[dict[str, str]]:
    """Neighbours of the leaf at ``index``, from the leaf up: each with the side on which it stands, as JSON."""
    return [
        {"side": "left" if neighbour.left else "right", "digest": b64encode(neighbour.value).decode()}
        for neighbour in hashchain.path(leaves, index)
    ]


def follow(value: bytes, steps: Sequence[dict[str, str]]) -> bytes:
    """Where the way up leads from ``value``: the other half of :func:`path`.

    :raises ValueError: a step is none.
    """
    return hashchain.climb(value, [_neighbour(step) for step in steps])


def _neighbour(step: dict[str, str]) -> hashchain.Neighbour:
    side, digest = step.get("side"), b64decode(step.get("digest", ""), validate=True)
    if side not in {"left", "right"} or len(digest) != hashchain.DIGEST_BYTES:
        raise ValueError("A step of the way stands left or right and has a digest of 64 bytes.")
    return hashchain.Neighbour(digest, side == "left")
