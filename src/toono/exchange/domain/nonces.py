"""Nonces seen lately. Memory is bounded: it holds what falls into the window, and never more than a fixed number.

This is the fast refusal within one process. The lasting one stands in the database: the record of a forwarded call and its
nonce are committed together, and a second one with the same nonce is refused there, across processes and restarts.
"""

from __future__ import annotations

from collections import OrderedDict


class Nonces:
    """A set in order of arrival."""

    def __init__(self, capacity: int, window_seconds: float) -> None:
        self._capacity, self._window = capacity, window_seconds
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, nonce: bytes, now: float) -> bool:
        """Remember ``nonce``; whether it is new. The oldest goes when the memory is full; the database still knows it."""
        while self._seen:
            oldest, at = next(iter(self._seen.items()))
            if at > now - self._window and len(self._seen) < self._capacity:
                break
            del self._seen[oldest]
        if nonce in self._seen:
            return False
        self._seen[nonce] = now
        return True
