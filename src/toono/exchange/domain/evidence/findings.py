"""How the checks of evidence say what they found: a code that stays the same, and a sentence for experts."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that is wrong or open."""

    code: str
    """X-Road's error code where it has one (7.8 dialect, nested by dots)."""
    detail: str


class Refused(Exception):
    """The evidence does not hold."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.finding = Finding(code, detail)

    def under(self, code: str) -> Refused:
        """The same as part of a larger failure: ``malformed_signature.invalid_hash_chain_ref``."""
        return Refused(f"{code}.{self.finding.code}", self.finding.detail)
