"""Fault switches: what the outside world does wrong at the moment. Kept in the process; a restart heals everything."""

from __future__ import annotations

from typing import Any

REGISTER = ("up", "down", "slow", "nonsense", "other_person", "hang")
SMS = ("up", "down", "reject", "busy", "no_receipt", "undelivered", "no_answer", "silent")


class FaultRefused(Exception):
    """The wish is not one of the switches. The message names what is."""


class Faults:
    """The switches, as ``/control/faults`` shows and sets them."""

    def __init__(self) -> None:
        self.heal()

    def heal(self) -> None:
        """Everything works again."""
        self.register = "up"
        self.slow_seconds = 3.0
        self.sms = "up"
        self.only: frozenset[str] = frozenset()

    def set(self, wish: Any) -> None:
        """Turn the switches that ``wish`` names; the others stay. Without ``only`` the faults concern everybody.

        :raises FaultRefused: an unknown switch or position; then nothing is turned.
        """
        if not isinstance(wish, dict):
            raise FaultRefused("the body is not a JSON object")
        unknown = set(wish) - {"register", "slow_seconds", "sms", "only"}
        if unknown:
            raise FaultRefused(f"no such switch: {', '.join(sorted(unknown))}")
        register, sms = wish.get("register", self.register), wish.get("sms", self.sms)
        only = wish.get("only", [])
        if register not in REGISTER:
            raise FaultRefused(f"register is one of {', '.join(REGISTER)}")
        if sms not in SMS:
            raise FaultRefused(f"sms is one of {', '.join(SMS)}")
        try:
            seconds = float(wish.get("slow_seconds", self.slow_seconds))
        except (TypeError, ValueError):
            seconds = -1
        if not 0 <= seconds <= 600:
            raise FaultRefused("slow_seconds is a number from 0 to 600")
        if not isinstance(only, list) or not all(isinstance(o, str) for o in only):
            raise FaultRefused("only is a list of register numbers, civil ids and phones")
        self.register, self.sms, self.slow_seconds, self.only = register, sms, seconds, frozenset(only)

    def shown(self) -> dict[str, Any]:
        """The switches as JSON."""
        return {
            "register": self.register,
            "slow_seconds": self.slow_seconds,
            "sms": self.sms,
            "only": sorted(self.only),
        }

    def register_fault(self, *identifiers: str) -> str:
        """The fault that the register shows to a question about this person; ``up`` if none."""
        return self.register if not self.only or not self.only.isdisjoint(identifiers) else "up"

    def sms_fault(self, phone: str) -> str:
        """The fault that the operator shows for a text to this phone; ``up`` if none. ``down`` concerns everybody."""
        return self.sms if not self.only or phone in self.only else "up"
