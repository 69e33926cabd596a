"""How much is written down while somebody is refused again and again: each refusal while there are few, sums when there are many."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

WRITES_PER_SECOND = 20
"""Of one process. Beyond, refusals are summed in memory and written with the next one that is let through."""
MOST_KEYS = 2000
"""So many different ones are summed at most; what comes beyond that is not counted."""


class Meter(Generic[Key]):
    """Thread-safe. What it holds back is lost if the process dies: counts of a flood, no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._second = 0
        self._written = 0
        self._held: dict[Key, int] = {}

    def pass_on(self, key: Key, *, second: int) -> list[tuple[Key, int]]:
        """What to write now, with how often it happened; empty: nothing, it is held back.

        :param second: the present moment in whole seconds.
        """
        with self._lock:
            if second != self._second:
                self._second, self._written = second, 0
            if self._written >= WRITES_PER_SECOND:
                if key in self._held or len(self._held) < MOST_KEYS:
                    self._held[key] = self._held.get(key, 0) + 1
                return []
            self._written += 1
            due = [(key, 1 + self._held.pop(key, 0))]
            for other in list(self._held)[: WRITES_PER_SECOND - self._written]:
                due.append((other, self._held.pop(other)))
                self._written += 1
            return due
