"""Fault switches: what the outside world does wrong at the moment. Kept in the process; a restart heals everything."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

REGISTER = ("up", "down", "slow", "nonsense", "other_person", "hang")
SMS = ("up", "down", "reject", "busy", "no_receipt", "undelivered", "no_answer", "silent")


class FaultRefused(Exception):
    """The wish is not one of the switches. The message names what is."""


class Faults:
    """The switches, as ``/control/faults`` shows and sets them.

    :param registers: codes of the registers besides the population register, which has the switch ``register``.
    """

    def __init__(self, registers: Collection[str] = ()) -> None:
        self._known = frozenset(registers)
        self.heal()

    def heal(self) -> None:
        """Everything works again."""
        self.register = "up"
        self.registers: dict[str, str] = {}
        self.slow_seconds = 3.0
        self.sms = "up"
        self.only: frozenset[str] = frozenset()

    def set(self, wish: Any) -> None:
        """Turn the switches that ``wish`` names; the others stay. Without ``only`` the faults concern everybody.

        ``registers`` names registers with their positions; those that it does not name are up again.

        :raises FaultRefused: an unknown switch or position; then nothing is turned.
        """
        if not isinstance(wish, dict):
            raise FaultRefused("the body is not a JSON object")
        unknown = set(wish) - {"register", "registers", "slow_seconds", "sms", "only"}
        if unknown:
            raise FaultRefused(f"no such switch: {', '.join(sorted(unknown))}")
        register, sms = wish.get("register", self.register), wish.get("sms", self.sms)
        only = wish.get("only", [])
        if register not in REGISTER:
            raise FaultRefused(f"register is one of {', '.join(REGISTER)}")
        registers = wish.get("registers", self.registers)
        self._check_registers(registers)
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
        self.registers = {code: position for code, position in registers.items() if position != "up"}

    def _check_registers(self, wish: Any) -> None:
        if not isinstance(wish, dict) or not all(position in REGISTER for position in wish.values()):
            raise FaultRefused(f"registers is an object: code of a register to one of {', '.join(REGISTER)}")
        if unknown := set(wish) - self._known:
            raise FaultRefused(f"no such register: {', '.join(sorted(unknown))}; there are {', '.join(sorted(self._known))}")

    def shown(self) -> dict[str, Any]:
        """The switches as JSON."""
        return {
            "register": self.register,
            "registers": self.registers,
            "slow_seconds": self.slow_seconds,
            "sms": self.sms,
            "only": sorted(self.only),
        }

    def register_fault(self, *identifiers: str) -> str:
        """The fault that the population register shows to a question about this person; ``up`` if none."""
        return self.register if self._concerns(identifiers) else "up"

    def fault_of(self, register: str, *identifiers: str) -> str:
        """The same of another register, by its code."""
        return self.registers.get(register, "up") if self._concerns(identifiers) else "up"

    def _concerns(self, identifiers: Collection[str]) -> bool:
        return not self.only or not self.only.isdisjoint(identifiers)

    def sms_fault(self, phone: str) -> str:
        """The fault that the operator shows for a text to this phone; ``up`` if none. ``down`` concerns everybody."""
        return self.sms if not self.only or phone in self.only else "up"
