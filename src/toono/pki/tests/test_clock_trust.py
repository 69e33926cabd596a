"""No time-stamp is given by a clock that cannot be trusted."""

from __future__ import annotations

import time
from typing import Any

import pytest

from toono.pki.adapters import machine_clock
from toono.pki.domain.clock_trust import CALM_SECONDS, MOST_ERROR_SECONDS, STEP_SECONDS, ClockReading, ClockWatch, KernelClock
from toono.pki.errors import ClockNotTrusted

GOOD = KernelClock(synchronised=True, most_error_seconds=0.02)


def _reading(after: float, *, shift: float = 0.0, kernel: KernelClock | None = GOOD) -> ClockReading:
    return ClockReading(wall=1_800_000_000 + after + shift, steady=500 + after, kernel=kernel)


def test_a_clock_that_runs_steadily_is_trusted() -> None:
    watch = ClockWatch()
    for after in (0, 0.001, 3600, 86_400, 8_640_000):
        watch.check(_reading(after))


@pytest.mark.parametrize(
    "kernel", [KernelClock(synchronised=False, most_error_seconds=0.01), KernelClock(synchronised=True, most_error_seconds=0.51)]
)
def test_a_clock_for_which_the_kernel_does_not_vouch_is_refused(kernel: KernelClock) -> None:
    watch = ClockWatch()
    with pytest.raises(ClockNotTrusted):
        watch.check(_reading(0, kernel=kernel))
    watch.check(_reading(1, kernel=KernelClock(synchronised=True, most_error_seconds=MOST_ERROR_SECONDS)))


@pytest.mark.parametrize("shift", [-3600.0, -0.6, 0.6, 86_400.0])
def test_a_jump_is_refused_until_the_clock_has_been_calm(shift: float) -> None:
    watch = ClockWatch()
    watch.check(_reading(0, kernel=None))
    for after in (1.0, 1.5, 1 + CALM_SECONDS - 0.1):
        with pytest.raises(ClockNotTrusted):
            watch.check(_reading(after, shift=shift, kernel=None))
    watch.check(_reading(1 + CALM_SECONDS, shift=shift, kernel=None))
    with pytest.raises(ClockNotTrusted):  # setting it right again is a jump too
        watch.check(_reading(2 + CALM_SECONDS, kernel=None))


def test_many_small_steps_are_one_jump() -> None:
    watch = ClockWatch()
    step = STEP_SECONDS * 0.4
    watch.check(_reading(0))
    watch.check(_reading(1, shift=step))
    watch.check(_reading(2, shift=2 * step))
    with pytest.raises(ClockNotTrusted):
        watch.check(_reading(3, shift=3 * step))


def test_the_machine_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    first = machine_clock.read(ask_kernel=False)
    assert first.kernel is None
    assert abs(first.wall - time.time()) < 5
    second = machine_clock.read(ask_kernel=True)
    assert second.steady >= first.steady
    assert second.kernel is not None
    assert second.kernel.most_error_seconds >= 0

    def refuses(_: Any) -> int:
        return -1

    monkeypatch.setattr(machine_clock, "_libc", type("Libc", (), {"adjtimex": staticmethod(refuses)}))
    assert machine_clock.read(ask_kernel=True).kernel == KernelClock(synchronised=False, most_error_seconds=float("inf"))


def test_a_stamp_is_refused_by_the_protocol_and_at_the_door(stack: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from asn1crypto import tsp

    from toono.pki import api
    from toono.pki.domain import timestamps
    from toono.pki.operations import time_stamp

    asked = tsp.TimeStampReq(
        {"version": 1, "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"d" * 32}, "cert_req": True}
    ).dump()
    assert tsp.TimeStampResp.load(api.answer_time_stamp(request=asked))["status"]["status"].native == "granted"
    monkeypatch.setattr(time_stamp, "_watch", ClockWatch())
    unsynchronised = KernelClock(synchronised=False, most_error_seconds=16)
    monkeypatch.setattr(machine_clock, "read", lambda **_: ClockReading(wall=1.0, steady=1.0, kernel=unsynchronised))
    answer = timestamps.Refusal.load(api.answer_time_stamp(request=asked))
    assert answer["status"]["status"].native == "rejection"
    assert answer["status"]["fail_info"].native == {"time_not_available"}
    with pytest.raises(ClockNotTrusted):
        api.time_stamp(digest=b"d" * 32)
