"""Give time-stamps: to whoever asks over HTTP, and to our own seals."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from datetime import datetime

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

REMEMBERED_SECONDS = 1.0
"""How long a process stamps with a unit before it asks the register again: as long as a revocation may take to be seen anywhere."""

log = logging.getLogger(__name__)
_watch = ClockWatch()


@dataclass(frozen=True)
class _Remembered:
    """The unit as the register had it."""

    unit: timestamps.Unit
    key: str
    read: float
    """Monotonic moment before the register was read."""

    def serves(self, at: datetime) -> bool:
        certificate = self.unit.certificate
        fresh = time.monotonic() - self.read < REMEMBERED_SECONDS
        return fresh and certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc


_remembered: _Remembered | None = None


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
    return _in_force().unit


def unit_and_key() -> tuple[timestamps.Unit, str]:
    """The same, with the label of its key, for whoever has many stamps signed in one request. Raises as :func:`unit`."""
    check_clock()
    found = _in_force()
    return found.unit, found.key


def _in_force() -> _Remembered:
    """The unit, read from the register at most a second ago. Threads that ask at once may each read it; the last one's is kept."""
    global _remembered
    found, at = _remembered, now()
    if found is None or not found.serves(at):
        _remembered = found = _read()
    return found


def _read() -> _Remembered:
    read = time.monotonic()
    row = queries.authority(Profile.TIMESTAMP)
    chain = tuple(queries.parsed(text) for text in queries.chain(row)[:-1])  # without the root: who checks has it already

    def sign(data: bytes) -> bytes:
        return sharing_client().sign(key=row.key, digests=[hashlib.sha256(data).digest()])[0]

    return _Remembered(timestamps.Unit(queries.parsed(row.pem), chain, sign), row.key, read)
