"""Who does what at the desk of an organisation: functions, leave, substitutes, and to whom a case goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

HEAD = "head"
"""The function of who keeps the desk itself: members, functions, leave, rules, and cases that somebody else has."""


@dataclass(frozen=True)
class Member:
    """An officer at the desk."""

    person_id: UUID
    functions: frozenset[str]
    away_from: date | None = None
    away_until: date | None = None
    """The last day of the leave."""
    substitute_id: UUID | None = None

    def away(self, day: date) -> bool:
        """Whether they are on leave on ``day``."""
        return self.away_from is not None and self.away_from <= day and (self.away_until is None or day <= self.away_until)


@dataclass(frozen=True)
class Rule:
    """To whom a new case goes; what is empty fits everything."""

    service: str
    aimag_code: str
    function: str
    person_id: UUID | None

    def fits(self, *, service: str, aimag_code: str | None, function: str) -> bool:
        """Whether it says anything of such a case."""
        return self.service in {"", service} and self.aimag_code in {"", aimag_code} and (not function or self.function in {"", function})


@dataclass(frozen=True)
class Desk:
    """The desk of one organisation on one day."""

    members: tuple[Member, ...]
    day: date

    def stands_in_for(self, person_id: UUID) -> frozenset[UUID]:
        """Whose substitute the person is today."""
        return frozenset(m.person_id for m in self.members if m.substitute_id == person_id and m.away(self.day))

    def away(self, person_id: UUID) -> bool:
        """Whether the person is on leave today."""
        return any(m.away(self.day) for m in self.members if m.person_id == person_id)

    def functions(self, person_id: UUID) -> frozenset[str]:
        """The person's own functions, and of those for whom they stand in."""
        who = self.stands_in_for(person_id) | {person_id}
        return frozenset(f for m in self.members if m.person_id in who for f in m.functions)

    def holds(self, person_id: UUID, function: str) -> bool:
        """Whether the person has the function. Where nobody has it, every officer does: a small office is never locked out of its work."""
        return not function or function in self.functions(person_id) or not any(function in m.functions for m in self.members)

    def shares(self, person_id: UUID, assigned_to: UUID | None) -> bool:
        """Whether a case of ``assigned_to`` is the person's to work on: their own, nobody's, or of whom they stand in for (anybody,
        where who is away named nobody, or has left the organisation)."""
        if assigned_to is None or assigned_to == person_id or assigned_to in self.stands_in_for(person_id):
            return True
        member = next((m for m in self.members if m.person_id == assigned_to), None)
        return member is None or (member.away(self.day) and member.substitute_id is None)

    def present(self, function: str) -> list[UUID]:
        """Who has the function and is not on leave; everybody present where nobody has it."""
        return [m.person_id for m in self.members if not m.away(self.day) and self.holds(m.person_id, function)]

    def heir(self, person_id: UUID) -> UUID | None:
        """Who works on what is given to the person today: they, or their substitute; None where neither is there."""
        member = next((m for m in self.members if m.person_id == person_id), None)
        if member is None or not member.away(self.day):
            return person_id
        return member.substitute_id if member.substitute_id and not self.away(member.substitute_id) else None


def assignee(
    desk: Desk, rules: Iterable[Rule], load: Mapping[UUID, int], *, service: str, aimag_code: str | None, function: str
) -> UUID | None:
    """To whom a case goes: by the first rule that fits and finds somebody present; None: whoever takes it.

    :param load: open cases by officer; the least loaded of several is chosen, of equals the one whose id is lower.
    """
    for rule in rules:
        if not rule.fits(service=service, aimag_code=aimag_code, function=function):
            continue
        if rule.person_id is not None:
            found = desk.heir(rule.person_id)
            if found is not None and desk.holds(found, function):
                return found
            continue
        able = [p for p in desk.present(rule.function or function) if desk.holds(p, function)]
        if able:
            return min(able, key=lambda person: (load.get(person, 0), person))
    return None
