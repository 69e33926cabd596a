"""Keys that clients publish at their ``jwks_uri``: read from the registered address only, within bounds, never from our own network.

How an address of a client is asked: :mod:`.client_addresses`. What was read serves for a while; a signature by an unknown key has it read anew, once a minute at most.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field

from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.registration import usable_keys
from toono.identity.domain.oidc.storage import Keys
from toono.identity.operations.client_addresses import reach
from toono.kernel.jose import json_object
from toono.kernel.public_network import Bounds, Question, Unreachable, fetch

SECONDS = 3.0
"""For the whole reading: somebody waits for a token."""
LONGEST_BYTES = 65536
KEPT_SECONDS = 600.0
ANEW_AFTER_SECONDS = 60.0
"""Between two readings of one address, whatever came of the first."""
MOST_ADDRESSES = 10_000
log = logging.getLogger(__name__)


class Refused(Exception):
    """The address may not be read, or what it answers is no key set."""


@dataclass
class _Kept:
    """What is known of one address; the lock lets one thread read and the others go on with what there is."""

    keys: Keys = ()
    read_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept: dict[str, _Kept] = {}


def keys(uri: str, anew: bool) -> Keys:
    """The usable keys at ``uri``; those known before, or none, while it cannot be read.

    :param anew: the known ones do not fit.
    """
    kept = _kept.setdefault(uri, _Kept())
    if len(_kept) > MOST_ADDRESSES:
        _kept.clear()
    # Who comes while another reads waits for it only if there is nothing to go by.
    if _is_due(kept, anew) and kept.lock.acquire(blocking=not kept.keys, timeout=-1 if kept.keys else SECONDS):
        try:
            _read_once(uri, kept, anew)
        finally:
            kept.lock.release()
    return kept.keys


def _is_due(kept: _Kept, anew: bool) -> bool:
    return time.monotonic() - kept.read_at > (ANEW_AFTER_SECONDS if anew or not kept.keys else KEPT_SECONDS)


def _read_once(uri: str, kept: _Kept, anew: bool) -> None:
    if not _is_due(kept, anew):
        return  # another has just done it
    try:
        kept.keys = read(uri)
    except Refused as error:
        log.info("keys of a client at %s: %s", uri, error)
    kept.read_at = time.monotonic()


def forget() -> None:
    """Read everything anew at the next need."""
    _kept.clear()


def read(uri: str) -> Keys:
    """Read the address now.

    :raises Refused:
    """
    bounds, question = Bounds(LONGEST_BYTES, SECONDS), Question(headers={"Accept": "application/jwk-set+json, application/json"})
    try:
        answer = fetch(uri, bounds=bounds, reach=reach(uri), question=question)
        if answer.status != 200:
            raise Refused(f"status {answer.status}")
        return usable_keys(json_object(answer.content))
    except Unreachable as error:
        raise Refused(str(error)) from None
    except (ValueError, DirectRefusal) as error:
        raise Refused(type(error).__name__) from None
