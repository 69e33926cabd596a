"""Whether the machine's clock may be trusted for time-stamps (RFC 3161 §2.4.2 ``timeNotAvailable``; ETSI EN 319 421 §7.7.2). Pure.

A wrong time-stamp cannot be taken back, a missing one is asked for again: in doubt there is none.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from toono.pki.errors import ClockNotTrusted

MOST_ERROR_SECONDS = 0.5
"""By the kernel's own count, which grows while no time comes from outside; half of the accuracy that a stamp tells."""
STEP_SECONDS = 0.5
CALM_SECONDS = 60.0
"""How long a clock that jumped must have run steadily before it is believed again."""


@dataclass(frozen=True)
class KernelClock:
    """What the kernel says of its clock (adjtimex)."""

    synchronised: bool
    most_error_seconds: float


@dataclass(frozen=True)
class ClockReading:
    """The clock of the day and the one that only counts, read together; seconds."""

    wall: float
    steady: float
    """Since the machine's start, sleep included; nobody can set it."""
    kernel: KernelClock | None = None
    """None where the setting does not ask the kernel."""


class ClockWatch:
    """Compares the clocks of a process at every stamp. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset: float | None = None
        self._believed_from = float("-inf")

    def check(self, reading: ClockReading) -> None:
        """:raises ClockNotTrusted: it is not synchronised, too uncertain, or has jumped a moment ago."""
        with self._lock:  # for a comparison of numbers: two readings must not overtake each other between look and note
            self._note_jump(reading)
            if reading.steady < self._believed_from:
                raise ClockNotTrusted("the clock was set, and has not run steadily for long enough since")
        kernel = reading.kernel
        if kernel is None:
            return
        if not kernel.synchronised:
            raise ClockNotTrusted("the kernel says that the clock is not synchronised")
        if kernel.most_error_seconds > MOST_ERROR_SECONDS:
            raise ClockNotTrusted(f"the clock may be wrong by {kernel.most_error_seconds:.3f} s")

    def _note_jump(self, reading: ClockReading) -> None:
        """The distance of the two clocks stays what it was at the first stamp, unless somebody sets the clock of the day.

        It is compared with the first distance and not with the last, so that many small steps are noticed too.
        """
        offset = reading.wall - reading.steady
        if self._offset is None:
            self._offset = offset
        elif abs(offset - self._offset) > STEP_SECONDS:
            self._offset = offset
            self._believed_from = reading.steady + CALM_SECONDS
