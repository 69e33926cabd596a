"""The machine's clocks: of the day, since the start, and what the kernel thinks of them (adjtimex(2))."""

from __future__ import annotations

import ctypes
import time

from toono.pki.domain.clock_trust import ClockReading, KernelClock

_UNSYNCHRONISED = 0x0040  # STA_UNSYNC
_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """``struct timex`` as far as it is read here, and room for the rest."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    ]


_libc = ctypes.CDLL(None, use_errno=True)


def read(*, ask_kernel: bool) -> ClockReading:
    """Both clocks at this moment, read one after the other within microseconds. Not the kernel's (``toono.kernel.clock``), which tests
    set: it is the machine that is judged here."""
    kernel = _kernel() if ask_kernel else None
    return ClockReading(wall=time.clock_gettime(time.CLOCK_REALTIME), steady=time.clock_gettime(time.CLOCK_BOOTTIME), kernel=kernel)


def _kernel() -> KernelClock:
    """A kernel that does not answer is one that cannot vouch for its clock."""
    asked = _Timex()  # modes 0: only read
    state: int = _libc.adjtimex(ctypes.byref(asked))
    if state < 0:
        return KernelClock(synchronised=False, most_error_seconds=float("inf"))
    synchronised = state != _TIME_ERROR and not asked.status & _UNSYNCHRONISED
    return KernelClock(synchronised=synchronised, most_error_seconds=asked.maxerror / 1e6)
