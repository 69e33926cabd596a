"""Give time-stamps: to whoever asks over HTTP, and to our own seals."""

from __future__ import annotations

import hashlib
import logging

from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.kernel.settings import settings
from toono.pki import queries
from toono.pki.adapters import machine_clock
from toono.pki.adapters.signer import sharing_client
from toono.pki.contracts import Profile
from toono.pki.domain import timestamps
from toono.pki.domain.clock_trust import ClockWatch
from toono.pki.errors import AuthoritiesMissing, ClockNotTrusted, DigestNotSupported, SignerUnavailable

log = logging.getLogger(__name__)
_watch = ClockWatch()


def answer_time_stamp(*, request: bytes) -> bytes:
    """The DER answer to a TimeStampReq: a token, or a refusal that says why."""
    try:
        return timestamps.granted(stamp(timestamps.parse(request)))
    except timestamps.Refused as refused:
        return timestamps.refusal(refused)
    except ClockNotTrusted as fault:
        log.error("no time-stamps: %s", fault)
        return timestamps.refusal(timestamps.Refused("time_not_available", "The clock is not trusted at the moment; ask again later."))
    except (SignerUnavailable, AuthoritiesMissing):
        return timestamps.refusal(timestamps.Refused("system_failure", "The time-stamping unit is not available; ask again later."))


def time_stamp(*, digest: bytes) -> bytes:
    """A token over ``digest``; DER of the CMS structure."""
    algorithm = next((name for name, length in timestamps.DIGEST_BYTES.items() if length == len(digest)), None)
    if algorithm is None:
        raise DigestNotSupported(f"{len(digest)} bytes")
    return stamp(timestamps.StampRequest(algorithm, digest))


def stamp(request: timestamps.StampRequest) -> bytes:
    """A token for a request that was found good. Its serial number is a UUIDv7: unique without asking anybody."""
    return timestamps.token(request, unit=unit(), serial=uuid7().int, at=now())


def check_clock() -> None:
    """:raises ClockNotTrusted: no time-stamp may be given now."""
    _watch.check(machine_clock.read(ask_kernel=settings().asks_kernel_clock))


def unit() -> timestamps.Unit:
    """The time-stamping unit in force. Whoever asks is about to stamp, so the clock is checked here.

    :raises ClockNotTrusted:
    :raises AuthoritiesMissing:
    """
    check_clock()
    row = queries.authority(Profile.TIMESTAMP)
    chain = [queries.parsed(text) for text in queries.chain(row)[:-1]]  # without the root: who checks has it already
    return timestamps.Unit(
        queries.parsed(row.pem), chain, lambda data: sharing_client().sign(key=row.key, digests=[hashlib.sha256(data).digest()])[0]
    )
