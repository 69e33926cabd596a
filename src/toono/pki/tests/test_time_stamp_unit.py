"""The time-stamping unit is remembered for a second, and not a moment where it may not be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from toono.pki.adapters import machine_clock
from toono.pki.domain.clock_trust import ClockReading, ClockWatch, KernelClock
from toono.pki.errors import AuthoritiesMissing, ClockNotTrusted

DIGEST = b"d" * 32


class Register:
    """Counts how often the register is asked for the unit; may have lost it."""

    def __init__(self, real: Any) -> None:
        self.real, self.asked, self.gone = real, 0, False

    def __call__(self, profile: Any) -> Any:
        self.asked += 1
        if self.gone:
            raise AuthoritiesMissing("revoked")
        return self.real(profile)


@pytest.fixture
def stamping(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from toono.pki.operations import time_stamp

    monkeypatch.setattr(time_stamp, "_remembered", None)
    yield time_stamp
    time_stamp._remembered = None


@pytest.fixture
def register(stamping: Any, monkeypatch: pytest.MonkeyPatch) -> Register:
    from toono.pki import queries

    counting = Register(queries.authority)
    monkeypatch.setattr(queries, "authority", counting)
    return counting


@pytest.fixture
def later(stamping: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass for what is remembered."""
    passed = [0.0]

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return time.monotonic() + passed[0]

    monkeypatch.setattr(stamping, "time", Clock)

    def more(seconds: float) -> None:
        passed[0] += seconds

    return more


def test_many_stamps_ask_the_register_once_a_second(stamping: Any, register: Register, later: Callable[[float], None]) -> None:
    for _ in range(5):
        stamping.time_stamp(digest=DIGEST)
    assert register.asked == 1
    later(stamping.REMEMBERED_SECONDS)
    stamping.time_stamp(digest=DIGEST)
    assert register.asked == 2


def test_a_revoked_unit_stamps_no_longer_than_that(stamping: Any, register: Register, later: Callable[[float], None]) -> None:
    stamping.time_stamp(digest=DIGEST)
    register.gone = True
    later(stamping.REMEMBERED_SECONDS)
    for _ in range(2):
        with pytest.raises(AuthoritiesMissing):
            stamping.time_stamp(digest=DIGEST)
    register.gone = False
    stamping.time_stamp(digest=DIGEST)


def test_a_unit_past_its_time_is_not_remembered(stamping: Any, register: Register) -> None:
    from toono.kernel.clock import at

    end = stamping.unit().certificate.not_valid_after_utc
    register.gone = True
    with at(end + timedelta(seconds=1)), pytest.raises(AuthoritiesMissing):
        stamping.unit()
    assert stamping.unit().certificate.not_valid_after_utc == end


def test_a_clock_that_is_not_trusted_stamps_nothing_though_the_unit_is_remembered(
    stamping: Any, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamping.time_stamp(digest=DIGEST)
    monkeypatch.setattr(stamping, "_watch", ClockWatch())
    unsynchronised = KernelClock(synchronised=False, most_error_seconds=16)
    monkeypatch.setattr(machine_clock, "read", lambda **_: ClockReading(wall=1.0, steady=1.0, kernel=unsynchronised))
    for stamp in (stamping.unit, stamping.unit_and_key, lambda: stamping.time_stamp(digest=DIGEST)):
        with pytest.raises(ClockNotTrusted):
            stamp()
